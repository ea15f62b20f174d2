#!/bin/sh
# What people meet on their first day: each failure says what it is and what to
# do, in one line, and ends with the exit code that is documented.  Prints a
# table of them.  TAP.
# shellcheck disable=SC2034,SC2154
name=test_errors
# shellcheck source=tests/cli/cli.sh
. "$(dirname "$0")/cli.sh"

servers=
# shellcheck disable=SC2317	# by trap
end_all() {
	for s in $servers; do kill "$s" 2> /dev/null; done
	wait
	clean
}
trap end_all EXIT
HOME=$work/home XDG_RUNTIME_DIR=$work/rt
unset XDG_CONFIG_HOME XDG_STATE_HOME
export HOME XDG_RUNTIME_DIR
mkdir -p -m 700 home/.config/vaultnfs rt
R="--run-dir $work/run"
mkdir -m 700 run

# fails EXIT WHAT-IT-IS WHAT-TO-DO ARGS...: both texts are in the one line.
# The row of the table shows the line without the folder of this test.
rows=0
fails() {
	want=$1 what=$2 todo=$3
	shift 3
	"$V" "$@" > out 2> err < /dev/null
	rc=$?
	rows=$((rows + 1))
	printf '# %2d | %d | %s | %s\n' $rows $rc \
	    "$(echo "vaultnfs $*" | sed "s|$work/||g; s|--run-dir run *||; s|  *|\\ |g")" \
	    "$(sed "s|$work/||g; s/^vaultnfs: //" err)"
	ok "$what" said "$want" "$what" "$todo"
}
# shellcheck disable=SC2317	# by ok
said() { refused "$1" "$2" && grep -qF -- "$3" err; }

echo password > pw
echo another > wrong
runp init v --scrypt-cost 1024
mkdir empty full
: > full/file
: > file
M="mount --password-file pw $R"

