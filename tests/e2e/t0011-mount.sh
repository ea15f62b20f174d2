#!/bin/bash
# vaultnfs mount, umount, exec and mount.vaultnfs with the kernel's client, as
# root and as users: what programs see, who else can connect, what is left when a
# server is killed, and what the commands end with.
# needs: kernel
. "$(dirname "$0")/lib.sh"
V=$VAULTNFS mnt=$WORK/mnt owner=12344
tidy() {
	umount -f -l "$mnt" 2> /dev/null
	pkill -KILL -P $$ 2> /dev/null
	cleanup
}
trap tidy EXIT

# run STATUS TEXT COMMAND...: its output is in $WORK/got.
run() {
	local want=$1 text=$2 rc
	shift 2
	"$@" > "$WORK/got" 2>&1 < /dev/null
	rc=$?
	[ $rc = "$want" ] || note < "$WORK/got"
	same "$text" "$want" $rc
}
pid_of() { "$V" status --json | tr -d ' \n' | sed 's/.*"pid":\([0-9]*\).*/\1/'; }
gone() {
	local i
	for ((i = 0; i < 600; i++)); do
		kill -0 "$1" 2> /dev/null || return 0
		sleep 0.1
	done
	return 1
}
nothing_left() {
	! grep -q " $1 " /proc/self/mountinfo &&
	    [ -z "$(ls /run/vaultnfs 2> /dev/null)" ]
}
ports() { ss -Hltn | awk '{ print $4 }' | sort | tr '\n' ' '; }

new_vault "$WORK/v" || { not_ok 'a new vault is made'; finish; exit 1; }
mkdir "$mnt"
before=$(ports)

# --- one command, and nobody else gets in
run 0 'mount' "$V" mount "$WORK/v" "$mnt" --password-file "$WORK/v.pw"
same 'says one line' "mounted v on $mnt" "$(cat "$WORK/got")"
grep " $mnt " /proc/self/mountinfo | note
check 'the mount has its options' grep -qE \
    " $mnt .*nosuid,nodev.* nfs .*rsize=1048576,wsize=1048576,.*hard.*proto=tcp.*local_lock=all" /proc/self/mountinfo
dev=$(awk -v at="$mnt" '$5 == at { print $3 }' /proc/self/mountinfo)
same 'more is read ahead' 4096 "$(cat "/sys/class/bdi/$dev/read_ahead_kb")"
same 'no port more is open on the host' "$before" "$(ports)"
run 1 'and nobody answers there' "$V" ping 127.0.0.1:2049
pid=$(pid_of)
check 'in its own network the server answers' nsenter --net="/proc/$pid/ns/net" "$V" ping -q
same 'a user cannot enter that' 1 "$(setpriv --reuid $owner --clear-groups \
    nsenter --net="/proc/$pid/ns/net" true 2> /dev/null; echo $(($? != 0)))"
same 'the server does not see its own mount' 0 \
    "$(grep -c " $mnt " "/proc/$pid/mountinfo")"
same 'it keeps no capability to mount' 0 \
    $((0x$(awk '/^CapEff/ { print $2 }' "/proc/$pid/status") >> 21 & 1))
check 'files are written and read' sh -c 'echo hello > "$1/a" &&
    mkdir "$1/d" && mv "$1/a" "$1/d/b" && [ "$(cat "$1/d/b")" = hello ]' sh "$mnt"
run 0 'status' "$V" status
note < "$WORK/got"
check 'status tells where it is mounted' grep -q "  on $mnt" "$WORK/got"
run 6 'a second mount there is refused' "$V" mount "$WORK/v" "$mnt" --password-file "$WORK/v.pw"
check 'and says by whom' grep -q "mounted already.*pid $pid" "$WORK/got"
run 1 'a mount that is in use stays' sh -c 'cd "$2" && "$1" umount "$2"' sh "$V" "$mnt"
check 'and it says why' grep -q 'in use' "$WORK/got"
run 0 'umount' "$V" umount "$mnt"
same 'says one line, too' "unmounted $mnt" "$(cat "$WORK/got")"
check 'its server has ended' gone "$pid"
check 'nothing is left' nothing_left "$mnt"
same 'the file is in the vault' hello "$("$V" cat "$WORK/v" /d/b --password-file "$WORK/v.pw")"
run 7 'umount of what is not mounted' "$V" umount "$mnt"

# --- the server is killed
run 0 'mount again' "$V" mount "$WORK/v" "$mnt" --password-file "$WORK/v.pw"
pid=$(pid_of)
(
	exec 7> "$mnt/open"
	echo opened > "$WORK/opened"
	until [ -e "$WORK/killed" ]; do sleep 0.3; done
	echo waits >&7	# until somebody takes it
	echo on >&7
) &
writer=$!
until [ -e "$WORK/opened" ]; do sleep 0.3; done
kill -KILL "$pid"
: > "$WORK/killed"
run 0 'after kill -9, mount brings the server back' "$V" mount "$WORK/v" "$mnt" --password-file "$WORK/v.pw"
note < "$WORK/got"
wait $writer
same 'a program with an open file goes on' 'waits on' "$(echo $(cat "$mnt/open"))"
kill -KILL "$(pid_of)"
dd if=/dev/zero of="$mnt/dirty" bs=64k count=4 conv=notrunc 2> /dev/null &
writer=$!
sleep 0.5
run 0 'status of a dead one' "$V" status
check 'says so' grep -q 'dead' "$WORK/got"
since=$SECONDS
run 0 'umount of a dead server, with a writer that hangs' "$V" umount "$mnt"
took=$((SECONDS - since))
note < "$WORK/got"
same "it took ${took} s: not 10" 1 $((took < 10))
check 'the writer ends' gone $writer
check 'nothing is left of it' nothing_left "$mnt"
run 0 'and mount works again' "$V" mount "$WORK/v" "$mnt" --password-file "$WORK/v.pw" --json
check 'which tells so in JSON' grep -q '"private_net": *true' "$WORK/got"
pid=$(pid_of)
check 'umount(8) unmounts' timeout 120 umount "$mnt"	# before the server looks
since=$SECONDS
check 'and the server ends by itself' gone "$pid"
took=$((SECONDS - since))
same "it took ${took} s: not 30" 1 $((took < 30))
"$V" status > /dev/null 2>&1
check 'and nothing is left of that either' nothing_left "$mnt"

