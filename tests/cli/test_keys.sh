#!/bin/sh
# Where keys, passwords, names and data are in the memory of a server that
# runs, and that they are gone when it is locked.  Reads its memory as a
# debugger would (tests/keys/keyscan), so it needs root and Linux.  Where there
# is gdb, it looks at the cores that gdb takes as well: these have the registers
# of all threads, too.  TAP.
# shellcheck disable=SC2034,SC2154
name=test_keys
. "$(dirname "$0")/cli.sh"

server=
# shellcheck disable=SC2317	# by trap
end_all() {
	[ -z "$server" ] || kill "$server" 2> /dev/null
	wait
	clean
}
trap end_all EXIT
scan=$(cd "$build" && pwd)/tests/keys/keyscan
nfs() { "$python" "$here/nfs3.py" "$port" /v "$@" > said 2>&1; }

[ -x "$scan" ] || { echo "1..0 # SKIP no keyscan in $build"; exit 0; }
[ -n "$python" ] || { echo '1..0 # SKIP no python3'; exit 0; }
if grep -q '^CFLAGS.*-fsanitize' "$build/Makefile"; then
	echo '1..0 # SKIP a sanitizer keeps what was freed'
	exit 0
fi

R=$work/run
mkdir -m 700 run
printf '%s\n' 'a password that is nowhere else' > pw
echo wrong > wrong

# begin ARGS...: serve v; its port in $port.
begin() {
	: > ready
	"$V" serve v --port 0 --run-dir "$R" --state-dir st --log-level error \
	    "$@" > ready 2> serve.err < /dev/null &
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

keys='encKey macKey handleKey encKey-rounds macKey-rounds handleKey-rounds
    hmac-blocks contentKeys contentKeys-rounds'
texts='name-that-is-nowhere-else data-that-is-nowhere-else'
texts="$texts folder-that-is-nowhere-else dirty-that-is-nowhere-else"
texts="$texts link-that-is-nowhere-else target-that-is-nowhere-else"
texts="$texts large-that-is-nowhere-else later-that-is-nowhere-else"
look() { "$scan" "$server" v pw $texts > seen 2> seen.err; }
# look_at_core [-a]: the same in a core; with -a, of all that is mapped, and
# without, as gcore(1) makes it, which leaves out what is not to be dumped.
# shellcheck disable=SC2086
look_at_core() {
	rm -f core.*
	gcore ${1+"$1"} -o core "$server" > gcore.out 2>&1 &&
	    "$scan" --core "core.$server" "$server" v pw $texts > seen \
	    2> seen.err
}
# none KIND...: not one of them is in ordinary memory; nor NOWHERE at all.
none() {
	for k in "$@"; do
		grep -q "^$k locked [0-9]* elsewhere 0$" seen ||
		    { grep "^$k " seen; return 1; }
	done
}
nowhere() {
	for k in "$@"; do
		grep -q "^$k locked 0 elsewhere 0$" seen ||
		    { grep "^$k " seen; return 1; }
	done
}
locked() {
	for k in "$@"; do
		grep -q "^$k locked [1-9]" seen || { grep "^$k " seen; return 1; }
	done
}
anywhere() {
	for k in "$@"; do
		nowhere "$k" > /dev/null && { grep "^$k " seen; return 1; }
	done
	return 0
}

# fill: names and data go in through the server, and come back; by one client
# that goes, and one that stays.
fill() {
	nfs mnt write name-that-is-nowhere-else data-that-is-nowhere-else \
	    sync name-that-is-nowhere-else list \
	    read name-that-is-nowhere-else getattr
	rm -f more
	mkfifo more
	"$python" "$here/nfs3.py" "$port" /v \
	    large large-name large-that-is-nowhere-else \
	    write later-that-is-nowhere-else small list \
	    read name-that-is-nowhere-else \
	    write another-name dirty-that-is-nowhere-else list \
	    link link-that-is-nowhere-else target-that-is-nowhere-else hold \
	    > held < more &
	exec 9> more
	i=0
	while [ $i -lt 300 ] && ! grep -q holding held; do
		sleep 0.1
		i=$((i + 1))
	done
}

for cipher in SIV_GCM SIV_CTRMAC; do
	rm -rf v st
	runp init v --scrypt-cost 1024 --cipher $cipher
	ok "a vault with $cipher" same 0 "$rc"
	runp mkdir v /folder-that-is-nowhere-else
	begin --password-file pw
	look
	rc=$?
	if [ $rc -eq 77 ]; then
		skip "memory of $cipher" "$(head -1 seen.err)"
		end
		continue
	fi
	fill
	# shellcheck disable=SC2046
	ok 'the state directory has no name and no data' sh -c \
	    "! grep -aqr $(printf ' -e %s' $texts) st"
	ok 'but a journal or replies' test -n "$(find st -type f -size +0)"
	ok 'files go in and come back' same 'ok data-that-is-nowhere-else' \
	    "$(grep data said held | cut -d: -f2 | sort -u)"
	ok 'large ones too' grep -q '^ok same$' held
	ok 'and links' grep -q '^ok target-that-is-nowhere-else$' held
	look
	ok 'keys are in locked pages, where this test finds them' \
	    locked encKey macKey handleKey encKey-rounds macKey-rounds \
	    contentKeys contentKeys-rounds
	# shellcheck disable=SC2086
	ok 'and in no others' none $keys
	ok 'the password is forgotten' nowhere password
	# shellcheck disable=SC2086
	ok 'names and data are there, where this test finds them' \
	    anywhere name-that-is-nowhere-else data-that-is-nowhere-else \
	    folder-that-is-nowhere-else large-that-is-nowhere-else \
	    later-that-is-nowhere-else dirty-that-is-nowhere-else
	cores=
	if ! command -v gcore > /dev/null; then
		skip "a core of $cipher" 'no gcore here (Debian: gdb)'
	elif ! look_at_core -a; then
		skip "a core of $cipher" "$(tail -1 gcore.out)"
	else
		cores=1
		ok 'a core of all that is mapped has keys' locked encKey \
		    macKey handleKey encKey-rounds macKey-rounds contentKeys \
		    contentKeys-rounds
		# shellcheck disable=SC2086
		ok 'in locked pages, and neither elsewhere nor in registers' \
		    none $keys
		ok 'and data' anywhere data-that-is-nowhere-else
		look_at_core
		# shellcheck disable=SC2086
		ok 'a core as gcore makes it has no key' nowhere $keys password
		ok 'but data' anywhere data-that-is-nowhere-else
	fi
	run lock --run-dir "$R"
	ok 'it locks' done_quietly
	if [ -n "$cores" ]; then
		ok 'a core is taken of a locked server' look_at_core -a
		# shellcheck disable=SC2086
		ok 'it has no key and no password' nowhere $keys password
		# shellcheck disable=SC2086
		ok 'nor a name, nor data' nowhere $texts
		rm -f core.*
	fi
	look
	# shellcheck disable=SC2086
	ok 'then no key is left' nowhere $keys password
	# shellcheck disable=SC2086
	ok 'nor a name, nor data' nowhere $texts
	nfs getattr list read name-that-is-nowhere-else
	ok 'calls wait' same '10008 10008 10008' "$(tr '\n' ' ' < said |
	    sed 's/ $//')"
	run unlock --run-dir "$R" --password-file wrong
	ok 'a wrong password is 3' refused 3 'wrong password'
	look
	# shellcheck disable=SC2086
	ok 'and brings nothing back' nowhere $keys
	run unlock --run-dir "$R" --password-file pw
	ok 'the right one unlocks' done_quietly
	nfs list read name-that-is-nowhere-else read another-name
	ok 'and all is there' same \
	    'ok data-that-is-nowhere-else ok dirty-that-is-nowhere-else' \
	    "$(tail -2 said | tr '\n' ' ' | sed 's/ $//')"
	look
	# shellcheck disable=SC2086
	ok 'keys are in locked pages again' none $keys
	kill -USR1 "$server"
	i=0
	while [ $i -lt 300 ] && ! "$V" status --run-dir "$R" |
	    grep -q '  locked  '; do
		sleep 0.1
		i=$((i + 1))
	done
	look
	# shellcheck disable=SC2086
	ok 'SIGUSR1 locks as well' nowhere $keys $texts password
	exec 9>&-	# and so ends the client that stayed
	end
	ok 'a locked server ends with 0' same '0 ' "$rc $(cat serve.err)"
