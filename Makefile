# SPDX-License-Identifier: GPL-2.0
# ring3: see README.md.  `make help` lists the targets.

PREFIX ?= /usr/local
V ?= 0

# Where there is no home the kernels are kept here.
HOME ?= $(CURDIR)/build/home
export HOME

ifeq ($(V),1)
Q :=
say = @:
else
Q := @
say = @printf '  %-8s%s\n'
endif

# SAN=1 builds user space with ASan and UBSan below build/san.
SAN ?= 0
ifeq ($(SAN),1)
B := build/san
SAN_FLAGS := -fsanitize=address,undefined -fno-sanitize-recover=all -fno-omit-frame-pointer
else
B := build
SAN_FLAGS :=
endif

CC := gcc
CLANG ?= clang
CFLAGS ?= -O2 -g
CFLAGS_ALL := -std=gnu11 -D_GNU_SOURCE -Wall -Wextra -Werror -Wshadow -Wstrict-prototypes \
	-Wmissing-prototypes -Wpointer-arith -Wvla -fno-common -fstack-protector-strong \
	$(CFLAGS) $(SAN_FLAGS) -I.
LDFLAGS_ALL := $(LDFLAGS) $(SAN_FLAGS)

ALL :=
CHECK_UNIT :=
FUZZ :=

.PHONY: all
all: build-all

include proxy/module.mk
include proxy/libring3/module.mk
include shim/module.mk
include compat/module.mk
include tests/module.mk
include tests/matrix/module.mk

.PHONY: build-all help clean install check
build-all: $(ALL)

help:
	@sed -n 's/^## //p' $(MAKEFILE_LIST)

## install: PREFIX=/usr/local; DESTDIR= is honoured; the kernel stays in its cache
install: build-all install-lib
	install -D -m755 ring3 $(DESTDIR)$(PREFIX)/bin/ring3
	install -D -m755 build/ring3-proxy $(DESTDIR)$(PREFIX)/lib/ring3/ring3-proxy
	install -D -m644 build/guest.cpio $(DESTDIR)$(PREFIX)/lib/ring3/guest.cpio
	install -D -m644 -t $(DESTDIR)$(PREFIX)/lib/ring3/gdb shim/gdb/*.py
	install -D -m644 -t $(DESTDIR)$(PREFIX)/share/ring3/registers proxy/registers/*.regs
	install -D -m644 -t $(DESTDIR)$(PREFIX)/share/man/man1 docs/man/*.1
	install -D -m644 -t $(DESTDIR)$(PREFIX)/share/man/man5 docs/man/*.5
	install -D -m644 shim/completion/ring3.bash \
		$(DESTDIR)$(PREFIX)/share/bash-completion/completions/ring3
	for k in kernel kernel-debug; do \
		[ ! -L build/$$k ] || ln -sfn "$$(readlink build/$$k)" $(DESTDIR)$(PREFIX)/lib/ring3/$$k || exit; \
	done

## check: lint: compiler warnings of clang, cppcheck, shellcheck, checkpatch
check:
	$(Q)tests/check.sh

## clean: remove what was built here (the kernel's cache stays)
clean:
	rm -rf build ring3
