#!/bin/sh
# SPDX-License-Identifier: GPL-2.0
# nvme.sh - the part of the demo inside: a file system on the NVMe disk; the file comes on stdin
set -e
. examples/demo/report.sh

mkfs.ext4 -q /dev/nvme0n1
mkdir /tmp/disk
mount /dev/nvme0n1 /tmp/disk
cat > /tmp/disk/file
umount /tmp/disk
# Nothing may come from memory: the second mount reads the device.
echo 3 > /proc/sys/vm/drop_caches
mount /dev/nvme0n1 /tmp/disk
echo "sha256 $(sha256sum < /tmp/disk/file | cut -d' ' -f1)"
umount /tmp/disk

# Fields 3 and 7 are sectors read and written.
dma=$(awk '{ print ($3 + $7) * 512 }' /sys/block/nvme0n1/stat)
report "$(readlink -f /sys/class/nvme/nvme0/device)" "$dma"
