#!/bin/bash
# SPDX-License-Identifier: GPL-2.0
# 19-bar.t - ring3 bar: registers of devices that nobody drives, and every refusal
# shellcheck source=SCRIPTDIR/../lib.sh
. "$(dirname "$0")/../lib.sh"

out() { cat "$T/out"; }

r3 bar read testdev 1 0
is 'read: status' "$status" 0
is 'read: a line' "$(out)" 'BAR1+0x0000: 0x52330001'
is 'read: nothing on stderr' "$(cat "$T/err")" ''
r3 bar read testdev bar1 0 2 -w 2
is 'read: two of 2 bytes' "$(out)" $'BAR1+0x0000: 0x0001\nBAR1+0x0002: 0x5233'
r3 bar read testdev 1 3 --width=1
is 'read: one of 1 byte' "$(out)" 'BAR1+0x0003: 0x52'
r3 bar -w 8 read testdev 1 0
is 'read: one of 8 bytes' "$(out)" 'BAR1+0x0000: 0x0000000052330001'
r3 bar read testdev 1
is 'read: OFFSET is 0 without one' "$(out)" 'BAR1+0x0000: 0x52330001'
# The device counts accesses by width, but for those to the counters: 0x100 on.
r3 bar read testdev,addr=2.0 1 0x100 48
is 'the device saw no other access' "$(grep -cv 0x00000000 "$T/out")" 0
r3 bar read testdev 2 0 4 -w 1
is 'read: ports' "$(wc -l < "$T/out")" 4
r3 bar read testdev 1 0 -j
is 'read -j' "$(python3 -c 'import json, sys
v = json.load(sys.stdin); print(v["device"], v["bar"], v["width"], v["values"])' < "$T/out")" \
	"testdev BAR1 4 [{'offset': 0, 'value': $((0x52330001)), 'hex': '0x52330001'}]"
r3 bar read testdev 1 0 2 --raw -w 2
is 'read --raw' "$(od -An -tx1 "$T/out" | xargs)" '01 00 33 52'
r3 bar dump testdev 1 0 6
is 'dump' "$(out)" $'BAR1+0x0000: 52330001 00000000 00000000 00000000\nBAR1+0x0010: 00000000 00000000'
r3 bar dump testdev 1 2 3 -w 1
is 'dump of bytes' "$(out | tr -s ' ')" 'BAR1+0x0002: 33 52 00 |3R.|'
r3 bar dump testdev 0
is 'dump: 256 bytes without COUNT' "$(wc -l < "$T/out")" 16
r3 bar dump testdev 1 0x1ff0
is 'dump: up to the end' "$(out)" 'BAR1+0x1ff0: 00000000 00000000 00000000 00000000'
r3 bar read testdev 0 0 16384
is 'read: a whole BAR' "$status,$(wc -l < "$T/out"),$(tail -1 "$T/out")" '0,16384,BAR0+0xfffc: 0x00000000'
r3 bar read testdev 4 0x2000000 -w 8
is 'read: in the hole of a large BAR' "$(out)" 'BAR4+0x2000000: 0x0000000000000000'

for width in 1 2 4 8; do
	r3 bar write testdev 1 0x1000 0x7f 1 -w $width
	is "write of $width bytes: status and silence" "$status$(cat "$T/out" "$T/err")" 0
done
r3 bar write testdev 1 0x1000 0xffffffffffffffff -w 8
is 'write: all 64 bits' "$status" 0
r3 bar write testdev 1 0x1000 18446744073709551615 -w 8
is 'write: the same in decimal' "$status" 0
r3 bar write testdev 1 0x1000 1024 --value 7
is 'write --value: COUNT times' "$status" 0
last='printf 01234567 | ring3 bar write --raw'
printf 01234567 | "${AS[@]}" "$RING3" bar write testdev 1 0x1000 --raw -w 4
is 'write --raw' "$?" 0

