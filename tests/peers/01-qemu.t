#!/bin/bash
# SPDX-License-Identifier: GPL-2.0
# 01-qemu.t - a client of vfio-user that nobody here wrote: QEMU with vfio-user-pci, and in it Debian's
# kernel whose own drivers use our devices
#
# Two `ring3 proxy` serve a testdev, and a network card and a disk, one socket each; the guest's memory
# is theirs to reach.  Runs twice, as the tests of the lab: here, and in the guest.
here=$(cd "$(dirname "$0")" && pwd)
top=$(cd "$here/../.." && pwd)

if [ -z "${RING3_IN_LAB:-}" ]; then
	ring3=${RING3:-$top/ring3}
	if ! peer=$("$here/qemu.sh" 2> /tmp/ring3-peer.$$); then
		why=$(tail -1 /tmp/ring3-peer.$$)
		rm -f /tmp/ring3-peer.$$
		if [ -n "${CI:-}${RING3_NO_SKIP:-}" ]; then
			printf '1..1\nnot ok 1 - %s\n' "$why"
			exit 1
		fi
		echo "1..0 # SKIP $why"
		exit 0
	fi
	rm -f /tmp/ring3-peer.$$
	work=$(mktemp -d)
	pids=()
	trap 'kill "${pids[@]}"; wait; rm -rf "$work"' EXIT
	truncate -s 96M "$work/disk"
	# $1 is the slot, the rest the devices of one proxy.
	devices=()
	serve() {
		local slot=$1 sock=$work/s$1 args=() spec said
		shift
		for spec in "$@"; do args+=(--device "$spec"); done
		mkfifo "$sock.ready"
		"$ring3" proxy "${args[@]}" --listen "$sock" --ready-fd 9 9> "$sock.ready" 2> "$sock.err" &
		pids+=($!)
		read -r said < "$sock.ready"
		[ "$said" = ready ] || { echo "Bail out! $*: $said"; exit 1; }
		for spec in "$@"; do
			devices+=(-device "{\"driver\":\"vfio-user-pci\",\"addr\":\"$slot.0\",\"socket\":{\"type\":\"unix\",\"path\":\"$sock\"}}")
			slot=$((slot + 1))
			sock=${sock%.1}.1
		done
	}
	serve 10 testdev
	serve 11 qemu:e1000e,net=user "qemu:nvme,disk=$work/disk,serial=peer"
	LAB_QEMU=$peer/qemu LAB_MACHINE='-M q35,memory-backend=ram -m 1G -object memory-backend-memfd,id=ram,size=1G,share=on' \
		"$top/tests/lab/run" "$0" "${devices[@]}"
	status=$?
	for f in "$work"/*.err; do
		if [ -s "$f" ]; then
			echo "# ${f##*/}: $(cat "$f")" >&2
			status=1
		fi
	done
	exit $status
fi
# shellcheck disable=SC2034 # for lab.sh
devices=()
# shellcheck source=SCRIPTDIR/../lab/lab.sh
. "$here/../lab/lab.sh"

testdev=0000:00:10.0 card=0000:00:11.0 disk=0000:00:12.0
works() { sh net.sh ./tcp $PEER file > "$T/out" 2> "$T/err"; }

is 'the synthetic device is there' "$(cat $SYS/$testdev/vendor $SYS/$testdev/device | tr '\n' ' ')" '0x1234 0x7233 '
python3 "$here/testdev.py" $SYS/$testdev > "$T/out" 2> "$T/err"
is 'its registers, mapped memory and DMA: status' $? 0
like 'a register' "$T/out" '^id 0x52330001$'
like 'a page that is mapped and one that is not' "$T/out" '^memory same$'
like 'DMA from and to memory of the guest' "$T/out" '^dma same$'

is 'the card has its driver' "$(driver_of $card)" e1000e
head -c 4M /dev/urandom > file
ok 'traffic' works
like 'the gateway answers' "$T/out" '^pinged$'
like '4 MiB over TCP, there and back' "$T/out" '^echoed$'
like 'by interrupts' "$T/out" '^interrupts yes$'

is 'the disk has its driver' "$(driver_of $disk)" nvme
node=$(echo $SYS/$disk/nvme/nvme*/nvme*n1)
node=/dev/${node##*/}
head -c 32M /dev/urandom > random
want=$(sha256sum < random)
cat random > "$node"
sync
echo 3 > /proc/sys/vm/drop_caches
is 'what was written is read' "$(head -c 32M "$node" | sha256sum)" "$want"
ok 'a file system' sh -c "mkfs.ext4 -q -F $node && mkdir /tmp/disk && mount $node /tmp/disk &&
	cp random /tmp/disk && umount /tmp/disk && mount $node /tmp/disk && cmp random /tmp/disk/random && umount /tmp/disk"
is 'queues have vectors of their own' "$(grep -c nvme0q /proc/interrupts)" 3

for round in 1 2 3; do
	for dev in $card $disk; do
		echo 1 > $SYS/$dev/remove
	done
	echo 1 > /sys/bus/pci/rescan
	ok "removed and found again, round $round" await "[ -e $SYS/$card/net ] && [ -b $node ]" 20
done
ok 'traffic after that' works
is 'and the disk has what it had' "$(driver_of $disk) $(blkid -o value -s TYPE "$node")" 'nvme ext4'
dmesg > "$T/out"
unlike 'no warning of the kernel' "$T/out" 'WARNING:|BUG:|Oops|Call Trace|timed out|timeout'

finish
