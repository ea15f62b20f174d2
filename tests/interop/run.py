#!/usr/bin/env python3
"""run.py - vaultnfs and Cryptomator's own library take turns on one vault.

usage: run.py [--build DIR] [--rounds N | --long | --seed S] [--java HOME]
              [--first S] [--work DIR] [--keep] [--mvn COMMAND]

Each round has a seed.  One side makes a vault and a random tree in it, both
read it and are compared with a model; the other side goes on, both read; the
first side goes on, both read.  After each step Cryptomator's health check may
say nothing worse than INFO.  README.md has more.

Exit codes: 0 no difference, 1 differences, 77 nothing was run (and why).
"""
import argparse
import json
import os
import random
import re
import selectors
import shutil
import subprocess
import sys
import tempfile
import time

import model
import names

HERE = os.path.dirname(os.path.abspath(__file__))
LONG, SHORT = 200, 20
SLOW = 300              # seconds after which the library hangs


class Skip(Exception):
    """Why nothing can be run here."""


class Broken(Exception):
    """A side did not do what it was told."""


# -- a JDK, the library, the program

def version_of(home):
    """The Java version of the JDK at home, 0 if there is no compiler."""
    try:
        out = subprocess.run([os.path.join(home, "bin", "javac"), "-version"],
                             stdout=subprocess.PIPE, stderr=subprocess.STDOUT,
                             text=True, check=False).stdout
    except OSError:
        return 0
    m = re.search(r"javac (\d+)", out)
    return int(m.group(1)) if m else 0


def find_jdk(given):
    """The newest JDK, or the one that was asked for."""
    homes = [given] if given else []
    if not homes and os.environ.get("JAVA_HOME"):
        homes = [os.environ["JAVA_HOME"]]
    if not homes:
        javac = shutil.which("javac")
        if javac:
            homes.append(os.path.dirname(os.path.dirname(
                os.path.realpath(javac))))
        top = "/usr/lib/jvm"
        if os.path.isdir(top):
            homes += sorted(os.path.join(top, n) for n in os.listdir(top))
    best = max(homes, key=version_of, default=None)
    if best is None or version_of(best) < 17:
        raise Skip("there is no JDK of Java 17 or later (JAVA_HOME or "
                   "--java says where one is)")
    return best


def build_library(java_home, mvn, work):
    """The class path of the Java program and all that it needs."""
    if shutil.which(mvn) is None:
        raise Skip("there is no Maven to fetch Cryptomator's library "
                   "(Debian: apt-get install maven)")
    env = dict(os.environ, JAVA_HOME=java_home)
    listed = os.path.join(work, "classpath")
    for mode in (["-o"], []):           # without the network if that works
        p = subprocess.run(
            [mvn, "-q", "-B"] + mode + [
                "-f", os.path.join(HERE, "pom.xml"),
                "dependency:build-classpath", "-Dmdep.outputFile=" + listed],
            env=env, cwd=work, stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT, text=True, check=False)
        if p.returncode == 0 and os.path.exists(listed):
            break
    else:
        raise Skip("Maven cannot fetch Cryptomator's library: " +
                   " ".join(p.stdout.split())[-400:])
    with open(listed, encoding="utf-8") as f:
        path = f.read().strip()
    classes = os.path.join(work, "classes")
    os.makedirs(classes)
    src = os.path.join(HERE, "java")
    subprocess.run([os.path.join(java_home, "bin", "javac"), "-Xlint:all",
                    "-Werror", "-cp", path, "-d", classes] +
                   [os.path.join(src, n) for n in sorted(os.listdir(src))],
                   check=True)
    return classes + os.pathsep + path


class Cryptomator:
    """Cryptomator's library in one JVM (java/Session.java)."""
    name = "Cryptomator"
    ours = False

    def __init__(self, java_home, path, work):
        self.script = os.path.join(work, "theirs.script")
        self.log = open(os.path.join(work, "java.log"), "ab")
        self.jvm = subprocess.Popen(
            [os.path.join(java_home, "bin", "java"), "-Xmx512m",
             "-XX:+UseSerialGC", "-Dorg.slf4j.simpleLogger."
             "defaultLogLevel=warn", "-cp", path, "Session"],
            stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=self.log)
        self.ready = selectors.DefaultSelector()
        self.ready.register(self.jvm.stdout, selectors.EVENT_READ)

    def call(self, *words):
        line = " ".join(model.escape(w) for w in words) + "\n"
        self.jvm.stdin.write(line.encode())
        self.jvm.stdin.flush()
        if not self.ready.select(SLOW):
            self.jvm.kill()
            raise Broken("%s: no answer in %d s" % (words[0], SLOW))
        answer = self.jvm.stdout.readline()
        if not answer:
            raise Broken("%s: the JVM ended; see %s" % (words[0],
                                                        self.log.name))
        answer = json.loads(answer)
        if not answer["ok"]:
            raise Broken("%s: %s" % (words[0], answer["error"]))
        return answer["result"]

    def init(self, r):
        self.call("init", r.vault, r.password, r.cipher, str(r.threshold))

    def apply(self, r, lines):
        write_script(self.script, lines)
        self.call("apply", r.vault, r.password, self.script)

    def list(self, r):
        out = self.call("list", r.vault, r.password)
        for item in out:
            if "mode" in item:
                item["mode"] = sum(
                    0o400 >> i for i, c in enumerate(item["mode"]) if c != "-")
        return out

    def end(self):
        self.jvm.stdin.close()
        self.jvm.wait(30)
        self.log.close()


