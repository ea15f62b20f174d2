#!/usr/bin/env python3
"""compare.py - hold what vaultnfs shows of a vault against its manifest.

usage: compare.py MANIFEST mount DIR     walk and read a mounted vault
       compare.py MANIFEST tree FILE     the output of vaultnfs tree --json --sha256
       compare.py MANIFEST read FILE [DIR]
                                         the output of vaultread.py, or another
                                         manifest (only what is below DIR)
       compare.py MANIFEST make DIR      write a manifest of any folder

A manifest says what the vault's maker put in and, in its warnings, where it
is broken.  Entries that no NFS server can show are expected to be absent,
with the reason printed; damaged files must be listed and must fail to read;
what is shown beyond the manifest needs a warning that explains it.  Names are
compared in NFC.  Exit status 1 if anything differs.
"""
import errno
import hashlib
import json
import os
import re
import stat
import sys
import unicodedata

TARGET_MAX = 4095       # what the kernel's client takes as a link's target


def nfc(name):
    return unicodedata.normalize("NFC", name)


def short(path):
    shown = path.encode("unicode_escape").decode()
    return shown if len(shown) < 72 else "%s... (%d bytes)" % (
        shown[:60], len(path.encode("utf-8", "surrogateescape")))


class Manifest:
    def __init__(self, path):
        with open(path) as f:
            m = json.load(f)
        self.entries = {nfc(e["path"]): e for e in m["entries"]}
        self.dirs = {p for p, e in self.entries.items() if e["type"] == "dir"}
        self.damaged, self.no_content, self.odd = {}, set(), set()
        self.unnamed = 0        # entries whose clear name the maker gave up on
        for w in m["warnings"]:
            self.read_warning(w)

    def read_warning(self, w):
        if w.startswith("missing content dir for "):
            self.no_content.add(nfc(w[len("missing content dir for "):]))
        elif w.startswith("dir id reused: "):
            self.odd.add(nfc(w[len("dir id reused: "):]))
        elif w.startswith("bad dir.c9r "):
            self.odd.add(nfc(w.split("): ", 1)[1]))
        elif w.startswith(("not base64: ", "name ", "no type file in ")):
            self.unnamed += 1
        else:
            hit = re.match(r"(/.*?): (\w+): (.*)", w)
            if hit:
                self.damaged[nfc(hit.group(1))] = hit.group(3)

    def absent_reason(self, path, e):
        """Why an entry of the manifest need not be shown, or None."""
        parent = path.rpartition("/")[0]
        while parent and parent not in self.dirs:
            parent = parent.rpartition("/")[0]
        name = path[len(parent) + 1:]
        if name in ("", ".", ".."):
            return "its name is %r" % name
        if "/" in name or "\0" in name:
            return "its name has a / or NUL"
        if len(name.encode()) > 255:
            return "its name has more than 255 bytes"
        if path in self.no_content:
            return "its content folder is missing"
        if parent in self.no_content:
            return "its folder is broken"
        if e["type"] == "symlink":
            return self.target_reason(e["target"])
        return None

    def other_link(self, path, found):
        """A directory that two links lead to is shown under one of them."""
        parent = path.rpartition("/")[0]
        for other, got in found.items():
            if other.rpartition("/")[0] == parent and got["type"] == "dir" \
                    and other not in self.entries and \
                    (other in self.odd or other.startswith(path + " (")):
                return "it is shown as %s, a second link to it" % other
        return None

    @staticmethod
    def target_reason(target):
        if target == "":
            return "its target is empty"
        if "\0" in target:
            return "its target has a NUL"
        if len(target.encode()) > TARGET_MAX:
            return "its target has more than %d bytes" % TARGET_MAX
        return None


def look(path):
    """What is at a path of the mount: type, size, contents, error."""
    try:
        st = os.lstat(path)
    except OSError as e:
        return {"type": "unreadable", "error": e.errno}
    if stat.S_ISDIR(st.st_mode):
        return {"type": "dir"}
    found = {"type": "symlink" if stat.S_ISLNK(st.st_mode) else "file",
             "size": st.st_size}
    try:
        if found["type"] == "symlink":
            target = os.readlink(path)
            found["target"] = target.decode("utf-8", "surrogateescape")
        else:
            h, n = hashlib.sha256(), 0
            with open(path, "rb") as f:
                while True:
                    b = f.read(1 << 18)
                    if not b:
                        break
                    h.update(b)
                    n += len(b)
            found["sha256"], found["read"] = h.hexdigest(), n
    except OSError as e:
        found["error"] = e.errno
    return found


