#!/bin/bash
# Every kind of object renamed over every other, short and long names, through
# the kernel's client: errno and what is there afterwards are those of this
# machine's own file system, also after a remount and for another reader.
# needs: kernel
. "$(dirname "$0")/lib.sh"
mnt=$WORK/mnt
table=$BUILD/tests/e2e/rename_table

# run_table ARGUMENT...: its lines as tests, what differs as notes.
run_table() {
	local word text rc since=$SECONDS
	"$table" "$@" > "$WORK/lines" 2> "$WORK/differs"
	rc=$?
	note < "$WORK/differs"
	while read -r word text; do
		case $word in
		pass) ok "$text" ;;
		fail) not_ok "$text" ;;
		*) echo "# $word $text in $((SECONDS - since)) s" ;;
		esac
	done < "$WORK/lines"
	return $rc
}

[ -x "$table" ] || { not_ok "there is $table"; finish; exit 1; }
new_vault "$WORK/v" || { not_ok 'a new vault is made'; finish; exit 1; }
start_server 0 "$WORK/v=v" --password-file "$WORK/v.pw" ||
    { not_ok 'the new vault is served'; finish; exit 1; }
check 'the new vault is mounted' mount_export v "$mnt" || { finish; exit 1; }
mkdir "$WORK/plain"
echo "# plain folder on $(stat -f -c %T "$WORK/plain")"

run_table "$WORK/plain" "$mnt"
same 'the table is gone through to its end' 0 $?
check 'unmount' unmount "$mnt"
stop_server
same 'the server ends with status 0' 0 $?
start_server 0 "$WORK/v=v" --password-file "$WORK/v.pw"
check 'another server is mounted' mount_export v "$mnt"
run_table "$WORK/plain" "$mnt" again
same 'it shows the same' 0 $?
check 'unmount' unmount "$mnt"
stop_server
same 'the server ends with status 0' 0 $?
check 'a check finds nothing' "$VAULTNFS" check "$WORK/v" --contents \
    --password-file "$WORK/v.pw"
finish
