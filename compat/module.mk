# SPDX-License-Identifier: GPL-2.0
# The hosted kernel.

.PHONY: kernel
## kernel: fetch and build the hosted kernel (KERNEL=6.12, KERNEL_SRC=DIR, JOBS=N); FLAVOR=debug: the one
##   of --flavor debug
FLAVOR ?= default
KERNEL_LINK := build/kernel$(if $(filter-out default,$(FLAVOR)),-$(FLAVOR))
kernel:
	$(Q)mkdir -p build
	$(Q)dir=$$(FLAVOR='$(FLAVOR)' compat/linux/build.sh | tail -n 1) && [ -n "$$dir" ] && \
		ln -sfn "$$dir" $(KERNEL_LINK)
	$(say) KERNEL "$$(readlink $(KERNEL_LINK))"

# The libc side is tested outside the kernel.
COMPAT_TESTS := $(patsubst tests/unit/%.c,$(B)/tests/unit/%,$(wildcard tests/unit/compat-*.c))
CHECK_UNIT += $(COMPAT_TESTS)

$(B)/tests/unit/compat-event: compat/ring3/event_user.c compat/ring3/map_user.c
$(B)/tests/unit/compat-trap: compat/ring3/trap_user.c
$(COMPAT_TESTS): $(B)/tests/unit/%: tests/unit/%.c compat/ring3/user.h
	$(say) CC $@
	$(Q)mkdir -p $(@D)
	$(Q)$(CC) $(CFLAGS_ALL) -Iproxy $(LDFLAGS_ALL) -o $@ $(filter %.c,$^) -lpthread -lcmocka
