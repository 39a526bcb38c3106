# SPDX-License-Identifier: GPL-2.0
# shellcheck shell=bash
# lab.sh - what the tests of the lab share
#
# A test sets `devices`, QEMU's arguments that add them, and sources this file.  On the machine
# that boots the lab (tests/lab/run) with these and runs the same file again inside; the rest of
# it, and of this file, is for there.  A test that needs another kernel or other words on its
# command line exports LAB_KERNEL or LAB_ARGS, one that needs long LAB_SECONDS (see run).
#
#   qmp JSON             carry a command out in QEMU's monitor; its answer in $answer
#   driver_of BDF        the driver of a device, or nothing
#   group_of BDF         the number of its IOMMU group
#   param NAME DEFAULT   what LAB_NAME said where the lab was started
if [ -z "${RING3_IN_LAB:-}" ]; then
	# shellcheck disable=SC2154 # the test's
	exec "$(dirname "${BASH_SOURCE[0]}")/run" "$0" "${devices[@]}"
fi

# shellcheck source=SCRIPTDIR/../lib.sh
. "$(dirname "${BASH_SOURCE[0]}")/../lib.sh"
REPEAT="make lab LAB_TESTS=tests/lab/$ME"

SYS=/sys/bus/pci/devices
# The driver process is another user, and this kernel's tmpfs cannot have its owners mapped.
chmod 755 "$T" "$T/w"
# A hosted command sees its working directory.
cp "$TOP/tests/lab/net.sh" "$TOP/tests/lab/disk.sh" "$TOOLS/tcp" .
# shellcheck disable=SC2034 # for the tests
PEER=$(sed 's/.*lab.echo=\([0-9]*\).*/\1/' /proc/cmdline)

param() {
	local value
	value=$(sed -n "s/.* lab.$1=\([^ ]*\).*/\1/p" /proc/cmdline)
	echo "${value:-$2}"
}

driver_of() {
	local link
	link=$(readlink "$SYS/$1/driver") && echo "${link##*/}"
}

group_of() {
	local link
	link=$(readlink "$SYS/$1/iommu_group") && echo "${link##*/}"
}

# Bus mastering in COMMAND, as the host's kernel reads it (PCI 3.0, 6.2.2).
masters() { [ $((0x$(setpci -s "$1" COMMAND) & 4)) -ne 0 ]; }

now() { echo $(($(date +%s%N) / 1000000)); }

# The answers on the port are lines of JSON; events come in between.
qmp_answer() {
	answer='' events=''
	while IFS= read -r -t 20 -u 8 answer; do
		case $answer in
		*'"return"'*) return 0 ;;
		*'"error"'*) echo "# QEMU: $answer" >&2; return 1 ;;
		*) events+=$answer ;;
		esac
	done
	return 1
}

qmp_open() {
	local port
	for port in /sys/class/virtio-ports/*; do
		[ "$(cat "$port/name")" != qmp ] || exec 8<> "/dev/${port##*/}"
	done
	echo '{"execute":"qmp_capabilities"}' >&8
	qmp_answer
}

qmp() {
	echo "$1" >&8
	qmp_answer
}

# By hand, where `ring3 bind` is not what is tested.
to_vfio() {
	local bdf
	for bdf in "$@"; do
		[ ! -e "$SYS/$bdf/driver" ] || echo "$bdf" > "$SYS/$bdf/driver/unbind"
		echo vfio-pci > "$SYS/$bdf/driver_override"
		echo "$bdf" > /sys/bus/pci/drivers_probe
		[ "$(driver_of "$bdf")" = vfio-pci ] || return 1
	done
}

to_native() {
	echo "$1" > "$SYS/$1/driver/unbind"
	echo > "$SYS/$1/driver_override"
	echo "$1" > /sys/bus/pci/drivers_probe
	[ "$(driver_of "$1")" = "$2" ]
}

# The kernel's log is a ring: what a long test has had so far goes to a file.
keep_log() { dmesg -c >> "$T/dmesg"; }

# A test: no device reached for memory that is not its own, and the lab's kernel is well.
no_faults() {
	keep_log
	cp "$T/dmesg" "$T/out"
	unlike 'no IOMMU fault' "$T/out" 'DMAR:.*(fault|Fault|DMA (Read|Write))'
	unlike 'no warning of the kernel' "$T/out" 'WARNING:|BUG:|Oops|Call Trace'
}

# Wait for an event of QEMU's; it may have come with an answer.
qmp_event() {
	local line
	case $events in *"\"$1\""*) events=; return 0 ;; esac
	while IFS= read -r -t 20 -u 8 line; do
		case $line in *"\"$1\""*) return 0 ;; esac
	done
	return 1
}
