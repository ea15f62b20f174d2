"""rounds.py - one round of run.py, which README.md describes, and the sums.
"""
import collections
import copy
import os
import random
import shutil
import time

import damage
import model
import names

CIPHERS = "SIV_GCM", "SIV_CTRMAC"
COST, SLOW_COST = 1024, 32768           # of scrypt; the application's is 32768


class Stats:
    """What a run has done, over all rounds."""

    def __init__(self):
        self.began = time.monotonic()
        self.passed = self.failed = self.operations = self.differences = 0
        self.seen, self.files, self.bytes = 0, 0, 0
        self.kinds = collections.Counter()
        self.defects = collections.Counter()

    def read(self, *listings):
        """Everything in a listing was read, and is compared."""
        for items in listings:
            files = [i for i in items if "sha256" in i]
            self.seen += len(items)
            self.files += len(files)
            self.bytes += sum(i["size"] for i in files)

    def add(self, bad):
        self.passed += not bad
        self.failed += bool(bad)
        self.differences += len(bad)

    def count(self, r):
        """A round that was played."""
        self.add(r.bad)
        self.operations += r.operations
        self.kinds["%s, %s first" % (r.cipher, r.sides[0].name)] += 1
        self.kinds["once format 7"] += r.was7

    def show(self):
        print("rounds: %s" % "; ".join("%d %s" % (self.kinds[k], k)
                                       for k in sorted(self.kinds)))
        print("%d operations; %d objects compared, %d files among them with "
              "%d MiB; %d differences; %d s" % (
                  self.operations, self.seen, self.files, self.bytes >> 20,
                  self.differences, time.monotonic() - self.began))
        for kind in damage.ALL:
            print("  %-18s %s" % (kind.__name__, ", ".join(
                "%d in %s" % (self.defects[kind.__name__, c], c)
                for c in CIPHERS)))


