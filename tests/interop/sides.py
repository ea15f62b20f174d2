"""sides.py - the two programs that take turns: Cryptomator's library in a JVM,
and vaultnfs with tests/interop/apply on its library.
"""
import contextlib
import fcntl
import json
import os
import re
import selectors
import shutil
import signal
import subprocess

import model

HERE = os.path.dirname(os.path.abspath(__file__))
SLOW = 300              # seconds after which the library hangs
FETCH = 240             # and after which Maven does
EXITS = {"warn": 1, "critical": 4}      # of check, by what remains
PASS = ("--password-env", "INTEROP_PASS")


class Skip(Exception):
    """Why nothing can be run here."""


class Broken(Exception):
    """A side did not do what it was told."""


def write_script(path, lines):
    with open(path, "w", encoding="ascii") as f:
        f.write("".join(line + "\n" for line in lines))


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


def run_maven(command, env, cwd):
    """Exit status and output, in a session of its own: it plays with the
    terminal, so that an interrupt must be passed on."""
    with subprocess.Popen(command, env=env, cwd=cwd, text=True,
                          stdin=subprocess.DEVNULL, stdout=subprocess.PIPE,
                          stderr=subprocess.STDOUT,
                          start_new_session=True) as p:
        try:
            out = p.communicate(timeout=FETCH)[0]
        except subprocess.TimeoutExpired:
            os.killpg(p.pid, signal.SIGKILL)
            return 1, "nothing came in %d s" % FETCH
        except BaseException:
            os.killpg(p.pid, signal.SIGKILL)
            raise
        return p.returncode, out


@contextlib.contextmanager
def alone():
    """Maven's repository bears no two that fetch at once."""
    folder = os.path.expanduser("~/.m2")
    try:
        os.makedirs(folder, exist_ok=True)
        f = open(os.path.join(folder, "vaultnfs-interop.lock"), "ab")
    except OSError as e:
        raise Skip("Maven has no room for what it fetches: %s" % e) from e
    with f:
        fcntl.flock(f, fcntl.LOCK_EX)
        yield


