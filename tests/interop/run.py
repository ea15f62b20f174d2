#!/usr/bin/env python3
"""run.py - vaultnfs and Cryptomator's own library take turns on one vault.

usage: run.py [--build DIR] [--rounds N | --long | --seed S | --compare VAULT
              PASSWORD] [--first S] [--java HOME] [--mvn COMMAND]
              [--work DIR] [--keep]

Each round has a seed.  One side makes a vault and a random tree in it, both
read it and are compared with a model; the other side goes on, both read; the
first side goes on, both read.  After each step Cryptomator's health check may
say nothing worse than INFO.  README.md has more.

Exit codes: 0 no difference, 1 differences, 77 nothing was run (and why).
"""
import argparse
import os
import random
import re
import shutil
import sys
import tempfile
import time

sys.dont_write_bytecode = True          # not into the source tree

import damage
import model
import names
from sides import (Broken, Cryptomator, Skip, Vaultnfs, build_library,
                   find_jdk, version_of)

LONG, SHORT = 200, 20


# -- one round

class Round:
    """One vault.  Everything in it follows from the seed."""

    def __init__(self, seed, ours, theirs, work):
        self.rng = random.Random(seed)
        self.ours, self.theirs = ours, theirs
        self.work = os.path.join(work, "seed-%d" % seed)
        self.vault = os.path.join(self.work, "vault")
        self.root = model.Node("dir")
        self.operations = 0
        self.bad = []
        self.cipher = ("SIV_GCM", "SIV_CTRMAC")[seed % 2]
        self.threshold = 220 if seed // 2 % 2 == 0 else \
            self.rng.choice([36, 40, 44, 60, 100, 219])
        self.sides = [ours, theirs] if seed // 4 % 2 == 0 else [theirs, ours]
        self.cost = self.rng.choice([1024, 32768])
        self.password = names.password(self.rng)
        os.makedirs(self.work)

    def title(self):
        return "%s %d, %s first" % (self.cipher, self.threshold,
                                    self.sides[0].name)

    def change(self, side, count):
        w = model.Writer(self.rng, self.root, self.threshold, side.ours)
        lines = w.draw(count)
        self.operations += len(lines)
        side.apply(self, lines)

    def change_by_put(self, count):
        """The first tree of vaultnfs as its put command makes it."""
        w = model.Writer(self.rng, self.root, self.threshold, True)
        w.hard_links = False            # put makes copies of them
        self.operations += len(w.draw(count))
        folder = os.path.join(self.work, "put")
        os.mkdir(folder)
        model.store(self.root, folder)
        self.ours.put(self, folder)
        top = model.Node("dir")
        top.children["put"] = self.root
        self.root = top

    def read(self, step):
        """Both sides, the health check, and our own one."""
        for side in (self.ours, self.theirs):
            for d in model.compare(self.root, side.list(self),
                                   tidy=not side.ours):
                self.bad.append("%s, read by %s: %s" % (step, side.name, d))
        for h in self.theirs.health(self):
            self.bad.append("%s, %s: %s: %s" % (
                step, h["check"], h["severity"], h["text"]))
        for f in self.ours.check(self):
            self.bad.append("%s, vaultnfs check: %s: %s: %s" % (
                step, f["severity"], f["kind"], f["text"]))

    def get(self):
        folder = os.path.join(self.work, "get")
        os.mkdir(folder)
        self.ours.get(self, folder)
        for d in model.compare(self.root, model.load(folder)):
            self.bad.append("got by vaultnfs: " + d)

    def passwd(self):
        new = names.password(self.rng)
        self.rng.choice(self.sides).passwd(self, new)
        self.password = new

    def places(self):
        """Both know the same place on disk for each path."""
        listing = [i for i in self.theirs.list(self) if "ciphertext" in i]
        paths = [i["path"] for i in listing]
        ours = self.ours.where(self, paths)
        back = self.ours.clear(self, ours)
        for i, disk, clear in zip(listing, ours, back):
            if disk != i["ciphertext"]:
                self.bad.append("%r is at %s, not at %s" % (
                    i["path"], i["ciphertext"], disk))
            if clear != i["path"]:
                self.bad.append("%s is %r, not %r" % (
                    disk, i["path"], clear))
        if len(ours) != len(paths) or len(back) != len(paths):
            self.bad.append("%d paths, %d places, %d paths" % (
                len(paths), len(ours), len(back)))

    def format7(self):
        """The vault as of years ago, changed by us, migrated by them."""
        if self.cipher != "SIV_CTRMAC" or self.threshold != 220:
            return
        self.theirs.call("downgrade", self.vault, self.password)
        self.change(self.ours, 20)
        for d in model.compare(self.root, self.ours.list(self)):
            self.bad.append("format 7, read by vaultnfs: " + d)
        self.theirs.call("migrate", self.vault, self.password)
        self.read("migrated from format 7")

    def conflict(self):
        """
        A file's copy as a sync client makes one.  We show it under the name
        that Cryptomator will give it when it looks next, and leave it alone.
        """
        files = [p for p, n in self.root.walk() if n.kind == "file" and
                 names.size(p.rsplit("/", 1)[1]) <=
                 names.fitting(self.threshold)]
        if not files or not self.theirs.keeps_suffixes:
            return
        path = self.rng.choice(files)
        mark = self.rng.choice([" (1)", " (Created by Alice)", "_conflict-1"])
        disk = os.path.join(self.vault, self.ours.where(self, [path])[0])
        shutil.copy2(disk, disk[:-4] + mark + disk[-4:])
        ours = {i["path"] for i in self.ours.list(self)}
        theirs = {i["path"] for i in self.theirs.list(self)}
        for p in sorted(ours ^ theirs):
            self.bad.append("conflict copy%s: %r is shown by %s only" % (
                mark, p, "vaultnfs" if p in ours else "Cryptomator"))
        if len(theirs) != len(list(self.root.walk())) + 1:
            self.bad.append("conflict copy%s: not shown" % mark)

    def damage(self):
        """Our check finds it, and --repair leaves what Cryptomator reads."""
        wanted, lost = damage.some(self)
        found = self.ours.check(self)
        for what, kinds, disk in wanted:
            if not any(f["kind"] in kinds and disk in (None, f["disk"])
                       for f in found):
                self.bad.append("damage %s was not found, but %s" % (
                    what, [f["kind"] for f in found]))
        self.agree_on_health(found)
        self.ours.check(self, "--repair")
        step = "repaired (%s)" % ", ".join(w[0] for w in wanted)
        for h in self.theirs.health(self):
            self.bad.append("%s, %s: %s: %s" % (
                step, h["check"], h["severity"], h["text"]))
        ours, theirs = self.ours.list(self, may=(0, 4)), self.theirs.list(self)
        for d in model.disagree(ours, theirs):
            self.bad.append("%s: %s" % (step, d))
        for d in model.compare(self.root, theirs, tidy=True, lost=lost):
            self.bad.append("%s: %s" % (step, d))

    def agree_on_health(self, found):
        """Cryptomator's own kinds of findings, by both."""
        theirs = sorted(h["kind"] for h in self.theirs.health(self))
        ours = sorted(f["kind"] for f in found
                      if f["kind"] in set(theirs) | {
                          "MissingContentDir", "OrphanContentDir",
                          "LongShortNamesMismatch",
                          "TrailingBytesInNameFile", "UnknownType"})
        if ours != theirs:
            self.bad.append("health: vaultnfs finds %s, Cryptomator %s" % (
                ours, theirs))

    def run(self):
        """Steps, until one shows a difference."""
        first, second = self.sides
        first.init(self)
        by_put = first.ours and self.rng.random() < 0.3
        steps = [
            (1, lambda: self.change_by_put(40) if by_put
             else self.change(first, 60)),
            (1, lambda: self.read("made by " + first.name)),
            (0.2, self.passwd),
            (1, lambda: self.change(second, 50)),
            (1, lambda: self.read("then changed by " + second.name)),
            (0.5, self.format7),
            (1, lambda: self.change(first, 50)),
            (1, lambda: self.read("then changed by " + first.name)),
            (0.3, self.get),
            (0.3, self.places),
            (1, self.conflict if self.rng.random() < 0.3 else self.damage),
        ]
        for chance, step in steps:
            if not self.bad and self.rng.random() < chance:
                step()


