#!/usr/bin/env python3
"""mktree.py - make a source tree of about 2,400 files, always the same.

usage: mktree.py DIR [FILES]

Sizes, names, links and modes are like those of a C project with its tests and
documents: many small files, a few of some hundred KiB, sizes at and around
the 32 KiB chunk of a vault, long names, names that are not ASCII.  Nothing is
random: every number comes from a hash of the path.
"""
import hashlib
import os
import sys
import unicodedata

WORDS = ("alloc arena buffer cache chunk client codec conn crypt cursor dir "
         "entry error event file frame handle hash header index inode iter "
         "key link list lock log map merge mount name node page parse path "
         "peer pool proc queue range read record reply ring scan seek slice "
         "sock state stat store table test text time token tree util vault "
         "walk watch worker write xattr zone").split()
ODD = ("Übersicht.md", "日本語の名前.txt", "naïve café.txt", "with space.txt",
       "-dash", "quote'd.txt", "emoji 🎉.md", "a&b;c|d.txt", "tab\there.txt",
       "n" * 146, "n" * 147, "l" * 255, "é" * 120, "trailing. ", "#hash#")
SIZES = (0, 1, 4095, 4096, 32767, 32768, 32769, 65535, 65536, 65537, 98304,
         131071, 262145, 700001)


def number(*parts):
    h = hashlib.sha256("/".join(map(str, parts)).encode()).digest()
    return int.from_bytes(h[:8], "big")


def text(path, size):
    """size bytes that look like source."""
    lines, n, i = [], 0, 0
    while n < size:
        w = [WORDS[number(path, i, j) % len(WORDS)] for j in range(3)]
        line = ("\tif (%s_%s(%s, %d) != 0)\n\t\treturn %d;\n" %
                (w[0], w[1], w[2], number(path, i) % 1000, i)) * 8
        lines.append(line)
        n += len(line)
        i += 1
    return "".join(lines)[:size].encode()


def size_of(path):
    """Mostly 1 to 8 KiB, now and then 60: as in source trees."""
    n = number(path, "size")
    return n % 300 if n % 11 == 0 else n % 60000 if n % 53 == 0 else n % 6000


def write(top, path, data, mode=0o644):
    full = os.path.join(top, path)
    os.makedirs(os.path.dirname(full), exist_ok=True)
    with open(full, "wb") as f:
        f.write(data)
    os.chmod(full, mode)
    stamp = 1500000000 + number(path, "time") % 200000000
    os.utime(full, (stamp, stamp))


def main():
    top = sys.argv[1]
    count = int(sys.argv[2]) if len(sys.argv) > 2 else 2300
    os.makedirs(top)
    for i in range(count):
        a, b, c = (WORDS[number(i, k) % len(WORDS)] for k in "abc")
        folder = ("src", "include", "tests", "docs", "tools")[i % 5]
        ext = (".c", ".h", ".c", ".md", ".sh")[i % 5]
        depth = number(i, "depth") % 3
        path = "/".join([folder, a, b][:1 + depth] + ["%s_%d%s" % (c, i, ext)])
        write(top, path, text(path, size_of(path)),
              0o755 if ext == ".sh" else 0o444 if i % 97 == 0 else 0o644)
    for size in SIZES:
        path = "data/size-%07d.bin" % size
        write(top, path, text(path, size))
    for name in ODD:
        path = "odd names/" + unicodedata.normalize("NFC", name)
        write(top, path, text(path, 500))
    os.makedirs(os.path.join(top, "empty", "d" * 200, "deeper"))
    links = {"current": "src", "docs/up": "../src", "dangling": "no/such/file",
             "src/" + "k" * 180: "x" * 1000,
             "latest.md": "odd names/Übersicht.md"}
    for name, target in links.items():
        path = os.path.join(top, name)
        os.symlink(target, path)
        os.utime(path, (1400000000, 1400000000), follow_symlinks=False)


if __name__ == "__main__":
    main()
