"""systems.py - what a system is, a plain directory, and FUSE mounts.

A system has a folder of its own.  prepare() makes an empty store in it,
start() brings it up and measures how long that took, stop() ends it; what is
below `root' is the served directory where this kernel can reach it.

Passwords are stretched as little as each program lets us, so that a run is
not spent on that: these stores hold nothing.
"""
import ctypes
import os
import shutil
import signal
import subprocess
import time

PASSWORD = "a password for benchmarks\n"
TICKS = os.sysconf("SC_CLK_TCK")


class Failed(Exception):
    """A system could not do what was asked; the text is shown as reason."""


def die_with_parent():
    """In a child on Linux: no server outlives the run."""
    try:
        ctypes.CDLL(None).prctl(1, signal.SIGKILL)      # PR_SET_PDEATHSIG
    except (OSError, AttributeError):
        pass


def said(command, **more):
    """The first line that a command prints, or what is wrong with it."""
    try:
        done = subprocess.run(command, stdout=subprocess.PIPE, timeout=30,
                              stderr=subprocess.STDOUT, text=True,
                              errors="replace", check=False, **more)
    except (OSError, subprocess.TimeoutExpired) as e:
        return str(e)
    lines = [s for s in done.stdout.splitlines() if s.strip()]
    return lines[0].strip() if lines else "status %d" % done.returncode


def run(command, **more):
    """Run a command that must succeed."""
    done = subprocess.run(command, stdout=subprocess.PIPE, text=True,
                          stderr=subprocess.STDOUT, errors="replace",
                          check=False, **more)
    if done.returncode != 0:
        last = done.stdout.strip().splitlines()[-3:]
        raise Failed("%s ended with status %d: %s" % (
            os.path.basename(command[0]), done.returncode, " / ".join(last)))
    return done.stdout


def cpu_seconds(pids):
    """User and system time of processes so far, all their threads."""
    total = 0.0
    for pid in pids:
        with open("/proc/%d/stat" % pid, encoding="ascii",
                  errors="replace") as f:
            fields = f.read().rsplit(")", 1)[1].split()
        total += (int(fields[11]) + int(fields[12])) / TICKS
    return total


def memory_kib(pids, what):
    """Sum of a line of /proc/PID/status: VmRSS, or VmHWM for the peak."""
    total = 0
    for pid in pids:
        with open("/proc/%d/status" % pid, encoding="utf-8",
                  errors="replace") as f:
            for row in f:
                if row.startswith(what + ":"):
                    total += int(row.split()[1])
    return total


def drop_caches():
    """The kernel's caches, for all; False where only root might."""
    os.sync()
    try:
        with open("/proc/sys/vm/drop_caches", "w", encoding="ascii") as f:
            f.write("3\n")
        return True
    except OSError:
        return False


def has_fuse():
    """Root can have it loaded, where it is a module."""
    if not os.path.exists("/dev/fuse") and os.geteuid() == 0:
        said(["modprobe", "fuse"])
    return os.path.exists("/dev/fuse")


def read_all(folder):
    """Into the page cache."""
    for below, _, names in os.walk(folder):
        for n in names:
            with open(os.path.join(below, n), "rb") as f:
                while f.read(1 << 20):
                    pass


class System:
    name = title = ""
    kind = "plain"                      # plain, fuse, nfs, floor
    encrypted = False
    programs = ()                       # without these it is missing
    only = None                         # names of works, or None: all
    more = ()                           # arguments of nfsload
    usual = True                        # takes part if nobody names systems
    syncs = True                        # fsync() reaches the store's disk

    def __init__(self, folder, programs, slow=False):
        self.folder = folder
        self.paths = programs           # {name: path} of what we built
        self.slow = slow                # emulated: nothing dear twice
        self.children = []
        self.root = None
        self.mounted = None
        self.log = os.path.join(folder, "log")
        self.ready_s = None             # from exec to usable, at the last start

    # -- what a class may say otherwise

    def version(self):
        return ""

    def store(self):
        """Make an empty store below self.folder."""

    def launch(self):
        """Start the processes and wait until they are of use."""

    def mount(self):
        """Let the kernel see it: sets self.root."""

    # -- what the run calls

    def missing(self):
        """Why this system cannot take part, or None."""
        for p in self.programs:
            path = self.paths.get(p, p)
            if not (shutil.which(path) or os.access(path, os.X_OK)):
                return "there is no %s" % p
        if self.kind == "fuse" and not has_fuse():
            return "there is no /dev/fuse"
        return None

    def prepare(self):
        self.stop()
        shutil.rmtree(self.folder, ignore_errors=True)
        os.makedirs(self.folder)
        self.password = self.at("password")
        with open(self.password, "w", encoding="ascii") as f:
            f.write(PASSWORD)
        self.store()

    def start(self):
        began = time.monotonic()
        self.launch()
        self.ready_s = time.monotonic() - began

    def pids(self):
        return [c.pid for c in self.children if c.poll() is None]

    def cold(self, lower_too=True):
        """Forget what is cached: restart, mount anew; lower_too: and drop the
        kernel's caches, so that the store is read from the disk."""
        mounted = self.mounted and self.kind == "nfs"
        self.stop()
        if lower_too:
            drop_caches()
        self.start()
        if mounted:
            self.mount()

    def stop(self):
        self.unmount()
        for c in reversed(self.children):
            self.end(c)
        self.children = []

    # -- tools for the classes

    def at(self, name):
        return os.path.join(self.folder, name)

    def spawn(self, command, **more):
        out = open(self.log, "ab")
        try:
            c = subprocess.Popen(command, stdout=more.pop("stdout", out),
                                 stderr=out, preexec_fn=die_with_parent,
                                 **more)
        except OSError as e:
            raise Failed(str(e)) from e
        finally:
            out.close()
        self.children.append(c)
        return c

    def wait_for(self, child, is_ready, seconds=120):
        end = time.monotonic() + seconds * (10 if self.slow else 1)
        while not is_ready():
            if child.poll() is not None:
                raise Failed("ended with status %d: %s" % (
                    child.returncode, self.last_words()))
            if time.monotonic() > end:
                raise Failed("not ready in time: " + self.last_words())
            time.sleep(0.002)

    def last_words(self):
        try:
            with open(self.log, encoding="utf-8", errors="replace") as f:
                return " / ".join(s.strip() for s in f.readlines()[-3:])
        except OSError:
            return "no log"

    @staticmethod
    def end(child):
        if child.poll() is None:
            child.terminate()
            try:
                child.wait(60)
            except subprocess.TimeoutExpired:
                child.kill()
        child.wait()

    def unmount(self):
        if self.mounted:
            for how in ([], [], ["-f", "-l"]):
                try:
                    if subprocess.run(["umount"] + how + [self.mounted],
                                      stderr=subprocess.DEVNULL, check=False,
                                      timeout=120).returncode == 0:
                        break
                except subprocess.TimeoutExpired:       # its server is dead
                    continue
                time.sleep(0.5)
            self.mounted = None
        self.root = None


