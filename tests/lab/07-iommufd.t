#!/bin/bash
# SPDX-License-Identifier: GPL-2.0
# 07-iommufd.t - devices by their own character devices and an iommufd, on a kernel that has both ways
# shellcheck disable=SC2034,SC2054 # for lab.sh, and the commas are QEMU's
devices=(-device pcie-root-port,id=slot1,chassis=1,addr=10.0
	-netdev user,id=net -device e1000e,id=card,bus=slot1,netdev=net
	-device pcie-root-port,id=slot2,chassis=2,addr=11.0
	-device nvme,bus=slot2,drive=disk,serial=lab)
export LAB_KERNEL=iommufd
# shellcheck source=SCRIPTDIR/lab.sh
. "$(dirname "$0")/lab.sh"
card=0000:01:00.0 disk=0000:02:00.0
r3 bind -q $card $disk
is 'bound' "$status" 0
ls -l /dev/vfio /dev/vfio/devices /dev/iommu >&2
head -c 4M /dev/urandom > file
r3 run --mem 64M --device vfio:$card,iommufd=on -- sh net.sh ./tcp "$PEER" file
is 'status' "$status" 0
cat $T/out $T/err >&2
r3 run --mem 64M --device vfio:$card,iommufd=off -- sh net.sh ./tcp "$PEER" file
is 'status' "$status" 0
cat $T/out $T/err >&2
no_faults
finish