# --- a server that hangs
run 0 'mount' "$V" mount "$WORK/v" "$mnt" --password-file "$WORK/v.pw"
pid=$(pid_of)
kill -STOP "$pid"
since=$SECONDS
run 0 'umount -f of a server that is stopped' timeout 120 "$V" umount -f "$mnt"
took=$((SECONDS - since))
same "it took ${took} s: not 30" 1 $((took < 30))
check 'it is gone' gone "$pid"
check 'and nothing is left of it' nothing_left "$mnt"

# --- fstab
ln -sf "$V" /sbin/mount.vaultnfs
echo "$WORK/v $mnt vaultnfs password-file=$WORK/v.pw,actimeo=5,nofail 0 0" >> /etc/fstab
run 0 'mount -a' mount -a
check 'mounts what fstab says' grep -q " $mnt .* nfs .*acregmin=5" /proc/self/mountinfo
run 0 'a second mount -a is content' mount -a
run 0 'umount' "$V" umount "$mnt"
run 32 'mount.vaultnfs fails as mount(8) has it' /sbin/mount.vaultnfs "$WORK" "$mnt" -o password-file=/dev/null
sed -i '$d' /etc/fstab

# --- the owner of the vault, by root and by an entry in fstab
chmod 755 "$WORK"
mkdir -p "$WORK/home/u"
chown -R $owner:$owner "$WORK/home" "$WORK/v" "$WORK/v.pw"
echo "owner:x:$owner:$owner::$WORK/home:/bin/sh" >> /etc/passwd
echo "owner:x:$owner:" >> /etc/group
as_owner() {
	setpriv --reuid $owner --regid $owner --clear-groups env HOME="$WORK/home" XDG_RUNTIME_DIR= "$@"
}
run 0 "root mounts somebody's vault" "$V" mount "$WORK/v" "$mnt" --password-file "$WORK/v.pw"
check 'its owner works in it' as_owner sh -c 'echo mine > "$1/mine"' sh "$mnt"
same 'and owns the file' $owner "$(stat -c %u "$mnt/mine")"
pid=$("$V" status --json | tr -d ' \n' | sed 's/.*"pid":\([0-9]*\).*/\1/')
same 'the server is theirs' $owner "$(stat -c %u "/proc/$pid")"
same 'another user sees nothing' 1 "$(setpriv --reuid 12345 --clear-groups \
    cat "$mnt/mine" 2> /dev/null; echo $?)"
run 0 'umount' "$V" umount "$mnt"
cp "$V" "$WORK/vaultnfs" && chmod 755 "$WORK/vaultnfs"
run 5 'a user cannot mount' as_owner "$WORK/vaultnfs" mount "$WORK/v" "$WORK/home/u" --password-file "$WORK/v.pw"
check 'and is told what to do' grep -q 'sudo.*fstab.*12049' "$WORK/got"
echo "127.0.0.1:/v $WORK/home/u nfs user,noauto,vers=3,tcp,port=12049,mountport=12049,nolock 0 0" >> /etc/fstab
run 0 'with an entry in fstab they can' as_owner "$WORK/vaultnfs" mount "$WORK/v" "$WORK/home/u" --password-file "$WORK/v.pw"
check 'and work there' as_owner sh -c '[ "$(cat "$1/mine")" = mine ]' sh "$WORK/home/u"
run 0 'and unmount' as_owner "$WORK/vaultnfs" umount "$WORK/home/u"
chown -R 0:0 "$WORK/v"

# --- exec
run 7 'exec ends as its command' "$V" exec "$WORK/v" --password-file "$WORK/v.pw" -- sh -c 'cat d/b; pwd; exit 7'
check 'which ran in the vault' grep -qx hello "$WORK/got"
run 143 'or as a signal ended it' "$V" exec "$WORK/v" --password-file "$WORK/v.pw" -- sh -c 'kill -TERM $$'
run 127 'or says that there is no such command' "$V" exec "$WORK/v" --password-file "$WORK/v.pw" -- /nonexistent
echo wrong > "$WORK/wrong.pw"
run 3 'or as mount does' "$V" exec "$WORK/v" --password-file "$WORK/wrong.pw" -- true
check 'which says what it is' grep -q 'wrong password' "$WORK/got"
check 'nothing is left of exec' nothing_left "$mnt"

# --- options
run 0 'mount without a private network' "$V" mount "$WORK/v" "$mnt" -o password-file="$WORK/v.pw",no-private-net,ro,nconnect=2
port=$("$V" status --json | tr -d ' \n' | sed 's/.*"port":\([0-9]*\).*/\1/')
check 'then there is a port' "$V" ping -q "127.0.0.1:$port"
same 'read-only' 1 "$(touch "$mnt/no" 2> /dev/null; echo $(($? != 0)))"
run 0 'umount' "$V" umount "$mnt"
finish