def play(seed, ours, theirs, opt, work):
    """True if there was no difference."""
    began = time.monotonic()
    r = Round(seed, ours, theirs, work)
    try:
        r.run()
    except Broken as e:
        r.bad.append(str(e))
    print("seed %d: %s: %d operations, %d objects, %s (%.1f s)" % (
        seed, r.title(), r.operations, len(list(r.root.walk())),
        "%d DIFFERENCES" % len(r.bad) if r.bad else "no difference",
        time.monotonic() - began), flush=True)
    for d in r.bad[:20]:
        print("\tseed %d: %s" % (seed, d), flush=True)
    if not opt.keep:
        shutil.rmtree(r.work)
    return not r.bad


class Given:
    """A vault that somebody else has made."""

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
        theirs.call("migrate", r.vault, password)
    health = theirs.health(r)
    try:
        bad = model.disagree(mine, theirs.list(r))
    except Broken as e:                 # cryptofs itself hangs on a few
        bad = [str(e)]
    for d in bad:
        print("\t" + d)
    for who, results in (("vaultnfs", found), ("Cryptomator", health)):
        for f in results:
            print("\t%s finds %s %s: %s" % (who, f["severity"], f["kind"],
                                            f.get("disk", f["text"])))
    print("%d objects, %d differences" % (len(mine), len(bad)))
    return not bad


