# SPDX-License-Identifier: GPL-2.0
# shellcheck shell=bash
# input.sh - a key pressed in QEMU arrives as an event

check() {
	local dev
	await 'ls /dev/input/event* > /dev/null 2>&1' 'no input device'
	dev=(/dev/input/event*)
	exec 5< "${dev[0]}"
	ask key
	# struct input_event is 24 bytes; EV_KEY is type 1, KEY_A is code 30, 1 is down.
	timeout 20 "$TOOLS/key" 1 30 1 <&5 || fail 'the key did not arrive'
	exec 5<&-
	fact 'verified a key pressed in QEMU'
}
