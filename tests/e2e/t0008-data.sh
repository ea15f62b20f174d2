#!/bin/bash
# Data through the kernel's client under many hands: a model in memory, fio,
# sqlite with kills in between, git, a parallel compile, tar, rsync, dbench,
# stress-ng.  Programs that are not installed are skipped.  For the long form;
# OPS operations of the model in each of 4 processes, for each of SEEDS.
# needs: kernel
. "$(dirname "$0")/lib.sh"
mnt=$WORK/mnt
steady=$BUILD/tests/e2e/steady
ops=${OPS:-1000} seeds=${SEEDS:-3 4 5} runtime=${RUNTIME:-20}

have() { command -v "$1" > /dev/null; }
# try PROGRAM TEXT COMMAND...
try() {
	local program=$1
	shift
	if have "$program"; then
		check "$@"
	else
		skip "$1" "no $program"
	fi
}

new_vault "$WORK/v" || { not_ok 'a new vault is made'; finish; exit 1; }
args=("$WORK/v=v" --password-file "$WORK/v.pw" --state-dir "$WORK/state" --multi-user)
start_server 0 "${args[@]}" ||
    { not_ok 'the new vault is served'; finish; exit 1; }
at=$port
check 'the new vault is mounted' mount_export v "$mnt" || { finish; exit 1; }

for seed in $seeds; do
	mkdir "$mnt/seed$seed"
	check "4 processes, $ops operations each, seed $seed" \
	    "$steady" "$mnt/seed$seed" 4 "$ops" "$seed"
	tail -n 4 "$WORK/said" | note
	rm -rf "$mnt/seed$seed"
done

try fio 'fio writes and verifies' fio --directory="$mnt" --name=v --rw=randwrite \
    --bsrange=1k-64k --size=8m --numjobs=2 --verify=crc32c --verify_fatal=1 \
    --do_verify=1 --ioengine=psync --end_fsync=1 --group_reporting
rm -f "$mnt"/v.*

# sqlite: killed in between, in both modes; every committed row is there.
for mode in DELETE WAL; do
	if have sqlite3; then
		db=$mnt/$mode.db
		sqlite3 "$db" "PRAGMA journal_mode=$mode; CREATE TABLE t(n);" \
		    > /dev/null
		: > "$WORK/committed"
		(for ((i = 0; i < 400; i++)); do
			sqlite3 "$db" "INSERT INTO t VALUES ($i);" &&
			    echo "$i" >> "$WORK/committed"
		done) 2> /dev/null &
		writer=$!
		for k in 1 2 3; do
			sleep $((runtime / 8 + 1))
			if [ $k = 2 ]; then
				kill_server
				start_server "$at" "${args[@]}"
			fi
		done
		kill -KILL $writer 2> /dev/null
		wait $writer 2> /dev/null
		pkill -KILL -x sqlite3
		same "sqlite in mode $mode is whole after kills" ok \
		    "$(sqlite3 "$db" 'PRAGMA integrity_check;')"
		sqlite3 "$db" 'SELECT n FROM t;' | sort > "$WORK/there"
		same "and has all of $(wc -l < "$WORK/committed") rows" '' \
		    "$(sort "$WORK/committed" | comm -23 - "$WORK/there")"
	else
		skip "sqlite in mode $mode" 'no sqlite3'
	fi
done

mkdir "$WORK/src"
(cd "$TOP" && tar cf - --exclude='*.o' --exclude=.git base xdr) |
    tar xf - -C "$WORK/src"
check 'tar' sh -c "cd '$WORK' && tar cf - src | tar xf - -C '$mnt'"
check 'is the same' diff -r "$WORK/src" "$mnt/src"
try rsync 'rsync' rsync -a --checksum "$WORK/src/" "$mnt/rsync/"
try rsync 'rsync finds nothing more to do' sh -c \
    "test -z \"\$(rsync -ani --checksum '$WORK/src/' '$mnt/rsync/')\""
cat > "$mnt/src/Makefile" <<'M'
SRC = base/arena.c base/lru.c base/verr.c base/log.c
all: $(SRC:.c=.o)
CFLAGS = -O0 -I. -include stdbool.h -D_GNU_SOURCE
M
: > "$mnt/src/config.h"
try gcc 'a parallel compile' make -C "$mnt/src" -j4 all

export HOME=$WORK GIT_CONFIG_NOSYSTEM=1
git config --global user.name nobody
git config --global user.email nobody@localhost
git config --global safe.directory '*'
if have git; then
	check 'git' sh -c "cd '$mnt/src' && git init -q && git add . &&
	    git commit -qm one && echo x >> base/arena.c &&
	    git commit -qam two && git gc -q && git fsck --strict"
else
	skip 'git' 'no git'
fi
try dbench 'dbench' dbench -D "$mnt" -t "$runtime" 4
try stress-ng "stress-ng's file system stressors" stress-ng \
    --temp-path "$mnt" --hdd 1 --hdd-bytes 8m --seek 1 --seek-size 4m \
    --rename 1 --link 1 --symlink 1 --dentry 1 --dentries 64 --dir 1 \
    --dir-dirs 64 --utime 1 --chmod 1 --chown 1 \
    --flock 1 --lockf 1 --verify -t "$runtime"
rm -rf "$mnt"/*
same 'all can be removed' '' "$(ls -A "$mnt")"
check 'unmount' unmount "$mnt"
stop_server
same 'the server ends with status 0' 0 $?
check_after_kills "$WORK/v"
finish
