"""model.py - what a vault should hold, and random scripts that change it.

A Model is the tree as plain Python objects.  A Writer draws operations, does
them to the model and writes them down as lines for apply.c and Script.java
(README.md lists the operations).
"""
import hashlib
import os

import names

BORDERS = [0, 1, 16, 32767, 32768, 32769, 65535, 65536, 65537, 98304]
LARGEST = 300 * 1024            # of most files
HUGE = 5 * 1024 * 1024          # of one in a hundred
DEPTH = 6               # of most things
DEEPEST = 40            # of what dig() makes and renames carry about
PATH = 3000             # bytes, so that the host can hold a copy


def data(seed, length):
    """SHA-256 of (seed, 0), of (seed, 1), ..., joined and cut to length."""
    head = seed.to_bytes(8, "big")
    out = b"".join(hashlib.sha256(head + i.to_bytes(8, "big")).digest()
                   for i in range((length + 31) // 32))
    return out[:length]


def escape(s):
    return "".join(chr(b) if chr(b).isascii() and chr(b).isalnum() or
                   chr(b) in "/._-" else "%%%02x" % b
                   for b in s.encode("utf-8", "surrogateescape"))


class Node:
    """
    kind is "file", "dir" or "symlink"; mtime and mode None: not known; backup:
    a directory has its id in it (dirid.c9r).
    """

    def __init__(self, kind, target=None):
        self.kind = kind
        self.target = target
        self.data = bytearray()
        self.children = {}
        self.mtime = None
        self.mode = None
        self.backup = True

    def walk(self, prefix=""):
        """All paths below, with their nodes."""
        for n, child in self.children.items():
            path = prefix + "/" + n
            yield path, child
            if child.kind == "dir":
                yield from child.walk(path)

    def find(self, path):
        node = self
        for part in path.split("/")[1:]:
            node = node.children[part]
        return node

    def holder(self, path):
        """The directory that path is in, and its last part."""
        up, last = path.rsplit("/", 1)
        return (self.find(up) if up else self), last


class Writer:
    """Draws one script; ours: for vaultnfs, which can do a little more."""

    def __init__(self, rng, root, threshold, ours):
        self.rng = rng
        self.root = root
        self.threshold = threshold
        self.ours = ours
        self.hard_links = ours
        self.lines = []

    # -- drawing

    def some(self, *kinds):
        """A path of these kinds and its node, or None."""
        found = [(p, n) for p, n in self.root.walk() if n.kind in kinds]
        return self.rng.choice(found) if found else None

    def dirs(self, deepest=DEPTH - 1):
        return [""] + [p for p, n in self.root.walk() if n.kind == "dir" and
                       p.count("/") <= deepest]

    def fresh(self):
        """A path that is free."""
        while True:
            up = self.rng.choice(self.dirs())
            last = names.name(self.rng, self.threshold)
            if last not in (self.root.find(up) if up
                            else self.root).children:
                return up + "/" + last

    def length(self):
        r = self.rng
        if r.random() < 0.01:
            return r.randint(LARGEST, HUGE)
        return r.choice([r.choice(BORDERS), r.choice(BORDERS),
                         r.randint(0, 1000), r.randint(0, 1000),
                         r.randint(0, 70000), r.randint(0, LARGEST)])

    def offset(self, node):
        """Somewhere in a file, often at its end or at a chunk's border."""
        r, end = self.rng, len(node.data)
        if r.random() < 0.01:
            return r.randint(LARGEST, HUGE)
        return min(LARGEST, r.choice([
            0, end, r.randint(0, end), r.choice(BORDERS), end + 1,
            end + r.randint(0, 70000),
            max(0, end // 32768 * 32768 + r.randint(-3, 3))]))

    # -- writing down

    def spell(self, path):
        if self.rng.random() < 0.1:
            return "/".join(names.spelled(self.rng, p)
                            for p in path.split("/"))
        return path

    def line(self, op, *words):
        self.lines.append(" ".join(
            [op] + [escape(self.spell(w)) if w.startswith("/") and i == 0
                    else w for i, w in enumerate(words)]))

    def bytes(self, count):
        seed = self.rng.getrandbits(64)
        return "%016x" % seed, str(count), data(seed, count)

    # -- operations: false if there is nothing to do it to

    def new_file(self):
        path = self.fresh()
        up, last = self.root.holder(path)
        node = up.children[last] = Node("file")
        if self.rng.random() < 0.1:
            self.line("create", path)
            return True
        self.store(path, node, 0, self.length())
        return self.rng.random() < 0.7 or self.burst(path, node)

    def store(self, path, node, off, count):
        seed, n, content = self.bytes(count)
        if count > 0 and off > len(node.data):
            node.data.extend(bytes(off - len(node.data)))
        if count > 0:
            node.data[off:off + count] = content
        node.mtime = None
        self.line("write", path, str(off), seed, n)

    def change_file(self):
        found = self.some("file")
        return found is not None and self.burst(*found)

    def burst(self, path, node):
        for _ in range(self.rng.choice([1, 1, 1, 2, 3, 5])):
            kind = self.rng.choice(["write", "write", "append", "truncate",
                                    "sync"])
            getattr(self, "do_" + kind)(path, node)
        return True

    def do_write(self, path, node):
        self.store(path, node, self.offset(node),
                   min(self.length(), 100000))

    def do_append(self, path, node):
        seed, n, content = self.bytes(min(self.length(), 100000))
        if len(node.data) > 2 * LARGEST:
            return
        node.data.extend(content)
        node.mtime = None
        self.line("append", path, seed, n)

    def do_truncate(self, path, node):
        size = self.offset(node)
        if size < len(node.data):
            del node.data[size:]
        else:
            node.data.extend(bytes(size - len(node.data)))
        node.mtime = None
        self.line("truncate", path, str(size))

    def do_sync(self, path, node):
        self.line("sync", path)

    def new_dir(self):
        path = self.fresh()
        up, last = self.root.holder(path)
        up.children[last] = Node("dir")
        self.line("mkdir", path)
        return True

    def dig(self):
        """A chain of directories, once in a while, and a file at its end."""
        if self.rng.random() > 0.05:
            return False
        path = self.fresh()
        while path.count("/") < DEEPEST - DEPTH and \
                names.size(path) < PATH - 2 * names.MAX:
            up, last = self.root.holder(path)
            up.children[last] = Node("dir")
            self.line("mkdir", path)
            path += "/" + names.name(self.rng, self.threshold)
            if self.rng.random() < 0.05:
                break
        up, last = self.root.holder(path)
        up.children[last] = Node("file")
        self.store(path, up.children[last], 0, self.length())
        return True

    def crowd(self):
        """Many small files in one directory, once in a while."""
        if self.rng.random() > 0.05:
            return False
        up = self.rng.choice(self.dirs())
        children = (self.root.find(up) if up else self.root).children
        for i in range(self.rng.choice([50, 200, 400])):
            last = "%s %d" % (self.rng.choice(["x", "日本語", "e" * 150]), i)
            if last not in children:
                node = children[last] = Node("file")
                self.store(up + "/" + last, node, 0, self.rng.randint(0, 99))
        return True

    def hard_link(self):
        """One node under two names: only where we write, by link(2)."""
        found = self.some("file", "symlink")
        if found is None or not self.hard_links:
            return False
        to = self.fresh()
        up, last = self.root.holder(to)
        up.children[last] = found[1]
        self.line("link", found[0], escape(self.spell(to)))
        return True

    def new_link(self):
        path = self.fresh()
        up, last = self.root.holder(path)
        to = names.target(self.rng, self.threshold, self.ours)
        if to == "":
            return False
        up.children[last] = Node("symlink", to)
        self.line("symlink", path, escape(to))
        return True

    def delete(self):
        found = self.some("file", "symlink")
        if found is None:
            return False
        up, last = self.root.holder(found[0])
        del up.children[last]
        if not self.ours:
            found[1].mode = None        # of its other names, see README.md
        self.line("delete", found[0])
        return True

    def remove_dir(self):
        empty = [p for p, n in self.root.walk()
                 if n.kind == "dir" and not n.children]
        if not empty:
            return False
        path = self.rng.choice(empty)
        up, last = self.root.holder(path)
        del up.children[last]
        self.line("rmdir", path)
        return True

    def set_time(self):
        found = self.some("file", "symlink")
        if found is None:
            return False
        found[1].mtime = (self.rng.randint(0, 1 << 32),
                          self.rng.choice([0, 1, 999999999,
                                           self.rng.randrange(10 ** 9)]))
        self.line("utime", found[0], *map(str, found[1].mtime))
        return True

    def set_mode(self):
        found = self.some("file", "dir")
        if found is None:
            return False
        found[1].mode = 0o600 | self.rng.randrange(0o200)
        if found[1].kind == "dir":
            found[1].mode |= 0o100
        self.line("chmod", found[0], "%o" % found[1].mode)
        return True

    def height(self, node):
        """How many levels a node takes, and bytes of path at most."""
        below = list(node.walk())
        return (1 + max((p.count("/") for p, n in below), default=0),
                max((names.size(p) for p, n in below), default=0))

    def may_replace(self, node, victim_path, victim):
        """What rename can do, and what cryptofs can (vault-format 7.4)."""
        if node.kind == "dir":
            return victim.kind == "dir" and not victim.children
        if victim.kind == "dir":
            return False
        if self.ours:
            return True
        short = names.size(victim_path.rsplit("/", 1)[1]) <= names.fitting(
            self.threshold)
        return victim.kind == "file" and short

    def rename(self):
        found = self.some("file", "file", "dir", "symlink")
        if found is None:
            return False
        path, node = found
        to = self.fresh()
        if self.rng.random() < 0.3:
            victims = [p for p, n in self.root.walk() if n is not node and
                       self.may_replace(node, p, n)]
            to = self.rng.choice(victims) if victims else to
        elif self.rng.random() < 0.02:
            self.line("rename", path, escape(self.spell(path)))
            return True                 # to itself, nothing happens
        if (to + "/").startswith(path + "/"):
            return False
        levels, longest = self.height(node)
        if to.count("/") - 1 + levels > DEEPEST or \
                names.size(to) + longest > PATH:
            return False
        up, last = self.root.holder(path)
        del up.children[last]
        up, last = self.root.holder(to)
        up.children[last] = node
        self.line("rename", path, escape(self.spell(to)))
        return True

    def refused(self):
        """Something that must fail and change nothing."""
        kind = self.rng.choice(["EXIST", "NOENT", "NOTEMPTY"] +
                               ["INVAL", "ISDIR", "NOTDIR"] * self.ours)
        full = [(p, n) for p, n in self.root.walk()
                if n.kind == "dir" and n.children]
        some = self.some("file", "dir", "symlink")
        if some is None or (kind in ("NOTEMPTY", "INVAL") and not full):
            return False
        if kind == "EXIST":
            self.line("fail EXIST mkdir", some[0])
        elif kind == "NOENT":
            self.line("fail NOENT delete", self.fresh())
        elif kind == "NOTEMPTY":
            path, node = self.rng.choice(full)
            if not self.ours:
                node.mode = None        # cryptofs makes it 0770 first
                node.backup = False     # and takes this away
            self.line("fail NOTEMPTY rmdir", path)
        elif kind == "INVAL":
            path, node = self.rng.choice(full)
            below = [path] + [path + p for p, n in node.walk()
                              if n.kind == "dir"]
            self.line("fail INVAL rename", path,
                      escape(self.rng.choice(below) + "/new"))
        elif kind == "ISDIR" and full:
            self.line("fail ISDIR delete", self.rng.choice(full)[0])
        elif kind == "NOTDIR" and some[1].kind != "dir":
            self.line("fail NOTDIR rmdir", some[0])
        return True

    def draw(self, count):
        ways = ([self.new_file] * 22 + [self.change_file] * 22 +
                [self.new_dir] * 12 + [self.new_link] * 6 +
                [self.rename] * 22 + [self.delete] * 7 +
                [self.remove_dir] * 4 + [self.set_time] * 3 +
                [self.set_mode] * 2 + [self.refused] * 4 +
                [self.hard_link] * 3 + [self.crowd, self.dig])
        for _ in range(count):
            while not self.rng.choice(ways)():
                pass
        return self.lines


def store(node, path):
    """Make the tree below node in a folder of the host."""
    for n, child in node.children.items():
        p = os.path.join(path, n)
        if child.kind == "dir":
            os.mkdir(p)
            store(child, p)
        elif child.kind == "symlink":
            os.symlink(child.target, p)
        else:
            with open(p, "wb") as f:
                f.write(child.data)
        if child.mode is not None:
            os.chmod(p, child.mode)
        if child.mtime is not None:
            ns = child.mtime[0] * 10 ** 9 + child.mtime[1]
            os.utime(p, ns=(ns, ns), follow_symlinks=False)


def load(path, prefix=""):
    """A folder of the host as a listing, in the form that compare() takes."""
    out = []
    for e in os.scandir(path):
        st = e.stat(follow_symlinks=False)
        item = {"path": prefix + "/" + e.name, "size": st.st_size,
                "type": "symlink" if e.is_symlink() else
                "dir" if e.is_dir() else "file", "mode": st.st_mode & 0o7777,
                "mtime": st.st_mtime_ns // 10 ** 9,
                "mtime_nsec": st.st_mtime_ns % 10 ** 9}
        out.append(item)
        if item["type"] == "symlink":
            item["target"] = os.readlink(e.path)
        elif item["type"] == "dir":
            out += load(e.path, item["path"])
        else:
            with open(e.path, "rb") as f:
                item["sha256"] = hashlib.sha256(f.read()).hexdigest()
    return out


def differ(node, item, tidy):
    """How an entry of a listing differs from the model's node."""
    if item["type"] != node.kind:
        return "is a %s instead of a %s" % (item["type"], node.kind)
    if "error" in item:
        return item["error"]
    if node.mode is not None and item["mode"] != node.mode:
        return "mode %o instead of %o" % (item["mode"], node.mode)
    if node.kind == "dir":
        return None
    if node.mtime is not None and node.mtime != (item["mtime"],
                                                 item["mtime_nsec"]):
        return "mtime %d.%09d instead of %d.%09d" % (
            item["mtime"], item["mtime_nsec"], *node.mtime)
    if node.kind == "symlink":
        to = names.tidied(node.target) if tidy else node.target
        if item["target"] != to:
            return "leads to %r instead of %r" % (item["target"], to)
        if item["size"] != names.size(node.target):
            return "a link of %d bytes instead of %d" % (
                item["size"], names.size(node.target))
        return None
    if item["size"] != len(node.data):
        return "%d bytes instead of %d" % (item["size"], len(node.data))
    if item["sha256"] != hashlib.sha256(node.data).hexdigest():
        return "other contents (%d bytes)" % item["size"]
    return None


def compare(root, listing, tidy=False, lost=None):
    """
    All differences, as text.  tidy: links are as Cryptomator reads them.
    lost: paths that may be away or unreadable; what is new is then not looked
    at either.
    """
    out = []
    want = dict(root.walk())
    seen = set()
    for item in listing:
        path = item.get("path")
        if path in seen:
            out.append("%r is listed twice" % path)
        elif path not in want and lost is None:
            out.append("%r should not be there (%s)" % (
                path, item.get("error", item.get("type"))))
        elif path in want and (lost is None or path not in lost):
            how = differ(want[path], item, tidy) if "type" in item else \
                item.get("error")
            if how is not None:
                out.append("%r: %s" % (path, how))
        seen.add(path)
    out += ["%r is missing" % p for p in want
            if p not in seen and (lost is None or p not in lost)]
    return out


def disagree(ours, theirs):
    """How two listings differ, whatever should be there: (path, how)."""
    mine = {i["path"]: i for i in ours}
    other = {i["path"]: i for i in theirs}
    for p in sorted(mine.keys() ^ other.keys()):
        yield p, "shown by %s only" % (
            "vaultnfs" if p in mine else "Cryptomator")
    for p in sorted(mine.keys() & other.keys()):
        a, b = mine[p], other[p]
        if ("error" in a) != ("error" in b):
            yield p, "%s can read it, the other says %s" % (
                "Cryptomator" if "error" in a else "vaultnfs",
                a.get("error", b.get("error")))
        elif "error" not in a:
            for k in ("type", "sha256"):
                if a.get(k) != b.get(k):
                    yield p, "%s %s, to Cryptomator %s" % (k, a[k], b[k])
