# SPDX-License-Identifier: GPL-2.0
# shellcheck shell=bash
# rng.sh - random numbers: the source is the device, they differ, and they do not compress

check() {
	local n
	await '[ -c /dev/hwrng ]' 'no /dev/hwrng'
	grep -q '^virtio_rng' /sys/class/misc/hw_random/rng_current || fail 'the source is another one'
	head -c 64K /dev/hwrng > "$T/a"
	head -c 64K /dev/hwrng > "$T/b"
	[ "$(stat -c %s "$T/a")" = 65536 ] || fail 'a short read'
	if cmp -s "$T/a" "$T/b"; then fail 'twice the same'; fi
	n=$(gzip -c "$T/a" | wc -c)
	[ "$n" -ge 65000 ] || fail "64 KiB compress to $n bytes"
	fact 'verified 128 KiB that differ and do not compress'
}
