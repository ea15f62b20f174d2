#!/bin/sh
# The command line as users and scripts see it: every command, option and exit
# code, what goes to standard output and what to standard error.  TAP.
#
# Needs the built vaultnfs in $VAULTNFS_BUILD; no network but loopback, no
# root.  What needs python3 (JSON, a terminal) is skipped without it.
build=${VAULTNFS_BUILD:-.}
V=$(cd "$build" && pwd)/vaultnfs
[ -x "$V" ] || { echo "1..0 # SKIP no vaultnfs in $build"; exit 0; }

work=$(mktemp -d "${TMPDIR:-/tmp}/test_cli.XXXXXX") || exit 99
served=
# shellcheck disable=SC2317	# by trap
clean() {
	[ -z "$served" ] || kill "$served" 2>/dev/null
	chmod -R u+rwX "$work"
	rm -rf "$work"
}
trap clean EXIT
trap 'exit 99' INT TERM HUP
cd "$work" || exit 99

VAULTNFS_FAST_KDF=1
XDG_STATE_HOME=$work/xdg
LC_ALL=C
TZ=UTC
export VAULTNFS_FAST_KDF XDG_STATE_HOME LC_ALL TZ
unset NO_COLOR

n=0
rc=0
# ok TEXT COMMAND...: the command must succeed.
ok() {
	n=$((n + 1))
	text=$1
	shift
	if "$@" > check.out 2>&1; then
		echo "ok $n - $text"
	else
		echo "not ok $n - $text"
		echo "# failed: $*"
		sed 's/^/# /' check.out
		echo "# last command ended with $rc"
		sed 's/^/# out: /' out | head -20
		sed 's/^/# err: /' err | head -20
	fi
}
same() { [ "$1" = "$2" ] || { echo "'$1' is not '$2'"; return 1; }; }
skip() { n=$((n + 1)); echo "ok $n # SKIP $1: $2"; }

# run ARGS...: vaultnfs, into out, err and rc; no terminal, no input.
run() {
	"$V" "$@" > out 2> err < /dev/null
	rc=$?
}
# as it does, with the password of the vault v.
runp() {
	"$V" "$@" --password-file pw > out 2> err < /dev/null
	rc=$?
}
# An error is one line, starts with the program's name, says TEXT.
one_error() {
	same 1 "$(wc -l < err | tr -d ' ')" &&
	    grep -q '^vaultnfs: ' err && grep -qF -- "$1" err
}
refused() { same "$1" "$rc" && one_error "$2" && same '' "$(cat out)"; }
done_quietly() { same 0 "$rc" && same '' "$(cat out)$(cat err)"; }
prints() { same 0 "$rc" && same "$1" "$(cat out)" && same '' "$(cat err)"; }

# The interpreter itself: what is found first may be a slow wrapper.
python=$(python3 -c 'import sys; print(sys.executable)' 2> /dev/null)
# json TEXT EXPRESSION: out is JSON and the expression on j is true.
json() {
	if [ -z "$python" ]; then
		skip "$1" 'no python3'
		return
	fi
	ok "$1" "$python" -c '
import json, sys
j = json.loads(open("out", "rb").read().decode("utf-8"))
assert eval("(" + sys.argv[1] + ")"), j' "$2"
}

# --- help and usage
run
ok 'no command is a usage error' refused 2 'no command given'
run help
ok 'help lists the commands' same 0 "$rc"
for c in init serve ls tree cat get put info; do
	ok "help lists $c" grep -q "^  $c  *[a-z]" out
done
for c in init serve ls tree cat get put info; do
	run help $c
	cp out help.out
	ok "help $c shows its usage" grep -q "^usage: vaultnfs $c " out
	run $c --help
	ok "$c --help is the same" cmp out help.out
	run $c --no-such-option
	ok "$c refuses an unknown option" refused 2 \
	    "$c: unknown option --no-such-option; see 'vaultnfs help $c'"
	run $c
	ok "$c needs operands" refused 2 "$c: needs "
	ok "help $c is at most 80 columns wide" \
	    awk 'length($0) > 80 { exit 1 }' help.out
done
for c in status stats lock unlock; do
	run help $c
	ok "help $c shows its usage" grep -q "^usage: vaultnfs $c " out
	ok "help $c is at most 80 columns wide" \
	    awk 'length($0) > 80 { exit 1 }' out
	run $c --no-such-option
	ok "$c refuses an unknown option" refused 2 \
	    "$c: unknown option --no-such-option; see 'vaultnfs help $c'"
