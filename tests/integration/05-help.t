#!/bin/bash
# SPDX-License-Identifier: GPL-2.0
# 05-help.t - --help, the manual pages and the completion name the same commands and options
# shellcheck source=SCRIPTDIR/../lib.sh
. "$(dirname "$0")/../lib.sh"

# Long options in the output of --help.
help_options() { "$RING3" "$@" --help | grep -oE -- '(^|[ ,])--[a-z][a-z-]*' | tr -d ' ,' | sort -u; }

# Long options described by a manual page: its lines `.It … Fl Fl NAME`.
man_options() {
	sed -nE 's/^\.It .*Fl Fl ([a-z][a-z-]*).*/--\1/p' "$TOP/docs/man/$1.1" | sort -u
}

# What the completion offers behind the words given, of long options.
offered() {
	bash -c '. "$1"; shift; compopt() { :; }; COMP_WORDS=("$@" --); COMP_CWORD=$#; _ring3
		printf "%s\n" "${COMPREPLY[@]}"' - "$TOP/shim/completion/ring3.bash" "$@" |
		grep -E '^--.' | sort -u
}

for command in run debug attach build proxy ps exec kill bar trace bind unbind status; do
	r3 "$command" --help
	is "ring3 $command --help succeeds" "$status" 0
	is "ring3 $command --help says nothing on stderr" "$(cat "$T/err")" ''
	options=$(help_options "$command")
	ok "ring3 $command has options" [ -n "$options" ]
	is "ring3-$command(1) has the options of --help" "$(man_options "ring3-$command")" "$options"
	is "the completion of ring3 $command too" "$(offered ring3 "$command")" "$options"
	like "ring3 --help names $command" <("$RING3" --help) "ring3 $command"
	like "ring3(1) names $command" "$TOP/docs/man/ring3.1" "ring3-$command 1"
done

is 'no other commands in --help' "$("$RING3" --help | sed -n 's/^  ring3 \([a-z]*\) .*/\1/p' | sort | xargs)" \
	'attach bar bind build debug exec kill proxy ps run status trace unbind'
is 'nor in the completion' \
	"$(bash -c '. "$1"; COMP_WORDS=(ring3 ""); COMP_CWORD=1; _ring3; echo "${COMPREPLY[@]}"' - \
		"$TOP/shim/completion/ring3.bash")" 'run debug attach build proxy ps exec kill bar trace bind unbind status --help --version'
r3 run --device qemu:e1000e,help
is '--device qemu:MODEL,help succeeds' "$status" 0
like 'and lists properties' "$T/out" 'mac='
r3 run --device qemu:e1000x,help
is 'of a model that is none: 125' "$status" 125
like 'and what was meant' "$T/err" "no device model 'e1000x' .did you mean e1000"
r3 --help
is 'ring3 --help succeeds' "$status" 0
r3 --version
like 'ring3 --version' "$T/out" '^ring3 [^ ]+$'
if command -v man > /dev/null; then
	for page in "$TOP"/docs/man/*.[15]; do
		is "${page##*/} has no mistakes" "$(man --warnings -E UTF-8 -l -Tutf8 "$page" 2>&1 > /dev/null)" ''
	done
fi

"$RING3" run --device help > /dev/full 2> "$T/err"
is 'help of devices that cannot be written: 125' "$?" 125
like 'and a line' "$T/err" 'cannot write the help: No space left'

finish
