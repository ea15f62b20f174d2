#!/bin/sh
# Builds the tree once more, in another manner and in a folder of its own, and
# runs the tests that make sense there.
#
# usage: tests/variant.sh gcc|clang|asan|tsan|fuzz FOLDER [make argument]...
# FUZZ_SECONDS: how long each fuzzer runs (15).  JOBS: for make -j.
set -eu
src=$(cd "$(dirname "$0")/.." && pwd)
kind=$1
dir=$2
shift 2
jobs=${JOBS:-$(getconf _NPROCESSORS_ONLN)}

# Sanitized code is built with -O1: building takes longer than running it.
case $kind in
gcc)	conf='CC=gcc --enable-werror' ;;
clang)	conf='CC=clang --enable-werror' ;;
asan)	conf='CC=gcc --enable-sanitizer=address,undefined
	    --enable-arena-debug --enable-lock-check'
	export CFLAGS='-g -O1' ;;
tsan)	conf='CC=clang --enable-sanitizer=thread --enable-lock-check'
	export CFLAGS='-g -O1' ;;
fuzz)	conf='CC=clang --enable-fuzz --enable-arena-debug'
	export CFLAGS='-g -O1' ;;
*)	echo "variant.sh: what is $kind?" >&2; exit 2 ;;
esac

mkdir -p "$dir"
cd "$dir"
# One folder is made once for one manner; make itself sees what changed.
if [ ! -f Makefile ] || [ "$(cat .variant 2>/dev/null)" != "$conf" ]; then
	# shellcheck disable=SC2086
	"$src/configure" --quiet $conf
	echo "$conf" > .variant
fi
make -j"$jobs" V=0 all
case $kind in
clang)	exec make -j"$jobs" check TESTS= "$@" ;;	# as silent as gcc's
tsan)	exec make -j"$jobs" check-stress "$@" ;;
fuzz)	exec make fuzz-run "$@" ;;
*)	exec make -j"$jobs" check "$@" ;;
esac
