#!/bin/bash
# Makes the boot files that guest-run keeps: initrd, unpacked kernel, rate of
# the time stamp counter.  usage: build-initrd.sh OUTDIR [KERNEL-VERSION]
set -eu
here=$(cd "$(dirname "$0")" && pwd)
out=$1
kver=${2:-}

if [ -z "$kver" ]; then
	for k in $(ls /boot/vmlinuz-* 2>/dev/null | sed 's#.*/vmlinuz-##' |
	    sort -rV); do
		case $k in *cloud*) continue ;; esac	# has no 9p
		if [ -f "/lib/modules/$k/modules.dep" ]; then
			kver=$k
			break
		fi
	done
fi
if [ -z "$kver" ]; then
	echo "build-initrd: no kernel with modules in /boot" >&2
	exit 1
fi

mkdir -p "$out"
tmp=$(mktemp -d "$out/initrd.XXXXXX")
trap 'rm -rf "$tmp"' EXIT
mkdir -p "$tmp"/{bin,dev,proc,sys,mod,lower,ov,newroot}
cp "$(command -v busybox || echo /bin/busybox)" "$tmp/bin/busybox"

# Modules in the order they need each other, by modules.dep: modprobe asks
# /proc/modules, which a build machine's kernel may not have.
declare -A seen
n=0
add_module() {
	local line path dep to
	line=$(grep -E "(^|/)${1//_/[-_]}\.ko(\.xz|\.zst|\.gz)?:" \
	    "/lib/modules/$kver/modules.dep" | head -n 1) || true
	[ -n "$line" ] || return 0		# built in
	path=${line%%:*}
	for dep in ${line#*:}; do
		add_module "$(basename "$dep" | sed 's/\.ko.*//')"
	done
	[ -z "${seen[$path]:-}" ] || return 0
	seen[$path]=1
	to=$tmp/mod/$(printf %02d $n)-$1.ko
	n=$((n + 1))
	case $path in
	*.xz)	xz -dc "/lib/modules/$kver/$path" > "$to" ;;
	*.zst)	zstd -qdc "/lib/modules/$kver/$path" > "$to" ;;
	*.gz)	gzip -dc "/lib/modules/$kver/$path" > "$to" ;;
	*)	cp "/lib/modules/$kver/$path" "$to" ;;
	esac
}
for m in virtio_pci 9pnet_virtio 9p virtio_console overlay virtio_blk \
    crc32c_generic ext4; do
	add_module $m
done
cp "$here/stage1" "$tmp/init"
chmod 755 "$tmp/init"
(cd "$tmp" && find . | cpio -o -H newc --quiet) > "$out/initrd.new"

# An unpacked kernel boots by PVH and saves the unpacking under emulation.
# Without one guest-run takes the packed one.
rm -f "$out/vmlinux"
python3 - "/boot/vmlinuz-$kver" "$out/vmlinux" <<'PY'
import lzma, sys
image = open(sys.argv[1], "rb").read()
at = image.find(b"\xfd7zXZ\0")
while at >= 0:
    try:
        kernel = lzma.LZMADecompressor().decompress(image[at:])
        if kernel[:4] == b"\x7fELF":
            open(sys.argv[2], "wb").write(kernel)
            break
    except lzma.LZMAError:
        pass
    at = image.find(b"\xfd7zXZ\0", at + 1)
PY

if ! { "${CC:-cc}" -O1 -o "$out/tsc" "$here/tsc.c" && "$out/tsc"; } \
    > "$out/tsc_khz" 2>/dev/null; then
	awk '/cpu MHz/ { printf "%d\n", $4 * 1000; exit }' /proc/cpuinfo \
	    > "$out/tsc_khz"
fi
echo "$kver" > "$out/kver"
mv "$out/initrd.new" "$out/initrd"		# last: says that all is there
