"""tools.py - runs bench/nfsload, bench/vaultbench and bench/floor.

They say what they found as JSON; here it becomes values of a sample.  While
vaultbench runs it may ask for cold caches: it calls a command that writes to
one FIFO and waits on another, and the answer is given from here.
"""
import json
import os
import select
import signal
import subprocess
import time

import works
from systems import Failed, die_with_parent

LIMIT = 900                             # seconds for one command


def last_line(text):
    rows = [r for r in text.splitlines() if r.strip()]
    return rows[-1].strip()[:300] if rows else "it said nothing"


def understood(out, command, status, err):
    """The JSON that a program printed; its complaint is the reason if not."""
    name = os.path.basename(command[0])
    try:
        said = json.loads(out.strip().splitlines()[-1] if name != "vaultbench"
                          else out)
    except (ValueError, IndexError):
        raise Failed("%s ended with status %d: %s" % (
            name, status, last_line(err or out))) from None
    errors = said.get("errors")
    if errors:
        raise Failed("%s: %s; %s" % (name, errors if isinstance(errors, int)
                                     else errors[0], last_line(err)))
    if status != 0:
        raise Failed("%s ended with status %d: %s" % (name, status,
                                                      last_line(err)))
    return said


def json_of(command, slow=False):
    try:
        done = subprocess.run(
            command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True,
            errors="replace", check=False, timeout=LIMIT * (4 if slow else 1),
            preexec_fn=die_with_parent)
    except (OSError, subprocess.TimeoutExpired) as e:
        raise Failed(str(e)) from e
    return understood(done.stdout, command, done.returncode, done.stderr)


def pid_options(pids):
    return [w for p in pids for w in ("--server-pid", str(p))]


class Nfsload:
    def __init__(self, path):
        self.path = path
        self.uid = os.geteuid()

    def run(self, system, arguments):
        """What it says of a system that was started."""
        command = [self.path, "--server", "%s:%d" % (system.host, system.port),
                   "--export", system.export, "--uid", str(self.uid), "--json"]
        if system.mount_port != system.port:
            command += ["--mount-port", str(system.mount_port)]
        return json_of(command + pid_options(system.pids()) + list(arguments))


def suite_of(listing, suite):
    words, inside = [], False
    part = listing.split("suites:\n", 1)[-1].split("workloads:\n", 1)
    for row in part[0].splitlines():
        if row.startswith("   "):       # goes on
            words += row.split() if inside else []
            continue
        inside = row.split()[:1] == [suite]
        words += row.split()[1:] if inside else []
    known = [r.split()[0] for r in part[-1].splitlines() if r.strip()]
    return [w for w in words or [suite] if w in known]


class Vaultbench:
    def __init__(self, path, folder):
        self.path = path
        self.folder = folder            # for the FIFOs
        self.ask = os.path.join(folder, "ask")
        self.answer = os.path.join(folder, "answer")

    def names(self, suite):
        """The workloads of a suite, or of this one word.  --list has them
        indented, a suite that is long goes on in the next line."""
        done = subprocess.run([self.path, "--list"], stdout=subprocess.PIPE,
                              text=True, check=False)
        return suite_of(done.stdout, suite)

    def cold_command(self):
        """For --cold: a shell is all that it starts."""
        for fifo in (self.ask, self.answer):
            if os.path.exists(fifo):
                os.unlink(fifo)
            os.mkfifo(fifo, 0o600)
        return 'echo cold > "%s" && read said < "%s" && [ "$said" = ok ]' % (
            self.ask, self.answer)

    def run(self, system, arguments, cold=None):
        """What it says.  cold: called for a system that is to forget."""
        pid_file = os.path.join(self.folder, "pid")
        command = [self.path, system.root, "--json", "-", "--label",
                   system.name] + list(arguments)
        self.write_pids(pid_file, system)
        if cold:
            command += ["--cold", self.cold_command()]
        if cold and len(system.pids()) == 1:
            command += ["--server-pid-file", pid_file]
        else:
            command += pid_options(system.pids())
        return self.attend(command, system, pid_file, cold)

    @staticmethod
    def write_pids(path, system):
        with open(path, "w", encoding="ascii") as f:
            f.write("".join("%d\n" % p for p in system.pids()))

    def attend(self, command, system, pid_file, cold):
        out_path = os.path.join(self.folder, "vaultbench.json")
        err_path = os.path.join(self.folder, "vaultbench.err")
        fifo = os.open(self.ask, os.O_RDWR) if cold else None
        try:
            with open(out_path, "wb") as out, open(err_path, "wb") as err:
                child = subprocess.Popen(command, stdout=out, stderr=err,
                                         start_new_session=True,
                                         preexec_fn=die_with_parent)
                self.wait(child, fifo, system, pid_file, cold)
        finally:
            if fifo is not None:
                os.close(fifo)
        with open(out_path, encoding="utf-8", errors="replace") as out, \
                open(err_path, encoding="utf-8", errors="replace") as err:
            return understood(out.read(), command, child.returncode,
                              err.read())

    def wait(self, child, fifo, system, pid_file, cold):
        end = time.monotonic() + LIMIT * (8 if system.slow else 1)
        try:
            while child.poll() is None:
                if time.monotonic() > end:
                    raise Failed("vaultbench took over %d s" % LIMIT)
                if fifo is None:
                    time.sleep(0.02)
                elif select.select([fifo], [], [], 0.1)[0]:
                    os.read(fifo, 4096)
                    self.make_cold(system, pid_file, cold)
        finally:
            if child.poll() is None:
                os.killpg(child.pid, signal.SIGTERM)
                child.wait()

    def make_cold(self, system, pid_file, cold):
        said = "ok"
        try:
            cold(system)
            self.write_pids(pid_file, system)
        except (Failed, OSError) as e:
            said = "no: %s" % e
        with open(self.answer, "w", encoding="utf-8") as f:
            f.write(said + "\n")


def results_of(said, work_of=works.of_workload):
    """(work, values) of each sample that vaultbench said something of."""
    for result in said["results"]:
        w = work_of(result)
        for i in range(len(result["samples"]) if w else 0):
            yield w, works.of_vaultbench(w, result, i)
