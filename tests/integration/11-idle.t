#!/bin/bash
# SPDX-License-Identifier: GPL-2.0
# 11-idle.t - an idle driver and its QEMU take under 1 % of one core
# shellcheck source=SCRIPTDIR/../lib.sh
. "$(dirname "$0")/../lib.sh"

seconds=${IDLE_SECONDS:-10}

# CPU time in microseconds, of every process of the run and its threads.
cpu_us() {
	local p
	for p in "$@"; do cat "/proc/$p/task"/*/schedstat 2> /dev/null; done |
		awk '{ ns += $1 } END { printf "%d\n", ns / 1000 }'
}

# What waking up costs here: a process that does nothing, ten times a second.  On a machine that
# reclaims idle memory or is itself a busy guest that can be milliseconds, whoever wakes up.
perl -e 'select(undef, undef, undef, 0.1) while 1' &
reference=$!
trap 'kill $reference 2> /dev/null; cleanup' EXIT

idle() {
	local name=$1 used idled start ms limit
	shift
	LIMIT=60 r3_start run "$@" -- sh -c 'for d in /sys/class/net/e*; do [ ! -e $d ] || ip link set ${d##*/} up; done; echo up; read -r x || :'
	ok "$name: running" r3_up
	sleep 3	# what a driver does after it was opened (link up, autonegotiation) is not idling
	# shellcheck disable=SC2046 # words are meant, twice
	used=$(cpu_us $(descendants "$bg")) idled=$(cpu_us $reference)
	start=$(date +%s%N)
	sleep "$seconds"
	# shellcheck disable=SC2046
	used=$(($(cpu_us $(descendants "$bg")) - used)) idled=$(($(cpu_us $reference) - idled))
	ms=$((($(date +%s%N) - start) / 1000000))
	limit=$((ms * 10))
	# e1000e's watchdog makes some 40 accesses a second, each of which wakes three processes.
	[ $((10 * idled)) -le $limit ] || limit=$((10 * idled))
	echo "# $name: $used us of CPU in $ms ms; ten wake-ups a second cost $idled us" >&2
	ok "$name: under 1 % of one core" [ "$used" -lt "$limit" ]
	r3_wait
	is "$name: ended well" "$status" 0
}

idle 'e1000e, up' --device qemu:e1000e,net=user
truncate -s 16M d.img
idle 'e1000e, nvme and testdev' --device qemu:e1000e --device qemu:nvme,disk=d.img --device testdev

finish
