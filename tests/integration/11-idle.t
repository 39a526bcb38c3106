#!/bin/bash
# SPDX-License-Identifier: GPL-2.0
# 11-idle.t - an idle driver and its QEMU take under 1 % of one core
# shellcheck source=SCRIPTDIR/../lib.sh
. "$(dirname "$0")/../lib.sh"

seconds=${IDLE_SECONDS:-10}
hz=$(getconf CLK_TCK)

# utime + stime, in ticks, of every process of the run, the ones that ended and were waited for included.
ticks() {
	local p sum=0 line
	for p in $(descendants "$bg"); do
		line=$(cat "/proc/$p/stat" 2> /dev/null) || continue
		read -ra f <<< "${line##*) }"
		sum=$((sum + f[11] + f[12]))
	done
	echo $sum
}

idle() {
	local name=$1 before after start
	shift
	LIMIT=60 r3_start run "$@" -- sh -c 'for d in /sys/class/net/e*; do [ ! -e $d ] || ip link set ${d##*/} up; done; echo up; read -r x || :'
	ok "$name: running" r3_up
	sleep 3	# what a driver does after it was opened (link up, autonegotiation) is not idling
	before=$(ticks)
	start=$(date +%s%N)
	sleep "$seconds"
	after=$(ticks)
	local ms=$((($(date +%s%N) - start) / 1000000))
	echo "# $name: $((after - before)) ticks of 1/$hz s in $ms ms" >&2
	ok "$name: under 1 % of one core" [ $(((after - before) * 100000 / hz)) -lt "$ms" ]
	r3_wait
	is "$name: ended well" "$status" 0
}

idle 'e1000e, up' --device qemu:e1000e,net=user
truncate -s 16M d.img
idle 'e1000e, nvme and testdev' --device qemu:e1000e --device qemu:nvme,disk=d.img --device testdev

finish
