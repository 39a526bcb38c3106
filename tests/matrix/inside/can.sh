# SPDX-License-Identifier: GPL-2.0
# shellcheck shell=bash
# can.sh - two CAN interfaces on one bus: frames both ways, of every length

cans() { (cd /sys/class/net && ls -d can*); }

check() {
	local n
	modprobe can-raw
	await '[ "$(cans | wc -w)" -eq 2 ]' 'not two CAN interfaces'
	for n in $(cans); do ip link set "$n" up type can bitrate 500000; done
	# shellcheck disable=SC2046 # words are meant
	python3 "$TOP/tests/matrix/inside/can.py" $(cans) || fail 'CAN'
	note_interrupts
	for n in $(cans); do ip link set "$n" down; done
	fact "verified 400 frames both ways: $(echo $(cans))"
}
