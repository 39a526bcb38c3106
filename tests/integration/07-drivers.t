#!/bin/bash
# SPDX-License-Identifier: GPL-2.0
# 07-drivers.t - drivers by name, by file, by directory and by alias; the edu example; ring3 build
# shellcheck source=SCRIPTDIR/../lib.sh
. "$(dirname "$0")/../lib.sh"

bound='for d in /sys/bus/pci/devices/*; do echo "${d##*/} $(basename "$(readlink $d/driver)")"; done'

r3 run --device qemu:e1000e --driver e1000e -- sh -c "$bound"
like 'a driver by name' "$T/out" ' e1000e$'
r3 run --device qemu:e1000e --driver nvme -- sh -c "$bound; grep -c '^nvme ' /proc/modules"
like 'what was named is loaded' "$T/out" '^1$'
like 'a device that no named driver is for gets its own by alias' "$T/out" ' e1000e$'
is 'a driver without its device is a warning: status' "$status" 0
is 'in one line' "$(wc -l < "$T/err")" 1
like 'that names it' "$T/err" nvme
r3 run --device qemu:nvme --device qemu:e1000e -- sh -c "$bound"
like 'by alias, the first of two' "$T/out" ' nvme$'
like 'by alias, the second' "$T/out" ' e1000e$'

r3 run --device qemu:e1000e --device qemu:nvme --driver 'e1000e nosuchparam=1 IntMode=0' -- sh -c "$bound"
like 'parameters go to the named driver' "$T/out" ' e1000e$'
r3 run --device qemu:e1000 --driver e1000e -- sh -c "$bound"
like 'a device of a similar driver still gets its own' "$T/out" ' e1000$'

cp -r "$TOP/examples/edu" edu
(cd edu && rm -f ./*.ko ./*.o ./*.mod ./*.mod.c .*.cmd modules.order Module.symvers)
r3 build edu
is 'ring3 build: status' "$status" 0
ok 'ring3 build leaves the module there' [ -f edu/edu.ko ]
LIMIT=60 r3 build edu
is 'built again' "$status" 0

cat > edu.sh <<'SH'
set -e
cd /sys/class/misc/edu/device
cat identification
echo 0x12345678 > liveness; cat liveness
echo 5 > factorial; cat factorial
echo 12 > factorial; cat factorial
(echo 13 > factorial) 2> /dev/null || echo refused
head -c 4095 /dev/urandom > /tmp/a
cat /tmp/a > /dev/edu
head -c 4095 /dev/edu > /tmp/b
cmp /tmp/a /tmp/b && echo same
dd if=/dev/edu bs=1 skip=100 count=5 of=/tmp/c status=none
tail -c +101 /tmp/a | head -c 5 | cmp - /tmp/c && echo part
cat interrupts dma_bytes
SH
expected='0x010000ed
0xedcba987
120
479001600
refused
same
part
9
8195'
for how in edu/edu.ko ./edu "$T/w/edu/edu.ko"; do
	r3 run --device qemu:edu,dma_mask=0xffffffff --driver "$how" -- sh edu.sh
	is "edu as $how: status" "$status" 0
	is "edu as $how: works" "$(cat "$T/out")" "$expected"
done
r3 run --device qemu:edu,dma_mask=0xffffffff --driver edu/edu.ko --kernel-args pci=nomsi -- \
	sh -c 'sh edu.sh; grep edu /proc/interrupts || cat /proc/interrupts'
is 'edu by INTx: works' "$(head -9 "$T/out")" "$expected"
r3 run --device qemu:edu,dma_mask=0xffffffff,addr=2.0 --device qemu:edu,dma_mask=0xffffffff,addr=6.0 \
	--driver edu/edu.ko --kernel-args pci=nomsi -- sh -c '
	for e in edu edu1; do echo 5 > /sys/class/misc/$e/device/factorial && cat /sys/class/misc/$e/device/factorial; done'
is 'two of them on one INTx line' "$(cat "$T/out")" "120
120"
r3 run --device qemu:edu,dma_mask=0xffffffff --driver edu/edu.ko -- sh -c '
	for i in 1 2 3 4 5; do rmmod edu && insmod edu/edu.ko || exit 1; done; sh edu.sh'
is 'unloaded and loaded five times: works' "$(cat "$T/out")" "$expected"

# The directory is built as it is now, not as it was.
sed -i 's/"0x%08x\\n", readl(edu->regs + EDU_REG_ID)/"changed\\n"/' edu/edu.c
r3 run --device qemu:edu,dma_mask=0xffffffff --driver edu -- cat /sys/class/misc/edu/device/identification
is 'a changed source is built anew' "$(cat "$T/out")" changed

# A module that needs another of the kernel's.
r3 run --device qemu:nvme --driver nvme -- grep -c '^nvme' /proc/modules
is 'dependencies are loaded' "$(cat "$T/out")" 2
r3 run --device qemu:e1000e --driver e1000e --driver edu/edu.ko -- sh -c "$bound"
like '--driver twice: the one with a device is bound' "$T/out" ' e1000e$'
is 'and a warning for the one without' "$(grep -c edu "$T/err")" 1

finish
