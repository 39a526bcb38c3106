# SPDX-License-Identifier: GPL-2.0
# shellcheck shell=bash
# echo.sh - a character device whose other end, on the host, sends back what comes
# The row sets PORT to the device and BYTES to how much.

check() {
	local sum
	await "[ -c $PORT ]" "no $PORT"
	[ "${TTY:-0}" = 0 ] || stty -F "$PORT" raw -echo 115200
	head -c "$BYTES" random > "$T/out"
	sum=$(sha256sum < "$T/out")
	exec 5<> "$PORT"
	cat "$T/out" >&5 &
	# In the foreground: a terminal that this session opened stops readers in the background.
	timeout --foreground 60 head -c "$BYTES" <&5 > "$T/in" || fail "$PORT: only $(stat -c %s "$T/in") of $BYTES bytes came back"
	wait $!
	note_interrupts
	exec 5>&-
	[ "$(sha256sum < "$T/in")" = "$sum" ] || fail "$PORT: what came back differs"
	fact "verified echo of $BYTES bytes through $PORT"
}
