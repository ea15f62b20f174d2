#!/bin/bash
# A server in its sandbox (--sandbox) serves as any other: through libnfs, while
# it is locked and unlocked, and to its end.  Under strace no system call that
# it makes is one that the sandbox lacks.
# needs: nothing
. "$(dirname "$0")/lib.sh"

if ! [ -x "$BUILD/tests/e2e/libnfs_ops" ]; then
	skip 'a server in its sandbox' 'no libnfs_ops (Debian: libnfs-dev)'
	finish
	exit
fi
new_vault "$WORK/v" || { not_ok 'a new vault is made'; finish; exit 1; }
program=$VAULTNFS

# serve_all TEXT: it works, and ends well.
serve_all() {
	start_server 0 "$WORK/v=v" --sandbox --run-dir "$WORK/run" \
	    --password-file "$WORK/v.pw" || { not_ok "$1: it is served"; return; }
	check "$1: libnfs works with it" "$BUILD/tests/e2e/libnfs_ops" \
	    "nfs://127.0.0.1/v?version=3&nfsport=$port&mountport=$port"
	check "$1: it is locked" "$program" lock --run-dir "$WORK/run"
	check "$1: and unlocked" "$program" unlock --run-dir "$WORK/run" \
	    --password-file "$WORK/v.pw"
	check "$1: libnfs still works" "$BUILD/tests/e2e/libnfs_ops" \
	    "nfs://127.0.0.1/v?version=3&nfsport=$port&mountport=$port"
	# the last child is strace, if there is one
	kill -TERM "$(pgrep -P "$server" || echo "$server")"
	wait "$server"
	same "$1: the server ends with status 0" 0 $?
	server=
	same "$1: nothing is left in its run directory" '' \
	    "$(find "$WORK/run" -type s 2> /dev/null)"
}

serve_all 'in the sandbox'
grep 'in a sandbox' "$WORK/server.log" | note
if strace -f true > /dev/null 2>&1; then
	printf '#!/bin/sh\nexec strace -f -o "%s" "%s" "$@"\n' \
	    "$WORK/strace" "$program" > "$WORK/traced"
	chmod 755 "$WORK/traced"
	VAULTNFS=$WORK/traced
	serve_all 'under strace'
	# glibc tries clone3() first, then what it had before
	awk '/PR_SET_SECCOMP/ { on = 1 } on && / = -1 (ENOSYS|EPERM)/' \
	    "$WORK/strace" | grep -v clone3 > "$WORK/missed"
	note < "$WORK/missed"
	same 'it misses no system call' 0 "$(wc -l < "$WORK/missed")"
	echo "# it made $(awk '/PR_SET_SECCOMP/ { on = 1 } on' "$WORK/strace" |
	    grep -oE '^[0-9]+ +[a-z0-9_]+\(' | awk '{ print $2 }' | sort -u |
	    wc -l) different system calls"
else
	skip 'it misses no system call' 'no strace that works here'
fi
finish
