#!/bin/bash
# SPDX-License-Identifier: GPL-2.0
# 00-run.t - CMD's status, standard streams, surroundings and bounds
# shellcheck source=SCRIPTDIR/../lib.sh
. "$(dirname "$0")/../lib.sh"

r3 run -- true
is 'true returns 0' "$status" 0
is 'nothing on stdout' "$(cat "$T/out")" ''
is 'nothing on stderr' "$(cat "$T/err")" ''

r3 run -- sh -c 'exit 7'
is 'the status is the command'"'"'s own' "$status" 7
r3 run --device testdev -- sh -c 'exit 255'
is 'a status of 255 is the command'"'"'s too' "$status" 255
is 'and no crash is reported' "$(cat "$T/err")" ''
r3 run -- sh -c 'kill -TERM $$'
is 'killed by signal 15' "$status" 143

r3 run -- no-such-command-here
is 'a command that is not there: 127' "$status" 127
like 'its name is on stderr' "$T/err" no-such-command-here
is 'in one line' "$(wc -l < "$T/err")" 1
r3 run -- /etc/passwd
is 'a command that cannot be run: 126' "$status" 126
like 'its name is on stderr' "$T/err" /etc/passwd
r3 run -- ''
is 'an empty command: 127' "$status" 127

r3 run -- sh -c 'echo out; echo err >&2'
is 'stdout' "$(cat "$T/out")" out
is 'stderr' "$(cat "$T/err")" err
r3 run -- echo 'a  b' '' '$x' "it's" 'new
line'
is 'arguments arrive as they are' "$(cat "$T/out")" "$(echo 'a  b' '' '$x' "it's" 'new
line')"

# Standard streams
head -c 20M /dev/urandom > "$T/random"
r3 run -- cat < "$T/random"
is 'cat of 20 MiB: status' "$status" 0
ok '20 MiB of binary data come back' cmp "$T/random" "$T/out"
r3 run -- sh -c 'cat >&2' < "$T/random"
ok 'stderr is as binary-safe' cmp "$T/random" "$T/err"
r3 run -- sh -c 'cat; echo end'
is 'end of file on stdin' "$(cat "$T/out")" end
r3 run -- head -c 5 < "$T/random"
is 'a command that does not read all of its input: status' "$status" 0
ok 'and its output' cmp -n 5 "$T/random" "$T/out"
r3 run -- true < "$T/random"
is 'a command that reads nothing of its input' "$status" 0

give_away
last='ring3 run -- cat /dev/zero | head -c 1000'
"$TOOLS/reap" -t 30 "${AS[@]}" "$RING3" run -- sh -c 'cat /dev/zero; echo $? >&2' 2> "$T/err" |
	head -c 1000 > "$T/out"
is 'a reader that goes away ends the writer' "${PIPESTATUS[0]}" 0
like 'by SIGPIPE or an error' "$T/err" '^(141|1)$'
"$TOOLS/reap" -t 30 "${AS[@]}" "$RING3" run -- sh -c 'cat; echo closed' <&- > "$T/out" 2> "$T/err"
is 'a closed stdin is an empty one' "$(cat "$T/out")" closed
"$TOOLS/reap" -t 30 "${AS[@]}" "$RING3" run -- sh -c 'exit 3' >&- 2>&-
is 'closed stdout and stderr do no harm' "$?" 3

r3 run -- sh -c 'dmesg | grep -nE "crng init done|Run /init"; head -c 16 /dev/random | wc -c'
is 'random numbers are there from the start' "$(sed 's/.*\(crng\|init as\).*/\1/' "$T/out" | xargs)" 'crng init as 16'

# Output that nobody has is not a success, nor lost without a word.
last='ring3 run -- echo a > /dev/full'
"$TOOLS/reap" -t 30 "${AS[@]}" "$RING3" run -- sh -c 'echo a' > /dev/full 2> "$T/err"
status=$?
is 'a full disk behind stdout: 125' "$status" 125
is 'one line says what happened' "$(cat "$T/err")" \
	'ring3: cannot write standard output: No space left on device; output of the command is lost'
"$TOOLS/reap" -t 30 "${AS[@]}" "$RING3" run -- sh -c 'cat /dev/zero' > /dev/full 2> "$T/err"
is 'a command that is still writing ends' "$?" 125
"$TOOLS/reap" -t 30 "${AS[@]}" "$RING3" run -- sh -c 'echo a; exit 3' > /dev/full 2> "$T/err"
is "a command that fails keeps its status" "$?" 3
like 'and the loss is told' "$T/err" 'cannot write standard output: No space left on device'
"$TOOLS/reap" -t 30 "${AS[@]}" "$RING3" run -- sh -c 'echo a' >&- 2> "$T/err"
is 'output to a closed stdout: 125' "$?" 125
like 'with the reason' "$T/err" 'standard output: Bad file descriptor'

