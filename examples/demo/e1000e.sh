#!/bin/sh
# SPDX-License-Identifier: GPL-2.0
# e1000e.sh - the part of the demo inside: e1000e.sh TCP PORT; the file to send comes on stdin
set -e
. examples/demo/report.sh

cat > /tmp/up
for dir in /sys/class/net/*; do
	[ ! -e "$dir/device" ] || dev=${dir##*/}
done
ip link set "$dev" up
ip addr add 10.0.2.15/24 dev "$dev"
ip route add default via 10.0.2.2
tries=100
until [ "$(cat "/sys/class/net/$dev/operstate")" = up ]; do
	tries=$((tries - 1))
	[ $tries -gt 0 ]
	sleep 0.1
done
ping -q -c 3 -i 0.2 -W 5 10.0.2.2 > /tmp/ping && echo 'ping yes'
"$1" swap 10.0.2.2 "$2" /tmp/up /tmp/down
echo "sha256 $(sha256sum < /tmp/down | cut -d' ' -f1)"

stats=/sys/class/net/$dev/statistics
report "$(readlink -f "/sys/class/net/$dev/device")" \
	$(($(cat "$stats/rx_bytes") + $(cat "$stats/tx_bytes")))
