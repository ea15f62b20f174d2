#!/usr/bin/env python3
"""edit.py - change a file in the ways editors do, and check each.

usage: edit.py FOLDER

Each way ends with the new contents under the old name, nothing else left
behind, and a reader who had the old file open still reading the old text.
"""
import os
import sys

OLD = b"old text\n" * 9000
NEW = b"new text, longer than before\n" * 9000


def put(path, data, flags=0):
    fd = os.open(path, os.O_WRONLY | os.O_CREAT | flags, 0o644)
    try:
        while data:
            data = data[os.write(fd, data):]
        os.fsync(fd)
    finally:
        os.close(fd)


def rename_over(path):
    """Most editors: a temporary file beside it, renamed over it."""
    put(path + ".tmp~1", NEW, os.O_EXCL)
    os.rename(path + ".tmp~1", path)


def backup_by_rename(path):
    """vim, backupcopy=no: probe, the old file becomes file~, a new one."""
    put(os.path.join(os.path.dirname(path), "4913"), b"", os.O_EXCL)
    os.unlink(os.path.join(os.path.dirname(path), "4913"))
    os.rename(path, path + "~")
    put(path, NEW, os.O_EXCL)
    os.unlink(path + "~")


def in_place(path):
    """vim, backupcopy=yes: a copy as backup, the file itself overwritten."""
    with open(path, "rb") as f:
        put(path + "~", f.read(), os.O_EXCL)
    put(path, NEW, os.O_TRUNC)
    os.unlink(path + "~")


def swap_by_link(path):
    """emacs with locks: a symlink that dangles, and a rename over."""
    lock = os.path.join(os.path.dirname(path), ".#lock")
    os.symlink("user@host.1234:5678", lock)
    rename_over(path)
    os.unlink(lock)


def main():
    top = sys.argv[1]
    for way in (rename_over, backup_by_rename, in_place, swap_by_link):
        path = os.path.join(top, way.__name__ + ".txt")
        put(path, OLD, os.O_EXCL)
        with open(path, "rb") as reader:
            head = reader.read(10)
            way(path)
            rest = reader.read()
        with open(path, "rb") as f:
            assert f.read() == NEW, way.__name__
        if way is not in_place:
            assert head + rest == OLD, way.__name__ + ": old reader"
        left = [n for n in os.listdir(top)
                if not n.startswith(".nfs") and not n.endswith(".txt")]
        assert not left, "%s: left %s" % (way.__name__, left)
        assert os.stat(path).st_size == len(NEW)


if __name__ == "__main__":
    main()
