"""native.py - a run that needs no NFS client in the kernel.

NFS servers are driven by bench/nfsload, FUSE mounts and the plain directory by
bench/vaultbench; bench/floor takes part as a server that does next to nothing.
Beside the works: how soon and how small a server is, how long its loop was
held, and (many.py) whether a call costs more when the vault has many files.
"""
import hashlib
import os
import time

import many
import servers
import stats
import systems
import tools
import works
from runs import Compare
from systems import Failed

SUITES = ("works", "start", "stall", "files")
USUAL = SUITES[:3]
EXTRA = {w.name: w for w in works.EXTRA}


class DefaultCost(servers.Vaultnfs):
    """With the scrypt cost that a vault has if nobody asks for another."""
    scrypt_cost = 32768


def scrypt_seconds(cost):
    """What the key derivation alone takes, with the same library."""
    began = time.monotonic()
    hashlib.scrypt(systems.PASSWORD.strip().encode(), salt=b"saltsalt",
                   n=cost, r=8, p=1, maxmem=256 * cost * 8, dklen=32)
    return time.monotonic() - began


class Native(Compare):
    def __init__(self, opt, folder):
        super().__init__(opt, folder)
        self.suites = (opt.suites or ",".join(USUAL)).split(",")
        for s in self.suites:
            if s not in SUITES:
                raise SystemExit("compare: --suites of: " + ",".join(SUITES))
        wanted = opt.works.split(",") if opt.works else \
            [w.name for w in works.NATIVE]
        self.works = [w for w in works.NATIVE if w.name in wanted]
        self.done = set()               # this round's loads of vaultbench
        self.raw["caches"] = {"cache_mib": servers.Vaultnfs.cache_mib,
                              "dirty_mib": servers.Vaultnfs.dirty_mib}

    # -- one work on one system

    def bounds(self, w):
        """How long nfsload is to run."""
        quick = self.opt.quick
        if w.name == "list":
            return ["--entries", "10000", "--seconds", "0.5"]
        if w.group == "files":
            return ["--count", "2000" if quick else "10000"]
        more = ["--seconds", "0.4" if quick else "1"]
        if w.name == "seq-write":       # the same work as vaultbench has
            more += ["--file-size", "%dM" % works.large_file(self.opt.scale)]
        elif w.group == "data":
            more += ["--file-size", "32M" if quick else "128M"]
        elif w.group == "4 KiB blocks":
            more += ["--file-size", "16M" if quick else "64M"]
        return more

    def one(self, rnd, place, s, w):
        if w.name not in (s.only or [w.name]) or \
                (w.name == "tcp" and not s.only) or \
                (w.name in works.ONLY_OURS and
                 not isinstance(s, servers.Vaultnfs)):
            return
        try:
            if s.kind in ("nfs", "floor"):
                said = self.load.run(s, list(w.nfs) + list(s.more) +
                                     self.bounds(w))
                values = works.of_nfsload(w, said)
                if w.name in works.BESIDE_NULL:
                    values["of_null"] = self.of_null(s, w, values["main"])
                self.add(rnd, place, s.name, w, values)
            elif w.bench:
                self.steps(rnd, place, s, works.load_of(w))
        except (Failed, OSError) as e:
            self.fail(rnd, s.name, w.name, e)

    def of_null(self, s, w, rate):
        """The rate over that of NULL, in turns: what the machine is up to
        changes from one minute to the next by more than they differ."""
        null = works.BY_NAME["null"]
        rates, nulls = [rate], []
        for _ in range(3):
            for which, kept in ((null, nulls), (w, rates)):
                said = self.load.run(s, list(which.nfs) + list(s.more) +
                                     self.bounds(which))
                kept.append(works.of_nfsload(which, said)["main"])
        return stats.median([(rates[i] + rates[i + 1]) / 2 / n
                             for i, n in enumerate(nulls)])

    def steps(self, rnd, place, s, load):
        """One run of vaultbench makes the figures of several works.  The
        mount's cache is dropped where it would answer, the store's is not."""
        if (s.name, load) in self.done:
            return
        self.done.add((s.name, load))
        said = self.bench.run(
            s, ["--workload", load, "--iterations", "1", "--scale",
                str(self.opt.scale), "--seed", str(rnd)],
            cold=lambda x: x.cold(lower_too=False))
        for got, values in tools.results_of(said, works.of_step):
            self.add(rnd, place, s.name, got, values)

    # -- beside the works

    def note_start(self, rnd, s):
        self.add(rnd, 0, s.name, EXTRA["ready"], {"main": s.ready_s})
        if s.pids() and (s.name != "vaultnfs" or "start" not in self.suites):
            self.add(rnd, 0, s.name, EXTRA["rss-idle"], {
                "main": systems.memory_kib(s.pids(), "VmRSS") / 1024})

    def note_peak(self, rnd, s):
        if s.pids():
            self.add(rnd, 0, s.name, EXTRA["rss-peak"], {
                "main": systems.memory_kib(s.pids(), "VmHWM") / 1024})

    def ours(self):
        return any(s.name == "vaultnfs" for s in self.systems)

    def start(self, rnd):
        """A vault of the usual cost: start to ready, less its scrypt."""
        s = DefaultCost(os.path.join(self.folder, "default"), self.opt.paths)
        try:
            s.prepare()
            pure, ready = [], []
            for _ in range(3):          # the least: the machine has others
                pure.append(scrypt_seconds(s.scrypt_cost))
                s.start()
                ready.append(s.ready_s)
                idle = systems.memory_kib(s.pids(), "VmRSS") / 1024
                s.stop()
            self.add(rnd, 0, "vaultnfs", EXTRA["ready-over-scrypt"], {
                "main": min(ready) - min(pure), "scrypt_s": min(pure)})
            self.add(rnd, 0, "vaultnfs", EXTRA["rss-idle"], {"main": idle})
        except (Failed, OSError) as e:
            self.fail(rnd, "vaultnfs", "ready-over-scrypt", e)
        finally:
            s.stop()

    def stall(self, rnd):
        """The server itself measures how long its loop was away; NULL, which
        touches no file, says what the queue and the machine have in it."""
        s = servers.Vaultnfs(os.path.join(self.folder, "stall"),
                             self.opt.paths)
        seconds = "1" if self.opt.quick else "5"
        mix = ["--proc", "mix", "--depth", "16", "--connections", "2"]
        try:
            s.prepare()
            s.start()
            self.load.run(s, mix + ["--seconds", "0.5"])
            s.stats("--reset-max")
            said = self.load.run(s, mix + ["--seconds", seconds])
            inside = s.stats()
            alone = self.load.run(s, [
                "--proc", "null", "--depth", "16", "--connections", "2",
                "--seconds", seconds])
            for name, values in stalls(inside, said, alone):
                self.add(rnd, 0, "vaultnfs", EXTRA[name], values)
        except (Failed, OSError, KeyError) as e:
            self.fail(rnd, "vaultnfs", "stall", e)
        finally:
            s.stop()

    # -- the run

    def round(self, rnd):
        self.done.clear()
        self.bring_up(mounted=False)
        for s in self.systems:
            self.note_start(rnd, s)
        if "works" in self.suites:
            for w in self.works:
                for place, s in self.shuffled():
                    self.one(rnd, place, s, w)
                self.say("round %d of %d: %s" % (rnd + 1, self.opt.rounds,
                                                 w.name))
                self.keep()
        for s in self.systems:
            self.note_peak(rnd, s)
        for suite in USUAL[1:]:
            if suite in self.suites and self.ours():
                getattr(self, suite)(rnd)
                self.keep()
        self.take_down()

    def run(self):
        self.choose()
        for w in self.works:
            self.know(w)
        for rnd in range(self.opt.rounds if set(USUAL) & set(self.suites)
                         else 0):
            self.round(rnd)
        if "files" in self.suites:
            many.measure(self, self.sizes())
        return 0

    def sizes(self):
        text = self.opt.files or ("1000,10000" if self.opt.quick else
                                  "1000,100000,1000000")
        return sorted(map(int, text.split(",")))


def stalls(inside, mix, alone):
    """(work, values) of what server and client saw at most, in ms."""
    def ms(said, proc):
        return {"main": said["procs"][proc]["max_us"] / 1000,
                "p99": said["procs"][proc]["p99_us"] / 1000}

    return [("stall", {"main": inside["loop_max_us"] / 1000}),
            ("stall-outside", ms(mix, "GETATTR")),
            ("stall-null", ms(mix, "NULL")),
            ("stall-machine", ms(alone, "NULL"))]
