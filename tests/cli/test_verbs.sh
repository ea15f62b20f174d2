#!/bin/sh
# The commands that change a vault without serving it, and those that tell of
# it: passwd path mkdir rm mv ln stat, and --resume of get and put.  TAP.
name=test_verbs
# shellcheck source=tests/cli/cli.sh
. "$(dirname "$0")/cli.sh"

# --- help
# Every option in a command's table is in its help: what is refused is not an
# option, so a name from the help must not be unknown to the parser.
for c in passwd path mkdir rm mv ln stat get put; do
	run help
	ok "help lists $c" grep -q "^  $c  *[a-z]" out
	run help $c
	cp out help.out
	ok "help $c shows its usage" grep -q "^usage: vaultnfs $c " out
	run $c --help
	ok "$c --help is the same" cmp out help.out
	ok "help $c is at most 80 columns wide" \
	    awk 'length($0) > 80 { exit 1 }' help.out
	for o in $(sed -n 's/^  \(-., \|    \)--\([a-z-]*\).*/\2/p' help.out); do
		"$V" $c "--$o" > out 2> err < /dev/null
		ok "$c knows its --$o" sh -c \
		    '! grep -q "unknown option" err'
	done
	run $c
	ok "$c needs operands" refused 2 "$c: needs "
done
options() {
	run "$1" --help
	c=$1
	shift
	for o in "$@"; do
		ok "$c has $o" grep -qE -- "^  (-., |    )$o( |\$)" out
	done
}
options passwd --recovery-key --from-recovery-key --word-list --json \
    --password-file --password-fd --password-stdin --password-command \
    --password-env --new-password-file --new-password-fd \
    --new-password-stdin --new-password-command --new-password-env
options path --decrypt --absolute --stdin --null --json --password-file
options mkdir --parents --json --password-file
options rm --recursive --force --json --password-file
options mv --force --json --password-file
options ln --symbolic --force --json --password-file
options stat --json --password-file
options get --recursive --force --resume --json
options put --recursive --force --resume --json

echo 'pass word' > pw
echo 'another one' > pw2
echo wrong > wrong
printf 'hello\n' > f
runp init v

# --- mkdir
runp mkdir v /a b
ok 'mkdir is quiet' done_quietly
runp mkdir v /a
ok 'what is there already is 1' refused 1 '/a: is there already'
runp mkdir v /x/y
ok 'what is missing above is 7' refused 7 '/x/y: '
runp mkdir -p v /x/y/z a
ok 'with -p it is made, and what is there is no error' done_quietly
runp mkdir -p --json v /x/y/z/1 /x/y/2/3
json 'mkdir reports what it made' 'j == {"ok": True, "files": 0, "dirs": 3,
    "symlinks": 0, "bytes": 0, "failed": 0}'
runp mkdir v /
ok 'the root cannot be made' refused 2 'no last part'
runp mkdir -p v / /a/../a/.
ok 'with -p it is there' done_quietly
runp put v f /a/f
runp mkdir -p v /a/f
ok 'a file is no directory' refused 7 '/a/f: not a directory'
runp mkdir -p v /a/f/below
ok 'nor is one below it' refused 7 'not a directory'
runp mkdir v /x/y /new
ok 'after an error the others are made' same 1 "$rc"
runp ls v /new
ok 'indeed' done_quietly
umask 027
runp mkdir v /mode
umask 022
runp ls -l v
ok 'the umask counts' grep -q '^drwxr-x---.* mode$' out
long=$(printf '%0250d' 7)
runp mkdir v "/$long"
ok 'long names' done_quietly
runp mkdir v "/${long}123456"
ok 'a name that is too long is 1' refused 1 'too long'
runp mkdir v /slash/
ok 'a slash at the end does no harm' done_quietly

