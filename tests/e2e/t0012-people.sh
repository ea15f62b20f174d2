#!/bin/bash
# A new Debian, booted with its systemd in the guest: a new user installs the
# package and works at a terminal; then the units, fstab, and a restart of it all.
# needs: root, debootstrap, the guest; five minutes or more
#
# PEOPLE_DEB: the package, else one is built.  PEOPLE_ROOT: a folder with a Debian
# by contrib/deb/root that is to be taken.  The transcript, which is the one in
# contrib/doc, is in $KEEP/people.
. "$(dirname "$0")/lib.sh"
case ${PEOPLE:-} in
'')	skip 'people' 'it takes long: contrib/check --long people'; finish; exit ;;
esac
for p in debootstrap qemu-system-x86_64 mke2fs dpkg-deb; do
	command -v $p > /dev/null || why="no $p"
done
[ "$(id -u)" = 0 ] || why='not root'
[ -z "${why:-}" ] || { skip 'people' "$why"; finish; exit; }
root=$WORK/root packages=systemd-sysv,libpam-systemd,dbus,sudo,kmod,iproute2,netbase
image=$WORK/system.img out=$KEEP/people
mkdir -p "$out"
rm -f "$out"/transcript* "$out/ends"

in_root() {
	env -i PATH=/usr/sbin:/usr/bin:/sbin:/bin HOME=/root LC_ALL=C \
	    ${http_proxy:+http_proxy=$http_proxy} \
	    ${https_proxy:+https_proxy=$https_proxy} chroot "$root" "$@"
}
# The guest has no network, so what is to be installed waits in apt's cache.
fill_cache() {
	mount -t proc proc "$root/proc" &&
	in_root sh -ec 'apt-get -q update
	    apt-get -q -y --download-only -o APT::Install-Recommends=true \
	    install /srv/eva/vaultnfs_*.deb
	    apt-get -q -y --download-only --no-install-recommends install \
	    nfs-common
	    rm -f /etc/apt/apt.conf.d/docker*'
	local rc=$?
	umount "$root/proc"
	return $rc
}
make_image() {
	local deb=${PEOPLE_DEB:-}
	[ -n "$deb" ] || deb=$("$TOP/contrib/deb/build" "$WORK" | tail -n 1)
	[ -f "$deb" ] || return 1
	if [ -n "${PEOPLE_ROOT:-}" ]; then
		cp -a "$PEOPLE_ROOT" "$root"
	else
		"$TOP/contrib/deb/root" "$root" $packages || return 1
	fi
	in_root useradd -m -d /srv/eva -s /bin/bash -G sudo eva &&
	echo 'eva ALL=(ALL) NOPASSWD: ALL' > "$root/etc/sudoers.d/eva" &&
	cp "$root/etc/debian_version" "$out/debian" &&
	echo debian > "$root/etc/hostname" &&
	echo '127.0.0.1 localhost debian' > "$root/etc/hosts" &&
	mkdir -p "$root/var/log/journal" &&
	install -m 0644 "$deb" "$root/srv/eva/" && fill_cache &&
	mke2fs -q -t ext4 -d "$root" "$image" 4G && rm -rf "$root"
}
# guest PART: boots the system; the guest's numbers of tests begin anew.
guest() {
	"$E2E/guest-run" --system "$image" --timeout 7200 --out "$out" \
	    --env "E2E=$E2E" --env "OUT=$out" --env "UNTIL=${UNTIL:-}" --env "PARTS=${PARTS:-}" \
	    --console "$out/console-$1" "$E2E/people-system.sh" "$1" \
	    > "$out/$1.log" 2>&1
	local rc=$?
	grep -vE '^1\.\.' "$out/$1.log"
	tests=$((tests + $(grep -cE '^(not )?ok' "$out/$1.log")))
	failed=$((failed + $(grep -c '^not ok' "$out/$1.log")))
	[ $rc -le 1 ] || not_ok "the guest ended with status $rc"
	[ ! -e "$out/ends" ] ||
	    echo "# the system was down $(($(date +%s) - $(cat "$out/ends"))) s after that"
}

check 'a Debian with the package in reach is made' make_image ||
    { finish; exit 1; }
guest first
[ ! -e "$out/transcript" ] || {
	echo "A new user on a new Debian ($(cat "$out/debian")). tests/e2e/t0012-people.sh wrote this, in a
machine that QEMU emulates: on a real one the seconds are fewer.
"
	cat "$out/transcript"
} > "$out/transcript.txt"
guest again
finish