done
run help nothing
ok 'help of no command is a usage error' refused 2 "unknown command 'nothing'"
run help ls tree
ok 'help takes one command' refused 2 'one command at a time'
run nothing
ok 'an unknown command is a usage error' refused 2 "unknown command 'nothing'"
run --frobnicate
ok 'an option needs a command before it' refused 2 'a command comes first'
run --version
ok '--version tells the version' grep -q '^vaultnfs [0-9]' out
ok '--version ends with 0' same 0 "$rc"
if [ -w /dev/full ]; then
	"$V" help > /dev/full 2> err
	rc=$?
	: > out
	ok 'output that cannot be written is a failure' refused 1 \
	    'cannot write to standard output'
else
	skip 'output that cannot be written is a failure' 'no /dev/full'
fi

# --- init
echo 'pass word' > pw
echo wrong > wrong
runp init v
ok 'init is quiet' done_quietly
ok 'init makes a config' test -s v/vault.cryptomator
ok 'init makes a master key' test -s v/masterkey.cryptomator
ok 'init makes a root' test -d v/d
runp init v
ok 'init wants a folder of its own' refused 1 'not empty'
mkdir empty
runp init empty --cipher SIV_CTRMAC --json
ok 'init takes an empty folder' same 0 "$rc"
json 'init reports in JSON' \
    'j["ok"] is True and j["cipher"] == "SIV_CTRMAC" and j["format"] == 8'
runp init x1 --cipher ROT13
ok 'init knows two ciphers' refused 2 \
    '--cipher ROT13: must be one of SIV_GCM|SIV_CTRMAC'
runp init x1 --scrypt-cost 5000
ok 'the scrypt cost is a power of two' refused 2 'must be a power of two'
runp init x1 --scrypt-cost 512
ok 'the scrypt cost has a lower bound' refused 2 'must be 1024 to 1048576'
runp init x1 --scrypt-cost 2097152
ok 'the scrypt cost has an upper bound' refused 2 'must be 1024 to 1048576'
VAULTNFS_FAST_KDF= "$V" init x1 --scrypt-cost 8192 --password-file pw \
    > out 2> err
rc=$?
ok 'a cheap scrypt cost needs VAULTNFS_FAST_KDF' refused 2 \
    'VAULTNFS_FAST_KDF=1'
runp init x1 --scrypt-cost 2048 --json
json 'the scrypt cost is as given' 'j["scrypt_cost"] == 2048'
VAULTNFS_FAST_KDF= "$V" init x2 --password-file pw --json > out 2> err
json 'the scrypt cost is 32768 by default' 'j["scrypt_cost"] == 32768'
: > nothing
run init x3 --password-file nothing
ok 'an empty password makes no vault' refused 1 'the password is empty'
ok 'and nothing is left' test ! -e x3
runp init no/such/place
ok 'init in a folder that is not there' refused 7 'no/such/place'

# --- where the password comes from
run ls v --password-file wrong
ok 'a wrong password is one line and 3' refused 3 'wrong password'
run ls v --password-fd 3 3< pw
ok '--password-fd' done_quietly
"$V" ls v --password-fd 3 > out 2> err 3< pw
rc=$?
ok '--password-fd reads that descriptor' done_quietly
"$V" ls v --password-stdin > out 2> err < pw
rc=$?
ok '--password-stdin' done_quietly
run ls v --password-command 'cat pw'
ok '--password-command' done_quietly
run ls v --password-command 'cat pw; exit 5'
ok 'a password command that fails' refused 1 'failed with status 5'
PW='pass word' "$V" ls v --password-env PW > out 2> err
rc=$?
ok '--password-env' done_quietly
run ls v --password-env NO_SUCH_VARIABLE
ok 'a variable that is not there' refused 2 NO_SUCH_VARIABLE
run ls v --password-file no-such-file
ok 'a password file that is not there' refused 7 no-such-file
run ls v --password-fd 99
ok 'a descriptor that is not open' refused 2 '--password-fd 99'
run ls v --password-file pw --password-stdin
ok 'two sources are a usage error' refused 2 \
    'only one --password option may be given'
head -c 70000 /dev/zero > long
run ls v --password-file long
ok 'a password has at most 64 KiB' refused 2 'longer than 65536 bytes'
if command -v setsid > /dev/null; then
	setsid "$V" ls v > out 2> err < /dev/null
	rc=$?
	ok 'without a terminal there must be an option' refused 2 \
	    'use --password-file'
else
	skip 'without a terminal there must be an option' 'no setsid'
fi

# --- what is no vault
mkdir plain
runp ls plain
ok 'a folder that is no vault is 4' refused 4 'plain'
run ls plain
ok 'and nobody is asked for a password' refused 4 'plain'
runp ls no-such-folder
ok 'a folder that is not there is 4' refused 4 'no-such-folder'
runp ls pw
ok 'a file is no vault' refused 4 'pw'
cp -R v broken
echo garbage > broken/vault.cryptomator
runp ls broken
ok 'a vault with a broken config is 4' refused 4 'vault.cryptomator'

