#!/bin/bash
# SPDX-License-Identifier: GPL-2.0
# demo.sh - three unmodified drivers at work: nvme, e1000e and the example for QEMU's edu device
#
# Run it through `make demo`, which builds what it needs.  It moves data through each driver,
# compares checksums, and ends with a table; the exit status is 0 only if all of it held.
set -euo pipefail
cd "$(dirname "$0")/.."

ring3=./ring3
tcp=build/tests/tcp
work=$(mktemp -d)
peer=
trap '[ -z "$peer" ] || kill "$peer" 2>/dev/null || :; rm -rf "$work"' EXIT

if [ -t 1 ]; then bold=$'\e[1m' plain=$'\e[0m'; else bold='' plain=''; fi
failed=0
: > "$work/report"

say() { printf '%s\n' "$*"; }
title() { printf '\n%s%s%s\n' "$bold" "$*" "$plain"; }
sum() { sha256sum < "$1" | cut -d' ' -f1; }

# check WHAT CMD...: one line of result.
check() {
	local what=$1
	shift
	if "$@"; then
		say "  ok      $what"
	else
		say "  FAILED  $what"
		failed=1
	fi
}

# The value of `NAME value` in the output of a run.
value() { sed -n "s/^$2 //p" "$work/$1.out" | head -1; }
same() { [ -n "$1" ] && [ "$1" = "$2" ]; }

# host NAME ARG...: run ring3, standard input from $work/NAME.in, standard output kept.
host() {
	local name=$1 start status=0
	shift
	say "  \$ ring3 run ${*//$work\//}"
	start=$(date +%s%N)
	"$ring3" run --timeout 300 "$@" < "$work/$name.in" > "$work/$name.out" || status=$?
	printf '%s %d.%d\n' took $((($(date +%s%N) - start) / 1000000000)) \
		$((($(date +%s%N) - start) / 100000000 % 10)) >> "$work/$name.out"
	check 'the command succeeded' [ "$status" -eq 0 ]
	report "$name"
}

report() {
	printf '%s\t%s\t%s\t%s\t%s\t%s s\n' "$(value "$1" driver)" "$(value "$1" device)" \
		"$(value "$1" bars)" "$(value "$1" interrupts)" "$(value "$1" dma)" \
		"$(value "$1" took)" >> "$work/report"
}

demo_nvme() {
	title "nvme: an ext4 file system on QEMU's NVMe disk"
	truncate -s 160M "$work/disk.img"
	head -c 64M /dev/urandom > "$work/nvme.in"
	host nvme --mem 256M --device "qemu:nvme,disk=$work/disk.img" -- sh examples/demo/nvme.sh
	check '64 MiB written, remounted and read: SHA-256 equal' \
		same "$(value nvme sha256)" "$(sum "$work/nvme.in")"
}

demo_e1000e() {
	title "e1000e: TCP through QEMU's e1000e to a peer on this machine"
	head -c 16M /dev/urandom > "$work/e1000e.in"
	head -c 16M /dev/urandom > "$work/down"
	"$tcp" serve "$work/port" "$work/down" "$work/up" 120 &
	peer=$!
	until [ -s "$work/port" ]; do
		kill -0 "$peer" || return 1
		sleep 0.05
	done
	host e1000e --mem 256M --device qemu:e1000e,net=user -- \
		sh examples/demo/e1000e.sh "$tcp" "$(cat "$work/port")"
	check 'the gateway 10.0.2.2 answered ping' same "$(value e1000e ping)" yes
	check '16 MiB down: SHA-256 equal' same "$(value e1000e sha256)" "$(sum "$work/down")"
	[ "$failed" -eq 0 ] || kill "$peer" 2>/dev/null || :
	wait "$peer" || :
	peer=
	check '16 MiB up: SHA-256 equal' same "$(sum "$work/up")" "$(sum "$work/e1000e.in")"
}

demo_edu() {
	title "edu: the driver in examples/edu, built for the hosted kernel on the fly"
	head -c 4095 /dev/urandom > "$work/edu.in"
	host edu --device qemu:edu,dma_mask=0xffffffff --driver examples/edu -- sh examples/demo/edu.sh
	check '12! computed by the device' same "$(value edu factorial)" 479001600
	check '4095 bytes to the device and back by DMA: SHA-256 equal' \
		same "$(value edu sha256)" "$(sum "$work/edu.in")"
}

demo_nvme
demo_e1000e
demo_edu

title 'Report'
sed -i $'1i driver\tdevice\tBARs\tinterrupts\tbytes by DMA\ttime' "$work/report"
awk -F'\t' '
	{ for (i = 1; i <= NF; i++) { cell[NR, i] = $i; if (length($i) > width[i]) width[i] = length($i) } }
	END {
		for (row = 1; row <= NR; row++) {
			line = ""
			for (i = 1; i <= 6; i++)
				line = line sprintf("  %" (i < 4 ? "-" : "") width[i] "s", cell[row, i])
			print line
		}
	}' "$work/report"
say
if [ "$failed" -ne 0 ]; then
	say 'Something above FAILED.'
	exit 1
fi
say 'Three drivers hosted, all checks held.'