class Vaultnfs:
    """Our program, and tests/interop/apply on our library."""
    name = "vaultnfs"
    ours = True

    def __init__(self, build, work):
        self.program = os.path.join(build, "vaultnfs")
        self.applier = os.path.join(build, "tests", "interop", "apply")
        self.script = os.path.join(work, "ours.script")
        for p in (self.program, self.applier):
            if not os.access(p, os.X_OK):
                raise Skip("%s is not built (make check-interop does it)" % p)
        self.commands = self.run(None, "help")

    def run(self, password, *args, stdin=None):
        p = subprocess.run([self.program, *args], stdin=stdin or
                           subprocess.DEVNULL, stdout=subprocess.PIPE,
                           stderr=subprocess.PIPE, check=False,
                           env=dict(os.environ, INTEROP_PASS=password or ""))
        if p.returncode != 0:
            text = (p.stderr or p.stdout).decode(errors="replace")
            raise Broken("vaultnfs %s: exit %d: %s" % (
                args[0], p.returncode, text.strip()[-2000:]))
        return p.stdout

    def has(self, command):
        return re.search(rb"^  %s " % command.encode(), self.commands,
                         re.MULTILINE) is not None

    def apply_run(self, *args, stdin=None):
        p = subprocess.run([self.applier, *args], stdin=stdin,
                           stdout=subprocess.PIPE, stderr=subprocess.STDOUT,
                           check=False)
        if p.returncode != 0:
            raise Broken("apply: exit %d: %s" % (
                p.returncode, p.stdout.decode(errors="replace").strip()))

    def init(self, r):
        self.apply_run("--init", r.vault, r.password, r.cipher,
                       str(r.threshold), str(r.cost))

    def apply(self, r, lines):
        write_script(self.script, lines)
        with open(self.script, "rb") as f:
            self.apply_run(r.vault, r.password, stdin=f)

    def list(self, r):
        out = json.loads(self.run(r.password, "tree", "--json", "--sha256",
                                  "--password-env", "INTEROP_PASS", r.vault,
                                  "/"))
        for item in out:
            if "mode" in item:
                item["mode"] = int(item["mode"], 8)
        return out

    def put(self, r, folder):
        self.run(r.password, "put", "-r", "--password-env", "INTEROP_PASS",
                 r.vault, folder, "/")

    def get(self, r, folder):
        self.run(r.password, "get", "-r", "--password-env", "INTEROP_PASS",
                 r.vault, "/", folder)

    def check(self, r):
        if self.has("check"):
            self.run(r.password, "check", "--password-env", "INTEROP_PASS",
                     "--contents", r.vault)


def write_script(path, lines):
    with open(path, "w", encoding="ascii") as f:
        f.write("".join(line + "\n" for line in lines))


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
        health = self.theirs.call("check", self.vault, self.password)
        if len(health["checks"]) < 3:
            self.bad.append("health checks are missing")
        for h in health["results"]:
            if h["severity"] not in ("GOOD", "INFO"):
                self.bad.append("%s, %s: %s: %s" % (
                    step, h["check"], h["severity"], h["text"]))
        self.ours.check(self)

    def get(self):
        folder = os.path.join(self.work, "get")
        os.mkdir(folder)
        self.ours.get(self, folder)
        for d in model.compare(self.root, model.load(folder)):
            self.bad.append("got by vaultnfs: " + d)

    def passwd(self):
        new = names.password(self.rng)
        self.theirs.call("passwd", self.vault, self.password, new)
        self.password = new

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
        files = []
        for at, dirs, found in os.walk(os.path.join(self.vault, "d")):
            if at.count("/") == self.vault.count("/") + 3:
                files += [os.path.join(at, n) for n in sorted(found)
                          if n.endswith(".c9r") and len(n) >= 28]
        if not files:
            return
        path = self.rng.choice(sorted(files))
        mark = self.rng.choice([" (1)", " (Created by Alice)", "_conflict-1"])
        shutil.copy2(path, path[:-4] + mark + ".c9r")
        ours = {i["path"]: i for i in self.ours.list(self)}
        theirs = {i["path"]: i for i in self.theirs.list(self)}
        for p in sorted(ours.keys() ^ theirs.keys()):
            self.bad.append("conflict copy%s: %r is shown by %s only" % (
                mark, p, "vaultnfs" if p in ours else "Cryptomator"))
        if not self.bad and len(theirs) != len(list(self.root.walk())) + 1:
            self.bad.append("conflict copy%s: not shown" % mark)

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
            (0.3, self.conflict),
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


def options():
    p = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    p.add_argument("--build", default=".", help="where vaultnfs was built")
    p.add_argument("--rounds", type=int, default=SHORT)
    p.add_argument("--long", action="store_true", help="%d rounds" % LONG)
    p.add_argument("--first", type=int, default=1, help="the first seed")
    p.add_argument("--seed", type=int, help="this round only")
    p.add_argument("--java", metavar="HOME", help="the JDK to use")
    p.add_argument("--mvn", default="mvn", help="Maven's command")
    p.add_argument("--work", metavar="DIR", help="a new folder for all files")
    p.add_argument("--keep", action="store_true", help="keep them")
    opt = p.parse_args()
    if opt.long:
        opt.rounds = LONG
    if opt.seed is not None:
        opt.first, opt.rounds = opt.seed, 1
    return opt


def main():
    opt = options()
    passed = 0
    work = opt.work or tempfile.mkdtemp(prefix="vaultnfs-interop.")
    os.makedirs(work, exist_ok=True)
    try:
        ours = Vaultnfs(opt.build, work)
        jdk = find_jdk(opt.java)
        path = build_library(jdk, opt.mvn, work)
    except Skip as e:
        shutil.rmtree(work)
        print("skipped: %s" % e)
        return 77
    print("Java %d, %s" % (version_of(jdk), ", ".join(
        re.findall(r"(cryptofs-[\d.]*\d|cryptolib-[\d.]*\d)\.jar", path))))
    theirs = Cryptomator(jdk, path, work)
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
