#!/bin/bash
# SPDX-License-Identifier: GPL-2.0
# 07-iommufd.t - devices by character devices of their own and an iommufd, on a kernel that has them:
# the same traffic, kills, unplugs and refusals as by groups, as a user with no other permission
# shellcheck disable=SC2034,SC2054 # for lab.sh, and the commas are QEMU's
devices=(-device pcie-root-port,id=slot1,chassis=1,addr=10.0
	-netdev user,id=net -device e1000e,id=card,bus=slot1,netdev=net
	-device pcie-root-port,id=slot2,chassis=2,addr=11.0
	-device nvme,bus=slot2,drive=disk,serial=lab
	-device pcie-pci-bridge,id=conventional,addr=12.0
	-netdev user,id=net2 -device e1000,bus=conventional,netdev=net2,addr=1.0
	-device edu,dma_mask=0xffffffff,bus=conventional,addr=2.0)
export LAB_KERNEL=iommufd
# shellcheck source=SCRIPTDIR/lab.sh
. "$(dirname "$0")/lab.sh"

card=0000:01:00.0 disk=0000:02:00.0 old=0000:03:01.0 edu=0000:03:02.0
user=65534
head -c 1M /dev/urandom > file
cp "$TOP/build/tests/edu/edu.ko" .

node_of() { echo "/dev/vfio/devices/$(ls "$SYS/$1/vfio-dev")"; }
# Which files of VFIO's and of the IOMMU's the proxy of the background run has open.
opened() { readlink "/proc/$(process_of proxy)"/fd/* | grep -E '^/dev/(iommu|vfio)' | sort | xargs; }
card_works() {
	is "$1: status" "$status" 0
	like "$1: driven by ${2:-e1000e}" "$T/out" "^driver ${2:-e1000e}\$"
	like "$1: the gateway answers" "$T/out" '^pinged$'
	like "$1: TCP, there and back" "$T/out" '^echoed$'
	like "$1: by interrupts" "$T/out" '^interrupts yes$'
}
# refused NAME RE ARG...: ring3 run
refused() {
	local name=$1 re=$2
	shift 2
	r3 run "$@" -- true
	is "$name: status and lines" "$status,$(wc -l < "$T/err")" 125,1
	like "$name: says why, and what to do" "$T/err" "$re"
}

r3 bind -q $card $disk $edu
is 'bound' "$status" 0
node=$(node_of $card) group=/dev/vfio/$(group_of $card)
exec 7<> "$group"
refused 'a group that somebody has open' "another process uses it or its IOMMU group.*fuser -v $node $group" \
	--device vfio:$card,iommufd=on
exec 7>&-
refused 'a group with another driver' "not free as a whole: $old .driver e1000. must be.*ring3 bind" \
	--device vfio:$edu,iommufd=on

# A user without any privilege, who may open the devices and the IOMMU; groups are root's.
AS=(setpriv --reuid "$user" --regid "$user" --clear-groups --inh-caps=-all) RING3_AS='setpriv --reuid 65534 ...'
refused 'no permission for the IOMMU' 'no permission for /dev/iommu,.*KERNEL=="iommu"' \
	--device vfio:$card,iommufd=on
chown $user /dev/iommu
refused 'none for the device' "no permission for $node,.*SUBSYSTEM==\"vfio-dev\"" --device vfio:$card,iommufd=on
refused 'left to ring3, that is the group' "no permission for $group," --device vfio:$card
chown $user "$node" "$(node_of $disk)"
ulimit -l 1024
refused 'too little locked memory' 'KiB of memory must be locked.*limit is 1024 KiB.*raise it to 65536' \
	--device vfio:$card --mem 64M
ulimit -l 131072

LIMIT=100 r3 run --mem 64M --device vfio:$card -- sh net.sh ./tcp "$PEER" file
card_works 'a user'
is 'a user: nothing on stderr' "$(cat "$T/err")" ''
LIMIT=100 r3 run --mem 64M --device vfio:$disk,iommufd=on -- sh disk.sh
like 'a user: a file written, remounted and read is the same' "$T/out" '^same$'
like 'a user: the disk is driven by nvme, with vectors' "$T/out" '^vectors [2-9]'

busy='ip link set eth0 up; ip addr add 10.0.2.15/24 dev eth0
	until [ "$(cat /sys/class/net/eth0/operstate)" = up ]; do sleep 0.1; done
	(while :; do ping -q -f -c 1000 10.0.2.2; done) > /dev/null 2>&1 &'
LIMIT=100 r3_start run --mem 64M --device vfio:$disk --device vfio:$card -- sh -c "$busy"'
	(while :; do cat /dev/urandom > /dev/nvme0n1; done) 2> /dev/null &
	until [ "$(awk "{ print \$7 }" /sys/block/nvme0n1/stat)" -gt 1000 ]; do :; done
	echo up; read -r x'
ok 'killed: up' r3_up
is 'killed: it has character devices, and no group' "$(opened)" \
	"/dev/iommu /dev/iommu $(printf '%s\n' "$node" "$(node_of $disk)" | sort | xargs)"
ok 'killed: both master the bus' eval "masters $disk && masters $card"
"$RING3" status $disk > "$T/w/status"
like 'killed: status says who has them' "$T/w/status" "used by process [0-9]+ .ring3-proxy."
start=$(now)
kill -KILL "$(process_of kernel)"
r3_ended
took=$(($(now) - start))
ok "killed: over within 5 s ($took ms)" [ $took -le 5000 ]
ok 'killed: none masters the bus any more' eval "! masters $disk && ! masters $card"
LIMIT=100 r3 run --mem 64M --device vfio:$disk --device vfio:$card -- sh -c 'sh disk.sh && sh net.sh ./tcp "$1" file' sh "$PEER"
like 'killed: the next run has a disk that works' "$T/out" '^same$'
card_works 'killed, the next run'
AS=() RING3_AS=

ok 'QEMU listens' qmp_open
pull() {
	local start took
	start=$(now)
	ok "$1: QEMU takes it" qmp '{"execute":"device_del","arguments":{"id":"card"}}'
	ok "$1: it is out" qmp_event DEVICE_DELETED
	took=$(($(now) - start))
	ok "$1: in at most 1 s ($took ms)" [ $took -le 1000 ]
}
push() {
	ok "$1: put back" qmp '{"execute":"device_add","arguments":{"driver":"e1000e","bus":"slot1","id":"card","netdev":"net"}}'
	ok "$1: the lab's driver takes it" await "[ \"\$(driver_of $card)\" = e1000e ]" 20
}
LIMIT=100 r3_start run --mem 64M --device vfio:$card,iommufd=on -- sh -c "$busy echo up; read -r x; echo alive"
ok 'pulled out: up' r3_up
pull 'pulled out'
r3_wait
is 'pulled out: CMD lives on' "$status,$(grep -c '^alive$' "$T/out")" 0,1
push 'pulled out'
cp "$TOP/tests/panic/ring3_panic.ko" .
r3 bind -q $card
LIMIT=100 r3_start run --mem 64M --device vfio:$card,iommufd=on -- sh -c 'echo up; insmod ./ring3_panic.ko spin=1'
ok 'hanging: up' r3_up
used() { awk '{ print $14 }' "/proc/$(process_of kernel)/stat"; }
ticks=$(used)
ok 'hanging: computes without end' await '[ $(($(used) - ticks)) -ge 60 ]' 20
pull 'hanging'
r3_kill
push 'hanging'

# Two devices of a group, in one address space.
r3 bind -q --group $old
is 'the group is bound as a whole' "$status,$(driver_of $old),$(driver_of $edu)" 0,vfio-pci,vfio-pci
refused 'one by its group, one by its device' 'is open with iommufd=off; give both the same' \
	--device vfio:$old,iommufd=off --device vfio:$edu,iommufd=on
LIMIT=100 r3 run --mem 64M --device vfio:$edu,iommufd=on --device vfio:$old,iommufd=on --driver ./edu.ko -- sh -c '
	head -c 4095 /dev/urandom > /tmp/bytes
	cat /tmp/bytes > /dev/edu
	head -c 4095 /dev/edu | cmp - /tmp/bytes && echo moved
	sh net.sh ./tcp "$1" file' sh "$PEER"
like 'two of a group: edu moves bytes by DMA' "$T/out" '^moved$'
card_works 'two of a group' e1000

LIMIT=100 r3_start run --mem 64M --device vfio:$old -- sh -c 'echo up; read -r x'
ok 'one of them is in use' r3_up
"$RING3" run --device vfio:$edu -- true 2> "$T/w/second"
is 'then nobody else has the other: status' "$?" 125
like 'and why' "$T/w/second" "another process uses a device of its IOMMU group $(group_of $edu), .ring3 status. says which"
r3_wait

r3 unbind -q $disk $old $edu
is 'handed back' "$(driver_of $card),$(driver_of $disk),$(driver_of $old),$(driver_of $edu)" e1000e,nvme,e1000,
ok 'the lab has its disk again' await '[ -b /dev/nvme0n1 ]' 20
sh disk.sh > "$T/out" 2> "$T/err"
like 'which works' "$T/out" '^same$'
echo $old > "$SYS/$old/driver/unbind"
sh net.sh ./tcp "$PEER" file > "$T/out" 2> "$T/err"
status=$?
card_works 'the lab again'
no_faults

finish