def walk_mount(top, skip):
    found, todo = {}, [(b"", "")]
    while todo:
        rel, clear = todo.pop()
        for name in os.listdir(os.path.join(top.encode(), rel)):
            path = clear + "/" + nfc(name.decode("utf-8", "surrogateescape"))
            if path in found:
                print("difference: listed twice: " + short(path))
                found["/"] = {"type": "twice"}
            sub = os.path.join(rel, name)
            found[path] = look(os.path.join(top.encode(), sub))
            if found[path]["type"] == "dir" and path not in skip:
                todo.append((sub, path))
    return found


def from_list(entries, below=""):
    found = {}
    for e in entries:
        path = e["path"] if e["path"].startswith("/") else "/" + e["path"]
        if below and not path.startswith(below + "/"):
            continue
        path = path[len(below):]
        e = dict(e)
        if e["type"] == "damaged":
            e["type"] = "unreadable"
        if path != "/":
            found[nfc(path)] = e
    return found


def load(how, where, manifest, below=""):
    if how == "mount":
        return walk_mount(where, manifest.odd)
    with open(where, encoding="utf-8", errors="surrogateescape") as f:
        data = json.load(f)
    entries = data["entries"] if isinstance(data, dict) else data
    return from_list(entries, below)


def make(path, top):
    """A manifest of what is in a folder, for a later comparison."""
    entries = [dict(e, path=p) for p, e in walk_mount(top, ()).items()]
    if any("error" in e for e in entries):
        sys.exit("compare.py: not all of %s can be read" % top)
    with open(path, "w") as f:
        json.dump({"entries": entries, "warnings": []}, f, indent=1)
    return 0


def differs(want, got):
    if want["type"] != got["type"]:
        return "is a %s, not a %s" % (got["type"], want["type"])
    if "error" in got:
        return "cannot be read: %s" % got["error"]
    for k in ("size", "read", "sha256", "target"):
        if want["type"] == "symlink" and k in ("size", "read"):
            continue
        w = want.get("size" if k == "read" else k)
        if k in got and w is not None and got[k] != w:
            return "%s is %s, not %s" % (k, short(str(got[k])), short(str(w)))
    return None


def check_wanted(manifest, found):
    bad = absent = same = 0
    for path, want in sorted(manifest.entries.items()):
        reason = manifest.absent_reason(path, want)
        got = found.pop(path, None)
        if got is None and want["type"] == "dir" and not reason:
            reason = manifest.other_link(path, found)
        if got is None or (reason and ("error" in got or
                                       got["type"] == "unreadable")):
            if reason:
                absent += 1
                print("absent: %s: %s" % (short(path), reason))
            else:
                bad += 1
                print("difference: %s is missing" % short(path))
            continue
        why = differs(want, got)
        if why and not reason:
            bad += 1
            print("difference: %s %s" % (short(path), why))
        else:
            same += 1
    return bad, same, absent


def check_damaged(manifest, found, how):
    bad = 0
    for path, why in sorted(manifest.damaged.items()):
        got = found.pop(path, None)
        if got is None:
            bad += 1
            print("difference: damaged %s is not listed" % short(path))
        elif "codec" not in why and "zero-byte" not in why and \
                "too short" not in why and \
                (got.get("error") != errno.EIO if how == "mount"
                 else "error" not in got) and \
                (how != "mount" or got.get("size") != 0):
            # of a file of 0 bytes the kernel's client asks for none
            bad += 1
            print("difference: damaged %s gives no error: %s" %
                  (short(path), got))
    return bad


def check_rest(manifest, found):
    bad, unexplained = 0, []
    for path in sorted(found):
        inside_odd = any(path.startswith(o + "/") for o in manifest.odd)
        if path in manifest.odd or path in manifest.no_content or inside_odd:
            print("extra: %s: the manifest calls it broken" % short(path))
        else:
            unexplained.append(path)
    for path in unexplained[:manifest.unnamed]:
        print("extra: %s: one of %d whose names the manifest could not tell" %
              (short(path), manifest.unnamed))
    for path in unexplained[manifest.unnamed:]:
        bad += 1
        print("difference: %s is not in the manifest" % short(path))
    return bad


def main():
    if len(sys.argv) not in (4, 5) or \
            sys.argv[2] not in ("mount", "tree", "read", "make"):
        sys.exit(__doc__)
    if sys.argv[2] == "make":
        return make(sys.argv[1], sys.argv[3])
    manifest = Manifest(sys.argv[1])
    how = sys.argv[2]
    found = load(how, sys.argv[3], manifest, *sys.argv[4:])
    bad, same, absent = check_wanted(manifest, found)
    bad += check_damaged(manifest, found, how)
    bad += check_rest(manifest, found)
    print("%d equal, %d expected absent, %d damaged, %d differences" %
          (same, absent, len(manifest.damaged), bad))
    return 1 if bad else 0


if __name__ == "__main__":
    sys.exit(main())
