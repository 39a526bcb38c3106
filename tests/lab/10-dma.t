#!/bin/bash
# SPDX-License-Identifier: GPL-2.0
# 10-dma.t - a real device reaches for memory that it may not have: the IOMMU stops it, and that is told
# shellcheck disable=SC2034,SC2054 # for lab.sh, and the commas are QEMU's
devices=(-device edu,dma_mask=0xffffffff,addr=10.0
	-device pcie-root-port,id=slot1,chassis=1,addr=11.0
	-device nvme,bus=slot1,drive=disk,serial=lab
	-device pcie-pci-bridge,id=conventional,addr=12.0
	-device edu,bus=conventional,addr=1.0 -device edu,bus=conventional,addr=2.0)
# shellcheck source=SCRIPTDIR/lab.sh
. "$(dirname "$0")/lab.sh"

edu=0000:00:10.0 disk=0000:01:00.0 one=0000:02:01.0 other=0000:02:02.0
cp "$TOP/tests/strict/ring3_late.ko" .
line=$(grep -n '/\* back \*/' "$TOP/tests/strict/ring3_late.c" | cut -d: -f1)
r3 bind -q $edu $disk
is 'bound' "$status" 0

# MODE HOW: the device writes; whatever it is, another device goes on.
late() {
	dmesg -C
	r3 run --mem 64M --dma "$1" --device vfio:$edu --device vfio:$disk --driver "./ring3_late.ko how=$2" -- \
		sh -c 'dmesg | grep -o "late: .* buffer .*"; head -c 64K /dev/urandom > /tmp/x
		cat /tmp/x > /dev/nvme0n1; sync; echo 3 > /proc/sys/vm/drop_caches
		head -c 64K /dev/nvme0n1 | cmp - /tmp/x && echo disk'
	dmesg > "$T/w/dmesg"
	like "$1, $2: the disk beside it works" "$T/out" '^disk$'
}

late static right
like 'static, right: written' "$T/out" 'late: right: buffer changed'
late strict right
like 'strict, right: written' "$T/out" 'late: right: buffer changed'
unlike 'and there is nothing to report' "$T/err" 'DMA fault'
no_faults
# Not to where interrupts go: QEMU's IOMMU lets those of the old format pass, as hardware does not.
for attack in static:low strict:late strict:wild strict:wrong; do
	mode=${attack%:*} how=${attack#*:}
	late "$mode" "$how"
	like "$attack: not written" "$T/out" "late: $how: buffer unchanged"
	like "$attack: the device and what it did are named" "$T/err" \
		"^ring3-proxy: device 'vfio:$edu': DMA fault: it writes to bus address 0x"
	like "$attack: the hosted kernel says so, too" "$T/err" 'DMA fault: .* writes to bus address 0x'
	like "$attack: it was the IOMMU" "$T/w/dmesg" 'DMAR: \[DMA Write.* Request device \[00:10\.0\]'
	[ "$attack" != strict:late ] ||
		like 'with the line that had given the memory back' "$T/err" "^ring3: report: DMA fault: .*ring3_late\.c:$line\$"
done
late static late
like 'static, late: within the memory that was handed over' "$T/out" 'late: late: buffer changed'
r3 bind -q --group $one
r3 run --mem 64M --dma strict --device vfio:$one --device vfio:$other -- true
is 'two of a group, strict: 125' "$status" 125
like 'and why' "$T/err" "'vfio:$one' and 'vfio:$other' are in one IOMMU group .* --dma strict"
r3 unbind -q --group $one
r3 unbind -q $edu $disk
is 'given back' "$status,$(driver_of $disk)" 0,nvme

finish
