#!/bin/bash
# What POSIX says, asked of a plain ext4, of the kernel's own NFS server over
# it and of vaultnfs with several users: vaultnfs fails nothing that the kernel's
# server passes.  Without that server (nfs-kernel-server) ext4 is the measure.
# needs: kernel
. "$(dirname "$0")/lib.sh"
mnt=$WORK/mnt
posix=$BUILD/tests/e2e/posix
kmnt=$WORK/kmnt

# The kernel's server on $WORK/export, mounted at $kmnt.
start_knfsd() {
	command -v rpc.nfsd > /dev/null && command -v rpc.mountd > /dev/null ||
	    return 1
	modprobe nfsd 2> /dev/null
	mkdir -p "$WORK/export" "$kmnt" /run/rpcbind /var/lib/nfs/sm
	mountpoint -q /proc/fs/nfsd ||
	    mount -t nfsd nfsd /proc/fs/nfsd || return 1
	printf '[mountd]\nmanage-gids=n\n' > "$WORK/nfs.conf"
	mount --bind "$WORK/nfs.conf" /etc/nfs.conf || return 1
	rpcbind -w 2> /dev/null
	rpc.mountd -p 20491 &&
	    exportfs -o rw,no_root_squash,insecure,no_subtree_check,fsid=7 \
	    "127.0.0.1:$WORK/export" && rpc.nfsd -p 20490 2 || return 1
	mount -t nfs -o vers=3,tcp,port=20490,mountport=20491,mountproto=tcp,nolock \
	    "127.0.0.1:$WORK/export" "$kmnt"
}

stop_knfsd() {
	umount "$kmnt"
	rpc.nfsd 0
	exportfs -ua
	pkill -x rpc.mountd
	pkill -x rpcbind
	umount /etc/nfs.conf
}

# column NAME DIR: the verdicts for DIR, as "+ TEXT" and "- TEXT".
column() {
	local since=$SECONDS
	chmod 755 "$2"
	"$posix" "$2" > "$WORK/$1.out" 2> "$WORK/$1.err" < /dev/null
	sed -n 's/^ok /+ /p; s/^not ok \([^#]*[^ #]\) *#.*/- \1/p' \
	    "$WORK/$1.out" > "$WORK/$1"
	echo "# $1: $(tail -n 1 "$WORK/$1.err") in $((SECONDS - since)) s"
}

[ -x "$posix" ] || { not_ok "there is $posix"; finish; exit 1; }
chmod 755 "$WORK"
mkdir "$WORK/plain"
column ext4 "$WORK/plain"
measure=ext4
if [ -n "${POSIX_KNFSD:-}" ]; then
	if check "the kernel's own server is mounted" start_knfsd; then
		column knfsd "$kmnt"
		measure=knfsd
		stop_knfsd > /dev/null 2>&1
	fi
fi
new_vault "$WORK/v" || { not_ok 'a new vault is made'; finish; exit 1; }
start_server 0 "$WORK/v=v" --multi-user --password-file "$WORK/v.pw" ||
    { not_ok 'the new vault is served'; finish; exit 1; }
check 'the new vault is mounted' mount_export v "$mnt" || { finish; exit 1; }
column vaultnfs "$mnt"

# NAME: how many passed.
passed() { grep -c '^+ ' "$WORK/$1"; }
for c in ext4 knfsd vaultnfs; do
	[ -f "$WORK/$c" ] && echo "# passed on $c: $(passed $c) of $(wc -l < "$WORK/$c")"
done
# Only where the columns differ: text, and who passes.
awk -v names="ext4 knfsd vaultnfs" -v dir="$WORK" 'BEGIN {
	n = split(names, name, " ")
	for (i = 1; i <= n; i++)
		while ((getline line < (dir "/" name[i])) > 0) {
			t = substr(line, 3)
			v[t, i] = substr(line, 1, 1)
			if (!(t in seen)) { seen[t]; order[++m] = t }
		}
	for (k = 1; k <= m; k++) {
		t = order[k]; row = ""; differ = 0
		for (i = 1; i <= n; i++) {
			row = row " " name[i] " " (((t, i) in v) ? v[t, i] : ".")
			if (((t, i) in v) && v[t, i] == "-") differ = 1
		}
		if (differ) print "# " t " |" row
	}
}'
sed -n 's/^not ok //p' "$WORK/vaultnfs.out" | note
bad=$(grep '^- ' "$WORK/vaultnfs" | sed 's/^- //' | sort > "$WORK/bad"
    grep '^+ ' "$WORK/$measure" | sed 's/^+ //' | sort |
    comm -12 "$WORK/bad" - | wc -l)
same "vaultnfs fails nothing that $measure passes" 0 "$bad"
same 'all was asked' "$(wc -l < "$WORK/ext4")" "$(wc -l < "$WORK/vaultnfs")"
check 'unmount' unmount "$mnt"
stop_server
same 'the server ends with status 0' 0 $?
check 'a check finds nothing' "$VAULTNFS" check "$WORK/v" --contents \
    --password-file "$WORK/v.pw"
finish
