#!/bin/bash
# SPDX-License-Identifier: GPL-2.0
# 00-boot.t - the lab itself: an IOMMU with interrupt remapping, VFIO, QEMU's monitor, and a hosted kernel
# shellcheck disable=SC2034,SC2054 # for lab.sh, and the commas are QEMU's
devices=(-device edu,addr=10.0 -device pcie-root-port,id=slot1,chassis=1,addr=11.0)
# shellcheck source=SCRIPTDIR/lab.sh
. "$(dirname "$0")/lab.sh"

ok 'a device has a group of its own' [ "$(ls "$SYS/0000:00:10.0/iommu_group/devices")" = 0000:00:10.0 ]
dmesg > "$T/out"
like 'interrupts are remapped' "$T/out" 'DMAR-IR: Enabled IRQ remapping'
ok 'there is VFIO' [ -c /dev/vfio/vfio ]

ok 'QEMU listens' qmp_open
ok 'and plugs a device in' qmp '{"execute":"device_add","arguments":{"driver":"e1000e","bus":"slot1","id":"card"}}'
ok 'which comes up' await "[ \"\$(driver_of 0000:01:00.0)\" = e1000e ]" 20

r3 run -- sh -c 'echo hosted; uname -m'
is 'a hosted kernel boots: status' "$status" 0
like 'and runs a command' "$T/out" '^hosted$'
is 'nothing on stderr' "$(cat "$T/err")" ''

finish
