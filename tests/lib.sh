# SPDX-License-Identifier: GPL-2.0
# shellcheck shell=bash
# lib.sh - what the integration tests share: TAP, running ring3, and seeing that nothing is left
#
# A test sources this file, calls the functions below and ends with `finish`.
#
#   r3 ARG...            run ring3; status in $status, output in $T/out and $T/err
#   r3_start ARG...      the same in the background; r3_up waits until CMD printed `up`, r3_wait ends it
#   ok NAME CMD...       a test: CMD must succeed
#   is NAME GOT WANT     a test: two strings are equal
#   like NAME FILE RE    a test: a line of FILE matches the extended regular expression
#   skip_all REASON      give the whole file up (a failure where RING3_NO_SKIP=1, as in CI)
#
# Environment: RING3 (the command, default: the checkout's), RING3_AS (a command in front of it that
# changes the user, see 12-unprivileged.t), RING3_AS_UID (that user).
set -u -o pipefail

TOP=$(cd "$(dirname "${BASH_SOURCE[0]}")/.." && pwd)
RING3=${RING3:-$TOP/ring3}
TOOLS=${RING3_TEST_TOOLS:-$TOP/build/tests}
read -ra AS <<< "${RING3_AS:-}"
ME=${0##*/}

T=$(mktemp -d "${TMPDIR:-/tmp}/ring3-test.XXXXXX")
chmod 755 "$T"
mkdir "$T/home" "$T/run" "$T/tmp" "$T/w" "$T/cache"
# What is kept for the next time (ring3-build(1), ring3-debug(1)) has a place of its own, so nothing may be left in the others.
export HOME=$T/home XDG_CACHE_HOME=$T/cache XDG_RUNTIME_DIR=$T/run TMPDIR=$T/tmp LC_ALL=C
chmod 700 "$T/run"
cd "$T/w" || exit 1
exec </dev/null

count=0 failed=0 status=0 bg='' last=''

cleanup() {
	[ -z "$bg" ] || r3_kill
	rm -rf "$T"
}
trap cleanup EXIT
trap 'exit 1' INT TERM HUP

diag() { sed 's/^/# /' >&2; }

# Report test number count+1: $1 = 0 passes, $2 is its name.
report() {
	count=$((count + 1))
	if [ "$1" -eq 0 ]; then
		echo "ok $count - $2"
		return 0
	fi
	failed=$((failed + 1))
	echo "not ok $count - $2"
	echo "# repeat: ${RING3_AS:+RING3_AS='$RING3_AS' }${REPEAT:-tests/integration/$ME}" >&2
	[ -z "$last" ] || echo "# last command: $last" >&2
	return 1
}

# What the last command left, when a test fails.
show_last() {
	echo "# status $status" >&2
	if [ -s "$T/out" ]; then
		echo '# stdout:' >&2
		head -c 2000 "$T/out" | tr -c '[:print:]\n\t' '?' | tail -20 | diag
	fi
	if [ -s "$T/err" ]; then
		echo '# stderr:' >&2
		tail -40 "$T/err" | diag
	fi
}

ok() {
	local name=$1
	shift
	if "$@"; then
		report 0 "$name"
	else
		report 1 "$name"
		echo "# failed: $*" >&2
		show_last
		return 1
	fi
}

is() {
	if [ "$2" = "$3" ]; then
		report 0 "$1"
	else
		report 1 "$1"
		printf '# got:  %s\n# want: %s\n' "$2" "$3" >&2
		show_last
		return 1
	fi
}

like() {
	if grep -Eq -- "$3" "$2"; then
		report 0 "$1"
	else
		report 1 "$1"
		echo "# no line of ${2##*/} matches: $3" >&2
		show_last
		return 1
	fi
}

unlike() {
	if grep -Eq -- "$3" "$2"; then
		report 1 "$1"
		echo "# a line of ${2##*/} matches: $3" >&2
		show_last
		return 1
	else
		report 0 "$1"
	fi
}

skip_all() {
	if [ "${RING3_NO_SKIP:-0}" = 1 ]; then
		report 1 "$1"
		finish
	fi
	echo "1..0 # SKIP $1"
	exit 0
}

finish() {
	nothing_left "the whole of $ME"
	echo "1..$count"
	[ "$failed" -eq 0 ]
	exit
}

# Traces outside of the run's own processes: files, sockets and mounts that ring3 or its parts name.
traces() {
	find "$T/home" "$T/run" "$T/tmp" -mindepth 1
	find /dev/shm /tmp -mindepth 1 -maxdepth 1 ! -name 'ring3-test.*' ! -name 'ring3-matrix.*' \
		\( -name 'ring3*' -o -name 'vm_file*' -o -name 'qemu*' -o -name 'uml*' -o -name 'vl.*' \)
	# Views in other runtime directories are those of runs that are no test's, or another test's; so
	# are claims of devices, which go with the process that has them.
	awk -v t="$T/" 'index($5, t) == 1 || (/ring3|\/uml/ && !/ring3-test/ && $5 !~ "/ring3/[^/]+/view$") {
		print "mount " $5 }' /proc/self/mountinfo
	awk '$8 ~ /ring3|qemu|uml/ && $8 !~ /ring3-matrix/ && $8 !~ /ring3-test|^@ring3-device\// {print "socket " $8}' /proc/net/unix
}
traces | sort > "$T/before"

