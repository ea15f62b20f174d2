"""works.py - what is run on every system, and what its figure is.

A work is the same kind of task on all: an NFS server does it for
bench/nfsload, a mounted directory for bench/vaultbench.  Its figure is a rate
or a time; beside it stands the processor time that the server took for one
call, file, entry or MiB, which is what can be compared where one side has a
client in user space and the other one in the kernel.
"""
import collections
import os

MIB = 1 << 20

# name, title, group; unit of the figure; per: what processor time is divided
# by; nfs: arguments of nfsload; bench: a step of vaultbench's suite micro.
Work = collections.namedtuple(
    "Work", "name title group unit per nfs bench", defaults=(None, None))

# Beside the same at depth 1, which all have; others would only take time.
ONLY_OURS = ("stat-16", "create-write-16", "unlink-16", "rename-16")


def call(name, title, proc, depth, bench=None, *more):
    return Work(name, title, "calls", "/s", "call",
                ("--proc", proc, "--depth", str(depth)) + more, bench)


def data(name, title, nfs, bench=None):
    return Work(name, title, "data", "MiB/s", "MiB", tuple(nfs.split()), bench)


def pages(name, title, nfs, bench=None):
    return Work(name, title, "4 KiB blocks", "/s", "call",
                tuple(nfs.split()) + ("--size", "4096", "--random"), bench)


def files(name, title, nfs, bench=None, per="file"):
    return Work(name, title, "files", "/s", per, tuple(nfs.split()), bench)


NATIVE = [
    call("tcp", "bare TCP ping-pong", "tcp", 1),
    call("null", "NULL, depth 1", "null", 1),
    call("getattr", "GETATTR, depth 1", "getattr", 1),
    call("getattr-16", "GETATTR, depth 16", "getattr", 16),
    call("getattr-64", "GETATTR, depth 64", "getattr", 64),
    call("lookup", "LOOKUP, depth 1", "lookup", 1),
    call("lookup-16", "LOOKUP, depth 16", "lookup", 16),
    call("stat", "LOOKUP of 10,000 files / stat, uncached", "lookup", 1,
         "micro-stat", "--files", "10000"),
    call("stat-16", "LOOKUP of 10,000 files, depth 16", "lookup", 16, None,
         "--files", "10000"),
    call("absent-16", "LOOKUP of an absent name, depth 16", "lookup-absent",
         16),
    call("access-16", "ACCESS, depth 16", "access", 16),
    call("fair-1", "GETATTR, 1 connection", "getattr", 16, None,
         "--connections", "1"),
    call("fair-4", "GETATTR, 4 connections", "getattr", 16, None,
         "--connections", "4"),
    call("fair-16", "GETATTR, 16 connections", "getattr", 16, None,
         "--connections", "16"),
    call("mix", "mixed calls, depth 16", "mix", 16),
    data("seq-read", "sequential read, 1 MiB",
         "--proc read --size 1048576 --depth 4", "micro-seq-read"),
    data("seq-read-2", "sequential read, two connections",
         "--proc read --size 1048576 --depth 4 --connections 2"),
    data("seq-write", "sequential write of new files, 1 MiB, each committed",
         "--proc write --size 1048576 --depth 4", "micro-seq-write"),
    pages("rand-read", "4 KiB random read, depth 1", "--proc read --depth 1",
          "micro-rand-read"),
    pages("rand-read-16", "4 KiB random read, depth 16",
          "--proc read --depth 16"),
    pages("rand-write", "4 KiB random write, depth 1", "--proc write --depth 1",
          "micro-rand-write"),
    pages("rand-write-16", "4 KiB random write, depth 16",
          "--proc write --depth 16"),
    files("create-write", "create and write 4 KiB", "--proc create-write",
          "micro-create"),
    files("create-write-16", "create and write 4 KiB, depth 16",
          "--proc create-write --depth 16"),
    files("create", "create, empty", "--proc create"),
    files("unlink", "unlink", "--proc remove", "micro-unlink"),
    files("unlink-16", "unlink, depth 16", "--proc remove --depth 16"),
    files("rename", "rename", "--proc rename-each", "micro-rename"),
    files("rename-16", "rename, depth 16", "--proc rename-each --depth 16"),
    files("list", "list and stat 10,000 entries", "--proc readdirplus",
          "micro-list", "entry"),
]
BY_NAME = {w.name: w for w in NATIVE}
BY_STEP = {w.bench: w for w in NATIVE if w.bench}