# --- put
printf 'hello\n' > f
chmod 640 f
touch -m -t 200102030405.06 f
head -c 100000 /dev/urandom > big
: > zero
runp put v f big zero /
ok 'put copies files to a directory' done_quietly
runp put v f /g
ok 'put copies a file to a name' done_quietly
runp put v big /g
ok 'put replaces nothing' refused 1 '--force replaces it'
runp put v big /g --force --json
ok 'put --force does' same 0 "$rc"
json 'put reports in JSON' 'j == {"ok": True, "files": 1, "dirs": 0,
    "symlinks": 0, "bytes": 100000, "failed": 0}'
"$V" put v - /stdin --password-file pw > out 2> err < big
rc=$?
ok 'put - reads standard input' done_quietly
"$V" put v - / --password-file pw > out 2> err < big
rc=$?
ok 'standard input needs a name' refused 2 'standard input needs a name'
"$V" put v - /x --password-stdin > out 2> err < pw
rc=$?
ok 'standard input cannot be both' refused 2 'cannot both come from'
mkdir -p t/sub/deep t/empty
cp f t/sub/file
cp big t/sub/deep/big
ln -s sub/file t/link
ln -s /nowhere t/dangling
chmod 750 t/sub
touch -m -t 200203040506.07 t/sub/deep t/empty t/sub t
runp put v t /
ok 'a directory needs -r' refused 1 'is a directory; -r copies it'
runp put v -r t /
ok 'put -r copies it' done_quietly
runp put v -r --json t/ /copy
json 'put -r reports what it did' 'j == {"ok": True, "files": 2, "dirs": 4,
    "symlinks": 2, "bytes": 100006, "failed": 0}'
(cd t/sub && "$V" put ../../v -r . /dot --password-file ../../pw) > out 2> err
rc=$?
ok 'put -r of . to a new name' done_quietly
(cd t/sub && "$V" put ../../v -r . / --password-file ../../pw) > out 2> err
rc=$?
ok 'put -r of . has the name of the folder' done_quietly
runp cat v /sub/file
ok 'which is sub' prints hello
runp put v no-such-file /
ok 'a FILE that is not there is 7' refused 7 no-such-file
runp put v f no-such-file /t
ok 'one of two is 7' same 7 "$rc"
runp cat v /t/f
ok 'and the other is copied' prints hello
runp put v f big /new
ok 'two files need a directory' same 7 "$rc"
ok 'which is said' one_error 'not a directory in the vault'
runp put v f /no/such/place
ok 'a place that is not there is 7' refused 7 /no/such/place
runp put v f /nodir/
ok 'a slash at the end means a directory' refused 7 /nodir/
runp put v f /f/below
ok 'below a file there is nothing' refused 7 /f/below
runp put v -rf f /t/sub
ok 'a file into a directory by name' done_quietly
runp put v -f f /t/sub/deep/..
ok 'and with --force again' done_quietly
mkdir inside
cp -R v inside/v
cp f inside/f
"$V" put inside/v -r inside / --password-file pw > out 2> err
rc=$?
ok 'a vault is not copied into itself' refused 4 'the vault itself'
if [ "$(id -u)" != 0 ]; then
	cp f secret
	chmod 000 secret
	runp put v secret /secret
	ok 'a FILE that may not be read is 5' refused 5 secret
else
	skip 'a FILE that may not be read is 5' 'root may'
fi
mkfifo t.fifo
mkdir fifo
mv t.fifo fifo/fifo
runp put v -r fifo /
ok 'special files are left out' refused 4 'fifo/fifo: not a regular file'

# --- ls
runp ls v
ok 'ls lists the root in the order of names' prints 'big
copy
dot
f
fifo
g
stdin
sub
t
zero'
runp ls v /t/sub /t/empty
ok 'ls of two directories has headings' prints '/t/sub:
deep
f
file

/t/empty:'
runp ls -l v /t
ok 'ls -l' grep -q '^lrwxrwxrwx  *8 ....-..-.. ..:..:.. link -> sub/file$' out
ok 'ls -l shows modes and times' grep -qE \
    '^drwxr-x--- +[0-9]+ 2002-03-04 05:06:07 empty$|^drwxr-x--- ' out
runp ls -l v f
ok 'ls of a file shows it' prints '-rw-r----- 6 2001-02-03 04:05:06 f'
runp ls -0 v /t/sub
ok 'ls -0 ends names with NUL' same 'deep|f|file|' "$(tr '\0' '|' < out)"
runp ls --json v /t
json 'ls --json' 'sorted(e["path"] for e in j) == ["/t/dangling", "/t/empty",
    "/t/f", "/t/link", "/t/sub"]'