# --- ln
runp ln -s v sub/file /a/link
ok 'ln -s is quiet' done_quietly
runp ln -s v 'any: text' /a/other
runp ls -l v /a
ok 'the link holds any text' grep -q 'other -> any: text$' out
runp ln -s v ../elsewhere/thing /b
ok 'ln -s into a directory' done_quietly
runp ls -l v /b
ok 'has the name of the target' grep -q 'thing -> ../elsewhere/thing$' out
runp ln -s v x /a/link
ok 'nothing is replaced' refused 1 '--force replaces it'
runp ln -sf v x /a/link
ok 'but with --force' done_quietly
runp ls -l v /a
ok 'indeed' grep -q 'link -> x$' out
runp ln -s v .. /b
ok 'a target without a name needs one' refused 2 'no last part'
runp ln -s v x /no/link
ok 'ln -s where no directory is is 7' refused 7 '/no/link'
runp ln -s v '' /a/empty
ok 'an empty target is refused' same 7 "$rc"
runp ln v /a/f /a/hard --json
json 'ln makes a hard link' 'j["ok"] and j["files"] == 1'
runp stat --json v /a/f /a/hard
json 'it is the same file' 'j[0]["fileid"] == j[1]["fileid"] and
    j[0]["nlink"] == 2'
runp ln v /a/hard /b "/$long"
ok 'a directory has no second name' refused 1 '/b: is a directory'
runp ls v "/$long"
ok 'the other target has one more' prints hard
runp ln -f v /a/f /a/hard
ok 'ln --force of what is linked already' done_quietly
runp ls v /a
ok 'leaves nothing behind' prints 'f
hard
link
other'
runp put v pw /pw
runp ln -f v /pw /a/hard
ok 'ln --force replaces a file' done_quietly
runp cat v /a/hard
ok 'by the target' prints 'pass word'
runp ln v /a/link /a/link2
ok 'a link has links too' done_quietly
runp ln v /no /a/none
ok 'a target that is not there is 7' refused 7 '/no'
runp ln v /a/f /nodir/
ok 'a slash at the end means a directory' refused 7 'no such directory'

# --- mv
runp mv v /a/link2 /b
ok 'mv into a directory' done_quietly
runp mv v /b/link2 /b/thing
ok 'mv replaces nothing' refused 1 '/b/thing: is in the vault already'
runp mv -f v /b/link2 /b/thing
ok 'but with --force' done_quietly
runp ls -l v /b
ok 'indeed' grep -q 'thing -> x$' out
runp mv --json v /a/hard /a/other /x /b
json 'mv reports what it moved' 'j == {"ok": True, "files": 1, "dirs": 1,
    "symlinks": 1, "bytes": 0, "failed": 0}'
runp ls v /b/x/y/z
ok 'a directory goes with all that is in it' prints 1
runp mv v /b/x "/b/$long"
ok 'mv to a long name' done_quietly
runp mv v "/b/$long" /b/x
ok 'and back' done_quietly
runp mv v /b /b/x/b
ok 'a directory does not go into itself' refused 2 'into itself'
runp mv v /pw /pw
ok 'mv to itself does nothing' done_quietly
runp mv v /pw /a/f /none
ok 'two need a directory' refused 7 'so only one can go there'
runp mv v /no /pw /a
ok 'one of two is 7' refused 7 '/no: '
runp cat v /a/pw
ok 'and the other is moved' prints 'pass word'
runp mv v /a/pw /nodir/
ok 'a file does not become a directory' refused 7 'no such directory'
runp mv v /slash /slash2/
ok 'a directory may' done_quietly
runp mv v /a/pw /a/f/
ok 'a file is no directory' refused 7 'not a directory'
runp mv -f v /slash2 /a/f
ok 'a directory replaces no file' same 7 "$rc"
runp mv -f v /a/f /slash2/..
ok 'DEST may end in dots' done_quietly
runp mv -f v /slash2 /b
runp mv -f v /b/slash2 /b/x
ok 'mv into a directory again' done_quietly
runp mkdir v /slash2
runp mv -f v /b/x/slash2 /
ok 'a directory replaces an empty one' done_quietly
runp mv -f v /a /
ok 'the same place is no error' done_quietly
runp mv v / /a
ok 'the root stays' refused 2 'no last part'