r3 bar read qemu:edu 0 0
is 'edu: its identification' "$(out)" 'BAR0+0x0000: 0x010000ed'
r3 bar read qemu:nvme 0 8
is 'nvme: its version' "$(out)" 'BAR0+0x0008: 0x00010400'
r3 bar dump qemu:e1000e rom 0 2 -w 1
is 'the ROM of e1000e' "$(out | tr -s ' ')" 'ROM+0x0000: 55 aa |U.|'

# bad NAME RE ARG...: status 125, one line on stderr that matches RE, nothing on stdout.
bad() {
	r3 bar "${@:3}"
	is "$1: 125, one line and no output" "$status,$(wc -l < "$T/err"),$(wc -c < "$T/out")" 125,1,0
	like "$1: says so" "$T/err" "$2"
}
bad 'no action' 'read, write or dump'
bad 'an unknown action' "'peek' is none of" peek testdev 0
bad 'no device' 'which device' read
bad 'no BAR' 'which BAR' read testdev
bad 'a BAR that is none' "'6' is no BAR" read testdev 6
bad 'a BAR that is a word' "'x' is no BAR" read testdev x
bad 'a BAR that the device lacks' 'no BAR5; it has: BAR0 \(64K\), BAR1 \(8K\), BAR2 \(256 of ports\)' \
	read testdev 5
bad 'a ROM that the device lacks' 'no ROM; it has: BAR0 \(1M\)$' read qemu:edu,romfile= rom
bad 'behind the end' 'offset 0x2000 is behind the end of BAR1: it has 0x2000' read testdev 1 0x2000
bad 'far behind the end' 'behind the end' read testdev 1 0xffffffffffffffff -w 1
bad 'across the end' '2 of 4 bytes at 0x1ffc cross the end of BAR1.*at most 1' read testdev 1 0x1ffc 2
bad 'a COUNT that overflows' 'cross the end' read testdev 1 0 0x4000000000000001
bad 'no COUNT' 'at least 1' read testdev 1 0 0
bad 'misaligned' '0x2 is not a multiple of the width, 4: use 0x0 or 0x4' read testdev 1 2
bad 'misaligned write' '0x1001 is not a multiple of the width, 8' write testdev 1 0x1001 1 -w 8
bad 'a width of 3' "not '3'" read testdev 1 0 -w 3
bad 'a width of 16' "not '16'" read testdev 1 0 -w 16
bad 'a width that is a word' "not 'long'" read testdev 1 0 -w long
bad 'ports of 8 bytes' 'ports.*1, 2 or 4' read testdev 2 0 -w 8
bad 'an OFFSET that is no number' "'10x' is not a number" read testdev 1 10x
bad 'an OFFSET below 0' "-4" read testdev 1 -4
bad 'an octal OFFSET' "'010' is not a number" read testdev 1 010
bad 'an OFFSET of 65 bits' 'not a number' read testdev 1 0x10000000000000000
bad 'a COUNT that is no number' "COUNT 'x'" read testdev 1 0 x
bad 'a word too many' "'2' is one word too many" read testdev 1 0 1 2
bad 'a value too wide for 1 byte' '256 does not fit 1 byte: at most 0xff' write testdev 1 0x1000 256 -w 1
bad 'a value too wide for 4 bytes' '0x100000000 does not fit 4 bytes' write testdev 1 0x1000 0x100000000
bad 'a value of 65 bits' 'not a number of 64 bits' write testdev 1 0x1000 18446744073709551616 -w 8
bad 'a value that is none' "'y' is not a number" write testdev 1 0x1000 1 y
bad 'write of nothing' 'which value' write testdev 1 0x1000
bad 'write to nowhere' 'where to' write testdev 1
bad 'write to the ROM' 'ROM cannot be written' write qemu:e1000e rom 0 1
bad 'write --raw of nothing' '0 bytes' write testdev 1 0x1000 --raw
bad 'write --raw and a value' "leave '1' out" write testdev 1 0x1000 1 --raw
bad 'write --raw and --value' 'use one' write testdev 1 0x1000 --raw --value 1
bad 'write --value twice' 'twice' write testdev 1 0x1000 --value 1 --value 2
bad 'write --json' 'leave --json out' write testdev 1 0x1000 1 --json
bad 'read --value' '--value is for write' read testdev 1 0 --value 1
bad 'values that cross the end' '2 of 8 bytes at 0x1ff8 cross' write testdev 1 0x1ff8 1 2 -w 8
bad 'an unknown backend' "no backend 'quemu'" read quemu:edu 0
bad 'an unknown model' 'edx.*did you mean edu' read qemu:edx 0
bad 'a BDF and no run' 'no run has a device 0000:00:01.0: none is running' read 1.0 0
bad 'a run that is none' "no run is named 'lab'" read lab/1.0 0
bad 'the same with -n' "no run is named 'lab'" read 0000:00:01.0 0 -n lab
bad 'two runs' 'two runs' read lab/1.0 0 -n other
bad 'a specification in a run' 'no device of a run' read testdev 0 -n lab
last='printf 123 | ring3 bar write --raw'
printf 123 | "${AS[@]}" "$RING3" bar write testdev 1 0x1000 --raw > "$T/out" 2> "$T/err"
is 'write --raw of 3 bytes: 125' "$?" 125
like 'write --raw of 3 bytes: says so' "$T/err" '3 bytes: not one or more values of 4'
head -c 8193 /dev/zero | "${AS[@]}" "$RING3" bar write testdev 1 0 --raw -w 1 > "$T/out" 2> "$T/err"
is 'write --raw of more than the BAR: 125' "$?" 125
like 'write --raw of more than the BAR: says so' "$T/err" 'cross the end of BAR1'
script -qec "${AS[*]} '$RING3' bar read testdev 1 0 --raw" /dev/null < /dev/null > "$T/out" 2>&1
is 'read --raw to a terminal: 125' "$?" 125
like 'read --raw to a terminal: says so' "$T/out" 'a terminal does not show'
last='ring3 bar read > /dev/full'
"${AS[@]}" "$RING3" bar read testdev 1 0 > /dev/full 2> "$T/err"
is 'output that nobody has: 125' "$?" 125
like 'output that nobody has: says so' "$T/err" 'cannot write standard output: No space'

