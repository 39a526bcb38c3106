#!/bin/bash
# SPDX-License-Identifier: GPL-2.0
# 21-trace.t - the trace names the driver's functions and has every access, no more and no less
# shellcheck source=SCRIPTDIR/../lib.sh
. "$(dirname "$0")/../lib.sh"

V=$T/run/ring3/traced/view
probe() { r3 run --name traced --device qemu:e1000e --trace "$1" -- sh -c "${2:-} rmmod e1000e"; }

# What is the same each time: all but the times.
events() { sed -E 's/^(R|W) ([0-9]+) [0-9.]+/\1 \2/; s/^(MAP|MARK) [0-9.]+/\1/' "$1"; }

probe one.txt 'ip link set eth0 up; ip link set eth0 down;'
is 'a trace: status' "$status" 0
is 'a trace: no word' "$(cat "$T/err")" ''
like 'the format is mmiotrace' one.txt '^VERSION 20070824$'
like 'the device is named' one.txt '^PCIDEV 0008 808610d3 '
like 'its BAR is mapped' one.txt '^MAP [0-9.]+ 1 0x[0-9a-f]+ 0x0 0x20000 0x0 0$'
like 'probe is named' one.txt '^MARK .* 0000:00:01.0 config [a-z]+ 2 0x4 .* e1000_probe\+0x[0-9a-f]+/0x[0-9a-f]+ \[e1000e\]$'
like 'and its callees' one.txt '^[RW] 4 .* # 0000:00:01.0 BAR0\+0x[0-9a-f]+ e1000_reset_hw_82571\+0x[0-9a-f]+/0x[0-9a-f]+ \[e1000e\]$'
like 'and who configures it' one.txt '^MARK [0-9.]+ 0000:00:01.0 config write 2 0x4 0x[0-9a-f]+ .*\[e1000e\]$'
like 'DMA buffers are there' one.txt '^MARK [0-9.]+ 0000:00:01.0 dma map 0x4[0-9a-f]+ 0x[0-9a-f]+ (both|to|from) .*\[e1000e\]$'
is 'as many are unmapped as mapped' "$(grep -c 'dma unmap' one.txt)" "$(grep -c 'dma map' one.txt)"
is 'no access has nobody' "$(grep -c '^[RW] .* -$' one.txt)" 0
# Where the kernel has free memory for rings is not the driver's doing: the probe alone.
probe two.txt
probe three.txt
is 'the same trace again: the same events' "$(diff <(events two.txt) <(events three.txt) | head -20)" ''

# ---- what was counted is what is written, mapped registers included

# The accesses in trace $1 to device $2: reads and writes of BARs.
in_trace() { awk -v d="$2" '$10 == d && /^R/ {r++} $10 == d && /^W/ {w++} END {print r + 0, w + 0}' "$1"; }
in_stats() { awk '/^register_/ {printf "%s%s", n++ ? " " : "", $2} END {print ""}' "$V/devices/$1/ring3/stats"; }

cp "$TOP/tests/testdev/ring3_testdev.ko" .
r3_start run --name traced --hold --device testdev --device qemu:e1000e --trace-mapped --trace mapped.txt \
	-- sh -c "insmod $PWD/ring3_testdev.ko; cat /proc/ring3_testdev/*/mmio /proc/ring3_testdev/*/port > /dev/null; ip link set eth0 up; ip link set eth0 down"
ok 'mapped registers: done' await "grep -q ended '$V/kernel/state'"
first=$(in_stats 0000:00:01.0) second=$(in_stats 0000:00:02.0)
is 'no page is mapped' "$(awk '$1 ~ /^[0-9]$/ {n += $6} END {print n + 0}' "$V/devices/0000:00:01.0/ring3/bars")" 0
like 'and registers of the first BAR were accessed' "$V/devices/0000:00:01.0/ring3/bars" '^0 +mem32 .* [1-9][0-9]* '
cp "$V/devices/0000:00:02.0/ring3/trace" device.txt
"$RING3" kill traced
r3_ended
is 'mapped registers: status' "$status" 0
is 'every access of the test device is there' "$(in_trace mapped.txt 0000:00:01.0)" "$first"
is 'every access of the NIC is there' "$(in_trace mapped.txt 0000:00:02.0)" "$second"
unlike 'nothing is lost' mapped.txt ' lost '
is "a device's own trace has the same accesses" "$(in_trace device.txt 0000:00:02.0)" "$second"
is 'and no other device' "$(grep -c 0000:00:01.0 device.txt)" 0
like 'interrupts are there' mapped.txt '^MARK [0-9.]+ 0000:00:02.0 irq MSI-X [0-9]+$'
like 'ports are there' mapped.txt '^MARK [0-9.]+ 0000:00:01.0 port (read|write) [124] BAR2\+0x[0-9a-f]+ 0x[0-9a-f]+ .*\[ring3_testdev\]$'

# ---- followed while it grows

r3_start run --name traced --device qemu:edu --trace grows.txt -- sh -c \
	'echo up; while read -r x; do od -An -tx1 /sys/bus/pci/devices/0000:00:01.0/config > /dev/null; done'
ok 'following: running' r3_up
: > followed.txt
tail -f -n +1 "$V/devices/0000:00:01.0/ring3/trace" >> followed.txt &
tail=$!
size=$(stat -c %s followed.txt)
echo >&9
ok 'tail -f sees more' await "[ \$(stat -c %s followed.txt) -gt $size ] && grep -q 'config read' followed.txt"
kill $tail
echo >&9
r3_wait

# ---- converted

r3 trace one.txt
is 'ring3 trace: status' "$status" 0
like 'it tells of reads' "$T/out" 'registers +read +[0-9]+ of 4 bytes'
like 'and of callers' "$T/out" '__ew32 \[e1000e\]'
"$RING3" trace mapped.txt --json > mapped.json
is 'as JSON: every access' "$(python3 -c 'import json
print(sum(e["kind"] == "register" for e in json.load(open("mapped.json"))["events"]))' 2>&1)" \
	"$(grep -c '^[RW]' mapped.txt)"
"$RING3" trace mapped.txt --perfetto > mapped.perfetto
is 'for Perfetto: a track for each device and vector' "$(python3 -c 'import json
e = json.load(open("mapped.perfetto"))["traceEvents"]
print(sorted({x["args"]["name"].split()[0] for x in e if x["name"] == "process_name"}))
print(any(x["name"] == "thread_name" and "MSI-X" in x["args"]["name"] for x in e))' 2>&1 | xargs)" \
	'[0000:00:01.0, 0000:00:02.0] True'

like 'the driver is named, once it is there' one.txt '^PCIDEV 0008 808610d3 [0-9a-f]+ c[0-9a-f]+ .* e1000e$'

# ---- bad input

mkfifo fifo
r3 run --device testdev --trace fifo -- true
is 'a FIFO without a reader: 125' "$status" 125
like 'a FIFO without a reader: says so' "$T/err" 'fifo: .*start its reader first'

r3 run --device testdev --trace missing/trace.txt -- true
is 'no such directory: 125' "$status" 125
is 'no such directory: one line' "$(wc -l < "$T/err")" 1
r3 run --device testdev --trace /dev/full -- sh -c 'lspci > /dev/null'
is 'a full disk: CMD has its way' "$status" 0
like 'a full disk: a warning' "$T/err" 'trace.*No space left'
r3 run --trace-mapped --trace t.txt -- true
is 'without a device: status' "$status" 125
finish
