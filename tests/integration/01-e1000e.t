#!/bin/bash
# SPDX-License-Identifier: GPL-2.0
# 01-e1000e.t - the kernel's e1000e driver and QEMU's model of its device, found by alias
# shellcheck source=SCRIPTDIR/../lib.sh
. "$(dirname "$0")/../lib.sh"

r3 run --device qemu:e1000e,net=user -- ip -br link
is 'status' "$status" 0
like 'the interface is there, without a driver named' "$T/out" '^(eth|en)[^ ]+ .*([0-9a-f]{2}:){5}[0-9a-f]{2}'
is 'nothing on stderr' "$(cat "$T/err")" ''

best=999999
for _ in 1 2 3; do
	start=$(date +%s%N)
	r3 run --device qemu:e1000e,net=user -- ip -br link
	took=$((($(date +%s%N) - start) / 1000000))
	[ "$took" -lt "$best" ] && best=$took
done
echo "# start to exit: best of three $best ms"
ok 'warm, start to exit in at most 1 s' [ "$best" -le 1000 ]

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
readlink /sys/class/net/$dev/device/driver | sed 's,.*/,driver ,'
ping -c 3 -i 0.2 -W 5 10.0.2.2 > /dev/null && echo pinged
grep "$dev" /proc/interrupts | awk '{sum += $2} END {print "interrupts " (sum > 0 ? "yes" : "no")}'
SH
r3 run --device qemu:e1000e,net=user -- sh net.sh
is 'up and configured' "$status" 0
like 'driven by e1000e' "$T/out" '^driver e1000e$'
like 'the gateway answers' "$T/out" '^pinged$'
like 'by interrupts' "$T/out" '^interrupts yes$'

# 4 MiB over TCP to and from a peer on the host
head -c 4M /dev/urandom > random
cp "$TOOLS/tcp" tcp
start_peer() {
	"$TOOLS/tcp" serve "$T/peer.port" random "$T/peer.got" 60 &
	peer=$!
	await "[ -s '$T/peer.port' ]" 10
}
ok 'a peer on the host' start_peer
port=$(cat "$T/peer.port")
r3 run --device qemu:e1000e,net=user --rw . -- sh -c \
	"sh ./net.sh > /dev/null && ./tcp swap 10.0.2.2 $port random got"
is 'TCP both ways: status' "$status" 0
ok 'what the hosted side received' cmp random got
wait "$peer"
ok 'what the host received' cmp random "$T/peer.got"

r3 run --device qemu:e1000e,net=none -- ip -br link
like 'net=none has an interface too' "$T/out" '^(eth|en)'
r3 run --device qemu:e1000e,mac=52:54:00:aa:bb:cc -- ip -br link
like 'QEMU properties reach the device' "$T/out" '52:54:00:aa:bb:cc'
r3 run --device qemu:e1000e,addr=1a.0 -- ls /sys/bus/pci/devices
is 'addr= is the place on the bus' "$(cat "$T/out")" 0000:00:1a.0
r3 run --device qemu:e1000e --kernel-args 'pci=nomsi' -- sh net.sh
like 'without MSI it works by INTx' "$T/out" '^driver e1000e$'

finish
