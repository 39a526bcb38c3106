# SPDX-License-Identifier: GPL-2.0
# ring3-proxy, its unit tests and fuzz targets.

# client-io.c is for the hosted kernel and tools; proxy/vfio-user/peer.c takes its place.
PROXY_SRC := $(filter-out proxy/client-io.c,$(sort $(wildcard proxy/*.c proxy/testdev/*.c \
	proxy/qemu/*.c proxy/vfio/*.c proxy/vfio-user/*.c proxy/view/*.c)))
PROXY_OBJ := $(PROXY_SRC:%.c=$(B)/%.o)
PROXY_LIBS := -ljson-c -lfuse3 -lseccomp -lpthread

ALL += $(B)/ring3-proxy

$(B)/ring3-proxy: $(PROXY_OBJ)
	$(say) LD $@
	$(Q)$(CC) $(LDFLAGS_ALL) -o $@ $^ $(PROXY_LIBS)

$(B)/proxy/%.o: proxy/%.c
	@mkdir -p $(@D)
	$(say) CC $@
	$(Q)$(CC) $(CFLAGS_ALL) -MMD -MP -c -o $@ $<

# Unit tests: tests/unit/proxy-*.c, each one cmocka binary with the whole proxy but main().
PROXY_UNIT := $(patsubst tests/unit/%.c,$(B)/tests/unit-%,$(wildcard tests/unit/proxy-*.c))
CHECK_UNIT += $(PROXY_UNIT)

$(B)/tests/unit-proxy-%: tests/unit/proxy-%.c $(filter-out $(B)/proxy/main.o,$(PROXY_OBJ))
	@mkdir -p $(@D)
	$(say) LD $@
	$(Q)$(CC) $(CFLAGS_ALL) $(LDFLAGS_ALL) -MMD -MP -o $@ $(filter %.c %.o,$^) \
		$(PROXY_LIBS) -lcmocka

# Fuzz targets: tests/fuzz/*.c, built with clang whatever CC is.
PROXY_FUZZ_CFLAGS := -std=gnu11 -D_GNU_SOURCE -Wall -Wextra -Werror -O1 -g -I. \
	-fsanitize=fuzzer,address,undefined -fno-sanitize-recover=all
PROXY_FUZZ := $(patsubst tests/fuzz/%.c,build/fuzz/%,$(wildcard tests/fuzz/*.c))
FUZZ += $(PROXY_FUZZ)

build/fuzz/%: tests/fuzz/%.c $(filter-out proxy/main.c,$(PROXY_SRC)) $(wildcard proxy/*.h proxy/*/*.h)
	@mkdir -p $(@D)
	$(say) FUZZ $@
	$(Q)$(CLANG) $(PROXY_FUZZ_CFLAGS) -o $@ $(filter %.c,$^) $(PROXY_LIBS)

-include $(PROXY_OBJ:.o=.d) $(PROXY_UNIT:=.d)
