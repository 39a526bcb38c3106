#!/bin/bash
# SPDX-License-Identifier: GPL-2.0
# 22-debug.t - gdb on a driver, in batch: breakpoints, symbols, time that stands still, ring3's commands
# shellcheck source=SCRIPTDIR/../lib.sh
. "$(dirname "$0")/../lib.sh"

command -v gdb > /dev/null || skip_all 'no gdb'
nic=(--device 'qemu:e1000e,net=user')
up='ip addr add 10.0.2.15/24 dev eth0; ip link set eth0 up
until [ "$(cat /sys/class/net/eth0/carrier)" = 1 ]; do sleep 0.05; done; ping -c 1 -W 20 10.0.2.2'

# gdb's commands, one an argument, become -ex options; run's options and CMD follow `--`.
gdb() {
	local words=()
	while [ "$1" != -- ]; do
		words+=(-ex "$1")
		shift
	done
	shift
	r3 debug --batch "${words[@]}" "$@"
}

# ---- the driver, from probe to NAPI

gdb 'break e1000_probe' run bt 'break e1000e_reset' continue next next 'info locals' finish \
	'break e1000_msix_other' 'break e1000e_poll' continue continue bt -- "${nic[@]}" -- sh -c "$up"
is 'gdb: status' "$status" 0
is 'gdb: nothing on stderr but what gdb cannot know' "$(grep -v 'libthread_db\|not defined\.$\|^$' "$T/err")" ''
like 'probe is hit, by the pending breakpoint' "$T/out" 'hit Breakpoint .*, e1000_probe \(pdev=0x[0-9a-f]+, ent=0x'
like 'with file and line' "$T/out" '^#0 +e1000_probe \(pdev=.*\) at drivers/net/ethernet/intel/e1000e/netdev\.c:[0-9]+'
like 'called through the PCI core' "$T/out" '^#[0-9]+ .* pci_device_probe \(dev=0x[0-9a-f]+\) at drivers/pci/pci-driver\.c:'
like 'from module_init()' "$T/out" '^#[0-9]+ .* e1000_init_module \(\) at drivers/net/ethernet/intel/e1000e/netdev\.c:'
like 'info locals' "$T/out" '^hw = 0x[0-9a-f]+$'
like 'finish' "$T/out" '^e1000_probe \(pdev=|^#0 .*e1000_probe|in e1000_probe'
gdb 'break e1000_msix_other' run 'bt 3' 'next' 'next' 'info locals' 'print *adapter' 'delete' 'break e1000e_poll' continue 'bt 4' \
	-- "${nic[@]}" -- sh -c "$up"
like 'the interrupt handler is hit' "$T/out" '^#0 +e1000_msix_other \(irq=[0-9]+, data=0x[0-9a-f]+\) at .*netdev\.c:'
like 'called by the core' "$T/out" '^#1 .* __handle_irq_event_percpu \(desc=.*\) at kernel/irq/handle\.c:'
like 'next goes over a readl' "$T/out" '^[0-9]+	.*icr'
like 'print *adapter' "$T/out" '^\$1 = \{watchdog_timer = '
like 'NAPI poll is hit' "$T/out" '^#0 +e1000e_poll \(napi=0x[0-9a-f]+, budget=64\) at .*netdev\.c:'
like 'called by the core, too' "$T/out" '^#[12] .* __napi_poll \(n=.*\) at net/core/dev\.c:'
gdb 'break e1000e_reset' run 'watch -l adapter->link_speed' 'delete 2' continue 'bt 2' 'delete' continue \
	-- "${nic[@]}" -- sh -c "$up"
like 'a hardware watchpoint on a field fires' "$T/out" '^Hardware watchpoint [0-9]+: -location adapter->link_speed'
like 'with the old value and the new' "$T/out" '^New value = 1000'
like 'and then the driver goes on' "$T/out" '1 received'
is 'to the end' "$status" 0

# ---- the kernel's own scripts, and ring3's commands

