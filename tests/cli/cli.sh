# cli.sh - for tests of the command line: runs vaultnfs in a folder of its own
# and writes TAP.  Sourced, after the test has set `name'.
#
# Needs the built vaultnfs in $VAULTNFS_BUILD; no network but loopback, no
# root.  What needs python3 (JSON, a terminal) is skipped without it.
# shellcheck shell=sh disable=SC2034,SC2154
build=${VAULTNFS_BUILD:-.}
here=$(cd "$(dirname "$0")" && pwd)
V=$(cd "$build" && pwd)/vaultnfs
[ -x "$V" ] || { echo "1..0 # SKIP no vaultnfs in $build"; exit 0; }

work=$(mktemp -d "${TMPDIR:-/tmp}/$name.XXXXXX") || exit 99
clean() {
	chmod -R u+rwX "$work"
	rm -rf "$work"
}
trap clean EXIT
trap 'exit 99' INT TERM HUP
cd "$work" || exit 99

VAULTNFS_FAST_KDF=1
LC_ALL=C
TZ=UTC
export VAULTNFS_FAST_KDF LC_ALL TZ
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
# as it does, with the password in the file pw.
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
        os.write(fd, answers.pop(0).encode() + b"\n")
if time.time() >= until:
    os.kill(pid, signal.SIGKILL)
status = os.waitpid(pid, 0)[1]
sys.stdout.buffer.write(shown.replace(b"\r\n", b"\n"))
sys.exit(os.WEXITSTATUS(status) if os.WIFEXITED(status)
         else 128 + os.WTERMSIG(status))
PY
	rc=$?
}
