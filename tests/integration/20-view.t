#!/bin/bash
# SPDX-License-Identifier: GPL-2.0
# 20-view.t - the view: what it says, that it waits for nobody, and that nothing of it is left
# shellcheck source=SCRIPTDIR/../lib.sh
. "$(dirname "$0")/../lib.sh"

V=$T/run/ring3/view/view

# A run named view with the other arguments, up; CMD's standard input is r3_in's.
up() {
	r3_start run --name view "$@"
	ok "$1 $2: running" r3_up
}

# The files that say something: not those that are a device's registers, nor reset.
texts() { find "$V" -type f ! -name 'bar[0-5]' ! -name rom ! -name reset; }

# ---- four devices: what the hosted kernel says of them, and what the view says

truncate -s 16M disk.img
cat > inside.sh <<'END'
cd /sys/bus/pci/devices
for d in *; do
	for f in vendor device subsystem_vendor subsystem_device class revision irq modalias enable resource; do
		echo "$d $f $(xargs < "$d/$f")"
	done
	echo "$d driver $(basename "$(readlink "$d/driver")" 2> /dev/null)"
	echo "$d msi_irqs $(ls "$d/msi_irqs" 2> /dev/null | xargs)"
	echo "$d config $(od -An -tx1 -v "$d/config" | md5sum)"
done
END
lspci='lspci -nnvvk; echo ---; lspci -xxxx; echo ---; lspci -t'
r3_start run --name view --device qemu:e1000e --device qemu:nvme,disk=disk.img --device qemu:edu --device testdev \
	-- sh -c "ip link set eth0 up; cat /dev/nvme0n1 > /dev/null; ip link set eth0 down; sh $PWD/inside.sh > /tmp/sysfs; { $lspci; } 2> /dev/null > /tmp/lspci
		echo up; read -r x; cat /tmp/sysfs; echo ===; cat /tmp/lspci"
ok 'four devices: running' r3_up

# Nothing happens to these devices now: a network interface that is up looks at its device at times.
(
	cd "$V/devices" || exit
	for d in *; do
		for f in vendor device subsystem_vendor subsystem_device class revision irq modalias enable resource; do
			echo "$d $f $(xargs < "$d/$f")"
		done
		echo "$d driver $(basename "$(readlink "$d/driver")" 2> /dev/null)"
		echo "$d msi_irqs $(find "$d/msi_irqs" -type f -printf '%f\n' 2> /dev/null | sort -n | xargs)"
		echo "$d config $(od -An -tx1 -v "$d/config" | md5sum)"
	done
) > "$T/view"
{ lspci -O "sysfs.path=$V" -nnvvk; echo ---; lspci -O "sysfs.path=$V" -xxxx; echo ---; lspci -O "sysfs.path=$V" -t; } \
	> "$T/lspci" 2> "$T/lspci.err"
is 'lspci: as many devices' "$(grep -c '^00:0' "$T/lspci")" 8
is 'setpci reads' "$(setpci -O "sysfs.path=$V" -s 00:01.0 VENDOR_ID DEVICE_ID | xargs)" '8086 10d3'
setpci -O "sysfs.path=$V" -s 00:03.0 INTERRUPT_LINE=5
is 'setpci writes' "$(setpci -O "sysfs.path=$V" -s 00:03.0 INTERRUPT_LINE)" 05
setpci -O "sysfs.path=$V" -s 00:03.0 VENDOR_ID=dead
is 'setpci cannot write what is not to be written' "$(setpci -O "sysfs.path=$V" -s 00:03.0 VENDOR_ID)" 1234
setpci -O "sysfs.path=$V" -s 00:03.0 INTERRUPT_LINE=0

before=$(cat "$V"/devices/*/ring3/stats)
start=$(date +%s%N)
grep -r . "$V" > "$T/grep" 2> "$T/grep.err"
find "$V" -type f -exec cat {} + > "$T/cat" 2> "$T/cat.err"
took=$((($(date +%s%N) - start) / 1000000))
echo "# grep -r and find: $took ms" >&2
ok 'grep -r and find -exec cat: done in a second' [ $took -lt 1000 ]
is 'and no register was touched' "$(cat "$V"/devices/*/ring3/stats)" "$before"
like 'what cannot be read so says why' "$T/cat.err" "bar0'?: Invalid argument"
unlike 'and nothing else fails' "$T/cat.err" 'cat: (.*/(state|bars|interrupts|dma|stats|registers|trace|config|log)):'
while read -r f; do
	python3 -m json.tool "$f" > /dev/null || echo "$f"
