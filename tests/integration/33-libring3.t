#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-2.0
"""33-libring3.t - the client library as a program has it: installed, exclusive, and undone however it ends"""
import ctypes
import os
import select
import shutil
import signal
import subprocess
import sys

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), '..', 'tools'))
sys.dont_write_bytecode = True
# pylint: disable=wrong-import-position
from taprun import TOP, Directory, Listening, main
from vfio_user import ID_VALUE, R_SCRATCH, Server

EXAMPLE = TOP + '/build/libring3-example'
EDU = 'identification 0x010000ed\nfactorial of 10 is 3628800\nthrough the device and back\n'
TESTDEV = ('identification 0x52330001\nmapped: through the device and back\n'
           'through the device and back\n')
EBUSY, ENODEV = -16, -19

# A program that opens a device, does what it is told on its standard input, and says `done`.
HOLDER = '''
import ctypes, os, sys
lib = ctypes.CDLL(sys.argv[1])
lib.ring3_error.restype = ctypes.c_char_p
dev, memory, address = ctypes.c_void_p(), ctypes.c_void_p(), ctypes.c_uint64()
err = lib.ring3_open(sys.argv[2].encode(), ctypes.c_uint64(0xffffffff), ctypes.byref(dev))
if not err:
    err = lib.ring3_dma_alloc(dev, ctypes.c_size_t(65536), ctypes.byref(memory), ctypes.byref(address))
print('%d %s' % (err, lib.ring3_error().decode() if err else ''), flush=True)
if not err:
    for line in sys.stdin:
        if line == 'fork\\n' and os.fork() == 0:
            os.close(1)
            os.read(int(sys.argv[3]), 1)
            os._exit(0)
        if line == 'close\\n':
            lib.ring3_close(dev)
        print('done', flush=True)
'''


class Program:
    """A HOLDER."""

    def __init__(self, spec, keep=()):
        env = dict(os.environ, RING3_PROXY=TOP + '/build/ring3-proxy')
        args = [sys.executable, '-c', HOLDER, TOP + '/build/libring3.so', spec]
        self.process = subprocess.Popen(args + [str(fd) for fd in keep], pass_fds=keep, env=env,
                                        stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)
        err, self.text = self.process.stdout.readline().rstrip('\n').split(' ', 1)
        self.err = int(err)

    def tell(self, what):
        self.process.stdin.write(what + '\n')
        self.process.stdin.flush()
        assert self.process.stdout.readline() == 'done\n'

    def end(self, how=None):
        if how:
            self.process.send_signal(how)
        self.process.stdin.close()
        self.process.wait(timeout=20)
        self.process.stdout.close()


def run(*args, **more):
    done = subprocess.run(args, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True,
                          timeout=120, check=False, stdin=subprocess.DEVNULL, **more)
    assert done.returncode == 0, done
    return done.stdout


def proxies_of(spec):
    """Processes of ring3-proxy with this device."""
    found = []
    for pid in filter(str.isdigit, os.listdir('/proc')):
        try:
            with open('/proc/%s/cmdline' % pid, 'rb') as f:
                words = f.read().decode(errors='replace').split('\0')
        except OSError:
            continue
        if words[0] == 'ring3-proxy' and spec in words:
            found.append(int(pid))
    return found


def wait_for_end(pid):
    try:
        fd = os.pidfd_open(pid)
    except ProcessLookupError:
        return
    assert select.select([fd], [], [], 10)[0], 'process %d goes on' % pid
    os.close(fd)


def test_example_testdev():
    assert run(EXAMPLE, 'testdev') == TESTDEV


def test_example_edu():
    assert shutil.which('qemu-system-x86_64'), 'no qemu-system-x86_64'
    assert run(EXAMPLE) == EDU
    assert run(EXAMPLE, 'qemu:edu') == EDU


