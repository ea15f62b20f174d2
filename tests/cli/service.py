"""service.py - serve as a service manager and Prometheus see it; prints TAP.

    service.py VAULTNFS VAULT PASSWORD-FILE

Plays systemd (NOTIFY_SOCKET, WATCHDOG_USEC, LISTEN_FDS) and counts its own
calls, with which stats, stats --watch and the metrics must agree.
"""
import collections
import json
import os
import re
import signal
import socket
import subprocess
import sys
import time
import urllib.error
import urllib.request

here = os.path.dirname(os.path.abspath(__file__))
source = open(here + "/nfs3.py").read().rsplit("main()", 1)[0]
exec(compile(source, "nfs3.py", "exec"))

program, vault, password = sys.argv[1:4]
WAIT = 120		# seconds until a test gives up, not a time it takes
NAMES = {0: "NULL", 1: "GETATTR", 3: "LOOKUP", 6: "READ", 7: "WRITE",
         8: "CREATE", 17: "READDIRPLUS", 21: "COMMIT"}
counted = collections.Counter()
number = 0


class Counting(Client):
    def call(self, prog, proc, args):
        if prog == 100003:
            counted[NAMES[proc]] += 1
        return super().call(prog, proc, args)


def ok(text, fact, more=""):
    global number
    number += 1
    print("%sok %d - %s" % ("" if fact else "not ", number, text))
    if not fact and more:
        print("# " + str(more).replace("\n", "\n# "))
    sys.stdout.flush()


def free_port():
    with socket.socket() as s:
        s.bind(("127.0.0.1", 0))
        return s.getsockname()[1]


class Server:
    def __init__(self, *args, notify=None, watchdog=None, listener=None):
        env = dict(os.environ)
        for name in ("NOTIFY_SOCKET", "WATCHDOG_USEC", "WATCHDOG_PID",
                     "LISTEN_FDS", "LISTEN_PID"):
            env.pop(name, None)
        if notify:
            env["NOTIFY_SOCKET"] = notify
        if watchdog:
            env["WATCHDOG_USEC"] = str(watchdog)
        cmd = [program, "serve", vault, "--port", "0", "--password-file",
               password, "--state-dir", "state", "--run-dir", "run",
               "--log-level", "error", *args]
        if listener:
            env["LISTEN_FDS"] = "1"
            cmd = ["sh", "-c", 'exec env LISTEN_PID=$$ "$@"', "sh", *cmd]
        self.p = subprocess.Popen(
            cmd, env=env, stdout=subprocess.PIPE, stderr=subprocess.PIPE,
            pass_fds=(3,) if listener else (), text=True)
        line = self.p.stdout.readline()
        m = re.match(r"ready 127\.0\.0\.1:(\d+) ", line)
        self.port = int(m[1]) if m else None

    def end(self, sig=signal.SIGTERM):
        self.p.send_signal(sig)
        return self.p.wait(WAIT)


class Manager:
    """The other end of NOTIFY_SOCKET."""

    def __init__(self, name):
        self.s = socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM)
        self.s.bind(name.replace("@", "\0", 1) if name[0] == "@" else name)
        self.s.settimeout(WAIT)
        self.name = name
        self.seen = []

    def until(self, line):
        while line not in self.seen:
            try:
                self.seen += self.s.recv(4096).decode().split("\n")
            except socket.timeout:
                return False
        return True


def get(port, path="/metrics", method="GET"):
    r = urllib.request.Request("http://127.0.0.1:%d%s" % (port, path),
                               method=method)
    try:
        with urllib.request.urlopen(r, timeout=WAIT) as a:
            return a.status, a.headers.get("Content-Type"), a.read().decode()
    except urllib.error.HTTPError as e:
        return e.code, "", e.read().decode()


def values(text):
    """Metrics by name and labels; the format's grammar is checked."""
    found, typed = {}, set()
    for line in text.split("\n")[:-1]:
        m = re.fullmatch(r"# (HELP|TYPE) (vaultnfs_[a-z_]+) .+", line)
        if m:
            typed.add(m[2])
            continue
        m = re.fullmatch(r"(vaultnfs_[a-z_]+)(\{[^}]*\})? ([-+.0-9e]+)", line)
        if not m:
            raise ValueError(line)
        base = re.sub("_(bucket|sum|count)$", "", m[1])
        if m[1] not in typed and base not in typed:
            raise ValueError("no TYPE: " + line)
        if m[1] + (m[2] or "") in found:
            raise ValueError("twice: " + line)
        found[m[1] + (m[2] or "")] = float(m[3])
    return found


def of(found, name, proc, more=""):
    return found.get('vaultnfs_%s{program="nfs",procedure="%s"%s}' %
                     (name, proc, more))


def stats(*args):
    out = subprocess.run([program, "stats", "--json", "--run-dir", "run",
                          *args], capture_output=True, text=True)
    return json.loads(out.stdout)


def work(c, n):
    for i in range(n):
        c.do_getattr()
        c.do_write("a-secret-name-%d" % i, "text " * 100)
        c.do_read("a-secret-name-%d" % i)
        c.do_sync("a-secret-name-%d" % i)
    c.do_list()


