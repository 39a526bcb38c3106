# SPDX-License-Identifier: GPL-2.0
# shellcheck shell=bash
# block.sh - disks: a file system written, unmounted, read again; raw blocks read around the cache

# Whole disks that hang on a PCI device of the row.
disks() {
	local b
	for b in /sys/block/*; do
		case $(readlink -f "$b/device") in
		*/pci*)
			[ "$(cat "$b/size")" -eq 0 ] || echo "${b##*/}" ;;
		esac
	done
}

check_disk() {
	local dev=/dev/$1 sum
	head -c 6M /dev/urandom > "$T/random"
	sum=$(sha256sum < "$T/random")
	mkfs.ext4 -q -F "$dev"
	mkdir -p "$T/m"
	mount -t ext4 "$dev" "$T/m"
	cp "$T/random" "$T/m/file"
	umount "$T/m"
	echo 3 > /proc/sys/vm/drop_caches
	mount -t ext4 "$dev" "$T/m"
	[ "$(sha256sum < "$T/m/file")" = "$sum" ] || fail "$1: the file is not what was written"
	umount "$T/m"
	dd if="$T/random" of="$dev" bs=512K seek=20 count=8 oflag=direct status=none
	dd if="$dev" bs=512K skip=20 count=8 iflag=direct status=none |
		cmp - <(head -c 4M "$T/random") || fail "$1: raw blocks differ"
}

check() {
	local d want=${DISKS:-$DEVICES} list
	await "[ \$(disks | wc -w) -ge $want ]" 'no disk appeared'
	list=$(disks)
	for d in $list; do check_disk "$d"; done
	fact "verified ext4 and direct I/O, sha256: $(echo $list)"
}
