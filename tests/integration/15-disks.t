#!/bin/bash
# SPDX-License-Identifier: GPL-2.0
# 15-disks.t - disk= on each kind of controller, and QEMU devices of the user's on their buses
# shellcheck source=SCRIPTDIR/../lib.sh
. "$(dirname "$0")/../lib.sh"

head -c 4M /dev/urandom > want

# disk NAME NODE RING3-OPTIONS...: the image is at /dev/NODE, and what is written there is in the file.
disk() {
	local name=$1 node=$2
	shift 2
	cp want d.img
	cat > inside.sh <<-SH
		until [ -e /dev/$node ]; do sleep 0.02; done
		cmp want /dev/$node && head -c 65536 /dev/zero > /dev/$node && sync
	SH
	r3 run --timeout 30 "$@" -- sh inside.sh
	is "$name: its bytes are read" "$status" 0
	ok "$name: what is written is in the file" cmp -n 65536 d.img /dev/zero
	ok "$name: the rest is untouched" cmp -i 65536 d.img want
}

disk 'AHCI' sda --device qemu:ahci,disk=d.img
disk 'IDE in compatibility mode' sda --device qemu:piix3-ide,disk=d.img
disk 'virtio-scsi' sda --device qemu:virtio-scsi-pci,disk=d.img
disk 'virtio-blk, modern' vda --device qemu:virtio-blk-pci,disable-legacy=on,disk=d.img
disk 'virtio-blk, legacy' vda --device qemu:virtio-blk-pci,disable-modern=on,disable-legacy=off,disk=d.img
disk 'virtio-blk by the DMA API' vda --device qemu:virtio-blk-pci,disable-legacy=on,iommu_platform=on,disk=d.img
disk 'xHCI' sda --device qemu:qemu-xhci,disk=d.img
disk 'EHCI' sda --device qemu:usb-ehci,disk=d.img
disk 'a SCSI disk of the user on a controller of ours' sda --device qemu:virtio-scsi-pci,id=hba \
	--qemu '-drive if=none,id=mine,format=raw,file=d.img -device scsi-hd,bus=hba.0,drive=mine'
disk 'an IDE disk of the user on port 3 of our AHCI' sda --device qemu:ich9-ahci,id=sata \
	--qemu '-drive if=none,id=mine,format=raw,file=d.img -device ide-hd,bus=sata.3,drive=mine'
disk 'a drive of the user in a device of ours' nvme0n1 --device qemu:nvme,drive=mine \
	--qemu '-drive if=none,id=mine,format=raw,file=d.img'

r3 run --device qemu:e1000,disk=d.img -- true
is 'a disk for a network card: 125' "$status" 125
like 'and why' "$T/err" "disk= is for storage controllers, and 'e1000' is none"
r3 run --device qemu:piix3-ide --device qemu:piix4-ide -- true
is 'two IDE functions at the same ports: 125' "$status" 125
like 'and why' "$T/err" "device 'qemu:piix4-ide': its ports are those of 'qemu:piix3-ide'"
finish
