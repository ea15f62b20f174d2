"""systems.py - what is compared: one class for each system.

A system has a folder of its own.  prepare() makes an empty store in it,
start() brings it up and measures how long that took, stop() ends it; what is
below `root' is the served directory where this kernel can reach it.  An NFS
server also has an address and an export for bench/nfsload; mount() is only
called where the kernel has an NFS client.

Passwords are stretched as little as each program lets us, so that a run is
not spent on that: these stores hold nothing.
"""
import ctypes
import os
import shutil
import signal
import socket
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


def free_port():
    with socket.socket() as s:
        s.bind(("127.0.0.1", 0))
        return s.getsockname()[1]


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
    made once and copied, and the program is not restarted to be cold."""
    name, title = "cryfs", "CryFS"
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


class Nfs(System):
    kind = "nfs"
    host = "127.0.0.1"
    port = mount_port = None
    export = ""

    def mount(self):
        mnt = self.at("nfs")
        os.makedirs(mnt, exist_ok=True)
        run(["mount", "-t", "nfs", "-o",
             "vers=3,tcp,mountproto=tcp,port=%d,mountport=%d,nolock" % (
                 self.port, self.mount_port),
             "%s:%s" % (self.host, self.export), mnt])
        self.mounted = self.root = mnt


class Vaultnfs(Nfs):
    name = title = "vaultnfs"
    encrypted = True
    programs = ("vaultnfs",)
    cipher, tune, scrypt_cost = "SIV_GCM", (), 1024
    export = "/bench"

    def version(self):
        return said([self.paths["vaultnfs"], "--version"])

    def environment(self):
        return dict(os.environ, VAULTNFS_FAST_KDF="1")

    def store(self):
        run([self.paths["vaultnfs"], "init", self.at("store"), "--cipher",
             self.cipher, "--scrypt-cost", str(self.scrypt_cost),
             "--password-file", self.password], env=self.environment())

    def launch(self):
        ready = self.at("ready")
        command = [self.paths["vaultnfs"], "serve", self.at("store") + "=bench",
                   "--password-file", self.password, "--port",
                   str(self.port or 0), "--state-dir", self.at("state")]
        if self.tune:
            command += ["--tune", ",".join(self.tune)]
        with open(ready, "wb") as out:
            child = self.spawn(command, stdout=out, env=self.environment())
        self.wait_for(child, lambda: self.read_ready(ready))
        self.mount_port = self.port

    def read_ready(self, path):
        with open(path, encoding="utf-8") as f:
            line = f.readline()
        if not line.startswith("ready ") or not line.endswith("\n"):
            return False
        self.port = int(line.split()[1].rsplit(":", 1)[1])
        return True

    def prepare(self):
        self.port = None
        super().prepare()


class VaultnfsPlain(Vaultnfs):
    name, title = "vaultnfs-plain", "vaultnfs without encryption"
    encrypted, tune = False, ("no-encryption",)


class VaultnfsCtrmac(Vaultnfs):
    name, title = "vaultnfs-ctrmac", "vaultnfs, SIV_CTRMAC"
    cipher = "SIV_CTRMAC"


class VaultnfsNoJournal(Vaultnfs):
    name, title = "vaultnfs-nojournal", "vaultnfs, no journal"
    tune = ("no-journal",)


class Floor(Nfs):
    """Servers that do only what nobody can leave out: bench/floor."""
    kind = "floor"
    programs = ("floor",)
    export = "/floor"

    def serve(self, arguments):
        ready = self.at("ready")
        with open(ready, "wb") as out:
            child = self.spawn([self.paths["floor"]] + arguments, stdout=out)
        self.wait_for(child, lambda: self.read_ready(ready))
        self.mount_port = self.port

    read_ready = Vaultnfs.read_ready


class FloorTcp(Floor):
    name, title = "floor-tcp", "bare TCP ping-pong"
    only = ("tcp",)

    def launch(self):
        self.serve(["tcp"])


class FloorRead(Floor):
    """One file of a vault, read and decrypted, with no server around it."""
    name, title = "floor-read", "floor: read and decrypt"
    only = ("seq-read", "seq-read-2")
    programs = ("floor", "vaultnfs")
    cipher, size_mib, threads = "SIV_GCM", 128, 1
    more = ("--file", "large")
    scrypt_cost = Vaultnfs.scrypt_cost
    environment = Vaultnfs.environment

    def store(self):
        Vaultnfs.store(self)
        clear = self.at("large")
        with open(clear, "wb") as f:
            for _ in range(self.size_mib):
                f.write(os.urandom(1 << 20))
        run([self.paths["vaultnfs"], "put", self.at("store"), clear, "/large",
             "--password-file", self.password], env=self.environment())
        os.unlink(clear)

    def launch(self):
        self.serve(["read", self.at("store"), "large", "--password-file",
                    self.password, "--threads", str(self.threads)])


class FloorRead2(FloorRead):
    name, title = "floor-read-2", "floor, two threads"
    threads = 2


class FloorReadCtrmac(FloorRead):
    name, title = "floor-read-ctrmac", "floor, SIV_CTRMAC"
    cipher = "SIV_CTRMAC"


class FloorReadCtrmac2(FloorReadCtrmac):
    name, title = "floor-read-ctrmac-2", "floor, SIV_CTRMAC, two threads"
    threads = 2


GANESHA = """
NFS_CORE_PARAM {{
	NFS_Port = {port}; MNT_Port = {mount_port}; {bind}
	Protocols = 3; Enable_NLM = false; Enable_RQUOTA = false;
	Enable_UDP = false;
}}
NFSv4 {{ Graceless = true; RecoveryRoot = {state}; }}
NFS_KRB5 {{ Active_krb5 = false; }}
LOG {{ Default_Log_Level = WARN; }}
EXPORT {{
	Export_Id = 1; Path = {path}; Pseudo = /bench; Protocols = 3;
	Access_Type = RW; Squash = No_Root_Squash; SecType = sys;
	Transports = TCP; FSAL {{ Name = VFS; }}
}}
"""


class Ganesha(Nfs):
    """Ganesha serves nothing without a rpcbind: one is started if need be."""
    name, title = "ganesha", "nfs-ganesha on a plain directory"
    programs = ("ganesha.nfsd", "rpcbind")

    def missing(self):
        return super().missing() or (
            "only root can start it" if os.geteuid() != 0 else None)

    def version(self):
        return said(["ganesha.nfsd", "-v"])

    def store(self):
        os.makedirs(self.at("store"))

    def below(self):
        """The directory that it serves."""
        return self.at("store")

    def launch(self):
        below, self.helper = self.below(), None
        self.rpcbind()
        self.port, self.mount_port = free_port(), free_port()
        self.export = below
        os.makedirs(self.at("state"), exist_ok=True)
        with open(self.at("conf"), "w", encoding="ascii") as f:
            f.write(GANESHA.format(port=self.port, path=below,
                                   mount_port=self.mount_port,
                                   # it knows no address where there is only lo
                                   bind="" if self.slow else
                                   "Bind_addr = 127.0.0.1;",
                                   state=self.at("state")))
        child = self.spawn(["ganesha.nfsd", "-F", "-f", self.at("conf"), "-L",
                            self.at("ganesha.log"), "-p", self.at("pid")])
        self.server = child
        self.wait_for(child, lambda: listens(self.port) and
                      listens(self.mount_port))

    def rpcbind(self):
        if not listens(111):
            child = self.spawn(["rpcbind", "-f", "-w"])
            self.wait_for(child, lambda: listens(111))
            self.helper = child.pid

    helper = None

    def pids(self):
        return [p for p in super().pids() if p != self.helper]

    def last_words(self):
        try:
            with open(self.at("ganesha.log"), encoding="utf-8",
                      errors="replace") as f:
                return " / ".join(s.strip() for s in f if "CRIT" in s or
                                  "MAJ" in s)[-400:]
        except OSError:
            return super().last_words()


class GaneshaGocryptfs(Ganesha):
    name, title = "ganesha-gocryptfs", "nfs-ganesha on gocryptfs"
    encrypted = True
    programs = Ganesha.programs + ("gocryptfs",)

    def __init__(self, folder, programs, slow=False):
        super().__init__(folder, programs, slow)
        self.lower = Gocryptfs(os.path.join(folder, "lower"), programs, slow)

    def store(self):
        self.lower.prepare()

    def below(self):
        self.lower.start()
        return self.lower.root

    def pids(self):
        return super().pids() + self.lower.pids()

    def stop(self):
        super().stop()
        self.lower.stop()


def listens(port):
    with socket.socket() as s:
        s.settimeout(1)
        return s.connect_ex(("127.0.0.1", port)) == 0


ALL = [Plain, Vaultnfs, VaultnfsPlain, VaultnfsCtrmac, VaultnfsNoJournal,
       Gocryptfs, Securefs, Cryfs, Ganesha, GaneshaGocryptfs, FloorTcp,
       FloorRead, FloorRead2, FloorReadCtrmac, FloorReadCtrmac2]
BY_NAME = {c.name: c for c in ALL}
