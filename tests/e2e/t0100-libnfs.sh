#!/bin/bash
# A served vault through libnfs, a client in user space that is not ours: its
# command-line tools, and libnfs_ops.c on its library.
# needs: nothing
. "$(dirname "$0")/lib.sh"

for tool in nfs-ls nfs-cp nfs-cat; do
	if ! command -v $tool > /dev/null; then
		skip 'libnfs' "no $tool (Debian: libnfs-utils)"
		finish
		exit
	fi
done

new_vault "$WORK/v" || { not_ok 'a new vault is made'; finish; exit 1; }
start_server 0 "$WORK/v=v" --password-file "$WORK/v.pw" ||
    { not_ok 'the new vault is served'; finish; exit 1; }
url() { echo "nfs://127.0.0.1/v$1?version=3&nfsport=$port&mountport=$port"; }

if [ -x "$BUILD/tests/e2e/libnfs_ops" ]; then
	"$BUILD/tests/e2e/libnfs_ops" "$(url '')" > "$WORK/ops" 2>&1
	rc=$?
	# its lines become ours
	while read -r line; do
		case $line in
		'ok '*) ok "${line#*- }" ;;
		'not ok '*) not_ok "${line#*- }" ;;
		'1..'*) ;;
		*) echo "# ${line#\# }" ;;
		esac
	done < "$WORK/ops"
	same 'libnfs_ops ends with status 0' 0 $rc
else
	skip 'libnfs_ops' 'it was not built (Debian: libnfs-dev)'
fi

head -c 1000000 /dev/urandom > "$WORK/data"
check 'nfs-cp writes a file' nfs-cp "$WORK/data" "$(url /data)"
check 'nfs-cp reads it' nfs-cp "$(url /data)" "$WORK/back"
check 'with the same contents' cmp "$WORK/data" "$WORK/back"
nfs-cat "$(url /data)" > "$WORK/back"
check 'nfs-cat reads the same' cmp "$WORK/data" "$WORK/back"
check 'nfs-ls lists it' sh -c 'nfs-ls "$1" | grep "1000000.* data$"' \
    sh "$(url '')"
stop_server
same 'the server ends with status 0' 0 $?
check 'cat without the server reads the same' sh -c \
    '"$1" cat "$2" /data --password-file "$2.pw" | cmp - "$3"' \
    sh "$VAULTNFS" "$WORK/v" "$WORK/data"
check 'the independent reader has no remark' \
    python3 "$E2E/vaultread.py" "$WORK/v" "$WORK/v.pw" --strict \
    --out "$WORK/read.json"
finish