def load_of(w):
    """The workload of vaultbench that has the work's step."""
    return "micro-data" if w.group in ("data", "4 KiB blocks") else \
        "micro-files"


# Depth 1: these are also measured in turns with NULL, as its share.
BESIDE_NULL = ("getattr", "lookup")

# What a run adds for each system beside the works.
EXTRA = [
    Work("ready", "from start to usable", "start and memory", "s", "start"),
    Work("ready-over-scrypt", "from start to usable, less scrypt",
         "start and memory", "s", "start"),
    Work("rss-idle", "memory after unlocking", "start and memory", "MiB",
         "process"),
    Work("rss-peak", "memory, highest in the round", "start and memory",
         "MiB", "process"),
    Work("stall", "longest callback of the loop under mixed load",
         "start and memory", "ms", "run"),
    Work("stall-outside", "longest GETATTR under mixed load, from outside",
         "start and memory", "ms", "run"),
    Work("stall-null", "longest NULL in the same load", "start and memory",
         "ms", "run"),
    Work("stall-machine", "longest NULL with no other load",
         "start and memory", "ms", "run"),
] + [Work("%s-files%s" % (proc, form), "%s of %s" % (title, words),
          "many files", "us", "call")
     for form, words in (("", "1,000 files in 10 directories"),
                         ("-wide", "1,000 files in 1,000 directories"))
     for proc, title in (("lookup", "LOOKUP"), ("getattr", "GETATTR"),
                         ("create", "CREATE"),
                         ("by-hand", "open(O_CREAT) in the vault's folder"))]


def large_file(scale):
    """MiB of the file that vaultbench's micro-data writes (vb_micro.c)."""
    return max(8, int(64 * scale + 0.5))


GOOD_IS_LESS = ("s", "ms", "us", "MiB")


def more_is_better(unit):
    return unit not in GOOD_IS_LESS


def describe(w):
    return {"name": w.name, "title": w.title, "group": w.group,
            "unit": w.unit, "per": w.per}


def possible(cpu_us, said):
    """Not more than all processors had: a thread that ended while it was
    measured takes its time away, and a difference below 0 is no figure."""
    most = said.get("seconds", 0) * 1e6 * (os.cpu_count() or 1)
    return 0 <= cpu_us <= 1.5 * most + 20000


def of_nfsload(w, said):
    """The values of one sample, of what nfsload said."""
    calls, size = said.get("calls") or 0, said.get("bytes") or 0
    values = {k: said[k] for k in ("rate", "mib_s", "p50_us", "p99_us",
                                   "max_us", "jain", "ctx_switches")
              if said.get(k) is not None}
    done = {"MiB": size / MIB, "entry": said.get("entries") or 0}.get(
        w.per, calls)
    main = said.get("mib_s") if w.unit == "MiB/s" else said.get("rate")
    if w.per == "entry" and said.get("seconds"):
        main = done / said["seconds"]
    values["main"] = main
    cpu = said.get("server_cpu_us")
    if cpu is not None and done and possible(cpu * calls, said):
        values["cpu_us"] = cpu * calls / done
    return values


def of_vaultbench(w, result, i):
    """The values of the i-th sample of a result of vaultbench."""
    value, unit = result["samples"][i], result["unit"]
    values = {"seconds": value} if unit == "s" else {}
    seconds = value if unit == "s" else None
    net = result.get("net_of_sleeps")
    if net and len(net) > i and net[i] is not None:
        seconds = net[i]
    size, ops = result.get("bytes") or 0, result.get("ops") or 0
    done = {"MiB": size / MIB, "run": 1}.get(w.per, ops)
    if w.unit == unit:
        values["main"] = seconds if unit == "s" else value
    elif seconds and done:
        values["main"] = done / seconds
    cpu = result.get("server_cpu_s")
    if cpu and len(cpu) > i and cpu[i] is not None:
        if done:
            values["cpu_us"] = cpu[i] * 1e6 / done
    if result.get("peak_rss_kib"):
        values["peak_rss_mib"] = result["peak_rss_kib"] / 1024
    if result.get("rpcs"):
        values["rpcs"] = sum(result["rpcs"].values())
    return values


def of_step(result):
    """The work of a step, once for each: where a step was run again with
    cold caches, that is the one that is like a client without a cache."""
    w = BY_STEP.get(result["name"])
    return w if result.get("phase", "-") != "warm" else None


def of_workload(result):
    """A work made of a result of vaultbench whose name we do not know."""
    name = result["name"] + (", cold" if result.get("phase") == "cold" else "")
    unit = result["unit"]
    return Work(name, name, "workloads", unit, "run")