class Plain(System):
    name, title = "plain", "plain directory"

    def store(self):
        os.makedirs(self.at("dir"))

    def launch(self):
        self.root = self.at("dir")


class Fuse(System):
    kind, encrypted = "fuse", True

    def attach(self, command, **more):
        mnt = self.at("mnt")
        os.makedirs(mnt, exist_ok=True)
        child = self.spawn(command + [mnt], **more)
        self.wait_for(child, lambda: os.path.ismount(mnt))
        self.mounted = self.root = mnt

    def stop(self):
        self.unmount()
        for c in self.children:         # they end when unmounted
            try:
                c.wait(60)
            except subprocess.TimeoutExpired:
                pass
        super().stop()


class Gocryptfs(Fuse):
    name = title = "gocryptfs"
    programs = ("gocryptfs",)

    def version(self):
        return said(["gocryptfs", "--version"]).split(";")[0]

    def store(self):
        os.makedirs(self.at("store"))
        run(["gocryptfs", "-init", "-q", "-scryptn", "10", "-passfile",
             self.password, self.at("store")])

    def launch(self):
        self.attach(["gocryptfs", "-fg", "-q", "-passfile", self.password,
                     self.at("store")])


def debian_version(package):
    line = said(["dpkg-query", "-W", "-f", "${Version}", package])
    return "" if " " in line else line


class Securefs(Fuse):
    name = title = "securefs"
    programs = ("securefs",)

    def version(self):
        return "securefs " + debian_version("securefs")

    def store(self):
        run(["securefs", "create", "--pass", PASSWORD.strip(), "--pbkdf",
             "pkcs5-pbkdf2-hmac-sha256", "-r", "1", self.at("store")])

    def launch(self):
        self.attach(["securefs", "mount", "--pass", PASSWORD.strip(),
                     self.at("store")])


class Cryfs(Fuse):
    """Its scrypt takes some seconds and cannot be made cheaper: a store is
    made once and copied, and the program is not restarted to be cold.

    strace shows no fsync at all, neither when a client calls it nor when it
    is unmounted: blocks are written some time after fsync() has returned."""
    name, title = "cryfs", "CryFS"
    syncs = False
    programs = ("cryfs",)
    # a store that was made before, and a variable that says where
    template, variable = os.environ.get("BENCH_CRYFS"), "BENCH_CRYFS"

    def environment(self):
        return dict(os.environ, CRYFS_FRONTEND="noninteractive",
                    CRYFS_NO_UPDATE_CHECK="true",
                    CRYFS_LOCAL_STATE_DIR=self.at("state"))

    def version(self):
        return said(["cryfs", "--version"], env=self.environment())

    def store(self):
        if Cryfs.template:
            shutil.copytree(Cryfs.template, self.at("store"))
            return
        os.makedirs(self.at("store"))
        self.launch()                   # the first mount makes it
        self.stop()
        Cryfs.template = self.folder + ".template"
        shutil.rmtree(Cryfs.template, ignore_errors=True)
        shutil.copytree(self.at("store"), Cryfs.template)

    def launch(self):
        with open(self.password, "rb") as f:
            self.attach(["cryfs", "-f", self.at("store")], stdin=f,
                        env=self.environment())

    def cold(self, lower_too=True):
        """Without a restart.  It keeps blocks in memory for a second."""
        time.sleep(2)
        drop_caches()
        if not lower_too:
            read_all(self.at("store"))