# Has edu write zeros to memory, which is freed before if there is an argument, and says whether they came.
WRITER = '''
import ctypes, sys, time
lib = ctypes.CDLL(sys.argv[1])
u64 = ctypes.c_uint64
dev, memory, address, value = ctypes.c_void_p(), ctypes.c_void_p(), u64(), u64()
assert not lib.ring3_open(b"qemu:edu", u64(0xffffffff), ctypes.byref(dev))
assert not lib.ring3_write(dev, 7, u64(4), 2, u64(6))
assert not lib.ring3_dma_alloc(dev, ctypes.c_size_t(4096), ctypes.byref(memory), ctypes.byref(address))
ctypes.memset(memory, 90, 4096)
if len(sys.argv) > 2:
    assert not lib.ring3_dma_free(dev, memory)
for register, word in (0x80, 0x40000), (0x88, address.value), (0x90, 64), (0x98, 3):
    assert not lib.ring3_write(dev, 0, u64(register), 8, u64(word))
value.value = 1
while value.value & 1:
    assert not lib.ring3_read(dev, 0, u64(0x98), 8, ctypes.byref(value))
print("free" if len(sys.argv) > 2 else ctypes.string_at(memory, 64) == bytes(64), flush=True)
sys.stdin.read()
lib.ring3_close(dev)
'''


def test_freed_memory():
    """QEMU's devices, too, reach what is allocated and nothing else."""
    env = dict(os.environ, RING3_PROXY=TOP + '/build/ring3-proxy')
    for freed, said in ((), 'True'), (('freed',), 'free'):
        args = [sys.executable, '-c', WRITER, TOP + '/build/libring3.so', *freed]
        with subprocess.Popen(args, env=env, stdin=subprocess.PIPE, stdout=subprocess.PIPE,
                              stderr=subprocess.PIPE, text=True) as writer:
            assert writer.stdout.readline().strip() == said
            # QEMU tells of it when it has time.
            line = writer.stderr.readline() if freed else ''
            assert ("DMA fault: it writes to bus address 0x" in line) == bool(freed), line
            rest = writer.communicate(timeout=60)[1]
            assert freed or not rest, rest
            assert writer.returncode == 0


def test_example_other_servers():
    """The same devices behind a proxy that listens: connected to, and through a second one."""
    with Directory() as where:
        with Listening(where + '/s', 'testdev', 'qemu:edu') as proxy:
            for _ in range(3):
                assert run(EXAMPLE, 'proxy:' + proxy.path) == TESTDEV
                assert run(EXAMPLE, 'vfio-user:' + proxy.path) == TESTDEV
            assert proxy.end() == 0


def test_installed():
    """make install, then built with what pkg-config says, shared and static; no variable is set."""
    env = {k: v for k, v in os.environ.items() if k not in ('RING3_PROXY', 'MAKEFLAGS', 'MAKELEVEL')}
    with Directory() as where:
        prefix = where + '/prefix'
        run('make', '-s', '-C', TOP, 'install', 'PREFIX=' + prefix, env=env)
        env['PKG_CONFIG_PATH'] = prefix + '/lib/pkgconfig'
        flags = run('pkg-config', '--cflags', '--libs', 'libring3', env=env).split()
        source = TOP + '/examples/libring3/example.c'
        run('cc', '-Wall', '-Wextra', '-Werror', '-o', where + '/shared', source, *flags)
        env['LD_LIBRARY_PATH'] = prefix + '/lib'
        assert run(where + '/shared', 'testdev', env=env) == TESTDEV
        del env['LD_LIBRARY_PATH']
        run('cc', '-o', where + '/static', source, flags[0], prefix + '/lib/libring3.a')
        os.mkdir(prefix + '/tools')
        os.rename(where + '/static', prefix + '/tools/static')      # beside lib/
        assert run(prefix + '/tools/static', 'testdev', env=env) == TESTDEV
        assert os.path.exists(prefix + '/share/man/man3/libring3.3')
        run('c++', '-Wall', '-Werror', '-fsyntax-only', '-x', 'c++', prefix + '/include/ring3.h')
        names = run('nm', '-D', '--defined-only', prefix + '/lib/libring3.so').split()[2::3]
        assert names and all(n.startswith('ring3_') for n in names), names
        shutil.rmtree(prefix)
        os.unlink(where + '/shared')


