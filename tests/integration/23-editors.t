#!/bin/bash
# SPDX-License-Identifier: GPL-2.0
# 23-editors.t - compile_commands.json, launch.json, gdb's MI for front ends, gdb's windows
# shellcheck source=SCRIPTDIR/../lib.sh
. "$(dirname "$0")/../lib.sh"

command -v gdb > /dev/null || skip_all 'there is no gdb'

# ---- compile_commands.json

cp -r "$TOP/examples/edu" edu
(cd edu && rm -f ./*.ko ./*.o ./*.mod ./*.mod.c .*.cmd modules.order Module.symvers compile_commands.json)
r3 build edu
is 'ring3 build: status' "$status" 0
cat > entries.py <<'PY'
import json, os, subprocess, sys
for e in json.load(open(sys.argv[1])):
    paths = [w[2:] for w in e["command"].split() if w.startswith("-I")]
    kernel = any(os.path.exists(os.path.join(e["directory"], p, "linux/pci.h")) for p in paths)
    compiled = subprocess.run(e["command"] + " -fsyntax-only", shell=True, cwd=e["directory"]).returncode
    print(e["file"], kernel, compiled)
PY
sources=$(for c in edu/*.c; do case $c in *.mod.c) ;; *) echo "$T/w/$c True 0" ;; esac; done)
is 'compile_commands.json: an entry for each source, with the kernel'"'"'s headers, that compiles' \
	"$(python3 entries.py edu/compile_commands.json)" "$sources"
before=$(stat -c '%i %y' edu/compile_commands.json)
r3 build -q edu
is 'built again: nothing is said' "$(cat "$T/out" "$T/err")" ''
is 'and the file is the same' "$(stat -c '%i %y' edu/compile_commands.json)" "$before"
touch edu/edu.c
r3 build edu
is 'compiled again by the same command: not rewritten' "$(stat -c %i edu/compile_commands.json)" "${before%% *}"
rm edu/compile_commands.json
r3 run --driver ./edu -- true
ok 'built on the fly: there it is, too' [ -s edu/compile_commands.json ]

# ---- launch.json and MI

r3 debug --device qemu:e1000e --driver e1000e --print-launch-json -- sh -c 'echo "from $0"; exec sleep 100'
is '--print-launch-json: status' "$status" 0
is 'and nothing else is said' "$(cat "$T/err")" ''
cp "$T/out" launch.json
ok 'it is JSON with what VS Code needs, and the files are there' python3 - launch.json << 'PY'
import json, os, sys
c, = json.load(open(sys.argv[1]))["configurations"]
assert c["type"] == "cppdbg" and c["MIMode"] == "gdb" and c["request"] == "launch"
assert os.path.exists(c["program"]) and os.access(c["miDebuggerPath"], os.X_OK)
assert c["setupCommands"] and c["launchCompleteCommand"] == "exec-continue"
PY

mi() {
	last="tests/tools/mi.py $*"
	"$TOOLS/reap" -t 60 "$TOP/tests/tools/mi.py" launch.json "$@" > "$T/out" 2> "$T/err"
	status=$?
}
mi '-break-insert -f e1000_probe' -exec-continue 'await ^\*stopped' \
	'-data-evaluate-expression pdev->vendor' -exec-finish 'await ^\*stopped' -gdb-exit
is 'a session: status' "$status" 0
is 'a session: errors' "$(cat "$T/err")" ''
is 'nobody stops before anything was asked for' \
	"$(sed '/\^running/q' "$T/out" | grep -c '^\*stopped')" 0
like 'the process is known' "$T/out" '^=thread-group-started,id="i1",pid="[0-9]+"'
like 'a pending breakpoint is hit, with file and line' "$T/out" \
	'^\*stopped,reason="breakpoint-hit",.*func="e1000_probe",.*fullname="/.*/e1000e/netdev\.c",line="[0-9]+"'
like 'an expression' "$T/out" '\^done,value="32902"'
like 'finish' "$T/out" '^\*stopped,reason="function-finished",'
nothing_left 'a session'

mi -exec-run 'await ^=library-loaded' -exec-interrupt 'await ^\*stopped,reason="signal-received"' \
	-exec-continue 'await ^\*running' signal 'await ^\*stopped,reason="signal-received"' -gdb-exit
is '-exec-interrupt, and a SIGINT: status' "$status" 0

r3 debug --device qemu:e1000e --driver e1000e --print-launch-json -- sh -c 'echo "from $0"; exit 5'
cp "$T/out" launch.json
mi '-break-insert -f e1000_probe' -exec-run 'await ^\*stopped,reason="breakpoint-hit"' '-break-delete' \
	-exec-continue 'await ^\*stopped,reason="exited' -gdb-exit
is '-exec-run goes on with what is there: the status is CMD'"'"'s' "$status" 5
is 'CMD does not write into MI' "$(grep -c '^from' "$T/out")" 0
is 'but to standard error' "$(cat "$T/err")" 'from sh'
: > output
mi --tty="$T/w/output" -exec-continue 'await ^\*stopped,reason="exited' -gdb-exit
is '--tty behind CMD is not one of its words' "$(cat "$T/err" output)" 'from sh'
mi --tty=/nowhere/at/all -exec-continue
is 'a --tty that is none: status' "$status" 3
like 'and the reason' "$T/err" "ring3: --tty /nowhere/at/all: No such file"
nothing_left 'sessions'

# ---- windows

if command -v script > /dev/null; then
	export TERM=xterm
	line="stty rows 40 cols 100; stty -g > $T/w/before
		'$RING3' debug --device qemu:e1000e --driver e1000e --tui -ex 'break e1000_probe' -ex continue
		s=\$?; stty -g > $T/w/after; exit \$s"
	: > "$T/out"
	last='ring3 debug --tui'
	(await "grep -aq 'netdev\.c' '$T/out' && grep -aq e1000_info_tbl '$T/out'" && printf 'print 6*7\rquit\r'
		await "[ -e $T/w/after ]") |
		SHELL=/bin/sh "$TOOLS/reap" -t 60 script -qec "$line" /dev/null > "$T/out" 2> "$T/err"
	status=$?
	is '--tui: status' "$status" 0
	ok '--tui: a window with the source of the breakpoint' grep -aq 'netdev\.c' "$T/out"
	ok '--tui: commands work' grep -aq '= 42' "$T/out"
	is '--tui: the terminal is left as it was' "$(cat after)" "$(cat before)"
	ok '--tui: and its screen' grep -aq $'\x1b\[?1049l' "$T/out"
fi

finish
