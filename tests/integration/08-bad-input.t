#!/bin/bash
# SPDX-License-Identifier: GPL-2.0
# 08-bad-input.t - each mistake gets one clear line and 125, and leaves nothing
# shellcheck source=SCRIPTDIR/../lib.sh
. "$(dirname "$0")/../lib.sh"

# bad NAME RE ARG...: status 125 and one line on stderr that matches RE.
bad() {
	local name=$1 re=$2
	shift 2
	r3 "$@"
	is "$name: 125" "$status" 125
	is "$name: one line" "$(wc -l < "$T/err")" 1
	like "$name: says so" "$T/err" "$re"
	is "$name: nothing on stdout" "$(cat "$T/out")" ''
}
bad_run() {
	bad "$1" "$2" run "${@:3}" -- true
}

# Devices
bad_run 'an unknown backend' 'quemu.*qemu' --device quemu:e1000e
bad_run 'an unknown model' 'e1000f.*e1000e' --device qemu:e1000f
bad_run 'a model far from any' 'no-such-thing' --device qemu:no-such-thing
bad_run 'a QEMU device that is no PCI device' 'usb-kbd' --device qemu:usb-kbd
bad_run 'no model' 'qemu' --device qemu:
bad_run 'an empty device' 'device' --device ''
bad_run 'a backend alone' 'qemu' --device qemu
bad_run 'a model for testdev' 'testdev' --device testdev:x
bad_run 'an unknown property of testdev' 'colour' --device testdev,colour=blue
r3 run --device qemu:e1000e,colour=blue -- true
is 'a property QEMU rejects: 125' "$status" 125
like 'a property QEMU rejects: QEMU'"'"'s own words' "$T/err" "(Property|property).*colour"
r3 run --device qemu:e1000e,mac=nonsense -- true
is 'a value QEMU rejects: 125' "$status" 125
like 'a value QEMU rejects: QEMU'"'"'s own words' "$T/err" "mac.*nonsense|nonsense.*mac|doesn't take value"
bad_run 'a slot out of range' 'addr.*(40|20)' --device testdev,addr=40.0
bad_run 'a function out of range' 'addr' --device testdev,addr=3.8
bad_run 'a slot that is no number' 'addr.*zz' --device testdev,addr=zz
bad_run 'one slot twice' '3\.0' --device testdev,addr=3.0 --device qemu:e1000e,addr=3.0
bad_run 'a comma at the end' 'testdev' --device testdev,
bad_run 'an unknown network' 'net.*carrier-pigeon' --device qemu:e1000e,net=carrier-pigeon

# Disks
bad_run 'a missing disk file' 'missing\.img' --device qemu:nvme,disk=missing.img
mkdir adir
bad_run 'a directory as disk' 'adir' --device qemu:nvme,disk=adir
bad_run 'no disk file named' 'disk' --device qemu:nvme,disk=
truncate -s 1M d.img
bad_run 'one disk for two devices' 'd\.img' --device qemu:nvme,disk=d.img --device qemu:nvme,disk=d.img
r3_start run --device qemu:nvme,disk=d.img -- sh -c 'echo up; read -r x || :'
ok 'a run that holds the disk' r3_up
held=$bg
bg=
r3 run --device qemu:nvme,disk=d.img -- true
is 'a disk in use: 125' "$status" 125
is 'a disk in use: one line' "$(wc -l < "$T/err")" 1
like 'a disk in use: its name' "$T/err" 'd\.img.*(use|lock)|(use|lock).*d\.img'
bg=$held
r3_wait
is 'the first run did not notice' "$status" 0

# Missing parts
RING3_KERNEL=$T/nowhere bad_run 'a missing kernel' 'make kernel' --device testdev
RING3_KERNEL_DEBUG=$T/nowhere bad_run 'a missing debug kernel' 'make kernel FLAVOR=debug' --flavor debug
bad_run 'a flavor that is none' 'default and debug' --flavor slow
mkdir "$T/empty"
chmod 755 "$T/empty"
real_as=${AS[*]:-}
PATH_WAS=$PATH
for p in setpriv env; do ln -s "$(command -v $p)" "$T/empty/"; done
give_away
last='PATH=EMPTY ring3 run --device qemu:e1000e -- true'
PATH=$T/empty "$TOOLS/reap" -t 30 "${AS[@]}" "$RING3" run --device qemu:e1000e -- true > "$T/out" 2> "$T/err"
status=$?
PATH=$PATH_WAS
is 'missing QEMU: 125' "$status" 125
is 'missing QEMU: one line' "$(wc -l < "$T/err")" 1
like 'missing QEMU: the command that fixes it' "$T/err" 'apt-get install.*qemu-system-x86'
is 'the user is as before' "${AS[*]:-}" "$real_as"

# Drivers
bad_run 'a driver that is not there' 'no-such-driver' --driver no-such-driver
bad_run 'a driver misspelt' 'e1000f.*e1000e' --driver e1000f
bad_run 'a .ko that is not there' 'missing\.ko' --driver ./missing.ko
bad_run 'a directory without a Kbuild' 'adir.*Kbuild' --driver ./adir
echo 'not a module' > text.ko
bad_run 'a .ko that is none' 'text\.ko' --driver ./text.ko
sed 's/vermagic=[0-9]/vermagic=3/' "$TOP/tests/testdev/ring3_testdev.ko" > other.ko
bad_run 'a .ko for another kernel' 'other\.ko.*(3\.|kernel)' --device testdev --driver ./other.ko

