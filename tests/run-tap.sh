#!/bin/sh
# Runs one test program and prints TAP: how depends on the folder it is in.
prog=$1
name=$(basename "$prog")
case $prog in
*tests/unit/* | *tests/proto/* | *tests/fault/*)
	exec "$prog" --tap=/dev/stdout --quiet
	;;
*tests/fuzz/*)	# built without libFuzzer: plays its corpus once
	exec "$prog" "$VAULTNFS_TOP/tests/fuzz/corpus/${name#fuzz_}"
	;;
*)
	echo 1..1
	if "$prog"; then
		echo "ok 1 - $name"
	else
		echo "not ok 1 - $name ended with status $?"
	fi
	;;
esac
