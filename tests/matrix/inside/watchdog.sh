# SPDX-License-Identifier: GPL-2.0
# shellcheck shell=bash
# watchdog.sh - kept alive it is quiet; left alone it fires, which QEMU reports

check() {
	await '[ -c /dev/watchdog ]' 'no /dev/watchdog'
	exec 5> /dev/watchdog
	# Past its two seconds: writes keep it from firing.
	for _ in 1 2 3 4 5; do
		printf . >&5
		sleep 0.7
	done
	ask watchdog-quiet
	ask watchdog-fires
	printf V >&5
	exec 5>&-
	fact 'verified quiet while written to, WATCHDOG event when not'
}