mkdir broken
echo 'obj-m := broken.o' > broken/Kbuild
printf '#include <linux/module.h>\nint x = this_is_not_declared;\n' > broken/broken.c
r3 run --driver ./broken -- true
is 'a Kbuild that fails: 125' "$status" 125
like 'a Kbuild that fails: the compiler'"'"'s words' "$T/err" 'broken\.c:2:.*this_is_not_declared'
is 'a Kbuild that fails: and one line of ours' "$(grep -c '^ring3' "$T/err")" 1
r3 build ./broken
is 'ring3 build that fails: 125' "$status" 125
like 'ring3 build that fails: the compiler'"'"'s words' "$T/err" 'broken\.c:2:.*this_is_not_declared'
cp -r broken 'bro ken'
bad 'a Kbuild in a path with a blank' "Kbuild cannot build in a path with ' '" build './bro ken'
if [ "$(id -u)" -ne 0 ] || [ ${#AS[@]} -gt 0 ]; then
	bad 'a Kbuild where nothing may be written' 'cannot write to .*copy it' build "$TOP/tests/panic"
fi
bad 'ring3 build of nothing' 'nowhere' build ./nowhere
bad 'ring3 build without a directory' '(directory|DIR)' build
r3 run --driver e1000e -- true
is 'no device for the driver: not an error' "$status" 0
is 'no device for the driver: one warning' "$(wc -l < "$T/err")" 1
like 'no device for the driver: with its name' "$T/err" 'e1000e'

# Sizes and numbers
for mem in 0 12Q -64M '' x 1K 64T 99999999999999999999 0x 1.5G '64 M'; do
	bad_run "--mem '$mem'" '(mem|memory)' --mem "$mem"
done
for seconds in x -1 '' 1e 99999999999999999999; do
	bad_run "--timeout '$seconds'" 'timeout' --timeout "$seconds"
done
bad_run 'an unknown option' 'no-such-option' --no-such-option
bad_run 'an option without its value' '(device|argument|value)' --device
bad_run '--rw of nothing' 'nowhere' --rw ./nowhere
bad 'an unknown command' 'no-such-command' no-such-command
bad 'no command' '(help|usage|Usage)'
last="(ulimit -f 64; ring3 run -- true)"
give_away
(ulimit -f 64; exec "$TOOLS/reap" -t 30 "${AS[@]}" "$RING3" run -- true > "$T/out" 2> "$T/err")
status=$?
is 'no space for the RAM file: 125' "$status" 125
is 'no space for the RAM file: one line' "$(wc -l < "$T/err")" 1
like 'no space for the RAM file: says so' "$T/err" '(RAM|memory).*(--mem|mem|limit|large|space)'

long=$T/w/$(printf 'x%.0s' {1..150})
"$TOOLS/reap" -t 30 "${AS[@]}" "$(dirname "$RING3")/build/ring3-proxy" --device testdev --listen "$long" \
	> "$T/out" 2> "$T/err"
status=$? last="ring3-proxy --device testdev --listen $long"
is 'a socket path too long: 125' "$status" 125
is 'a socket path too long: one line' "$(wc -l < "$T/err")" 1
like 'a socket path too long: says so' "$T/err" '(too long|107|108)'

"$TOOLS/reap" -t 30 "${AS[@]}" "$(dirname "$RING3")/build/ring3-proxy" --device testdev --listen '' \
	> "$T/out" 2> "$T/err"
status=$? last="ring3-proxy --device testdev --listen ''"
is 'an empty socket path: 125' "$status" 125
is 'an empty socket path: one line' "$(wc -l < "$T/err")" 1

r3 run --qemu '-device nix' --device qemu:edu -- true
is 'a wrong --qemu: 125' "$status" 125
like 'a wrong --qemu: it is blamed, not the device' "$T/err" "^ring3: QEMU cannot start: -device nix: .*; see --qemu$"

echo precious > file
"$TOOLS/reap" -t 30 "${AS[@]}" "$(dirname "$RING3")/build/ring3-proxy" --device testdev --listen "$T/w/file" \
	> "$T/out" 2> "$T/err"
status=$? last="ring3-proxy --device testdev --listen $T/w/file"
is 'a file where the socket should be: 125' "$status" 125
is 'a file where the socket should be: one line' "$(wc -l < "$T/err")" 1
is 'a file where the socket should be: it is still there' "$(cat file)" precious

# As many processes as the run itself needs, and none for the hosted kernel.
if [ ${#AS[@]} -gt 0 ]; then
	(ulimit -u 3; exec "$TOOLS/reap" -t 30 "${AS[@]}" "$RING3" run -- true > "$T/out" 2> "$T/err")
	status=$? last='ulimit -u 3; ring3 run -- true'
	[ -s "$T/err" ] || [ "$status" -eq 0 ] || report 1 'no more processes: nothing is said'
fi

finish
