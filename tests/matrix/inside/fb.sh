# SPDX-License-Identifier: GPL-2.0
# shellcheck shell=bash
# fb.sh - DRM's fbdev: a mode set, a picture written and one drawn through mmap, both seen in screendumps
# The row may set DRAW to one of them.

check() {
	local how size
	await '[ -c /dev/fb0 ]' 'no /dev/fb0'
	for how in ${DRAW:-write mmap}; do
		size=$("$TOOLS/fb" /dev/fb0 "$how") || fail "/dev/fb0: $how"
		ask "screen $how $size"
	done
	fact "verified /dev/fb0 $size, ${DRAW:-write mmap}, against screendumps"
}
