"""given.py - vaults that somebody else has made, healthy and broken ones.

Each is copied and repaired by us; then Cryptomator must read all that its
manifest lists, byte for byte.  What it cannot is listed here, with why.
"""
import collections
import json
import os
import shutil
import tarfile

import model
import names

BROKEN = "edge-sivgcm"
# Its paths; longer ones are cut after KEY characters.
KEY = 40
AMBIGUOUS = "is of two types"
NO_NAME = "not the name of a file: Cryptomator takes it for another path"
UNREACHED = {
    "/dirs/id-trailing-newline": "the id that Cryptomator reads is another",
    "/dirs/dir-and-symlink": AMBIGUOUS,
    "/names/" + "M" * 33: AMBIGUOUS,
    "/names/": NO_NAME, "/names//": NO_NAME, "/names/a/b": NO_NAME,
    "/names/trailing/": NO_NAME,
    "/symlinks/32768": "longer than a link can be",
    "/symlinks/40000": "longer than a link can be",
}
HIDDEN = "hidden by vaultnfs: no client could name it"
SIZE = "cryptofs reads no chunk that has not a byte of data"
DISAGREE = {
    "/": "the file whose name is a slash; cryptofs walks in circles",
    "/names": "the file whose name is empty; cryptofs walks in circles",
    "/names/.": HIDDEN, "/names/..": HIDDEN, "/names/a/b": HIDDEN,
    "/names/trailing": HIDDEN, "/names/nul\0inside": HIDDEN,
    "/names/" + "C" * 33: HIDDEN, "/names/" + "D" * 33: HIDDEN,
    "/names/\ufffd\ufffd not utf8": "Cryptomator encrypts another name",
    "/dirs/id-of-parent": "a cycle, which vaultnfs hides",
    "/dirs/same-id-a": "a second link to a directory, which vaultnfs hides",
    "/content/full-plus-remainder-overhead-garbage": SIZE,
}
# What cryptofs 2.6.9 calls them when it looks, or has called them.
RENAMED = {"/conflicts/" + n for n in (
    "noext (1)", "noext_conflict-20240101", "report (1).txt", "report (2).txt",
    "report (Created by Alice).txt")}
# Directories whose ids are longer than 36 bytes: read, yet not in its list.
LONG_IDS = collections.Counter(OrphanContentDir=2)


def key(path):
    return path[:KEY]


class Given:
    """A copy of a vault."""

    def __init__(self, path, password, work):
        self.vault = os.path.join(work, "vault")
        self.password = password
        shutil.copytree(path, self.vault, symlinks=True)


def compare(path, password, ours, theirs, work):
    """How the two see a copy of a vault, before Cryptomator changes it."""
    r = Given(path, password, work)
    mine = ours.list(r, may=(0, 4))
    found = ours.check(r)
    if not os.path.exists(os.path.join(r.vault, "vault.cryptomator")):
        theirs.call("migrate", r.vault, password, "1024")
    health = theirs.health(r)
    bad = list(model.disagree(mine, theirs.list(r)))
    for path, how in bad:
        print("\t%r: %s" % (path, how))
    for who, results in (("vaultnfs", found), ("Cryptomator", health)):
        for f in results:
            print("\t%s finds %s %s: %s" % (who, f["severity"], f["kind"],
                                            f.get("disk", f["text"])))
    print("%d objects, %d differences" % (len(mine), len(bad)))
    return not bad


def unread(entries, listing):
    """What the manifest has and Cryptomator does not read so."""
    there = {}
    for item in listing:
        there.setdefault(item["path"], item)
    for e in entries:
        path = names.nfc(e["path"])     # the repair gives it this name
        if key(path) in UNREACHED:
            continue
        item = there.get(path, {})
        want = {"type": e["type"]}
        if e["type"] == "file":
            want.update(size=e["size"], sha256=e["sha256"])
        elif e["type"] == "symlink":
            want.update(target=names.tidied(e["target"]))
        for k, v in want.items():
            if item.get(k) != v:
                yield "%r: %s is %r, to Cryptomator %r (%s)" % (
                    path, k, v, item.get(k), item.get("error"))


def after_repair(r, manifest, broken, ours, theirs, stats):
    """All differences.  broken: it is BROKEN, with its lists above."""
    left = ours.check(r)
    if manifest["format"] == 7:
        theirs.call("migrate", r.vault, r.password, "1024")
    health = collections.Counter(h["kind"] for h in theirs.health(r))
    mine, other = ours.list(r, may=(0, 4)), theirs.list(r)
    stats.read(mine, other)
    yield from unread(manifest["entries"], other)
    want = set(DISAGREE) if broken else set()
    spare = RENAMED if broken and not theirs.keeps_suffixes else ()
    for path, how in model.disagree(mine, other):
        if key(path) not in map(key, want) and path not in spare:
            yield "%r: %s" % (path, how)
        want -= {p for p in want if key(p) == key(path)}
    for path in sorted(want):
        yield "%r: the two agree, DISAGREE says not" % path
    known = collections.Counter(
        "DirIdCollision" if f["kind"] == "DirIdCycle" else f["kind"]
        for f in left)
    for kind in health:
        more = LONG_IDS[kind] if broken else 0
        if health[kind] != known[kind] + more:
            yield "Cryptomator's health check finds %d %s, ours %d" % (
                health[kind], kind, known[kind])
    if broken and not any(i["path"].startswith("/LOST+FOUND/") and
                          i["path"].endswith("/orphaned.txt") and
                          "sha256" in i for i in other):
        yield "orphaned.txt is not in LOST+FOUND"
    if not broken and left:
        yield "left by the repair: %s" % [f["kind"] for f in left]


def archives(folders):
    """The vaults in these folders, each by the first that has it."""
    found = {}
    for folder in folders:
        for n in sorted(os.listdir(folder) if os.path.isdir(folder) else []):
            if n.endswith(".tar.gz"):
                found.setdefault(n[:-7], os.path.join(folder, n))
    return sorted(found.items())


def play(name, archive, ours, theirs, work, stats):
    """One vault; all differences, as text."""
    folder = os.path.join(work, name)
    os.mkdir(folder)
    with tarfile.open(archive) as t:
        t.extractall(folder)            # ours, or the project's own
    with open(os.path.join(folder, "manifest.json"), encoding="utf-8") as f:
        manifest = json.load(f)
    r = Given(os.path.join(folder, "vault"), manifest["password"],
              os.path.join(folder, "copy"))
    ours.check(r, "--repair")
    bad = list(after_repair(r, manifest, name == BROKEN, ours, theirs,
                            stats))
    shutil.rmtree(folder)
    return bad
