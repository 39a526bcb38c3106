#!/bin/bash
# SPDX-License-Identifier: GPL-2.0
# 13-kunit.t - the KUnit suites of ring3's part of the kernel, run inside
# shellcheck source=SCRIPTDIR/../lib.sh
. "$(dirname "$0")/../lib.sh"

r3 run --device testdev --driver ring3_kunit -- sh -c '
	mount -t debugfs none /sys/kernel/debug && cat /sys/kernel/debug/kunit/*/results'
is 'status' "$status" 0
like 'the suites reported' "$T/out" '^ *1\.\.[0-9]+'

# A suite's tests are the indented lines, the suite itself the line without indent.
while IFS= read -r line; do
	case $line in
	'    '*'# SKIP'*) report 1 "${line#*ok } (skipped)" ;;
	'    ok '*) report 0 "${line#*ok }" ;;
	'    not ok '*) report 1 "${line#*ok }" ;;
	'not ok '*) report 1 "suite ${line#*ok }" ;;
	'ok '*) report 0 "suite ${line#*ok }" ;;
	esac
done < "$T/out"
ok 'there was something to run' [ "$count" -gt 5 ]
unlike 'nothing failed deeper down' "$T/out" '^ *not ok'

finish
