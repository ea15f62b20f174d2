#!/bin/bash
# A new vault is worked in through the kernel's client: a tree of 2,300 files
# and our own sources unpacked and compared, git, editors, rm -r, a remount, a
# server that is killed and comes back while a client reads.
# Leaves the vault in $KEEP for t0003.
# needs: kernel
. "$(dirname "$0")/lib.sh"
mnt=$WORK/mnt
orig=$WORK/orig

listing() {	# types, modes, times of files, link targets
	(cd "$1" && find . -type d -printf 'd %m %p\n' -o \
	    -printf '%y %m %TY-%Tm-%Td %TH:%TM:%TS %s %p -> %l\n' | sort)
}

sums() {
	(cd "$1" && find . -type f -print0 | sort -z |
	    xargs -0 stdbuf -oL sha256sum)
}

remount() {
	unmount "$mnt" && mount_export v "$mnt"
}

# The sources of this tree, without what was built and without tests' data.
own_source() {
	(cd "$TOP" && tar cf - --exclude='*.o' --exclude='*.a' --exclude=.git \
	    --exclude=autom4te.cache --exclude='build-*' \
	    base xdr vault nfsd tests/unit tests/e2e ./*.md ./*.am)
}

python3 "$E2E/mktree.py" "$orig"
mkdir "$orig/own" && own_source | tar xf - -C "$orig/own" --no-same-owner
(cd "$orig" && tar cf "$WORK/tree.tar" .)
echo "# $(find "$orig" -type f | wc -l) files to unpack"

new_vault "$WORK/v" || { not_ok 'a new vault is made'; finish; exit 1; }
start_server 0 "$WORK/v=v" --password-file "$WORK/v.pw" ||
    { not_ok 'the new vault is served'; finish; exit 1; }
check 'the new vault is mounted' mount_export v "$mnt" || { finish; exit 1; }
same 'it is empty' '' "$(ls -A "$mnt")"

# A tree goes in and comes out the same.
mkdir "$mnt/tree"
check 'a tree is unpacked' tar xf "$WORK/tree.tar" -C "$mnt/tree"
check 'and mounted anew' remount
check 'it equals the original' diff -r --no-dereference "$orig" "$mnt/tree"
listing "$orig" > "$WORK/want"
listing "$mnt/tree" > "$WORK/got"
check 'modes, times and links are the same' diff "$WORK/want" "$WORK/got"

# git.
export HOME=$WORK GIT_CONFIG_NOSYSTEM=1
git config --global user.name nobody
git config --global user.email nobody@localhost
git config --global init.defaultBranch main
git config --global safe.directory '*'
mkdir "$WORK/repo"
cp -r "$orig/own" "$orig/docs" "$WORK/repo"
(cd "$WORK/repo" && git init -q && git add . && git commit -qm one &&
    git rm -rq docs && git commit -qm two)
check 'git clones into the mount' \
    git clone -q --no-local "$WORK/repo" "$mnt/clone"
check 'git fsck finds nothing' git -C "$mnt/clone" fsck --strict --full
echo change >> "$mnt/clone/own/README.md"
check 'git commits' git -C "$mnt/clone" commit -qam three
check 'git checks out an older state' git -C "$mnt/clone" checkout -q HEAD~2
check 'which equals the original' \
    diff -r --no-dereference "$orig/docs" "$mnt/clone/docs"
check 'git status is clean' git -C "$mnt/clone" diff --quiet HEAD
check 'git gc packs' git -C "$mnt/clone" gc -q
check 'git fsck finds nothing after gc' git -C "$mnt/clone" fsck --full

# Editors.
mkdir "$mnt/edit"
check 'files are edited as editors do' python3 "$E2E/edit.py" "$mnt/edit"

# rm -r.
check 'rm -r takes a tree away' rm -r "$mnt/tree/src" "$mnt/tree/odd names"
check 'and nothing is left of it' test ! -e "$mnt/tree/src" -a \
    ! -e "$mnt/tree/odd names"
rm -r "$orig/src" "$orig/odd names"
check 'files are moved and renamed' mv "$mnt/tree/tools" "$mnt/tree/docs/t"
mv "$orig/tools" "$orig/docs/t"
check 'the rest is as it was' diff -r --no-dereference "$orig" "$mnt/tree"

# The server is killed while a client reads, and comes back.
remount
sums "$orig" > "$WORK/want"
echo 3 > /proc/sys/vm/drop_caches
(sums "$mnt/tree" > "$WORK/got"; echo $? > "$WORK/got.rc") &
reader=$!
for ((i = 0; i < 600; i++)); do
	[ "$(wc -l < "$WORK/got")" -ge 20 ] && break
	sleep 0.1
done
lines=$(wc -l < "$WORK/got")
again=$port
kill_server
kill -0 $reader && echo "# killed after $lines of $(wc -l < "$WORK/want") files"
sleep 1
check 'a server comes back on the same port' \
    start_server "$again" "$WORK/v=v" --password-file "$WORK/v.pw"
wait $reader
same 'the client that was reading does not fail' 0 "$(cat "$WORK/got.rc")"
check 'and has read the right bytes' diff "$WORK/want" "$WORK/got"
check 'files are still created' touch "$mnt/after the restart"

# A server that ends cleanly in between.
stop_server
same 'the server ends with status 0' 0 $?
check 'a third server serves the same' \
    start_server "$again" "$WORK/v=v" --password-file "$WORK/v.pw"
check 'remount' remount
check 'all of it is read once more, for t0003' \
    python3 "$E2E/compare.py" "$KEEP/manifest.json" make "$mnt"
python3 "$E2E/compare.py" "$WORK/orig.json" make "$orig"
check 'the tree is still the same' python3 "$E2E/compare.py" \
    "$WORK/orig.json" read "$KEEP/manifest.json" /tree
check 'unmount' unmount "$mnt"
stop_server
same 'the last server ends with status 0' 0 $?
cp "$WORK/v.pw" "$KEEP/pw"
check 'the vault is kept for t0003' tar czf "$KEEP/vault.tar.gz" -C "$WORK" v
finish
