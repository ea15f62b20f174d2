#!/bin/bash
# What t0002 wrote through vaultnfs is read back by readers that know nothing
# of it, with the same contents and without a remark.
# needs: t0002
. "$(dirname "$0")/lib.sh"

if [ ! -f "$KEEP/vault.tar.gz" ]; then
	skip 'readback' 't0002 left no vault'
	finish
	exit
fi
tar xzf "$KEEP/vault.tar.gz" -C "$WORK" --no-same-owner
dir=$KEEP
check 'our reader has no remark about the vault' \
    python3 "$E2E/vaultread.py" "$WORK/v" "$KEEP/pw" --strict \
    --out "$WORK/read.json"
[ -s "$WORK/read.json" ] &&
    python3 -c 'import json, sys
for r in json.load(open(sys.argv[1]))["remarks"]: print(r)' \
    "$WORK/read.json" | note
compare read "$WORK/read.json"
same 'our reader sees what was written' 0 $?

other=${VAULTNFS_SHARED:-$TOP/../shared}/tools/cmvault.py
if [ -f "$other" ]; then
	check 'another reader reads the vault' python3 "$other" \
	    list "$WORK/v" "$(cat "$KEEP/pw")" --json "$WORK/other.json"
	compare read "$WORK/other.json"
	same 'another reader sees what was written' 0 $?
else
	skip 'another reader sees what was written' "no $(basename "$other")"
fi

check 'tree opens the vault' sh -c '"$1" tree --json --sha256 "$2" \
    --password-file "$3" > "$4"' sh "$VAULTNFS" "$WORK/v" "$KEEP/pw" \
    "$WORK/tree.json"
compare tree "$WORK/tree.json"
same 'tree sees what was written' 0 $?
finish
