"""damage.py - defects that sync clients and disks leave in a vault.

Each function does one kind of damage to one object of the vault on disk.  It
returns what our check may call it, the file it must say that of (or None) and
the nodes that may be lost by it; or None if the vault has nothing that can be
damaged in this way.  Directories that lose their place must be in LOST+FOUND
after a repair, with all that is in them.
"""
import collections
import hashlib
import os
import shutil

import model

CHUNK = 32768

# In a file of one chunk, and in its last chunk, they look the same.
CONTENTS = {"BadChunk", "CutChunk", "ForeignHeader"}


class Host:
    """The vault on disk, before anything is damaged."""

    def __init__(self, r):
        self.r = r
        self.rng = r.rng
        self.paths = [p for p, n in r.root.walk()]
        self.disk = dict(zip(self.paths, (
            os.path.join(r.vault, d) for d in r.ours.where(r, self.paths))))
        self.header, self.overhead = \
            (68, 28) if r.cipher == "SIV_GCM" else (88, 48)
        self.spoilt = set()             # nodes: one defect each
        self.adrift = []                # directories without a place, and
                                        # whether they know their own ids

    def pick(self, fits):
        """A path that fits(path, node), not damaged yet."""
        found = [(p, n) for p, n in self.r.root.walk() if fits(p, n) and
                 n not in self.spoilt]
        if not found:
            return None
        path, node = self.rng.choice(found)
        self.spoilt.add(node)
        return path, node

    def file(self, least=1):
        found = self.pick(lambda p, n: n.kind == "file" and
                          len(n.data) >= least)
        return found and (self.disk[found[0]], found[1])

    def cast_off(self, path, node):
        """Cryptomator takes the id's backup away now and then (README.md)."""
        self.adrift.append((node, os.path.exists(os.path.join(
            self.disk[path], "dirid.c9r"))))

    def sound_dir(self):
        """A directory with nothing damaged in it, and all that is."""
        found = self.pick(lambda p, n: n.kind == "dir" and not any(
            c in self.spoilt for q, c in n.walk()))
        if not found:
            return None
        below = [c for q, c in found[1].walk()]
        self.spoilt.update(below)
        return *found, below


def edit(path, change):
    with open(path, "rb") as f:
        text = bytearray(f.read())
    text = change(text)
    with open(path, "wb") as f:
        f.write(text)


def flip(text, at):
    text[at] ^= 1 << (at % 8)
    return text


def flipped_bit(host):
    found = host.file()
    if not found:
        return None
    size = os.path.getsize(found[0])
    at = host.rng.randrange(host.header, size)
    edit(found[0], lambda t: flip(t, at))
    return CONTENTS, found[0], [found[1]]


def flipped_header(host):
    found = host.file()
    if not found:
        return None
    at = host.rng.randrange(host.header)
    edit(found[0], lambda t: flip(t, at))
    return {"BadHeader"}, found[0], [found[1]]


def swapped_chunks(host):
    found = host.file(2 * CHUNK)
    if not found:
        return None
    a = host.header
    n = CHUNK + host.overhead
    edit(found[0], lambda t: t[:a] + t[a + n:a + 2 * n] + t[a:a + n] +
         t[a + 2 * n:])
    return {"SwappedChunks"}, found[0], [found[1]]


def cut_file(host):
    found = host.file(2)
    if not found:
        return None
    size = os.path.getsize(found[0])
    last = (size - host.header) % (CHUNK + host.overhead)
    if last <= host.overhead + 1:
        return None
    less = host.rng.randrange(1, last - host.overhead)
    edit(found[0], lambda t: t[:size - less])
    return CONTENTS, found[0], [found[1]]


