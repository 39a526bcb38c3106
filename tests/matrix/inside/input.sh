# SPDX-License-Identifier: GPL-2.0
# shellcheck shell=bash
# input.sh - a key (INPUT=button: the left button) pressed in QEMU arrives as an event

check() {
	local dev what=${INPUT:-key} code=30
	[ "$what" = key ] || code=272
	await 'ls /dev/input/event* > /dev/null 2>&1' 'no input device'
	dev=(/dev/input/event*)
	exec 5< "${dev[0]}"
	ask "$what"
	# EV_KEY is type 1; KEY_A is code 30, BTN_LEFT 272; 1 is down.
	timeout 20 "$TOOLS/key" 1 $code 1 <&5 || fail "the $what did not arrive"
	exec 5<&-
	fact "verified a $what pressed in QEMU"
}
