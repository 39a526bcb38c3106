# SPDX-License-Identifier: GPL-2.0
"""taprun.py - run a file's test_ functions as TAP, and a ring3-proxy for them"""
import os
import shutil
import signal
import socket
import subprocess
import sys
import tempfile
import threading
import traceback

from vfio_user import Client

TOP = os.path.dirname(os.path.dirname(os.path.dirname(os.path.abspath(__file__))))
PROXY = os.environ.get('RING3_PROXY', TOP + '/build/ring3-proxy')
RING3 = os.environ.get('RING3', TOP + '/ring3')


class Proxy:
    """A ring3-proxy with a connected client for each device; .line() is its next line of stderr."""

    def __init__(self, specs, options=()):
        ready, ready_end = os.pipe()
        args, ends, socks = [PROXY, '--ready-fd', str(ready_end), *options], [], []
        for spec in specs:
            mine, its = socket.socketpair()
            mine.settimeout(20)
            socks.append(mine)
            ends.append(its)
            args += ['--device', spec, '--client-fd', str(its.fileno())]
        self.process = subprocess.Popen(args, pass_fds=[ready_end] + [s.fileno() for s in ends],
                                        stderr=subprocess.PIPE, text=True)
        os.close(ready_end)
        for s in ends:
            s.close()
        with os.fdopen(ready) as f:
            self.said = f.read()
        if self.said != 'ready\n':
            for s in socks:
                s.close()
            self.status = self.process.wait()
            self.process.stderr.close()
            return
        self.clients = [Client(s) for s in socks]

    def line(self):
        return self.process.stderr.readline()

    def __enter__(self):
        assert self.said == 'ready\n', self.said
        return self

    def __exit__(self, kind, *_):
        for c in self.clients:
            c.close()
        try:
            status = self.process.wait(timeout=15)
        except subprocess.TimeoutExpired:
            self.process.kill()
            status = self.process.wait()
        self.process.stderr.close()
        assert kind or status == 0, status


class Listening:
    """A `ring3 proxy --listen`; more devices listen at .path + '.1' and so on."""

    def __init__(self, path, *specs, options=()):
        self.path = path
        args = [RING3, 'proxy', '--listen', path, '--until', str(os.getpid()), *options]
        for spec in specs:
            args += ['--device', spec]
        ready, end = os.pipe()
        self.process = subprocess.Popen(args + ['--ready-fd', str(end)], pass_fds=[end],
                                        stderr=subprocess.PIPE, text=True)
        os.close(end)
        with os.fdopen(ready) as f:
            said = f.read()
        assert said == 'ready\n', said

    def client(self, **args):
        return Client(self.path, **args)

    def end(self, how=signal.SIGTERM):
        self.process.send_signal(how)
        status = self.process.wait(timeout=15)
        self.process.stderr.close()
        return status

    def __enter__(self):
        return self

    def __exit__(self, *_):
        if self.process.poll() is None:
            self.end()


class Directory:
    """A temporary directory; what is left in it at the end is an error."""

    def __enter__(self):
        self.path = tempfile.mkdtemp(prefix='ring3-test.')
        return self.path

    def __exit__(self, kind, *_):
        left = os.listdir(self.path)
        shutil.rmtree(self.path)
        assert kind or not left, left


def main(file, names):
    tests = [(n, f) for n, f in names.items() if n.startswith('test_')]
    only = sys.argv[1:]
    if only:
        tests = [t for t in tests if t[0][5:] in only]
    failed = 0
    print('1..%d' % len(tests))
    for i, (name, function) in enumerate(tests, 1):
        try:
            function()
            print('ok %d - %s' % (i, name[5:]), flush=True)
        except Exception:       # pylint: disable=broad-except; a test may fail in any way
            failed = 1
            print('not ok %d - %s' % (i, name[5:]), flush=True)
            for line in traceback.format_exc().splitlines():
                print('# ' + line, file=sys.stderr)
            print('# repeat: tests/integration/%s %s' % (os.path.basename(file), name[5:]),
                  file=sys.stderr)
    assert threading.active_count() == 1 or failed, threading.enumerate()
    return failed