def foreign_header(host):
    # In a file of one chunk it looks like any other damage.
    one = host.rng.random() < 0.7 and host.file(CHUNK + 1) or host.file()
    other = host.file()
    if not one or not other:
        return None
    with open(other[0], "rb") as f:
        head = f.read(host.header)
    with open(one[0], "rb") as f:
        if f.read(host.header) == head: # a conflict copy, and its original
            return None
    edit(one[0], lambda t: head + t[host.header:])
    kinds = {"ForeignHeader"} if len(one[1].data) > CHUNK else CONTENTS
    return kinds, one[0], [one[1]]


def somewhere(host):
    # Somebody's own LOST+FOUND stops the repair, Cryptomator's too.
    return "LOST+FOUND" not in host.r.root.children


def missing_directory(host):
    found = host.sound_dir()
    if not found:
        return None
    path, node, below = found
    dirs = [(n, c) for n, c in node.children.items() if c.kind == "dir"]
    if dirs and not somewhere(host):
        return None
    shutil.rmtree(host.disk[path])
    node.mode = None                    # made anew
    for n, c in dirs:
        host.cast_off(path + "/" + n, c)
    return {"MissingContentDir"}, None, below


def orphan(host):
    found = host.sound_dir() if somewhere(host) else None
    if not found:
        return None
    path, node, below = found
    link = host.r.ours.link(host.r, path)
    shutil.rmtree(os.path.join(host.r.vault, link))
    host.cast_off(path, node)
    return {"OrphanContentDir"}, None, [node] + below


def wrong_long_name(host):
    found = host.pick(lambda p, n: n.kind != "dir" and
                      ".c9s/" in host.disk[p])
    if not found:
        return None
    folder = os.path.dirname(host.disk[found[0]])
    other = os.path.join(os.path.dirname(folder),
                         "A" * 27 + "=.c9s")
    if os.path.exists(other):
        return None
    os.rename(folder, other)
    return {"LongShortNamesMismatch"}, None, []


def trailing_bytes(host):
    found = host.pick(lambda p, n: n.kind != "dir" and
                      ".c9s/" in host.disk[p])
    if not found:
        return None
    edit(os.path.join(os.path.dirname(host.disk[found[0]]), "name.c9s"),
         lambda t: t + b"trailing")
    return {"TrailingBytesInNameFile"}, None, []


ALL = [flipped_bit, flipped_header, swapped_chunks, cut_file, foreign_header,
       missing_directory, orphan, wrong_long_name, trailing_bytes]


def some(r):
    """
    Up to four defects.  What must be found, as (name, kinds, file), the paths
    that may be lost and where they are, and the directories that must be in
    LOST+FOUND.
    """
    host = Host(r)
    wanted, nodes = [], set()
    for kind in host.rng.sample(ALL, len(ALL)):
        done = kind(host) if len(wanted) < 4 else None
        if done is not None:
            wanted.append((kind.__name__, done[0], done[1] and
                           os.path.relpath(done[1], r.vault)))
            nodes.update(done[2])
    lost = {p: os.path.relpath(host.disk[p], r.vault)
            for p, n in r.root.walk() if n in nodes}
    return wanted, lost, host.adrift


def not_found_again(adrift, listing):
    """What was in directories without a place, and is not in LOST+FOUND."""
    there = [i for i in listing if i["path"].startswith("/LOST+FOUND/") and
             "type" in i]
    for top, named in adrift:
        for path, node in top.walk():
            tail = path if named else path[path.find("/", 1):] if \
                path.count("/") > 1 else ""
            if not any(i["path"].endswith(tail) and
                       model.differ(node, i, True) is None for i in there):
                yield path, "is not in LOST+FOUND"


def ciphertexts(vault):
    """All that holds data of users, by hash: a repair must leave it."""
    found = collections.Counter()
    for folder, _, files in os.walk(os.path.join(vault, "d")):
        for n in files:
            if n not in ("dir.c9r", "dirid.c9r", "name.c9s"):
                with open(os.path.join(folder, n), "rb") as f:
                    found[hashlib.sha256(f.read()).digest()] += 1
    return found
