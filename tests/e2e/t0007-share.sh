#!/bin/bash
# Not alone: processes that lock and list, two mounts, two servers of one vault
# folder, another program that changes the vault, a server that takes over.
# needs: kernel
. "$(dirname "$0")/lib.sh"
mnt=$WORK/mnt
share=("$(python3 -c 'import sys; print(sys.executable)')" "$E2E/share.py")
stable=${STABLE:-400} listings=${LISTINGS:-6} times=${TIMES:-15}

new_vault "$WORK/v" || { not_ok 'a new vault is made'; finish; exit 1; }
args=("$WORK/v=v" --password-file "$WORK/v.pw" --shared)
start_server 0 "${args[@]}" --state-dir "$WORK/state1" ||
    { not_ok 'the new vault is served'; finish; exit 1; }
port1=$port server1=$server
MOUNT_OPTS=actimeo=3
check 'the new vault is mounted' mount_export v "$mnt" ||
    { finish; exit 1; }

# Locks between the processes of one client.
for how in flock fcntl sqlite; do
	check "4 processes count with $how" \
	    "${share[@]}" counter "$mnt/$how" 4 "$times" $how
done

# Listings while entries come and go.
mkdir "$mnt/churn"
check "$stable entries are each seen once in $listings listings" \
    "${share[@]}" churn "$mnt/churn" "$stable" "$listings"

# A second server of the same folder, and a mount of it.
start_server 0 "${args[@]}" --state-dir "$WORK/state2"
same 'a second server serves the same folder' 0 $?
port2=$port server2=$server
mkdir "$WORK/mnt2"
check 'and is mounted' mount -t nfs -o \
    "vers=3,tcp,port=$port2,mountport=$port2,nolock,noac" \
    127.0.0.1:/v "$WORK/mnt2"
head -c 300000 /dev/urandom > "$WORK/data"
cp "$WORK/data" "$mnt/one"
check 'what one wrote and closed is read whole by the other' \
    cmp "$WORK/data" "$WORK/mnt2/one"
head -c 100000 /dev/urandom > "$WORK/data"
cp "$WORK/data" "$WORK/mnt2/one"
sleep 4
check 'and the other way round, written over' cmp "$WORK/data" "$mnt/one"
mkdir "$WORK/mnt2/dir"
mv "$WORK/mnt2/one" "$WORK/mnt2/dir/two"
check 'a file moved by one is found by the other' \
    cmp "$WORK/data" "$mnt/dir/two"
same 'its inode is the same in both' "$(stat -c %i "$WORK/mnt2/dir/two")" \
    "$(stat -c %i "$mnt/dir/two")"

# Another program changes the vault: seen at once with noac.
run() { "$VAULTNFS" "$@" --password-file "$WORK/v.pw"; }
echo first > "$WORK/text"
run put "$WORK/v" "$WORK/text" /dir/put > "$WORK/said" 2>&1
check 'a file that was put is there' cmp "$WORK/text" "$WORK/mnt2/dir/put"
echo 'second, longer' > "$WORK/text"
run put "$WORK/v" "$WORK/text" /dir/put --force > "$WORK/said" 2>&1
check 'and so it is when it was replaced' cmp "$WORK/text" \
    "$WORK/mnt2/dir/put"
truncate -s $((68 + 28 + 32768)) "$(run path -a "$WORK/v" /dir/two)"
same 'a ciphertext that was cut is shorter' 32768 \
    "$(stat -c %s "$WORK/mnt2/dir/two")"
check 'and read as far as it goes' \
    cmp -n 32768 "$WORK/data" "$WORK/mnt2/dir/two"
run rm "$WORK/v" /dir/put > /dev/null 2>&1
[ ! -e "$WORK/mnt2/dir/put" ]
same 'a file that was removed is gone' 0 $?
sleep 4
[ ! -e "$mnt/dir/put" ] && [ "$(stat -c %s "$mnt/dir/two")" = 32768 ]
same 'the mount that keeps attributes for 3 s saw all that, too' 0 $?

# One server goes, another one takes its port: handles are good there.
exec 7< "$mnt/dir/two"
exec 8< "$mnt/dir"
server=$server1
kill_server
start_server "$port1" "${args[@]}" --state-dir "$WORK/state3" 7<&- 8<&-
same 'a third server takes the port of the first' 0 $?
check 'an open file goes on' cmp -n 32768 "$WORK/data" /dev/fd/7
check 'and so does an open directory' touch /dev/fd/8/here
exec 7<&- 8<&-
check 'unmount' unmount "$mnt"
umount "$WORK/mnt2"
stop_server
same 'the server ends with status 0' 0 $?
server=$server2
stop_server
same 'and so does the second' 0 $?
check 'a check finds nothing' "$VAULTNFS" check "$WORK/v" --contents \
    --password-file "$WORK/v.pw"
finish
