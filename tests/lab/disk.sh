#!/bin/sh
# SPDX-License-Identifier: GPL-2.0
# disk.sh - an NVMe disk at work, hosted or not
#
# Makes a file system, writes a file, and reads it back from the device.  Prints `same`, `driver NAME`
# and `vectors N`.
set -e
mkfs.ext4 -q -F /dev/nvme0n1
mkdir -p /tmp/disk
mount /dev/nvme0n1 /tmp/disk
head -c 24M /dev/urandom > /tmp/disk/file
sum=$(sha256sum < /tmp/disk/file)
umount /tmp/disk
# Nothing may come from memory: the second mount reads the device.
echo 3 > /proc/sys/vm/drop_caches
mount /dev/nvme0n1 /tmp/disk
[ "$(sha256sum < /tmp/disk/file)" = "$sum" ] && echo same
umount /tmp/disk
echo "driver $(basename "$(readlink -f /sys/class/nvme/nvme0/device/driver)")"
echo "vectors $(grep -c nvme0q /proc/interrupts)"