done < <(find "$V" -name '*.json') > "$T/bad"
is 'the twins of the tables are JSON' "$(cat "$T/bad")" ''
is 'the driver' "$(cat "$V/devices/0000:00:01.0/driver/module")" e1000e
is 'state: the driver' "$(awk '$1 == "driver" {print $2}' "$V/devices/0000:00:02.0/ring3/state")" nvme
is 'state: power' "$(awk '$1 == "power" {print $2}' "$V/devices/0000:00:01.0/ring3/state")" D0
is 'interrupts were counted' "$(awk '$1 == "MSI-X" && $7 > 0 {n++} END {print (n > 0)}' \
	"$V/devices/0000:00:02.0/ring3/interrupts")" 1
like 'dma: the memory is mapped' "$V/devices/0000:00:02.0/ring3/dma" '^0x000040000000 268435456 both +true'
like 'registers have names' "$V/devices/0000:00:01.0/ring3/registers" '^CTRL .*FD=1'
like 'kernel/modules' "$V/kernel/modules" '^nvme '
like 'kernel/log' "$V/kernel/log" 'Linux version'
is 'kernel/state' "$(cat "$V/kernel/state")" running
setpci -O "sysfs.path=$V" -s 00:03.0 COMMAND=2:2
is 'a BAR cannot be read in odd pieces' \
	"$(dd if="$V/devices/0000:00:03.0/ring3/bar0" bs=3 count=1 2>&1 | grep -c 'Invalid argument')" 1
is 'four bytes can' "$(dd if="$V/devices/0000:00:03.0/ring3/bar0" bs=4 count=1 2> /dev/null | od -An -tx4 | xargs)" 010000ed
is 'and the access was counted' "$(awk '$1 == 0 {print $10}' "$V/devices/0000:00:03.0/ring3/bars")" 1
echo >&9
r3_wait
sed '/^up$/d; /^===$/,$d' "$T/out" > "$T/sysfs"
is "the view says what the hosted kernel's /sys says" "$(diff "$T/sysfs" "$T/view")" ''
sed '1,/^===$/d' "$T/out" > "$T/lspci.inside"
is 'and lspci prints the same' "$(diff "$T/lspci.inside" "$T/lspci")" ''
nothing_left 'a run with a view'

# ---- many readers beside traffic

r3_start run --name view --device qemu:nvme,disk=disk.img -- bash -c "echo up
	while ! read -r -t 0.01 x; do dd if=/dev/nvme0n1 of=/dev/null bs=4k iflag=direct 2> /dev/null || exit 1; done"
ok 'traffic: running' r3_up
memory() { awk '/RssAnon/ {print $2}' "/proc/$(cat "$V/proxy/pid")/status"; }
mapfile -t files < <(texts)
# What eight open files take, and the ring when it is full, is there after this.
"$TOOLS/viewload" -n 20000 -j 8 "${files[@]}" > "$T/load"
before=$(memory)
is 'traffic: eight readers read every file' "$("$TOOLS/viewload" -n 20000 -j 8 "${files[@]}" | tee "$T/load" | awk '{print $4}')" 0
sed 's/^/# traffic: /' "$T/load" >&2
after=$(memory)
echo "# the proxy's memory: $before, then $after KiB" >&2
ok "traffic: the proxy's memory does not grow" [ $((after - before)) -lt 1024 ]
echo >&9
r3_wait
is 'traffic: no error' "$status" 0

# ---- a driver process that does not answer

r3_start run --name view --device qemu:e1000e --device testdev -- sh -c 'ip link set eth0 up; echo up; read -r x'
ok 'running' r3_up
kernel=$(process_of kernel)
kill -STOP "$kernel"
await "[ \$(awk '{print \$3}' /proc/$kernel/stat) = T ]"
mapfile -t files < <(texts)
is 'driver stopped: every file reads' "$("$TOOLS/viewload" -n 20000 -s "${files[@]}" | tee "$T/load" | awk '{print $4}')" 0
sed 's/^/# stopped: /' "$T/load" >&2
kill -CONT "$kernel"
echo >&9
r3_wait
is 'it goes on' "$status" 0

