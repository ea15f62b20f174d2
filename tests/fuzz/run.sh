#!/bin/sh
# usage: run.sh SOURCE-TREE FUZZER...: each for $FUZZ_SECONDS (15).  An input
# that takes $FUZZ_HANG seconds (60) by the clock, on a machine that may be
# loaded, is a finding.
# New inputs go to corpus/ in the folder it runs in, never into the tree.  A
# line for each: inputs tried, edges of the program that they reached (libFuzzer's
# "cov"), and how many of them are new to the corpus.
src=$1
shift
seconds=${FUZZ_SECONDS:-15}

one() {
	name=$(basename "$1" | sed 's/^fuzz_//')
	mkdir -p "corpus/$name"
	old=$src/tests/fuzz/corpus/$name
	[ -d "$old" ] || old=
	# shellcheck disable=SC2086
	if "$1" -max_total_time="$seconds" -timeout="${FUZZ_HANG:-60}" \
	    -rss_limit_mb=2048 -print_final_stats=1 \
	    -artifact_prefix="corpus/crash-$name-" \
	    "corpus/$name" $old > "corpus/$name.log" 2>&1; then
		echo "ok - fuzz_$name: $(sed -n \
		    's/^stat::number_of_executed_units: *//p' \
		    "corpus/$name.log") inputs in $seconds s, $(sed -n \
		    's/^#.*DONE *cov: \([0-9]*\).*/\1/p' \
		    "corpus/$name.log") edges, $(sed -n \
		    's/^stat::new_units_added: *//p' \
		    "corpus/$name.log") inputs new"
	else
		tail -n 30 "corpus/$name.log" | sed 's/^/# /'
		echo "not ok - fuzz_$name, see $PWD/corpus/$name.log"
	fi
}

if [ "$1" = --one ]; then
	one "$2"
	exit
fi
mkdir -p corpus
printf '%s\n' "$@" | xargs -n 1 -P "$(getconf _NPROCESSORS_ONLN)" \
    sh "$0" "$src" --one | tee corpus/summary
bad=$(grep -c '^not ok' corpus/summary)
printf '# PASS:  %d\n# FAIL:  %d\n' "$(grep -c '^ok' corpus/summary)" "$bad"
[ "$bad" = 0 ]