json 'ls --json has all attributes' '[e for e in j if e["path"] == "/t/f"][0]
    == {"path": "/t/f", "type": "file", "size": 6, "mode": "0640",
    "mtime": 981173106, "mtime_nsec": 0}'
json 'ls --json has targets' '[e["target"] for e in j
    if e["type"] == "symlink"] == ["/nowhere", "sub/file"]'
runp ls --json v /t/empty
json 'ls --json of nothing is an empty array' 'j == []'
runp ls -0 --json v
ok 'ls -0 --json is a usage error' refused 2 'exclude each other'
runp ls v /no
ok 'ls of what is not there is 7' refused 7 /no

# --- tree
runp tree v /t
ok 'tree draws' prints '/t
|-- dangling -> /nowhere
|-- empty
|-- f
|-- link -> sub/file
`-- sub
    |-- deep
    |   `-- big
    |-- f
    `-- file

3 directories, 4 files, 2 links'
runp tree v /t/sub/deep
ok 'tree counts one by one' grep -q '^0 directories, 1 file$' out
runp tree --json v
json 'tree --json is flat and whole' '{"/t", "/t/sub", "/t/sub/deep/big",
    "/copy/link", "/g"} < {e["path"] for e in j} and not any("sha256" in e
    for e in j)'
runp tree --json --sha256 v /t/sub
json 'tree --sha256 adds digests of files' '[e["sha256"][:8] for e in j
    if e["path"] == "/t/sub/file"] == ["5891b5b5"] and all("sha256" in e
    for e in j if e["type"] == "file")'
runp tree --sha256 v
ok '--sha256 needs --json' refused 2 '--sha256 needs --json'
runp tree --json v /t/sub/file
json 'tree of a file is that file' '[e["path"] for e in j] == ["/t/sub/file"]'
runp tree v /no
ok 'tree of what is not there is 7' refused 7 /no

# --- cat
runp cat v /f f ./t/../f
ok 'cat joins files' prints 'hello
hello
hello'
"$V" cat v /big --password-file pw | cmp - big > out 2> err
rc=$?
ok 'cat gives back what was put' done_quietly
runp cat v /zero
ok 'cat of an empty file' done_quietly
runp cat v /no
ok 'cat of what is not there is 7' refused 7 '/no: '
runp cat v /no /f
ok 'cat goes on after an error' same hello "$(cat out)"
ok 'and ends with it' same 7 "$rc"
runp cat v /t
ok 'cat of a directory is 1' refused 1 'is a directory'
runp cat v /t/link
ok 'cat follows no link' refused 4 'a symbolic link is not followed'
runp cat v /f/x
ok 'cat below a file is 7' refused 7 '/f/x'

# --- get
mkdir out.d
runp get v /f out.d
ok 'get copies into a folder' done_quietly
ok 'with its mode' same 640 "$(stat -c %a out.d/f 2> /dev/null ||
    stat -f %Lp out.d/f)"
ok 'with its time' test ! out.d/f -nt f -a ! out.d/f -ot f
ok 'with its contents' cmp f out.d/f
runp get v /big out.d/other --json
json 'get reports in JSON' 'j == {"ok": True, "files": 1, "dirs": 0,
    "symlinks": 0, "bytes": 100000, "failed": 0}'
ok 'get copies to a name' cmp big out.d/other
runp get v /big out.d/f
ok 'get replaces nothing' refused 1 '--force replaces it'
ok 'indeed' cmp f out.d/f
runp get v /big out.d/f --force
ok 'get --force does' cmp big out.d/f
(cd out.d && "$V" get ../v /zero --password-file ../pw) > out 2> err
rc=$?
ok 'get without DEST copies to the current folder' test -f out.d/zero
runp get v /f /zero out.d/no-folder
ok 'two paths need a folder' refused 1 'not a folder'
runp get v /t out.d
ok 'get of a directory needs -r' refused 1 '-r copies it'
runp get -r v /t out.d
ok 'get -r' done_quietly
rm t/sub/f 2> /dev/null
rm -f out.d/t/f out.d/t/sub/f
ok 'get -r gives back the tree' diff -r --no-dereference t out.d/t
ok 'with links' same sub/file "$(readlink out.d/t/link)"
ok 'with times of directories' \
    test ! out.d/t/empty -nt t/empty -a ! out.d/t/empty -ot t/empty
runp get -r v / out.all --json
json 'get -r of the root' 'j["ok"] and j["files"] > 10'
ok 'into a new folder' cmp big out.all/big
runp get -r v / out.all
ok 'get -r again replaces nothing' same 1 "$rc"
runp get -rf v / out.all
ok 'but with --force' done_quietly
ok 'get leaves no temporary files' same '' \
    "$(find . -name '.vaultnfs-*' -print)"
runp get v /f -
ok 'get to - is standard output' prints hello
runp get v /f - --json
ok 'but not with --json' refused 2 'both want standard output'
runp get v /t -
ok 'no directory goes to standard output' refused 1 'only a file'
runp get v /no out.d
ok 'get of what is not there is 7' refused 7 /no
runp get v /no out.d --json
json 'a failure is told in JSON too' 'j["ok"] is False and j["failed"] == 1'
runp get v /f no/such/folder
ok 'get to where there is no folder is 7' refused 7 no/such
runp get v /f newdir/
ok 'a slash at the end means a folder' refused 7 newdir/
mkdir trap
ln -s ../plain trap/t
runp get -r -f v /t trap
ok 'get follows no link at the destination' same '' "$(ls plain)"
ok 'and says so' same 1 "$(wc -l < err | tr -d ' ')"
if [ "$(id -u)" != 0 ]; then
	mkdir closed
	chmod 555 closed
	runp get v /f closed
	ok 'a folder that may not be written is 5' refused 5 /f
else
	skip 'a folder that may not be written is 5' 'root may'
fi

# --- damage
cp -R v damaged
# the largest file on disk is one of those with the 100,000 bytes
victim=$(find damaged/d -type f -size +90k | sort | head -n 1)
printf 'X' | dd of="$victim" bs=1 seek=40000 conv=notrunc 2> /dev/null
# put and copy left five such files: find the one that is broken now
broken=
for p in /big /g /stdin /copy/sub/deep/big /t/sub/deep/big /sub/deep/big \
    /dot/deep/big; do
	runp cat damaged $p
	[ "$rc" = 0 ] || broken=$p
	[ "$rc" = 0 ] || break
done
ok 'damaged contents are 4' same 4 "$rc"
ok 'and the line names chunk and file on disk' one_error \
    "$broken: from byte 32768 on: chunk 1 of ${victim#damaged/}"
ok 'what was read before it came out' \
    same "$(head -c 32768 big | cksum)" "$(head -c 32768 out | cksum)"
runp get damaged "$broken" out.d/broken
ok 'get leaves nothing of a damaged file' \
    same '' "$(find out.d -name broken -o -name '.vaultnfs-*')"
ok 'and ends with 4' same 4 "$rc"
runp tree --json --sha256 damaged
ok 'tree --sha256 ends with 4' same 4 "$rc"
json 'and marks the file' '[e["path"] for e in j if "error" in e] ==
    ["'"$broken"'"]'
runp ls damaged
ok 'names are not affected' same 0 "$rc"
name=$(find damaged/d -name '*.c9r' ! -name 'dir*.c9r' -type f | head -n 1)
mv "$name" "$(dirname "$name")/AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA.c9r"
runp tree damaged
ok 'a name that is damaged is told' \
    grep -q '^vaultnfs: 1 damaged entry was left out of listings$' err

# --- odd names
if printf x > "$(printf 'a\001b\377')" 2> /dev/null; then
	mkdir odd
	mv "$(printf 'a\001b\377')" odd/
	runp put v -r odd /
	runp ls v /odd
	ok 'in a pipe a name is raw' \
	    same "$(printf 'a\001b\377')" "$(cat out)"
	runp ls --json v /odd
	json 'in JSON it is UTF-8 and hex' \
	    'j[0]["name_hex"] == "610162ff" and j[0]["path"][-1] == "\ufffd"'
	runp get -r v /odd odd.back
	ok 'and it comes back' diff -r odd odd.back
else
	skip 'odd names' 'the file system refuses them'
fi

# --- info
run info v
ok 'info needs no password' same 0 "$rc"
ok 'info tells the cipher' grep -q '^cipher  *SIV_GCM$' out
run info empty --json
json 'info --json' 'j["format"] == 8 and j["cipher"] == "SIV_CTRMAC" and
    j["threshold"] == 220 and j["scrypt"] == {"cost": 1024, "block": 8} and
    j["key_source"] == "password" and j["usable"] is True and
    j["backups"] == {"masterkey": 0, "config": 0}'
cp v/masterkey.cryptomator v/masterkey.cryptomator.0A1B2C3D.bkup
cp v/vault.cryptomator v/vault.cryptomator.0A1B2C3D.bkup
cp v/vault.cryptomator v/vault.cryptomator.0a1b2c3d.bkup
run info v --json
json 'info counts backups' 'j["backups"] == {"masterkey": 1, "config": 1}'
run info plain
ok 'info of what is no vault is 4' refused 4 plain
run info v more
ok 'info takes one vault' refused 2 "too many operands at 'more'"

# --- serve
# begin ARGS...: serve in the background; waits for the ready line or the end.
begin() {
	: > served.out
	"$V" serve --state-dir "$work/state" "$@" --password-file pw \
	    --log-level error \
	    > served.out 2> err < /dev/null 3> ready.fd &
	served=$!
	i=0
	while [ $i -lt 100 ] && [ ! -s served.out ] &&
	    kill -0 $served 2> /dev/null; do
		sleep 0.1
		i=$((i + 1))
	done
}
# end SIGNAL
end() {
	kill -"$1" $served
	wait $served
	rc=$?
	served=
	cp served.out out
}
mkfifo ready.fd
cat ready.fd > ready.got &
reader=$!
begin v --port 0 --ready-fd 3
ok 'serve prints one line when ready' grep -qE \
    '^ready 127\.0\.0\.1:[1-9][0-9]* /v$' served.out
i=0
while kill -0 $reader 2> /dev/null && [ $i -lt 50 ]; do
	sleep 0.1
	i=$((i + 1))
done
ok '--ready-fd is closed then' test $i -lt 50
ok 'and has the same line' cmp served.out ready.got
end TERM
rm ready.fd
ok 'SIGTERM ends it with 0' same 0 "$rc"
ok 'and nothing more was printed' same 1 "$(wc -l < out | tr -d ' ')"
ok 'nor any error' same '' "$(cat err)"
begin v=other 'empty=a b' --port 0 --read-only --workers 3 --cache-size 1M
ok 'exports have the names that are given' grep -qE \
    '^ready 127\.0\.0\.1:[0-9]+ /other /a\\040b$' served.out
end INT
ok 'SIGINT ends it with 0' same 0 "$rc"
# what must not be in a user's vault stays out of it
begin v --port 0 --tune no-encryption
end TERM
ok 'a real vault is not served without encryption' refused 4 \
    'this vault is encrypted'
VAULTNFS_FAST_KDF= "$V" init clear --cipher NONE --password-file pw > out 2> err
rc=$?
ok 'a vault for measuring needs VAULTNFS_FAST_KDF' refused 2 \
    'VAULTNFS_FAST_KDF=1'
ok 'and is not there' test ! -e clear
runp init clear --cipher NONE --json
json 'with it there is one, and it says what it is' \
    'j["cipher"] == "VAULTNFS_NO_ENCRYPTION"'
for c in 'ls clear' 'put clear pw /pw' 'check clear'; do
	# shellcheck disable=SC2086
	runp $c
	ok "${c%% *} refuses it" refused "$rc" 'files are not encrypted'
	ok 'with the exit of a vault that it does not open' same 4 "$rc"
done
begin clear --port 0
end TERM
ok 'and so does serve' refused 4 'files are not encrypted'
begin clear --port 0 --tune no-encryption
ok 'serve --tune no-encryption serves it' grep -q '^ready .* /clear$' \
    served.out
end TERM
begin v --port 0 --loops 2 --tune no-arena,malloc=libc
ok 'serve runs several loops, and experiments' grep -q '^ready ' served.out
end TERM
ok 'SIGTERM ends these too' same 0 "$rc"
begin v --port 0 --loops 0
ok 'serve runs a loop for each core' grep -q '^ready ' served.out
end TERM
begin v --port 0 --listen '[::1]'
if [ -s served.out ]; then
	ok 'an IPv6 address has brackets' grep -qE \
	    '^ready \[::1\]:[0-9]+ /v$' served.out
	end TERM
else
	wait $served
	served=
	skip 'an IPv6 address has brackets' 'no ::1 here'
fi
begin v --port 0
port=$(sed 's/.*:\([0-9]*\) .*/\1/' served.out)
first=$served
"$V" serve empty --port "$port" --password-file pw > out 2> err < /dev/null
rc=$?
ok 'a port that is taken is 1' refused 1 "port $port"
runp serve v --port 0
ok 'a vault that is served is refused' refused 1 'another vaultnfs'
runp serve v --port 0 --shared
ok 'so it is if only one of them shares' refused 1 'another vaultnfs'
runp check v --repair
ok 'it is not repaired under the server' refused 1 'another vaultnfs'
runp check v
ok 'but can be checked' same '' "$(cat err)"
served=$first
end TERM
begin v --port 0 --shared
first=$served
begin v --port 0 --shared
ok 'servers that all say --shared go together' grep -q '^ready ' served.out
end TERM
served=$first
end TERM
begin v --port 0 --state-dir "$work/st/a te"
ok '--state-dir makes the folder' test -d 'st/a te'
ok 'for its owner only' same drwx------ \
    "$(find 'st/a te' -prune -exec ls -ld {} + | cut -c 1-10)"
ok 'replies are kept there' test -s 'st/a te/replies-'*
end KILL
ok 'they stay when it is killed' test -s 'st/a te/replies-'*
begin v --port 0 --state-dir "$work/st/b"
end TERM
ok 'and not when it ends, if the port was any' test ! -e 'st/b/replies-'*
begin v --port 0 --state-dir pw
wait $served
rc=$?
served=
ok 'a state directory that is a file is refused' same 2 "$rc"
ok 'in one line' one_error '--state-dir pw'
mkdir open
chmod 777 open
begin v --port 0 --state-dir open
wait $served
rc=$?
served=
ok 'so is one that others can write to' one_error 'chmod 700'
if [ -n "$python" ]; then
	cat > activate.py << 'PY'
import os, socket, subprocess, sys
# A supervisor: holds the socket, starts a server for it, then the next one.
s = socket.create_server(("127.0.0.1", 0))
port = s.getsockname()[1]
def start():
    def child():
        os.dup2(s.fileno(), 3)
        os.set_inheritable(3, True)
        os.environ["LISTEN_PID"] = str(os.getpid())
        os.environ["LISTEN_FDS"] = "1"
        os.execv(sys.argv[1], sys.argv[1:])
    return subprocess.Popen(sys.argv[1:], stdout=subprocess.PIPE,
                            close_fds=False, preexec_fn=child)
def null_call():
    c = socket.create_connection(("127.0.0.1", port), 20)
    c.sendall(bytes.fromhex("80000028 00000001 00000000 00000002 000186a3"
        " 00000003 00000000 00000000 00000000 00000000 00000000"))
    return c
def answered(c):
    c.settimeout(20)
    return len(c.recv(28, socket.MSG_WAITALL)) == 28
for i in range(2):
    p = start()
    line = p.stdout.readline().decode()
    assert line.startswith("ready 127.0.0.1:%d /v" % port), line
    assert answered(null_call())
    p.terminate()
    assert p.wait() == 0
c = null_call()         # while nobody serves: it waits in the queue
p = start()
assert answered(c)
p.terminate()
assert p.wait() == 0
PY
	ok 'a socket that is given outlives the server' "$python" \
	    activate.py "$V" serve v --password-file pw --log-level error \
	    --state-dir "$work/state"
else
	skip 'a socket that is given outlives the server' 'no python3'
fi
mkdir 'x=y'
cp -R v 'x=y/v'
begin 'x=y/v' --port 0
ok 'a path may hold an equals sign' grep -q ' /v$' served.out
end TERM
runp serve v empty=v
ok 'two exports of one name are a usage error' refused 2 'two vaults are called /v'
runp serve v= --port 0
ok 'an empty name is a usage error' refused 2 "the name after '=' is empty"
cp -R v twin
runp serve v twin --port 0
ok 'one vault twice is refused' refused 1 twin
runp serve v --listen 0.0.0.0
ok 'all of the world may connect only if it is named' refused 2 'name those that may with --allow'
runp serve v --listen 192.0.2.1
ok 'the same for one address' refused 2 'name those that may with --allow'
runp serve v --allow 10.0.0.0/8
ok 'on loopback there is no other host' refused 2 'users of this one are named with --allow-uid'
begin v --port 0 --listen 0.0.0.0 --allow 10.0.0.0/8 --allow fd00::/8
ok 'with --allow it listens everywhere' grep -q '^ready 0.0.0.0:' served.out
end TERM
begin v --port 0 --allow-uid 4321 --allow-uid 4322 --reserved-port \
    --max-conns 5 --max-pending 4M
ok 'more users may be named' grep -q '^ready 127.0.0.1:' served.out
end TERM
for bad in '--allow 10.0.0.0/33' '--allow 10.0.0.1/8' '--allow here' \
    '--allow-uid nobody' '--allow-uid -1' '--allow-uid 4294967295' \
    '--max-conns 0' '--max-pending 1K'; do
	# shellcheck disable=SC2086
	runp serve v $bad
	ok "serve $bad is a usage error" refused 2 "${bad% *}"
done
runp serve v --listen localhost
ok 'a name is no address' refused 2 'not a numeric address'
for bad in '--port 65536' '--workers 0' '--workers 257' '--cache-size 1' \
    '--cache-size 1X' '--log-level loud' '--ready-fd 0' '--loops 5' \
    '--tune no-such-idea' '--tune no-arena,'; do
	# shellcheck disable=SC2086
	runp serve v $bad
	ok "serve $bad is a usage error" refused 2 "${bad% *}"
done
runp serve v --tune no-such-idea
ok 'who asks for no experiment gets a list of them' grep -q \
    'no-such-idea.*no-arena.*malloc=libc' err
runp serve v --ready-fd 77
ok '--ready-fd must be open' refused 2 '--ready-fd 77'
runp serve plain --port 0
ok 'serve of what is no vault is 4' refused 4 plain
runp serve no-such-folder --port 0
ok 'serve of what is not there is 4' refused 4 no-such-folder
run serve v --port 0 --password-file wrong
ok 'serve with a wrong password is 3' refused 3 'wrong password'

# --- a terminal
# tty ANSWERS COMMAND...: the command on a terminal of its own; each answer is
# typed when something new ends in ": ".  What it showed is in out.
tty() {
	"$python" - "$@" > out 2> err << 'PY'
import os, pty, select, signal, sys, time
answers = sys.argv[1].split("|") if sys.argv[1] else []
pid, fd = pty.fork()
if pid == 0:
    # whoever started the tests in the background ignores them
    signal.signal(signal.SIGINT, signal.SIG_DFL)
    signal.signal(signal.SIGQUIT, signal.SIG_DFL)
    try:
        os.execv(sys.argv[2], sys.argv[2:])
    finally:
        os._exit(127)
shown, at, until = b"", 0, time.time() + 20
while time.time() < until:
    if not select.select([fd], [], [], 0.2)[0]:
        continue
    try:
        data = os.read(fd, 4096)
    except OSError:
        break
    if not data:
        break
    shown += data
    if answers and shown[at:].endswith(b": "):
        at = len(shown)
        word = answers.pop(0)
        os.write(fd, b"\x03" if word == "^C" else word.encode() + b"\n")
if time.time() >= until:
    os.kill(pid, signal.SIGKILL)
status = os.waitpid(pid, 0)[1]
sys.stdout.buffer.write(shown.replace(b"\r\n", b"\n"))
sys.exit(os.WEXITSTATUS(status) if os.WIFEXITED(status)
         else 128 + os.WTERMSIG(status))
PY
	rc=$?
}
if [ -n "$python" ]; then
	tty 'pass word' "$V" ls v /t/sub
	ok 'on a terminal the password is asked for' same 'password of v: 
deep
f
file' "$(cat out)"
	ok 'and not shown' same 0 "$rc"
	tty 'something else' "$V" ls v
	ok 'a wrong password on the terminal is 3' same 3 "$rc"
	tty 'new|new' "$V" init v2
	ok 'init asks twice' same 'password of the new vault: 
the same again: ' "$(cat out)"
	ok 'and makes the vault' test -s v2/vault.cryptomator
	tty 'one|two|one|two|one|two' "$V" init v3
	ok 'passwords that differ are refused after three times' same 2 "$rc"
	ok 'and nothing is made' test ! -e v3
	tty 'one|two|same|same' "$V" init v3
	ok 'the second time may be right' same 0 "$rc"
	tty '^C' "$V" ls v
	ok 'an interrupt ends it by that signal' same 130 "$rc"
	tty '^C' /bin/sh -c "trap : INT; stty -a > before; '$V' ls v
	    stty -a > after"
	ok 'and the terminal has its echo again' cmp before after
	if [ -d odd ]; then
		tty '' "$V" ls v /odd --password-file pw
		ok 'on a terminal control characters are escaped' \
		    same 'a?b?' "$(cat out)"
	fi
	mkfifo slow
	(cat big; sleep 1; cat big) > slow &
	TERM=xterm tty '' /bin/sh -c \
	    "'$V' put v - /slow --password-file pw < slow"
	ok 'long work shows its progress' grep -q 'KiB/s' out
	wait
	(cat big; sleep 1; cat big) > slow &
	TERM=dumb tty '' /bin/sh -c \
	    "'$V' put -f v - /slow --password-file pw < slow"
	ok 'but not on a dumb terminal' same '' "$(cat out)"
	wait
else
	skip 'the terminal' 'no python3'
fi

# --- an interrupt in the middle
mkfifo pipe
"$V" put v - /never --password-file pw < pipe > out 2> err &
pid=$!
exec 8> pipe
cat big >&8
sleep 0.5
kill -TERM $pid
wait $pid
rc=$?
exec 8>&-
ok 'an interrupted put ends by its signal' same 143 "$rc"
ok 'says so' one_error interrupted
runp ls v
ok 'and leaves nothing behind' sh -c '! grep -qE "never|vaultnfs-" out'

echo "1..$n"
