"""damage.py - defects that sync clients and disks leave in a vault.

Each function does one kind of damage to one object of the vault on disk.  It
returns what our check may call it, the file it must say that of (or None) and
the nodes that may be lost by it; or None if the vault has nothing that can be
damaged in this way.
"""
import os
import shutil

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

    def leaf_dir(self):
        """A directory without directories, nor anything damaged, in it."""
        return self.pick(lambda p, n: n.kind == "dir" and not any(
            c.kind == "dir" or c in self.spoilt
            for c in n.children.values()))


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
    one, other = host.file(), host.file()
    if not one or not other:
        return None
    with open(other[0], "rb") as f:
        head = f.read(host.header)
    edit(one[0], lambda t: head + t[host.header:])
    kinds = {"ForeignHeader"} if len(one[1].data) > CHUNK else CONTENTS
    return kinds, one[0], [one[1]]


def missing_directory(host):
    found = host.leaf_dir()
    if not found:
        return None
    shutil.rmtree(host.disk[found[0]])
    found[1].mode = None                # made anew
    host.spoilt.update(found[1].children.values())
    return {"MissingContentDir"}, None, list(found[1].children.values())


def orphan(host):
    # Somebody's own LOST+FOUND stops the repair, Cryptomator's too.
    found = host.leaf_dir() if "LOST+FOUND" not in \
        host.r.root.children else None
    if not found:
        return None
    link = host.r.ours.link(host.r, found[0])
    shutil.rmtree(os.path.join(host.r.vault, link))
    host.spoilt.update(found[1].children.values())
    return {"OrphanContentDir"}, None, [found[1], *found[1].children.values()]


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
    Up to four defects.  What must be found, as (name, kinds, file), and the
    paths that may be lost.
    """
    host = Host(r)
    wanted, lost = [], set()
    for kind in host.rng.sample(ALL, 4):
        done = kind(host)
        if done is not None:
            wanted.append((kind.__name__, done[0], done[1] and
                           os.path.relpath(done[1], r.vault)))
            lost.update(done[2])
    return wanted, {p for p, n in r.root.walk() if n in lost}