# A running instance and its view, made by hand: plain files stand for the registers.
view=$T/view
device=$view/devices/0000:00:03.0
mkdir -p "$device/ring3" "$T/run/ring3/lab" "$T/run/ring3/lib"
chmod 700 "$T/run/ring3"
printf '0x%016x 0x%016x 0x%016x\n' 0xc0000000 0xc0000fff 0x40200 0 0 0 0x1000 0x103f 0x40101 > "$device/resource"
head -c 4096 /dev/zero > "$device/ring3/bar0"
: > "$device/ring3/bar2"
for name in lab lib; do
	printf '{"name": "%s", "pid": 1, "view": "%s"}' $name "$view" > "$T/run/ring3/$name/instance.json"
	: > "$T/run/ring3/$name/lock"
done
exec 7< "$T/run/ring3/lab/lock"
flock 7
r3 bar write 3.0 0 0x10 0x1122334455667788 -w 8
is 'a running device: write' "$status" 0
is 'a running device: the bytes are there' "$(od -An -tx1 -j 16 -N 8 "$device/ring3/bar0" | xargs)" '88 77 66 55 44 33 22 11'
for dev in 3.0 00:03.0 0000:00:03.0 lab/3.0 lab/0000:00:03.0; do
	r3 bar read $dev 0 0x12 -w 2
	is "a running device: read of $dev" "$(out)" 'BAR0+0x0012: 0x5566'
done
r3 bar read -n lab 3.0 0 0x14
is 'a running device: with -n' "$(out)" 'BAR0+0x0014: 0x11223344'
bad 'a running device: a BAR that it lacks' 'lab/0000:00:03.0 has no BAR1; it has: BAR0 \(4K\), BAR2 \(64 of ports\)' \
	read 3.0 1
