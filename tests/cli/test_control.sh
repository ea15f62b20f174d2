#!/bin/sh
# status and stats as users and scripts see them, and the run directory.  TAP.
# shellcheck disable=SC2034,SC2154
name=test_control
. "$(dirname "$0")/cli.sh"

servers=
# shellcheck disable=SC2317	# by trap
end_all() {
	for s in $servers; do kill "$s" 2> /dev/null; done
	wait
	clean
}
trap end_all EXIT
R=$work/run

# begin ARGS...: serve in the background; its pid in $last, its port in $port.
begin() {
	: > ready
	"$V" serve "$@" --port 0 --password-file pw --log-level error \
	    > ready 2> serve.err < /dev/null &
	last=$!
	servers="$servers $last"
	i=0
	while [ $i -lt 300 ] && [ ! -s ready ] && kill -0 $last 2> /dev/null
	do
		sleep 0.1
		i=$((i + 1))
	done
	port=$(sed 's/.*:\([0-9]*\) .*/\1/' ready)
}
# end SIGNAL PID
end() {
	kill -"$1" "$2"
	wait "$2"
	rc=$?
}

echo password > pw
for v in v w; do
	runp init $v --scrypt-cost 1024
	ok "vault $v" same 0 "$rc"
done

# --- none runs
run status --run-dir "$R"
ok 'a run directory that is not there is 7' refused 7 "$R"
mkdir -m 700 run
run status --run-dir "$R"
ok 'status without servers is 7' refused 7 'no server of this user runs'
run status --json --run-dir "$R"
ok 'and an empty array in JSON' same '7 []' "$rc $(tr -d '\n' < out)"
run stats --run-dir "$R"
ok 'stats without servers is 7' refused 7 'no server of this user runs there'

# --- who may enter
mkdir -m 755 open
runp serve v --port 0 --state-dir st1 --run-dir open
ok 'serve refuses a run directory that others may enter' refused 5 \
    'chmod 700 it'
run status --run-dir open
ok 'and so does status' refused 5 'chmod 700 it'
ln -s run link
run stats --run-dir link
ok 'a link is not followed' same 0 "$([ $rc -ne 0 ] && echo 0)"

# --- one runs
begin v --state-dir st1 --run-dir "$R"
one=$last port1=$port
run status --run-dir "$R"
ok 'status tells the address and the pid' \
    grep -q "^127.0.0.1:$port1  pid $one  unlocked  since 20" out
ok 'and what is served' grep -q "^  /v  $work/v\$" out
ok 'and nothing else' same '0 2' "$rc $(wc -l < out | tr -d ' ')"
run status --json --run-dir "$R"
json 'status --json is an array of servers' "len(j) == 1 and
    j[0]['port'] == $port1 and j[0]['pid'] == $one and
    j[0]['address'] == '127.0.0.1' and
    j[0]['state_dir'] == '$work/st1' and
    j[0]['exports'][0]['name'] == 'v' and
    j[0]['exports'][0]['vault'] == '$work/v' and
    j[0]['exports'][0]['read_only'] is False"
run stats --run-dir "$R"
ok 'stats has a table' grep -q '^procedure  *calls  */s  *p50' out
ok 'and ends with 0' same '0 ' "$rc $(cat err)"
run stats --json --run-dir "$R"
json 'stats --json has what stays' "all(type(j[k]) is int for k in
    'calls on_loop on_worker rejected closed_bad read_bytes write_bytes sends '
    'loop_max_us connections connections_max workers loops inflight_bytes '
    'arena_max_bytes cache_hits cache_misses cache_bytes dirty_bytes '
    'listing_bytes open_files directories nodes hidden pid port since '
    'uptime_us'.split()) and j['procedures'] == []"
ok 'one line' same 1 "$(wc -l < out | tr -d ' ')"
if [ -n "$python" ]; then
	"$python" - "$port1" << 'PY'
import socket, struct, sys
s = socket.create_connection(("127.0.0.1", int(sys.argv[1])))
call = lambda n, proc: struct.pack(">I10I", 0x80000000 | 40, n, 0, 2, 100003,
                                   3, proc, 0, 0, 0, 0)
s.sendall(b"".join(call(n, 0) for n in range(50)) + call(99, 1))
got = b""
while len(got) < 50 * 28 + 24:
    got += s.recv(65536)
PY
	run stats --json --run-dir "$R"
	json 'stats count what a client called' "[j['calls'], j['on_loop'],
	    j['rejected'], j['procedures'][0]['name'],
	    j['procedures'][0]['calls'], sum(n for us, n in
	    j['procedures'][0]['latency_us'])] == [50, 50, 1, 'NULL', 50, 50]"
	run stats --run-dir "$R"
	ok 'and the table has it' grep -q '^NULL  *50 ' out
	run stats --reset-max --json --run-dir "$R"
	json '--reset-max tells what was' "j['loop_max_us'] > 0"
else
	skip 'stats count what a client called' 'no python3'
fi
run stats 5 --run-dir "$R"
ok 'seconds are for --watch' refused 2 "too many operands at '5'"
for bad in 0 1x -1 86401; do
	run stats --watch --run-dir "$R" -- $bad
	ok "stats --watch $bad is refused" refused 2 "--watch $bad: must be"
done
run status 1
ok 'status takes no operand' refused 2 "too many operands at '1'"
"$V" stats --watch --json --run-dir "$R" > out 2> err &
watcher=$!
i=0
while [ $i -lt 200 ] && [ "$(wc -l < out)" -lt 2 ]; do
	sleep 0.1
	i=$((i + 1))
done
kill "$watcher"
wait "$watcher"
ok 'stats --watch says it again and again' test "$(wc -l < out)" -ge 2

# --- two run
begin w --state-dir st2 --run-dir "$R"
two=$last port2=$port
run stats --run-dir "$R"
ok 'of two servers one has to be named' refused 2 '2 servers run: say which'
ok 'by its port' grep -q " $port2" err
run stats --json --run-dir "$R" --port "$port2"
json '--port names one' "j['port'] == $port2 and j['pid'] == $two"
run stats --json --run-dir "$R" --state-dir st1
json '--state-dir names one' "j['port'] == $port1 and j['pid'] == $one"
run status --run-dir "$R"
ok 'status tells of both' same 2 "$(grep -c '^127' out)"
run stats --port 1 --run-dir "$R"
ok 'a port that nobody serves is 7' refused 7 'no server of this user'

# --- they end
end TERM "$two"
ok 'a server that ends takes its socket away' same 1 \
    "$(find run -name '*.sock' | wc -l | tr -d ' ')"
end KILL "$one"
run status --run-dir "$R"
ok 'a killed one is not shown' refused 7 'no server'
begin w --state-dir st2 --run-dir "$R"
ok 'and the next one cleans up' same 1 \
    "$(find run -name '*.sock' | wc -l | tr -d ' ')"
end TERM "$last"
echo "1..$n"