# --- rm
runp rm v /a/pw
ok 'rm is quiet' done_quietly
runp ls v /a/pw
ok 'and it is gone' same 7 "$rc"
runp rm v /a/pw
ok 'what is not there is 7' refused 7 '/a/pw'
runp rm -f v /a/pw /a/pw/x /f/x /no/way
ok 'but not with -f' done_quietly
runp rm v /b
ok 'a directory needs -r' refused 1 'is a directory; -r removes it'
runp rm -r v /
ok 'the root stays' refused 2 'no last part'
runp rm -r v /b/..
ok 'by that name too' refused 2 'no last part'
runp put v -r "$here" /tests
runp rm -r --json v /b /tests/cli.sh
json 'rm reports what it removed' 'j["ok"] and j["files"] == 2 and
    j["dirs"] == 7 and j["symlinks"] == 2'
runp rm -r v "/$long" /tests /a /x /mode /new /slash2
ok 'rm -r of the rest' same 7 "$rc"
runp ls v
ok 'leaves what was not named' prints f
ok 'and no temporary files' same '' "$(find v -name '*.tmp')"
ok 'nor content folders' same 1 "$(find v/d -mindepth 2 -type d | wc -l |
    tr -d ' ')"

# what cannot be shown is not removed
runp mkdir -p v /h/sub
sub=$("$V" path v /h/sub --password-file pw)
: > "v/$sub/AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA.c9r"
runp rm -r v /h
ok 'rm -r spares what is damaged' same 1 "$rc"
ok 'and says where' grep -q "not empty: $sub holds entries" err
ok 'it is still there' test -e "v/$sub/AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA.c9r"
rm "v/$sub/AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA.c9r"
runp rm -r v /h
ok 'without it all goes' done_quietly

# --- path
mkdir -p "t/sub/$(printf '%0200d' 1)"
cp f t/sub/file
cp f "t/$(printf '%0200d' 2)"
ln -s x t/link
printf 'x' > "t/new
line"
runp put -r v t /
runp path v /f t/sub
ok 'path of a file and a directory' same 2 "$(wc -l < out | tr -d ' ')"
ok 'the file is there' test -f "v/$(sed -n 1p out)"
ok 'the folder is there' test -f "v/$(sed -n 2p out)/dirid.c9r"
runp path -a v /f
ok 'absolute' same "$(cd v && pwd -P)" "$(sed 's,/d/../.*,,' out)"
ok 'and there' test -f "$(cat out)"
runp path v /no /f
ok 'what is not there is 7' same 7 "$rc"
ok 'and the others are told' same 1 "$(wc -l < out | tr -d ' ')"
runp path v
ok 'path needs a PATH' refused 2 'needs a PATH or --stdin'
runp path --json -0 v /f
ok '-0 and --json exclude each other' refused 2 'exclude each other'
runp path -d -a v /f
ok '--decrypt and --absolute too' refused 2 'clear ones'
"$V" path v --stdin --password-stdin < pw > out 2> err
rc=$?
ok 'standard input cannot be both' refused 2 'cannot both come from'
runp path --json v /t/sub /no
json 'path --json' 'j[0]["path"] == "/t/sub" and
    j[0]["ciphertext"].startswith("d/") and
    j[0]["ciphertext_link"].endswith(".c9r") and
    j[1]["given"] == "/no" and "error" in j[1] and len(j) == 2'

# there and back: every clear path of the vault
find t -print0 | "$V" path v --stdin -0 --password-file pw > disk 2> err
rc=$?
ok 'all paths, with NUL' same 0 "$rc"
ok 'as many come out' same "$(find t -print0 | tr -cd '\0' | wc -c)" \
    "$(tr -cd '\0' < disk | wc -c)"
"$V" path v -d --stdin -0 --password-file pw < disk > back 2> err
rc=$?
find t -print0 | sed -z 's,^,/,' > clear 2> /dev/null ||
    find t -print0 | tr '\n\0' '\0\n' | sed 's,^,/,' | tr '\n\0' '\0\n' > clear
ok 'and come back' cmp clear back
# and every file that lies in the vault's folder
find v/d -type f | grep -v /dirid > files
runp path v -d --stdin < /dev/null
ok 'nothing in, nothing out' done_quietly
"$V" path v -d --stdin --password-file pw < files > out 2> err
rc=$?
ok 'each file on disk has a clear path' same 0 "$rc"
ok 'which are those of the tree' same "$({ find t ! -path t/new*; echo t/new
    echo line; echo f; } | sed '/^line$/!s,^,/,' | LC_ALL=C sort -u)" \
    "$(LC_ALL=C sort -u out)"
