#!/bin/bash
# SPDX-License-Identifier: GPL-2.0
# 03-panic.t - a driver that panics: 255, and its decoded stack on stderr
# shellcheck source=SCRIPTDIR/../lib.sh
. "$(dirname "$0")/../lib.sh"

cp "$TOP/tests/panic/ring3_panic.ko" .
ko=./ring3_panic.ko
src=$TOP/tests/panic/ring3_panic.c
line_of() { grep -n "step $1" "$src" | cut -d: -f1; }

r3 run --driver "$ko" -- true
is 'a module that calls panic() as it loads: 255' "$status" 255
like 'the reason' "$T/err" 'ring3_panic: on purpose, depth 2'
for f in inner middle outer; do
	like "the stack has ring3_panic_$f() at its line" "$T/err" \
		"ring3_panic_$f.*ring3_panic\.c:$(line_of "$f")\b"
done
is 'nothing on stdout' "$(cat "$T/out")" ''

r3 run -- sh -c "echo before; insmod $ko; echo after"
is 'loaded by CMD: 255' "$status" 255
is 'what CMD wrote before is there' "$(cat "$T/out")" before
like 'decoded too' "$T/err" "ring3_panic_inner.*ring3_panic\.c:$(line_of inner)\b"

r3 run --timeout 20 --driver "$ko beyond=1" -- true
is 'one that reads behind the end of what vmalloc gave it: 255' "$status" 255
like 'decoded' "$T/err" "ring3_panic_beyond.*ring3_panic\.c:$(line_of beyond)\b"

r3 run --device testdev --device qemu:e1000e --driver "$ko" -- true
is 'with devices: 255' "$status" 255

cp -r "$TOP/tests/panic" mine
r3 run --driver mine -- true
is 'built from a directory: 255' "$status" 255
like 'decoded with the lines of that directory' "$T/err" \
	"ring3_panic_middle.*ring3_panic\.c:$(line_of middle)\b"

finish
