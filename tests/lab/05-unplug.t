#!/bin/bash
# SPDX-License-Identifier: GPL-2.0
# 05-unplug.t - a device that goes while it is hosted: the host has it back within a second
# shellcheck disable=SC2034,SC2054 # for lab.sh, and the commas are QEMU's
devices=(-device pcie-root-port,id=slot1,chassis=1,addr=10.0
	-netdev user,id=net
	-device e1000e,id=card,bus=slot1,netdev=net)
# shellcheck source=SCRIPTDIR/lab.sh
. "$(dirname "$0")/lab.sh"

bdf=0000:01:00.0
cp "$TOP/tests/panic/ring3_panic.ko" .
head -c 1M /dev/urandom > file

# host NAME CMD: start a run that says `up`
host() {
	ok "$1: in VFIO's hands" to_vfio $bdf
	LIMIT=100 r3_start run --mem 64M --device vfio:$bdf -- sh -c "$2"
	ok "$1: up" r3_up
}

pull_by_remove() { echo 1 > "$SYS/$bdf/remove"; }
push_by_remove() { echo 1 > /sys/bus/pci/rescan; }
pull_by_unbind() { echo $bdf > "$SYS/$bdf/driver/unbind"; }
push_by_unbind() { to_native_probe; }
pull_by_qemu() {
	qmp '{"execute":"device_del","arguments":{"id":"card"}}' && qmp_event DEVICE_DELETED
}
push_by_qemu() {
	qmp '{"execute":"device_add","arguments":{"driver":"e1000e","bus":"slot1","id":"card","netdev":"net"}}'
}

# gone NAME HOW
gone() {
	local start took
	start=$(now)
	ok "$1: the host takes it back" "pull_by_$2"
	took=$(($(now) - start))
	ok "$1: in at most 1 s ($took ms)" [ $took -le 1000 ]
}

back() {
	ok "$1: it is put back" "push_by_$2"
	ok "$1: the lab's driver takes it" await "[ \"\$(driver_of $bdf)\" = e1000e ]" 20
}

to_native_probe() {
	echo > "$SYS/$bdf/driver_override"
	echo $bdf > /sys/bus/pci/drivers_probe
}

busy='ip link set eth0 up; ip addr add 10.0.2.15/24 dev eth0
	until [ "$(cat /sys/class/net/eth0/operstate)" = up ]; do sleep 0.1; done
	ping -q -c 1 -W 5 10.0.2.2 > /dev/null && echo up
	(while :; do ping -q -f -c 1000 10.0.2.2; ip -s link; done) > /dev/null 2>&1 & read -r x; echo alive'

# Ticks of processor time that the driver process has used; has it used many since $ticks?
used() { awk '{ print $14 }' "/proc/$(process_of kernel)/stat"; }
hangs() { [ $(($(used) - ticks)) -ge 60 ]; }

ok 'QEMU listens' qmp_open
for how in remove unbind qemu; do
	name="busy, by $how"
	host "$name" "$busy"
	gone "$name" $how
	r3_wait
	is "$name: CMD lives on and ends by itself" "$status" 0
	like "$name: with its output" "$T/out" '^alive$'
	like "$name: it is said" "$T/err" 'the host takes it back'
	back "$name" $how

	name="hanging, by $how"
	host "$name" 'echo up; insmod ./ring3_panic.ko spin=1'
	ticks=$(used)
	ok "$name: computes without end" await hangs 20
	gone "$name" $how
	ok "$name: the driver process is there" [ -n "$(process_of kernel)" ]
	r3_kill
	back "$name" $how
done

name='stopped, by remove'
host "$name" 'echo up; read -r x'
kill -STOP "$(process_of kernel)"
gone "$name" remove
r3_ended
is "$name: the run is over" "$status" 125
like "$name: and says why" "$T/err" 'does not let go'
back "$name" remove

sh net.sh ./tcp $PEER file > "$T/out" 2> "$T/err"
like 'the card works' "$T/out" '^echoed$'
ok 'handed to VFIO' to_vfio $bdf
LIMIT=100 r3 run --mem 64M --device vfio:$bdf -- sh net.sh ./tcp "$PEER" file
like 'and works hosted' "$T/out" '^echoed$'
no_faults

finish
