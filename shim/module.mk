# SPDX-License-Identifier: GPL-2.0
# The ring3 command and the guest init.

# The version is that of the checkout, or what an unpacked archive says.
RING3_VERSION := $(shell git describe --always --dirty 2>/dev/null || echo unknown)

SHIM_SRC := $(filter-out shim/main.c,$(wildcard shim/*.c))
# The names of registers and devices, and the client of device servers, are the proxy's and ours.
SHIM_SHARED := $(wildcard proxy/regs*.c) proxy/client.c proxy/client-io.c proxy/client-mailbox.c proxy/vfio/bdf.c
SHIM_OBJ := $(SHIM_SRC:%.c=$(B)/%.o) $(SHIM_SHARED:%.c=$(B)/%.o)
SHIM_LIBS := -lseccomp -ljson-c -lkmod -ldw -lelf -lpthread
SHIM_BIN := $(if $(filter build,$(B)),ring3,$(B)/ring3)
GUEST_SRC := $(wildcard shim/guest/*.c)
GUEST_OBJ := $(GUEST_SRC:%.c=build/%.o)

# Inside, every page touched is a fault of tens of microseconds: small, and in few pieces.
GUEST_CFLAGS := -std=gnu11 -D_GNU_SOURCE -Wall -Wextra -Werror -Wshadow -Wstrict-prototypes \
	-Wmissing-prototypes -Wpointer-arith -Wvla -fno-common -Os -g -fno-pie \
	-ffunction-sections -fdata-sections -fno-asynchronous-unwind-tables -I.
GUEST_LDFLAGS := -static -no-pie -Wl,--gc-sections -Wl,-z,norelro -Wl,-z,noseparate-code \
	-Wl,--build-id=none

ALL += $(SHIM_BIN) $(B)/guest.cpio

$(SHIM_BIN): $(B)/shim/main.o $(SHIM_OBJ)
	$(say) LD $@
	$(Q)$(CC) $(LDFLAGS_ALL) -o $@ $^ $(SHIM_LIBS)

$(B)/shim/%.o: shim/%.c
	$(say) CC $<
	$(Q)mkdir -p $(@D)
	$(Q)$(CC) $(CFLAGS_ALL) -MMD -MP -c -o $@ $<

$(B)/shim/main.o: CFLAGS_ALL += -DRING3_VERSION='"$(RING3_VERSION)"'

build/shim/guest/%.o: shim/guest/%.c
	$(say) CC $<
	$(Q)mkdir -p $(@D)
	$(Q)$(CC) $(GUEST_CFLAGS) -MMD -MP -c -o $@ $<

build/guest/init: $(GUEST_OBJ)
	$(say) LD $@
	$(Q)mkdir -p $(@D)
	$(Q)$(CC) $(GUEST_LDFLAGS) -s -o $@ $^

# /dev/console is a plain file: there is no console to open, and the kernel is content.
$(B)/guest.cpio: build/guest/init
	$(say) CPIO $@
	$(Q)mkdir -p $(@D)
	$(Q)mkdir -p build/guest/dev && : >build/guest/dev/console
	$(Q)cd build/guest && printf '%s\n' init dev dev/console | cpio -o -H newc --quiet -R 0:0 --reproducible >../guest.tmp
	$(Q)mv build/guest.tmp $@


SHIM_TESTS := $(patsubst tests/unit/%.c,$(B)/tests/unit/%,$(wildcard tests/unit/shim-*.c))
CHECK_UNIT += $(SHIM_TESTS)

$(SHIM_TESTS): $(B)/tests/unit/%: tests/unit/%.c tests/unit/shim-test.h $(SHIM_OBJ)
	$(say) CC $@
	$(Q)mkdir -p $(@D)
	$(Q)$(CC) $(CFLAGS_ALL) $(LDFLAGS_ALL) -o $@ $< $(SHIM_OBJ) $(SHIM_LIBS) -lcmocka

$(B)/tests/unit/shim-mailbox: CFLAGS_ALL += -DRING3_PROXY='"$(B)/ring3-proxy"'
$(B)/tests/unit/shim-mailbox: | $(B)/ring3-proxy

# Fuzz targets, built with clang whatever CC is.
SHIM_FUZZ := $(patsubst tests/fuzz/%.c,build/fuzz/%,$(wildcard tests/fuzz/shim-*.c))
FUZZ += $(filter-out $(FUZZ),$(SHIM_FUZZ))

$(SHIM_FUZZ): build/fuzz/%: tests/fuzz/%.c $(SHIM_SRC) $(SHIM_SHARED) $(wildcard shim/*.h)
	$(say) FUZZ $@
	$(Q)mkdir -p $(@D)
	$(Q)$(CLANG) -std=gnu11 -D_GNU_SOURCE -Wall -Wextra -Werror -O1 -g -I. \
		-fsanitize=fuzzer,address,undefined -fno-sanitize-recover=all \
		-o $@ $(filter %.c,$^) $(SHIM_LIBS)

-include $(SHIM_OBJ:.o=.d) $(B)/shim/main.d $(GUEST_OBJ:.o=.d)
