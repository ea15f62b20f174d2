#!/usr/bin/env python3
"""run.py - vaultnfs and Cryptomator's own library take turns on one vault.

usage: run.py [--build DIR] [--rounds N | --short | --long | --seed S]
              [--compare VAULT PASSWORD] [--first S] [--java HOME]
              [--mvn COMMAND] [--work DIR] [--keep]

Each round has a seed.  One side makes a vault and a random tree in it, both
read it and are compared with a model; the other side goes on, both read; the
first side goes on, both read.  After each step Cryptomator's health check may
say nothing worse than INFO.  README.md has more.

Exit codes: 0 no difference, 1 differences, 77 nothing was run (and why).
"""
import argparse
import contextlib
import os
import re
import shutil
import signal
import sys
import tempfile
import time
import traceback

sys.dont_write_bytecode = True          # not into the source tree

import given
import rounds
from sides import (Broken, Cryptomator, Skip, Vaultnfs, build_library,
                   find_jdk, version_of)

LONG, MIDDLE, SHORT = 200, 20, 12
TOP = os.path.join(os.path.dirname(os.path.abspath(__file__)), "..", "..")


def attempt(what):
    """The differences that what() finds; whatever it raises is one."""
    try:
        return what()
    except Broken as e:
        return [str(e)]
    except Exception:                   # the other rounds are still played
        return [traceback.format_exc()]


def tell(title, bad, began):
    print("%s, %s (%.1f s)" % (
        title, "%d DIFFERENCES" % len(bad) if bad else "no difference",
        time.monotonic() - began), flush=True)
    for d in bad[:20]:
        print("\t%s: %s" % (title.split(":")[0], d), flush=True)


def play(seed, ours, theirs, opt, work, stats):
    """One round."""
    began = time.monotonic()
    r = rounds.Round(seed, ours, theirs, work, stats)
    r.bad += attempt(r.run) or []
    tell("seed %d: %s: %d operations, %d objects" % (
        seed, r.title(), r.operations, len(list(r.root.walk()))), r.bad, began)
    stats.count(r)
    if not opt.keep:
        shutil.rmtree(r.work)


def play_given(ours, theirs, opt, work, stats):
    """The vaults of tests/vectors, and of ../shared if there is one."""
    shared = os.environ.get("VAULTNFS_SHARED", os.path.join(TOP, "..",
                                                            "shared"))
    for name, archive in given.archives([
            os.path.join(TOP, "tests", "vectors"),
            os.path.join(shared, "vaults")]):
        if opt.short and name != given.BROKEN:
            continue
        began = time.monotonic()
        bad = attempt(lambda: given.play(name, archive, ours, theirs, work,
                                         stats))
        tell("vault %s: repaired" % name, bad, began)
        stats.add(bad)


def options():
    p = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    p.add_argument("--build", default=".", help="where vaultnfs was built")
    p.add_argument("--rounds", type=int, default=MIDDLE)
    p.add_argument("--short", action="store_true", help="%d rounds" % SHORT)
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
    if opt.short:
        opt.rounds = SHORT
    if opt.long:
        opt.rounds = LONG
    if opt.seed is not None:
        opt.first, opt.rounds = opt.seed, 1
    return opt


@contextlib.contextmanager
def workplace(opt):
    """A folder that is gone afterwards, whatever ends the run."""
    work = opt.work or tempfile.mkdtemp(prefix="vaultnfs-interop.")
    os.makedirs(work, exist_ok=True)
    try:
        yield work
    finally:
        if opt.keep:
            print("kept in " + work)
        else:
            shutil.rmtree(work, ignore_errors=True)


def run(opt, work):
    """The exit code."""
    ours = Vaultnfs(opt.build, work)
    jdk = find_jdk(opt.java)
    path = build_library(jdk, opt.mvn, work)
    print("Java %d, %s" % (version_of(jdk), ", ".join(
        re.findall(r"(cryptofs-[\d.]*\d|cryptolib-[\d.]*\d)\.jar", path))),
          flush=True)
    stats = rounds.Stats()
    with contextlib.closing(Cryptomator(jdk, path, work)) as theirs:
        if opt.compare:
            same = given.compare(*opt.compare, ours, theirs, work)
            return 0 if same else 1
        if opt.seed is None:
            play_given(ours, theirs, opt, work, stats)
        for seed in range(opt.first, opt.first + opt.rounds):
            play(seed, ours, theirs, opt, work, stats)
    stats.show()
    print("# PASS: %d\n# FAIL: %d\n# SKIP: 0\n%d passed, %d failed" % (
        (stats.passed, stats.failed) * 2))
    return 1 if stats.failed else 0


def main():
    if sys.getfilesystemencoding() != "utf-8":  # names go through arguments
        os.execv(sys.executable, [sys.executable, "-X", "utf8"] + sys.argv)
    opt = options()
    sys.stdout.reconfigure(errors="backslashreplace")   # half a surrogate
    for s in (signal.SIGTERM, signal.SIGHUP):
        signal.signal(s, lambda n, frame: sys.exit(128 + n))
    with workplace(opt) as work:
        try:
            return run(opt, work)
        except Skip as e:
            print("# SKIP: 1\nskipped: %s" % e)
            return 77
        except Broken as e:
            print("failed: %s" % e)
            return 1
        except KeyboardInterrupt:
            return 128 + signal.SIGINT


if __name__ == "__main__":
    sys.exit(main())
