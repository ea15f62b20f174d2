"""points.py - the goals that speed is held against, computed from samples.

Each point gives rows: what is asked, the figure with its interval, the limit,
and pass, miss or "not measured" with the reason.  The verdict is that of the
median; where the interval has the limit inside, the row says so.
"""
import collections

import stats
from samples import OURS

Row = collections.namedtuple("Row", "point text figure limit verdict remark")
PEERS = ("gocryptfs", "securefs", "cryfs", "ganesha", "ganesha-gocryptfs")
STEPS = ("micro-create", "micro-stat", "micro-list", "micro-rename",
         "micro-unlink")
FUSE = ("gocryptfs", "securefs", "cryfs")


def show(e, unit=""):
    return "%s [%s, %s]%s" % (trim(e.median), trim(e.lo), trim(e.hi),
                              " " + unit if unit else "")


def trim(v):
    return "{:,.0f}".format(v) if abs(v) >= 1000 else "%.3g" % v


def judge(point, text, e, limit, unit="", at_least=True, remark=""):
    """One row; e is an estimate, or words that say why there is none."""
    words = ("%s %s %s" % (">=" if at_least else "<=", trim(limit),
                           unit)).strip()
    if e is None or isinstance(e, str):
        return Row(point, text, "-", words, "not measured", e or "no sample")
    good = e.median >= limit if at_least else e.median <= limit
    if e.n > 1 and e.lo < limit < e.hi:
        remark = (remark + "; " if remark else "") + \
            "the interval has the limit inside"
    return Row(point, text, show(e, unit), words, "pass" if good else "miss",
               remark)


def shown(point, text, e, unit="", remark=""):
    """A figure that is not judged."""
    if e is None or isinstance(e, str):
        return Row(point, text, "-", "", "not judged", e or "no sample")
    return Row(point, text, show(e, unit), "", "not judged", remark)


def either(point, text, rows):
    """One row of two: it passes if one does."""
    for verdict in ("pass", "miss", "not measured"):
        for r in rows:
            if r.verdict == verdict:
                limits = " or ".join(r.limit for r in rows)
                figures = " or ".join(r.figure for r in rows)
                return Row(point, text, figures, limits, verdict, r.remark)
    return None


