#!/bin/bash
# SPDX-License-Identifier: GPL-2.0
# 12-unprivileged.t - the same tests as a user without any privilege
# Runs the other files again as user 65534 with no groups, no capabilities and no way to get them.
here=$(cd "$(dirname "$0")" && pwd)
# shellcheck source=SCRIPTDIR/../lib.sh
. "$here/../lib.sh"

[ "$(id -u)" -eq 0 ] || skip_all 'run by an ordinary user: the other files have shown it'
[ ${#AS[@]} -eq 0 ] || skip_all 'already changed user by RING3_AS'

as='setpriv --reuid=65534 --regid=65534 --clear-groups --inh-caps=-all --bounding-set=-all --no-new-privs'
read -ra nobody <<< "$as"
is 'the user' "$("${nobody[@]}" id -u)" 65534
is 'has no capability' "$("${nobody[@]}" awk '/^CapEff/ {print $2}' /proc/self/status)" 0000000000000000

# The directory our temporary ones are made in must be reachable for that user.
export TMPDIR=$T/w
chmod 1777 "$T/w"
for f in 00-run 01-e1000e 02-nvme 03-panic 04-many 06-testdev 07-drivers 08-bad-input 09-kill 18-instances 19-bar \
	23-editors 24-bugs 25-coverage 26-exec; do
	last="RING3_AS='$as' tests/integration/$f.t"
	RING3_AS=$as RING3_AS_UID=65534 "$here/$f.t" > "$T/tap" 2> "$T/notes" < /dev/null
	rc=$?
	tap_take "$T/tap" "$f"
	is "$f: its exit status" "$rc" 0 || cat "$T/notes" >&2
done

finish
