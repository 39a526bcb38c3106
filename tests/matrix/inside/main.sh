#!/bin/bash
# SPDX-License-Identifier: GPL-2.0
# main.sh - the part of a row that runs inside: check, then each step of the row and the check again
#
#   main.sh CHECK DEVICES MODULE[,MODULE...] STEP[,STEP...] [PARAM=VALUE...]
#
# Lines on standard output that begin with "matrix" are for tests/matrix/run: facts, and questions that it
# answers with a line on standard input.  CHECK.sh defines check(), which fails or prints what it verified.
set -e -u -o pipefail

CHECK=$1 DEVICES=$2 STEPS=$4
IFS=, read -ra MODULES <<< "$3"
shift 4
PARAMS=("$@")
HERE=$(dirname "$0")
T=/tmp/matrix
mkdir -p "$T"

fact() { echo "matrix $*"; }

fail() {
	fact "fail $*"
	exit 1
}

# Ask the host to do or to tell something; the answer is in $answer.
ask() {
	fact "ask $*"
	IFS= read -r answer || fail "$*: the host has gone"
	case $answer in
	ok*) answer=${answer#ok} answer=${answer# } ;;
	*) fail "$*: ${answer#no }" ;;
	esac
}

# Wait (20 s at most) until the shell condition $1 holds; polls, as sysfs tells nobody.
await() {
	local end=$((SECONDS + 20))
	until eval "$1"; do
		[ $SECONDS -lt $end ] || fail "${2:-waited in vain for: $1}"
		sleep 0.02
	done
}

# The devices of the row: all that are not bridges.
pci_devices() {
	local d
	for d in /sys/bus/pci/devices/*; do
		[ -e "$d/class" ] || continue
		case $(cat "$d/class") in 0x0604*) ;; *) echo "$d" ;; esac
	done
}

bound() {
	local d n=0
	for d in $(pci_devices); do
		[ ! -e "$d/driver" ] || n=$((n + 1))
	done
	[ $n -eq "$1" ]
}

driver_of() { basename "$(readlink -f "$1/driver")"; }

# BARs as lspci names them, "mem32 128K" and the like.
bars() {
	local start end flags kind out='' n=0
	while [ $n -lt 6 ] && read -r start end flags; do
		n=$((n + 1))
		[ $((flags)) -ne 0 ] || continue
		kind=mem32
		[ $((flags & 0x100)) -eq 0 ] || kind=io
		[ $((flags & 0x100000)) -eq 0 ] || kind=mem64
		[ $((flags & 0x2000)) -eq 0 ] || kind+=p
		out+="${out:+ }$((n - 1)):$kind/$(numfmt --to=iec $((end - start + 1)))"
	done < "$1/resource"
	echo "${out:-none}"
}

# Interrupts that came, by kind, of all devices: "MSI-X 1234".  Each kind that a device has enabled counts.
interrupts() {
	local d irq kind
	for d in $(pci_devices); do
		if [ -d "$d/msi_irqs" ] && [ -n "$(ls "$d/msi_irqs")" ]; then
			for irq in "$d"/msi_irqs/*; do
				kind=MSI
				[ "$(cat "$irq")" = msi ] || kind=MSI-X
				echo "$kind ${irq##*/}"
			done
		else
			echo "INTx $(cat "$d/irq")"
		fi
	done | sort -u | while read -r kind irq; do
		awk -v irq="$irq:" -v kind="$kind" '$1 == irq && /ring3-/ { print kind, $2 }' /proc/interrupts
	done | awk '{ n[$1] += $2 } END { for (k in n) print k, n[k] }' | sort
}

facts() {
	local d
	for d in $(pci_devices); do
		fact "device ${d##*/} $(cat "$d/vendor"):$(cat "$d/device") $(cat "$d/class") $(driver_of "$d")"
		fact "bars $(bars "$d")"
	done
}

# A check whose driver frees its interrupts at the end calls this before.
note_interrupts() {
	local line
	interrupts | while read -r line; do
		fact "irq $line"
	done
}

verify() {
	check
	note_interrupts
	fact "done $1"
}

