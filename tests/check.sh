#!/bin/bash
# SPDX-License-Identifier: GPL-2.0
# check.sh - lint: what is found is an error; what is switched off has its reason beside it
set -u
cd "$(dirname "$0")/.." || exit
bad=0

need() {
	command -v "$1" >/dev/null && return
	echo "check: missing $1: apt-get install $2" >&2
	bad=1
	return 1
}

run() {
	echo "  CHECK   $1" >&2
	shift
	"$@" || bad=1
}

user_c=$(git ls-files 'proxy/*.c' 'shim/*.c')
scripts=$(git ls-files | xargs grep -lE '^#!/bin/(ba)?sh' --)

clang_all() {
	local f
	for f in $user_c; do
		clang -std=gnu11 -D_GNU_SOURCE -Wall -Wextra -Werror -Wconditional-uninitialized \
			-DRING3_VERSION='""' -I. -fsyntax-only "$f" || return 1
	done
}
need clang clang && run 'clang' clang_all

# missingIncludeSystem: libraries' headers are not cppcheck's to judge.
# unusedFunction: public functions are called from other files.
need cppcheck cppcheck && run 'cppcheck' cppcheck -q --std=c11 --enable=warning,portability \
	--suppress=missingIncludeSystem --inline-suppr --error-exitcode=1 -D_GNU_SOURCE -DRING3_VERSION='""' -I. $user_c

# SC2086 and SC2046: word splitting is wanted where lists of files are passed; SC2015: A && B || C
# where B cannot fail; SC2016: what is quoted is for the shell inside; SC2017: rounding is meant.
# SC2317: called by name or by trap; SC2013, SC2116: words are meant, and echo makes them.
need shellcheck shellcheck && run 'shellcheck' shellcheck -x -e SC2086,SC2046,SC2013,SC2015,SC2016,SC2116,SC2017,SC2317 $scripts

# The kernel's own style check, where its tree is.  Left out, with reasons:
#   LINE_LENGTH 100 is the kernel's limit for code; FILE_PATH_CHANGES is about MAINTAINERS;
#   SPDX_LICENSE_TAG wants // in .c and /* in .h as here, but not in Kbuild's first line;
#   AVOID_EXTERNS: hooks that patched kernel files call are declared where they are called;
#   SPLIT_STRING, CONST_STRUCT: matters of the kernel's own tables;
#   VOLATILE: register accessors are what it is for;
#   PREFER_PR_LEVEL, VSPRINTF_SPECIFIER_PX: lines of a report begin with what it is, without a
#   prefix, and its call trace is decoded by address;
#   USE_NEGATIVE_ERRNO: errors on the wire are positive;
#   PREFER_DEFINED_ATTRIBUTE_MACRO, ARRAY_SIZE, STRCPY, STATIC_CONST_CHAR_ARRAY: user space has
#   no such macros, or the guest init no such library;
#   LINE_SPACING: _cleanup_ declarations are not seen as such; MISSING_SPACE: strings of
#   characters; NEW_TYPEDEFS: an array type; FUNCTION_ARGUMENTS: noreturn declarations;
#   ENOSYS: what an invalid system call gets is what is meant;
#   LINUX_VERSION_CODE, CONSTANT_COMPARISON, WEAK_DECLARATION: compat is for several kernels;
#   EMBEDDED_FUNCTION_NAME, MACRO_ARG_UNUSED,LINUX_VERSION_CODE,CONSTANT_COMPARISON,WEAK_DECLARATION, REPEATED_WORD: wrong more often than right here.
checkpatch() {
	local f=build/kernel/build/scripts/checkpatch.pl
	[ -f "$f" ] || { echo "check: no kernel tree: run 'make kernel'" >&2; return 1; }
	git ls-files 'compat/ring3/*.[ch]' 'proxy/*.[ch]' 'shim/*.[ch]' |
		xargs perl "$f" --no-tree --terse --quiet --no-summary --show-types --max-line-length=100 \
		--ignore ENOSYS,PREFER_PR_LEVEL,VSPRINTF_SPECIFIER_PX,FILE_PATH_CHANGES,SPDX_LICENSE_TAG,AVOID_EXTERNS,SPLIT_STRING,CONST_STRUCT,VOLATILE,USE_NEGATIVE_ERRNO,PREFER_DEFINED_ATTRIBUTE_MACRO,ARRAY_SIZE,STRCPY,STATIC_CONST_CHAR_ARRAY,EMBEDDED_FUNCTION_NAME,MACRO_ARG_UNUSED,LINUX_VERSION_CODE,CONSTANT_COMPARISON,WEAK_DECLARATION,REPEATED_WORD,LINE_SPACING,MISSING_SPACE,NEW_TYPEDEFS,FUNCTION_ARGUMENTS \
		-f
}
run 'checkpatch' checkpatch
exit $bad
