#!/bin/bash
# A client that works while the server is killed again and again, and while its
# connection is cut: it sees no error, what it synced is there, and nothing ran
# twice.  KILLS=200 and CUT_OPS=5000 are the long form.
# needs: kernel
. "$(dirname "$0")/lib.sh"
mnt=$WORK/mnt
steady=$BUILD/tests/e2e/steady
cutter=$BUILD/tests/e2e/cutter
kills=${KILLS:-8} cut_ops=${CUT_OPS:-30} seed=${SEED:-7}
RANDOM=$seed

# sleep between 0 and $1 thousandths of a second
nap() { sleep "0.$(printf %03d $((RANDOM % $1)))"; }

for p in "$steady" "$cutter"; do
	[ -x "$p" ] || { not_ok "there is $p"; finish; exit 1; }
done
new_vault "$WORK/v" || { not_ok 'a new vault is made'; finish; exit 1; }
args=("$WORK/v=v" --password-file "$WORK/v.pw" --state-dir "$WORK/state")
start_server 0 "${args[@]}" ||
    { not_ok 'the new vault is served'; finish; exit 1; }
at=$port
check 'the new vault is mounted' mount_export v "$mnt" || { finish; exit 1; }

# Killed at random moments, back within a second.
mkdir "$mnt/kills"
"$steady" "$mnt/kills" 3 1000000 "$seed" > "$WORK/steady.out" 2>&1 &
client=$!
done_kills=0
for ((i = 0; i < kills; i++)); do
	nap 999
	kill -0 $client 2> /dev/null || break
	kill_server
	nap 400
	start_server "$at" "${args[@]}" || break
	done_kills=$((done_kills + 1))
done
touch "$mnt/kills/STOP"
wait $client
same "no error in $done_kills kills" 0 $?
same 'the server came back every time' "$kills" "$done_kills"
note < "$WORK/steady.out"

# Connections cut at random, half of them after the call was executed.
check 'unmount' unmount "$mnt"
coproc CUT { exec "$cutter" "$at" "$seed"; }
read -r port <&"${CUT[0]}"
cut_pid=$CUT_PID
# (small transfers: a reply must fit between two cuts)
MOUNT_OPTS=rsize=32768,wsize=32768
check 'mounted through what cuts' mount_export v "$mnt"
mkdir "$mnt/cuts"
"$steady" "$mnt/cuts" 3 "$cut_ops" "$seed" > "$WORK/steady.out" 2>&1
same 'no error while connections are cut' 0 $?
note < "$WORK/steady.out"
exec 5<&"${CUT[0]}"
kill -TERM "$cut_pid"
read -r word cuts <&5
echo "# $cuts connections cut"
[ "${cuts:-0}" -gt 3 ]
same 'there were cuts' 0 $?
port=$at MOUNT_OPTS=
umount -f -l "$mnt"
mounted=
check 'mounted without' mount_export v "$mnt"
same 'nothing is left over' '' "$(find "$mnt" -name 'new*' -o \
    -name 'renamed*' -o -name 'dir[0-9]*' -o -name '.nfs*' | head)"
check 'unmount' unmount "$mnt"
stop_server
same 'the server ends with status 0' 0 $?
check_after_kills "$WORK/v"
finish
