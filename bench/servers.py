"""servers.py - the NFS servers that are compared, and all systems by name.

Each has an address, an export and, where MOUNT has another, a port for that.
mount() is only called where this kernel has an NFS client.
"""
import json
import os
import socket

import machine
from systems import (Cryfs, Failed, Gocryptfs, Plain, Securefs, System, run,
                     said)


def free_port():
    with socket.socket() as s:
        s.bind(("127.0.0.1", 0))
        return s.getsockname()[1]


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
    cache_mib, dirty_mib = 32, 32       # what serve takes if nobody says
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
        os.makedirs(self.at("run"), mode=0o700, exist_ok=True)
        command = [self.paths["vaultnfs"], "serve", self.at("store") + "=bench",
                   "--password-file", self.password, "--port",
                   str(self.port or 0), "--state-dir", self.at("state"),
                   "--run-dir", self.at("run"),
                   "--cache-size", "%dM" % self.cache_mib,
                   "--dirty-limit", "%dM" % self.dirty_mib]
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

    def stats(self, *more):
        """What it counts itself."""
        out = run([self.paths["vaultnfs"], "stats", "--json", "--run-dir",
                   self.at("run")] + list(more))
        try:
            return json.loads(out)
        except ValueError as e:
            raise Failed("vaultnfs stats: %s" % e) from e


class VaultnfsPlain(Vaultnfs):
    name, title = "vaultnfs-plain", "vaultnfs without encryption"
    encrypted, cipher, tune = False, "NONE", ("no-encryption",)


class VaultnfsCtrmac(Vaultnfs):
    name, title = "vaultnfs-ctrmac", "vaultnfs, SIV_CTRMAC"
    cipher = "SIV_CTRMAC"


class VaultnfsNoJournal(Vaultnfs):
    name, title = "vaultnfs-nojournal", "vaultnfs, no journal"
    tune = ("no-journal",)


class VaultnfsNoIdeas(Vaultnfs):
    """Only if it is asked for: bench/ablation says more."""
    name, title = "vaultnfs-noideas", "vaultnfs without three ideas"
    tune = ("no-arena", "no-inline", "no-pool")
    usual = False


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


class Knfsd(Ganesha):
    """The kernel's own: what an NFS server can be at best, on this kernel's
    client.  A host has one, which is not ours to stop: in the guest only."""
    name, title = "knfsd", "the kernel's NFS server on a plain directory"
    programs = ("rpc.nfsd", "rpc.mountd", "exportfs", "rpcbind")
    usual = False
    runs = False

    def missing(self):
        return super().missing() or (
            None if self.slow else "it is started in the guest only")

    def version(self):
        return "Linux " + os.uname().release

    def launch(self):
        self.export = self.below()
        self.rpcbind()
        said(["modprobe", "nfsd"])
        if not os.path.ismount("/proc/fs/nfsd"):
            run(["mount", "-t", "nfsd", "nfsd", "/proc/fs/nfsd"])
        self.port, self.mount_port = free_port(), free_port()
        child = self.spawn(["rpc.mountd", "-F", "-p", str(self.mount_port)])
        self.runs = True
        run(["exportfs", "-o", "rw,no_root_squash,insecure,no_subtree_check,"
             "fsid=7", "127.0.0.1:" + self.export])
        run(["rpc.nfsd", "-N", "4", "-p", str(self.port), "4"])
        self.wait_for(child, lambda: listens(self.port) and
                      listens(self.mount_port))

    def pids(self):
        """With the kernel's threads."""
        return super().pids() + [
            int(p) for p in os.listdir("/proc") if p.isdigit() and
            machine.first_line("/proc/%s/status" % p, "Name") == "nfsd"]

    def stop(self):
        self.unmount()
        if self.runs:
            said(["rpc.nfsd", "0"])
            said(["exportfs", "-ua"])
            self.runs = False
        super().stop()


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
       VaultnfsNoIdeas, Gocryptfs, Securefs, Cryfs, Ganesha, GaneshaGocryptfs,
       Knfsd, FloorTcp, FloorRead, FloorRead2, FloorReadCtrmac,
       FloorReadCtrmac2]
BY_NAME = {c.name: c for c in ALL}