# A test: nothing that was not there when the file began.
nothing_left() {
	local left
	left=$(traces | sort | comm -13 "$T/before" -)
	is "nothing is left after $1" "$left" ""
}

give_away() {
	[ ${#AS[@]} -eq 0 ] || chown -R "${RING3_AS_UID:-65534}" "$T"
}

r3() {
	give_away
	last="${RING3_AS:+$RING3_AS }ring3 $*"
	"$TOOLS/reap" -t "${LIMIT:-60}" "${AS[@]}" "$RING3" "$@" > "$T/out" 2> "$T/err"
	status=$?
}

# In the background, with a FIFO as standard input; `r3_in` writes to it.
r3_start() {
	give_away
	last="${RING3_AS:+$RING3_AS }ring3 $*"
	rm -f "$T/fifo"
	mkfifo "$T/fifo"
	: > "$T/out"
	"$TOOLS/reap" -t "${LIMIT:-60}" "${AS[@]}" "$RING3" "$@" < "$T/fifo" > "$T/out" 2> "$T/err" &
	bg=$!
	exec 9> "$T/fifo"
}

# Wait (at most $2 seconds, default 30) until the shell condition $1 holds; polls, as processes and files tell nobody.
await() {
	local end=$((SECONDS + ${2:-30}))
	until eval "$1"; do
		[ $SECONDS -lt $end ] || return 1
		sleep 0.02
	done
	return 0
}

r3_up() { await "grep -q '^up' '$T/out' || ! kill -0 $bg 2>/dev/null" 40 && grep -q '^up' "$T/out"; }

# Wait for the end, with the end of CMD's standard input (r3_wait) or without (r3_ended).
r3_wait() {
	exec 9>&-
	r3_ended
}

r3_ended() {
	wait "$bg"
	status=$?
	bg=
	exec 9>&-
}

# End a background run whatever its state.
r3_kill() {
	local p
	for p in $(descendants "$bg"); do kill -KILL "$p" 2>/dev/null; done
	r3_wait
}

# The living descendants of process $1, oldest first.
descendants() {
	ps -eo pid=,ppid=,stat= --sort=start_time,pid | awk -v root="$1" '
		$3 !~ /^Z/ { parent[$1] = $2; order[n++] = $1 }
		END {
			in_tree[root] = 1
			do {
				more = 0
				for (i = 0; i < n; i++)
					if (!(order[i] in in_tree) && parent[order[i]] in in_tree) {
						in_tree[order[i]] = 1; more = 1
					}
			} while (more)
			for (i = 0; i < n; i++)
				if (order[i] in in_tree && order[i] != root)
					print order[i]
		}'
}

# The oldest process of the background run that is a shim, proxy, qemu, kernel or stub; or the newest
# stub, `command`.  A stub carries a process of the hosted kernel, the oldest its init.
process_of() {
	local p exe kernel='' newest=''
	for p in $(descendants "$bg"); do
		exe=$(readlink "/proc/$p/exe" 2>/dev/null) || continue
		case $1:${exe% (deleted)} in
		shim:*/ring3 | proxy:*/ring3-proxy | qemu:*/qemu-system-x86_64) echo "$p"; return ;;
		kernel:*/linux) echo "$p"; return ;;
		stub:*/linux | command:*/linux)
			if [ -z "$kernel" ]; then
				kernel=$p
			elif [ "$1" = stub ]; then
				echo "$p"
				return
			else
				newest=$p
			fi
			;;
		esac
	done
	[ -n "$newest" ] && echo "$newest"
}

# Take the TAP of file $1 over as tests of ours, "$2: " in front of each name; skipped tests are failures.
tap_take() {
	local line any=0 notes=''
	while IFS= read -r line; do
		case $line in
		'#'*) notes+=$line$'\n' ;;
		'ok '*'# SKIP'*) report 1 "$2: ${line#ok * } (skipped)"; any=1; notes= ;;
		'ok '*) report 0 "$2: ${line#ok * }"; any=1; notes= ;;
		'not ok '*) report 1 "$2: ${line#not ok * }"; printf '%s' "$notes" >&2; any=1; notes= ;;
		esac
	done < "$1"
	local plan
	plan=$(sed -n 's/^1\.\.\([0-9]*\).*/\1/p' "$1" | head -1)
	is "$2: ran all it planned" "$(grep -Ec '^(not )?ok ' "$1")" "${plan:-no plan}"
	[ $any = 1 ]
}
