#!/bin/bash
# SPDX-License-Identifier: GPL-2.0
# 31-hosted-vfio-user.t - drivers whose device is another server's: all of testdev's tests, an NVMe
# disk, and a server that dies under its driver
# shellcheck source=SCRIPTDIR/../lib.sh
. "$(dirname "$0")/../lib.sh"

cp "$TOP/tests/testdev/ring3_testdev.ko" .
server=

# Start a server for $1... on ./s; it is ready when the pipe says so.
serve() {
	local args=() said
	for spec in "$@"; do args+=(--device "$spec"); done
	coproc SERVER { exec "$RING3" proxy "${args[@]}" --listen s --ready-fd 1 --until $$ 2> "$T/server"; }
	server=$SERVER_PID
	read -r said <&"${SERVER[0]}"
	is "a server of $* is ready" "$said" ready
}

end_server() {
	kill "-$1" "$server"
	wait "$server" 2> "$T/how"
	server=
}

serve testdev testdev
for dev in 01 05; do
	LIMIT=100 r3 run --device vfio-user:s,addr=1.0 --device vfio-user:s.1,addr=5.0 \
		--driver ./ring3_testdev.ko -- sh -c "cat /proc/ring3_testdev/0000:00:$dev.0/all"
	is "status of $dev" "$status" 0
	is 'nothing on stderr' "$(cat "$T/err")" ''
	ok "device $dev ran its tests" tap_take "$T/out" "$dev"
done

# A register that is mapped and one that is not, ten thousand messages beside each other.
r3 run --device vfio-user:s --device testdev --driver ./ring3_testdev.ko -- \
	sh -c 'cat /proc/ring3_testdev/*/mmio /proc/ring3_testdev/*/dma'
is 'beside a device of the proxy itself: status' "$status" 0
unlike 'and both pass' "$T/out" '^not ok'

# The driver's process is killed with DMA and interrupts in flight, or its proxy is; the server finds a
# client that has gone, and the next one a device that was reset.
for i in $(seq 10); do
	r3_start run --device vfio-user:s --driver ./ring3_testdev.ko -- \
		sh -c 'echo up; while :; do cat /proc/ring3_testdev/*/dma /proc/ring3_testdev/*/irq; done > /dev/null'
	role=kernel
	[ $((i % 2)) = 0 ] || role=proxy
	if r3_up && pid=$(process_of $role); then
		kill -KILL "$pid"
		r3_ended
		ok "round $i: $role killed, and the run is over" [ "$status" -ne 0 ]
	else
		report 1 "round $i: never came that far"
		r3_kill
	fi
done
r3 run --device vfio-user:s --driver ./ring3_testdev.ko -- \
	sh -c 'cat /proc/ring3_testdev/*/dma /proc/ring3_testdev/*/irq'
is 'after that the device works: status' "$status" 0
unlike 'in every way' "$T/out" '^not ok'

# It dies under its driver, which goes on; so does CMD.
r3_start run --device vfio-user:s --driver ./ring3_testdev.ko -- \
	sh -c 'echo up; read x; cat /proc/ring3_testdev/*/pci; echo alive'
ok 'a run is up' r3_up
end_server KILL
echo go >&9
r3_wait
is 'its server was killed: the run ends by itself' "$status" 0
like 'its command went on' "$T/out" '^alive'
like 'and a line says why it saw all ones' "$T/err" "vfio-user:s': its server has gone"

r3 run --device vfio-user:s -- true
is 'no server: 125' "$status" 125
like 'and what to do' "$T/err" 'cannot connect to s: (Connection refused; .*start the server again|No such file or directory; start the server)'

serve testdev
r3 run --device vfio-user:s --driver ./ring3_testdev.ko -- sh -c 'cat /proc/ring3_testdev/*/all'
is 'started again: the next run has it' "$status" 0
unlike 'and it works' "$T/out" '^not ok'
end_server TERM

if command -v qemu-system-x86_64 > /dev/null; then
	truncate -s 16M disk
	serve qemu:nvme,disk=disk qemu:e1000e,net=user
	LIMIT=100 r3 run --device vfio-user:s --device vfio-user:s.1 --driver nvme --driver e1000e -- sh -c '
		head -c 4M /dev/urandom > /tmp/data &&
		dd if=/tmp/data of=/dev/nvme0n1 bs=256k oflag=direct 2>/dev/null &&
		dd if=/dev/nvme0n1 bs=256k count=16 iflag=direct 2>/dev/null | cmp - /tmp/data &&
		ip link set eth0 up && ip addr add 10.0.2.15/24 dev eth0 &&
		timeout 20 sh -c "until grep -q up /sys/class/net/eth0/operstate; do sleep 0.05; done" &&
		ping -c 3 -i 0.2 -W 5 10.0.2.2 && echo all well'
	is 'NVMe and e1000e of another proxy: status' "$status" 0
	like 'data come back, packets too' "$T/out" '^all well'
	is 'nothing on stderr, either' "$(cat "$T/err")" ''
	end_server TERM
	rm disk
else
	skip_all 'no qemu-system-x86_64'
fi

finish
