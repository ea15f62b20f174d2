#!/bin/bash
# The guest's part of t0012: a new Debian with systemd as process 1.  First a
# user at a terminal, then the units and fstab; "again" is after a restart.
WORK=/srv/work VAULTNFS=vaultnfs E2E=/run/host$E2E
mkdir -p "$WORK" "$OUT"
. "$E2E/lib.sh"
host=/run/host
python() {	# the host's: none is installed here
	PYTHONHOME=$host/usr "$host/lib64/ld-linux-x86-64.so.2" --library-path \
	    "$host/lib/x86_64-linux-gnu:$host/usr/lib/x86_64-linux-gnu" \
	    "$host/usr/bin/python3" -B "$@"
}
# until COMMAND...: it comes true in ten minutes.
until_true() {
	local since=$SECONDS
	until "$@" > "$WORK/said" 2>&1; do
		[ $((SECONDS - since)) -lt ${UNTIL:-600} ] || return 1
		sleep 0.3
	done
}
timed() {
	local since=$EPOCHREALTIME rc
	"$@"
	rc=$?
	awk -v a="$since" -v b="$EPOCHREALTIME" -v c="$*" \
	    'BEGIN { printf "# %.1f s: %s\n", b - a, c }' >&3
	return $rc
}
exec 3>&1

# --- a user at a terminal
# typed TRANSCRIPT: eva types what is in stdin.
typed() {
	python "$E2E/typist.py" eva "$1" > "$WORK/typed" 2>&1 ||
	    not_ok "the typist: $(tail -n 1 "$WORK/typed")"
	cat "$1" "$WORK/typed"
	tests=$((tests + $(grep -cE '^(not )?ok' "$WORK/typed")))
	failed=$((failed + $(grep -c '^not ok' "$WORK/typed")))
}
user() { typed "$OUT/transcript" < "$E2E/people.txt"; }

# --- the service
at=12049 opts=vers=3,tcp,port=12049,mountport=12049,nolock
unit=vaultnfs@photos.service
main_pid() { systemctl show -p MainPID --value $unit; }
writes() {
	local n=0
	until [ -e "$WORK/stop" ]; do
		echo "line $n" >> /mnt/log && sync /mnt/log || return 1
		n=$((n + 1))
		echo $n > "$WORK/count.new" && mv "$WORK/count.new" "$WORK/count"
	done
}
more_than() { [ "$(cat "$WORK/count")" -gt "$1" ]; }
goes_on() { until_true more_than $(($(cat "$WORK/count") + 5)); }
start_writer() {
	rm -f "$WORK/stop"
	echo 0 > "$WORK/count"
	rm -f /mnt/log
	writes &
	writer=$!
	goes_on
}
end_writer() {
	: > "$WORK/stop"
	wait $writer && [ "$(wc -l < /mnt/log)" = "$(cat "$WORK/count")" ] &&
	    awk '$0 != "line " NR - 1 { bad = 1 } END { exit bad }' /mnt/log
}

