#!/bin/bash
# Large directories are listed while others make and remove entries in them: what
# stays is seen exactly once.  For the long form; SIZES are numbers of entries.
# needs: kernel
. "$(dirname "$0")/lib.sh"
mnt=$WORK/mnt
make=$BUILD/tests/scale/scale_make
python=$(python3 -c 'import sys; print(sys.executable)')

[ -x "$make" ] || { not_ok "there is $make"; finish; exit 1; }
for n in ${SIZES:-2000}; do
	new_vault "$WORK/v$n" || { not_ok 'a new vault is made'; break; }
	check "$n entries are made" "$make" "$WORK/v$n" "$WORK/v$n.pw" 1 "$n"
	start_server 0 "$WORK/v$n=v" --password-file "$WORK/v$n.pw" ||
	    { not_ok 'the vault is served'; break; }
	check 'and mounted' mount_export v "$mnt" || break
	check "each of $n entries is seen once in 3 listings" "$python" \
	    "$E2E/share.py" churn "$mnt/dir-000000" "$n" 3
	note < "$WORK/said"
	check 'unmount' unmount "$mnt"
	stop_server
	same 'the server ends with status 0' 0 $?
done
finish
