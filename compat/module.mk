# SPDX-License-Identifier: GPL-2.0
# The hosted kernel.

.PHONY: kernel
## kernel: fetch and build the hosted kernel (KERNEL=6.12, KERNEL_SRC=DIR, JOBS=N)
kernel:
	$(Q)mkdir -p build
	$(Q)dir=$$(compat/linux/build.sh | tail -n 1) && [ -n "$$dir" ] && ln -sfn "$$dir" build/kernel
	$(say) KERNEL "$$(readlink build/kernel)"
