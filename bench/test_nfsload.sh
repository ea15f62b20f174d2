#!/bin/sh
# nfsload and floor against a real server: every procedure is without errors,
# and what is wrong is seen.  TAP.
name=test_nfsload
# shellcheck source=tests/cli/cli.sh
. "${VAULTNFS_TOP:-.}/tests/cli/cli.sh"
load=$(cd "$build" && pwd)/bench/nfsload
floor=$(cd "$build" && pwd)/bench/floor
server=
trap 'stop; clean' EXIT

# start COMMAND...: a server that prints "ready ADDRESS ..."; sets at.
start() {
	: > ready
	"$@" > ready 2> server.err < /dev/null &
	server=$!
	until grep -q '^ready ' ready; do
		kill -0 "$server" 2> /dev/null || return 1
		sleep 0.05
	done
	at=$(sed 's/^ready \([^ ]*\).*/\1/' ready)
}
stop() {
	[ -n "$server" ] || return 0
	kill "$server" 2> /dev/null
	wait "$server"
	server=
}
serve() {
	start "$V" serve "$1" --port 0 --password-file pw --state-dir state \
	    --log-level error
}

# load ARGS...: into out, err and rc.
load() {
	"$load" --server "$at" "$@" > out 2> err < /dev/null
	rc=$?
}
fine() { same 0 "$rc" && same '' "$(cat err)"; }
# wrong TEXT: it ended with 1 and says so.
wrong() { same 1 "$rc" && grep -qF -- "$1" err; }

echo 'pass word' > pw
runp init v
runp init w --cipher SIV_CTRMAC

# --- every procedure
ok 'a server starts' serve v
for p in null getattr lookup lookup-absent access readlink read write \
    write-commit create create-write create-write-commit remove rename rename-each mix
do
	load --export /v --proc $p --count 60 --depth 3 --connections 2 \
	    --size 40000 --file-size 200000 --files 7 --entries 70 \
	    --verify --json --server-pid "$server"
	ok "$p is without errors" fine
	json "$p reports what it did" 'j["proc"] == "'$p'" and
	    j["calls"] == 60 and j["errors"] == 0 and j["depth"] == 3 and
	    j["connections"] == 2 and j["seconds"] > 0 and
	    0 < j["p50_us"] <= j["p90_us"] <= j["p99_us"] <= j["max_us"] and
	    0.5 <= j["jain"] <= 1 and j["client_cpu_us"] > 0 and
	    sum(p["calls"] for p in j["procs"].values()) >= 60'
done
load --export /v --proc readdirplus --count 300 --size 4096 --depth 2 \
    --verify --json
ok 'readdirplus is without errors' fine
json 'two listings of 300 entries, page by page' '600 <= j["entries"] < 1200
    and j["calls"] > 8'
for random in '' --random; do
	load --export /v --proc write --count 50 --size 4096 --verify \
	    --file-size 160K --depth 4 $random --json
	ok "small writes ${random:-in order} are there afterwards" fine
	json 'and were counted' 'j["bytes"] == 50 * 4096 and
	    j["procs"]["WRITE"]["calls"] == 50'
done
load --export /v --proc write --count 100 --size 4096 --file-size 160K \
    --connections 2 --verify --json
ok 'writing goes on in new files' fine
json 'each of them was written once' 'j["passes"] == 2 and
    j["bytes"] == 100 * 4096 and j["procs"]["WRITE"]["calls"] == 100'
load --export /v --proc write --seconds 0.01 --size 4096 --file-size 400K --json
ok 'a time is over when a file is' fine
json 'each of them is whole' 'j["calls"] == 100 * j["passes"]'
load --export /v --proc write --count 50 --size 4096 --file-size 160K --keep
runp ls v /
runp ls v "/$(cat out)"
ok 'what is kept is the last file' prints out-0-1
runp rm -r v "/$(runp ls v / && cat out)"
load --export /v --proc mix --count 400 --files 7 --entries 70 \
    --file-size 200000 --json
json 'a mix has NULLs, for what every call waits' \
    'j["procs"]["NULL"]["calls"] >= 4'

