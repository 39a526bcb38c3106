# SPDX-License-Identifier: GPL-2.0
# shellcheck shell=bash
# edu.sh - the example: registers, an interrupt per factorial, DMA both ways

check() {
	local e n=0
	for e in /sys/class/misc/edu*; do
		n=$((n + 1))
		echo 0x12345678 > "$e/device/liveness"
		[ "$(cat "$e/device/liveness")" = 0xedcba987 ] || fail 'liveness'
		echo 12 > "$e/device/factorial"
		[ "$(cat "$e/device/factorial")" = 479001600 ] || fail 'factorial'
		head -c 4095 /dev/urandom > "$T/a"
		cat "$T/a" > "/dev/${e##*/}"
		head -c 4095 "/dev/${e##*/}" | cmp - "$T/a" || fail 'what DMA brought back differs'
	done
	[ $n -eq "$DEVICES" ] || fail "$n of $DEVICES devices"
	fact 'verified factorial by interrupt, DMA both ways'
}
