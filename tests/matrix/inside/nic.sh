# SPDX-License-Identifier: GPL-2.0
# shellcheck shell=bash disable=SC2154
# (SC2154: "answer" is set by ask, in main.sh)
# nic.sh - network cards on net=user: the gateway answers, TCP moves data both ways

nics() {
	local n
	for n in /sys/class/net/*; do
		[ ! -e "$n/device" ] || echo "${n##*/}"
	done
}

# No counter of errors may have moved, but those that the row sets IGNORE to, with the reason beside it.
check_nic() {
	local dev=$1 e
	ip link set "$dev" up
	ip addr add 10.0.2.15/24 dev "$dev"
	ip route add default via 10.0.2.2 dev "$dev"
	await "[ \$(cat /sys/class/net/$dev/carrier) = 1 ]" "$dev has no link"
	ping -q -c 3 -i 0.1 -W 5 10.0.2.2 > "$T/ping" || fail "$dev: the gateway does not answer"
	ask tcp
	"$TOOLS/tcp" swap 10.0.2.2 "$answer" random "$T/got" || fail "$dev: TCP"
	cmp random "$T/got" || fail "$dev: what came is not what was sent"
	ask tcp-end
	for e in rx_errors rx_crc_errors rx_frame_errors rx_length_errors tx_errors; do
		[[ ,${IGNORE:-}, == *,$e,* ]] && continue
		[ "$(cat "/sys/class/net/$dev/statistics/$e")" = 0 ] || fail "$dev: $e"
	done
	note_interrupts
	ip link set "$dev" down
	ip addr flush dev "$dev"
}

check() {
	local n list
	await "[ \$(nics | wc -w) -eq $DEVICES ]" 'no network interface'
	list=$(nics)
	for n in $list; do check_nic "$n"; done
	fact "verified ping, TCP both ways, sha256: $(echo $list)"
}
