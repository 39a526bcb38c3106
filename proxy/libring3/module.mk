# SPDX-License-Identifier: GPL-2.0
# libring3, static and shared, its unit tests and its example.

LIB_SONAME := libring3.so.0
LIB_OBJ := $(patsubst %.c,$(B)/lib/%.o,$(sort $(wildcard proxy/libring3/*.c)) \
	proxy/client.c proxy/client-io.c proxy/client-mailbox.c)
LIB_CFLAGS := -fPIC -fvisibility=hidden -DRING3_LIBEXEC='"$(PREFIX)/lib/ring3"'

ALL += $(B)/libring3.so $(B)/libring3.a $(B)/libring3-example

$(B)/lib/%.o: %.c
	@mkdir -p $(@D)
	$(say) CC $@
	$(Q)$(CC) $(CFLAGS_ALL) $(LIB_CFLAGS) -MMD -MP -c -o $@ $<

$(B)/$(LIB_SONAME): $(LIB_OBJ)
	$(say) LD $@
	$(Q)$(CC) $(LDFLAGS_ALL) -shared -Wl,-soname,$(LIB_SONAME) -o $@ $^ -lpthread -ldl

$(B)/libring3.so: $(B)/$(LIB_SONAME)
	$(Q)ln -sfn $(LIB_SONAME) $@

# One object, of which only the interface is to be seen: the client's names are not the program's.
$(B)/libring3.a: $(LIB_OBJ)
	$(say) AR $@
	$(Q)$(LD) -r -o $(B)/lib/libring3.o $^
	$(Q)objcopy --wildcard --keep-global-symbol='ring3_*' $(B)/lib/libring3.o
	$(Q)rm -f $@
	$(Q)$(AR) rcs $@ $(B)/lib/libring3.o

$(B)/libring3-example: examples/libring3/example.c $(B)/libring3.so
	$(say) LD $@
	$(Q)$(CC) $(CFLAGS_ALL) $(LDFLAGS_ALL) -Iproxy/libring3 -o $@ $< -L$(B) -lring3 \
		-Wl,-rpath,'$$ORIGIN'

LIB_TESTS := $(patsubst tests/unit/%.c,$(B)/tests/unit/%,$(wildcard tests/unit/libring3-*.c))
CHECK_UNIT += $(LIB_TESTS)

$(LIB_TESTS): $(B)/tests/unit/%: tests/unit/%.c $(LIB_OBJ) | $(B)/ring3-proxy
	$(say) CC $@
	@mkdir -p $(@D)
	$(Q)$(CC) $(CFLAGS_ALL) $(LDFLAGS_ALL) -DPROXY='"$(B)/ring3-proxy"' -MMD -MP -o $@ $< $(LIB_OBJ) \
		-lpthread -ldl -lcmocka

.PHONY: install-lib
install-lib: $(B)/libring3.so $(B)/libring3.a
	install -D -m644 proxy/libring3/ring3.h $(DESTDIR)$(PREFIX)/include/ring3.h
	install -D -m644 $(B)/libring3.a $(DESTDIR)$(PREFIX)/lib/libring3.a
	install -D -m755 $(B)/$(LIB_SONAME) $(DESTDIR)$(PREFIX)/lib/$(LIB_SONAME)
	ln -sfn $(LIB_SONAME) $(DESTDIR)$(PREFIX)/lib/libring3.so
	install -d $(DESTDIR)$(PREFIX)/lib/pkgconfig
	sed 's,@PREFIX@,$(PREFIX),' proxy/libring3/libring3.pc.in \
		>$(DESTDIR)$(PREFIX)/lib/pkgconfig/libring3.pc
	install -D -m644 -t $(DESTDIR)$(PREFIX)/share/man/man3 docs/man/*.3

-include $(LIB_OBJ:.o=.d) $(LIB_TESTS:=.d)

LIB_FUZZ := $(patsubst tests/fuzz/%.c,build/fuzz/%,$(wildcard tests/fuzz/libring3-*.c))
FUZZ += $(filter-out $(FUZZ),$(LIB_FUZZ))

$(LIB_FUZZ): build/fuzz/%: tests/fuzz/%.c proxy/client.c proxy/client-io.c proxy/client-mailbox.c proxy/client.h
	@mkdir -p $(@D)
	$(say) FUZZ $@
	$(Q)$(CLANG) $(PROXY_FUZZ_CFLAGS) -o $@ $(filter %.c,$^)
