"""machine.py - where figures were taken."""
import os
import platform
import time


def first_line(path, key):
    try:
        with open(path, encoding="utf-8", errors="replace") as f:
            for row in f:
                if row.split(":", 1)[0].split("=", 1)[0].strip() == key:
                    return row.replace("=", ":", 1).split(":", 1)[1].strip(
                        '" \n\t')
    except OSError:
        pass
    return "?"


def load():
    """The run queue now: others' work, if we have not begun."""
    try:
        return list(os.getloadavg())
    except OSError:
        return []


def describe():
    memory = first_line("/proc/meminfo", "MemTotal").split()[0]
    flags = first_line("/proc/cpuinfo", "flags").split()
    return {
        "cpu": first_line("/proc/cpuinfo", "model name"),
        "cores": len(os.sched_getaffinity(0)) if hasattr(
            os, "sched_getaffinity") else os.cpu_count(),
        "instructions": [f for f in ("aes", "vaes", "pclmulqdq",
                                     "vpclmulqdq", "sha_ni", "avx2",
                                     "avx512f") if f in flags],
        "virtual": "hypervisor" in flags,
        "emulated": "QEMU TCG" in first_line("/proc/cpuinfo", "model name")
                    or bool(os.environ.get("GUEST")),
        "memory_mib": int(memory) // 1024 if memory.isdigit() else None,
        "kernel": " ".join(platform.uname()[i] for i in (0, 2, 4)),
        "os": first_line("/etc/os-release", "PRETTY_NAME"),
        "date": time.strftime("%Y-%m-%d %H:%M UTC", time.gmtime()),
        "load_before": load(),
    }
