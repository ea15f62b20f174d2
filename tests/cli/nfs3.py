"""nfs3.py - a little NFSv3 client, for tests of the commands.

    nfs3.py PORT EXPORT [ACTION ARGUMENT...]...

Actions, each printing one line, "ok ..." or the number of the status:
    mnt                 MNT; the handle of the root is kept in the file "root"
    getattr             GETATTR of the root
    list                READDIRPLUS of the root: its names, sorted
    read NAME           the first bytes of a file in the root
    write NAME TEXT     CREATE (UNCHECKED), WRITE UNSTABLE
    sync NAME           COMMIT
    large NAME TEXT     the same with 300,000 bytes of TEXT, and READ of all
    link NAME TARGET    SYMLINK, READLINK
    hold                keep the connection until standard input ends
"""
import os
import socket
import struct
import sys


def opaque(b):
    return struct.pack(">I", len(b)) + b + b"\0" * (-len(b) % 4)


class Client:
    def __init__(self, port):
        self.s = socket.create_connection(("127.0.0.1", port))
        self.s.settimeout(60)
        self.xid = int.from_bytes(os.urandom(3), "big")

    def take(self, n):
        b = b""
        while len(b) < n:
            more = self.s.recv(n - len(b))
            if not more:
                sys.exit("the connection was closed")
            b += more
        return b

    def call(self, prog, proc, args):
        self.xid += 1
        cred = struct.pack(">I", 0) + opaque(b"test") + struct.pack(
            ">III", os.geteuid(), os.getegid(), 0)
        msg = struct.pack(">6I", self.xid, 0, 2, prog, 3, proc) + \
            struct.pack(">I", 1) + opaque(cred) + struct.pack(">II", 0, 0) + \
            args
        self.s.sendall(struct.pack(">I", 0x80000000 | len(msg)) + msg)
        size = struct.unpack(">I", self.take(4))[0] & 0x7fffffff
        b = self.take(size)
        if struct.unpack(">6I", b[:24])[1:] != (1, 0, 0, 0, 0):
            sys.exit("rejected")
        self.rest = b[24:]
        return self.number() if self.rest else 0

    def number(self):
        n, self.rest = struct.unpack(">I", self.rest[:4])[0], self.rest[4:]
        return n

    def bytes(self):
        n = self.number()
        b, self.rest = self.rest[:n], self.rest[n + -n % 4:]
        return b

    def skip_attr(self):
        if self.number():
            self.rest = self.rest[84:]

    def root(self):
        with open("root", "rb") as f:
            return f.read()

    def lookup(self, name):
        st = self.call(100003, 3, opaque(self.root()) + opaque(name.encode()))
        return st, b"" if st else self.bytes()

    def do_mnt(self, export):
        st = self.call(100005, 1, opaque(export.encode()))
        if st == 0:
            with open("root", "wb") as f:
                f.write(self.bytes())
        return st, ""

    def do_getattr(self):
        st = self.call(100003, 1, opaque(self.root()))
        return st, "%d bytes" % len(self.rest)

    def do_list(self):
        st = self.call(100003, 17, opaque(self.root()) + struct.pack(
            ">QQII", 0, 0, 8192, 65536))
        names = []
        if st == 0:
            self.skip_attr()
            self.rest = self.rest[8:]
            while self.number():
                self.rest = self.rest[8:]
                names.append(self.bytes().decode())
                self.rest = self.rest[8:]
                self.skip_attr()
                if self.number():
                    self.bytes()
        return st, " ".join(sorted(names))

    def do_read(self, name):
        st, fh = self.lookup(name)
        if st:
            return st, ""
        st = self.call(100003, 6, opaque(fh) + struct.pack(">QI", 0, 100000))
        if st:
            return st, ""
        self.skip_attr()
        self.rest = self.rest[8:]
        return 0, self.bytes().decode()

    def create(self, name):
        st = self.call(100003, 8, opaque(self.root()) + opaque(name.encode())
                       + struct.pack(">7I", 0, 1, 0o644, 0, 0, 0, 0)
                       + struct.pack(">I", 0))
        if st:
            return st, b""
        self.number()
        return 0, self.bytes()

    def put(self, fh, data):
        return self.call(100003, 7, opaque(fh) + struct.pack(
            ">QII", 0, len(data), 0) + opaque(data))

    def do_write(self, name, text):
        st, fh = self.create(name)
        return st or self.put(fh, text.encode()), "%d" % len(text)

    def do_large(self, name, text):
        st, fh = self.create(name)
        data = (text.encode() * 300000)[:300000]
        st = st or self.put(fh, data)
        st = st or self.call(100003, 6, opaque(fh) + struct.pack(
            ">QI", 0, len(data)))
        return st, "same" if data in self.rest else "another"

    def do_link(self, name, target):
        st = self.call(100003, 10, opaque(self.root()) + opaque(name.encode())
                       + struct.pack(">6I", 0, 0, 0, 0, 0, 0)
                       + opaque(target.encode()))
        if st:
            return st, ""
        self.number()
        st = self.call(100003, 5, opaque(self.bytes()))
        self.skip_attr()
        return st, "" if st else self.bytes().decode()

    def do_hold(self):
        print("holding", flush=True)
        sys.stdin.read()
        return 0, ""

    def do_sync(self, name):
        st, fh = self.lookup(name)
        if st:
            return st, ""
        return self.call(100003, 21, opaque(fh) + struct.pack(">QI", 0, 0)), ""


def main():
    c, args = Client(int(sys.argv[1])), sys.argv[3:]
    while args:
        action = args.pop(0)
        do = getattr(c, "do_" + action)
        n = {"mnt": 0, "getattr": 0, "list": 0, "hold": 0, "write": 2,
             "large": 2, "link": 2}.get(action, 1)
        given, args = args[:n], args[n:]
        st, text = do(sys.argv[2]) if action == "mnt" else do(*given)
        print(st or "ok " + text)


main()