gdb 'break e1000e_poll' run lx-lsmod lx-dmesg lx-ps lx-symbols ring3-devices 'ring3-bars' 'ring3-irqs' 'ring3-dma' 'ring3-registers CTRL' \
	'ring3-last 3' 'ring3-iova adapter->rx_ring->dma+8' 'ring3-iova 0x10' 'ring3-read 0 8' 'ring3-registers NONE' \
	-- "${nic[@]}" -- sh -c "$up"
like 'lx-lsmod' "$T/out" '^0x[0-9a-f]+ e1000e '
like 'lx-dmesg' "$T/out" 'Linux version'
like 'lx-ps' "$T/out" '^0x[0-9a-f]+ +[0-9]+ +.*'
like 'lx-symbols' "$T/out" '^e1000e$'
like 'ring3-devices' "$T/out" '^0000:00:01\.0 +qemu:e1000e,net=user +e1000e +MSI-X +on +D0$'
like 'ring3-bars' "$T/out" '^0 +mem32 +0x[0-9a-f]+ +131072 +0 +131072 +[1-9]'
like 'ring3-irqs' "$T/out" '^MSI-X +0 +[0-9]+ +True'
like 'ring3-dma' "$T/out" '^0x000040000000 +268435456 +both'
like 'ring3-registers' "$T/out" '^CTRL +0x00000 +0x[0-9a-f]+ +(read|written) .*FD='
like 'ring3-last has callers' "$T/out" '^[RW] 4 .*\[e1000e\]$'
like 'ring3-iova: who maps it' "$T/out" ': byte 8 of [0-9]+ at 0x4[0-9a-f]+, both, mapped by e1000.*\[e1000e\]'
like 'ring3-iova: nobody' "$T/out" '^0x10: not mapped: '
like 'ring3-read' "$T/out" '^BAR0\+0x0008: 0x[0-9a-f]{8}$'
like 'an unknown register' "$T/err" '^NONE: no such register'

gdb 'break e1000e_open' run 'ring3-break -w 0 0xd0' continue 'bt 5' -- "${nic[@]}" -- sh -c "$up"
like 'ring3-break on a trapped register' "$T/out" 'hit Breakpoint [0-9]+, ring3_io_write \(addr=0x80000000000000d0'
like 'called by the driver' "$T/out" '^#[1-4] .* (__ew32|e1000_irq_enable) \(.*netdev\.c:'

# In a BAR that is mapped but for a page, its load or store faults.
gdb 'break td_probe' run delete 'ring3-break -w 4 0x2000010' continue 'bt 12' kill -- --device testdev \
	--driver "$TOP/tests/testdev/ring3_testdev.ko" -- sh -c 'cat /proc/ring3_testdev/*/mmio'
like 'ring3-break on a trapped page of a mapped BAR' "$T/out" 'hit Breakpoint [0-9]+, ring3_trapped \(addr='
like 'the driver is above it' "$T/out" '^#[0-9]+ .* every_width \(.*mmio\.c:'

# ---- an out-of-tree driver: edit, build, reload, without a new gdb

cp -r "$TOP/examples/edu" edu
RING3_KERNEL=${RING3_KERNEL:-} "$RING3" build edu > "$T/build" 2>&1
sed 's/^static int edu_probe(/static noinline int edu_second(void)\n{\n\treturn 77;\n}\n\nstatic int edu_probe(/;
	s/^module_pci_driver/static const int edu_edited __used = 1;\nmodule_pci_driver/' edu/edu.c > new.c
probe=$(grep -n '^static int edu_probe' edu/edu.c | cut -d: -f1)
# The first statement of probe calls the new function.
awk '/^static int edu_probe/ {inside = 1} inside && /^\t[a-z].*;$/ && !/=/ && !/^\t(struct|int|u32|unsigned)/ && !done {
	print "\tdev_info(&pdev->dev, \"%d\\n\", edu_second());"; done = 1 } {print}' new.c > newer.c