# Of its package no more than this: setting up all takes minutes here.
mount_nfs() {
	local d to=/srv/nfs
	for d in /var/cache/apt/archives/{nfs-common,lib}*.deb; do
		dpkg-deb -x "$d" $to || return 1
	done
	cp -an $to/lib/. $to/usr/lib/. /usr/lib/ 2> /dev/null
	cp -an $to/etc/. /etc/
	cp -a $to/sbin/*mount.nfs* /usr/sbin/
}

service() {
	local pid
	echo 'the photos have a password' |
	    install -m 0600 /dev/stdin /etc/vaultnfs/photos.password
	install -d -o vaultnfs -g vaultnfs -m 0700 /srv/vaults/photos
	rmdir /srv/vaults/photos
	check 'a vault for the service' vaultnfs init /srv/vaults/photos \
	    --password-file /etc/vaultnfs/photos.password
	chown -R vaultnfs:vaultnfs /srv/vaults/photos
	echo "OPTIONS=--port=$at" > /etc/vaultnfs/photos.env
	check 'systemctl enable --now starts the service' \
	    timed systemctl enable --now $unit
	journalctl -u $unit -n 8 --no-pager -o cat | note
	same 'it warns of nothing' '' \
	    "$(journalctl -u $unit -o cat --no-pager | grep 'warn: ')"
	check 'and when it says so it answers' vaultnfs ping 127.0.0.1:$at
	pid=$(main_pid)
	same 'it is not root' vaultnfs "$(stat -c %U "/proc/$pid")"
	same 'the password is not in its environment or command line' 1 \
	    "$(cat "/proc/$pid/environ" "/proc/$pid/cmdline" |
	    grep -qa 'have a password'; echo $?)"
	check 'its credential is a file of its own' grep -qz \
	    "CREDENTIALS_DIRECTORY=/run/credentials/$unit" "/proc/$pid/environ"
	same 'which another user cannot read' 1 "$(setpriv --reuid 65534 \
	    --clear-groups cat "/run/credentials/$unit/password" \
	    > /dev/null 2>&1; echo $?)"
	check 'systemd rates its exposure below 2' systemd-analyze security \
	    --no-pager --threshold=20 $unit
	systemd-analyze security --no-pager $unit 2>&1 | grep -v '✓' | note

	check "mount.nfs of nfs-common is put there" mount_nfs
	check 'the mount of the guide' timed mount -t nfs -o $opts \
	    127.0.0.1:/photos /mnt || return
	check 'somebody writes in it' start_writer
	check 'restart while mounted' timed systemctl restart $unit
	same 'is another process' 1 $(($(main_pid) != pid))
	check 'the writer goes on' goes_on
	pid=$(main_pid)
	kill -KILL "$pid"
	check 'after kill -9 systemd starts it again, and the writer goes on' \
	    goes_on
	same 'as another process' 1 $(($(main_pid) != pid))
	pid=$(main_pid)
	kill -STOP "$pid"
	check 'one that hangs is found by the watchdog' until_true sh -c \
	    '[ "$(systemctl show -p MainPID --value '$unit')" != '"$pid"' ]'
	check 'and the writer goes on' goes_on
	check 'nothing of what it wrote is lost' end_writer
	check 'umount' umount /mnt
	check 'the service stops' timed systemctl stop $unit
	same 'and is content' success "$(systemctl show -p Result --value $unit)"
}

encrypted() {
	local d=/etc/systemd/system/$unit.d
	mkdir -p $d /etc/credstore.encrypted
	check 'systemd-creds encrypts the password' systemd-creds encrypt \
	    --with-key=host --name=password /etc/vaultnfs/photos.password \
	    /etc/credstore.encrypted/vaultnfs.photos
	printf '[Service]\nLoadCredentialEncrypted=password:vaultnfs.photos\n' \
	    > $d/password.conf
	mv /etc/vaultnfs/photos.password "$WORK/photos.password"
	systemctl daemon-reload
	systemctl stop $unit
	check 'the service starts with the encrypted one alone' \
	    timed systemctl start $unit
	check 'and answers' vaultnfs ping 127.0.0.1:$at
	systemctl stop $unit
	rm -r $d
	mv "$WORK/photos.password" /etc/vaultnfs/photos.password
	systemctl daemon-reload
	echo wrong > "$WORK/wrong"
	cp -p /etc/vaultnfs/photos.password "$WORK/photos.password"
	echo wrong > /etc/vaultnfs/photos.password
	same 'with a wrong password it does not start' 1 \
	    "$(systemctl start $unit > /dev/null 2>&1; echo $?)"
	journalctl -u $unit -n 6 --no-pager -o cat | note
	same 'nor is it tried again' 0 \
	    "$(systemctl show -p NRestarts --value $unit)"
	check 'and its journal says why' sh -c \
	    "journalctl -u $unit -n 20 -o cat | grep -q 'wrong password'"
	systemctl stop $unit
	systemctl reset-failed $unit
	cp -p "$WORK/photos.password" /etc/vaultnfs/photos.password
}

activated() {
	local s=vaultnfs@photos.socket pid
	systemctl disable $unit > /dev/null 2>&1
	rm /etc/vaultnfs/photos.env
	mkdir -p /etc/systemd/system/$s.d
	printf '[Socket]\nListenStream=\nListenStream=127.0.0.1:%d\n' $at \
	    > /etc/systemd/system/$s.d/port.conf
	systemctl daemon-reload
	check 'the socket is enabled' systemctl enable --now $s
	same 'no server runs yet' inactive "$(systemctl is-active $unit)"
	check 'the first client starts it' timed mount -t nfs -o $opts \
	    127.0.0.1:/photos /mnt || return
	same 'now it runs' active "$(systemctl is-active $unit)"
	check 'somebody writes in it' start_writer
	check 'restart while mounted' timed systemctl restart $unit
	check 'the writer goes on' goes_on
	check 'stop while mounted: the socket stays' systemctl stop $unit
	check 'and the writer starts it again' goes_on
	same 'it runs' active "$(systemctl is-active $unit)"
	check 'nothing of what it wrote is lost' end_writer
	umount /mnt
	systemctl disable --now $s > /dev/null 2>&1
	systemctl stop $unit
}

# --- fstab
as_eva() { runuser -u eva -- env HOME=/srv/eva "$@"; }
diary() { as_eva grep -q 'Dear diary' "$1/Letters/diary.txt"; }
# The name of the process is that of the helper, if mount(8) started it.
no_server() { ! grep -qxE '(mount\.)?vaultnfs' /proc/[0-9]*/comm; }

