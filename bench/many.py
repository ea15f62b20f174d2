"""many.py - does a call cost more when the vault has many files?

Vaults of several sizes, all up at once and made in the same way: 100 files in
each directory, 100 directories in each one above (tests/scale/scale_make).  In
each the same number of files is touched: 1,000 that lie together in 10
directories, or one in each of 1,000; so what is warm is as much everywhere.
Rounds take turns over the sizes, and CREATE leaves what it made.

When the servers have ended, files are made in the same folders of ciphertext
without one: what CREATE pays more in a large vault may be the file system's.
"""
import os
import time

import servers
import systems
import works
from systems import Failed

IN_ONE, FANOUT = 100, 100               # scale_make's
TOUCHED = 1000
PROCS = ("lookup", "getattr", "create")
FORMS = ("", "-wide")
EXTRA = {w.name: w for w in works.EXTRA}


def path(directory, k):
    return "group-%06d/dir-%06d/file-%08d.txt" % (directory // FANOUT,
                                                  directory, k)


def paths(files, form):
    """1,000 of them, far apart; None: so many directories there are not."""
    have = files // IN_ONE
    want = TOUCHED if form else TOUCHED // IN_ONE
    if have < want:
        return None
    each = TOUCHED // want
    return [path(i * have // want, (i + k) % IN_ONE)
            for i in range(want) for k in range(each)]


class Sized(servers.Vaultnfs):
    def __init__(self, folder, paths_of, files):
        super().__init__(folder, paths_of)
        self.files = files

    def store(self):
        super().store()
        systems.run([self.paths["scale_make"], self.at("store"),
                     self.password, str(self.files // IN_ONE), str(IN_ONE)])

    def lists(self):
        """{form: file with paths}"""
        out = {}
        for form in FORMS:
            chosen = paths(self.files, form)
            if chosen:
                out[form] = self.at("paths" + form)
                with open(out[form], "w", encoding="ascii") as f:
                    f.write("".join(p + "\n" for p in chosen))
        return out


def folders(s, form):
    """Of ciphertext, far apart: as many as one() makes files in."""
    have = sorted(os.path.join(top, d) for top in
                  (os.path.join(s.at("store"), "d", a) for a in
                   os.listdir(os.path.join(s.at("store"), "d")))
                  for d in os.listdir(top))
    want = TOUCHED if form else TOUCHED // IN_ONE
    return [have[i * len(have) // want] for i in range(want)]


def by_hand(c, rnd, s, form, where):
    """1,000 new files of a header's size; processor time of this process."""
    before = time.process_time(), time.monotonic()
    for i in range(TOUCHED):
        fd = os.open("%s/by-hand%s-%d-%d" % (where[i * len(where) // TOUCHED],
                                             form, rnd, i),
                     os.O_CREAT | os.O_EXCL | os.O_WRONLY)
        os.write(fd, b"x" * 88)
        os.close(fd)
    cpu, wall = (now - then for now, then in
                 zip((time.process_time(), time.monotonic()), before))
    c.add(rnd, 0, "vaultnfs", EXTRA["by-hand-files" + form],
          {"main": 1e6 * wall / TOUCHED, "cpu_us": 1e6 * cpu / TOUCHED,
           "files": s.files})


def without_servers(c, up):
    for rnd in range(c.opt.rounds):
        for form in FORMS:
            turn = [(s, folders(s, form)) for s in up if paths(s.files, form)]
            c.dice.shuffle(turn)
            for s, where in turn:
                by_hand(c, rnd, s, form, where)
    c.keep()


def one(c, rnd, s, proc, form, listing):
    """Every file of the list so often that a wake-up more does not count."""
    turns = 1 if proc == "create" else 2 if c.opt.quick else 20
    said = c.load.run(s, [
        "--proc", proc, "--depth", "1", "--paths", listing, "--count",
        str(TOUCHED * turns), "--keep", "--seed",
        str(1 + 2 * rnd + FORMS.index(form))])
    values = {"main": 1e6 / said["rate"], "files": s.files}
    if said.get("server_cpu_us") is not None:
        values["cpu_us"] = said["server_cpu_us"]
    c.add(rnd, 0, "vaultnfs", EXTRA["%s-files%s" % (proc, form)], values)


def measure(c, sizes):
    """c: the run (native.py)."""
    up = []
    try:
        for n in sizes:
            s = Sized(os.path.join(c.folder, "files-%d" % n), c.opt.paths, n)
            up.append(s)
            s.prepare()
            s.start()
            c.say("a vault of %d files is up" % n)
        listing = {s.files: s.lists() for s in up}
        for rnd in range(c.opt.rounds):
            for proc in PROCS:
                for form in FORMS:
                    turn = [s for s in up if form in listing[s.files]]
                    c.dice.shuffle(turn)
                    for s in turn:
                        one(c, rnd, s, proc, form, listing[s.files][form])
            c.say("round %d of %d: many files" % (rnd + 1, c.opt.rounds))
            c.keep()
        for s in up:
            s.stop()
        without_servers(c, up)
    except (Failed, OSError) as e:
        c.fail(0, "vaultnfs", "lookup-files", e)
    finally:
        for s in up:
            s.stop()
