#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-2.0
"""41-proxy-sandbox.t - a proxy that has locked itself in: what it has left, what it can still do, and who
cleans up after it"""
import os
import re
import signal
import sys
import time

HERE = os.path.dirname(os.path.abspath(__file__))
sys.path.insert(0, HERE + '/../tools')
sys.dont_write_bytecode = True

from taprun import Directory, Listening, main       # noqa: E402  pylint: disable=wrong-import-position
from vfio_user import CONFIG, Client, Server        # noqa: E402  pylint: disable=wrong-import-position


def within(seconds, condition):
    end = time.monotonic() + seconds
    while not condition():
        if time.monotonic() > end:
            return False
        time.sleep(0.02)
    return True


def status(pid, task=None):
    path = '/proc/%d/%s' % (pid, 'task/%s/status' % task if task else 'status')
    with open(path, encoding='ascii') as f:
        return dict(line.rstrip('\n').split(':\t', 1) for line in f if ':\t' in line)


def children(pid):
    found = []
    for task in os.listdir('/proc/%d/task' % pid):
        with open('/proc/%d/task/%s/children' % (pid, task), encoding='ascii') as f:
            found += [int(n) for n in f.read().split()]
    return found


def keeper_of(pid):
    keepers = [c for c in children(pid) if status(c)['Name'].strip() == 'ring3-keeper']
    assert len(keepers) == 1, keepers
    return keepers[0]


def alive(pid):
    try:
        return status(pid)['State'].split()[0] != 'Z'
    except FileNotFoundError:
        return False


def is_mounted(path):
    with open('/proc/self/mountinfo', encoding='utf-8') as f:
        return any(line.split()[4] == path for line in f)


def test_locked_in():
    """Every thread: no capabilities, none to be had, and a filter; the keeper has no descriptor but its socket."""
    with Directory() as where:
        view = where + '/view'
        os.mkdir(view)
        with Listening(where + '/s', 'testdev', 'qemu:edu',
                       options=['--view', view, '--trace', where + '/trace']) as proxy:
            pid = proxy.process.pid
            tasks = os.listdir('/proc/%d/task' % pid)
            assert len(tasks) == 3, tasks           # and the view's and the trace's
            for task in tasks:
                s = status(pid, task)
                assert int(s['CapEff'], 16) == int(s['CapPrm'], 16) == 0, s
                assert s['NoNewPrivs'].strip() == '1' and s['Seccomp'].strip() == '2', s
            keeper = keeper_of(pid)
            links = [os.readlink('/proc/%d/fd/%s' % (keeper, n)) for n in os.listdir('/proc/%d/fd' % keeper)
                     if int(n) > 2]
            assert len(links) == 1 and links[0].startswith('socket:'), links
            qemu = [c for c in children(pid) if status(c)['Name'].startswith('qemu')]
            assert len(qemu) == 1, qemu
            assert status(qemu[0])['Seccomp'].strip() == '2', status(qemu[0])
            client = proxy.client()
            client.enable()
            assert client.r(1, 0) == 0x52330001
            with open(view + '/devices/0000:00:01.0/ring3/stats', encoding='ascii') as f:
                assert re.search(r'^denied_config\s+0$', f.read(), re.M)
            for off in (0xf8, 0xfc):
                client.w(CONFIG, off, 0x12345678)
            assert 'configuration register 0xf8 (PCI Express) was dropped' in proxy.process.stderr.readline()
            assert 'register 0xfc' in proxy.process.stderr.readline()
            with open(view + '/devices/0000:00:01.0/ring3/stats', encoding='ascii') as f:
                assert re.search(r'^denied_config\s+2$', f.read(), re.M)
            client.close()
            assert proxy.end() == 0
            assert not alive(keeper) and not is_mounted(view)
        with open(where + '/trace', encoding='utf-8') as f:
            assert re.search(r'^MARK \S+ 0000:00:01.0 denied config write 4 0xfc 0x12345678', f.read(), re.M)
        os.unlink(where + '/trace')
        os.rmdir(view)


