#!/bin/bash
# SPDX-License-Identifier: GPL-2.0
# 06-testdev.t - the synthetic device's driver runs its tests of MMIO, ports, interrupts and DMA
# shellcheck source=SCRIPTDIR/../lib.sh
. "$(dirname "$0")/../lib.sh"

cp "$TOP/tests/testdev/ring3_testdev.ko" .
ko=./ring3_testdev.ko

# Slots 1 and 5 share an INTx line by the bus's swizzle.
LIMIT=100 r3 run --device testdev,addr=1.0 --device testdev,addr=5.0 --driver "$ko" -- \
	sh -c 'cat /proc/ring3_testdev/0000:00:01.0/all'
is 'status' "$status" 0
is 'nothing on stderr but the faults and refusals that its tests ask for' "$(grep -v 'DMA fault\|bus mastering is off' "$T/err")" ''
ok 'the first device ran its tests' tap_take "$T/out" first

LIMIT=100 r3 run --device testdev,addr=1.0 --device testdev,addr=5.0 --driver "$ko" -- \
	sh -c 'cat /proc/ring3_testdev/0000:00:05.0/all'
ok 'so did the second' tap_take "$T/out" second

# 64-bit prefetchable BARs of 256 MiB and 4 GiB.
for size in 256M 4G; do
	for group in pci mmio map dma; do
		r3 run --device "testdev,bar4=$size" --driver "$ko" -- sh -c "cat /proc/ring3_testdev/*/$group"
		ok "BAR4 of $size: $group" tap_take "$T/out" "$size"
	done
done
for size in 32M 3G 64G x 1GB '' 99999999999999999999G; do
	r3 run --device "testdev,bar4=$size" -- true
	is "bar4=$size: 125" "$status" 125
done

r3 run --device testdev --driver "$ko" -- sh -c '
	for i in 1 2 3; do
		cat /proc/ring3_testdev/*/irq /proc/ring3_testdev/*/mmio | grep "^not ok"
		rmmod ring3_testdev && insmod '"$ko"' || exit 1
	done
	cat /proc/ring3_testdev/*/dma'
is 'unloaded and loaded again: status' "$status" 0
unlike 'no test fails in between' "$T/out" '^not ok'
like 'nor after' "$T/out" '^ok .*dma: coherent'
r3 run --device testdev --driver "$ko" -- sh -c '
	dev=/sys/bus/pci/devices/0000:00:01.0
	test -e $dev || dev=$(ls -d /sys/bus/pci/devices/* | head -1)
	bdf=${dev##*/}
	echo $bdf > /sys/bus/pci/drivers/ring3_testdev/unbind
	echo $bdf > /sys/bus/pci/drivers/ring3_testdev/bind
	cat /proc/ring3_testdev/$bdf/mmio'
is 'unbound and bound again: status' "$status" 0
unlike 'and works' "$T/out" '^not ok'

r3 run --device testdev,addr=3.0 --device testdev,addr=3.1 --device testdev,addr=3.7 --driver "$ko" -- \
	sh -c 'cat /proc/ring3_testdev/*/mmio /proc/ring3_testdev/*/dma'
is 'three functions of one slot: status' "$status" 0
is 'all three ran' "$(grep -c '^KTAP' "$T/out")" 6
unlike 'and passed' "$T/out" '^not ok'

finish
