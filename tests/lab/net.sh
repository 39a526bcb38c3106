#!/bin/sh
# SPDX-License-Identifier: GPL-2.0
# net.sh - a network card at work, hosted or not: net.sh TCP PORT FILE
#
# Brings the card up, pings QEMU's gateway, and sends FILE over TCP to a peer behind the
# gateway, on PORT, that sends it back.
# Prints `driver NAME`, `pinged`, `echoed` and `interrupts yes`.
set -e
for dir in /sys/class/net/*; do
	[ ! -e "$dir/device" ] || dev=${dir##*/}
done
# QEMU's e1000e drops what it sends from a buffer that it cannot map in one piece, for ever, and through an
# IOMMU that is one which crosses into a page that is elsewhere (hw/net/net_tx_pkt.c): send from single
# pages.  The models of older cards, and real ones, do not mind.
single=/proc/sys/net/core/high_order_alloc_disable
[ ! -w $single ] || echo 1 > $single
ip link set "$dev" up
ip addr add 10.0.2.15/24 dev "$dev"
ip route add default via 10.0.2.2
tries=200
# A card that does not see its cable says "unknown".
while [ "$(cat "/sys/class/net/$dev/operstate")" = down ]; do
	tries=$((tries - 1))
	[ $tries -gt 0 ]
	sleep 0.1
done
echo "driver $(basename "$(readlink -f "/sys/class/net/$dev/device/driver")")"
# Three answers, however many are lost: QEMU's e1000 hears nothing for half a second after it told that its
# link is up, and native drivers are no better off.
ping -q -c 3 -i 0.2 -w 10 10.0.2.2 > /dev/null && echo pinged
"$1" swap 10.0.2.2 "$2" "$3" /tmp/echo
cmp "$3" /tmp/echo && echo echoed
rm /tmp/echo
irq=$(readlink -f "/sys/class/net/$dev/device")
irqs=$(ls "$irq/msi_irqs" 2> /dev/null || cat "$irq/irq")
for irq in $irqs; do
	awk -v irq="$irq:" '$1 == irq { for (i = 2; i <= NF && $i ~ /^[0-9]+$/; i++) n += $i }
		END { if (n > 0) print "interrupts yes" }' /proc/interrupts
done | head -1
ip addr flush dev "$dev"
ip link set "$dev" down
