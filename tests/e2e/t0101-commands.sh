#!/bin/bash
# The commands on vaults that others made, without a mount: tree agrees with
# the manifest, and what cannot be opened ends with the status it should.
# needs: nothing
. "$(dirname "$0")/lib.sh"

# Where something is damaged on purpose, tree says so in its status as well.
try_tree() {
	local rc want=0
	"$VAULTNFS" tree --json --sha256 "$dir/vault" \
	    --password-file "$dir/pw" > "$WORK/tree.json" 2> "$WORK/err"
	rc=$?
	case $name in edge-*) want=4 ;; esac
	same "tree of $name ends with status $want" $want $rc
	compare tree "$WORK/tree.json"
	same "tree of $name agrees with its manifest" 0 $?
}

# refused TEXT STATUS COMMAND...: that status, one line of error, no output.
refused() {
	local text=$1 status=$2
	shift 2
	"$VAULTNFS" "$@" > "$WORK/out" 2> "$WORK/err"
	same "$text: status $status" "$status" $?
	same "$text: one line of error" 1 "$(wc -l < "$WORK/err")"
	same "$text: no output" 0 "$(wc -c < "$WORK/out")"
}

# The file of the manifest that cat should give back.
try_cat() {
	local path sum
	{ read -r sum && read -r path; } < <(python3 - "$dir" <<'PY'
import json, sys
files = [e for e in json.load(open(sys.argv[1] + "/manifest.json"))["entries"]
         if e["type"] == "file" and len(e["path"].encode()) < 200]
e = max(files, key=lambda e: e["size"])
print(e["sha256"])
print(e["path"])
PY
	)
	same "cat of the largest file of $name" "$sum" \
	    "$("$VAULTNFS" cat "$dir/vault" "$path" --password-file "$dir/pw" |
	    sha256sum | cut -d ' ' -f 1)"
}

echo 'not the password' > "$WORK/wrong"
while read -r tar; do
	unpack_vault "$tar"
	try_tree
	try_cat
	refused "a wrong password of $name" 3 \
	    tree "$dir/vault" --password-file "$WORK/wrong"
	refused "serving $name with a wrong password" 3 \
	    serve "$dir/vault" --password-file "$WORK/wrong" --port 0
	rm -rf "$dir"
done < <(find_vaults)

mkdir "$WORK/plain"
echo hello > "$WORK/plain/file"
refused 'tree of a folder that is no vault' 4 \
    tree "$WORK/plain" --password-file "$WORK/wrong"
refused 'serving a folder that is no vault' 4 \
    serve "$WORK/plain" --password-file "$WORK/wrong" --port 0
refused 'tree of a folder that is not there' 4 \
    tree "$WORK/nowhere" --password-file "$WORK/wrong"

# What put writes, cat, get and the independent reader give back.
new_vault "$WORK/v"
head -c 100000 /dev/urandom > "$WORK/data"
check 'put writes a file' "$VAULTNFS" put "$WORK/v" "$WORK/data" /data \
    --password-file "$WORK/v.pw"
check 'get reads it' "$VAULTNFS" get "$WORK/v" /data "$WORK/back" \
    --password-file "$WORK/v.pw"
check 'with the same contents' cmp "$WORK/data" "$WORK/back"
refused 'a path that is not there' 7 cat "$WORK/v" /nothing \
    --password-file "$WORK/v.pw"
refused 'a usage error' 2 tree --no-such-option "$WORK/v"
python3 "$E2E/vaultread.py" "$WORK/v" "$WORK/v.pw" --strict \
    > "$WORK/read.json"
same 'the independent reader finds nothing amiss' 0 $?
same 'the independent reader sees the same contents' \
    "$(sha256sum < "$WORK/data" | cut -d ' ' -f 1)" \
    "$(sed -n 's/.*"sha256": "\(.*\)".*/\1/p' "$WORK/read.json")"
finish
