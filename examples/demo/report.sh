# SPDX-License-Identifier: GPL-2.0
# shellcheck shell=sh
# report.sh - facts about a device and its driver, as "name value" lines; sourced by the others
#
# report PCI-DIRECTORY DMA-BYTES

human() {
	if [ "$1" -ge 1048576 ]; then echo "$(($1 / 1048576))M"
	elif [ "$1" -ge 1024 ]; then echo "$(($1 / 1024))K"
	else echo "$1"; fi
}

# The sizes of the BARs, from lines of "start end flags".
bars() {
	n=0
	list=
	while read -r start end flags && [ $n -lt 6 ]; do
		if [ $((flags)) -ne 0 ]; then
			kind=
			[ $((flags & 0x100)) -eq 0 ] || kind=' ports'
			list="$list${list:+, }$n:$(human $((end - start + 1)))$kind"
		fi
		n=$((n + 1))
	done < "$1/resource"
	echo "$list"
}

# Interrupts taken, over all of the device's vectors, or on its line if it has none.
interrupts() {
	if [ -d "$1/msi_irqs" ]; then irqs=$(ls "$1/msi_irqs"); else irqs=$(cat "$1/irq"); fi
	total=0
	for irq in $irqs; do
		count=$(awk -v irq="$irq:" '$1 == irq { print $2 }' /proc/interrupts)
		total=$((total + ${count:-0}))
	done
	echo $total
}

report() {
	echo "driver $(basename "$(readlink -f "$1/driver")")"
	echo "device $(basename "$(readlink -f "$1")") $(sed 's/0x//' "$1/vendor"):$(sed 's/0x//' "$1/device")"
	echo "bars $(bars "$1")"
	echo "interrupts $(interrupts "$1")"
	echo "dma $2"
}