gdb 'break edu_probe' 'break edu_second' run 'info symbol edu_probe' \
	"shell cp newer.c edu/edu.c && '$RING3' build -q edu > build.log 2>&1 && touch built" continue continue 'bt 2' continue \
	-- --device qemu:edu --driver edu -- sh -c 'while ! [ -e built ]; do sleep 0.05; done; rmmod edu; insmod edu/edu.ko; dmesg | tail -3'
is 'reload: status' "$status" 0
is 'reload: the driver was built' "$([ -e built ] && echo yes)" yes
like 'reload: probe is hit' "$T/out" "hit Breakpoint [0-9.]+, edu_probe \\(.*\\) at .*edu\\.c:$((probe + 2))|hit Breakpoint [0-9.]+, edu_probe"
is 'reload: and again' "$(grep -c 'hit Breakpoint [0-9.]*, edu_probe' "$T/out")" 2
like 'reload: a function that was not there is hit' "$T/out" '^#0 +edu_second \(\) at .*edu\.c:'
like 'reload: the new code runs' "$T/out" 'edu .*: 77$'

# ---- time stands still

truncate -s 16M disk.img
gdb 'break nvme_irq' run 'delete' 'shell sleep 9' continue -- --device qemu:nvme,disk=disk.img "${nic[@]}" \
	--kernel-args nvme_core.io_timeout=3 -- sh -c "$up > /dev/null; start=\$(cut -d. -f1 /proc/uptime)
	dd if=/dev/nvme0n1 of=/dev/null bs=1M 2> /dev/null && echo read; ping -c 1 -W 20 10.0.2.2 > /dev/null && echo pong
	echo took \$((\$(cut -d. -f1 /proc/uptime) - start)); dmesg | tail -n +20"
is 'a stop of 9 seconds in an interrupt handler: status' "$status" 0
like 'the disk is read' "$T/out" '^read$'
like 'the network works' "$T/out" '^pong$'
like 'no time has passed' "$T/out" '^took [0-3]$'
unlike 'no timeout fired' "$T/out" 'I/O.*timeout|WATCHDOG'

# ---- a running instance

r3_start run --name attached "${nic[@]}" -- sh -c "echo up; read -r x; $up"
ok 'a run: running' r3_up
"$RING3" attach attached --batch -ex 'info line e1000_probe' -ex lx-lsmod -ex 'break e1000e_open' -ex 'shell touch go' > "$T/attach" 2>&1
is 'attach: status' $? 0
like 'attach: symbols of a module that was there' "$T/attach" 'Line [0-9]+ of .*netdev\.c.* starts at address .* <e1000_probe'
echo >&9
r3_wait
is 'attach: the run goes on when gdb detaches' "$status" 0
like 'attach: and works' "$T/out" '1 received'
cp -r "$TOP/examples/edu" .
r3_start run --name own --device qemu:edu,dma_mask=0xffffffff --driver ./edu -- sh -c 'echo up; read -r x'
ok 'attach, a driver of ours: running' r3_up
"$RING3" attach own --batch -ex 'info line edu_irq' > "$T/attach" 2>&1
like 'attach: its symbols are there' "$T/attach" '^Line [0-9]+ of ".*/edu\.c" starts at address .* <edu_irq>'
echo >&9
r3_wait

# ---- a driver that means whoever attaches: names of its sections, and its log, are gdb's to read

cp "$TOP/tests/attacks/module/ring3_attack.ko" .
r3_start run --name hostile --device testdev --driver "./ring3_attack.ko attack=gdb-sections arg=$T/executed" -- \
	sh -c 'echo up; read -r x'
