#!/bin/bash
# SPDX-License-Identifier: GPL-2.0
# 26-exec.t - ring3 exec: other commands in a running instance
# shellcheck source=SCRIPTDIR/../lib.sh
. "$(dirname "$0")/../lib.sh"

cp "$TOP/tests/panic/ring3_panic.ko" .
base=$T/run/ring3
head -c 8M /dev/urandom > data

# What the background run writes from here on is not what `r3` shows.
aside() {
	mv "$T/out" "$T/run.out"
	mv "$T/err" "$T/run.err"
}

# A run called $1 with the other arguments, up; it becomes $bg.
up() {
	local name=$1
	shift
	r3_start run --name "$name" "$@" -- sh -c 'echo up; read -r x || :; exit 5'
	ok "$name: running" r3_up
	ok "$name: is listed" await "grep -q running '$base/$name/instance.json'"
	aside
}

# ring3 exec in the background, process number in $pid, files FILE.out and FILE.err; waits until
# the command has said `ready`.
exec_start() {
	local file=$1
	shift
	: > "$file.out"
	last="ring3 exec $*"
	env --default-signal=INT,HUP "${AS[@]}" "$RING3" exec "$@" < /dev/null > "$file.out" 2> "$file.err" 9>&- &
	pid=$!
	await "grep -q ready '$file.out' || ! kill -0 $pid 2> /dev/null" && grep -q ready "$file.out"
}

# Wait for the end of the exec of process $pid and file $1.
exec_ended() {
	wait "$pid"
	status=$?
	cp "$1.out" "$T/out"
	cp "$1.err" "$T/err"
}

# Is there a process of that number inside?
lives() { "${AS[@]}" "$RING3" exec a -- test -d "/proc/$1"; }

# What everybody is told who asks for what cannot be.
refused() {
	is "$1: 125" "$status" 125
	is "$1: one line" "$(wc -l < "$T/err")" 1
	like "$1: says so" "$T/err" "$2"
}

r3 exec a -- true
refused 'no such run' "^ring3: no run is named 'a'; none is running"
r3 exec -- true
refused 'no run at all' '^ring3: no run is there.*ring3 run'
r3 exec a
refused 'no command' '^ring3: which command.*ring3 exec a -- CMD'
r3 exec a --
refused 'nothing behind --' '^ring3: which command'
r3 exec a b -- true
refused 'two names' "^ring3: 'b' is one name too many"

up a
r3 exec a -- true
is 'a command that succeeds' "$status,$(cat "$T/out" "$T/err")" 0,
r3 exec -- sh -c 'echo out; echo err >&2; exit 3'
is 'without a name it is the only run; the status is that of the command' "$status" 3
is 'standard output' "$(cat "$T/out")" out
is 'standard error is another' "$(cat "$T/err")" err
r3 exec a -- sh -c 'kill -9 $$'
is 'killed by a signal' "$status" 137
r3 exec a -- no-such-command
is 'not found: 127' "$status" 127
like 'not found: says so' "$T/err" '^ring3: no-such-command: not found inside'
r3 exec a -- /etc/passwd
is 'not to be executed: 126' "$status" 126
like 'not to be executed: says so' "$T/err" '^ring3: /etc/passwd: cannot be executed inside.*Permission denied'
r3 exec a -- ''
is 'an empty word: 127' "$status" 127
r3 exec a -- sh -c 'touch /tmp/mark; mkdir /tmp/dir'
r3 exec a -- ls /tmp/mark
is 'the files are those of the run, not of the host' "$status,$(ls /tmp/mark 2> /dev/null)" 0,

GREETING='a b' r3 exec a -- sh -c 'echo "$GREETING"; pwd'
is 'environment and directory are the caller'"'"'s' "$(xargs -d '\n' < "$T/out")" "a b $PWD"
mkdir "$T/elsewhere"
cd "$T/elsewhere" || exit 1
r3 exec a -- sh -c 'pwd; echo $PWD; ls -d /proc'
is 'a directory that is not there inside: /' "$status,$(xargs < "$T/out")" '0,/ / /proc'
cd "$T/w" || exit 1

