#!/bin/bash
# SPDX-License-Identifier: GPL-2.0
# 16-bridges.t - devices behind a PCIe root port and behind a PCI-to-PCI bridge
# shellcheck source=SCRIPTDIR/../lib.sh
. "$(dirname "$0")/../lib.sh"

truncate -s 16M d.img
cat > inside.sh <<'SH'
set -e
cd /sys/bus/pci/devices
ls | tr '\n' ' '; echo
for d in *; do
	up=$(readlink -f "$d/..")
	echo "$d behind ${up##*/} class $(cat "$d/class") driver $(basename "$(readlink "$d/driver" || echo none)")"
done
lspci -t
dd if=/dev/urandom of=/dev/nvme0n1 bs=64k count=16 oflag=direct status=none
ip link set eth0 up
ip addr add 10.0.2.15/24 dev eth0
until [ "$(cat /sys/class/net/eth0/carrier)" = 1 ]; do sleep 0.05; done
ping -c 1 -W 5 10.0.2.2
SH
r3 run --timeout 60 --device qemu:nvme,disk=d.img,addr=1c.0/0.0 --device qemu:e1000,net=user,addr=4.0/3.0,bridge=pci -- sh inside.sh
is 'NVMe behind a root port, e1000 behind a PCI bridge: status' "$status" 0
like 'the root port' "$T/out" '^0000:00:1c\.0 behind pci0000:00 class 0x060400'
like 'NVMe is behind it, on bus 2 as the bridge of slot 4 has bus 1' "$T/out" '^0000:02:00\.0 behind 0000:00:1c\.0 class 0x010802 driver nvme$'
like 'e1000 is in slot 3 behind the PCI bridge' "$T/out" '^0000:01:03\.0 behind 0000:00:04\.0 class 0x020000 driver e1000$'
like 'the gateway answers' "$T/out" ' 0% packet loss'
r3 run --device testdev,addr=1.0/0.0 -- lspci -vv
like 'lspci: the port is a root port' "$T/out" 'Express \(v2\) Root Port'
like 'lspci: its memory window' "$T/out" 'Memory behind bridge: c0000000'
like 'lspci: its prefetchable window, above 4 GiB' "$T/out" 'Prefetchable memory behind bridge: 10[0-9a-f]{8}-'

# Every test of the test device, INTx shared by two behind one bridge among them.
cp "$TOP/tests/testdev/ring3_testdev.ko" .
LIMIT=100 r3 run --device testdev,addr=7.0/0.0 --device testdev,addr=8.0/1.0,bridge=pci \
	--device testdev,addr=8.0/5.0,bridge=pci --driver ./ring3_testdev.ko -- \
	sh -c 'cat /proc/ring3_testdev/0000:0[12]:0[05].0/all'
is 'the test device behind bridges: status' "$status" 0
is 'both ran all their tests' "$(grep -c '^ok' "$T/out")" "$((2 * $(sed -n 's/^1\.\.//p' "$T/out" | head -1)))"
unlike 'and none failed' "$T/out" '^not ok'

# INTx: the pin is swizzled on its way up, and two devices that share a line keep working.
r3 run --timeout 60 --kernel-args pci=nomsi --device qemu:e1000e,net=user,addr=4.0/1.0,bridge=pci \
	--device qemu:e1000e,net=user,addr=4.0/5.0,bridge=pci --device qemu:e1000e,net=user,addr=a.0/0.0 -- sh -c '
	set -e
	n=0
	for i in eth0 eth1 eth2; do
		n=$((n + 1))
		ip link set $i up
		ip addr add 10.0.2.1$n/32 dev $i
		ip route add 10.0.2.2 dev $i
		ping -c 3 -i 0.2 -W 5 -I $i 10.0.2.2
		ip route del 10.0.2.2 dev $i
	done
	cat /sys/bus/pci/devices/0000:0[12]:*/irq | sort | uniq -c'
is 'three network cards, INTx: status' "$status" 0
is 'each reaches its gateway' "$(grep -c ' 0% packet loss' "$T/out")" 3
# Slots 1 and 5 behind slot 4: its INTB, line 1.  Behind slot 10: its INTA, line 2.
like 'the two behind one bridge share a line' "$T/out" '^ *2 [0-9]+$'
like 'the third has another' "$T/out" '^ *1 [0-9]+$'

# A reset of the secondary bus resets what is behind it: the driver's own check is that it works again.
r3 run --device qemu:edu,addr=3.0/0.0,bridge=pci --driver "$TOP/examples/edu" -- sh -c '
	d=/sys/bus/pci/devices/0000:01:00.0
	cat $d/reset_method
	echo bus > $d/reset_method && echo 1 > $d/reset && echo reset
	setpci -s 1:0.0 COMMAND
	echo 1 > $d/remove && echo 1 > /sys/bus/pci/rescan && readlink $d/driver'
is 'a reset of the bus: status' "$status" 0
like 'the method is there' "$T/out" 'bus'
like 'it is carried out' "$T/out" '^reset$'
like 'the device works after it, removal and rescan' "$T/out" '/edu$'

for bad in addr=1.0/1.0 addr=1.0/0.1 addr=1.1/0.0 addr=1.0/ addr=40/0 addr=1.0/0.0,bridge=isa bridge=pci; do
	r3 run --device "qemu:e1000e,$bad" -- true
	is "$bad: 125" "$status" 125
	is "$bad: one line" "$(wc -l < "$T/err")" 1
done
r3 run --device qemu:e1000e,addr=1.0/0.0 --device qemu:e1000e,addr=1.0 -- true
is 'a device where another has its bridge: 125' "$status" 125
like 'and both are named' "$T/err" 'addr=1\.0, where'
finish
