#!/bin/bash
# SPDX-License-Identifier: GPL-2.0
# 03-lines.t - devices with INTx alone, with ports alone, and three that share an IOMMU group
# shellcheck disable=SC2034,SC2054 # for lab.sh, and the commas are QEMU's
devices=(-netdev user,id=net1 -device e1000,netdev=net1,addr=10.0
	-device pcie-pci-bridge,id=conventional,addr=11.0
	-netdev user,id=net2 -device rtl8139,bus=conventional,netdev=net2,addr=1.0
	-netdev user,id=net3 -device ne2k_pci,bus=conventional,netdev=net3,addr=2.0
	-device edu,dma_mask=0xffffffff,bus=conventional,addr=3.0)
# shellcheck source=SCRIPTDIR/lab.sh
. "$(dirname "$0")/lab.sh"

card=0000:00:10.0 rtl=0000:01:01.0 ne2k=0000:01:02.0 edu=0000:01:03.0
head -c 256K /dev/urandom > file
cp "$TOP/build/tests/edu/edu.ko" "$TOOLS/barmap" .

works() {
	is "$1: status" "$status" 0
	like "$1: driven by $2" "$T/out" "^driver $2\$"
	like "$1: the gateway answers" "$T/out" '^pinged$'
	like "$1: 256 KiB over TCP, there and back" "$T/out" '^echoed$'
	like "$1: by interrupts" "$T/out" '^interrupts yes$'
}

r3 bind $card
is 'e1000, INTx alone: bound' "$status" 0
like 'its group is shown' "$T/err" "IOMMU group [0-9]+: $card 8086:100e vfio-pci"
LIMIT=100 r3 run --mem 64M --device vfio:$card -- sh net.sh ./tcp "$PEER" file
works e1000 e1000
r3 unbind -q $card
is 'given back' "$status,$(driver_of $card)" 0,e1000

group=$(group_of $rtl)
is 'three devices behind a PCI bridge are one group' \
	"$(group_of $rtl),$(group_of $ne2k),$(group_of $edu)" "$group,$group,$group"
r3 bind $rtl
is 'one of them is bound: status' "$status" 0
like 'and the others are told' "$T/err" "$ne2k 10ec:8029 ne2k-pci .must be bound, too"
r3 run --mem 64M --device vfio:$rtl -- true
is 'the group is not free: status' "$status" 125
is 'in one line' "$(wc -l < "$T/err")" 1
like 'that says who holds it' "$T/err" "IOMMU group $group is not free as a whole: $ne2k .driver ne2k-pci. must be"
r3 bind --group $edu
is 'the whole group is bound' "$status,$(driver_of $rtl),$(driver_of $ne2k),$(driver_of $edu)" \
	0,vfio-pci,vfio-pci,vfio-pci

LIMIT=100 r3 run --mem 64M --device vfio:$ne2k -- sh net.sh ./tcp "$PEER" file
works 'ne2k, ports alone' ne2k-pci

cat > both.sh <<'SH'
set -e
pci=/sys/class/misc/edu/device
echo 12 > $pci/factorial
echo "factorial $(cat $pci/factorial)"
head -c 4095 /dev/urandom > /tmp/bytes
cat /tmp/bytes > /dev/edu
head -c 4095 /dev/edu | cmp - /tmp/bytes && echo moved
echo "interrupted $(cat $pci/interrupts)"
sh net.sh ./tcp "$1" file
SH
LIMIT=100 r3 run --mem 64M --device vfio:$edu --device vfio:$rtl --driver ./edu.ko -- sh both.sh "$PEER"
works 'two of one group at once' 8139cp
like 'edu computes' "$T/out" '^factorial 479001600$'
like 'and moves bytes by DMA' "$T/out" '^moved$'
like 'and interrupts' "$T/out" '^interrupted [1-9]'

LIMIT=100 r3_start run --mem 64M --device vfio:$rtl -- sh -c 'echo up; read -r x'
ok 'a run that holds the group' r3_up
last='ring3 status'
"$RING3" status $rtl > "$T/w/status"
like 'status says who' "$T/w/status" "^$rtl .* was 8139cp  used by process [0-9]+ .ring3-proxy."
"$RING3" unbind $rtl 2> "$T/w/unbind"
is 'and unbind refuses' "$?" 125
like 'and says who' "$T/w/unbind" 'used by process [0-9]+ .ring3-proxy.'
"$RING3" run --mem 64M --device vfio:$edu -- true 2> "$T/w/second"
is 'a second run cannot have its group: status' "$?" 125
like 'and why' "$T/w/second" "another process uses /dev/vfio/$group"
r3_wait
r3 unbind --group $rtl
is 'all are given back' "$status,$(driver_of $rtl),$(driver_of $ne2k)" 0,8139cp,ne2k-pci
is 'one that had no driver has none' "$(driver_of $edu)" ''
# It has no driver here, so its registers are looked at: quiet, as after a reset, and alive (QEMU, docs/specs/edu.rst).
ok 'edu masters the bus no more' eval "! masters $edu"
echo 1 > "$SYS/$edu/enable"
is 'edu identifies itself' "$(./barmap "$SYS/$edu/resource0" 0)" 10000ed
is 'edu asserts no interrupt' "$(./barmap "$SYS/$edu/resource0" 0x24)" 0
# Without an interrupt at the end, as nobody here would handle it.
./barmap "$SYS/$edu/resource0" 0x20 0 > /dev/null
./barmap "$SYS/$edu/resource0" 8 5 > /dev/null
ok 'edu computes' await '[ "$(./barmap "$SYS/$edu/resource0" 0x20)" = 0 ]' 5
is 'and rightly' "$(./barmap "$SYS/$edu/resource0" 8)" 78
echo 0 > "$SYS/$edu/enable"
for pair in "$ne2k ne2k-pci" "$rtl 8139cp" "$card e1000"; do
	set -- $pair
	for dev in $rtl $ne2k $card; do
		[ "$dev" = "$1" ] || echo "$dev" > "$SYS/$dev/driver/unbind"
	done
	sh net.sh ./tcp "$PEER" file > "$T/out" 2> "$T/err"
	status=$?
	works "the lab again, $2" "$2"
	for dev in $rtl $ne2k $card; do
		[ "$dev" = "$1" ] || echo "$dev" > /sys/bus/pci/drivers_probe
	done
done
no_faults

finish
