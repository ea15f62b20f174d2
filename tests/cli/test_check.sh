#!/bin/sh
# vaultnfs check: what it prints, how it ends, what it leaves.  TAP.
name=test_check
# shellcheck source=tests/cli/cli.sh
. "$(dirname "$0")/cli.sh"

run help
ok 'help lists check' grep -q '^  check  *[a-z]' out
run help check
cp out help.out
ok 'help check shows its usage' grep -q '^usage: vaultnfs check ' out
ok 'help check is at most 80 columns wide' \
    awk 'length($0) > 80 { exit 1 }' help.out
ok 'help tells the exit codes' grep -q '^Exit codes: 0 nothing worse' help.out
for o in contents repair offline quiet json password-file; do
	ok "check has --$o" grep -qE -- "^  (-., |    )--$o( |\$)" help.out
done
run check
ok 'check needs a vault' refused 2 'check: needs '

echo 'pass word' > pw
echo wrong > wrong
runp init v
head -c 100000 /dev/zero > big
runp mkdir v /docs
runp put v big /docs/big
runp put v pw /note

runp check v
ok 'a healthy vault ends with 0' same 0 "$rc"
ok 'and is one line' prints 'checked 2 files, 0 symlinks and 2 directories: '\
'0 critical, 0 warn, 0 info'
runp check --contents v
ok 'with --contents it says how many bytes' grep -qE \
    '^checked 2 files.* \([0-9]{6} bytes\): 0 critical' out
runp check --contents --quiet v
ok '--quiet is quiet' done_quietly
runp check --json v
json '--json has findings and a summary' \
    'j["findings"] == [] and j["summary"]["files"] == 2'
run check v --password-file wrong
ok 'a wrong password is 3' refused 3 'wrong password'
mkdir none
runp check none
ok 'what is no vault is 4' refused 4 'no vault'
runp check nowhere
ok 'what is not there is 4 or 7' one_error nowhere

# --- damage: a bit in a file, an orphan, a leftover, a missing backup
cp -R v w
victim=$(find w/d -type f -size +90k)
printf 'X' | dd of="$victim" bs=1 seek=40000 conv=notrunc 2> /dev/null
runp check w
ok 'damaged contents are not seen without --contents' same 0 "$rc"
runp check w --contents
ok 'but with it: 4' same 4 "$rc"
ok 'the line says what, which and where' grep -q \
    "^critical  BadChunk  /docs/big  ${victim#w/}: .*(1 of 4 chunks, the first is number 1 at byte 32864)" \
    out
runp check w --contents --repair
ok 'what cannot be repaired stays 4' same 4 "$rc"
rm -rf w
cp -R v w
link=$(find w/d -name dir.c9r)
rm "$link"
rmdir "$(dirname "$link")"
root=$(dirname "$(dirname "$link")")
: > "$root/vnfs-0123456789abc.tmp"
rm "$root/dirid.c9r"
runp check w --offline
ok 'the worst that remains is warn: 1' same 1 "$rc"
ok 'the worst comes last' sh -c \
    'sed -n 3p out | grep -q "^warn  *OrphanContentDir  d/"'
ok 'after what is less bad' sh -c \
    'head -n 2 out | grep -c "^info " | grep -qx 2'
ok 'the summary says what can be mended' sh -c \
    'tail -n 1 out | grep -q "1 warn, 2 info; --repair can mend 3$"'
runp check w
ok 'what is new is passed over' sh -c \
    'tail -n 1 out | grep -q "too new to judge, see --offline$"'
runp check w --offline --json
json '--json tells the same' 'sorted(f["kind"] for f in j["findings"]) ==
    ["Leftover", "MissingDirIdBackup", "OrphanContentDir"] and
    all(f["repairable"] and not f["repaired"] and f["text"] and f["disk"]
    for f in j["findings"]) and j["summary"]["repairable"] == 3'
chmod -R a-w w
runp check w --offline --quiet
ok 'a check writes nothing' same 1 "$rc"
chmod -R u+w w
runp check w --offline --repair
ok 'when all is repaired it is 0' same 0 "$rc"
ok 'and three lines say so' sh -c 'grep -c "^repaired  " out | grep -qx 3'
runp check w --offline --contents
ok 'then there is nothing to tell' prints "$(printf '%s%s' \
    'checked 2 files, 0 symlinks and 3 directories ' \
    "$(sed 's/.*\(([0-9]* bytes)\).*/\1/' out)"\
': 0 critical, 0 warn, 0 info')"
runp tree w /LOST+FOUND
ok 'the file is in LOST+FOUND under its name' grep -q ' big$' out

# --- the root
root=$(find v/d -mindepth 2 -maxdepth 2 -name "$(basename "$root")")
rm -rf w
cp -R v w
mv "w/${root#v/}" gone
runp check w
ok 'a vault without its root cannot be opened: 4' refused 4 \
    "root, ${root#v/}, is missing"

# --- a terminal
runp init many
mkdir tree
i=0
while [ $i -lt 60 ]; do
	cp big "tree/f$i"
	i=$((i + 1))
done
runp put -r many tree /
if [ -n "$python" ]; then
	TERM=xterm tty '' /bin/sh -c \
	    "'$V' check many --contents --password-file pw"
	ok 'on a terminal the result is the same' grep -q \
	    '^checked 60 files' out
else
	skip 'on a terminal the result is the same' 'no python3'
fi

echo "1..$n"
