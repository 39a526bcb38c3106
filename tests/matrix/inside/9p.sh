# SPDX-License-Identifier: GPL-2.0
# shellcheck shell=bash
# 9p.sh - a directory of the host mounted through the device; what it shows is what is there

check() {
	mkdir -p "$T/m"
	await 'grep -q . /sys/bus/virtio/devices/virtio*/mount_tag 2> /dev/null' 'no 9p channel'
	mount -t 9p -o trans=virtio,version=9p2000.L,msize=65536 host "$T/m"
	cmp random "$T/m/random" || fail 'what was read differs'
	head -c 1M /dev/urandom > "$T/out"
	cp "$T/out" "$T/m/written"
	mv "$T/m/written" "$T/m/renamed"
	umount "$T/m"
	cmp "$T/out" renamed || fail 'what was written differs'
	rm renamed
	fact 'verified a mounted directory: 1 MiB read, 1 MiB written, a rename'
}
