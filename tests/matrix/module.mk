# SPDX-License-Identifier: GPL-2.0
# The driver matrix.

MATRIX_TOOLS := build/tests/pcm build/tests/fb build/tests/key build/tests/card build/tests/selftest

build/tests/%: tests/matrix/%.c
	@mkdir -p $(@D)
	$(say) CC $@
	$(Q)$(CC) $(CFLAGS_ALL) $(LDFLAGS_ALL) -static -o $@ $<

.PHONY: matrix

## matrix: every class of driver with real traffic; ROWS='NAME...' only those; MATRIX_JSON=FILE also writes JSON;
##   KERNEL=6.1 or KERNEL_SRC=DIR on another kernel, which does not become that of ./ring3;
##   KMEMLEAK=1 on one with kmemleak: the step cycles also looks for memory that was lost
matrix: build-all $(TEST_TOOLS) $(MATRIX_TOOLS)
	$(Q)tests/demo/prereqs.sh
	$(Q)dir=$$($(if $(filter 1,$(KMEMLEAK)),EXTRA_CONFIG=compat/linux/config.kmemleak )compat/linux/build.sh | \
		tail -n 1) && [ -n "$$dir" ] && RING3_KERNEL="$$dir" tests/matrix/run $(ROWS)
