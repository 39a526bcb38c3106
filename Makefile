# SPDX-License-Identifier: GPL-2.0
# ring3: see README.md.  `make help` lists the targets.

PREFIX ?= /usr/local
V ?= 0
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
include shim/module.mk
include compat/module.mk
include tests/module.mk

.PHONY: build-all help clean
build-all: $(ALL)

help:
	@sed -n 's/^## //p' $(MAKEFILE_LIST)

clean:
	rm -rf build ring3