def test_exclusive():
    """A second open says who has the device; the end of the first, of whatever kind, frees it."""
    with Directory() as where:
        server = Server(where + '/server')
        spec = 'vfio-user:' + server.path
        for how in ('close', None, signal.SIGTERM, signal.SIGKILL):
            first = Program(spec)
            assert first.err == 0, first.text
            # By another name of the same socket, too.
            for other in (spec, 'vfio-user:%s/../%s/server' % (where, os.path.basename(where))):
                second = Program(other)
                assert second.err == EBUSY, second.text
                assert 'is in use by process %d (python3' % first.process.pid in second.text, \
                    second.text
                second.end()
            pids = proxies_of(spec)
            if how == 'close':
                first.tell('close')     # and it is free at once
                third = Program(spec)
                assert third.err == 0, third.text
                third.end()
                first.end()
            else:
                first.end(how)
            for pid in pids:
                wait_for_end(pid)
            assert not server.maps and server.config[4] & 4 == 0
        server.close()


def test_child_keeps_nothing():
    """A child that inherited everything does not keep the device when its parent dies."""
    with Directory() as where:
        server = Server(where + '/server')
        spec = 'vfio-user:' + server.path
        hold, release = os.pipe()
        first = Program(spec, keep=[hold])
        first.tell('fork')
        pids = proxies_of(spec)
        assert len(pids) == 1
        first.end(signal.SIGKILL)
        wait_for_end(pids[0])
        second = Program(spec)
        assert second.err == 0, second.text
        second.end()
        os.close(hold)
        os.close(release)       # the child ends
        server.close()


def test_killed_busy():
    """Killed while memory is mapped, often: the next open finds a quiet device."""
    with Directory() as where:
        with Listening(where + '/s', 'testdev') as proxy:
            for _ in range(30):
                program = Program('proxy:' + proxy.path)
                assert program.err == 0, program.text
                program.end(signal.SIGKILL)
            client = proxy.client()
            client.enable()
            assert client.r(1, 4) >= 30
            client.close()
            assert proxy.end() == 0


def test_proxy_in_use():
    with Directory() as where:
        with Listening(where + '/s', 'testdev') as proxy:
            first = Program('proxy:' + proxy.path)
            second = Program('proxy:' + proxy.path)
            assert second.err == EBUSY and 'another client of its proxy' in second.text, second.text
            second.end()
            first.end()
            assert proxy.end() == 0


def test_unplug():
    """The proxy is killed: -ENODEV, from every call, and at once."""
    lib = ctypes.CDLL(TOP + '/build/libring3.so')
    lib.ring3_error.restype = ctypes.c_char_p
    dev, value = ctypes.c_void_p(), ctypes.c_uint64()
    with Directory() as where:
        server = Server(where + '/server', mappable=False)
        spec = 'vfio-user:' + server.path
        assert lib.ring3_open(spec.encode(), ctypes.c_uint64(2 ** 64 - 1), ctypes.byref(dev)) == 0
        assert lib.ring3_read(dev, 0, ctypes.c_uint64(0), 4, ctypes.byref(value)) == 0
        assert value.value == ID_VALUE
        server.close()          # its server goes: all ones
        assert lib.ring3_read(dev, 0, ctypes.c_uint64(0), 4, ctypes.byref(value)) == 0
        assert value.value == 0xffffffff
        pid = proxies_of(spec)[0]
        os.kill(pid, signal.SIGKILL)
        wait_for_end(pid)
        assert lib.ring3_read(dev, 0, ctypes.c_uint64(0), 4, ctypes.byref(value)) == ENODEV
        assert b'its proxy has ended' in lib.ring3_error()
        assert lib.ring3_write(dev, 0, ctypes.c_uint64(R_SCRATCH), 4, ctypes.c_uint64(1)) == ENODEV
        assert lib.ring3_reset(dev) == ENODEV
        lib.ring3_close(dev)


if __name__ == '__main__':
    os.environ['RING3_PROXY'] = TOP + '/build/ring3-proxy'
    sys.exit(main(__file__, globals()))
