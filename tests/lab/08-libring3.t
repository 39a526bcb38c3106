#!/bin/bash
# SPDX-License-Identifier: GPL-2.0
# 08-libring3.t - real devices in an ordinary program: edu by libring3's example, e1000e's registers from Python
# shellcheck disable=SC2034,SC2054 # for lab.sh, and the commas are QEMU's
devices=(-device edu,dma_mask=0xffffffff,addr=10.0
	-netdev user,id=net -device e1000e,netdev=net,mac=52:54:00:12:34:56,addr=11.0)
# shellcheck source=SCRIPTDIR/lab.sh
. "$(dirname "$0")/lab.sh"

edu=0000:00:10.0 card=0000:00:11.0
export RING3_PROXY=$TOP/build/ring3-proxy
# with CMD...: status, output, errors as r3 leaves them
with() {
	last="$*"
	"$TOOLS/reap" -t 60 "$@" > "$T/out" 2> "$T/err"
	status=$?
}

head -c 256K /dev/urandom > file
r3 bind -q $edu $card
is 'bound' "$status" 0
for i in 1 2; do
	with "$TOP/build/libring3-example" vfio:$edu
	is "edu, time $i: status" "$status" 0
	is "edu, time $i: factorial by interrupt, bytes by DMA" "$(cat "$T/out")" \
		$'identification 0x010000ed\nfactorial of 10 is 3628800\nthrough the device and back'
	is "edu, time $i: it has no reset of its own, which is said" "$(grep -c 'no way to reset it' "$T/err"),$(wc -l < "$T/err")" 1,1
done

cat > card.py <<'PY'
import ctypes, mmap, sys
lib = ctypes.CDLL(sys.argv[1])
lib.ring3_error.restype = ctypes.c_char_p
u32, u64, p = ctypes.c_uint32, ctypes.c_uint64, ctypes.c_void_p

def check(err):
    assert err >= 0, lib.ring3_error().decode()
    return err

class Info(ctypes.Structure):
    _fields_ = [('size', u64), ('ports', ctypes.c_int), ('mappable', ctypes.c_int)]

dev, value, info = p(), u64(), Info()
check(lib.ring3_open(sys.argv[2].encode(), u64(0xffffffffffffffff), ctypes.byref(dev)))

def read(bar, offset, width):
    check(lib.ring3_read(dev, bar, u64(offset), width, ctypes.byref(value)))
    return value.value

# Receive address 0 is loaded from the EEPROM (82574 datasheet, 10.2.6.16).
mac = read(0, 0x5400, 4).to_bytes(4, 'little') + read(0, 0x5404, 4).to_bytes(4, 'little')[:2]
print('mac', mac.hex(':'))
print('ids', '%08x' % read(7, 0, 4))
check(lib.ring3_bar_info(dev, 0, ctypes.byref(info)))
print('bar0', hex(info.size), info.ports)
check(lib.ring3_bar_info(dev, 2, ctypes.byref(info)))
print('bar2', hex(info.size), info.ports)
# The ports are a window on the same registers: IOADDR, IODATA (10.2.1).
check(lib.ring3_write(dev, 2, u64(0), 4, u64(0x5400)))
print('by ports', '%08x' % read(2, 4, 4))
memory, address = p(), u64()
check(lib.ring3_dma_alloc(dev, ctypes.c_size_t(1 << 20), ctypes.byref(memory), ctypes.byref(address)))
print('memory', address.value >= 1 << 32)
fds = (ctypes.c_int * 3)()
check(lib.ring3_irq_enable(dev, 2, 3, fds))
print('vectors', len(set(fds)))
if len(sys.argv) > 3:
    print('up', flush=True)
    sys.stdin.read()
lib.ring3_close(dev)
PY
with python3 card.py "$TOP/build/libring3.so" vfio:$card
is 'e1000e: status' "$status" 0
is 'e1000e: nothing on stderr' "$(cat "$T/err")" ''
like 'e1000e: its address, by the registers' "$T/out" '^mac 52:54:00:12:34:56$'
like 'e1000e: configuration space' "$T/out" '^ids 10d38086$'
like 'e1000e: BAR 0 is memory' "$T/out" '^bar0 0x20000 0$'
like 'e1000e: BAR 2 is ports' "$T/out" '^bar2 0x20 1$'
like 'e1000e: which lead to the same register' "$T/out" '^by ports 12005452$'
like 'e1000e: memory for DMA, above 4 GiB' "$T/out" '^memory True$'
like 'e1000e: MSI-X' "$T/out" '^vectors 3$'

# Exclusive, and undone when the program is killed.
mkfifo fifo
python3 card.py "$TOP/build/libring3.so" vfio:$card wait < fifo > held &
program=$!
exec 7> fifo
ok 'a program has the card' await 'grep -q up held' 40
r3 run --mem 64M --device vfio:$card -- true
is 'a run cannot have it: status' "$status" 125
like 'and who has it' "$T/err" "is in use by process $program .python3"
kill -KILL $program
exec 7>&-
ok 'killed, it is let go' await "! '$RING3' status $card | grep -q 'used by'" 20
LIMIT=100 r3 run --mem 64M --device vfio:$card -- sh net.sh ./tcp "$PEER" file
like 'and a run has it' "$T/out" '^echoed$'
r3 unbind -q $card $edu
is 'given back' "$status,$(driver_of $card)" 0,e1000e
no_faults

finish
