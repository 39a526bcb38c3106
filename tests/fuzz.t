#!/bin/bash
# SPDX-License-Identifier: GPL-2.0
# fuzz.t - a short run of every libFuzzer target: fuzz.t TARGET... or, from make, $FUZZ_TARGETS
#
# FUZZ_SECONDS (default 20) bounds each.  The corpus is kept in build/fuzz/corpus; a crash is written to
# build/fuzz/crash-TARGET-*, and running TARGET with that file repeats it.
set -u
cd "$(dirname "$0")/.." || exit 1

read -ra targets <<< "${*:-${FUZZ_TARGETS:-}}"
[ ${#targets[@]} -gt 0 ] || { echo "fuzz.t: no targets; use 'make fuzz'" >&2; exit 1; }
echo "1..${#targets[@]}"
n=0 failed=0
for target in "${targets[@]}"; do
	n=$((n + 1))
	name=${target##*/}
	corpus=build/fuzz/corpus/$name
	mkdir -p "$corpus"
	if "$target" -max_total_time="${FUZZ_SECONDS:-20}" -timeout=10 -rss_limit_mb=1024 \
		-artifact_prefix="build/fuzz/crash-$name-" "$corpus" > "build/fuzz/$name.log" 2>&1; then
		echo "ok $n - fuzz $name: $(grep -o 'Done [0-9]* runs' "build/fuzz/$name.log" | tail -1)"
	else
		failed=1
		echo "not ok $n - fuzz $name"
		tail -30 "build/fuzz/$name.log" | sed 's/^/# /' >&2
		echo "# repeat: $target build/fuzz/crash-$name-*" >&2
	fi
done
exit $failed
