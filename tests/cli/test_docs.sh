#!/bin/sh
# Manual, --help, completions and other documents agree with the tables of
# commands and options.  TAP.
name=docs
. "$(dirname "$0")/cli.sh"
top=${VAULTNFS_TOP:-$here/../..}
top=$(cd "$top" && pwd)
build=$(cd "$build" && pwd)
: > out
: > err
tab=$(printf '\t')

"$V" completion table > table
verbs=$(cut -f 1 table | uniq)
long=$(awk -F "$tab" '$2 != "" { print $1 " --" $2 }' table)

# says FILE WHAT: lines "verb --option" of the tables that FILE lacks.
lacks() { echo "$long" | sort -u | comm -23 - "$1" | sed "s/^/$2 lacks /"; }
nothing() { [ ! -s "$1" ] || { cat "$1"; return 1; }; }

ok 'the table has all commands' sh -c '
	for v in init serve mount umount ls stat check status ping; do
		cut -f 1 table | grep -qx $v || { echo $v; exit 1; }
	done'

# 1. --help.
for v in $verbs; do
	"$V" help "$v" > "help.$v"
	"$V" "$v" --help | cmp -s - "help.$v" || echo "$v --help differs"
	"$V" help | grep -q "^  $v " || echo "help does not list $v"
	sed -n "s/^  [ -][a-zA-Z0-9 ][ ,] --\([a-z0-9-]*\).*/$v --\1/p" "help.$v"
done > helped
grep -v ' --' helped > bad
sort -u helped > helped.sorted
lacks helped.sorted --help >> bad
ok '--help tells of every command and option' nothing bad

# 2. The manual.
page=$build/contrib/man/vaultnfs.1
if [ ! -f "$page" ]; then	# only the program was built
	page=$work/vaultnfs.1
	sed "s/^@COMMANDS@/@/; /^@\$/r /dev/stdin" \
	    "$top/contrib/man/vaultnfs.1.in" <<-P | sed '/^@$/d' > "$page"
	$("$V" completion man)
	P
fi
awk '/^\.SS / { verb = $2 }
    /^\.SH / && $2 != "COMMANDS" { verb = "" }
    /^\.B .*\\-\\-/ && verb != "" && verb != "help" {
	gsub(/\\-/, "-"); match($0, /--[a-z0-9-]+/)
	print verb " " substr($0, RSTART, RLENGTH) }' "$page" | sort -u > manual
lacks manual 'the manual' > bad
echo "$long" | sort -u | comm -13 - manual |
    sed 's/^/only in the manual: /' >> bad
for v in $verbs help completion; do
	grep -qx "\.SS $v" "$page" || echo "no section $v"
done >> bad
ok 'the manual tells of every command and option, and no others' nothing bad
for i in 0 1 2 3 4 5 6 7; do
	awk -v i=$i '/^\.SH/ { s = $2 } s == "EXIT" && $0 == i { f = 1 }
	    END { exit !f }' "$page" || echo "exit $i"
done > bad
ok 'the manual tells of every exit status' nothing bad
if command -v mandoc > /dev/null; then
	mandoc -T lint -W warning "$page" "$top"/contrib/man/*.[78] > bad 2>&1
	ok 'mandoc has no complaints' nothing bad
else
	skip 'mandoc has no complaints' 'no mandoc'
fi

# 3. Completions.
cat > ask.bash <<'B'
. "$1"
while read -r verb; do
	COMP_WORDS=(vaultnfs "$verb" --) COMP_CWORD=2 COMPREPLY=()
	_vaultnfs
	printf "$verb %s\n" "${COMPREPLY[@]}"
done
B
"$V" completion bash > comp.bash
echo "$verbs" | bash ask.bash comp.bash 2> bad | sort -u > offered
lacks offered 'bash completion' >> bad
ok 'bash offers every option of every command' nothing bad
cat > first.bash <<'B'
. "$1"
COMP_WORDS=(vaultnfs '') COMP_CWORD=1; _vaultnfs; printf '%s\n' "${COMPREPLY[@]}"
COMP_WORDS=(vaultnfs serve --log-level e) COMP_CWORD=3; _vaultnfs; echo "${COMPREPLY[@]}"
mkdir -p d/sub; COMP_WORDS=(vaultnfs serve d/) COMP_CWORD=2; _vaultnfs; echo "${COMPREPLY[@]}"
B
bash first.bash comp.bash > offered 2> bad
for v in $verbs; do
	grep -qx "$v" offered || echo "bash lacks $v"
done >> bad
for w in error d/sub; do
	grep -qx $w offered || echo "bash lacks $w"
done >> bad
ok 'bash offers commands, words of an option, and folders' nothing bad
"$V" completion fish > comp.fish
sed -n "s/.*subcommand_from \([a-z]*\)' -l \([a-z0-9-]*\).*/\1 --\2/p" \
    comp.fish | sort -u > offered
lacks offered 'fish completion' > bad
ok 'fish offers every option of every command' nothing bad
"$V" completion zsh > comp.zsh
awk '/^\t[a-z]+\)$/ { verb = $1; sub(/\)/, "", verb) }
    match($0, /"\*?--[a-z0-9-]+/) {
	s = substr($0, RSTART, RLENGTH); sub(/^"\*?/, "", s); print verb " " s }' \
    comp.zsh | sort -u > offered
lacks offered 'zsh completion' > bad
ok 'zsh offers every option of every command' nothing bad
for sh in bash zsh fish; do
	if command -v $sh > /dev/null; then
		ok "$sh can read its completion" $sh -n comp.$sh
	else
		skip "$sh can read its completion" "no $sh"
	fi
done
run completion tcsh
ok 'completion for another shell is a usage error' refused 2 'needs one of'

# 4. Documents name no option that is not there: words after "vaultnfs VERB".
cut -f 2 table | sed '/^$/d; s/^/--/' | sort -u > known
printf '%s\n' --help --version >> known
sort -u -o known known
cat "$top"/README.md "$top"/SECURITY.md "$top"/contrib/doc/*.md \
    "$top"/contrib/man/*.in "$top"/contrib/man/*.[78] 2>/dev/null |
    sed 's/\\-/-/g' | grep -E '(^|[^-a-z/])vaultnfs [a-z]+ ' |
    grep -oE '(^|[ `(])--[a-z][a-z0-9-]+' | sed 's/^[ `(]*//' | sort -u > named
comm -23 named known > bad
ok 'documents name no option of vaultnfs that is not there' nothing bad

echo "1..$n"
