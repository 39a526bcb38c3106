#!/bin/bash
# SPDX-License-Identifier: GPL-2.0
# 02-nvme.t - the kernel's nvme driver and QEMU's NVMe: what is written is in the file, and comes back
# shellcheck source=SCRIPTDIR/../lib.sh
. "$(dirname "$0")/../lib.sh"

head -c 100M /dev/urandom > random
truncate -s 100M d.img
last='head -c 100M /dev/urandom | ring3 run --device qemu:nvme,disk=d.img --rw . -- sh -c "cat > /dev/nvme0n1"'
r3 run --device qemu:nvme,disk=d.img --rw . -- sh -c 'cat > /dev/nvme0n1' < random
is 'writing 100 MiB: status' "$status" 0
is 'nothing on stderr' "$(cat "$T/err")" ''
ok 'those bytes are in the file' cmp random d.img
r3 run --device qemu:nvme,disk=d.img -- cat /dev/nvme0n1
is 'reading: status' "$status" 0
ok 'the same bytes come back' cmp "$T/out" d.img

truncate -s 0 d.img
truncate -s 64M d.img
cat > fs.sh <<'SH'
set -e
mkfs.ext4 -q /dev/nvme0n1
mkdir /tmp/m
mount /dev/nvme0n1 /tmp/m
head -c 20M /dev/urandom > /tmp/m/file
sum=$(sha256sum < /tmp/m/file)
umount /tmp/m
echo 3 > /proc/sys/vm/drop_caches
mount /dev/nvme0n1 /tmp/m
[ "$(sha256sum < /tmp/m/file)" = "$sum" ] && echo same
umount /tmp/m
SH
r3 run --device qemu:nvme,disk=d.img -- sh fs.sh
is 'a file system: status' "$status" 0
like 'a file written, remounted and read is the same' "$T/out" '^same$'
if [ -x /sbin/e2fsck ]; then
	ok 'the host finds it clean' sh -c '/sbin/e2fsck -fn d.img > /dev/null'
fi

r3 run --device qemu:nvme,disk=d.img -- sh -c 'readlink /sys/class/nvme/nvme0/device/driver; grep -c nvme0q /proc/interrupts'
like 'driven by nvme' "$T/out" '/nvme$'
like 'queues have their own MSI-X vectors' "$T/out" '^([2-9]|[0-9]{2})$'

ok 'a read-only image' chmod 0444 d.img
if [ "$(id -u)" -ne 0 ] || [ ${#AS[@]} -gt 0 ]; then
	r3 run --device qemu:nvme,disk=d.img -- true
	is 'an image that cannot be written: 125' "$status" 125
	like 'and its name' "$T/err" 'd\.img'
fi

finish
