#!/bin/bash
# SPDX-License-Identifier: GPL-2.0
# quiet.sh - run a test; what it says on stderr is shown only if it fails
#
# One that has not ended after TEST_SECONDS is ended with all that it started: a test
# that hangs fails by its name.
set -um
err=$(mktemp)
trap 'rm -f "$err"' EXIT
limit=${TEST_SECONDS:-900}
timeout --verbose --kill-after=30 "$limit" "$@" < /dev/null 2> "$err" &
test=$!
trap 'kill -TERM -- -$test' INT TERM HUP QUIT
wait $test
status=$?
[ $status -ne 124 ] && [ $status -ne 137 ] || echo "$*: not ended after $limit s" >> "$err"
[ $status -eq 0 ] || cat "$err" >&2
exit $status
