# SPDX-License-Identifier: GPL-2.0
# shellcheck shell=bash
# drm.sh - /dev/dri/card0: modes set with dumb buffers drawn into before and after, seen in screendumps
# The row may set DRAW to the times of drawing; default: both.

check() {
	local word w h pid n=0 list=${DRAW:-before after}
	await '[ -c /dev/dri/card0 ]' 'no /dev/dri/card0'
	# shellcheck disable=SC2086 # words are meant
	coproc CARD { exec "$TOOLS/card" /dev/dri/card0 $list; }
	pid=$CARD_PID
	# The variables are gone when it ends.
	exec 6<&"${CARD[0]}" 7>&"${CARD[1]}"
	# Not as the loop's standard input, which ask() reads.
	while read -r -u 6 word w h; do
		ask screen "$word" "$w" "$h"
		echo >&7
		n=$((n + 1))
	done
	wait "$pid" || fail "/dev/dri/card0: card failed"
	exec 6<&- 7>&-
	[ $n -eq "$(wc -w <<< "$list")" ] || fail "$n pictures of: $list"
	fact "verified /dev/dri/card0 ${w:-} mode set, drawn $list, against screendumps"
}
