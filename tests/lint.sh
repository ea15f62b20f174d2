#!/bin/sh
# What no compiler checks: who includes whom, headers that stand alone, names
# that are exported, words and paths that do not belong in the tree.  TAP.
#
# Reads the tree at $VAULTNFS_TOP and the objects at $VAULTNFS_BUILD.
top=${VAULTNFS_TOP:-$(cd "$(dirname "$0")/.." && pwd)}
build=${VAULTNFS_BUILD:-$top}
cd "$top" || exit 99
n=0
folders='base xdr vault nfsd'

# result TEXT COMPLAINTS: one line of TAP; not ok if there are complaints.
result() {
	n=$((n + 1))
	if [ -z "$2" ]; then
		echo "ok $n - $1"
	else
		printf '%s\n' "$2" | sed 's/^/# /'
		echo "not ok $n - $1"
	fi
}

# included_by FILES PATTERN: the #include lines of FILES that match PATTERN.
included_by() {
	# shellcheck disable=SC2086
	grep -nE "^[[:space:]]*#[[:space:]]*include[[:space:]]*[<\"]($2)" \
	    $1 /dev/null 2>/dev/null
}

# all_but FILES-PATTERN NAME...: the files, without those named.
all_but() {
	files=$(ls $1 2>/dev/null)
	shift
	for no in "$@"; do
		files=$(printf '%s\n' "$files" | grep -vE "^$no\$")
	done
	printf '%s ' $files
}

# 1. Who may include whom (HACKING.md, "Folders").
result 'base/ includes only base/' \
    "$(included_by 'base/*.[ch]' '(xdr|vault|nfsd|tests)/')"
result 'xdr/ includes only xdr/ and base/' \
    "$(included_by 'xdr/*.[ch]' '(vault|nfsd|tests)/')"
result 'vault/ includes only vault/ and base/' \
    "$(included_by 'vault/*.[ch]' '(xdr|nfsd|tests)/|rpc/|rpcsvc/')"
result 'nfsd/ does not include tests/' \
    "$(included_by 'nfsd/*.[ch]' 'tests/')"
result 'xdr/ knows no threads, sockets, OpenSSL or libev' \
    "$(included_by 'xdr/*.[ch]' 'pthread\.h|threads\.h|sys/socket\.h|netinet/|openssl/|ev\.h')"
result 'xdr/ allocates nothing' \
    "$(grep -nE '\b(malloc|calloc|realloc|free|strdup)[[:space:]]*\(' \
    xdr/*.[ch] 2>/dev/null)"
result 'libev is only in loop, conn and control' \
    "$(included_by "$(all_but '[bxvn]*/*.[ch]' nfsd/loop.c nfsd/loop_accept.c nfsd/loop_int.h nfsd/loop_while.c nfsd/loop_beat.c nfsd/metrics_http.c nfsd/conn.c \
    nfsd/conn_int.h nfsd/control.c)" 'ev\.h')"
result "libtirpc is only in nfsd/rpcbind*.c and the tests' client" \
    "$(included_by "$(all_but '[bxvn]*/*.[ch]' nfsd/rpcbind.c nfsd/rpcbind_pmap.c)" 'rpc/')"
result 'OpenSSL is only in the crypto files' \
    "$(included_by "$(all_but '[bxvn]*/*.[ch]' 'vault/(cmac|keys|kctx|siv|gcm|ctrmac|masterkey|token|name|digest)\.[ch]' \
    'base/(secret|entropy)\.c' 'bench/vb_backup\.c')" 'openssl/')"
result 'a procedure is not scheduled' \
    "$(included_by 'nfsd/proc_*.c' 'ev\.h|nfsd/(conn|conn_int|loop|worker|drc)\.h')"
result "the tests' client is independent of xdr/, nfsd/ and vault/" \
    "$(included_by 'tests/client/*.[ch]' '(xdr|nfsd|vault)/')"

