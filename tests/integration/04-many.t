#!/bin/bash
# SPDX-License-Identifier: GPL-2.0
# 04-many.t - two NICs, an NVMe and the testdev in one run, all at work at once
# shellcheck source=SCRIPTDIR/../lib.sh
. "$(dirname "$0")/../lib.sh"

cp "$TOP/tests/testdev/ring3_testdev.ko" .
truncate -s 32M d.img
cat > all.sh <<'SH'
set -e
insmod "$1"
nics=$(ls /sys/class/net | grep -v '^lo$')
set -- $nics
[ $# = 2 ] && echo "two nics"
n=0
for dev in $nics; do
	ip link set "$dev" up
	ip addr add 10.0.2.$((15 + n))/24 dev "$dev"
	n=$((n + 1))
done
for dev in $nics; do
	for i in $(seq 100); do
		[ "$(cat /sys/class/net/$dev/operstate)" = up ] && break
		sleep 0.1
	done
done
(ping -c 20 -i 0.05 -W 5 -I "$1" 10.0.2.2 > /tmp/p1 && echo "first nic") &
p1=$!
(ping -c 20 -i 0.05 -W 5 -I "$2" 10.0.2.2 > /tmp/p2 && echo "second nic") &
p2=$!
(head -c 32M /dev/urandom > /tmp/r; cat /tmp/r > /dev/nvme0n1; echo 3 > /proc/sys/vm/drop_caches
 cmp /tmp/r /dev/nvme0n1 && echo "nvme") &
p3=$!
cat /proc/ring3_testdev/*/all > /tmp/tap
grep -q '^ok' /tmp/tap && ! grep -q '^not ok' /tmp/tap && echo "testdev"
wait $p1; wait $p2; wait $p3
! grep '^not ok' /tmp/tap
SH
LIMIT=100 r3 run --mem 256M --device qemu:e1000e,net=user --device qemu:e1000e,net=user \
	--device qemu:nvme,disk=d.img --device testdev -- \
	sh all.sh ./ring3_testdev.ko
is 'status' "$status" 0
for what in 'two nics' 'first nic' 'second nic' nvme testdev; do
	like "$what" "$T/out" "^$what\$"
done

LIMIT=100 r3 run --device qemu:e1000e --device qemu:e1000 --device qemu:nvme,disk=d.img --device qemu:edu \
	--device testdev --device testdev,addr=1f.0 --device qemu:rtl8139 -- ls /sys/bus/pci/devices
is 'seven devices: status' "$status" 0
is 'all on the bus' "$(wc -l < "$T/out")" 7

# Each has 65 vectors, which all at once are more than QEMU can signal: only those in use count.
disks=()
for i in $(seq 8); do
	truncate -s 16M "d$i.img"
	echo "disk $i" | dd of="d$i.img" conv=notrunc status=none
	disks+=(--device "qemu:nvme,disk=d$i.img")
done
r3 run "${disks[@]}" -- bash -c 'for i in $(seq 0 7); do (head -c 16M /dev/nvme${i}n1 | head -1) & done; wait'
is 'eight NVMe disks: status' "$status" 0
is 'eight NVMe disks, all read at once' "$(tr -d '\0' < "$T/out" | sort | xargs)" "$(seq 8 | sed 's/^/disk /' | xargs)"
unlike 'and no interrupt is lost' "$T/err" 'no doorbell left'

finish
