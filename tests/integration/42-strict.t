#!/bin/bash
# SPDX-License-Identifier: GPL-2.0
# 42-strict.t - --dma strict: devices reach what is mapped for them, and what they try else is told
# shellcheck source=SCRIPTDIR/../lib.sh
. "$(dirname "$0")/../lib.sh"

LIMIT=100
cp "$TOP/tests/strict/ring3_late.ko" "$TOP/tests/testdev/ring3_testdev.ko" .
line=$(grep -n '/\* back \*/' "$TOP/tests/strict/ring3_late.c" | cut -d: -f1)

# MODE DEVICE HOW: the module's own words are what matters.
late() {
	r3 run --dma "$1" --device "$2" --driver "./ring3_late.ko how=$3" -- \
		sh -c 'dmesg | grep -o "late: .* buffer .*"'
}

for device in testdev qemu:edu; do
	for how in right late wild wrong; do
		late static "$device" $how
		is "$device, static, $how: the device writes to it" "$(cat "$T/out")" "late: $how: buffer changed"
	done
	late strict "$device" right
	is "$device, strict, right: the device writes to it" "$(cat "$T/out")" 'late: right: buffer changed'
	is 'and there is nothing to report' "$(cat "$T/err")" ''
	for how in late wild low msi wrong; do
		late strict "$device" $how
		is "$device, strict, $how: the buffer is as it was" "$(cat "$T/out")" "late: $how: buffer unchanged"
		# QEMU's IOMMU does not look at what goes to its CPU's interrupt controller.
		[ "$device,$how" != qemu:edu,msi ] || continue
		like "$how: the proxy says which device did what" "$T/err" \
			"^ring3-proxy: device '$device': DMA fault: it writes to bus address 0x[0-9a-f]+, which is not mapped"
		like "$how: so does the hosted kernel, by the device's name" "$T/err" \
			'DMA fault: .* 0000:00:01.0 writes to bus address 0x[0-9a-f]+'
	done
	late strict "$device" late
	like "$device: who had unmapped it, by file and line" "$T/err" \
		"^ring3: report: DMA fault: .*ring3_late\.c:$line\$"
	like 'and when' "$T/err" 'last there: 0x[0-9a-f]+ to 0x[0-9a-f]+, unmapped [0-9]+ us ago by'
done
r3 run --dma strict --fatal-reports --device testdev --driver './ring3_late.ko how=late' -- sleep 60
is '--fatal-reports: 255' "$status" 255

# The synthetic device's whole test of DMA, and drivers that people use.
r3 run --dma strict --device testdev,addr=1.0 --device testdev,addr=5.0 --driver ./ring3_testdev.ko -- \
	sh -c 'cat /proc/ring3_testdev/0000:00:01.0/all'
is 'testdev: status' "$status" 0
ok 'its tests pass' tap_take "$T/out" strict

head -c 20M /dev/urandom > random
truncate -s 64M d.img
r3 run --dma strict --device qemu:nvme,disk=d.img --device qemu:e1000e,net=none --rw . -- \
	sh -c 'cat > /dev/nvme0n1 && sync && head -c 20971520 /dev/nvme0n1' < random
is 'nvme beside e1000e: status' "$status" 0
ok 'what was written is in the file' cmp -n 20971520 random d.img
ok 'and comes back' cmp random "$T/out"
is 'without a report' "$(cat "$T/err")" ''

r3 run --dma strict --device qemu:virtio-blk-pci,disk=d.img --rw . -- \
	sh -c 'cat > /dev/vda && sync && head -c 20971520 /dev/vda' < random
is 'virtio-blk: status' "$status" 0
ok 'goes through the IOMMU as well' cmp random "$T/out"

cat > net.sh <<'SH'
set -e
dev=$(ls /sys/class/net | grep -v '^lo$' | head -1)
ip link set "$dev" up
ip addr add 10.0.2.15/24 dev "$dev"
ip route add default via 10.0.2.2
for i in $(seq 100); do
	[ "$(cat /sys/class/net/$dev/operstate)" = up ] && break
	sleep 0.1
done
SH
head -c 4M random > some
cp "$TOOLS/tcp" tcp
start_peer() {
	"$TOOLS/tcp" serve "$T/peer.port" some "$T/peer.got" 60 &
	peer=$!
	await "[ -s '$T/peer.port' ]" 10
}
ok 'a peer on the host' start_peer
r3 run --dma strict --device qemu:e1000e,net=user --rw . -- sh -c \
	"sh ./net.sh > /dev/null && ./tcp swap 10.0.2.2 $(cat "$T/peer.port") some got"
is 'e1000e, TCP both ways: status' "$status" 0
ok 'what the hosted side received' cmp some got
wait "$peer"
ok 'what the host received' cmp some "$T/peer.got"
is 'without a report' "$(cat "$T/err")" ''

# Told where a trace is taken, and in the view.
r3 run --dma strict --device testdev --trace t --driver './ring3_late.ko how=late' -- true
like 'the trace has the fault' t '^MARK [0-9.]+ 0000:00:01.0 dma fault 0x[0-9a-f]+ 0x0 from$'
ok 'and can be read' "$RING3" trace t
like 'its summary counts it' <("$RING3" trace t) 'DMA faults +1$'

# A proxy that others come to starts its QEMU when it knows their memory, long after it has locked itself in.
coproc SERVER { exec "$RING3" proxy --dma strict --device qemu:edu --listen s --ready-fd 1 --until $$ 2> server; }
server=$SERVER_PID
read -r said <&"${SERVER[0]}"
is 'a proxy with --dma strict is ready' "$said" ready
for n in 1 2; do
	r3 run --device vfio-user:s --driver "$TOP/build/tests/edu/edu.ko" -- sh -c '
		echo 12 > /sys/class/misc/edu/device/factorial; cat /sys/class/misc/edu/device/factorial
		head -c 4095 /dev/urandom > /tmp/a; cat /tmp/a > /dev/edu; head -c 4095 /dev/edu | cmp - /tmp/a && echo moved'
	is "client $n: status" "$status" 0
	is "client $n: computes, and moves bytes by DMA" "$(xargs < "$T/out")" '479001600 moved'
done
kill "$server"
wait "$server" 2> /dev/null
is 'and the proxy says nothing' "$(cat server)" ''

r3 run --dma maybe -- true
is '--dma maybe: 125' "$status" 125
like 'and what there is' "$T/err" 'static and strict'

finish
