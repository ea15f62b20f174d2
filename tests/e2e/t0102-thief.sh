#!/bin/bash
# Another user of this host, and a process of another network namespace, try to
# get at a served vault with libnfs: nothing.  The same without the gate: all.
# needs: nothing
. "$(dirname "$0")/lib.sh"

owner=12344
thief=12345
if [ "$(id -u)" != 0 ]; then
	skip 'another user' 'needs root, to be two users'
	finish
	exit
fi
for tool in nfs-cat nfs-ls setpriv; do
	if ! command -v $tool > /dev/null; then
		skip 'another user' "no $tool (Debian: libnfs-utils, util-linux)"
		finish
		exit
	fi
done

# as UID COMMAND...
as() {
	local uid=$1
	shift
	setpriv --reuid "$uid" --regid "$uid" --clear-groups \
	    timeout 20 "$@" > "$WORK/got" 2>&1
}
# url PATH UID: what libnfs asks for, and who it says it is.
url() {
	echo "nfs://127.0.0.1/v$1?version=3&nfsport=$port&mountport=$port&uid=$2&gid=$2"
}

# The program where its user can reach it.
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
secret='what only its owner may read'
check 'its owner makes a vault' env VAULTNFS_FAST_KDF=1 "$VAULTNFS" init \
    "$WORK/own/v" --password-file "$WORK/own/v.pw" --scrypt-cost 1024
echo "$secret" > "$WORK/secret"
chmod 644 "$WORK/secret"
check 'with a file in it' "$VAULTNFS" put "$WORK/own/v" "$WORK/secret" \
    /secret --password-file "$WORK/own/v.pw"

serve() {
	start_server 0 "$WORK/own/v=v" --state-dir "$WORK/own/state" \
	    --run-dir "$WORK/own/run" --password-file "$WORK/own/v.pw" "$@"
}

# steal UID-CLAIMED: does the thief see names, or the contents?
steal() {
	as $thief nfs-ls "$(url '' "$1")"
	grep -q secret "$WORK/got" && echo names
	as $thief nfs-cat "$(url /secret "$1")"
	grep -qF "$secret" "$WORK/got" && echo contents
}

serve || { not_ok 'the vault is served'; finish; exit 1; }
as $owner nfs-cat "$(url /secret $owner)"
same 'the owner reads it' "$secret" "$(cat "$WORK/got")"
same 'another user who says it is root gets nothing' '' "$(steal 0)"
same 'another user who says it is the owner gets nothing' '' "$(steal $owner)"
same 'another user who says who it is gets nothing' '' "$(steal $thief)"
as $owner nfs-cat "$(url /secret 0)"
same 'the owner is not root because it says so' 0 \
    "$(grep -cF "$secret" "$WORK/got")"
if unshare -n true 2> /dev/null; then
	timeout 20 unshare -n sh -c 'ip link set lo up 2>/dev/null; nfs-cat "$1"' \
	    sh "$(url /secret 0)" > "$WORK/got" 2>&1
	same 'nor does root in another network namespace reach it' 0 \
	    "$(grep -cF "$secret" "$WORK/got")"
else
	skip 'another network namespace' 'none can be made here'
fi
same 'refusals are in the log, without names' 0 \
    "$(grep -c secret "$WORK/server.log")"
check 'but with whose they were' grep -q "connection of uid $thief was refused" \
    "$WORK/server.log"
stop_server
same 'the server ends with status 0' 0 $?

serve --allow-uid $thief || { not_ok 'with a guest'; finish; exit 1; }
same 'a guest is not the owner because it says so' '' "$(steal $owner)"
same 'but sees what others may see' 'names contents' "$(echo $(steal $thief))"
chmod 600 "$(find "$WORK/own/v/d" -name '*.c9r' -type f | grep -v dirid)"
same 'and no contents of mode 0600' names "$(steal $thief)"
stop_server

serve --tune no-gate || { not_ok 'without the gate'; finish; exit 1; }
same 'without the gate another user reads all' 'names contents' \
    "$(echo $(steal 0))"
same 'as the owner too' 'names contents' "$(echo $(steal $owner))"
stop_server
same 'and the server ends with status 0' 0 $?
finish
