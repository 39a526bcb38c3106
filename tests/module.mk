# SPDX-License-Identifier: GPL-2.0
# Tests, benchmarks and the demo.  The groups of tests are run by tests/run, in one `prove`.

# Tools of the tests, static so that they run in any guest as well.
TEST_TOOLS := build/tests/reap build/tests/tcp build/tests/barmap build/tests/viewload
BENCH_TOOLS := build/tests/pread build/tests/pingpong build/tests/viewload build/tests/readbar build/tests/qtest \
	build/tests/poweroff build/tests/ring

build/tests/%: tests/tools/%.c
	@mkdir -p $(@D)
	$(say) CC $@
	$(Q)$(CC) $(CFLAGS_ALL) $(LDFLAGS_ALL) -static -o $@ $<

build/tests/%: tests/bench/%.c
	@mkdir -p $(@D)
	$(say) CC $@
	$(Q)$(CC) $(CFLAGS_ALL) $(LDFLAGS_ALL) -static -o $@ $<

# A hostile driver's system calls, without a hosted kernel around them.
ATTACK_SRC := $(filter-out %.mod.c,$(wildcard tests/attacks/module/*.c))

build/tests/attack-bare: $(ATTACK_SRC) tests/attacks/module/attack.h
	@mkdir -p $(@D)
	$(say) CC $@
	$(Q)$(CC) $(CFLAGS_ALL) -Wno-unused-parameter $(LDFLAGS_ALL) -static -o $@ $(ATTACK_SRC)

# The unit tests as built here, and as built by `make SAN=1`.
UNIT_SAN := $(patsubst $(B)/%,build/san/%,$(CHECK_UNIT))

.PHONY: test unit kunit integration fuzz bench demo
.PHONY: unit-build unit-san-build test-modules test-inside test-debug

unit-build: $(CHECK_UNIT)

unit-san-build:
	$(Q)$(MAKE) --no-print-directory SAN=1 unit-build

test-modules: test-inside
	$(say) MODULES "tests/testdev tests/panic tests/strict tests/attacks tests/bench/readl examples/edu"
	$(Q)tests/build-modules.sh

# What a hosted run needs; in this order, and not at once with the rest.
test-inside: build-all $(TEST_TOOLS)
	$(Q)$(MAKE) --no-print-directory kernel

# What tests of --flavor debug need; behind the others, as there is one builder at a time.
test-debug: test-modules
	$(Q)$(MAKE) --no-print-directory kernel FLAVOR=debug

RUN_TESTS = UNIT_TESTS='$(CHECK_UNIT) $(UNIT_SAN)' FUZZ_TARGETS='$(FUZZ)' tests/run

## test: all tests: unit (also with sanitizers), fuzzing for a short time, KUnit, integration
test: unit-build unit-san-build $(FUZZ) test-debug
	$(Q)$(RUN_TESTS) unit fuzz kunit integration

## unit: unit tests, plain and with ASan and UBSan
unit: unit-build unit-san-build
	$(Q)$(RUN_TESTS) unit

## fuzz: every fuzz target for FUZZ_SECONDS=60 seconds
fuzz: $(FUZZ)
	$(Q)$(RUN_TESTS) fuzz

## kunit: the tests inside the hosted kernel
kunit: test-inside
	$(Q)$(RUN_TESTS) kunit

## integration: ring3 as a user sees it, with the test device and QEMU's
integration: test-debug
	$(Q)$(RUN_TESTS) integration

## bench: measure, beside a full QEMU guest; BENCH_JSON=FILE also writes JSON, PLOT=1 plots in build/bench
bench: test-modules $(BENCH_TOOLS)
	$(Q)PLOT='$(PLOT)' BENCH_JSON='$(BENCH_JSON)' BENCH_HISTORY='$(BENCH_HISTORY)' tests/bench/run

## attacks: try to get out of the box, by root's and by a user's hand; ATTACKS=NAME... tries some
.PHONY: attacks
attacks: test-modules build/tests/attack-bare
	$(Q)tests/attacks/run $(ATTACKS)

## demo: install what is missing, build, and host three drivers
demo:
	$(Q)tests/demo/prereqs.sh
	$(Q)$(MAKE) --no-print-directory build-all build/tests/tcp
	$(Q)$(MAKE) --no-print-directory kernel
	$(Q)examples/demo.sh

## lab: real VFIO, in a Linux with an IOMMU that QEMU runs without KVM (LAB_TESTS=FILE...)
LAB_TESTS ?= $(sort $(wildcard tests/lab/*.t))
.PHONY: lab
lab: test-modules
	$(Q)tests/lab/kernel.sh > /dev/null
	$(Q)tests/lab/iommu-kernel.sh > /dev/null
	$(Q)prove --timer --exec tests/tools/quiet.sh $(LAB_TESTS)

## peers: other people's vfio-user clients at our proxy; fetches a QEMU that has one
PEER_TESTS ?= $(sort $(wildcard tests/peers/*.t))
.PHONY: peers
peers: build-all $(TEST_TOOLS)
	$(Q)tests/lab/kernel.sh > /dev/null
	$(Q)prove --timer --exec tests/tools/quiet.sh $(PEER_TESTS)

## lab-bench: in the lab: hosted over VFIO beside the lab kernel's drivers; BENCH_JSON=FILE also writes JSON
.PHONY: lab-bench
lab-bench: test-modules $(BENCH_TOOLS)
	$(Q)tests/lab/kernel.sh > /dev/null
	$(Q)tests/bench/lab
