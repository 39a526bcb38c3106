#!/bin/bash
# SPDX-License-Identifier: GPL-2.0
# 06-refused.t - a device that cannot be had: one line, which says why and what to do; and one that a
# user without privileges has
# shellcheck disable=SC2034,SC2054 # for lab.sh, and the commas are QEMU's
devices=(-device pcie-root-port,id=slot1,chassis=1,addr=10.0
	-netdev user,id=net -device e1000e,bus=slot1,netdev=net -device edu,addr=11.0)
# shellcheck source=SCRIPTDIR/lab.sh
. "$(dirname "$0")/lab.sh"

card=0000:01:00.0 edu=0000:00:11.0
# refused NAME RE ARG...: ring3 run
refused() {
	local name=$1 re=$2
	shift 2
	r3 run "$@" -- true
	is "$name: status" "$status" 125
	is "$name: one line" "$(wc -l < "$T/err")" 1
	like "$name: says why, and what to do" "$T/err" "$re"
}

refused 'no such device' 'no PCI device 0000:77:00.0.*ring3 status' --device vfio:77:00.0
refused 'no device at all' "'e1000e' is no place" --device vfio:e1000e
refused 'another driver' "$card is not bound to vfio-pci but to e1000e; run: ring3 bind $card" --device vfio:$card
refused 'no driver' "$edu is not bound to vfio-pci but to no driver; run: ring3 bind $edu" --device vfio:$edu
ip link set eth0 up
r3 bind $card
is 'an interface that is up: status' "$status" 125
like 'an interface that is up: says so' "$T/err" "eth0 is up; 'ip link set eth0 down' first"
r3 bind --force -q $card
is 'with --force it is taken' "$status,$(driver_of $card)" 0,vfio-pci
refused 'named twice' 'are one; name it once' --device vfio:$card --device vfio:${card#0000:}

# A user without any privilege.
group=$(group_of $card)
AS=(setpriv --reuid 65534 --regid 65534 --clear-groups) RING3_AS='setpriv --reuid 65534 ...'
refused 'no permission' "no permission for /dev/vfio/$group.*udev rule" --device vfio:$card
ok 'the user may open the group' chown 65534 "/dev/vfio/$group"
ulimit -l 1024
refused 'too little locked memory' 'KiB of memory must be locked.*limit is 1024 KiB.*raise it to 131072' \
	--device vfio:$card --mem 128M
ulimit -l 65536
r3 run --mem 64M --device vfio:$card -- sh -c 'basename "$(readlink -f /sys/bus/pci/devices/*/driver)"'
is 'with as much as it needs a user can run it' "$status,$(cat "$T/out")" 0,e1000e

finish