def agreement(port, mport):
    c = Counting(port)
    c.do_mnt("/" + os.path.basename(vault))
    watch = subprocess.Popen(
        [program, "stats", "--watch", "--json", "--run-dir", "run", "1"],
        stdout=subprocess.PIPE, text=True)
    first = json.loads(watch.stdout.readline())
    work(c, 25)
    status, kind, text = get(mport)
    ok("metrics are text of format 0.0.4", (status, kind) ==
       (200, "text/plain; version=0.0.4; charset=utf-8"), (status, kind))
    v = values(text)
    told = {p: of(v, "calls_total", p) for p in counted}
    ok("metrics count each procedure as the client did", told == counted,
       (told, counted))
    ok("histograms hold all calls, and their buckets add up",
       all(of(v, "call_seconds_count", p) == n and
           of(v, "call_seconds_bucket", p, ',le="+Inf"') == n and
           of(v, "call_seconds_sum", p) > 0 for p, n in counted.items()))
    rows = [v[k] for k in v if k.startswith(
        'vaultnfs_call_seconds_bucket{program="nfs",procedure="READ"')]
    ok("no bucket holds less than the one before", len(rows) > 10 and
       rows == sorted(rows), rows)
    s = stats()
    told = {p["name"]: p["calls"] for p in s["procedures"]
            if p["program"] == "nfs"}
    ok("stats counts the same", told == counted, (told, counted))
    ok("bytes are those of the client", s["read_bytes"] == 25 * 500 and
       s["write_bytes"] == 25 * 500 and
       v["vaultnfs_read_bytes_total"] == s["read_bytes"] and
       v["vaultnfs_written_bytes_total"] == s["write_bytes"], s)
    ok("gauges are those of stats", v["vaultnfs_dirty_bytes"] ==
       s["dirty_bytes"] and v["vaultnfs_open_files"] == s["open_files"] and
       v["vaultnfs_connections"] == s["connections"] == 1)
    end, now = time.time() + WAIT, first
    while time.time() < end and told != counted or now is first:
        now = json.loads(watch.stdout.readline())
        told = {p["name"]: p["calls"] for p in now["procedures"]
                if p["program"] == "nfs"}
        if told == counted:
            break
    ok("stats --watch comes to the same", told == counted, told)
    watch.send_signal(signal.SIGINT)
    watch.wait(WAIT)
    ok("no name of the vault is among the metrics", "secret" not in text and
       os.path.basename(vault) not in text and vault not in text)
    ok("another path is 404", get(mport, "/")[0] == 404)
    ok("POST is 405", get(mport, method="POST")[0] == 405)
    ok("HEAD has no body", get(mport, method="HEAD")[::2] == (200, ""))


def strangers(mport):
    """As another user, if we can be one: the gate."""
    if os.geteuid() != 0:
        global number
        number += 1
        print("ok %d # SKIP the gate for metrics: not root" % number)
        return
    code = ("import os, socket, sys; os.setgid(65534); os.setuid(65534)\n"
            "s = socket.socket()\n"
            "s.settimeout(%d)\n"
            "try:\n"
            "    s.connect(('127.0.0.1', %d))\n"
            "    s.sendall(b'GET /metrics HTTP/1.0\\r\\n\\r\\n')\n"
            "    print(len(s.recv(100)))\n"
            "except ConnectionError: print(0)" % (WAIT, mport))
    out = subprocess.run([sys.executable, "-c", code], capture_output=True,
                         text=True)
    ok("another user of the host gets no metrics", out.stdout == "0\n",
       out.stdout + out.stderr)
    ok("and the owner does, afterwards", get(mport)[0] == 200)


def crowd(mport):
    held = [socket.create_connection(("127.0.0.1", mport)) for _ in range(12)]
    for s in held:
        s.close()
    ok("a crowd passes by", get(mport)[0] == 200)


def main_tests():
    m = Manager(os.path.abspath("notify"))
    mport = free_port()
    srv = Server("--metrics", "127.0.0.1:%d" % mport, "--loops", "2",
                 notify=m.name, watchdog=200000)
    ok("READY=1 is told", srv.port is not None and m.until("READY=1"))
    ok("with a line of status", any(
        s.startswith("STATUS=Serving 1 of 1 vaults on 127.0.0.1:")
        for s in m.seen), m.seen)
    agreement(srv.port, mport)
    strangers(mport)
    crowd(mport)
    m.seen = []
    ok("WATCHDOG=1 comes again and again", m.until("WATCHDOG=1") and
       (m.seen.clear() or m.until("WATCHDOG=1")))
    rc = srv.end()
    ok("STOPPING=1 is told, and it ends with 0", m.until("STOPPING=1") and
       rc == 0, rc)


def stopped_loop():
    """A process that does not run tells nothing."""
    m = Manager("@vaultnfs-test-%d" % os.getpid())
    srv = Server(notify=m.name, watchdog=100000)
    ok("an abstract NOTIFY_SOCKET is told, too", m.until("READY=1"))
    srv.p.send_signal(signal.SIGSTOP)
    os.waitpid(srv.p.pid, os.WUNTRACED)
    m.s.setblocking(False)
    try:
        while m.s.recv(4096):
            pass
    except BlockingIOError:
        pass
    time.sleep(0.5)
    try:
        m.s.recv(4096)
        silent = False
    except BlockingIOError:
        silent = True
    ok("WATCHDOG=1 stops when the loop does", silent)
    srv.p.send_signal(signal.SIGCONT)
    srv.end()


def activation():
    listener = socket.socket()
    listener.bind(("127.0.0.1", 0))
    listener.listen(8)
    if listener.fileno() != 3:
        os.dup2(listener.fileno(), 3)
    os.set_inheritable(3, True)
    port = listener.getsockname()[1]
    early = socket.create_connection(("127.0.0.1", port))
    early.close()
    srv = Server(listener=True)
    ok("a socket that was handed over is served", srv.port == port, srv.port)
    c = Counting(port)
    ok("and answers", c.do_mnt("/" + os.path.basename(vault))[0] == 0)
    ok("ends with 0", srv.end() == 0)
    c = socket.create_connection(("127.0.0.1", port))
    srv = Server(listener=True)
    c.close()
    ok("the next server takes it, too", srv.port == port)
    srv.end()


main_tests()
stopped_loop()
activation()
print("1..%d" % number)
