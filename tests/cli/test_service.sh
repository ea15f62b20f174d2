#!/bin/sh
# sd_notify, socket activation, metrics, units.  TAP.
name=service
. "$(dirname "$0")/cli.sh"
[ -n "$python" ] || { echo '1..0 # SKIP no python3'; exit 0; }
top=${VAULTNFS_TOP:-$here/../..}
echo password > pw
runp init box-of-pandora --scrypt-cost 1024
mkdir -m 700 run state
timeout -k 5 600 "$python" "$here/service.py" "$V" "$work/box-of-pandora" pw > tap 2> err ||
    { echo "Bail out! service.py: $(tail -n 3 err)"; exit 1; }
grep -v '^1\.\.' tap
n=$(grep -c '^\(not \)\{0,1\}ok' tap)

# --- what --metrics refuses
runp serve box-of-pandora --port 0 --metrics 9049
ok '--metrics needs an address' refused 2 'must be a numeric address'
runp serve box-of-pandora --port 0 --metrics localhost:9049
ok 'a numeric one' refused 2 'must be a numeric address'
runp serve box-of-pandora --port 0 --metrics 0.0.0.0:9049
ok 'one that others reach needs --allow' refused 2 '--allow'

# --- who gives no --metrics does not pay for HTTP (nfsd/mhd.h)
if command -v ldd > /dev/null; then
	ldd "$V" > libs
	ok 'it is linked with libraries that ldd sees' grep -q libcrypto libs
	ok 'and not with those that only --metrics needs' \
	    sh -c '! grep -E "microhttpd|gnutls" libs'
fi

# --- units and scripts, as make has made them
build=$(cd "$build" && pwd)
unpack() { sed "s#/[^ ]*/bin/vaultnfs#$build/vaultnfs#" "$build/contrib/$1"; }
for f in systemd/vaultnfs@.service systemd/vaultnfs-user@.service \
    launchd/org.vaultnfs.serve.plist rc/vaultnfs.freebsd rc/vaultnfs.openbsd
do
	ok "the program has its path in $f, as make made it" sh -c \
	    'grep -q "/bin/vaultnfs" "$1" && ! grep -E "@[a-z]+@" "$1"' sh \
	    "$build/contrib/$f"
done
mkdir units
unpack systemd/vaultnfs@.service > units/vaultnfs@v.service
unpack systemd/vaultnfs-user@.service > units/vaultnfs-user@v.service
cp "$top/contrib/systemd/vaultnfs@.socket" units/vaultnfs@v.socket
# whom "vaultnfs mount" as root has, with rights for nobody else
ok "the service's folders are not below root's /var/lib/vaultnfs" \
    sh -c '! grep -E "(Directory=|-dir %.)/?vaultnfs/" "$1"' sh \
    units/vaultnfs@v.service
if command -v systemd-analyze > /dev/null; then
	for u in vaultnfs@v.service vaultnfs@v.socket vaultnfs-user@v.service
	do
		systemd-analyze verify --man=no --recursive-errors=no \
		    "./units/$u" > verify 2>&1
		rc=$?
		ok "systemd-analyze verifies $u" same '0 ' \
		    "$rc $(grep "$work" verify)"
	done
	score=$(systemd-analyze security --offline=true --no-pager \
	    ./units/vaultnfs@v.service 2> /dev/null |
	    sed -n 's/.*exposure level.*: \([0-9.]*\) .*/\1/p')
	echo "# systemd-analyze security vaultnfs@v.service: ${score:-none}"
	ok 'systemd-analyze security gives it less than 2.0' \
	    sh -c 'case $1 in [01].*) ;; *) exit 1 ;; esac' sh "$score"
else
	skip 'units are verified' 'no systemd-analyze'
fi
unpack launchd/org.vaultnfs.serve.plist > plist
ok 'the property list can be read, and runs serve' "$python" -c '
import plistlib
p = plistlib.load(open("plist", "rb"))
assert p["ProgramArguments"][0].endswith("/vaultnfs"), p
assert p["ProgramArguments"][1] == "serve" and p["KeepAlive"], p'
for s in freebsd openbsd; do
	unpack rc/vaultnfs.$s > rc.$s
	ok "rc script for $s is a shell script" sh -n rc.$s
	# options that it gives exist
	grep -oE -e '--[a-z][a-z-]+' rc.$s | sort -u > named
	"$V" completion table | sed -n 's/^serve\t\([a-z-]\{1,\}\).*/--\1/p' |
	    sort -u | comm -23 named - > unknown
	ok "and gives serve options that it has ($s)" same '' "$(cat unknown)"
done
for u in units/*.service plist; do
	grep -oE -e '--[a-z][a-z-]+' $u | sort -u
done | sort -u > named
"$V" completion table | sed -n 's/^serve\t\([a-z-]\{1,\}\).*/--\1/p' | sort -u |
    comm -23 named - | grep -vxE -e '--(now|user|name)' > unknown
ok 'units give serve options that it has' same '' "$(cat unknown)"
echo "1..$n"