bad 'a device that the run lacks' "run 'lab' has no device 0000:00:04.0; it has: 0000:00:03.0" read 4.0 0
bad 'a name almost right' "did you mean lab" read lob/3.0 0
bad 'a register that is not there' 'cannot read BAR2' read 3.0 2
rm "$device/ring3/bar2"
bad 'a device that has gone' 'lab/0000:00:03.0 is gone: its run has ended' read 3.0 2
mv "$view" "$T/elsewhere"
bad 'no view' "run 'lab' has no view at $view" read 3.0 0
mv "$T/elsewhere" "$view"
mkdir -p "$T/run/ring3/lib"
printf '{"name": "lib", "pid": 1, "view": "%s"}' "$view" > "$T/run/ring3/lib/instance.json"
: > "$T/run/ring3/lib/lock"
exec 6< "$T/run/ring3/lib/lock"
flock 6
bad 'two runs that have the device' "'lab' and 'lib' both have a device 0000:00:03.0; say which with -n" read 3.0 0
r3 bar read lib/3.0 0 0x14
is 'the one that is named' "$(out)" 'BAR0+0x0014: 0x11223344'
exec 6<&- 7<&-
"${AS[@]}" "$RING3" ps --prune > "$T/out"

# ---- registers by name

r3 bar read qemu:e1000e 0 STATUS
like 'a register by name, with its fields' "$T/out" '^STATUS 0x00008 0x[0-9a-f]{8} FD=1 LU=1 '
r3 bar read qemu:e1000e 0 STATUS -j
is 'as JSON' "$(python3 -c 'import json, sys
print(json.load(open(sys.argv[1]))["values"][0]["register"]["name"])' "$T/out" 2>&1)" STATUS
bad 'a name almost right' "has no register 'STATSU'; did you mean STATUS" read qemu:e1000e 0 STATSU
bad 'a register of another BAR' 'STATUS is in BAR0, not BAR1' read qemu:e1000e 1 STATUS
bad 'a register of another width' 'STATUS is 4 bytes wide, not 2' read qemu:e1000e 0 STATUS -w 2
bad 'a device without names' 'no names for the registers of testdev \(1234:7233\)' read testdev 0 STATUS

# ---- a device of a run, and its driver goes on

r3_start run --name lab --device qemu:e1000e --device qemu:edu -- sh -c 'echo up; read -r x; cat /sys/class/net/eth0/address'
ok 'a run: running' r3_up
if mountpoint -q "$T/run/ring3/lab/view"; then
	r3 bar read lab/1.0 0 STATUS
	like 'a run: by name' "$T/out" '^STATUS 0x00008 '
	r3 bar read 1.0 0 8
	by_offset=$(out)
	r3 bar dump 1.0 0 0 4
	like 'a run: a dump' "$T/out" "^BAR0\+0x0000: [0-9a-f]{8} [0-9a-f]{8} ${by_offset##*0x} [0-9a-f]{8}\$"
	r3 bar write 1.0 0 0x5400 0x12345678
	r3 bar read 1.0 0 0x5400
	is 'a run: written and read back' "$(out)" 'BAR0+0x5400: 0x12345678'
	bad 'a run: a device without a driver does not decode' 'lab/0000:00:02.0 does not decode BAR0' read 2.0 0
	bad 'a run: across the end' '2 of 4 bytes at 0x1fffc cross the end of BAR0' read 1.0 0 0x1fffc 2
else
	bad 'a run without a view' "run 'lab' has no view" read lab/1.0 0 STATUS
fi
echo >&9
r3_wait
is 'a run: it goes on' "$status" 0

bad 'a specification with a slash is not a run' 'there is no disk' read qemu:nvme,disk=/nowhere/1.0 0 0
unlike 'nor is it said to be one' "$T/err" 'no run is named'
r3_start run --name lab --device qemu:edu -- sh -c 'echo up; read -r x'
ok 'a run to be stopped: running' r3_up
view=0
if mountpoint -q "$T/run/ring3/lab/view"; then view=1; fi
kill -STOP "$(process_of proxy)"
[ $view -eq 0 ] || bad 'a stopped proxy' "run 'lab' does not answer: its proxy, process [0-9]+, is stopped" read lab/1.0 0 0
bad 'a stopped proxy, and no name' 'no run has|does not answer|has no view' read 1.0 0 0
kill -CONT "$(process_of proxy)"
echo >&9
r3_wait

finish
