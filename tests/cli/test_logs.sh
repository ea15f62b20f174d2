#!/bin/sh
# What a server logs: no clear name unless that was asked for, no password and
# no key, and so many lines a second whatever its clients do.  TAP.
# shellcheck disable=SC2034,SC2154
name=test_logs
. "$(dirname "$0")/cli.sh"

server=
# shellcheck disable=SC2317	# by trap
end_all() {
	[ -z "$server" ] || kill "$server" 2> /dev/null
	wait
	clean
}
trap end_all EXIT
[ -n "$python" ] || { echo '1..0 # SKIP no python3'; exit 0; }

R=$work/run
mkdir -m 700 run
printf '%s\n' 'password-that-is-told-nobody' > pw
runp init v --scrypt-cost 1024
ok 'a vault' same 0 "$rc"

# begin LOG ARGS...: serve v; its port in $port.
begin() {
	log=$1
	shift
	: > ready
	"$V" serve v --port 0 --run-dir "$R" --state-dir st "$@" \
	    --password-file pw > ready 2> "$log" < /dev/null &
	server=$!
	i=0
	while [ $i -lt 300 ] && [ ! -s ready ] &&
	    kill -0 $server 2> /dev/null; do
		sleep 0.1
		i=$((i + 1))
	done
	port=$(sed 's/.*:\([0-9]*\) .*/\1/' ready)
}
end() {
	kill -TERM "$server"
	wait "$server"
	rc=$?
	server=
}

# Everything that is right, and much that is not: names that are not there or
# are there already, a damaged file, words that are none, records that lie.
work_on() {
	"$python" - "$here" "$port" > said 2>&1 << 'PY'
import os, random, socket, struct, sys
sys.argv, here, port = ["x", sys.argv[2], "/v"], sys.argv[1], int(sys.argv[2])
source = open(here + "/nfs3.py").read().rsplit("main()", 1)[0]
exec(source)
c = Client(port)
st, root = c.do_mnt("/v"), c.root()
names = ["alpha-clear-name", "beta-clear-name", "gamma-clear-name"]
say = lambda *w: print(*w)
for n in names:
    say("write", c.do_write(n, n + "-content"), c.do_sync(n)[0])
    say("link", c.do_link("link-" + n, "target-" + n)[0])
    say("again", c.do_link("link-" + n, "target-" + n)[0])
    say("absent", c.lookup("absent-" + n)[0])
    for proc in (12, 13):
        say("remove", c.call(100003, proc, opaque(root) +
                             opaque(("absent-" + n).encode())))
    say("rename", c.call(100003, 14, opaque(root) + opaque(
        ("absent-" + n).encode()) + opaque(root) + opaque(b"to-" + n.encode())))
    say("mkdir", c.call(100003, 9, opaque(root) + opaque(n.encode()) +
                        struct.pack(">6I", 0, 0, 0, 0, 0, 0)))
    say("mknod", c.call(100003, 11, opaque(root) + opaque(b"fifo-" +
                        n.encode()) + struct.pack(">7I", 7, *[0] * 6)))
    say("mnt", c.call(100005, 1, opaque(b"/v/absent-" + n.encode())))
    say("long", c.lookup(n * 20)[0])
    say("nul", c.lookup(n + "\0" + n)[0])
# a damaged chunk and a damaged name, from below
for top, _, files in os.walk("v/d"):
    for f in files:
        if f.endswith(".c9r") and f != "dir.c9r":
            p = os.path.join(top, f)
            b = bytearray(open(p, "rb").read())
            if len(b) > 100:
                b[-1] ^= 1
                open(p, "wb").write(b)
d = Client(port)
for n in names:
    st, fh = d.lookup(n)
    say("damaged", d.call(100003, 6, opaque(fh) +
                          struct.pack(">QI", 0, 1000)) if st == 0 else st)
    say("size", d.call(100003, 2, opaque(fh) + struct.pack(
        ">5I", 0, 0, 0, 1, 0) + struct.pack(">4I", 5, 0, 0, 0)))
# a flood of failures, and of records that are none
for i in range(3000):
    d.lookup("flood-clear-name-%d" % i)
random.seed(1)
for i in range(300):
    s = socket.create_connection(("127.0.0.1", port))
    b = bytes(random.randrange(256) for _ in range(60)) + names[i % 3].encode()
    s.sendall(struct.pack(">I", 0x80000000 | len(b)) + b)
    s.sendall(b"\xff" * 4 + names[0].encode())
    s.close()
say("end", Client(port).do_getattr()[0])
PY
}
secrets() { grep -aE 'clear-name|told-nobody|-content' "$log"; }
none() { ! secrets; }

begin log.hashed --log-level debug
work_on
ok 'calls that fail, damage and noise' grep -q '^end 0$' said
run lock --run-dir "$R"
printf 'another-that-is-told-nobody\n' > wrong
run unlock --run-dir "$R" --password-file wrong
runp unlock --run-dir "$R"
end
ok 'it ends well' same 0 "$rc"
ok 'no clear name, content or password is in its log' none
ok 'failures are told by hashes of names' \
    grep -Eq '^vaultnfs: debug: LOOKUP by uid [0-9]+: status 2, ~[0-9a-f]{16}$' \
    "$log"
ok 'two of them for RENAME' grep -Eq \
    '^vaultnfs: debug: RENAME by uid [0-9]+: status 2, ~[0-9a-f]{16} to ~[0-9a-f]{16}$' \
    "$log"
ok 'damage is told' grep -q 'v/d/\|d/[A-Z0-9][A-Z0-9]/' "$log"
seconds=$(grep -c ' suppressed: ' "$log")
ok 'what is too much is counted' test "$seconds" -gt 0
# Each second of a flood ends in one line that counts the others.
lookups() { grep -c '^vaultnfs: debug: LOOKUP' "$log"; }
ok 'a flood of 3000 gets 20 lines a second' \
    test "$(lookups)" -le $((20 * (seconds + 3)))
ok 'and none is lost' "$python" -c '
import re, sys
t = open(sys.argv[1]).read()
told = sum(int(n) for n in re.findall(r"debug: (\d+) suppressed: %s by uid", t))
seen = len(re.findall(r"debug: [A-Z]+ by uid", t))
assert told + seen >= 3000, (told, seen)' "$log"
# keys as hex and base64 of any part are longer than what is random in a line
ok 'every line is one of ours' \
    same '' "$(grep -avE '^vaultnfs: (error|warn|info|debug): ' "$log")"

rm -rf v st
runp init v --scrypt-cost 1024
begin log.clear --log-level debug --log-names
work_on
end
ok 'names are told to who asks for them' \
    grep -q "LOOKUP by uid [0-9]*: status 2, 'absent-alpha-clear-name'" "$log"
ok 'but no contents and no password' \
    sh -c "! grep -aE 'told-nobody|-content|target-' '$log'"

rm -rf v st
runp init v --scrypt-cost 1024
begin log.info
work_on
end
ok 'an ordinary log has no name either' none
ok 'nor a line for each failure' \
    same 0 "$(grep -c 'LOOKUP' "$log")"
echo "1..$n"