folder=$("$V" path v /t/sub --password-file pw)
runp path -d v "/somewhere/else/$folder" "$folder/dirid.c9r" "$folder/"
ok 'paths from anywhere' prints '/t/sub
/t/sub
/t/sub'
runp path -d v "$(dirname "$("$V" path v /t/sub/file --password-file pw)")"
ok 'folders' prints /t/sub
runp path -d v /no/such/thing d/AA "$folder/x/y/z"
ok 'what is no such path is 2' same 2 "$rc"
ok 'for each' same 3 "$(wc -l < err | tr -d ' ')"
root=$("$V" path v / --password-file pw)
runp path -d v "$root"
ok 'the root' prints /
entry=$(basename "$("$V" path v /t/sub/file --password-file pw)")
runp path -d v "$root/$entry"
ok 'a name of another directory is 7' refused 7 'no such entry'
runp path -d v "d/AA/$(printf '%030d' 0 | tr 0 A)"
ok 'a folder that is none of the vault is 7' refused 7 'no directory of the'
# an orphan: its link is gone
cp -R v orphan
link=$("$V" stat v /t/sub --password-file pw | sed -n 's/^link  *//p')
rm -r "orphan/$link"
run path -d orphan "$folder/$entry" --password-file pw
ok 'an orphan has no path' same 7 "$rc"
ok 'but its names are told' grep -q "this is called 'file'" err
run path --json -d orphan "$folder/$entry" --password-file pw
json 'in JSON too' 'j[0]["name"] == "file" and "error" in j[0]'

# --- stat
runp stat v /f /t/link /t
ok 'stat tells of each' same 3 "$(grep -c '^path ' out)"
for label in type size mode owner links fileid modified changed accessed \
    ciphertext; do
	ok "its $label" same 3 "$(grep -c "^$label  *[^ ]" out)"
done
ok 'the target of a link' grep -q '^target  *x$' out
ok 'the id of a directory' grep -qE \
    '^id +[0-9a-f]{8}-[0-9a-f]{4}-4[0-9a-f]{3}-[0-9a-f]{4}-[0-9a-f]{12}$' out
runp stat --json v /f /t/link / /no
ok 'stat of what is not there is 7' same 7 "$rc"
json 'stat --json' 'len(j) == 3 and j[0]["size"] == 6 and
    j[0]["type"] == "file" and j[0]["nlink"] == 1 and j[0]["uid"] >= 0 and
    j[0]["used"] > 0 and j[0]["damaged"] is False and
    j[0]["ciphertext"].endswith(".c9r") and j[1]["target"] == "x" and
    j[2]["dir_id"] == "" and j[2]["path"] == "/" and
    all(k in e for e in j for k in ("atime", "ctime_nsec", "gid", "fileid",
    "generation", "mode", "mtime"))'

# --- get and put, resumed
mkdir back.d
runp get -r v /t back.d
runp get -r v /t back.d --resume --json
json 'get --resume copies nothing twice' 'j == {"ok": True, "files": 0,
    "dirs": 0, "symlinks": 0, "bytes": 0, "failed": 0, "skipped": 4}'
rm back.d/t/sub/file
printf 'other\n' > "back.d/t/new
line"
runp get -r v /t back.d --resume --json
ok 'what differs is not replaced' same 1 "$rc"
json 'what is missing is copied' 'j["files"] == 1 and j["skipped"] == 2 and
    j["failed"] == 1'
runp get -r -f v /t back.d --resume
ok 'but with --force' done_quietly
ok 'then all is there' diff -r --no-dereference t back.d/t
runp put -r v t / --resume --json
json 'put --resume copies nothing twice' 'j == {"ok": True, "files": 0,
    "dirs": 0, "symlinks": 0, "bytes": 0, "failed": 0, "skipped": 4}'