done

# --- the password is not where others could read it
P='a password that is nowhere else'
export P
begin --password-env P
if [ -r "/proc/$server/environ" ] && [ -r "/proc/$server/cmdline" ]; then
	ok 'no password is in the environment or the command line' \
	    sh -c "! grep -aq nowhere /proc/$server/environ \
	    /proc/$server/cmdline"
else
	skip 'the environment of a server' 'it cannot be read'
fi
if grep -q '^Max core' "/proc/$server/limits" 2> /dev/null; then
	ok 'there will be no core' grep -Eq '^Max core file size +0 +0 ' \
	    "/proc/$server/limits"
fi
end
unset P

# --- the verbs
run lock --run-dir "$R"
ok 'lock without a server is 7' refused 7 'no server of this user runs there'
run unlock --run-dir "$R" --password-file pw
ok 'unlock without a server is 7' refused 7 'no server of this user runs there'
begin --password-file pw --when-locked stale
run unlock --run-dir "$R" --password-file pw
ok 'what is not locked is not unlocked' refused 1 'the vaults are not locked'
nfs mnt getattr
run lock --json --run-dir "$R"
json 'lock --json tells what is' "j['locked'] is True and
    j['port'] == $port and 'procedures' not in j"
run status --json --run-dir "$R"
json 'and so does status' "j[0]['locked'] is True"
run stats --json --run-dir "$R"
json 'and stats' "j['locked'] is True and j['dirty_bytes'] == 0"
port1=$port
nfs getattr
ok '--when-locked stale' same 70 "$(cat said)"
run unlock --run-dir "$R" --password-file nothing
ok 'unlock needs a password' same 1 "$(wc -l < err | tr -d ' ')"
first=$server
begin --password-file pw
second=$server
server=$first
ok 'while it is locked another one may serve the vault' test -s ready
run unlock --run-dir "$R" --state-dir st --port "$port1" --password-file pw
ok 'and then it is not unlocked beside that one' refused 1 'another vaultnfs'
kill "$second"
wait "$second"
port=$port1
mv v w
run unlock --run-dir "$R" --password-file pw
ok 'a vault that is away is 4' refused 4 "v"
runp init v --scrypt-cost 1024
run unlock --run-dir "$R" --password-file pw
ok 'another vault in its place is 4' refused 4 'another vault than before'
rm -rf v
mv w v
run unlock --json --run-dir "$R" --password-file pw
json 'unlock --json tells what is' "j['locked'] is False"
nfs getattr
ok 'handles go on' grep -q '^ok' said
end
begin --password-file pw --idle-lock 1s
i=0
while [ $i -lt 300 ] && ! "$V" status --run-dir "$R" | grep -q '  locked  '
do
	sleep 0.1
	i=$((i + 1))
done
ok '--idle-lock locks when nobody calls' test $i -lt 300
end
for bad in 0 x 1y 5m5 -1 366d 99999999999999999999; do
	runp serve v --port 0 "--idle-lock=$bad"
	ok "--idle-lock $bad is refused" refused 2 "--idle-lock $bad"
done
echo "1..$n"
