#!/bin/bash
# SPDX-License-Identifier: GPL-2.0
# 17-resources.t - sysfs' files of a device's resources: BARs are mapped, the ROM is read
# shellcheck source=SCRIPTDIR/../lib.sh
. "$(dirname "$0")/../lib.sh"

cp "$TOOLS/barmap" .
cat > inside.sh <<'SH'
d=$(echo /sys/bus/pci/devices/*)
echo 1 > $d/enable
map() { echo "$* = $(./barmap $d/$* 2>&1)"; }
map resource0 0x10 0x11223344
map resource0 0x10
map resource0 0xfffc 0x55667788
map resource0 0xfffc
map resource4 0x1000 0xcafe0001
map resource4 0x3fffffc 0xcafe0002
map resource4 0x1000
map resource4 0x3fffffc
map resource4 0x2000000
map resource1 0
echo 0 > $d/enable
SH
r3 run --device testdev -- sh inside.sh
is 'status' "$status" 0
like 'a page of BAR0 is written' "$T/out" '^resource0 0x10 0x11223344 = 11223344$'
like 'another process reads it' "$T/out" '^resource0 0x10 = 11223344$'
like 'its last word is written' "$T/out" '^resource0 0xfffc 0x55667788 = 55667788$'
like 'and read' "$T/out" '^resource0 0xfffc = 55667788$'
like 'a 64-bit BAR above 4 GiB' "$T/out" '^resource4 0x1000 = cafe0001$'
like 'its last page' "$T/out" '^resource4 0x3fffffc = cafe0002$'
like 'its trapped page cannot be mapped, and the process is told' "$T/out" '^resource4 0x2000000 = barmap: cannot map .*No such device or address$'
like 'nor can a trapped BAR' "$T/out" '^resource1 0 = barmap: cannot map .*No such device or address$'

cat > big.sh <<'SH'
d=$(echo /sys/bus/pci/devices/*)
echo 1 > $d/enable
./barmap $d/resource4 0xfffffffc 0xcafe0003
./barmap $d/resource4 0xfffffffc
SH
r3 run --device testdev,bar4=4G -- sh big.sh
is 'the last word of a 4 GiB BAR' "$(cat "$T/out")" "$(printf 'cafe0003\ncafe0003')"

# What a process wrote is what the device has, and what the next driver finds.
cp "$TOP/tests/testdev/ring3_testdev.ko" .
LIMIT=100 r3 run --device testdev --driver ./ring3_testdev.ko -- sh -c '
	d=$(echo /sys/bus/pci/devices/*)
	./barmap $d/resource0 0x40 0x600d
	cat /proc/ring3_testdev/*/mmio
	i=0
	while [ $i -lt 50 ]; do ./barmap $d/resource0 0x40 $i > /dev/null || exit 1; i=$((i + 1)); done
	./barmap $d/resource0 0x40'
is 'beside a driver: status' "$status" 0
like 'fifty processes in turn' "$T/out" '^31$'
unlike 'the driver does not mind' "$T/out" '^not ok'

r3 run -v --device qemu:bochs-display -- sh -c 'd=$(echo /sys/bus/pci/devices/*); ./barmap $d/resource0 0'
is 'a BAR of QEMU: status' "$status" 1
like 'told by the process' "$T/err" 'cannot map .*No such device or address'
like 'and by the kernel, with the reason' "$T/err" 'ring3: no process can map bus address 0x[0-9a-f]+: accesses to it are messages'

rom=/usr/lib/ipxe/qemu/efi-e1000e.rom
r3 run --device "qemu:e1000e,romfile=$rom" -- sh -c '
	d=$(echo /sys/bus/pci/devices/*)
	cat $d/rom > /dev/null 2>&1 && echo readable without having been switched on
	echo 1 > $d/rom && cat $d/rom'
is 'an expansion ROM is read: status' "$status" 0
ok 'and is what its file is' cmp "$T/out" "$rom"
finish
