#!/bin/bash
# SPDX-License-Identifier: GPL-2.0
# 01-e1000e.t - the same card driven by the lab's kernel, hosted over VFIO, and by the kernel again
# shellcheck disable=SC2034,SC2054 # for lab.sh, and the commas are QEMU's
devices=(-device pcie-root-port,id=slot1,chassis=1,addr=10.0
	-netdev user,id=net -device e1000e,bus=slot1,netdev=net)
# shellcheck source=SCRIPTDIR/lab.sh
. "$(dirname "$0")/lab.sh"

bdf=0000:01:00.0
head -c 4M /dev/urandom > file
works() {
	is "$1: status" "$status" 0
	like "$1: driven by e1000e" "$T/out" '^driver e1000e$'
	like "$1: the gateway answers" "$T/out" '^pinged$'
	like "$1: 4 MiB over TCP, there and back" "$T/out" '^echoed$'
	like "$1: by interrupts" "$T/out" '^interrupts yes$'
}
native() {
	sh net.sh ./tcp $PEER file > "$T/out" 2> "$T/err"
	status=$?
}
native
works 'the lab'
ok 'handed to VFIO' to_vfio $bdf
r3 run --device vfio:$bdf -- sh net.sh ./tcp $PEER file
works 'hosted'
is 'hosted: nothing on stderr' "$(cat "$T/err")" ''
ok 'handed back' to_native $bdf e1000e
native
works 'the lab again'
no_faults

finish
