#!/bin/sh
# callcost counts what it says, in a few calls.  TAP.
name=test_callcost
# shellcheck source=tests/cli/cli.sh
. "${VAULTNFS_TOP:-.}/tests/cli/cli.sh"
callcost=$VAULTNFS_TOP/bench/callcost
built=$(cd "$build" && pwd)

# count PROC PART ARGS...
count() {
	proc=$1
	part=$2
	shift 2
	"$python" "$callcost" --build "$built" --proc "$proc" --part "$part" \
	    --dir "$work" "$@" > out 2> err < /dev/null
	rc=$?
}

if [ -z "$python" ]; then
	echo '1..0 # SKIP there is no python3'
	exit 0
fi
# The leak checker of a sanitizer refuses to be traced.
if strace -f -o trace "$V" help > /dev/null 2>&1; then
	count readlink syscalls --scale 0.04
	ok 'system calls are counted' same 0 "$rc"
	# one call, one reply: whatever else a server does
	json 'a READLINK has at least its read and its write' \
	    'j["proc"] == "readlink" and j["syscalls_total"] >= 2 and
	    0.9 <= j["syscalls"]["sendmsg"] <= 1.1'
else
	skip 'system calls are counted' 'strace cannot trace here'
fi
# Under a sanitizer, valgrind does not start; nor on all processors.
if valgrind -q "$V" help > /dev/null 2>&1; then
	count null instructions --scale 0.1 --functions 3
	ok 'instructions are counted' same 0 "$rc"
	json 'a NULL takes some, and functions are named' \
	    '100 < j["instructions"] < 100000 and len(j["functions"]) == 3'
else
	skip 'instructions are counted' 'valgrind does not run it'
fi
count getattr switches
ok 'switches are counted' same 0 "$rc"
json 'of each call' 'j["rpcs"] == 1 and j["ctx_switches"] is not None'
echo "1..$n"