# 2. Every header stands alone.
bad=
for h in base/*.h xdr/*.h vault/*.h nfsd/*.h; do
	# shellcheck disable=SC2086
	out=$(printf '#include "config.h"\n#include "%s"\n' "$h" |
	    ${CC:-cc} -std=c11 -I"$build" -I. $CPPFLAGS -fsyntax-only -x c - 2>&1) ||
	    bad="$bad$h: $out
"
done
result 'every header compiles alone' "$bad"

# 3. config.h comes first in every .c file.
bad=
for c in base/*.c xdr/*.c vault/*.c nfsd/*.c; do
	first=$(grep -m 1 -E '^#[[:space:]]*include' "$c")
	[ "$first" = '#include "config.h"' ] || bad="$bad$c: $first
"
done
result 'config.h is the first header of every file' "$bad"

# 4. foo.c exports foo_*.  A family split over files shares its first word;
# objects of the library are named libX_a-foo.o or foo.o.
may_export() {
	case $1 in
	base/lock)	echo 'lock|rwlock' ;;
	vault/base64)	echo 'base64|base64url|base32' ;;
	vault/dir_build) echo 'dir|build' ;;
	vault/dir_copy)	echo 'dir|copy' ;;
	vault/dir_index) echo 'dir|index' ;;
	vault/dir_names) echo 'dir|names' ;;
	vault/file*)	echo 'file|loc|symlink|iolist' ;;
	vault/kctx)	echo 'kctx|crypto' ;;
	vault/gcm | vault/ctrmac | vault/plain) echo "${1#vault/}|cipher" ;;
	nfsd/main)	echo 'main' ;;
	*)		f=${1##*/}; echo "${f%%_*}" ;;
	esac
}
bad=
seen=0
for c in base/*.c xdr/*.c vault/*.c nfsd/*.c; do
	o=$build/${c%.c}.o
	[ -f "$o" ] || continue
	seen=$((seen + 1))
	odd=$(${NM:-nm} -g --defined-only "$o" | awk 'NF == 3 { print $3 }' |
	    grep -vE "^(($(may_export "${c%.c}"))(_|\$)|_|\.)" | tr '\n' ' ')
	[ -z "$odd" ] || bad="$bad$c exports $odd
"
done
if [ "$seen" -gt 0 ]; then
	result 'foo.c exports foo_* only' "$bad"
else
	n=$((n + 1))
	echo "ok $n # SKIP foo.c exports foo_* only: no objects in $build"
fi

# 5. The fragments list every source file, so that `make dist' packs it.
bad=
for f in $folders; do
	for s in "$f"/*.[ch]; do
		grep -qF "$s" "$f/$f.am" || bad="$bad$s is not in $f/$f.am
"
	done
done
for s in tests/unit/*.c tests/proto/*.c tests/stress/*.c tests/fault/*.c; do
	[ -f "$s" ] || continue
	grep -qF "${s%.c}" tests/tests.am || bad="$bad$s is not in tests/tests.am
"
done
for s in tests/*/*.h; do
	grep -qF "$s" tests/tests.am tests/*/*.am || bad="$bad$s is in no fragment
"
done
result 'every source file is in its fragment' "$bad"

# 6. Nothing of one machine, nothing left open.
sources=$(find base xdr vault nfsd tests bench contrib Makefile.am \
    configure.ac autogen.sh ./*.md .ci -type f ! -path '*/corpus/*' \
    ! -path '*/vectors/*' ! -name lint.sh ! -name '*.o' ! -name '*.log' \
    ! -name '*.trs' ! -name '*.a' ! -name '*.Po' ! -name '*.pyc')
home='(/home|/Users|/work|/root)/[A-Za-z]'
# shellcheck disable=SC2086
result 'no path of one machine' "$(grep -nIE "(^|[\"' =(])$home" $sources)"
# shellcheck disable=SC2086
result 'nothing is left open' \
    "$(grep -nIE '\b(TODO|FIXME|XXX)\b|not implemented' $sources)"

# 7. Form: what clang-format and reviewers agree on without arguing.
# shellcheck disable=SC2046
result 'no line is over 80 columns, none ends in blanks' \
    "$(for f in $(ls $(printf '%s/*.[ch] ' $folders) tests/*/*.[ch]); do
	expand "$f" | awk -v f="$f" '
	    length($0) > 80 { print f ":" NR ": " length($0) " columns" }
	    /[ \t]$/ { print f ":" NR ": blanks at the end" }'
    done)"
result 'no file is over 500 lines' \
    "$(wc -l $(printf '%s/*.[ch] ' $folders) | awk '$1 > 500 && $2 != "total"')"

# 8. Every line of SECURITY.md names the test that shows it, or says that there is
# none; `FILE: beginning' is the beginning of a test's name.
result 'every line of SECURITY.md says what shows it' \
    "$(awk -F'|' '/^\|/ && NF > 3 && $2 !~ /^-+$/ &&
	$(NF - 1) !~ /`(test_|t[0-9]|fuzz_)|by design|not shown|^ *shown by *$/ {
		print FILENAME ":" NR ": " $2 }' SECURITY.md)"
bad=
# shellcheck disable=SC2016
for ref in $(grep '^|' SECURITY.md |
    grep -oE '`(test_|t[0-9]{4}|fuzz_)[a-z0-9_]*(: [a-z0-9_]+)?`' |
    tr -d '` ' | sort -u); do
	file=$(ls tests/*/"${ref%%:*}".c tests/*/"${ref%%:*}".sh \
	    tests/e2e/"${ref%%:*}"-*.sh 2>/dev/null | head -n 1)
	if [ -z "$file" ]; then
		bad="$bad$ref: no such file
"
	elif [ "$ref" != "${ref#*:}" ] &&
	    ! grep -qE "^Test\([a-z_]+, ${ref#*:}" "$file"; then
		bad="$bad$ref: no such test in $file
"
	fi
done
result 'the tests that SECURITY.md names exist' "$bad"
echo "1..$n"
