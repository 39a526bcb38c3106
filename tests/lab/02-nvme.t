#!/bin/bash
# SPDX-License-Identifier: GPL-2.0
# 02-nvme.t - one NVMe disk: the lab's kernel, hosted over VFIO, and the kernel again see the same bytes
# shellcheck disable=SC2034,SC2054 # for lab.sh, and the commas are QEMU's
devices=(-device pcie-root-port,id=slot1,chassis=1,addr=10.0
	-device nvme,bus=slot1,drive=disk,serial=lab)
# shellcheck source=SCRIPTDIR/lab.sh
. "$(dirname "$0")/lab.sh"

bdf=0000:01:00.0
sum() { head -c 32M "$1" | sha256sum | cut -d' ' -f1; }

head -c 32M /dev/urandom > random
want=$(sum random)
cat random > /dev/nvme0n1
r3 bind -q $bdf
is 'bound: status' "$status" 0
last='ring3 run --mem 64M --device vfio:BDF -- cat /dev/nvme0n1'
r3 run --mem 64M --device vfio:$bdf -- sh -c 'head -c 32M /dev/nvme0n1 | sha256sum'
is 'what the lab wrote is read hosted' "$(cut -d' ' -f1 "$T/out")" "$want"
r3 run --device vfio:$bdf -- sh disk.sh
is 'a file system, hosted: status' "$status" 0
like 'a file written, remounted and read is the same' "$T/out" '^same$'
like 'driven by nvme' "$T/out" '^driver nvme$'
like 'queues have vectors of their own' "$T/out" '^vectors [2-9]'
is 'nothing on stderr' "$(cat "$T/err")" ''
head -c 32M /dev/urandom > random
want=$(sum random)
r3 run --mem 64M --device vfio:$bdf -- sh -c 'cat > /dev/nvme0n1; sync' < random
is 'written hosted: status' "$status" 0
r3 unbind $bdf
is 'given back: status' "$status" 0
like 'to its driver' "$T/err" "$bdf: nvme"
ok 'which has its disk again' await '[ -b /dev/nvme0n1 ]' 20
is 'what was written hosted is read by the lab' "$(sum /dev/nvme0n1)" "$want"

mkdir /tmp/disk
mkfs.ext4 -q -F /dev/nvme0n1
ok 'mounted by the lab' mount -t ext4 /dev/nvme0n1 /tmp/disk
r3 bind $bdf
is 'a mounted disk is not taken: status' "$status" 125
like 'and why' "$T/err" "in use: nvme0n1 is mounted on /tmp/disk; 'umount /tmp/disk'"
is 'its driver stays' "$(driver_of $bdf)" nvme
r3 status --json $bdf
ok 'status says the same, as JSON' python3 -c 'import json, sys
d = json.load(open(sys.argv[1]))
assert [x["driver"] for x in d] == ["nvme"] and "mounted" in d[0]["in_use"] and d[0]["before"] is None' "$T/out"
umount /tmp/disk
rmdir /tmp/disk
no_faults

finish
