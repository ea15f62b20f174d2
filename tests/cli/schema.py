"""schema.py - is standard input what contrib/doc/json.json says of a command?

    schema.py SCHEMAS list          the commands that it has
    schema.py SCHEMAS COMMAND       the JSON on standard input

The part of JSON Schema that we use, and stricter: a member that is not in the
schema is an error, since users would not know of it.
"""
import json
import sys

with open(sys.argv[1]) as f:
    schemas = json.load(f)
TYPES = {"object": dict, "array": list, "string": str, "integer": int,
         "boolean": bool}
KNOWN = {"type", "properties", "required", "items", "enum", "$ref", "anyOf"}


def check(v, s, at):
    odd = set(s) - KNOWN
    assert not odd, "a schema has %s" % odd
    if "$ref" in s:
        return check(v, schemas["$defs"][s["$ref"].split("/")[-1]], at)
    if "anyOf" in s:
        why = []
        for one in s["anyOf"]:
            try:
                return check(v, one, at)
            except AssertionError as e:
                why.append(str(e))
        raise AssertionError(why)
    if "enum" in s:
        assert v in s["enum"], "%s: %r" % (at, v)
        return
    kind = TYPES[s["type"]]
    assert isinstance(v, kind) and (kind is bool or
                                    not isinstance(v, bool)), \
        "%s: %r is no %s" % (at, v, s["type"])
    if kind is dict:
        for name in s["required"]:
            assert name in v, "%s: no member %s" % (at, name)
        for name, value in v.items():
            assert name in s["properties"], "%s: member %s" % (at, name)
            check(value, s["properties"][name], at + "." + name)
    elif kind is list:
        for i, value in enumerate(v):
            check(value, s["items"], "%s[%d]" % (at, i))


if sys.argv[2] == "list":
    print("\n".join(sorted(schemas["properties"])))
else:
    check(json.load(sys.stdin), schemas["properties"][sys.argv[2]],
          sys.argv[2])
