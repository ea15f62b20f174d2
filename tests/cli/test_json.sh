#!/bin/sh
# What --json prints is what contrib/doc/json.json says, for every command.  TAP.
name=json
. "$(dirname "$0")/cli.sh"
[ -n "$python" ] || { echo '1..0 # SKIP no python3'; exit 0; }
top=${VAULTNFS_TOP:-$here/../..}
top=$(cd "$top" && pwd)
schemas=$top/contrib/doc/json.json

# These report nothing: serve prints the ready line, cat a file, exec what its
# command does.
"$V" completion table > table
tab=$(printf '\t')
cut -f 1 table | uniq | grep -vxE 'serve|cat|exec' | sort > verbs
awk -F "$tab" '$2 == "json" { print $1 }' table | sort > have
ok 'every command that reports has --json' cmp verbs have
"$python" "$here/schema.py" "$schemas" list > listed
ok 'and every one of them has a schema' cmp have listed

tried=
# is VERB: standard output of the last command.
is() {
	tried="$tried $1"
	ok "$1 --json" "$python" "$here/schema.py" "$schemas" "$1" < out
}
runj() { runp "$@" --json; }
echo password > pw
runj init v --scrypt-cost 1024
is init
echo hello > f
runj put v f /f
is put
runj mkdir v /d
is mkdir
runj ln -s v f /l
is ln
runj mv v /f /g
is mv
runj ls v /
is ls
runj tree v / --sha256
is tree
runj stat v /g /l /d
is stat
runj get v /g got
is get
run info v --json
is info
runj path v /g
is path
runj passwd v --new-password-file pw
is passwd
runj passwd v --recovery-key
is passwd
runj rm v /l
is rm
runj put v f /broken
path=$("$V" path v /broken --password-file pw)
printf x >> "v/$path"
runj check v --contents
is check
ok 'a finding is among them' grep -q '"kind"' out
for i in 0 1; do
	run ping --json 127.0.0.1:1 --timeout 2000
	is ping
done

mkdir -m 700 run
"$V" serve v --port 0 --password-file pw --run-dir run --state-dir st \
    --log-level error > ready 2> serve.err < /dev/null &
pid=$!
trap 'kill $pid 2> /dev/null; wait; clean' EXIT
i=0
while [ $i -lt 600 ] && [ ! -s ready ] && kill -0 $pid 2> /dev/null; do
	sleep 0.1
	i=$((i + 1))
done
at=$(sed 's/ready \([^ ]*\) .*/\1/' ready)
run ping --json "$at" --timeout 60000
is ping
"$python" "$here/nfs3.py" "${at##*:}" /v mnt getattr write x y > said
run status --json --run-dir run
is status
run stats --json --run-dir run
is stats
ok 'with procedures' grep -q '"GETATTR"' out
run lock --json --run-dir run
is lock
runj unlock --run-dir run
is unlock

# Mounting is tried in tests/e2e; their schemas are compared with the source.
for v in mount umount; do
	"$python" - "$schemas" $v "$top"/nfsd/cmd_$v.c > lacks 2>&1 << 'P'
import json, re, sys
s = json.load(open(sys.argv[1]))["properties"][sys.argv[2]]
text = open(sys.argv[3]).read()
for name in s["required"]:
    if '"%s"' % name not in text:
        print(name)
P
	tried="$tried $v"
	ok "$v --json has members of the source" same '' "$(cat lacks)"
done
ok 'every command was tried' same "$(tr '\n' ' ' < have)" \
    "$(printf '%s\n' $tried | sort -u | tr '\n' ' ')"
echo "1..$n"
