"""pods.py - a client in the network namespace that it is started in.

    pods.py HOST PORT EXPORT UID

Prints "served" if, as user UID, it lists the root of EXPORT, "refused" if the
server (or nobody) lets it.  Its calls claim to be of the server's user, as
those of a thief would.
"""
import os
import sys

here = os.path.dirname(os.path.abspath(__file__))
source = open(here + "/nfs3.py").read().rsplit("main()", 1)[0]
exec(compile(source, "nfs3.py", "exec"))
host, port, export, uid = sys.argv[1:5]
socket.getaddrinfo(host, port)		# loads what a user may not read


class There(Client):
    def __init__(self):
        self.s = socket.create_connection((host, int(port)), 20)
        self.xid = 1
        self.handle = b""

    def root(self):
        return self.handle


if int(uid) != 0:
    os.setgroups([])
    os.setgid(int(uid))
    os.setuid(int(uid))
os.geteuid = os.getegid = lambda: 65532
try:
    c = There()
    if c.call(100005, 1, opaque(export.encode())) != 0:
        raise OSError("MNT")
    c.handle = c.bytes()
    print("served" if c.do_list()[0] == 0 else "refused")
except (OSError, SystemExit, struct.error) as e:
    print("refused")
    print(e, file=sys.stderr)