r3 exec a -- cat < data
is '8 MiB there and back: status' "$status" 0
ok '8 MiB there and back: the same' cmp "$T/out" data
r3 exec a -- sha256sum < data
is '8 MiB there' "$(cat "$T/out")" "$(sha256sum < data)"
r3 exec a -- sh -c 'head -c 3000000 data; head -c 3000000 data >&2' < /dev/null
ok 'output and error at the same time, much of both' cmp "$T/out" "$T/err"
is 'and all of it' "$(sha256sum < "$T/out")" "$(head -c 3000000 data | sha256sum)"
r3 exec a -- head -c 5 < data
is 'a command that takes a part of its input' "$status,$(wc -c < "$T/out")" 0,5
yes | r3 exec a -- sh -c 'exec <&-; echo done'
is 'a command that closes its input' "$status,$(cat "$T/out")" 0,done
r3 exec a -- wc -c <&-
is 'a caller without input' "$status,$(xargs < "$T/out")" 0,0
last='ring3 exec a -- yes | head -1'
"${AS[@]}" "$RING3" exec a -- yes 2> "$T/err" | head -1 > "$T/out"
is 'a reader that ends: so does the command, as SIGPIPE does it' "${PIPESTATUS[0]}" 141
is 'and nobody complains' "$(cat "$T/out" "$T/err")" y
last='ring3 exec a -- echo x > /dev/full'
"${AS[@]}" "$RING3" exec a -- echo x > /dev/full 2> "$T/err"
is 'output that cannot be written: 125' "$?" 125
like 'says so' "$T/err" 'cannot write standard output: No space left'
r3 exec a -- sh -c 'sleep 1000 & echo left'
is 'what stays in the background is not waited for' "$status,$(cat "$T/out")" 0,left

# One whose reader does not read, and another beside it.
mkfifo stuck
exec 7<> stuck
: > one.err
: > two.err
"${AS[@]}" "$RING3" exec a -- sh -c 'echo ready >&2; exec yes' > stuck 2> one.err < /dev/null 7>&- 9>&- &
pid=$!
ok 'one whose output nobody reads: runs' await 'grep -q ready one.err'
r3 exec a -- cat < data
ok 'does not hold up another' cmp "$T/out" data
"${AS[@]}" "$RING3" exec a -- sh -c 'echo ready >&2; exec sleep 1000' < /dev/zero 2> two.err 7>&- 9>&- &
other=$!
ok 'one that does not read its input: runs' await 'grep -q ready two.err'
r3 exec a -- cat < data
ok 'does not hold up another either' cmp "$T/out" data
kill -TERM $pid $other
exec 7>&-
wait $other
is 'and ends by a signal: its input' $? 143
wait $pid
is 'and ends by a signal: its output' $? 143

# Signals
for sig in INT TERM HUP; do
	ok "SIG$sig: the command runs" exec_start one a -- \
		sh -c "trap 'echo got $sig; exit 7' $sig; echo ready; while :; do sleep 0.05; done"
	kill -$sig $pid
	exec_ended one
	is "SIG$sig reaches the command" "$status,$(tail -1 one.out)" "7,got $sig"
done

# The end of the client is that of its command.
ok 'kill -9: the command runs' exec_start one a -- \
	sh -c 'trap "echo hup >&2; echo hup > /tmp/hup; exit" HUP; echo ready $$; while :; do sleep 0.05; done'
inside=$(sed -n 's/ready //p' one.out)
ok 'kill -9: it is there' lives "$inside"
{ kill -KILL $pid && wait $pid; } 2> /dev/null
ok 'kill -9 of ring3 exec: its command ends' await "! lives $inside" 10
r3 exec a -- cat /tmp/hup
is 'by SIGHUP' "$(cat "$T/out")" hup
ok 'a command that ignores SIGHUP: runs' exec_start one a -- sh -c 'trap "" HUP; echo ready $$; sleep 1000; :'
inside=$(sed -n 's/ready //p' one.out)
{ kill -KILL $pid && wait $pid; } 2> /dev/null
ok 'kill -9 of ring3 exec: it is killed' await "! lives $inside" 10

