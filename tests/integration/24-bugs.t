#!/bin/bash
# SPDX-License-Identifier: GPL-2.0
# 24-bugs.t - the debug kernel finds the bug of each module of tests/bugs, and tells its line
# shellcheck source=SCRIPTDIR/../lib.sh
. "$(dirname "$0")/../lib.sh"

LIMIT=120
export PATH=$PATH:/usr/sbin:/sbin

# Module, and what its bug is called.  lockdep first: it does not trust a kernel that KASAN has found wrong.
bugs=(
	'inversion|WARNING: possible circular locking dependency'
	'uaf|BUG: KASAN: slab-use-after-free'
	'oob|BUG: KASAN: slab-out-of-bounds'
	'shift|UBSAN: shift-out-of-bounds'
	'leak|unreferenced object'
	'dma_twice|DMA-API: .*device driver tries to free DMA memory it has not allocated'
	'dma_sync|DMA-API: .*device driver syncs DMA memory with different direction'
	'dma_stack|DMA-API: .*device driver maps memory from stack'
	'irq_sleep|BUG: sleeping function called from invalid context'
	'irq_left|ring3: module irq_left ends without free_irq'
)
names=("${bugs[@]%%|*}")

r3 run --flavor debug --dry-run -- true
[ "$status" -eq 0 ] || skip_all "$(sed 's/^ring3: //' "$T/err")"

cp -r "$TOP/tests/bugs" debug
find debug -type f ! -name '*.[ch]' ! -name Kbuild -delete
cp -r debug plain
r3 build -q --flavor debug debug
is 'ring3 build --flavor debug' "$status" 0
r3 build -q plain
is 'ring3 build' "$status" 0
# Functions that are no longer there have no names: what has lost memory stays.
unload() { [ "$1" = leak ] && echo true || echo "rmmod $1"; }
line_of() { grep -n '/\* bug \*/' "debug/$1.c" | cut -d: -f1; }

r3 run --device qemu:edu --flavor debug --driver plain/uaf.ko -- true
is 'a module for the other kernel: 125' "$status" 125
like 'and how to build it' "$T/err" "ring3 build --flavor debug .*/plain"

for bug in "${bugs[@]}"; do
	name=${bug%%|*} what=${bug#*|}
	r3 run --flavor debug --fatal-reports --device qemu:edu --driver "debug/$name.ko" -- \
		sh -c "$(unload "$name")"
	is "$name: 255" "$status" 255
	like "$name: what and where" <(grep -m 1 '^ring3: report: ' "$T/err") \
		"^ring3: report: $what.*(: | in ).*/debug/$name\.c:$(line_of "$name")\b"
	like "$name: the last line says why the run ended" <(tail -n 1 "$T/err") \
		"^ring3: --fatal-reports: $what.*$name\.c:$(line_of "$name")\b"
done

# All of them one after the other, what leaves something behind last: FIXED DIRECTORY.
all='for m in '${names[*]}'; do
	insmod $1/$m.ko fixed=$0 || exit
	[ $m = leak ] || rmmod $m || exit
done
echo done
exit 7'

r3 run --flavor debug --device qemu:edu -- sh -c "$all" 0 debug
is 'without --fatal-reports the status is that of the command' "$status" 7
is 'which ran to its end' "$(cat "$T/out")" 'done'
for bug in "${bugs[@]}"; do
	what=${bug#*|}
	is "${bug%%|*} is reported among others, once" \
		"$(grep -Ec "^ring3: report: $what" "$T/err")" 1
done
like 'what was repeated is counted' "$T/err" '^ring3: reported [0-9]+ times: unreferenced object'

r3 run -q --flavor debug --device qemu:edu -- sh -c "$all" 0 debug
is 'with -q nothing is shown' "$status $(cat "$T/err")" '7 '

# In correct modules there is nothing to find, and without the debug kernel nobody finds it.
r3 run --flavor debug --fatal-reports --device qemu:edu -- sh -c "$all" 1 debug
is 'correct modules: the command ends' "$status" 7
is 'and there is no report' "$(cat "$T/err")" ''
r3 run --fatal-reports --device qemu:edu -- sh -c "$all" 0 plain
is 'the default kernel: the command ends' "$status" 7
is 'and there is no report' "$(cat "$T/err")" ''

# Where the log is shown, a report is shown as part of it, and decoded.
r3 run -v --flavor debug --driver debug/uaf.ko -- true
is 'with -v: the status of the command' "$status" 0
is 'one report' "$(grep -c '^ring3: report: ' "$T/err")" 1
is 'whose lines are there once' "$(grep -c 'BUG: KASAN: ' "$T/err")" 2
like 'with places of the kernel, too' "$T/err" 'sys_finit_module.*kernel/module/main\.c:[0-9]+$'

# Drivers that people use have nothing to report, and their data pass.
head -c 1M /dev/urandom > disk.img
r3 run --flavor debug --fatal-reports --device qemu:nvme,disk=disk.img --device qemu:e1000e,net=user \
	--device qemu:edu,dma_mask=0xffffffff --device testdev -- \
	sh -c 'ip link set eth0 up && cat /dev/nvme0n1'
is 'nvme, e1000e and their devices: the command ends' "$status" 0
ok 'with the data of the disk' cmp -s "$T/out" disk.img
is 'and there is no report' "$(cat "$T/err")" ''

finish
