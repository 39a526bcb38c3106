#!/bin/bash
# SPDX-License-Identifier: GPL-2.0
# 18-instances.t - running instances: ps, kill, names, --hold, and what a kill -9 leaves
# shellcheck source=SCRIPTDIR/../lib.sh
. "$(dirname "$0")/../lib.sh"

cp "$TOP/tests/panic/ring3_panic.ko" .
base=$T/run/ring3

# A run called $1 with the other arguments, up; it becomes $bg.
up() {
	local name=$1
	shift
	r3_start run --name "$name" "$@" -- sh -c 'echo up; read -r x || :; exit 5'
	ok "$name: running" r3_up
	# The guest's word that CMD runs is followed by the entry that says so.
	ok "$name: is listed" await "grep -q running '$base/$name/instance.json'"
}

# An instance's value of key $2.
json_of() { "${AS[@]}" "$RING3" ps -j | python3 -c 'import json, sys
print([i[sys.argv[2]] for i in json.load(sys.stdin) if i["name"] == sys.argv[1]][0])' "$1" "$2"; }

r3 ps
is 'ps of nothing: status' "$status" 0
is 'ps of nothing: the titles' "$(xargs < "$T/out")" 'NAME PID UP STATE DEVICES VIEW'
r3 ps -j
is 'ps -j of nothing' "$(tr -d ' \n' < "$T/out")" '[]'
r3 ps --prune
is 'ps --prune of nothing says nothing' "$(cat "$T/out" "$T/err")" ''
r3 ps foo
is 'ps with a word: 125' "$status" 125
r3 kill
is 'kill of nothing: 125' "$status" 125
r3 kill alpha
is 'kill of an unknown name: 125' "$status" 125
is 'kill of an unknown name: one line' "$(cat "$T/err")" "ring3: no run is named 'alpha'; none is running"
nothing_left 'ps and kill'

up alpha --device testdev --device testdev,addr=4.0
is 'the directory has these files' "$(cd "$base/alpha" && echo *)" 'exec instance.json lock view'
is 'and is open to nobody else' "$(stat -c %a "$base" "$base/alpha" | xargs)" '700 700'
# A user who may not mount has no view, and is not told of one.
shown=$base/alpha/view view=$base/alpha/view
mountpoint -q "$view" || shown=- view=None
last='ring3 ps'
"${AS[@]}" "$RING3" ps > "$T/ps"
like 'ps lists it' "$T/ps" "^alpha +[0-9]+ +[0-9]+s +running +testdev testdev +$shown\$"
is 'ps -j: the state' "$(json_of alpha state)" running
is 'ps -j: the process' "$(json_of alpha pid)" "$(process_of shim)"
is 'ps -j: the proxy' "$(json_of alpha proxy_pid)" "$(process_of proxy)"
is 'ps -j: the kernel' "$(readlink "/proc/$(json_of alpha kernel_pid)/exe")" \
	"$(readlink "/proc/$(process_of kernel)/exe")"
is 'ps -j: the devices' "$(json_of alpha devices)" \
	"[{'spec': 'testdev', 'addr': '1.0'}, {'spec': 'testdev', 'addr': '4.0'}]"
is 'ps -j: the command' "$(json_of alpha command)" "['sh', '-c', 'echo up; read -r x || :; exit 5']"
is 'ps -j: the view' "$(json_of alpha view)" "$view"
held=$bg bg=
r3 run --name alpha -- true
is 'a name in use: 125' "$status" 125
is 'a name in use: one line' "$(wc -l < "$T/err")" 1
like 'a name in use: says so' "$T/err" "a run named 'alpha' is alive.*ring3 kill alpha"
r3 kill alpa
is 'kill of a name almost right: 125' "$status" 125
like 'and what was meant' "$T/err" "no run is named 'alpa'.*did you mean alpha"
r3 run --name beta -- true
is 'another name is free' "$status" 0
ok 'the first lives' kill -0 "$held"
bg=$held
r3_wait
is 'its end by itself' "$status" 5
nothing_left 'an end by itself'

up alpha --device testdev
held=$bg bg=
r3 kill alpha nobody
is 'kill of one that is and one that is not: 125' "$status" 125
like 'names the one that is not' "$T/err" "'nobody'"
is 'and the other has ended, with all it had' "$(ls "$T/run")" ''
bg=$held
r3_ended
is 'its status is that of SIGTERM' "$status" 143

up alpha
held=$bg bg=
is 'a run without devices has no view' "$(json_of alpha view)" None
r3 kill alpha
is 'kill: 0' "$status" 0
is 'kill says nothing' "$(cat "$T/out" "$T/err")" ''
bg=$held
r3_ended

# A stopped instance does not hear SIGTERM.
up alpha --device testdev
held=$bg
kill -STOP "$(process_of shim)"
bg=
LIMIT=30 r3 kill alpha
is 'kill of a stopped run: 0' "$status" 0
like 'says that it had to be killed' "$T/err" "run 'alpha' did not end by itself and is killed"
bg=$held
r3_ended
nothing_left 'kill of a stopped run'

# kill -9 of the shim alone, and with everything that could clean up.
for devices in '' '--device testdev'; do
	up alpha $devices
	kill -KILL "$(process_of shim)"
	r3_ended
	is "kill -9 of the shim (${devices:-no devices}): its directory goes too" "$(ls "$T/run")" ''
done
up alpha --device testdev
for pid in $(descendants "$bg"); do
	kill -STOP "$pid"
	[ "$(readlink "/proc/$pid/exe")" != "$(readlink -f "$RING3")" ] || pids+=" $pid"
done
kill -KILL $pids "$(process_of proxy)" 2> /dev/null
r3_kill
is 'kill -9 of the shim, its guard and the proxy: the directory stays' "$(ls "$base")" alpha
cp -r "$base" "$T/w/left"
r3 ps --prune
is 'ps --prune: status' "$status" 0
is 'ps --prune says what it removed' "$(cat "$T/out")" 'removed what was left of alpha'
nothing_left 'ps --prune'
cp -r "$T/w/left" "$base"
r3 ps
is 'ps sweeps it too' "$(wc -l < "$T/out"),$(ls "$T/run")" '1,'
cp -r "$T/w/left" "$base"
mkdir -p "$base/half"
r3 run -- true
is 'run sweeps it: status' "$status" 0
is 'run sweeps it without a word' "$(cat "$T/out" "$T/err")" ''
nothing_left 'a run after one that was killed'
cp -r "$T/w/left" "$base"
r3 run --name alpha -- true
is 'a stale directory does not keep its name: status' "$status" 0
is 'and nothing is said' "$(cat "$T/out" "$T/err")" ''
nothing_left 'a run with the name of a killed one'
cp -r "$T/w/left" "$base"
echo nonsense > "$base/alpha/instance.json"
r3 ps --prune
is 'what is no JSON is swept as well' "$(cat "$T/out")" 'removed what was left of alpha'

# A FUSE file system that nobody serves, as a proxy leaves it that was killed.
dead_view() {
	python3 -c 'import ctypes, os, sys
fd = os.open("/dev/fuse", os.O_RDWR)
data = b"fd=%d,rootmode=40000,user_id=0,group_id=0" % fd
sys.exit(ctypes.CDLL(None).mount(os.fsencode(sys.argv[2]), os.fsencode(sys.argv[1]), b"fuse.ring3", 6, data))' "$1" "${2:-ring3}" 2> /dev/null
}
no_mounts() { is "$1: no mount is left" "$(grep -F "$T" /proc/self/mountinfo)" ''; }
mkdir -p "$T/mine"
if [ ${#AS[@]} -eq 0 ] && dead_view "$T/mine"; then
	r3 run --device testdev --view "$T/mine" -- true
	is '--view where something dead is mounted: 125' "$status" 125
	like 'says what' "$T/err" "ring3 .fuse.ring3. is mounted there"
	umount -l "$T/mine"
	for role in shim proxy; do
		for view in "$base/alpha/view" "$T/mine"; do
			up alpha --device testdev $([ "$view" != "$T/mine" ] || echo "--view $view")
			grep -qF " $view " /proc/self/mountinfo || dead_view "$view" "ring3-$(process_of shim)"
			kill -KILL "$(process_of $role)"
			r3_ended
			no_mounts "kill -9 of the $role with a view at ${view#"$T/"}"
			is "kill -9 of the $role: nor the directory" "$(ls "$T/run")" ''
		done
	done
	cp -r "$T/w/left" "$base"
	dead_view "$base/alpha/view"
	r3 ps --prune
	is 'ps --prune of a dead view' "$(cat "$T/out")" 'removed what was left of alpha'
	no_mounts 'ps --prune'
fi

# The runtime directory: not one that others can enter, and a run goes on without any.
mkdir -m 755 "$base"
r3 run -v -- true
is 'a runtime directory that others may enter: the run goes on' "$status" 0
is 'and leaves it alone' "$(ls "$base")" ''
rmdir "$base"
ln -s "$T/tmp" "$base"
r3 run -- true
is 'a symbolic link for a runtime directory: the run goes on' "$status" 0
is 'without a word' "$(cat "$T/err")" ''
rm "$base"

# Many starts and ends at once: each must see the directory that others make and remove.
runs=()
for i in 1 2 3 4 5 6; do
	"${AS[@]}" "$RING3" run --name "many-$i" -- true > "$T/many-$i" 2>&1 &
	runs+=($!)
done
all=0
for pid in "${runs[@]}"; do wait "$pid" || all=1; done
is 'six runs at once' "$all$(cat "$T"/many-*)" 0
nothing_left 'six runs at once'

# --view and --trace: mistakes
bad() {
	r3 run --device testdev "${@:3}" -- true
	is "$1: 125" "$status" 125
	is "$1: one line" "$(wc -l < "$T/err")" 1
	like "$1: says so" "$T/err" "$2"
}
mkdir full && : > full/file
bad '--view of nothing' 'missing.*create it' --view missing
bad '--view of a file' 'not a directory' --view full/file
bad '--view of a full directory' 'not empty' --view full
bad '--view of a mount point' 'is mounted there' --view /proc
bad '--trace into nothing' 'missing.*create it' --trace missing/trace
bad '--trace to a directory' 'a directory' --trace full
bad '--trace without a name' 'name' --trace ''
for option in '--view full' '--trace t' --trace-mapped --hold; do
	r3 run $option -- true
	is "$option without a device: 125" "$status" 125
done
r3 run --dry-run --device testdev --trace t --trace-mapped --hold -- true
like '--dry-run names what the proxy gets' "$T/out" \
	"--view $base/run-[0-9]+/view --view-optional --show kernel/log=10 .*--trace $T/w/t --trace-mapped --stay"
nothing_left --dry-run

# --hold
r3_start run --name h --hold --device testdev -- sh -c 'echo out; exit 7'
ok '--hold: says what it holds' await "grep -q 'h has ended and its devices are held' '$T/err'"
is '--hold: in one line' "$(wc -l < "$T/err")" 1
like '--hold: with the view and the way out' "$T/err" "$base/h/view.*'ring3 kill h'"
is '--hold: output is complete' "$(cat "$T/out")" out
ok '--hold: the proxy lives' [ -n "$(process_of proxy)" ]
"${AS[@]}" "$RING3" ps > "$T/ps"
like '--hold: ps says so' "$T/ps" '^h .* ended 7, held '
"${AS[@]}" "$RING3" kill h
r3_ended
is '--hold: the status is that of the command' "$status" 7

for sig in INT TERM; do
	r3_start run --name h --hold --device testdev -- true
	ok "--hold and SIG$sig: held" await "grep -q 'are held' '$T/err'"
	kill -$sig "$(process_of shim)"
	r3_ended
	is "--hold and SIG$sig: the status is that of the command" "$status" 0
done
r3_start run --name h --hold --device testdev --driver ./ring3_panic.ko -- true
ok '--hold after a panic' await "grep -q 'are held' '$T/err'"
ok 'the crash is told before' grep -q 'ring3_panic: on purpose' "$T/err"
"${AS[@]}" "$RING3" ps > "$T/ps"
like 'ps: panicked' "$T/ps" '^h .* panicked, held '
"${AS[@]}" "$RING3" kill h
r3_ended
is 'the status is that of a crash' "$status" 255
up h --hold --device testdev
kill -KILL "$(process_of kernel)"
ok '--hold after kill -9 of the hosted kernel' await "grep -q 'are held' '$T/err'"
ok 'the proxy lives' [ -n "$(process_of proxy)" ]
"${AS[@]}" "$RING3" ps > "$T/ps"
like 'ps: killed' "$T/ps" '^h .* killed 9, held '
kill -KILL "$(process_of shim)"
r3_ended
nothing_left '--hold and kill -9'
up h --hold --device testdev
kill -TERM "$(process_of shim)"
r3_ended
is 'SIGTERM to a run with --hold ends it at once' "$status" 143
r3 run --hold --device qemu:no-such-thing -- true
is '--hold of what could not be set up: 125' "$status" 125
up h --hold --device testdev
kill -KILL "$(process_of proxy)"
r3_ended
is '--hold and the proxy dies: 125' "$status" 125

# Enter on a terminal ends it.
last='script: ring3 run --hold'
mkfifo "$T/keys"
script -qfec "${AS[*]} '$RING3' run --name h --hold --device testdev -- true" /dev/null < "$T/keys" > "$T/out" 2>&1 &
typing=$!
exec 8> "$T/keys"
ok '--hold on a terminal: held' await "grep -q 'Enter, Ctrl-C or' '$T/out'"
printf '\r' >&8
ok '--hold on a terminal: Enter ends it' await "! kill -0 $typing 2> /dev/null" 10
exec 8>&-
wait "$typing"
is '--hold on a terminal: status' "$?" 0
nothing_left '--hold on a terminal'


# Two runs that want one directory for their views at the same moment: one has it, the other is told.
if [ ${#AS[@]} -eq 0 ]; then
	mkdir shared
	for name in one two; do
		"$TOOLS/reap" -t 60 "$RING3" run --name $name --view shared --device testdev -- sh -c 'echo up; sleep 1' \
			> "$T/$name.out" 2> "$T/$name.err" &
	done
	wait
	is 'two runs, one directory: one of them runs' "$(cat "$T/one.out" "$T/two.out")" up
	is 'and the other says why not' "$(cat "$T/one.err" "$T/two.err" | grep -c -- '--view .*/shared: ')" 1
	no_mounts 'two runs, one directory'
	# What another program has mounted there meanwhile is not ours to take away.
	cp -r "$T/w/left" "$base"
	python3 - "$base/alpha/instance.json" "$PWD/shared" <<-'END'
	import json, sys
	info = json.load(open(sys.argv[1]))
	info["view"] = sys.argv[2]
	json.dump(info, open(sys.argv[1], "w"))
	END
	if dead_view "$PWD/shared" other; then
		r3 ps --prune
		is 'ps --prune leaves what is not ours' "$(grep -c "$PWD/shared" /proc/self/mountinfo)" 1
		umount -l "$PWD/shared"
	fi
fi

finish
