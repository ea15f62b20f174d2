"""native.py - a run that needs no NFS client in the kernel.

NFS servers are driven by bench/nfsload, FUSE mounts and the plain directory by
bench/vaultbench; bench/floor takes part as a server that does next to nothing.
Beside the works: how soon and how small a server is, how long its loop was
held, and whether a call costs more when the vault has many files.
"""
import hashlib
import json
import os
import shutil
import subprocess
import time

import servers
import systems
import tools
import works
from runs import Compare
from systems import Failed

SUITES = ("works", "start", "stall", "files")
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
        self.suites = (opt.suites or ",".join(SUITES)).split(",")
        for s in self.suites:
            if s not in SUITES:
                raise SystemExit("compare: --suites of: " + ",".join(SUITES))
        wanted = opt.works.split(",") if opt.works else \
            [w.name for w in works.NATIVE]
        self.works = [w for w in works.NATIVE if w.name in wanted]
        self.done = set()               # this round's loads of vaultbench

    # -- one work on one system

    def bounds(self, w):
        """How long nfsload is to run."""
        quick = self.opt.quick
        if w.name == "list":
            return ["--entries", "10000", "--seconds", "0.5"]
        if w.group == "files":
            return ["--count", "2000" if quick else "10000"]
        more = ["--seconds", "0.4" if quick else "1.5"]
        if w.group == "data":
            more += ["--file-size", "32M" if quick else "128M"]
        elif w.group == "4 KiB blocks":
            more += ["--file-size", "16M" if quick else "64M"]
        return more

    def one(self, rnd, place, s, w):
        if w.name not in (s.only or [w.name]) or \
                (w.name == "tcp" and not s.only):
            return
        try:
            if s.kind in ("nfs", "floor"):
                said = self.load.run(s, list(w.nfs) + list(s.more) +
                                     self.bounds(w))
                self.add(rnd, place, s.name, w, works.of_nfsload(w, said))
            elif w.bench:
                self.steps(rnd, place, s, works.load_of(w))
        except (Failed, OSError) as e:
            self.fail(rnd, s.name, w.name, e)

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
        """The server itself measures how long its loop was away."""
        s = servers.Vaultnfs(os.path.join(self.folder, "stall"),
                             self.opt.paths)
        try:
            s.prepare()
            s.start()
            said = self.load.run(s, [
                "--proc", "mix", "--depth", "16", "--connections", "2",
                "--seconds", "1" if self.opt.quick else "5"])
            self.add(rnd, 0, "vaultnfs", EXTRA["stall-outside"], {
                "main": said["procs"]["GETATTR"]["max_us"] / 1000,
                "p99": said["procs"]["GETATTR"]["p99_us"] / 1000})
            self.add(rnd, 0, "vaultnfs", EXTRA["stall"],
                     {"main": longest(s)})
        except (Failed, OSError, KeyError) as e:
            self.fail(rnd, "vaultnfs", "stall", e)
        finally:
            s.stop()

    def files(self, rnd):
        sizes = self.opt.files or ("1000,10000" if self.opt.quick else
                                   "1000,100000,1000000")
        for n in map(int, sizes.split(",")):
            s = servers.Vaultnfs(os.path.join(self.folder, "files"),
                                 self.opt.paths)
            try:
                s.prepare()
                systems.run([self.opt.paths["scale_make"], s.at("store"),
                             s.password, str(max(1, n // 100)),
                             str(min(n, 100))])
                s.start()
                self.count_files(rnd, s, n)
            except (Failed, OSError) as e:
                self.fail(rnd, "vaultnfs", "lookup-files", e)
            finally:
                s.stop()
                shutil.rmtree(s.folder, ignore_errors=True)

    def count_files(self, rnd, s, n):
        """nfsload goes round files of its own, as many as it may hold."""
        for proc, more in (("lookup", ["--files", str(min(n, 20000)),
                                       "--count", "40000"]),
                           ("getattr", ["--files", str(min(n, 20000)),
                                        "--count", "40000"]),
                           ("create", ["--count", "2000"])):
            said = self.load.run(s, ["--proc", proc, "--depth", "1"] + more)
            self.add(rnd, 0, "vaultnfs", EXTRA[proc + "-files"], {
                "main": 1e6 / said["rate"], "files": n,
                "cpu_us": said.get("server_cpu_us")})

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
        for suite in SUITES[1:]:
            if suite in self.suites and self.ours():
                getattr(self, suite)(rnd)
                self.keep()
        self.take_down()

    def run(self):
        self.choose()
        for w in self.works:
            self.know(w)
        for rnd in range(self.opt.rounds):
            self.round(rnd)
        return 0


def longest(s):
    """The loop's longest callback in ms, from the server's own numbers."""
    done = subprocess.run(
        [s.paths["vaultnfs"], "stats", "--json", "--state-dir", s.at("state")],
        stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True, check=False)
    if done.returncode != 0:
        raise Failed(tools.last_line(done.stderr))
    try:
        return json.loads(done.stdout)["loop_max_us"] / 1000
    except (ValueError, KeyError) as e:
        raise Failed("vaultnfs stats says no loop_max_us: %r" % e) from e