fstab() {
	local own=/srv/eva/Own
	echo 'correct horse battery staple' > /srv/eva/.vault.pw
	chown eva:eva /srv/eva/.vault.pw
	chmod 600 /srv/eva/.vault.pw
	install -d -o eva -g eva $own
	mkdir -p /srv/auto
	{	# as the guide has them
		echo '/srv/eva/Vault /srv/eva/Clear vaultnfs nofail,password-file=/srv/eva/.vault.pw 0 0'
		echo '/srv/vaults/photos /srv/auto vaultnfs noauto,x-systemd.automount,password-file=/etc/vaultnfs/photos.password 0 0'
		echo "127.0.0.1:/Vault $own nfs user,noauto,vers=3,tcp,port=$at,mountport=$at,nolock 0 0"
	} >> /etc/fstab
	systemctl daemon-reload
	check 'mount -a' timed mount -a
	check 'eva has her files' diary /srv/eva/Clear
	check 'systemd knows the mount' systemctl is-active srv-eva-Clear.mount
	check 'systemctl stop unmounts it' timed systemctl stop srv-eva-Clear.mount
	check 'start mounts it while the server is ending' \
	    timed systemctl start srv-eva-Clear.mount
	check 'and eva has her files' diary /srv/eva/Clear
	check 'umount' umount /srv/eva/Clear
	check 'the server ends' until_true no_server
	check 'by an entry of the NFS client eva mounts it without root' \
	    timed as_eva vaultnfs mount /srv/eva/Vault $own \
	    --password-file /srv/eva/.vault.pw
	note < "$WORK/said"
	grep " $own " /proc/mounts | note
	same 'the server is hers' eva "$(stat -c %U "/proc/$(grep -lxE vaultnfs \
	    /proc/[0-9]*/comm | head -n 1 | cut -d / -f 3)")"
	check 'and has her files' diary $own
	check 'and writes one' as_eva sh -c 'echo mine > "$1/mine"' sh $own
	check 'and unmounts it' timed as_eva vaultnfs umount $own
	note < "$WORK/said"
	check 'the server has ended' no_server
	same 'what she wrote is in the vault' mine "$(as_eva vaultnfs cat \
	    /srv/eva/Vault /mine --password-file /srv/eva/.vault.pw)"
}

# What is open and not written when the system ends must be there afterwards.
# The shells write to what is theirs already: a duplicate that is closed, by them
# or by a child that ends, would have the client send it.
opened() { ls -l /proc/[0-9]*/fd 2> /dev/null | grep -c ' -> /srv/.*/late$'; }
sent() {	# calls of WRITE of the two mounts
	awk '/ mounted on / { at = $5 } $1 == "WRITE:" &&
	    (at == "/srv/late" || at == "/srv/eva/Clear") { print $2 }' \
	    /proc/self/mountstats
}
before_the_end() {
	mkdir -p /srv/late
	echo 'root has one, too' > /srv/late.pw
	check 'another vault' vaultnfs init /srv/v --password-file /srv/late.pw
	check 'what fstab has is mounted' \
	    timed systemctl start srv-eva-Clear.mount
	echo 360000 > /proc/sys/vm/dirty_writeback_centisecs
	cat > "$WORK/late.txt" <<'L'
$ sudo vaultnfs mount /srv/v /srv/late --password-file /srv/late.pw
~ mounted v on /srv/late
$ (exec > ~/Clear/late; echo 'a late line'; exec 5> ~/wrote1 sleep 100000) 2> /dev/null &
~ \[1\] [0-9]+
$ sudo setsid -f sh -c 'exec > /srv/late/late; echo "a late line"; exec 5> /srv/wrote2 sleep 100000' 2> /dev/null
L
	typed "$OUT/transcript2" < "$WORK/late.txt"
	check 'eva writes' until_true [ -e /srv/eva/wrote1 ]
	check 'and root' until_true [ -e /srv/wrote2 ]
	same 'both files are open when the system is to end' 2 "$(opened)"
	same 'and nothing of them has been sent' '0 0' "$(echo $(sent))"
	date +%s > "$OUT/ends"
}

again() {
	check 'what fstab names is mounted at the start' until_true \
	    grep -q ' /srv/eva/Clear nfs ' /proc/mounts
	systemctl status --no-pager srv-eva-Clear.mount 2>&1 | note
	check 'eva has her files' diary /srv/eva/Clear
	same 'what was open and not written when the system ended is there' \
	    'a late line' "$(cat /srv/eva/Clear/late)"
	same 'and in the mount that a session made' 'a late line' \
	    "$(vaultnfs cat /srv/v /late --password-file /srv/late.pw)"
	check 'an automount is made when somebody looks' \
	    timed grep -q 'line 0' /srv/auto/log
	check 'and unmounted' timed umount /srv/auto
	check 'and made again' timed grep -q 'line 0' /srv/auto/log
	grep ' /srv/auto ' /proc/mounts | note
	same 'no unit has failed' '' "$(systemctl --failed -q --no-legend)"
	date +%s > "$OUT/ends"
}

case $1 in
first)	mkdir -p /var/log/journal
	for part in ${PARTS:-user service encrypted activated fstab before_the_end}; do
		echo "# --- $part"
		$part
	done
	journalctl -b --no-pager -o short-monotonic > "$OUT/journal-first"
	;;
again)	# now with how it ended
	journalctl -b -1 --no-pager -o short-monotonic > "$OUT/journal-first"
	again
	journalctl -b --no-pager -o short-monotonic > "$OUT/journal-again"
	;;
esac
finish
