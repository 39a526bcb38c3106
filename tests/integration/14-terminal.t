#!/bin/bash
# SPDX-License-Identifier: GPL-2.0
# 14-terminal.t - a shell and commands on a terminal
# shellcheck source=SCRIPTDIR/../lib.sh
. "$(dirname "$0")/../lib.sh"

command -v script > /dev/null || skip_all 'there is no script(1)'

# on_tty COMMANDS ARG...: run ring3 on a new terminal of 33 lines; COMMANDS are typed when CMD's prompt
# or word `ready` is there.  The terminal's settings before and after are compared.
on_tty() {
	local typed=$1 line
	shift
	line="stty rows 33 cols 77; stty -g > $T/w/before; '$RING3' $*; s=\$?; stty -g > $T/w/after; exit \$s"
	: > "$T/out"
	give_away
	last="script -qec \"ring3 $*\""
	({ [ -z "$typed" ] || await "grep -aqE '[\$#] \$|ready' '$T/out'"; } && printf '%s' "$typed"
		await "[ -e $T/w/after ]") |
		SHELL=/bin/sh "$TOOLS/reap" -t 60 "${AS[@]}" script -qec "$line" /dev/null > "$T/out" 2> "$T/err"
	status=$?
}

rm -f before after
on_tty $'stty size; test -t 1 && echo on-a-$((1))-terminal; exit 5\r' run --device testdev
is 'a shell: its exit status' "$status" 5
like 'a shell: the terminal is as large as the caller'"'"'s' "$T/out" '33 77'
like 'a shell: it is a terminal' "$T/out" 'on-a-1-terminal'
is 'a shell: the terminal is left as it was' "$(cat after)" "$(cat before)"

rm -f before after
on_tty '' run --device testdev -- "sh -c 'exit 3'"
is 'a command: its status' "$status" 3
is 'a command: the terminal is left as it was' "$(cat after)" "$(cat before)"

rm -f before after
on_tty $'\x03' run -- "sh -c 'echo ready; sleep 100'"
is 'Ctrl-C goes to the command' "$status" 130
is 'Ctrl-C: the terminal is left as it was' "$(cat after)" "$(cat before)"

finish