# --- what is there already
runp mkdir v /d1 /d2
runp put v pw /d1/one
runp put v pw /d2/two
printf '/d1/one\nd2/two\n' > paths
for p in getattr lookup access create; do
	load --export /v --proc $p --count 60 --paths paths --depth 3 --json
	ok "$p goes round files that are there" fine
	json 'as often as asked' 'j["calls"] == 60 and j["errors"] == 0'
done
runp ls v /d1
ok 'what create made is taken away' prints one
load --export /v --proc create --count 5 --paths paths --keep --seed 7
runp ls v /d2
ok 'unless it is kept: every second one' prints \
    "$(printf 'new-7-00000001\nnew-7-00000003\ntwo')"
echo /d1/none >> paths
load --export /v --proc lookup --paths paths
ok 'a path that leads nowhere' wrong '/d1/none: LOOKUP: NFS3ERR_NOENT'
echo /d1 > paths
load --export /v --proc lookup --paths paths
ok 'a path to a directory' wrong '/d1: not a file'
load --export /v --proc rename --paths paths
ok 'a procedure that takes no paths' same 2 "$rc"
runp rm -r v /d1 /d2

load --export /v --proc getattr --seconds 0.05 --threads 2 --connections 3
ok 'a time and threads' fine
runp ls v /
ok 'nothing is left in the export' prints ''

# --- what is wrong is an error
load --export /v --proc read --file-size 400000 --size 32768 --keep --count 1
ok 'a file is kept' fine
runp ls v /
big=$(cat out)/big
load --export /v --proc read --file "$big" --size 32768 --verify --count 24
ok 'and is read again by its path' fine
head -c 400000 /dev/zero > zeros
stop
runp put v zeros /other
ok 'the server starts again' serve v
load --export /v --proc read --file /other --size 32768 --count 12
ok 'other content is no error' fine
load --export /v --proc read --file /other --size 32768 --count 12 --verify
ok 'with --verify it is' wrong '12 errors; the first: READ at 0: 32768 bytes'
load --export /none --proc getattr
ok 'an export that is none' wrong 'MNT: NFS3ERR_'
load --export /v --proc getattr --file /v/none
ok 'a file that is none' wrong 'LOOKUP: NFS3ERR_NOENT'
load --export /v --proc nonsense
ok 'a procedure that is none' same 2 "$rc"
load --export /v --proc read --size 2M
ok 'a size that is too large' same 2 "$rc"

# --- floors
stop
ok 'floor reads one file' start "$floor" read v "/$big" --password-file pw \
    --threads 2
load --export /floor --proc read --file "$big" --size 50000 --depth 3 \
    --count 200 --random --verify
ok 'and sends what is in it' fine
stop
ok 'floor answers empty replies' start "$floor" tcp
load --proc tcp --depth 16 --count 2000
ok 'all of them' fine
stop
load --proc tcp
ok 'a server that is not there' wrong 'cannot connect'

# --- the other cipher
ok 'a server of the other cipher' serve w
load --export /w --proc read --count 20 --file-size 300000 --size 70000 \
    --verify
ok 'is read' fine
load --export /w --proc write --count 20 --size 70000 --verify
ok 'is written' fine
stop

# --- a damaged chunk: the third one, of the largest file
runp path v "/$big"
disk=v/$(cat out)
[ -f "$disk" ] || disk=$disk/contents.c9r
printf 'damage' | dd of="$disk" bs=1 seek=80000 conv=notrunc 2> dd.err
ok 'the server of the damaged file starts' serve v
load --export /v --proc read --file "$big" --size 32768 --count 12 --verify \
    --json
ok 'a damaged chunk is an error' wrong \
    '1 errors; the first: READ at 65536: NFS3ERR_IO'
json 'and counted' 'j["errors"] == 1 and j["calls"] == 11 and
    "NFS3ERR_IO" in j["first_error"]'
stop
ok 'floor with the damaged file' start "$floor" read v "/$big" \
    --password-file pw
load --export /floor --proc read --file "$big" --size 32768 --count 12
ok 'ends the connection' wrong 'closed'
stop
echo "1..$n"