class Points:
    def __init__(self, samples, ablation=None):
        self.s = samples
        self.ablation = ablation        # Samples of bench/ablation, or None
        self.native = samples.raw.get("mode") == "native"

    # -- words for what is absent

    def absent(self, *pairs):
        for system, work in pairs:
            if not self.s.rounds(system, work):
                return "%s, %s: %s" % (system, work,
                                       self.s.why_not(system, work))
        return "no round has both"

    def ratio(self, over, under, value="main"):
        return self.s.ratio(over, under, value) or self.absent(over, under)

    def against_best(self, work, value="main", ours=OURS, theirs=None,
                     only_syncing=False):
        """Ours over the best encrypted FUSE mount, and which that is; theirs:
        what it does, if that has another name."""
        theirs = theirs or work
        best = self.s.best(self.s.fuse(only_syncing), theirs, value)
        if best is None:
            return "no encrypted FUSE mount has %s" % theirs, ""
        r = self.s.ratio((ours, work), (best, theirs), value)
        if r is None:
            return self.absent((ours, work), (best, theirs)), ""
        return r, "best: " + best

    # -- the points

    def calls(self):
        one = [("GETATTR / NULL, depth 1", (OURS, "getattr"), (OURS, "null")),
               ("LOOKUP / NULL, depth 1", (OURS, "lookup"), (OURS, "null")),
               ("NULL / bare TCP, depth 1", (OURS, "null"),
                ("floor-tcp", "tcp"))]
        for text, over, under in one:
            turns = self.s.estimate(*over, "of_null")
            yield judge("2", text, turns or self.ratio(over, under), 0.85,
                        remark="in turns" if turns else "")
        for depth, rate in ((16, 150000), (64, 250000)):
            work = "getattr-%d" % depth
            text = "GETATTR at depth %d" % depth
            none = self.absent((OURS, work))
            yield either("2", text, [
                judge("2", text, self.s.estimate(OURS, work) or none, rate,
                      "/s"),
                judge("2", text, self.s.estimate(OURS, work, "cpu_us") or
                      none, 5, "us CPU per call", at_least=False)])

    def streams(self):
        for ours, floor in ((OURS, "floor-read"),
                            ("vaultnfs-ctrmac", "floor-read-ctrmac")):
            r, best = self.against_best("seq-read", ours=ours)
            yield judge("3", "sequential read, %s / best encrypted FUSE" %
                        ours, r, 1.5, remark=best)
            r, best = self.against_best("seq-write", ours=ours,
                                        only_syncing=True)
            yield judge("3", "sequential write, %s / best encrypted FUSE "
                        "mount that syncs" % ours, r, 2.5, remark=best)
            for name in self.s.fuse():
                yield shown("3", "sequential write, %s / %s" % (ours, name),
                            self.ratio((ours, "seq-write"),
                                       (name, "seq-write")),
                            remark="" if name in self.s.fuse(True) else
                            "its fsync() writes nothing to the disk")
            floor = self.s.best([floor, floor + "-2"], "seq-read") or floor
            yield judge("3", "sequential read, %s / bench/floor read" % ours,
                        self.ratio((ours, "seq-read"), (floor, "seq-read")),
                        0.8, remark=floor)
            # One connection has several READs under way: it may use both.
            two = (ours, "seq-read-2")
            yield either("3", "two connections use the second core, %s" % ours,
                         [judge("3", "", self.ratio(two, (ours, "seq-read")),
                                1.2, "of one's rate"),
                          judge("3", "", self.s.cores(*two) or
                                self.absent(two), 1.2, "processors busy")])

    def ahead(self, point, ours, work, peers, text):
        """Against every peer: the least ratio of all is judged."""
        rows = []
        for p in peers:
            over, under = (ours, work), (p, work)
            r = self.s.ratio(over, under)
            if r is None:
                rows.append(judge(point, "%s / %s" % (text, p),
                                  self.absent(under, over), 1))
            else:
                if not self.s.more(work):
                    r = stats.Estimate(1 / r.median, 1 / r.hi, 1 / r.lo, r.n,
                                       r.coverage)
                rows.append(judge(point, "%s / %s" % (text, p), r, 1))
        return rows

    def blocks(self):
        for ours in (OURS, "vaultnfs-nojournal"):
            for what in ("read", "write"):
                work = "rand-%s-16" % what
                text = "4 KiB random %s, depth 16, %s" % (what, ours)
                for p in PEERS:
                    theirs = work if self.s.rounds(p, work) else \
                        "rand-" + what
                    yield judge("4", "%s / %s" % (text, p), self.ratio(
                        (ours, work), (p, theirs)), 1,
                        remark="" if theirs == work else
                        "a FUSE mount: one thread")
                yield judge("4", text, self.s.estimate(ours, work, "cpu_us") or
                            self.absent((ours, work)), 40, "us CPU per call",
                            at_least=False)

    def encryption(self):
        """What the cipher costs: the same server, copying instead."""
        plain = "vaultnfs-plain"
        for work, text in (("seq-read", "sequential read"),
                           ("seq-write", "sequential write"),
                           ("rand-read-16", "4 KiB random read, depth 16"),
                           ("create-write", "create and write 4 KiB")):
            yield shown("3", "%s, vaultnfs / the same without encryption" %
                        text, self.ratio((OURS, work), (plain, work)))

    def small_files(self):
        null = self.s.estimate(OURS, "null", "cpu_us")
        for work, calls in (("create-write", 2), ("unlink", 1),
                            ("rename", 1), ("stat", 1), ("list", None)):
            title = self.s.work_of.get(work, {}).get("title", work)
            for depth, ours in ((1, work), (16, work + "-16")):
                if calls is None and depth > 1:
                    continue
                r, best = self.against_best(ours, "cpu_us", theirs=work)
                text = "server CPU, %s / best encrypted FUSE" % title
                if calls is not None:
                    text += ", depth %d" % depth
                if calls and depth == 1 and null and best:
                    best += "; %d NULL at depth 1 %s %s us, and no NFS call " \
                        "costs less" % (calls, "is" if calls == 1 else "are",
                                        trim(calls * null.median))
                yield judge("5", text, r, 0.6, at_least=False, remark=best)
        theirs = self.s.estimate("ganesha", "create-write")
        scale = 5000 / theirs.median if theirs else None
        yield judge("5", "new 4 KiB files, depth 1 / plain ganesha",
                    self.ratio((OURS, "create-write"),
                               ("ganesha", "create-write")), 1,
                    remark="" if scale is None else "ganesha makes %s/s here"
                    % trim(theirs.median))

    def memory(self):
        caches = self.s.raw.get("caches")
        most = 64 + sum(caches.values()) if caches else 64
        words = "caches are in the figure; the limit is without them" \
            if not caches else "the limit is 64 MiB and the caches as they " \
            "were configured: %d MiB of clear data and names, %d MiB not " \
            "written yet" % (caches["cache_mib"], caches["dirty_mib"])
        for work, text, limit, unit, remark in (
                ("rss-idle", "memory after unlocking", 12, "MiB", ""),
                ("rss-peak", "memory under load", most, "MiB", words),
                ("ready-over-scrypt", "start to ready, less scrypt", 0.02,
                 "s", "")):
            yield judge("7", text, self.s.estimate(OURS, work) or
                        self.absent((OURS, work)), limit, unit,
                        at_least=False, remark=remark)

    def of_size(self, work, files, value):
        """{round: number} of a vault of so many files."""
        return {s["round"]: s["values"][value] for s in self.s.raw["samples"]
                if s["work"] == work and s["system"] == OURS and
                s["values"].get("files") == files and value in s["values"]}

    def many(self):
        for form in ("", "-wide"):
            for proc in ("lookup", "getattr", "create"):
                work = "%s-files%s" % (proc, form)
                sizes = sorted({s["values"]["files"] for s in
                                self.s.raw["samples"] if s["work"] == work})
                for n in sizes[1:] or [None]:
                    yield self.grown(work, proc, form, sizes, n)

    def grown(self, work, proc, form, sizes, n):
        least = sizes[0] if sizes else None
        words = ["?" if i is None else "{:,}".format(i) for i in (n, least)]
        text = "%s per call, in a vault of %s files / of %s" % (
            proc.upper(), words[0], words[1])
        if form:
            text += ", one file in each directory"
        r = cpu = hand = None
        if n is not None:
            r, cpu = [self.growth(work, least, n, value)
                      for value in ("main", "cpu_us")]
        if n is not None and proc == "create":
            hand = self.growth("by-hand-files" + form, least, n, "cpu_us")
        return judge("8", text, r or self.s.why_not(OURS, work), 1.2,
                     at_least=False, remark="; ".join(
                         words + ": " + show(e) for words, e in
                         (("server CPU", cpu),
                          ("files made in the folder, CPU", hand)) if e))

    def growth(self, work, least, n, value):
        """Per call in the vault of n files / in that of the least."""
        return stats.ratio(self.of_size(work, n, value),
                           self.of_size(work, least, value))

    def fair(self):
        for n in (1, 4, 16):
            work = "fair-%d" % n
            yield judge("8", "Jain's index, %d connections" % n,
                        self.s.estimate(OURS, work, "jain") or
                        self.absent((OURS, work)), 0.9)

    def stall(self):
        yield judge("9", "longest stall of the loop under mixed load",
                    self.s.estimate(OURS, "stall") or
                    self.absent((OURS, "stall")), 2, "ms", at_least=False)
        beside = ["%s %s ms" % (words, show(e)) for words, e in
                  (("a NULL in the same load", self.s.estimate(
                      OURS, "stall-null")),
                   ("a NULL with no other load", self.s.estimate(
                       OURS, "stall-machine"))) if e]
        yield judge("9", "longest GETATTR under mixed load, from outside",
                    self.s.estimate(OURS, "stall-outside") or
                    self.absent((OURS, "stall-outside")), 2, "ms",
                    at_least=False, remark="; ".join(
                        ["queues and the client's own waits are in it"] +
                        beside))

    def guest(self):
        for w in self.s.works:
            if w["group"] != "workloads" or w["name"].startswith("micro"):
                continue
            yield from self.ahead("6", OURS, w["name"], FUSE, w["name"])

    def guest_files(self):
        for w in self.s.works:
            if w["name"].split(",")[0] in STEPS:
                best = self.s.best(self.s.fuse(), w["name"])
                if best is None:
                    yield judge("5", w["name"], "no encrypted FUSE mount", 1)
                else:
                    yield from self.ahead("5", OURS, w["name"], [best],
                                          "the kernel's client, " + w["name"])

    def ideas(self):
        for work, limit in (("concurrent", 1.15), ("ide", 1.1)):
            text = "%s, three ideas on / off" % work
            a, off = self.ablation, "no-arena+no-inline+no-pool"
            if a is None:
                a, off = self.s, "vaultnfs-noideas"
            over, under = (OURS, work), (off, work)
            r = a.ratio(over, under) if a.more(work) else a.ratio(under, over)
            yield judge("6", text, r or a.why_not(under[0], work), limit)

    def rows(self):
        parts = [self.guest_files, self.guest]
        if self.native:
            parts = [self.calls, self.streams, self.encryption, self.blocks,
                     self.small_files, self.memory, self.many, self.fair,
                     self.stall]
        elif self.ablation is not None or \
                self.s.state("vaultnfs-noideas") is not None:
            parts.append(self.ideas)
        return [r for p in parts for r in p()]
