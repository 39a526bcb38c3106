#!/bin/bash
# SPDX-License-Identifier: GPL-2.0
# 27-build.t - ring3 build asks the compiler no question twice, and builds what kbuild alone does
# shellcheck source=SCRIPTDIR/../lib.sh
. "$(dirname "$0")/../lib.sh"

export XDG_CACHE_HOME=$T/w/cache
kernel=$(realpath "$TOP/build/kernel/build")
mkdir bin "$XDG_CACHE_HOME"
cp -r "$TOP/examples/edu" edu
# A compiler that counts how often it was asked to compile.
real=$(command -v gcc)
cat > bin/gcc <<SH
#!/bin/sh
case " \$* " in *" -c "*) echo >> '$T/w/asked' ;; esac
exec '$real' "\$@"
SH
chmod +x bin/gcc
PATH=$T/w/bin:$PATH

fresh() { (cd edu && rm -f ./*.ko ./*.o ./*.mod ./*.mod.c .*.cmd .*.o modules.order Module.symvers); }
# Compilations of a build of everything.
asked() {
	: > asked
	fresh
	r3 build -q edu
	wc -l < asked
}

fresh
(unset MAKEFLAGS MFLAGS MAKELEVEL; make -s -C "$kernel" ARCH=um M="$T/w/edu" modules) > make.log 2>&1
is 'kbuild by itself: status' $? 0
cp edu/edu.ko plain.ko
cp edu/.edu.o.cmd plain.cmd

: > asked
fresh
r3 build -q edu
first=$(wc -l < asked)
is 'the first build: status' "$status" 0
ok 'the first build: the same module' cmp plain.ko edu/edu.ko
ok 'and by the same command' cmp plain.cmd edu/.edu.o.cmd
ok "it asked: $first times" [ "$first" -gt 10 ]

second=$(asked)
is 'the second build: it compiles' "$second" 3
ok 'the second build: the same module' cmp plain.ko edu/edu.ko
ok 'and by the same command' cmp plain.cmd edu/.edu.o.cmd
is 'nothing is left but the answers' "$(find cache -type f -name 'probes-*.mk' -perm 600 | wc -l) $(find cache -type f | wc -l)" \
	'1 1'

touch bin/gcc
is 'another compiler is asked again' "$(asked)" "$first"
is 'once' "$(asked)" "$second"
echo 'ring3 := $(error read)' > cache/ring3/other
cp cache/ring3/other "$(echo cache/ring3/probes-*.mk)"
is 'a file that is damaged is made anew' "$(asked)" "$first"
is 'and good' "$(asked)" "$second"

chmod 666 cache/ring3/probes-*.mk
is 'answers that others could write are not believed' "$(asked)" "$first"
chmod 777 cache/ring3
is 'nor is a place where they could' "$(asked)" "$first"
chmod 755 cache/ring3
is 'the same place, ours alone' "$(asked)" "$second"
XDG_CACHE_HOME='' HOME='' r3 build -q edu
is 'without a home: status' "$status" 0

echo '#error told' >> edu/edu.c
r3 build -q edu
is 'a build that fails: status' "$status" 125
like 'and the reason' "$T/err" '#error told'

printf 'seen := $(shell echo read >> %s/w/seen)\n' "$T" > own.mk
cp "$TOP/examples/edu/edu.c" edu/edu.c
MAKEFILES=$T/w/own.mk r3 build -q edu
is "the user's own MAKEFILES: status" "$status" 0
ok 'are read, too' [ -s seen ]

finish