def build_library(java_home, mvn, work):
    """The class path of the Java program and all that it needs."""
    if shutil.which(mvn) is None:
        raise Skip("there is no Maven to fetch Cryptomator's library "
                   "(Debian: apt-get install maven)")
    env = dict(os.environ, JAVA_HOME=java_home)
    listed = os.path.join(work, "classpath")
    with alone():
        for mode in (["-o"], []):       # without the network if that works
            status, text = run_maven(
                [mvn, "-q", "-B", "-Dstyle.color=never"] + mode + [
                    "-f", os.path.join(HERE, "pom.xml"),
                    "dependency:build-classpath",
                    "-Dmdep.outputFile=" + listed], env, work)
            if status == 0 and os.path.exists(listed):
                break
        else:
            why = [i for i in text.splitlines() if "ERROR" in i] or [text]
            raise Skip("Maven cannot fetch Cryptomator's library: " +
                       why[0].strip()[:400])
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
        self.command = [
            os.path.join(java_home, "bin", "java"), "-Xmx512m",
            "-XX:+UseSerialGC", "-Dorg.slf4j.simpleLogger."
            "defaultLogLevel=warn", "-cp", path, "Session"]
        self.jvm = None
        # cryptofs 2.6.9 names a conflict copy "X (1)" whatever its suffix
        self.keeps_suffixes = "cryptofs-2.6" not in path

    def start(self):
        self.jvm = subprocess.Popen(self.command, stdin=subprocess.PIPE,
                                    stdout=subprocess.PIPE, stderr=self.log)
        self.ready = selectors.DefaultSelector()
        self.ready.register(self.jvm.stdout, selectors.EVENT_READ)

    def stop(self):
        self.jvm.kill()
        self.jvm.communicate()
        self.jvm = None

    def call(self, *words):
        """The answer to a command.  A JVM that fails us is not used again."""
        line = " ".join(model.escape(w) for w in words) + "\n"
        if self.jvm is None:
            self.start()
        self.jvm.stdin.write(line.encode())
        self.jvm.stdin.flush()
        if not self.ready.select(SLOW):
            self.stop()
            raise Broken("%s: no answer in %d s" % (words[0], SLOW))
        answer = self.jvm.stdout.readline()
        if not answer:
            self.stop()
            raise Broken("%s: the JVM ended; see %s" % (words[0],
                                                        self.log.name))
        answer = json.loads(answer)
        if not answer["ok"]:
            raise Broken("%s: %s" % (words[0], answer["error"]))
        return answer["result"]

    def init(self, r):
        self.call("init", r.vault, r.password, r.cipher, str(r.threshold),
                  str(r.cost))

    def apply(self, r, lines):
        write_script(self.script, lines)
        self.call("apply", r.vault, r.password, self.script)

    def passwd(self, r, new):
        self.call("passwd", r.vault, r.password, new)

    def health(self, r):
        """What the health check finds that is worse than INFO."""
        out = self.call("check", r.vault, r.password)
        if len(out["checks"]) < 3:
            raise Broken("health checks are missing")
        return [h for h in out["results"]
                if h["severity"] not in ("GOOD", "INFO")]

    def mend(self, r):
        """Its own repair of what its health check finds."""
        self.call("fix", r.vault, r.password)

    def list(self, r):
        out = self.call("list", r.vault, r.password)
        for item in out:
            if "mode" in item:
                item["mode"] = sum(
                    0o400 >> i for i, c in enumerate(item["mode"]) if c != "-")
        return out

    def close(self):
        if self.jvm is not None:
            self.stop()
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
                raise Broken("%s is not built (make check-interop does it)"
                             % p)

    def run(self, password, *args, data=b"", new="", may=(0,)):
        p = subprocess.run([self.program, *args], input=data,
                           stdout=subprocess.PIPE, stderr=subprocess.PIPE,
                           check=False, env=dict(
                               os.environ, INTEROP_PASS=password or "",
                               INTEROP_NEW=new))
        self.status = p.returncode
        if p.returncode not in may:
            text = (p.stderr or p.stdout).decode(errors="replace")
            raise Broken("vaultnfs %s: exit %d: %s" % (
                args[0], p.returncode, text.strip()[-2000:]))
        return p.stdout

    def apply_run(self, *args, stdin=None):
        p = subprocess.run([self.applier, *args], stdin=stdin,
                           stdout=subprocess.PIPE, stderr=subprocess.STDOUT,
                           check=False)
        if p.returncode != 0:
            raise Broken("apply: exit %d: %s" % (
                p.returncode, p.stdout.decode(errors="replace").strip()))
        return p.stdout

    def init(self, r):
        self.apply_run("--init", r.vault, r.password, r.cipher,
                       str(r.threshold), str(r.cost))

    def apply(self, r, lines):
        write_script(self.script, lines)
        with open(self.script, "rb") as f:
            self.apply_run(r.vault, r.password, stdin=f)

    def list(self, r, may=(0,)):
        """may: exit codes; 4 where something cannot be read."""
        out = json.loads(self.run(r.password, "tree", "--json", "--sha256",
                                  *PASS, r.vault, "/", may=may))
        for item in out:
            if "mode" in item:
                item["mode"] = int(item["mode"], 8)
        return out

    def passwd(self, r, new):
        self.run(r.password, "passwd", "--new-password-env", "INTEROP_NEW",
                 *PASS, r.vault, new=new)

    def where(self, r, paths):
        """Where these clear paths are on disk."""
        return self.paths(r, paths)

    def clear(self, r, places):
        return self.paths(r, places, "--decrypt")

    def paths(self, r, given, *options):
        out = self.run(r.password, "path", "-0", "--stdin", *options,
                       *PASS, r.vault, data="".join(
                           p + "\0" for p in given).encode())
        return out.decode().split("\0")[:-1]

    def link(self, r, path):
        """The folder that is a directory's entry in its parent's."""
        out = json.loads(self.run(r.password, "path", "--json", *PASS,
                                  r.vault, path))
        return out[0]["ciphertext_link"]

    def put(self, r, folder):
        self.run(r.password, "put", "-r", *PASS, r.vault, folder, "/")

    def get(self, r, folder):
        self.run(r.password, "get", "-r", *PASS, r.vault, "/", folder)

    def mend(self, r):
        self.check(r, "--repair")

    def check(self, r, *options, may=(0, 1, 4)):
        """What our check finds, worse than INFO and not mended; what is no
        worse is in remarks."""
        out = json.loads(self.run(r.password, "check", "--json", "--contents",
                                  "--offline", *options, *PASS, r.vault,
                                  may=may))
        left = [f for f in out["findings"] if not f.get("repaired")]
        self.remarks = [f for f in left if f["severity"] == "info"]
        left = [f for f in left if f["severity"] != "info"]
        want = max((EXITS[f["severity"]] for f in left), default=0)
        if self.status != want:
            raise Broken("check exits with %d instead of %d" % (self.status,
                                                                want))
        return left