ok 'attach, hostile: running' r3_up
"$RING3" attach hostile --batch -ex 'info line ring3_attack_init' -ex lx-symbols -ex lx-dmesg > "$T/attach" 2>&1
is 'attach, hostile: status' $? 0
ok 'attach, hostile: nothing was executed' [ ! -e "$T/executed" ]
like 'attach, hostile: the log is shown' "$T/attach" 'the log has'
ok 'attach, hostile: without what a terminal obeys' [ -z "$(LC_ALL=C tr -d '\11\12\40-\176' < "$T/attach")" ]
echo >&9
r3_wait

r3_start debug --name held -ex 'shell touch there; while [ -e there ]; do sleep 0.1; done' "${nic[@]}" -- true
ok 'attach, under gdb already: it is there' await "[ -e there ]"
r3 attach held
is 'attach, under gdb already: 125' "$status" 125
like 'attach, under gdb already: says so' "$T/err" "^ring3: run 'held' is under a debugger already, process [0-9]+"
rm there
r3_ended
r3 attach nobody
is 'attach: an unknown name' "$status" 125
r3 attach
is 'attach: no run' "$status" 125
like 'attach: says so' "$T/err" '^ring3: no run is there to attach to'

# ---- gdb's end is the run's, or not

gdb 'break e1000_probe' run quit -- "${nic[@]}" -- sh -c 'echo not reached'
is 'quit: the run ends' "$status" 0
unlike 'quit: CMD did not' "$T/out" '^not reached'
r3 debug --batch --go-on -ex 'break e1000_probe' -ex run -ex delete -ex detach "${nic[@]}" -- sh -c 'echo reached; exit 7'
is '--go-on: the status is that of CMD' "$status" 7
like '--go-on: CMD ran' "$T/out" '^reached'
for word in '' --go-on; do
	# shellcheck disable=SC2086
	r3_start debug $word -ex 'shell touch there' "${nic[@]}" -- sh -c 'echo up; exit 3'
	ok "gdb is killed${word:+, $word}: it is there" await "[ -e there ]"
	rm there
	kill -KILL "$(for p in $(descendants "$bg"); do [ "$(cat "/proc/$p/comm")" != gdb ] || echo "$p"; done | head -1)"
	r3_ended
	is "gdb is killed${word:+, $word}: status" "$status" "$([ -n "$word" ] && echo 3 || echo 137)"
	nothing_left "gdb was killed${word:+, $word}"
done
# gdb at its prompt, at a breakpoint and on a kernel that loops with interrupts off: the end comes all the same.
for how in TERM timeout; do
	options=()
	[ $how = TERM ] || options=(--timeout 3)
	r3_start debug "${options[@]}" -ex 'break e1000_probe' -ex run -ex 'shell touch there' "${nic[@]}" -- true
	ok "gdb at its prompt, $how: it is there" await "[ -e there ]"
	rm there
	[ $how != TERM ] || kill -TERM "$(process_of shim)"
	r3_ended
	is "gdb at its prompt, $how: status" "$status" "$([ $how = TERM ] && echo 143 || echo 124)"
done
cp -r "$TOP/tests/panic" .
r3 debug --batch --timeout 4 --driver 'panic spin=1' -ex run -- true
is 'a kernel that loops, --timeout: status' "$status" 124
ok 'and no core is left' [ ! -e core ]
r3 debug --nonsense
is 'an unknown option: 125' "$status" 125
PATH=$TOP/build r3 debug "${nic[@]}" -- true
is 'no gdb: 125' "$status" 125
like 'no gdb: says so' "$T/err" '^ring3: gdb is missing: apt-get install gdb'
ok "gdb's history is not written where the user is" [ ! -e .gdb_history ]
# ---- the index of the kernel's symbols

if gdb -nx -batch -ex 'show index-cache enabled' 2> /dev/null | grep -q .; then
	rm -rf "$XDG_CACHE_HOME/gdb"
	r3 debug --batch -ex 'break edu_probe' -ex run --device qemu:edu --driver ./edu
	is 'gdb keeps the index of the hosted kernel, and of nothing else' \
		"$(find "$XDG_CACHE_HOME/gdb" -name '*.gdb-index' | wc -l)" 1
fi

finish
