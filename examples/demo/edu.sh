#!/bin/sh
# SPDX-License-Identifier: GPL-2.0
# edu.sh - the part of the demo inside: factorial and DMA; the bytes to move come on stdin
set -e
. examples/demo/report.sh

pci=/sys/class/misc/edu/device
echo 12 > $pci/factorial
echo "factorial $(cat $pci/factorial)"
cat > /tmp/bytes
cat /tmp/bytes > /dev/edu
echo "sha256 $(head -c 4095 /dev/edu | sha256sum | cut -d' ' -f1)"
report "$(readlink -f $pci)" "$(cat $pci/dma_bytes)"