def options():
    p = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    p.add_argument("--build", default=".", help="where vaultnfs was built")
    p.add_argument("--rounds", type=int, default=SHORT)
    p.add_argument("--long", action="store_true", help="%d rounds" % LONG)
    p.add_argument("--first", type=int, default=1, help="the first seed")
    p.add_argument("--seed", type=int, help="this round only")
    p.add_argument("--compare", nargs=2, metavar=("VAULT", "PASSWORD"),
                   help="no rounds: how both see a copy of this vault")
    p.add_argument("--java", metavar="HOME", help="the JDK to use")
    p.add_argument("--mvn", default="mvn", help="Maven's command")
    p.add_argument("--work", metavar="DIR", help="a new folder for all files")
    p.add_argument("--keep", action="store_true", help="keep them")
    opt = p.parse_args()
    if opt.work and os.path.exists(opt.work):
        p.error("%s is there already" % opt.work)
    if opt.long:
        opt.rounds = LONG
    if opt.seed is not None:
        opt.first, opt.rounds = opt.seed, 1
    return opt


def main():
    opt = options()
    passed = 0
    work = opt.work or tempfile.mkdtemp(prefix="vaultnfs-interop.")
    if opt.work:
        os.makedirs(work)
    try:
        ours = Vaultnfs(opt.build, work)
        jdk = find_jdk(opt.java)
        path = build_library(jdk, opt.mvn, work)
    except (Skip, Broken) as e:
        shutil.rmtree(work)
        skip = isinstance(e, Skip)
        print("%s: %s" % ("skipped" if skip else "failed", e))
        return 77 if skip else 1
    print("Java %d, %s" % (version_of(jdk), ", ".join(
        re.findall(r"(cryptofs-[\d.]*\d|cryptolib-[\d.]*\d)\.jar", path))))
    theirs = Cryptomator(jdk, path, work)
    if opt.compare:
        opt.rounds = 1
        passed += compare(*opt.compare, ours, theirs, work)
    else:
        for seed in range(opt.first, opt.first + opt.rounds):
            passed += play(seed, ours, theirs, opt, work)
    theirs.end()
    if opt.keep:
        print("kept in " + work)
    else:
        shutil.rmtree(work)
    print("%d passed, %d failed" % (passed, opt.rounds - passed))
    return 0 if passed == opt.rounds else 1


if __name__ == "__main__":
    sys.exit(main())
