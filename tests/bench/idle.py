#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-2.0
"""idle.py - what runs that do nothing take

idle.py pss PID            PID's memory with that of all its descendants, in MB: proportional set size, proc(5)
idle.py instances RING3 N  start N runs one after the other; prints "SERIES NUMBER" lines:
    idle-start-first, -last  from a start to CMD's first word, ms: of the first five, of the last five
    idle-cpu-one, -all       processor time of an instance in a second, ms: alone, and with all N there
"""
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


def instances(ring3, n):
    runs, times = [], []
    try:
        for i in range(n):
            run, ms = start(ring3)
            runs.append(run)
            times.append(ms)
            if i == 0:
                time.sleep(1)
                print('idle-cpu-one', cost(runs))
        time.sleep(1)
        print('idle-cpu-all', cost(runs))
        for ms in times[:5]:
            print('idle-start-first', ms)
        for ms in times[-5:]:
            print('idle-start-last', ms)
    finally:
        for run in runs:
            run.terminate()
        for run in runs:
            run.wait()


if __name__ == '__main__':
    if len(sys.argv) == 3 and sys.argv[1] == 'pss':
        print(pss(int(sys.argv[2])) / 1000)
    elif len(sys.argv) == 4 and sys.argv[1] == 'instances':
        instances(sys.argv[2], int(sys.argv[3]))
    else:
        sys.exit(__doc__)
