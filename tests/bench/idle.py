#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-2.0
"""idle.py - what runs that do nothing take

idle.py pss PID            PID's memory with that of all its descendants, in MB: proportional set size, proc(5)
idle.py instances RING3 N  start N runs one after the other; prints "SERIES NUMBER" lines:
    idle-start-first, -tenth, -last  from a start to CMD's first word, ms: with no other run, with 9, and with N - 1
    idle-cpu-one, -ten, -all         processor time of an instance in a second, ms: alone, with 10, and with all N there
    idle-touch-first, -tenth, -last  processor time to touch 32 MB that the kernel has to find, ms, then and then

A virtual machine may have memory that its host has yet to find, or has taken back, and that takes ten times as long to touch: as much
as a start takes.  So before each start as much memory as it needs is freed that was in use until then.
"""
import mmap
import os
import subprocess
import sys
import time


def read(pid, name):
    """A file of a process, or nothing of one that has just ended."""
    try:
        with open('/proc/%d/%s' % (pid, name), encoding='ascii') as f:
            return f.read()
    except OSError:
        return ''


def family(pid):
    pids = [pid]
    for one in pids:
        pids += [int(word) for word in read(one, 'task/%d/children' % one).split()]
    return pids


def pss(pid):
    """KiB."""
    lines = [line for one in family(pid) for line in read(one, 'smaps_rollup').splitlines()]
    return sum(int(line.split()[1]) for line in lines if line.startswith('Pss:'))


def processor_ms(pids):
    """As the scheduler counts it, schedstat in proc(5): to the nanosecond."""
    total = 0
    for pid in pids:
        try:
            tasks = os.listdir('/proc/%d/task' % pid)
        except OSError:
            continue
        total += sum(int((read(pid, 'task/%s/schedstat' % task) or '0').split()[0]) for task in tasks)
    return total / 1e6


class Reserve:
    """Memory in use, of which a part is given to whoever asks next."""
    PART = 64 << 20

    def __init__(self, parts):
        self.left = parts
        self.memory = mmap.mmap(-1, parts * self.PART, flags=mmap.MAP_PRIVATE | mmap.MAP_ANONYMOUS)
        self.memory.madvise(mmap.MADV_NOHUGEPAGE)
        touch(self.memory)

    def give(self):
        self.left -= 1
        self.memory.madvise(mmap.MADV_DONTNEED, self.left * self.PART, self.PART)


def touch(memory):
    for at in range(0, len(memory), mmap.PAGESIZE):
        memory[at] = 1


def time_touch():
    with mmap.mmap(-1, 32 << 20, flags=mmap.MAP_PRIVATE | mmap.MAP_ANONYMOUS) as memory:
        memory.madvise(mmap.MADV_NOHUGEPAGE)
        begin = time.process_time()
        touch(memory)
        return (time.process_time() - begin) * 1000


def start(ring3):
    begin = time.monotonic()
    run = subprocess.Popen([ring3, 'run', '-q', '--device', 'testdev', '--', 'sh', '-c', 'echo up; exec sleep 1000'],
                           stdin=subprocess.DEVNULL, stdout=subprocess.PIPE)
    if run.stdout.readline() != b'up\n':
        sys.exit('idle.py: a run did not come up')
    return run, (time.monotonic() - begin) * 1000


def cost(runs, seconds=5):
    """Milliseconds of processor time a second, of each."""
    pids = [pid for run in runs for pid in family(run.pid)]
    before, begin = processor_ms(pids), time.monotonic()
    time.sleep(seconds)
    return (processor_ms(pids) - before) / (time.monotonic() - begin) / len(runs)


def end(runs):
    for run in runs:
        run.terminate()
    for run in runs:
        run.wait()
    runs.clear()


def starts(ring3, which, reserve, count=9):
    """Each is ended before the next."""
    for _ in range(count):
        reserve.give()
        run, ms = start(ring3)
        end([run])
        print('idle-start-' + which, ms)
    for _ in range(3):
        reserve.give()
        print('idle-touch-' + which, time_touch())


def instances(ring3, n):
    runs, reserve = [], Reserve(n + 3 * 13)
    try:
        starts(ring3, 'first', reserve)
        for i in range(n):
            reserve.give()
            runs.append(start(ring3)[0])
            if i == 0:
                time.sleep(1)
                print('idle-cpu-one', cost(runs))
            if i == 8:
                starts(ring3, 'tenth', reserve)
            if i == 9:
                print('idle-cpu-ten', cost(runs))
            if i == n - 2:
                starts(ring3, 'last', reserve)
        time.sleep(1)
        print('idle-cpu-all', cost(runs))
    finally:
        end(runs)


if __name__ == '__main__':
    if len(sys.argv) == 3 and sys.argv[1] == 'pss':
        print(pss(int(sys.argv[2])) / 1000)
    elif len(sys.argv) == 4 and sys.argv[1] == 'instances':
        instances(sys.argv[2], int(sys.argv[3]))
    else:
        sys.exit(__doc__)
