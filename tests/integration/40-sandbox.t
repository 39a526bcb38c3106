#!/bin/bash
# SPDX-License-Identifier: GPL-2.0
# 40-sandbox.t - what the driver process has, and what it has not; as root and as a user
# shellcheck source=SCRIPTDIR/../lib.sh
. "$(dirname "$0")/../lib.sh"

attack=$TOP/tests/attacks/module/ring3_attack.ko
[ -f "$attack" ] || skip_all "$attack is not there: make test-modules"

# A line of the driver process's /proc/PID/status.
field() { awk -v key="$1:" '$1 == key { print $2 }' "/proc/$kernel/status"; }
limit_of() { awk -v key="$1" 'index($0, key) == 1 { sub(key, ""); print $1 }' "/proc/$kernel/limits"; }

# Only root may look into all of it from here.
look_inside() {
	local root=/proc/$kernel/root want
	want=$(printf '%s\n' dev etc proc run "$(cut -d/ -f2 <<< "$T")" "$(cut -d/ -f2 <<< "$TOP")" \
		"$(readlink -f "$TOP/build/kernel" | cut -d/ -f2)" usr bin sbin lib lib32 lib64 libx32 | sort -u)
	is "$who: nothing else is in its root" "$(find "$root/" -mindepth 1 -maxdepth 1 -printf '%f\n' |
		grep -v '^\.nothing$\|^\.ring3-uml$' | sort | comm -23 - <(echo "$want"))" ''
	is "$who: its one device" "$(ls "$root/dev")" null
	is "$who: its one file of /proc" "$(ls "$root/proc")" cpuinfo
	ok "$who: its root cannot be written" [ -z "$(awk '$5 == "/" && $6 !~ /^ro/' "/proc/$kernel/mountinfo")" ]
	is "$who: what is writable" "$(awk '$6 !~ /^ro/ { print $5 }' "/proc/$kernel/mountinfo" | sort | xargs)" \
		"$(printf '%s\n' /dev/null /proc/cpuinfo /.ring3-uml "$PWD/rw" | sort | xargs)"
	is "$who: its network" "$(tail -n +3 "/proc/$kernel/net/dev" | cut -d: -f1 | xargs)" lo
	is "$who: no namespace is ours" "$(for n in cgroup ipc mnt net pid user uts; do
		[ "$(readlink "/proc/$kernel/ns/$n")" != "$(readlink /proc/self/ns/$n)" ] || echo $n; done)" ''
}

look_at_process() {
	kernel=$(process_of kernel)
	is "$who: its user" "$(field Uid)" 65534
	is "$who: capabilities" "$(for f in CapInh CapPrm CapEff CapBnd CapAmb; do field $f; done | sort -u)" 0000000000000000
	is "$who: no_new_privs" "$(field NoNewPrivs)" 1
	is "$who: filter of system calls" "$(field Seccomp)" 2
	is "$who: processes" "$(limit_of 'Max processes')" 512
	is "$who: core files" "$(limit_of 'Max core file size')" 0
	is "$who: first to go when memory is short" "$(cat "/proc/$kernel/oom_score_adj")" 1000
	is "$who: descriptors that lead outside" "$(find "/proc/$kernel/fd" -type l -printf '%l\n' |
		grep -Ev '^(/dev/null|pipe:.*|socket:.*|anon_inode:.*|/memfd:ring3-ram.*|/usr/.*|/etc/.*)$')" ''
	[ "$(id -u)" -ne 0 ] || look_inside
}

# Who cannot be told is no danger: what CMD sees through the driver process's eyes.
look_from_cmd() {
	mkdir -p rw
	echo 'in the working directory' > file
	chmod 600 file
	echo secret > "$HOME/secret"
	chmod 600 "$HOME/secret"
	exec 42< "$HOME/secret"
	r3_start run --rw rw --device testdev -- sh -c 'cat file; head -1 /etc/passwd; cat /etc/shadow "$HOME/secret"
		echo mine > rw/made; mknod rw/null c 1 3; echo up; read -r x || :'
	exec 42<&-
	ok "$who: up" r3_up
	look_at_process
	r3_wait
	is "$who: ended well" "$status" 0
	like "$who: the working directory is seen" "$T/out" '^in the working directory$'
	like "$who: /etc/passwd is seen" "$T/out" '^root:'
	like "$who: /etc/shadow is not" "$T/err" '/etc/shadow: Permission denied'
	like "$who: the home is not" "$T/err" 'secret: No such file'
	like "$who: a device of the host cannot be made" "$T/err" 'mknod: .*Operation not permitted'
	is "$who: what is written belongs to the directory's owner" "$(stat -c %u rw/made)" "$(stat -c %u rw)"
	rm -rf rw file "$HOME/secret"
}

