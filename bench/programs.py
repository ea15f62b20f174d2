"""programs.py - what bench/compare and bench/ablation have in common:
options, the way into the guest, and an end that keeps what was measured.
"""
import os
import shutil
import signal
import subprocess
import sys
import tempfile
import time
import traceback

import machine
import report
import samples
import systems

HERE = os.path.dirname(os.path.abspath(__file__))
GUEST = os.path.join(HERE, "..", "tests", "e2e", "guest-run")
BUILT = {"vaultnfs": "vaultnfs", "vaultbench": "bench/vaultbench",
         "nfsload": "bench/nfsload", "floor": "bench/floor",
         "scale_make": "tests/scale/scale_make"}


def add_options(p):
    how = p.add_mutually_exclusive_group()
    for mode in ("native", "guest", "direct"):
        how.add_argument("--" + mode, dest="mode", action="store_const",
                         const=mode)
    p.add_argument("--rounds", type=int, metavar="N")
    p.add_argument("--rounds-of", metavar="W=N,...", help="guest, direct: "
                   "other numbers of rounds for some workloads")
    p.add_argument("--scale", type=float, metavar="S",
                   help="of the workloads [native 1, else 0.1; quick a fifth]")
    p.add_argument("--quick", action="store_true", help="small and short")
    p.add_argument("--out", metavar="DIR", help="results [a new folder]")
    p.add_argument("--build", metavar="DIR", default=".",
                   help="where vaultnfs and bench/* were built [.]")
    p.add_argument("--vaultnfs", metavar="FILE", help="another binary")
    p.add_argument("--work", metavar="DIR", help="where the stores are made "
                   "[guest: /disk, an ext4 on a disk of its own]")
    p.add_argument("--disk", metavar="SIZE", help="as root: stores are made on "
                   "a new ext4 of SIZE in --work, so that the age of a disk "
                   "has no say")
    p.add_argument("--seed", type=int, metavar="N", help="of the orders")
    p.add_argument("--timeout", type=int, default=14400, metavar="S",
                   help="of the guest [14400]")


def complete(opt, name, native, mounted):
    opt.mode = opt.mode or "native"
    opt.rounds = opt.rounds or (2 if opt.quick else native
                                if opt.mode == "native" else mounted)
    full = 1.0 if opt.mode == "native" else 0.1
    opt.scale = opt.scale or (full / 5 if opt.quick else full)
    if opt.seed is None:
        opt.seed = time.time_ns() % 10 ** 6
    opt.paths = {k: os.path.abspath(os.path.join(opt.build, v))
                 for k, v in BUILT.items()}
    if opt.vaultnfs:
        opt.paths["vaultnfs"] = os.path.abspath(opt.vaultnfs)
    for needed in ("vaultbench",) if opt.mode != "native" else ("nfsload",):
        if not os.access(opt.paths[needed], os.X_OK):
            raise SystemExit("%s: there is no %s: make it, or say --build DIR"
                             % (name, opt.paths[needed]))
    opt.out = os.path.abspath(opt.out or tempfile.mkdtemp(
        prefix="vaultnfs-%s." % name, dir=temporary()))
    os.makedirs(opt.out, exist_ok=True)


def temporary():
    return os.environ.get("TMPDIR", "/var/tmp")


def in_guest(opt, program):
    """The same program with --direct, in the guest; results by a share."""
    folder = tempfile.mkdtemp(prefix="vaultnfs-bench.", dir=temporary())
    try:
        return boot(opt, program, folder)
    finally:
        shutil.rmtree(folder, ignore_errors=True)


def boot(opt, program, folder):
    command = [GUEST, "--writable-disk", "8G:/disk", "--out", opt.out,
               "--timeout", str(opt.timeout), "--mem", "3072",
               "--env", "TMPDIR=/disk"]
    if "cryfs" in (getattr(opt, "systems", None) or "cryfs"):
        s = systems.Cryfs(os.path.join(folder, "cryfs"), opt.paths)
        if program.endswith("compare") and not s.missing():
            s.prepare()                 # minutes, if it were emulated
            command += ["--env", "%s=%s" % (s.variable, s.template)]
    command += ["-c", 'exec "$@"', program]
    command += [a for a in sys.argv[1:] if a != "--guest"]
    command += ["--direct", "--out", opt.out, "--work", opt.work or "/disk",
                "--build", os.path.abspath(opt.build), "--seed",
                str(opt.seed)]
    if opt.vaultnfs:
        command += ["--vaultnfs", opt.paths["vaultnfs"]]
    return subprocess.run(command, check=False).returncode


def new_disk(folder, size):
    """An ext4 in a file; where it is mounted.  All of it is allocated, where
    there is room: who writes a block first would pay for it."""
    image, where = os.path.join(folder, "image"), os.path.join(folder, "disk")
    os.mkdir(where)
    systems.run(["truncate", "-s", size, image])
    if enough(folder, 2 * os.path.getsize(image)):
        systems.run(["fallocate", "-l", str(os.path.getsize(image)), image])
    systems.run(["mkfs.ext4", "-q", "-F", "-i", "4096", "-E",
                 "nodiscard,lazy_itable_init=0,lazy_journal_init=0", image])
    systems.run(["mount", "-o", "loop", image, where])
    return where


def enough(folder, size):
    """On the disk, and in memory in case it is one."""
    s = os.statvfs(folder)
    known = machine.first_line("/proc/meminfo", "MemAvailable").split()[0]
    return s.f_bavail * s.f_frsize >= size and known.isdigit() and \
        int(known) * 1024 >= size


def file_system(folder):
    return systems.said(["stat", "-f", "-c", "%T", folder])


def stopped(_signal, _frame):
    raise KeyboardInterrupt


def run(opt, kind, body):
    """body(kind(...)) between set-up and an end that keeps the samples."""
    signal.signal(signal.SIGTERM, stopped)
    folder = tempfile.mkdtemp(prefix="vaultnfs-bench.",
                              dir=opt.work or temporary())
    disk = new_disk(folder, opt.disk) if opt.disk else None
    c = kind(opt, disk or folder)
    status = 1
    try:
        c.raw["machine"]["stores_on"] = file_system(c.folder) + \
            (", new" if disk else "")
        status = body(c)
        c.raw["complete"] = True
    except KeyboardInterrupt:
        c.raw["notes"].append("The run was stopped before its end.")
    except Exception:                   # what was measured is kept
        traceback.print_exc()
        c.raw["notes"].append("The run broke off: %s" %
                              traceback.format_exc().splitlines()[-1])
    finally:
        c.take_down()
        if disk:
            subprocess.run(["umount", disk], check=False)
        shutil.rmtree(folder, ignore_errors=True)
        c.keep()
    ablation = getattr(opt, "ablation", None)
    print(report.write(c.raw, opt.out,
                       samples.load(ablation) if ablation else None))
    print("Samples and the page are in %s" % opt.out)
    whole = all(x["state"] == "ok" for x in c.raw["systems"])
    return status or (0 if whole and not c.raw["failures"] else 1)