echo '#    | exit | command | what it says'
# --- the folder to mount on
# shellcheck disable=SC2086
{
fails 7 'there is no such folder' "'mkdir nowhere' makes it" $M v nowhere
fails 6 'it is no folder' 'cannot mount on' $M v file
fails 6 'it is not empty' 'take an empty folder, or say -o nonempty' $M v full
fails 6 'it lies in the vault itself' 'cannot mount on' $M v v/d
fails 6 'the vault lies in it' 'would be hidden' $M v .
[ -d /proc/self ] && fails 6 'another file system is mounted there' \
    "'umount /proc' first, or take another folder" $M v /proc
fails 2 'needs a folder to mount v on' 'see ' $M v

# --- the vault
fails 4 'cannot open nothing/here: there is no such folder' \
    "'vaultnfs init' makes a new vault" $M nothing/here empty
fails 7 'there is no such folder, and no vault of that name' vaultnfs.conf \
    $M holiday empty
fails 4 'full is no vault' 'neither vault.cryptomator nor' $M full empty
mkdir old
k40=$(head -c 40 /dev/zero | base64 | tr -d '\n')
k32=$(head -c 32 /dev/zero | base64 | tr -d '\n')
echo '{"version":5,"scryptSalt":"AAAAAAAAAAA=","scryptCostParam":1024,"scryptBlockSize":8,"primaryMasterKey":"'"$k40"'","hmacMasterKey":"'"$k40"'","versionMac":"'"$k32"'"}' \
    > old/masterkey.cryptomator
fails 4 'this is a vault of format 5' 'open it once with Cryptomator' $M old empty
mkdir hub
b64() { printf '%s' "$1" | base64 | tr -d '=\n' | tr '/+' '_-'; }
printf '%s.%s.%s' "$(b64 '{"kid":"hub+https://hub.example.org/api/vaults/1","typ":"JWT","alg":"HS256"}')" \
    "$(b64 '{"format":8,"shorteningThreshold":220,"jti":"1","cipherCombo":"SIV_GCM"}')" \
    "$(b64 0123456789abcdef0123456789abcdef)" > hub/vault.cryptomator
fails 4 'its key is kept by a Cryptomator Hub' "Cryptomator's own program does" $M hub empty
cp -R v damaged
echo '{' > damaged/masterkey.cryptomator
fails 4 'cannot open damaged' 'masterkey.cryptomator is not JSON (line 2' $M damaged empty

# --- the password
fails 3 'wrong password' 'v' ls v --password-file wrong
fails 7 'no password' 'nofile' ls v --password-file nofile
(: < /dev/tty) 2> /dev/null ||
    fails 2 'no terminal' '--password-' ls v

# --- the kernel, and permission
if [ "$(id -u)" = 0 ] && ! grep -qw nfs /proc/filesystems; then
	fails 6 'this kernel has no NFS client' "'modprobe nfs' may load it" \
	    $M v empty
	fails 6 'this kernel has no NFS client' "'modprobe nfs' may load it" \
	    exec v --password-file pw $R -- true
fi
if [ "$(id -u)" = 0 ] && command -v setpriv > /dev/null && [ -r /etc/fstab ]
then
	chmod 755 "$work"
	mkdir -m 700 theirs theirs/run theirs/empty
	cp "$V" theirs/vaultnfs
	cp -R v pw theirs
	chown -R 12344:12344 theirs
	me=$V
	printf '#!/bin/sh\nexec setpriv --reuid 12344 --regid 12344 --clear-groups "%s" "$@"\n' \
	    "$work/theirs/vaultnfs" > user
	chmod 755 user
	V=$work/user
	fails 5 'only root may mount here' 'use sudo, or have root put this line into /etc/fstab' \
	    mount theirs/v theirs/empty --run-dir theirs/run --password-file theirs/pw
	V=$me
fi

# --- options
fails 2 'there is no option speed' 'vaultnfs help mount' $M v empty -o ro,speed=9
fails 2 'option rsize: needs a value' 'vaultnfs help mount' $M v empty -o rsize
fails 2 'cache-size 9X: not a number' 'K, M, G or T' $M v empty -o cache-size=9X,nonempty
if [ "$(id -u)" = 0 ]; then
	fails 2 'there is no user nobody-of-that-name' 'vaultnfs help mount' $M v empty -o uid=nobody-of-that-name
else
	fails 2 'only root can serve as another user' 'vaultnfs help mount' $M v empty -o uid=0
fi
fails 2 'then -- and a command' 'vaultnfs help exec' exec v ls
fails 2 "unknown command 'mont'" "'vaultnfs help' lists them" mont v empty

# --- servers
"$V" serve v --port 0 --password-file pw --state-dir st --run-dir run \
    > ready 2> /dev/null < /dev/null &
servers=$!
i=0
while [ $i -lt 300 ] && [ ! -s ready ]; do
	sleep 0.1
	i=$((i + 1))
done
port=$(sed 's/.*:\([0-9]*\) .*/\1/' ready)
runp init w --scrypt-cost 1024
fails 1 "port $port: Address already in use" 'take another with --port' serve w --port "$port" --password-file pw --state-dir st2 --run-dir run
fails 1 'another' '--shared' serve v --port 0 --password-file pw --state-dir st3 --run-dir run
run ping "127.0.0.1:$port"
ok 'a server that answers is pinged' grep -q "^127.0.0.1 port $port answers: [0-9.]* ms$" out
run ping "127.0.0.1:$port" --json
json 'in JSON' "j['alive'] is True and j['port'] == $port and j['took_us'] > 0"
run ping -q "[127.0.0.1]:$port"
ok 'or quietly' done_quietly
kill $servers
wait $servers
servers=
fails 1 "nobody listens on 127.0.0.1 port $port" "127.0.0.1" ping "127.0.0.1:$port"
run ping --json "127.0.0.1:$port"
json 'that is JSON, too' "j['alive'] is False and 'nobody' in j['error']"
ok 'and ends with 1' same 1 "$rc"
fails 2 'must be HOST or HOST:PORT' 'vaultnfs help ping' ping localhost:70000
if [ -n "$python" ]; then
	# one that takes connections and says nothing
	"$python" -c '
import socket, sys, time
s = socket.socket(); s.bind(("127.0.0.1", 0)); s.listen(5)
print(s.getsockname()[1], flush=True); time.sleep(60)' > mute &
	servers=$!
	i=0
	while [ $i -lt 100 ] && [ ! -s mute ]; do
		sleep 0.1
		i=$((i + 1))
	done
	fails 1 'no answer to NFS in time' 'time' ping "127.0.0.1:$(cat mute)" --timeout 200
	kill $servers
	servers=
fi
fails 7 'no server of this user runs' 'runs' status $R
mkdir -m 755 open
fails 5 'others may enter' 'chmod 700 it' status --run-dir open

# --- unmounting
fails 7 'nothing is mounted on' empty umount empty $R
fails 7 'nothing is mounted there' nowhere umount nowhere $R
[ -d /proc/self ] && fails 7 'was not mounted by vaultnfs' "'umount /proc' unmounts it" umount /proc $R

# --- the configuration
conf=home/.config/vaultnfs/vaultnfs.conf
if grep -q '^#define HAVE_CONFUSE 1' "$build/config.h" 2> /dev/null; then
	printf 'vault photos {\n  path = "v"\n  colour = "red"\n}\n' > $conf
	fails 2 "vaultnfs.conf:3: no such option 'colour'" 'see vaultnfs help mount' $M photos
	printf 'vault photos {\n  path "v"\n}\n' > $conf
	fails 2 'vaultnfs.conf:2: ' 'see vaultnfs help mount' $M photos
	printf '\nvault photos {\n  mount = "empty"\n}\n' > $conf
	fails 2 'vaultnfs.conf:3: vault photos has no path' 'say path = ' $M photos
	printf 'vault photos {\n  path = "v"\n  options = "ro,sped=1"\n}\n' > $conf
	fails 2 'vaultnfs.conf:3: there is no option sped' 'vaultnfs help mount' $M photos empty
	chmod 666 $conf
	fails 5 'others can write it' 'chmod go-w it' $M photos empty
	chmod 600 $conf
	fails 7 'there is no such folder, and no vault of that name' holiday $M holiday empty
	printf 'vault photos { path = "%s/v" }\n' "$work" > other.conf
	fails 2 'needs a folder to mount photos on' 'vaultnfs help mount' $M photos --config other.conf
	printf 'vault photos {\n  path = "%s/v"\n  mount = "full"\n options = "idle-lock=1m"\n}\n' "$work" > $conf
	fails 6 'full: it is not empty' '-o nonempty' $M photos
	fails 7 "vault" "'mkdir gone' makes it" $M photos gone
else
	skip 'the configuration' 'built without libconfuse'
fi

# --- as mount(8) calls it
ln -s "$V" mount.vaultnfs
./mount.vaultnfs v > out 2> err
rc=$?
ok 'mount.vaultnfs without DIR is 1' same "1 1" "$rc $(grep -c '^usage: ' err)"
./mount.vaultnfs v full -o password-file=pw,rw,_netdev,nofail,x-systemd.automount > out 2> err
rc=$?
ok 'what fails is 32' same 32 "$rc"
ok 'and says why' one_error 'it is not empty'
./mount.vaultnfs v full -f -o speed=1 > out 2> err
ok '-f does nothing' same 0 $?
}
ok 'at least 20 failures were shown' [ $rows -ge 20 ]
ok 'and none has left a record' same '' "$(ls run theirs/run 2> /dev/null | grep mount-)"
echo "1..$n"
