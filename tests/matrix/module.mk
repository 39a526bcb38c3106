# SPDX-License-Identifier: GPL-2.0
# The driver matrix.

MATRIX_TOOLS := build/tests/pcm build/tests/fb build/tests/key build/tests/card build/tests/selftest

build/tests/%: tests/matrix/%.c
	@mkdir -p $(@D)
	$(say) CC $@
	$(Q)$(CC) $(CFLAGS_ALL) $(LDFLAGS_ALL) -static -o $@ $<

.PHONY: matrix

## matrix: every class of driver with real traffic; ROWS='NAME...' only those; MATRIX_JSON=FILE also writes JSON
matrix: test-inside $(MATRIX_TOOLS)
	$(Q)tests/matrix/run $(ROWS)
