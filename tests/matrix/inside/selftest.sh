# SPDX-License-Identifier: GPL-2.0
# shellcheck shell=bash
# selftest.sh - `ethtool -t INTERFACE offline`: result by result what a full QEMU guest shows
# The row sets EXPECT to the results, in the order of the driver's tests.

check() {
	local dev got
	await 'ls -d /sys/class/net/*/device > /dev/null 2>&1' 'no network interface'
	dev=$(cd /sys/class/net && ls -d */device)
	dev=${dev%%/*}
	ip link set "$dev" up
	await "[ \$(cat /sys/class/net/$dev/carrier) = 1 ]" "$dev has no link"
	"$TOOLS/selftest" "$dev" > "$T/selftest" || fail "$dev: the tests did not run"
	got=$(sed -n 's/.*: //p' "$T/selftest" | paste -sd,)
	[ "$got" = "$EXPECT" ] || fail "$dev: $(paste -sd';' "$T/selftest"); a full guest: $EXPECT"
	note_interrupts
	ip link set "$dev" down
	fact "verified offline self test as in a full guest: $got"
}