def test_killed():
    """kill -9: the keeper removes the mount and the sockets, and ends; not those of who came next."""
    with Directory() as where:
        view = where + '/view'
        os.mkdir(view)
        for _ in range(5):
            proxy = Listening(where + '/s', 'testdev', 'testdev', options=['--view', view])
            keeper = keeper_of(proxy.process.pid)
            assert is_mounted(view) and os.path.exists(where + '/s.1')
            assert proxy.end(signal.SIGKILL) == -signal.SIGKILL
            assert within(10, lambda: not alive(keeper)), status(keeper)    # pylint: disable=cell-var-from-loop
            assert not is_mounted(view) and os.listdir(where) == ['view']
        for _ in range(5):
            old = Listening(where + '/s', 'testdev')
            keeper = keeper_of(old.process.pid)
            os.kill(keeper, signal.SIGSTOP)
            old.end(signal.SIGKILL)
            with Listening(where + '/s', 'testdev') as new:
                os.kill(keeper, signal.SIGCONT)
                assert within(10, lambda: not alive(keeper))    # pylint: disable=cell-var-from-loop
                client = new.client()
                client.close()
        os.rmdir(view)


def test_keeper_killed():
    """The proxy says so, goes on, and ends as ever."""
    with Directory() as where:
        with Listening(where + '/s', 'testdev', 'qemu:edu') as proxy:
            os.kill(keeper_of(proxy.process.pid), signal.SIGKILL)
            assert 'ring3-keeper was lost' in proxy.process.stderr.readline()
            client = proxy.client()
            client.enable()
            assert client.r(1, 0) == 0x52330001
            client.close()
            assert proxy.end() == 0
        for name in os.listdir(where):
            os.unlink(where + '/' + name)


def test_qemu_again():
    """QEMU is started anew for a client's memory, by the keeper: with its filter, and it ends with the proxy."""
    for how in (signal.SIGTERM, signal.SIGKILL):
        with Directory() as where:
            with Listening(where + '/s', 'qemu:edu') as proxy:
                keeper = keeper_of(proxy.process.pid)
                fd = os.memfd_create('ram', os.MFD_ALLOW_SEALING)
                os.ftruncate(fd, 1 << 20)
                client = proxy.client()
                client.map(0x40000000, 1 << 20, fd)
                client.enable()
                assert client.r(0, 0) == 0x010000ed
                qemu, = children(keeper)
                assert status(qemu)['Seccomp'].strip() == '2'
                client.close()
                os.close(fd)
                proxy.end(how)
                assert within(10, lambda: not alive(qemu) and not alive(keeper))


def test_no_master_without_memory():
    """A client that has not mapped the memory of QEMU's devices cannot have its device reach that."""
    with Directory() as where:
        with Listening(where + '/s', 'qemu:edu,dma_mask=0xffffffff', 'qemu:edu') as proxy:
            fd = os.memfd_create('ram', os.MFD_ALLOW_SEALING)
            os.ftruncate(fd, 1 << 20)
            owner = proxy.client()
            owner.map(0x40000000, 1 << 20, fd)
            owner.enable()
            os.pwrite(fd, b'owner---', 0x1000)
            other = Client(proxy.path + '.1')

            def copy(command, source, target):
                other.w(0, 0x80, source, 8)
                other.w(0, 0x88, target, 8)
                other.w(0, 0x90, 8, 8)
                other.w(0, 0x98, command, 8)
                assert within(5, lambda: not other.r(0, 0x98, 8) & 1)

            other.enable()
            copy(3, 0x40000, 0x40001000)
            assert os.pread(fd, 8, 0x1000) == b'owner---'
            other.map(0x40000000, 4096, fd)         # it has the memory: it may
            copy(3, 0x40000, 0x40001000)
            assert os.pread(fd, 8, 0x1000) != b'owner---'
            os.pwrite(fd, b'owner---', 0x1000)
            other.unmap(0x40000000, 4096)
            copy(3, 0x40000, 0x40001000)
            assert os.pread(fd, 8, 0x1000) == b'owner---'
            other.close()
            owner.close()
            os.close(fd)


def test_server_again():
    """A server that was started again is connected to from inside the sandbox."""
    with Directory() as where:
        server = Server(where + '/server')
        with Listening(where + '/s', 'vfio-user:' + server.path) as proxy:
            client = proxy.client()
            client.enable()
            assert client.r(0, 0) == 0x76667564
            server.close()
            assert within(5, lambda: client.r(0, 0) == 0xffffffff)
            client.close()
            server = Server(where + '/server')
            client = proxy.client()
            client.enable()
            assert client.r(0, 0) == 0x76667564
            client.close()
            assert proxy.end() == 0
        server.close()


def test_no_sandbox():
    with Directory() as where:
        with Listening(where + '/s', 'testdev', options=['--no-sandbox']) as proxy:
            s = status(proxy.process.pid)
            assert s['Seccomp'].strip() == '0', s
            client = proxy.client()
            client.close()


if __name__ == '__main__':
    sys.exit(main(__file__, globals()))