r3_start run -- sh -c 'echo up; read -r x; echo "got $x"; read -r x; echo "got $x"'
ok 'output comes while the command runs' r3_up
echo one >&9
ok 'input goes in while the command runs' await "grep -q '^got one' '$T/out'"
echo two >&9
r3_wait
like 'again' "$T/out" '^got two'
is 'and it ends by itself' "$status" 0

# Surroundings
echo hello > file
r3 run -- sh -c 'pwd; cat file'
is 'the working directory is the caller'"'"'s' "$(cat "$T/out")" "$T/w
hello"
r3 run -- sh -c 'echo x > file'
is 'and read-only' "$?$status" 02
is 'indeed' "$(cat file)" hello
r3 run --rw . -- sh -c 'echo new > file; echo more > other'
is '--rw makes it writable' "$status" 0
is 'a file changed' "$(cat file)" new
is 'a file made' "$(cat other)" more
mkdir -p "$T/w/sub" "$T/elsewhere"
r3 run --rw sub --rw "$T/elsewhere" -- sh -c "echo 1 > sub/f && echo 2 > $T/elsewhere/f && ! echo 3 > file"
is '--rw twice, and nothing else' "$status" 0
is 'the first' "$(cat sub/f)" 1
is 'the second' "$(cat "$T/elsewhere/f")" 2
r3 run -- sh -c 'for d in /tmp /run /var; do echo x > $d/f && cat $d/f; done'
is '/tmp, /run and /var are writable' "$(cat "$T/out")" "x
x
x"
r3 run -- sh -c 'for d in /usr /bin /etc; do : > $d/ring3-was-here && echo "$d"; done; true'
is '/usr, /bin and /etc are not' "$(cat "$T/out")" ''
r3 run -- sh -c 'test -c /dev/null && test -d /proc/1 && test -d /sys/bus/pci && uname -m'
is '/dev, /proc and /sys are there' "$(cat "$T/out")" x86_64
r3 run -- sh -c 'lspci >/dev/null 2>&1; ls /sys/bus/pci/devices'
is 'without --device there is no PCI device' "$(cat "$T/out")" ''
RING3_TEST_VARIABLE='a value' r3 run -- sh -c 'echo "$RING3_TEST_VARIABLE"; id -u; tty'
is 'the environment is the caller'"'"'s, the user root, and no terminal' "$(cat "$T/out")" "a value
0
not a tty"
r3 run --mem 64M -- awk '/MemTotal/ { exit !($2 > 30000 && $2 < 66000) }' /proc/meminfo
is '--mem' "$status" 0
r3 run --kernel-args 'ring3test=1 other' -- cat /proc/cmdline
like '--kernel-args' "$T/out" 'ring3test=1 other'
r3 run --dry-run --device qemu:e1000e -- true
is '--dry-run succeeds' "$status" 0
like '--dry-run names the proxy' "$T/out" ring3-proxy
like '--dry-run names the kernel' "$T/out" ring3.devices

# Bounds
start=$(date +%s%N)
r3 run --timeout 2 -- sleep 60
is '--timeout: 124' "$status" 124
took=$((($(date +%s%N) - start) / 1000000))
ok "after the time given ($took ms)" [ "$took" -ge 2000 ] && ok 'and not much more' [ "$took" -lt 4500 ]
is 'one line says so' "$(wc -l < "$T/err")" 1
r3 run --timeout 2 -- sh -c 'trap "" TERM INT HUP; while :; do :; done'
is '--timeout ends a command that spins and ignores signals' "$status" 124
r3 run --timeout 60 -- true
is '--timeout that is not reached' "$status" 0

for sig in INT TERM HUP; do
	r3_start run --device qemu:e1000e -- sh -c 'echo up; sleep 60'
	ok "SIG$sig: running" r3_up
	kill -$sig "$(process_of shim)"
	r3_wait
	is "SIG$sig ends the run" "$status" "$((128 + $(kill -l $sig)))"
	unlike "SIG$sig reports no crash" "$T/err" 'panic|Oops|BUG|Call Trace'
done
r3_start run --device testdev -- sh -c 'trap "echo caught; exit 5" INT; echo up; while :; do sleep 0.05; done'
ok 'a command with a handler for SIGINT: running' r3_up
kill -INT "$(process_of shim)"
ok 'Ctrl-C reaches the command or ends the run' await "! kill -0 $bg 2>/dev/null" 10
r3_wait
is 'and it ends in bounds' "$([ "$status" = 5 ] || [ "$status" = 130 ] && echo yes)" yes

finish
