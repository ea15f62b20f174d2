#!/bin/sh
# vaultbench on a plain folder: every workload at its smallest, and every one
# of them with something spoiled behind its back.
name=vaultbench
# In memory where there is room for it: fsync is not what is looked at.
room=$(df -Pk /dev/shm 2> /dev/null | awk 'NR == 2 { print $4 }')
if [ -z "${TMPDIR:-}" ] && [ -w /dev/shm ] && [ "${room:-0}" -gt 600000 ]; then
	TMPDIR=/dev/shm
	export TMPDIR
fi
# shellcheck source=tests/cli/cli.sh
. "$(dirname "$0")/cli.sh"
B=${V%/vaultnfs}/bench/vaultbench
[ -x "$B" ] || { echo "1..0 # SKIP no bench/vaultbench"; exit 0; }
mkdir d
# As in a hook of git: not the repository that is meant.
GIT_DIR=$work/no-repository
export GIT_DIR

bench() {
	"$B" "$@" --settle 0 > out 2> err < /dev/null
	rc=$?
}
left_nothing() { same '' "$(ls -A d)"; }
went_well() { same 0 "$rc" && same '' "$(cat err)" && left_nothing; }
# failed TEXT: it says so, and on what; nothing is left.
failed() { same 1 "$rc" && grep -q -- "$1" err && left_nothing; }

# What this build and this machine can do; what they cannot is an error.
workloads='ide working-set tree concurrent media photo archive backup
    coldstart'
if ! command -v git > /dev/null; then
	skip 'git' 'no git'
else
	workloads="$workloads git"
fi
"$B" --list > list
if grep -q 'not built' list; then
	bench d --workload database
	ok 'a workload that was not built is an error' failed 'was not built'
else
	workloads="$workloads database"
fi
# shellcheck disable=SC2046,SC2086
set -- $(printf -- '--workload %s ' $workloads)

bench d --suite synthetic --scale 0.01 --iterations 1 --cold : --json out.json
ok 'the synthetic suite goes well' went_well
mv out.json out
json 'what reads is timed warm and cold, what only writes once' '
sorted((r["name"], r["phase"]) for r in j["results"]) == sorted(
    [(n, p) for n in ("seq-read", "rand-read", "rand-write", "readdir",
        "stat", "delete") for p in ("warm", "cold")] +
    [(n, "-") for n in ("seq-write", "create")]) and
j["program"] == "vaultbench" and j["version"] == 1 and j["errors"] == [] and
all(r["samples"][0] == r["median"] and r["ci"] == [r["median"]] * 2 and
    r["unit"] == "s" and r["ops"] > 0 and r["median"] > 0 and
    r["server_cpu_s"] is None for r in j["results"])'

bench d --suite micro --scale 0.01 --iterations 1 --json -
cp err table
: > err
ok 'the micro suite goes well' went_well
json 'every kind of call is counted' '
{(r["name"], r["phase"]): r["ops"] for r in j["results"]} ==
    dict([((n, "-"), 100) for n in ("micro-create", "micro-rename",
        "micro-unlink", "micro-rand-write")] +
    [((n, "warm"), 100) for n in ("micro-stat", "micro-read",
        "micro-rand-read")] +
    [(("micro-list", "warm"), 101), (("micro-seq-write", "-"), 8),
        (("micro-seq-read", "warm"), 8), (("micro-untar", "-"), 22)])'
ok 'the table is there, beside the JSON form' \
    grep -q '^micro-untar  *-  *1  *[0-9]' table
bench d --workload stat --scale 0.01 --iterations 7 --json -
json 'seven runs have an interval' '
[len(r["samples"]) == 7 and r["confidence"] > 0.95 and
    r["ci"] == [min(r["samples"]), max(r["samples"])]
    for r in j["results"]] == [True]'

bench d "$@" --scale 0.01 --iterations 1 --seconds 1 --json out.json
ok 'the workloads go well' went_well
mv out.json out
json 'think time is told, and is not in the result' '
[r for r in j["results"] if r["name"] == "media"] != [] and
all(r["samples"] == r["net_of_sleeps"] and
    r["detail"]["wall_s"][0] >= r["samples"][0] + s
    for r in j["results"] for n, s in (("media", 0.6), ("photo", 0.5))
    if r["name"] == n)'