# Sixteen at a time
pids=()
up16=0
for i in {1..16}; do
	exec_start "many-$i" a -- sh -c 'echo ready; exec sleep 1000' || up16=$i
	pids+=("$pid")
done
is 'sixteen at a time' "$up16" 0
r3 exec a -- true
refused 'the seventeenth' "^ring3: run 'a' has 16 commands"
kill -TERM "${pids[@]}"
ends=
for pid in "${pids[@]}"; do
	wait $pid
	ends+=" $?"
done
is 'all end by their signal' "$(tr ' ' '\n' <<< "$ends" | sort -u | xargs)" 143
r3 exec a -- true
is 'and there is room again' "$status" 0

# Terminals: on_tty COMMANDS ARG... types when the command has said `ready`.
on_tty() {
	local typed=$1 line
	shift
	line="tty > $T/w/tty; stty rows 33 cols 77; stty -g > $T/w/before; '$RING3' $*; s=\$?; stty -g > $T/w/after; exit \$s"
	rm -f before after
	: > "$T/out"
	give_away
	last="script -qec \"ring3 $*\""
	({ [ -z "$typed" ] || await "grep -aqE '[\$#] \$|ready' '$T/out'"; } && eval "$typed"
		await "[ -e $T/w/after ]") 9>&- |
		SHELL=/bin/sh "$TOOLS/reap" -t 60 "${AS[@]}" script -qec "$line" /dev/null > "$T/out" 2> "$T/err" 9>&-
	status=$?
	is "terminal ($1 $2 …): left as it was" "$(cat after)" "$(cat before)"
}
if command -v script > /dev/null; then
	on_tty '' exec a -- "sh -c 'stty size; test -t 0 && test -t 1 && test -t 2 && echo all; exit 3'"
	is 'a terminal: status' "$status" 3
	like 'a terminal: its size is the caller'"'"'s' "$T/out" '33 77'
	like 'a terminal: all three are it' "$T/out" '^all'
	on_tty "printf 'echo \$((6 * 7))\\r exit 4\\r'" exec a -- sh
	is 'a shell: status' "$status" 4
	like 'a shell: does what is typed' "$T/out" '^42'
	on_tty "printf '\\003'" exec a -- "sh -c 'echo ready; sleep 100'"
	is 'Ctrl-C goes to the command' "$status" 130
	on_tty 'stty -F "$(cat tty)" rows 44' exec a -- \
		"sh -c 'trap \"stty size; exit 6\" WINCH; echo ready; while :; do sleep 0.05; done'"
	is 'a new size of the window: noticed' "$status" 6
	like 'a new size of the window: arrives' "$T/out" '44 77'
	on_tty '' exec a -- "seq 50000"
	is 'much output on a terminal: all of it' "$(tr -d '\r' < "$T/out" | cmp - <(seq 50000) && echo same)" same
	on_tty '' exec a -- "sh -c 'echo out; echo err >&2'" '2> err'
	is 'standard error elsewhere stays there' "$(cat err)" err
	like 'standard output does not' "$T/out" '^out'
fi

