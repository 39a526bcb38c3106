#!/bin/bash
# SPDX-License-Identifier: GPL-2.0
# build-modules.sh - build the tests' kernel modules for the hosted kernel, in place
set -euo pipefail
cd "$(dirname "$0")/.."

# kbuild does not notice that it builds for another kernel than last time.
stamp=build/tests/modules-for
mkdir -p build/tests
kernel=$(readlink -f "${RING3_KERNEL:-build/kernel}")
# The example's own directory stays as it is.
rm -rf build/tests/edu
mkdir build/tests/edu
cp examples/edu/Kbuild examples/edu/edu.c build/tests/edu/
for dir in tests/testdev tests/panic tests/strict tests/attacks/module tests/bench/readl build/tests/edu; do
	if [ "$(cat $stamp 2>/dev/null)" != "$kernel" ]; then
		find "$dir" \( -name '*.ko' -o -name '*.o' -o -name '*.mod' -o -name '*.mod.c' \
			-o -name '.*.cmd' -o -name Module.symvers -o -name modules.order \) -delete
	fi
	./ring3 build "$dir" > build/tests/modules.log 2>&1 || { cat build/tests/modules.log >&2; exit 1; }
done
echo "$kernel" > $stamp
