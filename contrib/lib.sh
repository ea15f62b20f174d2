# lib.sh - what contrib/check and contrib/demo share: packages and a build
# outside of the tree.  TOP is the source tree.

PACKAGES_BUILD='build-essential autoconf automake pkg-config libev-dev
libssl-dev libtirpc-dev libmimalloc-dev libjansson-dev libutf8proc-dev
libconfuse-dev libmicrohttpd-dev'
PACKAGES_TEST='clang libcriterion-dev rpcsvc-proto libnfs-dev libnfs-utils
python3 python3-cryptography python3-venv python3-yaml git xz-utils
libsqlite3-dev strace valgrind mandoc zsh fish systemd iproute2'
PACKAGES_GUEST='qemu-system-x86 linux-image-amd64 busybox-static nfs-common
kmod cpio e2fsprogs util-linux'

die() {
	echo "${0##*/}: $*" >&2
	exit 1
}

is_installed() {
	[ "$(dpkg-query -W -f '${db:Status-Status}' "$1" 2>/dev/null)" = \
	    installed ]
}

as_root() {
	if [ "$(id -u)" = 0 ]; then
		"$@"
	else
		sudo -n "$@"
	fi
}

# need_packages PACKAGE...: all of them are there afterwards, or we are not.
need_packages() {
	local p missing='' log
	if ! command -v dpkg-query > /dev/null; then
		echo "This is no Debian: these packages are needed, by their" \
		    "Debian names:" $* >&2
		if ! command -v autoreconf > /dev/null ||
		    ! command -v pkg-config > /dev/null ||
		    ! pkg-config --exists libcrypto libtirpc jansson \
		    libutf8proc; then
			die 'some are missing; please install them yourself'
		fi
		echo 'The most needed of them are here; going on.' >&2
		return 0
	fi
	for p; do
		is_installed "$p" || missing="$missing $p"
	done
	[ -n "$missing" ] || return 0
	if [ "$(id -u)" != 0 ] && ! sudo -n true 2>/dev/null; then
		die "these packages are missing, and only root can install them" \
		    "(apt-get install$missing)"
	fi
	echo "Installing$missing"
	log=$(mktemp)
	export DEBIAN_FRONTEND=noninteractive
	# shellcheck disable=SC2086
	if ! { as_root apt-get -q update &&
	    as_root env DEBIAN_FRONTEND=noninteractive apt-get -q -y \
	    -o DPkg::Lock::Timeout=300 install --no-install-recommends \
	    $missing; } > "$log" 2>&1 < /dev/null; then
		tail -n 15 "$log" >&2
		rm -f "$log"
		die "apt-get could not install$missing: is there a network?"
	fi
	rm -f "$log"
}

# The sanitizers' runtimes are a package of their own where clang is new.
runtime_packages() {
	if apt-cache show libclang-rt-dev > /dev/null 2>&1; then
		echo libclang-rt-dev
	fi
}

# copy_source DIR: the tree without what was built in it, times kept.
copy_source() {
	mkdir -p "$1"
	if git -C "$TOP" rev-parse > /dev/null 2>&1; then
		(cd "$TOP" && git ls-files -z -co --exclude-standard |
		    while IFS= read -r -d '' f; do
			[ -e "$f" ] && printf '%s\0' "$f"
		    done | tar cf - --null -T -)
	else
		(cd "$TOP" && tar cf - --exclude=./.git --exclude='./build-*' \
		    --exclude='*.o' --exclude='*.a' --exclude=.deps \
		    --exclude=./config.status --exclude=./config.h \
		    --exclude=./Makefile .)
	fi | tar xf - -C "$1"
}

has_kernel_client() {
	[ "$(id -u)" = 0 ] || return 1
	grep -qw nfs /proc/filesystems 2>/dev/null ||
	    modprobe nfs 2>/dev/null || return 1
	grep -qw nfs /proc/filesystems
}
