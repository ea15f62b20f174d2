#!/bin/bash
# Servers in their sandbox serve as any other: through libnfs, while they are
# locked and unlocked, and to their end.  Under strace no system call is
# missed, none that the list says a server uses (nfsd/sandbox_bpf.c, used[])
# is there for nothing, and no path is asked for outside of what it may open.
#
# SANDBOX_LONG=1: the tests of the command line and of libnfs under strace, too
# (six minutes, by contrib/check --long).
# needs: nothing
. "$(dirname "$0")/lib.sh"

if ! [ -x "$BUILD/tests/e2e/libnfs_ops" ]; then
	skip 'a server in its sandbox' 'no libnfs_ops (Debian: libnfs-dev)'
	finish
	exit
fi
new_vault "$WORK/v" || { not_ok 'a new vault is made'; finish; exit 1; }
program=$VAULTNFS
mkdir "$WORK/calls"

# serve_all TEXT OPTION...: it works, and ends well.
serve_all() {
	local text=$1
	shift
	start_server 0 "$WORK/v=v" --run-dir "$WORK/run" \
	    --password-file "$WORK/v.pw" "$@" ||
	    { not_ok "$text: it is served"; return; }
	check "$text: libnfs works with it" "$BUILD/tests/e2e/libnfs_ops" \
	    "nfs://127.0.0.1/v?version=3&nfsport=$port&mountport=$port"
	check "$text: it tells how it is" "$program" stats --run-dir "$WORK/run"
	check "$text: it is locked" "$program" lock --run-dir "$WORK/run"
	check "$text: and unlocked" "$program" unlock --run-dir "$WORK/run" \
	    --password-file "$WORK/v.pw"
	check "$text: libnfs still works" "$BUILD/tests/e2e/libnfs_ops" \
	    "nfs://127.0.0.1/v?version=3&nfsport=$port&mountport=$port"
	kill -TERM "$server"
	wait "$server"
	same "$text: the server ends with status 0" 0 $?
	server=
	same "$text: nothing is left in its run directory" '' \
	    "$(find "$WORK/run" -type s 2> /dev/null)"
}

: > "$WORK/server.log"
serve_all 'by default'
grep 'in a sandbox' "$WORK/server.log" | note
if "$program" serve "$WORK/v" --sandbox --no-sandbox > /dev/null 2>&1; then
	not_ok '--sandbox and --no-sandbox exclude each other'
else
	same '--sandbox and --no-sandbox exclude each other' 2 $?
fi
# 124: it could look at us until it was told to end
timeout 1 strace -f -qq -o /dev/null -p $$ > /dev/null 2>&1
if [ $? != 124 ]; then
	skip 'it misses no system call' 'no strace that works here'
	finish
	exit
fi

# A program that is traced, without tracer between it and who started it.
# Other users start servers as well (t0102).
chmod 755 "$WORK"
chmod 1777 "$WORK/calls"
cp "$program" "$WORK/program"
mkdir "$WORK/traced"
for f in "$BUILD"/*; do ln -s "$f" "$WORK/traced/"; done
rm "$WORK/traced/vaultnfs"
cat > "$WORK/traced/vaultnfs" <<EOF
#!/bin/sh
if [ "\$1" = serve ]; then
	setsid strace -f -qq -o "$WORK/calls/\$\$" -p \$\$ \\
	    3>&- 4>&- 5>&- 9>&- < /dev/null > /dev/null 2>&1 &
	while ! grep -q '^TracerPid:.*[1-9]' /proc/\$\$/status; do
		kill -0 \$! || exit 99
		sleep 0.02
	done
fi
exec "$WORK/program" "\$@"
EOF
chmod 755 "$WORK/traced/vaultnfs"
VAULTNFS=$WORK/traced/vaultnfs
serve_all 'under strace' --sandbox
serve_all 'with several loops' --loops 2 --workers 1 --idle-lock 1h
if [ "$(id -u)" = 0 ]; then
	serve_all 'for many users' --multi-user
fi
short=$(ls "$WORK/calls")

# all_well NAME COMMAND...: a script of tests, under strace.
all_well() {
	local name=$1
	shift
	"$@" > "$WORK/log" 2>&1
	grep '^not ok' "$WORK/log" | note
	same "$name: all is well under strace" '1 0' \
	    "$(grep -c '^1\.\.' "$WORK/log") $(grep -c '^not ok' "$WORK/log")"
}

if [ -n "${SANDBOX_LONG:-}" ]; then
	for t in cli control verbs keys; do
		VAULTNFS_BUILD=$WORK/traced VAULTNFS_TOP=$TOP all_well "$t" \
		    timeout 900 sh "$TOP/tests/cli/test_$t.sh"
	done
	for t in t0100-libnfs t0101-commands t0102-thief; do
		mkdir "$WORK/$t"
		E2E=$E2E TOP=$TOP BUILD=$WORK/traced VAULTNFS=$VAULTNFS \
		    WORK=$WORK/$t KEEP=$WORK/$t all_well "$t" \
		    timeout 900 bash "$E2E/$t.sh"
	done
fi

# calls FILE...: lines of strace since the sandbox closed.
calls() {
	awk 'FNR == 1 { on = 0 } on; /PR_SET_SECCOMP/ { on = 1 }' "$@"
}
names() { grep -oE '^[0-9]+ +[a-z0-9_]+\(' | awk '{ print $2 }' | tr -d '(' | sort -u; }
cd "$WORK/calls" || exit 1
# glibc tries clone3() first, then what it had before
# shellcheck disable=SC2046
calls $(ls) | grep -E ' = -1 (ENOSYS|EPERM)|killed by SIGSYS' |
    grep -vE 'clone3|^[0-9]+ +\+\+\+ exited' > "$WORK/missed"
note < "$WORK/missed"
same 'no system call is missed' 0 "$(wc -l < "$WORK/missed")"
# the long tests put other vaults in the places of those that were there
# shellcheck disable=SC2086
calls $short | grep -E ' = -1 EACCES' > "$WORK/outside"
note < "$WORK/outside"
same 'no path is asked for where it may not look' 0 \
    "$(wc -l < "$WORK/outside")"
# shellcheck disable=SC2086
calls $short | names > "$WORK/made"
echo "# $(ls | wc -l) servers made $(calls $(ls) | names | wc -l) different calls"
if [ "$(uname -sm)" = 'Linux x86_64' ] &&
    getconf GNU_LIBC_VERSION > /dev/null 2>&1; then
	sed -n '/^static const int used/,/^};/p' "$TOP/nfsd/sandbox_bpf.c" |
	    sed 's,/\*.*\*/,,' | grep -oE 'SYS_[a-z0-9_]+[,]' |
	    sed 's/SYS_//; s/,//' | sort -u > "$WORK/used"
	comm -23 "$WORK/used" "$WORK/made" > "$WORK/idle"
	note < "$WORK/idle"
	same 'none is in used[] for nothing' 0 "$(wc -l < "$WORK/idle")"
else
	skip 'none is in used[] for nothing' 'the list is for x86-64 and glibc'
fi
finish
