# lib.sh - what the scripts beside it share: TAP, a server, a mount.
#
# From the caller: VAULTNFS (the program), E2E (this folder), TOP (the source
# tree), WORK (an empty folder on a disk), MOUNTER (kernel or none).
set -u
export LC_ALL=C.UTF-8
tests=0
failed=0
server=
mounted=

ok() { tests=$((tests + 1)); echo "ok $tests - $*"; }
not_ok() {
	tests=$((tests + 1))
	failed=$((failed + 1))
	echo "not ok $tests - $*"
}
skip() { tests=$((tests + 1)); echo "ok $tests - $1 # SKIP $2"; }
note() { cut -c 1-300 | sed 's/^/# /'; }

# check TEXT COMMAND...: one test, what the command says is shown if it fails.
check() {
	local text=$1 rc since=$SECONDS
	shift
	"$@" > "$WORK/said" 2>&1
	rc=$?
	[ $((SECONDS - since)) -lt 5 ] ||
	    echo "# $((SECONDS - since)) s for the next"
	if [ $rc = 0 ]; then
		ok "$text"
	else
		tail -n 30 "$WORK/said" | note
		echo "# status $rc: $*"
		not_ok "$text"
	fi
	return $rc
}

# same TEXT WANT GOT
same() {
	if [ "$2" = "$3" ]; then
		ok "$1"
	else
		printf 'want: %s\ngot:  %s\n' "$2" "$3" | note
		not_ok "$1"
	fi
}

finish() {
	echo "1..$tests"
	[ $failed = 0 ]
}

# A server that is killed and one that stops cleanly look alike from outside
# but for stop_server's status.
#
# start_server PORT SERVE-ARGUMENT...: sets server and port, waits for "ready".
start_server() {
	local want=$1 ready=$WORK/ready i
	shift
	: > "$ready"
	"$VAULTNFS" serve --state-dir "$WORK/state" "$@" --port "$want" > "$ready" 2>> "$WORK/server.log" &
	server=$!
	for ((i = 0; i < 600; i++)); do
		if grep -q '^ready ' "$ready"; then
			port=$(sed -n 's/^ready [^ ]*:\([0-9]*\) .*/\1/p' "$ready")
			return 0
		fi
		kill -0 $server 2>/dev/null || break
		sleep 0.1
	done
	tail -n 20 "$WORK/server.log" | note
	return 1
}

stop_server() {
	local pid=$server
	[ -n "$pid" ] || return 0
	server=
	kill -TERM "$pid" && wait "$pid"
}

kill_server() {
	local pid=$server
	server=
	kill -KILL "$pid"
	wait "$pid" 2>/dev/null
	return 0
}

# mount_export NAME DIR: the kernel's client on the running server.
mount_export() {
	mkdir -p "$2"
	mount -t nfs -o "vers=3,tcp,port=$port,mountport=$port,nolock${MOUNT_OPTS:+,$MOUNT_OPTS}" \
	    "127.0.0.1:/$1" "$2" && mounted=$2
}

unmount() {
	umount "$1" && mounted=
}

cleanup() {
	[ -n "$mounted" ] && umount -f -l "$mounted" 2>/dev/null
	[ -n "$server" ] && kill -KILL "$server" 2>/dev/null
	wait 2>/dev/null
}
trap cleanup EXIT

# new_vault DIR: an empty vault that opens quickly; its password in DIR.pw.
new_vault() {
	echo 'a password for tests' > "$1.pw"
	VAULTNFS_FAST_KDF=1 "$VAULTNFS" init "$1" --password-file "$1.pw" \
	    --scrypt-cost "${SCRYPT_COST:-1024}"
}

# check_after_kills VAULT: temporaries and empty folders may be left, no more, and
# a repair takes them away.
check_after_kills() {
	"$VAULTNFS" check "$1" --contents --offline --json \
	    --password-file "$1.pw" \
	    > "$WORK/findings"
	python3 - "$WORK/findings" <<'PY' 2>&1 | note
import json, sys
j = json.load(open(sys.argv[1], encoding="utf-8"))
kinds = [f["kind"] for f in j["findings"]]
print("left:", ", ".join("%d %s" % (kinds.count(k), k) for k in sorted(set(kinds))) or "nothing")
PY
	same 'nothing was lost or damaged' '' "$(grep -oE '"severity": *"critical"|"kind": *"(BadChunk|BadHeader|IllegalSize|CutChunk|SwappedChunks|MissingContentDir|EmptyDirFile)"' "$WORK/findings" | sort -u | tr '\n' ' ')"
	"$VAULTNFS" check "$1" --repair --offline --password-file "$1.pw" \
	    > "$WORK/repaired" 2>&1
	check 'after a repair a check finds nothing' "$VAULTNFS" check "$1" \
	    --contents --offline --password-file "$1.pw"
}

# The sample vaults of this tree, and those of a folder beside it if there is.
find_vaults() {
	local f shared=${VAULTNFS_SHARED:-$TOP/../shared}
	ls "$TOP"/tests/vectors/*-siv*.tar.gz
	for f in "$shared"/vaults/*.tar.gz; do
		[ -f "$f" ] && [ ! -f "$TOP/tests/vectors/${f##*/}" ] && echo "$f"
	done
}

# unpack_vault TAR: sets name and dir, with dir/vault, its manifest and dir/pw.
unpack_vault() {
	name=$(basename "$1" .tar.gz)
	dir=$WORK/$name
	mkdir -p "$dir"
	tar xzf "$1" -C "$dir" --no-same-owner
	python3 - "$dir" <<'PY'
import json, sys
d = sys.argv[1]
pw = json.load(open(d + "/manifest.json", encoding="utf-8"))["password"]
open(d + "/pw", "w", encoding="utf-8").write(pw + "\n")
PY
}

# compare HOW WHAT: with the manifest of the unpacked vault; shows what differs.
compare() {
	python3 "$E2E/compare.py" "$dir/manifest.json" "$@" > "$WORK/diff" 2>&1
	local rc=$?
	tail -n 40 "$WORK/diff" | note
	return $rc
}
