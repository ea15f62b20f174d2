#!/bin/bash
# Vaults that others made, served and mounted: names, types, sizes, contents
# and link targets are those of their manifests.
# needs: kernel
. "$(dirname "$0")/lib.sh"

try_vault() {
	if ! start_server 0 "$dir/vault=$name" --password-file "$dir/pw"; then
		not_ok "$name is served"
		return
	fi
	if check "$name is mounted" mount_export "$name" "$WORK/mnt"; then
		compare mount "$WORK/mnt"
		same "$name agrees with its manifest through the mount" 0 $?
		check "$name is unmounted" unmount "$WORK/mnt"
	fi
	stop_server
	same "the server of $name ends with status 0" 0 $?
}

while read -r tar; do
	unpack_vault "$tar"
	try_vault
	rm -rf "$dir"
done < <(find_vaults)
finish