look_at_violation() {
	r3 run --name box --device testdev --driver "$attack attack=connect-inet arg=1" -- true
	is "$who: a forbidden call ends the run" "$status" 255
	like "$who: and is named with the run and the device" "$T/err" \
		'^ring3: sandbox: box \(testdev at 01\.0\): the driver process tried socket\(.*system call 41, .* was ended$'
	is "$who: in one line" "$(grep -c '^ring3: ' "$T/err")" 1
	r3 run --name box --driver "$attack attack=read arg=$HOME/nothing" -- true
	is "$who: no call may come out of a driver's own code" "$status" 255
	like "$who: which is said" "$T/err" \
		"^ring3: sandbox: box: the driver process tried open\\(.*, out of code that is not the hosted kernel's own, and was ended\$"
	r3 run --driver "$attack attack=read arg=$HOME/nothing through=1" -- true
	is "$who: what is not there is no violation" "$status" 0
}

# A working directory that has whatever is in it, of the host's.
look_at_places() {
	local place back=$PWD
	for place in /run /var /dev/shm /; do
		cd "$place" || return
		r3 run -- pwd
		cd "$back" || return
		is "$who: in $place" "$status,$(cat "$T/out")" "0,$place"
	done
}

look_at_stop() {
	r3_start run --name box -- sh -c 'echo up; read -r x; exit 7'
	ok "$who: up, to be stopped" r3_up
	kernel=$(process_of kernel)
	kill -STOP "$kernel"
	ok "$who: that it was stopped is said" await "grep -q 'box: the driver process was stopped by a signal' '$T/err'"
	kill -CONT "$kernel"
	r3_wait
	is "$who: it goes on" "$status" 7
}

look_at_spin() {
	local start
	r3_start run --name box --driver "$attack attack=spin" -- true
	ok "$who: that it spins is said" await "grep -q 'box: the hosted kernel computes and does not answer' '$T/err'"
	start=$SECONDS
	"${AS[@]}" "$RING3" kill box
	ok "$who: and it can be ended" [ $((SECONDS - start)) -lt 5 ]
	r3_ended
}

look_at_off() {
	r3 run --no-sandbox -- true
	is "$who: --no-sandbox" "$status" 0
	is "$who: which is said in a line" "$(cat "$T/err")" \
		'ring3: warning: --no-sandbox: the driver process may do on this machine all that you may do'
	r3 run --no-sandbox -q -- true
	is "$who: -q knows it" "$(cat "$T/err")" ''
	ok "$who: home, for the next" mkdir -p "$HOME"
	echo 'not hidden' > "$HOME/secret"
	r3 run --no-sandbox -v --driver "$attack attack=read arg=$HOME/secret" -- true
	like "$who: the driver process reads what its user may" "$T/err" "read 'not hidden"
	rm "$HOME/secret"
}

# A host without user namespaces: a user namespace that may have no other.
look_at_forbidding_host() {
	give_away
	"${AS[@]}" unshare --user --map-root-user sh -c 'echo 0 > /proc/sys/user/max_user_namespaces
		exec setpriv --bounding-set=-sys_admin "$@"' sh "$RING3" run -- true > "$T/out" 2> "$T/err"
	is "$who: no namespaces: refused" "$?" 125
	like "$who: with reason and fix" "$T/err" \
		'^ring3: there can be no sandbox: .*max_user_namespaces is 0.*sysctl .*--no-sandbox$'
	is "$who: in one line, too" "$(wc -l < "$T/err")" 1
}

all_of_it() {
	look_from_cmd
	look_at_violation
	look_at_places
	look_at_stop
	look_at_spin
	look_at_off
	look_at_forbidding_host
	nothing_left "$who: all of it"
}

# Only a user who is 65534 has the same number inside and outside.
if [ "$(id -u)" -eq 0 ]; then
	who=root
	all_of_it
	# A directory that nobody but root may enter.
	mkdir -m 700 private
	echo 'for root' > private/file
	chmod 600 private/file
	cd private || exit
	r3 run --rw . -- sh -c 'cat file; echo more >> file'
	is "root's own directory is seen" "$(cat "$T/out")" 'for root'
	is 'and written' "$(tail -1 file)" more
	cd ..
	rm -rf private
	AS=(setpriv --reuid=65534 --regid=65534 --clear-groups --inh-caps=-all --bounding-set=-all --no-new-privs)
	RING3_AS_UID=65534
	chown -R 65534 "$T"
	who=user
	all_of_it
else
	skip_all 'needs root, to look at the processes of both'
fi

finish
