"""runs.py - a run: systems brought up, rounds in turns, samples kept.

Compare is what every manner of running shares; Mounted is the one where this
kernel sees every system, and bench/vaultbench does all.
"""
import os
import random
import time

import machine
import samples
import servers
import tools
import works
from systems import Failed


class Compare:
    """What both manners of running share: systems, rounds, samples."""

    program = "compare"

    def __init__(self, opt, folder):
        self.opt = opt
        self.folder = folder
        self.dice = random.Random(opt.seed)
        self.began = time.monotonic()
        self.raw = samples.new(
            self.program, machine.describe(), mode=opt.mode, rounds=opt.rounds,
            quick=opt.quick, scale=opt.scale, seed=opt.seed)
        self.path = os.path.join(opt.out, "samples.json")
        self.bench = tools.Vaultbench(opt.paths["vaultbench"], folder)
        self.load = tools.Nfsload(opt.paths["nfsload"])
        self.systems = []

    def say(self, text):
        print("%6.0f s  %s" % (time.monotonic() - self.began, text),
              flush=True)

    def choose(self):
        """Those asked for; each is in the report, there or not."""
        names = [c.name for c in servers.ALL if c.usual and
                 (self.opt.mode == "native" or c.kind != "floor")]
        if self.opt.systems:
            names = self.opt.systems.split(",")
        for n in names:
            if n not in servers.BY_NAME:
                raise SystemExit("compare: there is no system %s" % n)
            c = servers.BY_NAME[n]
            self.enlist(c(os.path.join(self.folder, n), self.opt.paths,
                          slow=bool(os.environ.get("GUEST"))))

    def enlist(self, s):
        why = s.missing()
        self.raw["systems"].append(
            {"name": s.name, "title": s.title, "kind": s.kind,
             "encrypted": s.encrypted, "syncs": s.syncs,
             "state": "missing" if why else "ok",
             "version": "" if why else s.version(), "reason": why or ""})
        if why:
            self.say("%s is missing: %s" % (s.name, why))
        else:
            self.systems.append(s)

    def lose(self, s, why):
        """A system that cannot be brought up leaves the run, visibly."""
        self.say("%s: %s" % (s.name, why))
        for x in self.raw["systems"]:
            if x["name"] == s.name:
                x["state"], x["reason"] = "failed", str(why)
        self.systems.remove(s)
        try:
            s.stop()
        except Failed:
            pass

    def bring_up(self, mounted):
        for s in list(self.systems):
            try:
                s.prepare()
                s.start()
                if mounted and s.kind == "nfs":
                    s.mount()
                self.say("%s is up after %.2f s" % (s.name, s.ready_s))
            except (Failed, OSError) as e:
                self.lose(s, e)

    def take_down(self):
        for s in self.systems:
            try:
                s.stop()
            except (Failed, OSError) as e:
                self.say("%s: %s" % (s.name, e))

    def shuffled(self):
        turn = list(self.systems)
        self.dice.shuffle(turn)
        return list(enumerate(turn))

    def know(self, w):
        if all(x["name"] != w.name for x in self.raw["works"]):
            self.raw["works"].append(works.describe(w))

    def add(self, rnd, place, system, w, values):
        self.know(w)
        self.raw["samples"].append(
            {"round": rnd, "place": place, "system": system, "work": w.name,
             "load": (machine.load() or [None])[0], "values": values})

    def fail(self, rnd, system, work, why):
        self.say("%s, %s: %s" % (system, work, why))
        self.raw["failures"].append({"round": rnd, "system": system,
                                     "work": work, "reason": str(why)})

    def keep(self):
        self.raw["machine"]["load_after"] = machine.load()
        self.raw["seconds_taken"] = round(time.monotonic() - self.began)
        samples.save(self.raw, self.path)


class Mounted(Compare):
    """Everything by vaultbench, through this kernel."""

    def workloads(self):
        names = []
        for suite in (self.opt.suites or "workloads,micro").split(","):
            names += [n for n in self.bench.names(suite) if n not in names]
        wanted = self.opt.works.split(",") if self.opt.works else names
        return [n for n in names if n in wanted]

    def one(self, rnd, place, s, name):
        arguments = ["--workload", name, "--iterations", "1", "--scale",
                     str(self.opt.scale), "--seed", str(rnd)]
        try:
            said = self.bench.run(s, arguments, cold=type(s).cold
                                  if self.opt.cold else None)
            for w, values in tools.results_of(said):
                self.add(rnd, place, s.name, w, values)
        except (Failed, OSError) as e:
            self.fail(rnd, s.name, name, e)

    def run(self):
        self.choose()
        self.bring_up(mounted=True)
        names = self.workloads()
        if not names:
            raise SystemExit("compare: no workload is left")
        of = rounds_of(getattr(self.opt, "rounds_of", None), names,
                       self.opt.rounds)
        for rnd in range(max(of.values())):
            for name in [n for n in names if rnd < of[n]]:
                for place, s in self.shuffled():
                    self.one(rnd, place, s, name)
                self.say("round %d of %d: %s" % (rnd + 1, of[name], name))
                self.keep()
        self.take_down()
        return 0


def rounds_of(text, names, usual):
    """{name: rounds}, of "NAME=N,NAME=N" for those that are to differ."""
    of = dict.fromkeys(names, usual)
    for part in (text or "").split(","):
        name, _, n = part.partition("=")
        if part and not n.isdigit():
            raise SystemExit("compare: --rounds-of NAME=N,...: not %s" % part)
        if name in of:
            of[name] = int(n)
    return of