cp "$TOP/tests/panic/ring3_panic.ko" .
r3_start run --name view --device qemu:e1000e --hold -- sh -c "echo up; insmod $PWD/ring3_panic.ko spin=1"
ok 'interrupts off for ever: running' r3_up
mapfile -t files < <(texts)
is 'interrupts off for ever: every file reads' "$("$TOOLS/viewload" -n 20000 -s "${files[@]}" | tee "$T/load" | awk '{print $4}')" 0
sed 's/^/# spinning: /' "$T/load" >&2
kill -KILL "$(process_of kernel)"
ok 'killed: the state says so' await "grep -q killed '$V/kernel/state'"
mapfile -t files < <(texts)
is 'killed: every file reads' "$("$TOOLS/viewload" -n 20000 -s "${files[@]}" | tee "$T/load" | awk '{print $4}')" 0
sed 's/^/# killed: /' "$T/load" >&2
like 'killed: the log is there' "$V/kernel/log" 'Linux version'
like 'killed: the last accesses are there' "$V/crash/accesses" '^R 4 '
is 'killed: the reason' "$(wc -l < "$V/crash/reason")" 1
"$RING3" kill view
r3_wait
is 'killed: 255' "$status" 255
nothing_left 'a crash that was held'

# ---- killed parts leave no mount

for part in shim proxy; do
	r3_start run --name view --device testdev -- sh -c 'echo up; read -r x'
	ok "kill -9 of the $part: running" r3_up
	ok 'a view is mounted' mountpoint -q "$V"
	kill -KILL "$(process_of $part)"
	r3_wait
	ok 'nothing is mounted any more' await "! grep -q '$V' /proc/self/mountinfo"
	ok 'nor is the directory there' await "[ ! -e '$T/run/ring3/view' ]"
done
nothing_left 'kill -9'

# ---- bad places for a view

mkdir full empty
touch full/file
: > file
r3 run --view missing --device testdev -- true
is 'missing: 125' "$status" 125
like 'missing: says so' "$T/err" '^ring3: .*missing: No such file or directory; create'
r3 run --view full --device testdev -- true
is 'not empty: 125' "$status" 125
like 'not empty: says so' "$T/err" 'full: .*not empty'
r3 run --view file --device testdev -- true
is 'no directory: 125' "$status" 125
like 'no directory: says so' "$T/err" 'file: .*[Nn]ot a directory'
r3_start run --view empty --device testdev -- sh -c 'echo up; read -r x'
ok 'a place of my own' r3_up
is 'is where the view is' "$(cat empty/devices/0000:00:01.0/vendor)" 0x1234
held=$bg bg=
r3 run --view empty --device testdev -- true
is 'mounted already: 125' "$status" 125
like 'mounted already: says so' "$T/err" 'empty: the view of run .* is mounted there'
bg=$held
echo >&9
r3_wait
is 'the first goes on' "$status" 0
r3 run --device testdev -- true
is 'without --view the view is not needed' "$status" 0
# Users mount by fusermount3; here somebody has none of it.
if [ "$(id -u)" = 0 ]; then
	mkdir -m 777 theirs
	mknod -m 666 fuse c 10 229
	cat > nofuse.sh <<'END'
mount --bind /dev/null /usr/bin/fusermount3
mount --bind fuse /dev/fuse
exec setpriv --reuid 65534 --regid 65534 --clear-groups "$@"
END
	"$TOOLS/reap" -t 60 unshare -m sh nofuse.sh "$RING3" run --view "$PWD/theirs" --device testdev -- true \
		> "$T/out" 2> "$T/err"
	status=$?
	is 'no fusermount3: 125' "$status" 125
	like 'no fusermount3: says so' "$T/err" 'fusermount3.*apt-get install fuse3'
fi
mkdir regs
printf 'device 1234:7233\nCTRL 0 nonsense 4\n' > regs/bad.regs
RING3_REGISTERS=$PWD/regs r3 run --device testdev -- true
is 'a malformed register file: the run goes on' "$status" 0
like 'and its line is named' "$T/err" 'bad.regs:2: '
finish
