#!/bin/bash
# SPDX-License-Identifier: GPL-2.0
# 25-coverage.t - ring3 run --coverage: which lines of a driver were executed
# shellcheck source=SCRIPTDIR/../lib.sh
. "$(dirname "$0")/../lib.sh"

# Drivers of a hosted kernel that is somebody else's are built there, and stay.
export XDG_CACHE_HOME=$T/w/cache

cp -r "$TOP/examples/edu" edu
(cd edu && rm -f ./*.ko ./*.o ./*.mod ./*.mod.c .*.cmd modules.order Module.symvers ./*.gcno)
device=qemu:edu,dma_mask=0xffffffff

# hits FILE.info SOURCE PATTERN: how often the first line of SOURCE that has PATTERN was executed.
hits() {
	local line
	line=$(grep -nF -- "$3" "$2" | head -1 | cut -d: -f1)
	awk -F'[:,]' -v file="$(realpath "$2")" -v line="$line" '
		$1 == "SF" { here = substr($0, 4) == file }
		here && $1 == "DA" && $2 == line { print $3 }' "$1"
}

# called FILE.info FUNCTION
called() { sed -n "s/^FNDA:\([0-9]*\),$2\$/\1/p" "$1"; }

# The sources in FILE.info that are not in directory $2.
strangers() { sed -n 's/^SF://p' "$1" | grep -vF "$2/"; }

r3 run --device $device --driver ./edu --coverage edu.info -- sh -c 'echo 5 > /sys/class/misc/edu/device/factorial; exit 3'
is 'the status is CMD'"'"'s' "$status" 3
is 'and nothing is said' "$(cat "$T/out" "$T/err")" ''
is 'a line of probe was executed once' "$(hits edu.info edu/edu.c 'mutex_init(&edu->lock);')" 1
is 'an error path was not' "$(hits edu.info edu/edu.c '"liveness check failed')" 0
is 'the interrupt handler, once' "$(called edu.info edu_irq)" 1
is 'a function that nobody called' "$(called edu.info edu_read)" 0
is 'remove was not called' "$(called edu.info edu_remove)" 0
is 'no file is outside the driver' "$(strangers edu.info "$T/w/edu")" ''
is 'a line without code has no count' "$(hits edu.info edu/edu.c 'Theory of operation')" ''
like 'there are branches' edu.info '^BRDA:[0-9]+,0,0,[1-9]'
if command -v lcov > /dev/null; then
	lcov --summary edu.info > "$T/out" 2> "$T/err"
	status=$?
	is 'lcov reads it' "$status" 0
	like 'lines' "$T/out" 'lines.*: [1-9][0-9.]*%'
fi

r3 run --device $device --driver ./edu --coverage edu.info -- rmmod edu
is 'a module that was unloaded has not lost its counts' "$(called edu.info edu_remove)" 1
is 'the file is replaced' "$(called edu.info edu_irq)" 0
r3 run --device $device --driver edu/edu.ko --coverage ko.info -- true
is 'a file that was built so' "$(called ko.info edu_probe)" 1
r3 build edu
is 'a build without --coverage' "$status" 0
ok 'has no counters' sh -c '! nm edu/edu.ko | grep -q gcov'
r3 run --device $device --driver edu/edu.ko --coverage ko.info -- true
is 'its file is refused' "$status" 125
like 'with the reason' "$T/err" 'edu.ko was not built for that; name its directory'

r3 run --device qemu:e1000e,net=user --driver e1000e --coverage e1000e.info -- ip link set eth0 up
is 'a driver of the hosted kernel: status' "$status" 0
is 'its probe' "$(called e1000e.info e1000_probe)" 1
is 'its open' "$(called e1000e.info e1000e_open)" 1
ok 'several sources' [ "$(grep -c '^SF:' e1000e.info)" -gt 5 ]
is 'none is elsewhere' "$(strangers e1000e.info /drivers/net/ethernet/intel/e1000e)" ''
truncate -s 8M disk
r3 run --device qemu:nvme,disk=disk --driver nvme --coverage nvme.info -- head -c 4096 /dev/nvme0n1
is 'a driver of two modules: the one' "$(called nvme.info nvme_probe)" 1
ok 'and the other' [ "$(called nvme.info nvme_init_ctrl)" -gt 0 ]

r3 run --device $device --coverage x.info -- true
is '--coverage without --driver: status' "$status" 125
like 'says what is missing' "$T/err" 'driver'
r3 run --device $device --driver ./edu --coverage /nowhere/x.info -- true
is 'a file that cannot be written: status' "$status" 125
cp -r "$TOP/tests/panic" mine
r3 run --driver mine --coverage x.info -- true
is 'a crash: its status' "$status" 255
like 'and a word on the missing file' "$T/err" 'coverage: nothing came from the driver'
ok 'there is none' [ ! -e x.info ]

finish
