#!/bin/bash
# SPDX-License-Identifier: GPL-2.0
# 09-no-iommu.t - a machine whose IOMMU is switched off: what is said of it
# shellcheck disable=SC2034,SC2054 # for lab.sh, and the commas are QEMU's
devices=(-device edu,addr=10.0)
export LAB_ARGS=intel_iommu=off
# shellcheck source=SCRIPTDIR/lab.sh
. "$(dirname "$0")/lab.sh"

edu=0000:00:10.0
ok 'no IOMMU is in use' [ -z "$(ls /sys/class/iommu)" ]
r3 run --device vfio:$edu -- true
is 'run: status' "$status" 125
is 'run: one line' "$(wc -l < "$T/err")" 1
like 'run: what that means, and how to enable it' "$T/err" \
	'no IOMMU in use, and without one a device reaches all memory: switch VT-d or AMD-Vi on.*intel_iommu=on or amd_iommu=on'
r3 bind $edu
is 'bind: status' "$status" 125
is 'bind: one line' "$(wc -l < "$T/err")" 1
like 'bind: the same' "$T/err" "$edu has no IOMMU group.*switch VT-d or AMD-Vi on.*intel_iommu=on or amd_iommu=on"
is 'and the device is left as it is' "$(driver_of $edu)" ''
r3 status $edu
is 'status: status' "$status" 0
like 'status lists it' "$T/out" "^$edu "

finish
