#!/usr/bin/env python3
"""share.py - several processes at once on one mount.

share.py counter FILE PROCESSES TIMES HOW   each adds TIMES to the number in FILE,
                                            under a lock (flock, fcntl or sqlite)
share.py churn DIR STABLE LISTINGS          lists DIR while another process makes and
                                            removes entries: those that stay are seen
                                            once in every listing; made if they are
                                            not there: file-00000000.txt ...
Prints what was wrong; the exit status says whether anything was.
"""
import fcntl
import os
import sqlite3
import sys


def add_locked(path, times, how):
    take = fcntl.flock if how == "flock" else fcntl.lockf
    for _ in range(times):
        with open(path, "r+") as f:
            take(f, fcntl.LOCK_EX)
            n = int(f.read() or 0)
            f.seek(0)
            f.write("%d\n" % (n + 1))
            f.flush()
            take(f, fcntl.LOCK_UN)


def add_sqlite(path, times):
    db = sqlite3.connect(path, timeout=120, isolation_level=None)
    for _ in range(times):
        db.execute("BEGIN IMMEDIATE")
        db.execute("UPDATE t SET n = n + 1")
        db.execute("COMMIT")
    db.close()


def counter(path, processes, times, how):
    if how == "sqlite":
        db = sqlite3.connect(path)
        db.execute("CREATE TABLE t (n)")
        db.execute("INSERT INTO t VALUES (0)")
        db.commit()
        db.close()
    else:
        with open(path, "w") as f:
            f.write("0\n")
    for _ in range(processes):
        if os.fork() == 0:
            if how == "sqlite":
                add_sqlite(path, times)
            else:
                add_locked(path, times, how)
            os._exit(0)
    bad = sum(os.wait()[1] != 0 for _ in range(processes))
    if how == "sqlite":
        db = sqlite3.connect(path)
        n = db.execute("SELECT n FROM t").fetchone()[0]
        whole = db.execute("PRAGMA integrity_check").fetchone()[0]
        if whole != "ok":
            print("integrity_check:", whole)
            bad += 1
    else:
        n = int(open(path).read())
    if n != processes * times:
        print("%d instead of %d" % (n, processes * times))
        bad += 1
    return bad


def come_and_go(folder):
    i = 0
    while True:
        name = "%s/x%d" % (folder, i)
        open(name, "w").close()
        if i >= 20:
            os.unlink("%s/x%d" % (folder, i - 20))
        i += 1


def churn(folder, stable, listings):
    want = {"file-%08u.txt" % i for i in range(stable)}
    if not os.path.exists("%s/file-%08u.txt" % (folder, stable - 1)):
        for name in want:
            os.close(os.open("%s/%s" % (folder, name),
                             os.O_CREAT | os.O_WRONLY))
    pid = os.fork()
    if pid == 0:
        try:
            come_and_go(folder)
        finally:
            os._exit(1)
    bad = others = 0
    for k in range(listings):
        names = os.listdir(folder)
        seen = [n for n in names if n.startswith("file-")]
        others += len(names) - len(seen)
        if len(seen) != len(set(seen)) or set(seen) != want:
            print("listing %d: %d of %d, %d missing, %d twice" % (
                k, len(seen), stable, len(want - set(seen)),
                len(seen) - len(set(seen))))
            bad += 1
    print("%d listings of %d, and %d that come and go" % (
        listings, stable, others))
    done = os.waitpid(pid, os.WNOHANG)
    if done[0] != 0:
        print("the other process failed")
        bad += 1
    else:
        os.kill(pid, 9)
        os.waitpid(pid, 0)
    return bad


def main():
    what, args = sys.argv[1], sys.argv[2:]
    if what == "counter":
        bad = counter(args[0], int(args[1]), int(args[2]), args[3])
    else:
        bad = churn(args[0], int(args[1]), int(args[2]))
    sys.exit(bad != 0)


main()