class Round:
    """One vault.  Everything in it follows from the seed."""

    def __init__(self, seed, ours, theirs, work, stats):
        self.rng = random.Random(seed)
        self.stats = stats
        self.ours, self.theirs = ours, theirs
        self.work = os.path.join(work, "seed-%d" % seed)
        self.vault = os.path.join(self.work, "vault")
        self.root = model.Node("dir")
        self.operations = 0
        self.bad = []
        self.cipher = CIPHERS[seed % 2]
        self.threshold = 220 if seed // 2 % 2 == 0 else self.rng.choice(
            [36, 40, 44, 60, 100, 219, self.rng.randint(36, 220)])
        self.was7 = (self.cipher, self.threshold) == ("SIV_CTRMAC", 220) and \
            seed // 8 % 2 == 0
        self.sides = [ours, theirs] if seed // 4 % 2 == 0 else [theirs, ours]
        self.cost = SLOW_COST if seed % 16 == 15 else COST
        self.password = names.password(self.rng)
        os.makedirs(self.work)

    def title(self):
        return "%s %d%s, %s first" % (
            self.cipher, self.threshold, ", once format 7" * self.was7,
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
            listing = side.list(self)
            self.stats.read(listing)
            for d in model.compare(self.root, listing, tidy=not side.ours):
                self.bad.append("%s, read by %s: %s" % (step, side.name, d))
        self.backups(step, listing)
        for h in self.theirs.health(self):
            self.bad.append("%s, %s: %s: %s" % (
                step, h["check"], h["severity"], h["text"]))
        found = self.ours.check(self) + self.ours.remarks
        for f in found:
            if f["kind"] != "MissingDirIdBackup":       # see backups()
                self.bad.append("%s, vaultnfs check: %s: %s: %s" % (
                    step, f["severity"], f["kind"], f["text"]))

    def backups(self, step, listing):
        """Cryptomator's check has a missing dirid.c9r among its INFO."""
        tree = dict(self.root.walk())
        for item in listing:
            if item.get("type") == "dir" and "ciphertext" in item and \
                    item["path"] in tree and \
                    tree[item["path"]].backup and \
                    not os.path.exists(os.path.join(
                        self.vault, item["ciphertext"], "dirid.c9r")):
                self.bad.append("%s: %r has no dirid.c9r" % (step,
                                                             item["path"]))

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
        self.theirs.call("downgrade", self.vault, self.password,
                         str(self.cost))
        self.change(self.ours, 20)
        listing = self.ours.list(self)
        self.stats.read(listing)
        for d in model.compare(self.root, listing):
            self.bad.append("format 7, read by vaultnfs: " + d)
        for f in self.ours.check(self):
            self.bad.append("format 7, vaultnfs check: %s: %s" % (
                f["kind"], f["text"]))
        self.theirs.call("migrate", self.vault, self.password,
                         str(self.cost))
        self.read("migrated from format 7")

    def conflict(self):
        """
        A file's copy as a sync client makes one.  We show it under the name
        that Cryptomator will give it when it looks next, and leave it alone.
        """
        # What does not fit is cut, and by 2.6.9 in another place.
        room = names.fitting(self.threshold) - \
            (0 if self.theirs.keeps_suffixes else 16)
        files = [p for p, n in self.root.walk() if n.kind == "file" and
                 names.size(p.rsplit("/", 1)[1]) <= room]
        if not files:
            return
        path = self.rng.choice(files)
        marks = [" (1)", " (Created by Alice)", "_conflict-1"]
        mark = self.rng.choice(marks if self.theirs.keeps_suffixes
                               else marks[:1])
        disk = os.path.join(self.vault, self.ours.where(self, [path])[0])
        shutil.copy2(disk, disk[:-4] + mark + disk[-4:])
        there = {p for p, n in self.root.walk()}
        ours = {i["path"] for i in self.ours.list(self)} - there
        theirs = {i["path"] for i in self.theirs.list(self)} - there
        if ours != theirs or len(ours) != 1:
            self.bad.append("conflict copy%s: vaultnfs shows %r, Cryptomator "
                            "%r" % (mark, sorted(ours), sorted(theirs)))
            return
        up, last = self.root.holder(*ours)
        up.children[last] = copy.copy(self.root.find(path))
        if names.size(last) > names.fitting(self.threshold):
            self.ours.mend(self)        # README.md: UTF-16
        self.read("with a conflict copy")

    def damage(self):
        """Our check finds it, and either side mends it for both."""
        wanted, lost, adrift = damage.some(self)
        before = damage.ciphertexts(self.vault)
        found = self.ours.check(self)
        for what, kinds, disk in wanted:
            self.stats.defects[what, self.cipher] += 1
            if not any(f["kind"] in kinds and disk in (None, f["disk"])
                       for f in found):
                self.bad.append("damage %s was not found, but %s" % (
                    what, [f["kind"] for f in found]))
        self.agree_on_health(found)
        by = self.ours if self.rng.random() < 0.7 else self.theirs
        by.mend(self)
        if adrift and names.fitting(self.threshold) < names.HASH:
            self.ours.mend(self)        # README.md: LOST+FOUND
        self.stats.kinds["repaired by " + by.name] += 1
        self.repaired("repaired by %s (%s)" % (
            by.name, ", ".join(w[0] for w in wanted)), lost, adrift)
        if before - damage.ciphertexts(self.vault):
            self.bad.append("the repair has deleted or changed data")

    def repaired(self, step, lost, adrift):
        """Nothing is left but what cannot be mended, and all can be read."""
        for f in self.ours.check(self):
            if f["disk"] not in lost.values():
                self.bad.append("%s, vaultnfs check again: %s: %s" % (
                    step, f["kind"], f["text"]))
        for h in self.theirs.health(self):
            self.bad.append("%s, %s: %s: %s" % (
                step, h["check"], h["severity"], h["text"]))
        ours, theirs = self.ours.list(self, may=(0, 4)), self.theirs.list(self)
        self.stats.read(ours, theirs)
        for path, how in (*model.disagree(ours, theirs),
                          *damage.not_found_again(adrift, theirs)):
            self.bad.append("%s: %r: %s" % (step, path, how))
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
            (self.was7, self.format7),
            (1, lambda: self.change(first, 50)),
            (1, lambda: self.read("then changed by " + first.name)),
            (0.3, self.get),
            (0.3, self.places),
            (0.3, self.conflict),
            (1, self.damage),
        ]
        for chance, step in steps:
            if not self.bad and self.rng.random() < chance:
                step()
