"""samples.py - the raw result of a run, and questions to it.

One JSON object: machine, systems, works, samples (each with its round, its
place in the round, system, work and values), failures and notes.  Every
number of a report comes from here.
"""
import json
import os

import stats
import works

VERSION = 1
OURS = "vaultnfs"


def new(program, machine, **more):
    return dict(version=VERSION, program=program, machine=machine, systems=[],
                works=[], samples=[], failures=[], notes=[], complete=False,
                **more)


def save(raw, path):
    """Whole or not at all: a run that is stopped leaves what it had."""
    with open(path + ".new", "w", encoding="utf-8") as f:
        json.dump(raw, f, indent=1)
        f.write("\n")
    os.replace(path + ".new", path)


def load(path):
    with open(path, encoding="utf-8") as f:
        raw = json.load(f)
    if raw.get("version") != VERSION:
        raise ValueError("%s: version %s" % (path, raw.get("version")))
    return raw


class Samples:
    def __init__(self, raw):
        self.raw = raw
        self.systems = raw["systems"]
        self.works = raw["works"]
        self.work_of = {w["name"]: w for w in self.works}
        self.table = {}         # (system, work, value) -> {round: [numbers]}
        for s in raw["samples"]:
            for key, value in s["values"].items():
                if isinstance(value, (int, float)):
                    self.table.setdefault((s["system"], s["work"], key),
                                          {}).setdefault(s["round"],
                                                         []).append(value)

    def rounds(self, system, work, value="main"):
        """{round: number}; of several in a round, their median."""
        return {r: stats.median(v) for r, v in
                self.table.get((system, work, value), {}).items()}

    def estimate(self, system, work, value="main"):
        """Over all samples, or None."""
        return stats.estimate([v for r in self.table.get(
            (system, work, value), {}).values() for v in r])

    def ratio(self, over, under, value="main"):
        """Of two (system, work): paired by round."""
        return stats.ratio(self.rounds(*over, value=value),
                           self.rounds(*under, value=value))

    def cores(self, system, work):
        """Processors that the server kept busy: its time for each operation
        by operations in a second."""
        rate = self.rounds(system, work, "rate")
        cpu = self.rounds(system, work, "cpu_us")
        return stats.estimate([rate[r] * cpu[r] / 1e6
                               for r in rate if r in cpu])

    def more(self, work):
        w = self.work_of.get(work)
        return w is None or works.more_is_better(w["unit"])

    def state(self, system):
        for s in self.systems:
            if s["name"] == system:
                return s
        return None

    def fuse(self, only_syncing=False):
        """Encrypted file systems on FUSE that took part; only_syncing: those
        that sync the store when a client calls fsync()."""
        return [s["name"] for s in self.systems if s["kind"] == "fuse" and
                s["encrypted"] and s["state"] == "ok" and
                (s.get("syncs", True) or not only_syncing)]

    def best(self, names, work, value="main"):
        """Which of them has the best median; None if none has any."""
        less = value != "main" or not self.more(work)
        known = [(self.estimate(n, work, value), n) for n in names]
        known = [(e.median, n) for e, n in known if e]
        if not known:
            return None
        return min(known)[1] if less else max(known)[1]

    def why_not(self, system, work):
        """Words for a figure that is not there."""
        s = self.state(system)
        if s is None:
            return "not in this run"
        if s["state"] != "ok":
            return "%s: %s" % (s["state"], s["reason"])
        for f in self.raw["failures"]:
            if f["system"] == system and f["work"] == work:
                return "failed: " + f["reason"]
        return "not measured"
