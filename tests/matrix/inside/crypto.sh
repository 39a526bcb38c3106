# SPDX-License-Identifier: GPL-2.0
# shellcheck shell=bash
# crypto.sh - AES-CBC by the device, against the kernel's own

check() {
	await 'grep -q "^driver.*: virtio_crypto_aes_cbc" /proc/crypto' 'no virtio_crypto_aes_cbc'
	python3 "$TOP/tests/matrix/inside/crypto.py" virtio_crypto_aes_cbc || fail 'what the device made differs'
	fact 'verified AES-CBC both ways, 1 MiB, against aes-generic'
}
