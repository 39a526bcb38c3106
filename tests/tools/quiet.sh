#!/bin/bash
# SPDX-License-Identifier: GPL-2.0
# quiet.sh - run a test; what it says on stderr is shown only if it fails
set -u
err=$(mktemp)
trap 'rm -f "$err"' EXIT
"$@" 2> "$err"
status=$?
[ $status -eq 0 ] || cat "$err" >&2
exit $status
