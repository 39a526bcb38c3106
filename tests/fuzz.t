#!/bin/bash
# SPDX-License-Identifier: GPL-2.0
# fuzz.t - a short run of every libFuzzer target: fuzz.t TARGET... or, from make, $FUZZ_TARGETS
#
# FUZZ_SECONDS (default 60) bounds each; as many run at once as there are processors.  It begins with what
# tests/fuzz/corpus has for a target; what it finds besides is kept in build/fuzz/corpus.  A crash is written
# to build/fuzz/crash-TARGET-*, and running TARGET with that file repeats it.
set -u
cd "$(dirname "$0")/.." || exit 1

read -ra targets <<< "${*:-${FUZZ_TARGETS:-}}"
[ ${#targets[@]} -gt 0 ] || { echo "fuzz.t: no targets; use 'make fuzz'" >&2; exit 1; }
echo "1..${#targets[@]}"
failed=0
declare -A names

start() {
	local target=$1 name=${1##*/}
	local dirs=("build/fuzz/corpus/$name")

	mkdir -p "${dirs[0]}"
	if [ -f "tests/fuzz/corpus/$name" ]; then
		tests/fuzz/corpus.py unpack "tests/fuzz/corpus/$name" "build/fuzz/seeds/$name" || exit 1
		dirs+=("build/fuzz/seeds/$name")
	fi
	"$target" -max_total_time="${FUZZ_SECONDS:-60}" -timeout=10 -rss_limit_mb=1024 \
		-artifact_prefix="build/fuzz/crash-$name-" "${dirs[@]}" > "build/fuzz/$name.log" 2>&1 &
	names[$!]=$target
}

# Wait for one that ends, and report it.
reap() {
	local pid status=0 target name

	wait -n -p pid || status=$?
	target=${names[$pid]} name=${names[$pid]##*/}
	n=$((n + 1))
	if [ "$status" -eq 0 ]; then
		echo "ok $n - fuzz $name: $(grep -ao 'Done [0-9]* runs' "build/fuzz/$name.log" | tail -1)"
	else
		failed=1
		echo "not ok $n - fuzz $name"
		tail -30 "build/fuzz/$name.log" | sed 's/^/# /' >&2
		echo "# repeat: $target build/fuzz/crash-$name-*" >&2
	fi
}

n=0 started=0
for target in "${targets[@]}"; do
	[ $((started - n)) -lt "$(nproc)" ] || reap
	start "$target"
	started=$((started + 1))
done
while [ "$n" -lt "$started" ]; do reap; done
exit $failed