modules() {
	local i
	case $1 in
	unload)
		# Who uses one for a moment, as the crypto core's self-tests do, is not disturbed.
		for i in "${MODULES[@]}"; do
			await "[ \"\$(cat /sys/module/$i/refcnt)\" = 0 ]" "$i is in use or missing"
		done
		for i in "${MODULES[@]}"; do
			rmmod "$i" || fail "rmmod $i"
		done
		;;
	load)
		for ((i = ${#MODULES[@]} - 1; i > 0; i--)); do
			modprobe "${MODULES[i]}" || fail "modprobe ${MODULES[i]}"
		done
		if [ -n "${KO:-}" ]; then
			insmod "$TOP/$KO" "${PARAMS[@]}" || fail "insmod $KO"
		else
			modprobe "${MODULES[0]}" "${PARAMS[@]}" || fail "modprobe ${MODULES[0]}"
		fi
		;;
	esac
}

# Let a device and what hangs on it suspend soon.
autosuspend() {
	local f
	find "$1/" -path '*/power/control' | while read -r f; do echo auto > "$f"; done
	# Reading fails where the driver uses no delay.
	find "$1/" -path '*/power/autosuspend_delay_ms' | while read -r f; do
		if cat "$f" > /dev/null 2>&1; then echo 100 > "$f"; fi
	done
}

# Where the kernel has kmemleak: look for memory that was lost since the boot, and tell.  No object is reported
# that is younger than five seconds or has changed since the scan before.
KMEMLEAK=/sys/kernel/debug/kmemleak
scan() {
	mountpoint -q /sys/kernel/debug || mount -t debugfs debugfs /sys/kernel/debug
	[ -e $KMEMLEAK ] || return 0
	echo scan > $KMEMLEAK
	sleep 6
	echo scan > $KMEMLEAK
}

leaks() {
	local line
	[ -e $KMEMLEAK ] || return 0
	while IFS= read -r line; do fact "leak $line"; done < $KMEMLEAK
	fact scanned
}

step() {
	local d n name
	fact "step $1"
	case $1 in
	reload)
		modules unload
		bound 0 || fail 'a device has a driver after its module is gone'
		modules load
		;;
	remove)
		for d in $(pci_devices); do echo 1 > "$d/remove"; done
		[ -z "$(pci_devices)" ] || fail 'a device is there after its removal'
		echo 1 > /sys/bus/pci/rescan
		;;
	rebind | reset)
		for d in $(pci_devices); do
			name=$(driver_of "$d")
			echo "${d##*/}" > "$d/driver/unbind"
			[ ! -e "$d/driver" ] || fail "${d##*/} has a driver after unbind"
			[ "$1" != reset ] || echo 1 > "$d/reset" || fail "${d##*/}: reset"
			echo "${d##*/}" > "/sys/bus/pci/drivers/$name/bind"
		done
		;;
	runtime-pm)
		for d in $(pci_devices); do
			autosuspend "$d"
			await "[ \$(cat $d/power/runtime_status) = suspended ]" "${d##*/} does not suspend"
		done
		;;
	suspend)
		n=$(cat /sys/power/suspend_stats/success)
		# All of it, noirq callbacks included; a second later everything resumes.
		echo platform > /sys/power/pm_test
		echo 1 > /sys/module/suspend/parameters/pm_test_delay
		echo freeze > /sys/power/state
		[ "$(cat /sys/power/suspend_stats/success)" -eq $((n + 1)) ] || fail 'it did not suspend'
		;;
	cycles)
		ask usage
		for _ in {1..20}; do
			modules unload
			bound 0 || fail 'a device has a driver after its module is gone'
			modules load
			await 'bound "$DEVICES"' "not all $DEVICES devices have a driver"
		done
		ask usage-same
		modules unload
		scan
		modules load
		# The names of its functions are known again.
		leaks
		;;
	live-reset)
		for d in $(pci_devices); do echo 1 > "$d/reset" || fail "${d##*/}: reset"; done
		;;
	esac
	await 'bound "$DEVICES"' "not all $DEVICES devices have a driver"
}

trap 'fact "fail a command failed in line $LINENO of ${BASH_SOURCE[0]##*/} ${FUNCNAME[0]:-}"' ERR
set -E
# shellcheck source=/dev/null
. "$HERE/$CHECK.sh"
await 'bound "$DEVICES"' "not all $DEVICES devices have a driver"
facts
fact 'step load'
verify load
IFS=, read -ra todo <<< "$STEPS"
for s in "${todo[@]}"; do
	step "$s"
	verify "$s"
done
fact end
