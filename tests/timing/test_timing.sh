#!/bin/sh
# Comparisons with tags, signatures and keys make as many instructions whether
# they are wrong in their first byte or in another one: counted by callgrind, so
# the same on any machine and under any load.  TAP.
build=${VAULTNFS_BUILD:-.}
program=$(cd "$build" && pwd)/tests/timing/timing
skip() { echo "1..0 # SKIP $1"; exit 0; }
[ -x "$program" ] || skip "no timing in $build"
command -v valgrind > /dev/null || skip 'no valgrind'
grep -q '^CFLAGS.*-fsanitize' "$build/Makefile" &&
    skip 'a sanitizer does not run under valgrind'
work=$(mktemp -d "${TMPDIR:-/tmp}/timing.XXXXXX") || exit 99
trap 'rm -rf "$work"' EXIT
# mimalloc takes memory that valgrind does not see: nothing of it is counted.
valgrind --quiet --tool=callgrind --callgrind-out-file="$work/out" \
    --combine-dumps=no --collect-atstart=no "$program" --count 40 > "$work/said" 2>&1
rc=$?
[ $rc != 77 ] || skip "valgrind's headers were not there"
if [ $rc != 0 ]; then
	sed 's/^/# /' "$work/said"
	printf '1..1\nnot ok 1 - it can be counted\n'
	exit 1
fi
for f in "$work"/out.*; do
	what=$(sed -n 's/^desc: Trigger: Client Request: //p' "$f" | head -n 1)
	n=$(sed -n 's/^\(summary\|totals\): *\([0-9]*\).*/\2/p' "$f" | head -n 1)
	[ -n "$what" ] && printf '%s/%s\n' "$what" "$n"
done | sort -t / -k 1,1 -k 2,2 > "$work/counts"
awk -F / '
	$2 == "fixed" { fixed[$1] = $3 }
	$2 == "random" {
		n++
		control = $1 ~ /stops early/
		same = fixed[$1] == $3 && $3 > 0
		good = control ? !same && $3 > 0 : same
		printf "%s %d - %s: %d and %d instructions%s\n",
		    good ? "ok" : "not ok", n, $1, fixed[$1], $3,
		    control ? ", which must differ" : ""
		bad += !good
	}
	END { printf "1..%d\n", n; exit bad > 0 || n < 11 }' "$work/counts"