printf 'longer than before' > t/sub/file
rm t/link
ln -s y t/link
runp put -r v t / --resume
ok 'what differs is not replaced' same 1 "$rc"
touch -m -d '2001-02-03 04:05:06' "t/new
line" 2> /dev/null || touch -m -t 200102030405.06 "t/new
line"
runp put -rf v t / --resume --json
json 'but with --force' 'j["ok"] and j["skipped"] == 1 and
    j["files"] == 2 and j["symlinks"] == 1'
runp cat v /t/sub/file
ok 'by the new one' same 'longer than before' "$(cat out)"
if [ -n "$python" ]; then
	mkdir many
	for i in 1 2 3 4 5 6 7 8; do
		head -c 3000000 /dev/zero > many/$i
	done
	mkfifo slow
	(head -c 70000 /dev/zero; sleep 1; head -c 70000 /dev/zero) > slow &
	TERM=xterm tty '' /bin/sh -c "'$V' put v - /slow --password-file pw \
	    < slow"
	wait
	ok 'a bar without an end shows bytes' grep -q 'KiB/s' out
	TERM=xterm tty '' "$V" put -r v many / --password-file pw
	TERM=xterm tty '' "$V" get -r v /many many.d --password-file pw
	ok 'get -r ends well on a terminal' same 0 "$rc"
	ok 'with the same files' diff -r many many.d
else
	skip 'the terminal' 'no python3'
fi

# --- passwd
cp -R v w
run passwd w --password-file wrong --new-password-file pw2
ok 'a wrong password is 3' refused 3 'wrong password'
cp v/masterkey.cryptomator was
run passwd w --password-file pw --new-password-file nothing
ok 'a new password that is not there is 7' refused 7 'no new password for w'
: > empty
run passwd w --password-file pw --new-password-file empty
ok 'an empty new password is refused' refused 1 'the new password is empty'
ok 'nothing was changed' cmp was w/masterkey.cryptomator
run passwd w --password-file pw --new-password-file pw2
ok 'passwd is quiet' done_quietly
run ls w --password-file pw
ok 'the old password is wrong now' refused 3 'wrong password'
run cat w /f --password-file pw2
ok 'the new one is right' prints hello
ok 'the configuration is as it was' cmp v/vault.cryptomator \
    w/vault.cryptomator
ok 'nothing in d was touched' diff -r v/d w/d
ok 'the old key file is a backup' cmp was w/masterkey.cryptomator.*.bkup
run info w --json
json 'as info tells' 'j["backups"]["masterkey"] == 1 and
    j["scrypt"] == {"cost": 1024, "block": 8}'
run passwd w --password-file pw2 --new-password-command 'cat pw' --json
json 'passwd --json' 'j == {"ok": True, "vault": "w"}'
"$V" passwd w --password-file pw --new-password-stdin < pw2 > out 2> err
rc=$?
ok '--new-password-stdin' done_quietly
"$V" passwd w --password-fd 3 --new-password-fd 4 3< pw2 4< pw > out 2> err
rc=$?
ok '--new-password-fd' done_quietly
OLD='pass word' NEW='another one' "$V" passwd w --password-env OLD \
    --new-password-env NEW > out 2> err
rc=$?
ok '--new-password-env' done_quietly
run ls w --password-file pw2
ok 'all of these worked' same 0 "$rc"
"$V" passwd w --password-stdin --new-password-stdin < pw > out 2> err
rc=$?
ok 'standard input holds one thing' refused 2 'only one thing'
mkdir plain
run passwd plain --password-file pw --new-password-file pw2
ok 'passwd of what is no vault is 4' refused 4 plain
shared=${VAULTNFS_SHARED:-${VAULTNFS_TOP:-$here/../..}/../shared}
if [ -n "$python" ] && [ -r "$shared/tools/cmvault.py" ]; then
	"$python" "$shared/tools/cmvault.py" list w 'another one' --json cm.json \
	    > check.cm 2>&1
	rc=$?
	ok 'another reader opens it with the new password' same 0 "$rc"
else
	skip 'another reader opens it' 'no tools/cmvault.py or no python3'
fi