json 'concurrent gives operations and latencies for each thread' '
[r["unit"] == "ops/s" and
    abs(r["samples"][0] * r["net_of_sleeps"][0] - r["ops"]) < 0.1 and all(
    0 < t["p50_us"] <= t["p99_us"] <= t["max_us"] and t["ops"] > 0
    for t in (r["detail"]["runs"][0][n] for n in ("editor", "watcher",
        "builder", "terminal")))
for r in j["results"] if r["name"] == "concurrent"] == [True]'

# spoil OFFSET: in each file, behind the back of what made it.
cat > spoil << 'S'
find d -type f -size +0 -exec chmod u+w {} + -exec sh -c '
for f; do
	printf "\377\376\375\374" |
	    dd of="$f" bs=1 seek='"$1"' conv=notrunc 2> /dev/null
done' sh {} +
S
bench d --workload seq-read --cold 'sh ./spoil 4321' --iterations 1 \
    --json out.json
ok 'a wrong byte is told with its file and its offset' \
    failed 'seq-read: .*/data_0.bin: wrong byte at offset 432[1-4]:'
mv out.json out
json 'the JSON form has the error and no result' '
j["results"] == [] and "wrong byte at offset 432" in j["errors"][0]'
for w in seq-write rand-write create rand-read micro-data $workloads \
    micro-untar; do
	case $w in
	rand-read) at=16000 ;;
	media) at=2000 ;;
	*) at=100 ;;
	esac
	bench d --workload "$w" --cold "sh ./spoil $at" --iterations 1 \
	    --scale 0.01 --seconds 1
	ok "$w notices" failed "$w: "
done
# The last file but one of a folder, as it is listed.
for w in readdir stat micro-files delete; do
	bench d --workload "$w" --iterations 1 --scale 0.01 \
	    --cold 'rm "$(find d -type f | tail -1)"'
	ok "$w notices a file that is gone" failed "$w: "
done

bench d --workload seq-read --cold 'exit 3' --iterations 1
ok 'a run whose caches were not emptied is none' failed 'the command failed'
bench d --workload stat --cold "rm -r d/vaultbench-*" --iterations 1
ok 'a mount that did not come back is an error' same 1 "$rc"

if [ -r /proc/self/stat ]; then
	bench d --workload stat --iterations 2 --warm-ups 0 --json - \
	    --server-pid $$ --server-pid-file pid
	ok 'a server that cannot be found is an error' failed 'no process id'
	echo $$ > pid
	bench d --workload stat --iterations 2 --warm-ups 0 --json - \
	    --server-pid $$ --server-pid-file pid
	: > err
	ok 'with a server it goes well' went_well
	json 'the server has used CPU time and memory' '
	[len(r["server_cpu_s"]) == 2 and min(r["server_cpu_s"]) >= 0 and
	    r["peak_rss_kib"] > 200 and r["rpcs"] is None
	    for r in j["results"]] == [True]'
else
	skip 'the server has used CPU time and memory' 'no /proc'
fi

# Hundreds of runs would follow: it is interrupted in one of them.
"$B" d --workload media --iterations 500 --json out.json > out 2> err &
pid=$!
tries=0
while [ -z "$(ls -A d/* 2> /dev/null)" ] && [ $tries -lt 60 ]; do
	tries=$((tries + 1))
	sleep 1
done
kill -TERM $pid
wait $pid
rc=$?
ok 'a signal ends it, and nothing is left' failed 'interrupted'

usage() { same 2 "$rc" && grep -qF -- "$1" err && left_nothing; }
bench --list
ok 'it lists suites and workloads' grep -q '^  working-set ' out
bench --help
ok 'it has help' same 0 "$rc"
bench
ok 'a folder is needed' usage 'one folder'
bench d --suite nothing
ok 'there is no such suite' usage 'nothing'
bench d --workload nothing
ok 'there is no such workload' usage 'nothing'
bench d --nothing
ok 'there is no such option' usage 'nothing'
for o in '--settle -1' '--scale 2' '--scale 0' '--scale x' '--iterations 0' \
    '--iterations 1001' '--seed -1' '--server-pid 0'; do
	# shellcheck disable=SC2086
	bench d $o
	ok "$o cannot be" usage 'a number that cannot be'
done
bench nowhere
ok 'a folder that is not there' same 1 "$rc"
bench d --json nowhere/file
ok 'results that cannot be written are told of first' same 1 "$rc"
echo "1..$n"
