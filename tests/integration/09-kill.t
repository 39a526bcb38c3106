#!/bin/bash
# SPDX-License-Identifier: GPL-2.0
# 09-kill.t - SIGKILL to any process of a run, at any moment: the others end within 1 s and leave nothing
# shellcheck source=SCRIPTDIR/../lib.sh
. "$(dirname "$0")/../lib.sh"

truncate -s 64M d.img
cp "$TOP/tests/testdev/ring3_testdev.ko" .
# shellcheck disable=SC2054 # the commas belong to the devices
devices=(--device qemu:e1000e,net=user --device qemu:nvme,disk=d.img --device testdev --rw .)

# The run must be over at most 1 s after the kill; `reap` itself kills and names what stays on.
gone() {
	local start=$1 name=$2 took
	r3_ended
	took=$((($(date +%s%N) - start) / 1000000))
	ok "$name: all gone after $took ms" [ "$took" -le 1000 ]
	ok "$name: nobody had to be killed" [ "$status" -ne 99 -a "$status" -ne 98 ]
	nothing_left "$name"
}

# kill_at MOMENT ROLE READY CMD: start a run with CMD, wait for READY (a condition), kill ROLE.
kill_at() {
	local name="$2 killed $1" pid="" start
	LIMIT=10 r3_start run "${devices[@]}" -- sh -c "$4"
	if ! await "$3" || ! await "pid=\$(process_of $2)" 10; then
		report 1 "$name: never came that far"
		show_last
		r3_kill
		return
	fi
	start=$(date +%s%N)
	kill -KILL "$pid"
	gone "$start" "$name"
}

for role in shim proxy qemu kernel stub; do
	kill_at 'as soon as it is there' $role "process_of $role > /dev/null || ! kill -0 \$bg" 'echo up; read -r x || :'
	kill_at 'when CMD idles' $role "grep -q ^up '$T/out'" 'echo up; read -r x || :'
	kill_at 'in the middle of disk writes' $role "grep -q ^up '$T/out'" \
		'echo up; while :; do cat /dev/urandom > /dev/nvme0n1; done'
	kill_at 'while CMD computes' $role "grep -q ^up '$T/out'" 'echo up; while :; do :; done'
	kill_at 'during register accesses' $role "grep -q ^up '$T/out'" \
		'insmod ring3_testdev.ko && echo up; while :; do cat /proc/ring3_testdev/*/mmio; done > /dev/null'
done

# A process of the hosted kernel alone ends like any that is killed, and with CMD the run.
kill_at 'when it idles' command "grep -q ^up '$T/out'" 'echo up; read -r x'
is 'CMD killed from outside: the status says so' "$status" 137
kill_at 'when it computes' command "grep -q ^up '$T/out'" 'echo up; while :; do :; done'
is 'CMD killed while it computes: the same status' "$status" 137

# Some milliseconds after the start, whatever exists then.
for ms in 20 60 120 200 300 450; do
	for role in shim proxy kernel; do
		LIMIT=10 r3_start run "${devices[@]}" -- sh -c 'echo up; read -r x || :'
		sleep "$(printf '0.%03d' $ms)"
		start=$(date +%s%N)
		pid=$(process_of $role) && kill -KILL "$pid"
		# A role that is not there yet: the run ends by itself.
		[ -n "$pid" ] || exec 9>&-
		gone "$start" "$role killed $ms ms after the start"
	done
done

# What the user is told when something but the shim dies.
for role in proxy qemu kernel; do
	LIMIT=10 r3_start run "${devices[@]}" -- sh -c 'echo up; read -r x || :'
	ok "$role dies: running" r3_up
	kill -KILL "$(process_of $role)"
	r3_ended
	ok "$role dies: the status is ring3's, not CMD's" [ "$status" = 255 -o "$status" = 125 ]
	ok "$role dies: it is said" [ -s "$T/err" ]
done

# Stopped processes do not hold the others up for ever, and Ctrl-C still ends the run.
for role in proxy qemu kernel; do
	LIMIT=10 r3_start run "${devices[@]}" -- sh -c 'echo up; read -r x || :'
	ok "$role stopped: running" r3_up
	kill -STOP "$(process_of $role)"
	shim=$(process_of shim)
	kill -INT "$shim"
	ok "$role stopped: Ctrl-C ends the run" await "! kill -0 $bg 2> /dev/null" 8
	r3_wait
	nothing_left "$role stopped and Ctrl-C"
done

finish