# --- the recovery key
run passwd w --recovery-key --password-file wrong
ok 'the recovery key needs the password' refused 3 'wrong password'
run passwd w --recovery-key --password-file pw2
ok 'it is 132 digits' same 132 "$(tr -cd '0-9a-f' < out | wc -c | tr -d ' ')"
ok 'in lines for paper' awk 'length($0) > 60 { exit 1 }' out
cp out key
run passwd w --recovery-key --password-file pw2 --json
json 'in JSON' 'j["form"] == "hex" and
    j["recovery_key"] == "".join(open("key").read().split())'
if [ -n "$python" ]; then
	ok 'with the check sum that zlib computes' "$python" -c '
import zlib
k = bytes.fromhex("".join(open("key").read().split()))
assert zlib.crc32(k[:64]) & 0xffff == int.from_bytes(k[64:], "little")'
else
	skip 'the check sum' 'no python3'
fi
run passwd w --recovery-key --password-file pw2 --new-password-file pw
ok 'it changes nothing' refused 2 'changes nothing'
run passwd w --from-recovery-key key --password-file pw2
ok 'with it no password is needed' refused 2 'not needed'
run passwd w --from-recovery-key key --new-password-file pw
ok 'a recovery key sets a password' done_quietly
run ls w --password-file pw
ok 'which opens the vault' same 0 "$rc"
"$V" passwd w --recovery-key --from-recovery-key - --new-password-file pw2 \
    < key > out 2> err
rc=$?
ok 'from standard input' done_quietly
"$V" passwd w --from-recovery-key - --new-password-stdin < key > out 2> err
rc=$?
ok 'which holds one thing' refused 2 'only one thing'
rm w/masterkey.cryptomator
run ls w --password-file pw2
ok 'without a key file no password helps' refused 4 'is missing'
run passwd w --from-recovery-key key --new-password-file pw2
ok 'but the recovery key does' done_quietly
run cat w /f --password-file pw2
ok 'the vault is open again' prints hello
run info w --json
json 'with the cost of new vaults' 'j["scrypt"]["cost"] == 1024'
sed '1s/^./0/;1s/^0/1/' key > slip
cmp -s key slip && sed '1s/^./2/' key > slip
run passwd w --from-recovery-key slip --new-password-file pw
ok 'a slip is 3' refused 3 'check digits'
run init x --password-file pw
run passwd x --from-recovery-key key --new-password-file pw2
ok 'the key of another vault is 3' same 3 "$rc"
run passwd w --from-recovery-key f --new-password-file pw
ok 'what is no key is 2' refused 2 'a recovery key has 132'
run passwd w --from-recovery-key no-file --new-password-file pw
ok 'a key that is not there is 7' refused 7 no-file
i=0
while [ $i -lt 4096 ]; do
	printf 'w%03x\n' $i
	i=$((i + 1))
done > words
run passwd w --recovery-key --password-file pw2 --word-list words
ok 'with a list it is 44 words' same 44 "$(wc -w < out | tr -d ' ')"
ok 'of that list' same "$(tr -cd '0-9a-f' < key)" \
    "$(tr -d ' \nw' < out)"
cp out phrase
run passwd w --recovery-key --password-file pw2 --word-list words --json
json 'in JSON' 'j["form"] == "words" and
    j["recovery_key"].split() == open("phrase").read().split()'
run passwd w --from-recovery-key phrase --word-list words \
    --new-password-file pw
ok 'words set a password' done_quietly
run ls w --password-file pw
ok 'which opens the vault' same 0 "$rc"
run passwd w --from-recovery-key phrase --new-password-file pw2
ok 'words need their list' refused 2 'with the list'
run passwd w --from-recovery-key phrase --word-list f --new-password-file pw2
ok 'which has 4096 words' refused 2 'has 1 words, not 4096'
run passwd w --word-list words --password-file pw --new-password-file pw2
ok '--word-list is for recovery keys' refused 2 'for recovery keys'
if [ -n "$python" ]; then
	tty 'pass word|second|second' "$V" passwd w
	ok 'on a terminal the new password is asked for twice' same \
	    'password of w: 
new password of w: 
the same again: ' "$(cat out)"
	echo second > pw3
	run ls w --password-file pw3
	ok 'and is then right' same 0 "$rc"
fi

echo "1..$n"
