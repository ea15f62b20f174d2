#!/bin/bash
# The gate and the kernel's NFS client: its socket is root's, so a server of an
# ordinary user serves what root mounts, to that user and root, and to nobody
# else, through the mount or beside it.
# needs: kernel
. "$(dirname "$0")/lib.sh"

owner=12344
thief=12345
as() {
	local uid=$1
	shift
	setpriv --reuid "$uid" --regid "$uid" --clear-groups "$@" \
	    > "$WORK/got" 2>&1
}

chmod 755 "$WORK"
cp "$VAULTNFS" "$WORK/vaultnfs.bin"
printf '#!/bin/sh\nexec setpriv --reuid %s --regid %s --clear-groups "%s" "$@"\n' \
    $owner $owner "$WORK/vaultnfs.bin" > "$WORK/vaultnfs"
chmod 755 "$WORK/vaultnfs.bin" "$WORK/vaultnfs"
VAULTNFS=$WORK/vaultnfs
mkdir "$WORK/own"
chown $owner "$WORK/own"
echo 'a password for tests' > "$WORK/own/v.pw"
chmod 644 "$WORK/own/v.pw"
check 'an ordinary user makes a vault' env VAULTNFS_FAST_KDF=1 "$VAULTNFS" \
    init "$WORK/own/v" --password-file "$WORK/own/v.pw" --scrypt-cost 1024
# Reserved ports, which the kernel uses, and the sandbox are here by the way.
start_server 0 "$WORK/own/v=v" --state-dir "$WORK/own/state" \
    --run-dir "$WORK/own/run" --password-file "$WORK/own/v.pw" --reserved-port --sandbox ||
    { not_ok 'the user serves it'; finish; exit 1; }

check 'root mounts it' mount_export v "$WORK/mnt"
# What the kernel shows of its own socket: peer_proc.c, peer_linux.c.
awk -v p="$(printf ':%04X' "$port")" '$3 ~ p "$" && $4 == "01" \
    { print "uid=" $8, $10 == 0 ? "no inode" : "an inode" }' /proc/net/tcp |
    sort | uniq -c | note
same "the kernel's socket shows uid 0 and an inode" 'uid=0 an inode' \
    "$(awk -v p="$(printf ':%04X' "$port")" '$3 ~ p "$" && $4 == "01" \
    { print "uid=" $8, $10 == 0 ? "no inode" : "an inode" }' /proc/net/tcp |
    sort -u)"
as $owner sh -c 'echo secret > "$1"' sh "$WORK/mnt/file"
same 'its owner writes a file' 0 $?
as $owner cat "$WORK/mnt/file"
same 'and reads it' secret "$(cat "$WORK/got")"
same 'root reads it too' secret "$(cat "$WORK/mnt/file")"
as $thief cat "$WORK/mnt/file"
same 'another user does not, through the mount' 0 \
    "$(grep -c '^secret' "$WORK/got")"
as $thief ls "$WORK/mnt"
same 'nor sees its name' 0 "$(grep -cx file "$WORK/got")"
if command -v nfs-cat > /dev/null; then
	url="nfs://127.0.0.1/v/file?version=3&nfsport=$port&mountport=$port&uid=0&gid=0"
	as $thief timeout 60 nfs-cat "$url"
	same 'nor beside it' 0 "$(grep -c '^secret' "$WORK/got")"
	nfs-cat "$url" > "$WORK/got" 2>&1
	same 'root may, from a reserved port' secret "$(cat "$WORK/got")"
else
	skip 'beside the mount' 'no nfs-cat (Debian: libnfs-utils)'
fi
grep 'in a sandbox' "$WORK/server.log" | note
check 'it is unmounted' unmount "$WORK/mnt"
stop_server
same 'the server ends with status 0' 0 $?
finish