# Other users
if [ ${#AS[@]} -eq 0 ] && [ "$(id -u)" -eq 0 ]; then
	nobody=(setpriv --reuid=65534 --regid=65534 --clear-groups)
	chmod 711 "$T/run" "$base" "$base/a"
	chmod 666 "$base/a/exec"
	"${nobody[@]}" "$RING3" exec a -- true > "$T/out" 2> "$T/err"
	status=$?
	refused 'the run of another user' "^ring3: no run is named 'a'"
	(cd "$base/a" && python3 -c '
import os, socket
os.setgroups([])
os.setgid(65534)
os.setuid(65534)
s = socket.socket(socket.AF_UNIX)
s.connect("exec")
print(s.recv(4096)[16:-1].decode())') > "$T/out" 2> "$T/err"
	like 'nor is he heard at the socket' "$T/out" "run 'a' belongs to another user"
	chmod 700 "$T/run" "$base" "$base/a"
fi

# What is no client of ours is let go, and harms nobody.
(cd "$base/a" && python3 -c '
import os, socket
for junk in b"\0" * 64, b"\x44\0\0\0\xff\xff\xff\xff", b"\x45\0\0\0\4\0\0\0\0\0\0\0", os.urandom(100000):
    s = socket.socket(socket.AF_UNIX)
    s.connect("exec")
    try:
        s.sendall(junk)
        while s.recv(4096):
            pass
    except (BrokenPipeError, ConnectionResetError):
        pass
print("gone")') > "$T/out" 2> "$T/err"
is 'nonsense at the socket' "$(cat "$T/out")" gone
r3 exec a -- true
is 'changes nothing' "$status" 0

# Two runs, and the end of one while a command runs in it.
first=$bg
exec 8>&9
up b
r3 exec -- true
refused 'two runs and no name' '^ring3: which run\? There are 2'
ok 'the end of the run: a command runs' exec_start one b -- sh -c 'echo ready; sleep 1000'
r3_wait
is 'the end of the run: its status is its own command'"'"'s' "$status" 5
exec_ended one
is 'the end of the run: the other command too, 255' "$status" 255
is 'the end of the run: one line' "$(wc -l < "$T/err")" 1
like 'the end of the run: says so' "$T/err" "^ring3: run 'b' is over: its own command has ended"

up b
ok 'a panic: a command runs' exec_start one b -- sh -c 'echo ready; sleep 1000'
r3 exec b -- insmod ./ring3_panic.ko
is 'a panic: 255' "$status" 255
like 'a panic: says so' "$T/err" "^ring3: run 'b' is over \(panicked\)"
exec_ended one
is 'a panic: 255 for the other command, too' "$status,$(wc -l < "$T/err")" 255,1
r3_ended
is 'a panic: the run' "$status" 255
like 'a panic: the run tells of it, and nobody else' "$T/run.err" 'hosted kernel crashed: ring3_panic: on purpose'

# A hosted kernel that hangs does not hold the caller.
up b
ok 'a hosted kernel that hangs: a command runs' exec_start one b -- sh -c 'echo ready; sleep 1000'
kernel=$(process_of kernel)
kill -STOP "$kernel"
kill -INT $pid
kill -TERM $pid
kill -HUP $pid
exec_ended one
kill -CONT "$kernel"
ok 'a hosted kernel that hangs: three signals end ring3 exec' [ "$status" -gt 128 -a "$status" -lt 192 ]
is 'a hosted kernel that hangs: one line' "$(wc -l < "$T/err")" 1
like 'a hosted kernel that hangs: says so' "$T/err" "^ring3: the command in run 'b' does not answer.*ring3 kill b"
r3_wait
is 'a hosted kernel that hangs: its run goes on' "$status" 5

up b
ok 'kill -9 of the shim: a command runs' exec_start one b -- sh -c 'echo ready; sleep 1000'
kill -KILL "$(process_of shim)"
r3_ended
exec_ended one
is 'kill -9 of the shim: 255' "$status,$(wc -l < "$T/err")" 255,1
like 'kill -9 of the shim: says so' "$T/err" "^ring3: run 'b' has gone"

r3_start run --name b --hold --device testdev --driver ./ring3_panic.ko -- true
ok 'held after a panic' await "grep -q 'are held' '$T/err'"
aside
held=$bg bg=
r3 exec b -- true
refused 'held after its end' "^ring3: run 'b' has ended and only its devices are held.*ring3 kill b"
"${AS[@]}" "$RING3" kill b
bg=$held
r3_ended

r3_start run --name b --timeout 40 --driver './ring3_panic.ko spin=1' -- true
ok 'a run that does not come up' await "[ -S '$base/b/exec' ]"
aside
held=$bg bg=
r3 exec b -- true
refused 'not up yet' "^ring3: run 'b' is not up yet; try again"
"${AS[@]}" "$RING3" kill b
bg=$held
r3_ended

bg=$first
exec 9>&8 8>&-
r3_wait
is 'the first run has not noticed any of that' "$status" 5

finish
