# SPDX-License-Identifier: GPL-2.0
"""host.py - attacks of a driver on the host, by system calls of its own; see frame.py"""
import contextlib
import os
import re
import socket
import subprocess
import time

from frame import (BARE, Attack, LIMIT, RING3, end_victim, listener, private_memory, somebody_came,
                   victim, victim_state, wait_for)


def drop_listener(cell):
    sock = cell.keep['listener']
    path = sock.getsockname()
    sock.close()
    if isinstance(path, str) and path:
        os.unlink(path)


def tcp_port(cell):
    return str(listener(cell, socket.AF_INET, ('127.0.0.1', 0)).getsockname()[1])


def free_port(_):
    with socket.socket() as sock:
        sock.bind(('127.0.0.1', 0))
        return str(sock.getsockname()[1])


def unix_path(cell):
    path = cell.user.top + '/shared/listener'
    listener(cell, socket.AF_UNIX, path)
    return path


def datagram_path(cell):
    sock = socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM)
    path = cell.user.top + '/work/datagrams'
    sock.bind(path)
    os.chmod(path, 0o777)
    sock.settimeout(0.2)
    cell.keep['listener'] = sock
    return path


def somebody_sent(cell):
    with contextlib.suppress(socket.timeout):
        cell.keep['came'] = cell.keep['listener'].recv(64) == b'attack' or cell.keep.get('came')
    return cell.keep.get('came', False)


def in_rw(cell):
    """A directory that the run may write, and its owner's."""
    directory = cell.user.top + '/given'
    if not os.path.isdir(directory):
        os.mkdir(directory, 0o755)
        os.chown(directory, cell.user.uid, cell.user.uid)
    cell.keep['file'] = directory + '/program'
    return cell.keep['file']


def set_id_there(cell):
    return file_there(cell) and os.stat(cell.keep['file']).st_mode & 0o6000 != 0


def remove_rw(cell):
    remove_file(cell)
    os.rmdir(os.path.dirname(cell.keep['file']))


def abstract_name(cell):
    name = 'ring3-attack-%d' % os.getpid()
    listener(cell, socket.AF_UNIX, '\0' + name)
    return '@' + name


def new_file(cell):
    cell.keep['file'] = cell.user.home + '/written'
    return cell.keep['file']


def file_there(cell):
    return os.path.exists(cell.keep['file'])


def remove_file(cell):
    if file_there(cell):
        os.unlink(cell.keep['file'])


def in_work(cell):
    """The working directory is seen inside, but not to be written."""
    cell.keep['file'] = cell.user.top + '/work/written'
    return cell.keep['file']


def in_shared_memory(_cell):
    _cell.keep['file'] = '/dev/shm/ring3-attack-%d' % os.getpid()
    return _cell.keep['file']


def open_secret(cell):
    """A descriptor that whoever started ring3 forgot to close."""
    fd = os.open(cell.user.secret, os.O_RDONLY)
    cell.keep['fd'] = fd
    cell.pass_fds = (fd,)
    return cell.user.secret


def says_secret(cell):
    return cell.said(re.escape(cell.user.token))


def traced(cell):
    try:
        with open('/proc/%d/status' % cell.keep['victim'].pid, encoding='ascii') as f:
            tracer = int(re.search(r'TracerPid:\s+(\d+)', f.read()).group(1))
    except (OSError, AttributeError):
        tracer = 0
    return tracer != 0 or cell.said('traces process')


def got_all(cell):
    return cell.said(r'end \S+: succeeded')


def stays(cell):
    """Is there anything left of it after its end?"""
    return cell.process.poll() is not None and wait_for(lambda: bool(cell.members()), 0.3)


def ring3_kill(cell):
    """Ends the run on request, in bounded time."""
    start = time.monotonic()
    done = cell.user.start([RING3, 'kill', cell.name], stdout=subprocess.PIPE, stderr=subprocess.STDOUT)
    done.wait(LIMIT)
    wait_for(lambda: cell.process.poll() is not None, 3)
    return cell.process.poll() is not None and not cell.members() and time.monotonic() - start < 5


def hangs(attack, cell):
    """The effect: nobody has noticed within a second, or it cannot be ended."""
    try:
        attack.begin(cell)
        wait_for(lambda: cell.said('begin ' + attack.module), LIMIT)
        if not cell.runs_hosted:
            time.sleep(1.5)
            return cell.process.poll() is None
        start = time.monotonic()
        noticed = wait_for(lambda: cell.said(attack.blocked), 3)
        cell.log.all.append('ring3 said so after %.1f s' % (time.monotonic() - start))
        return not (ring3_kill(cell) and noticed)
    finally:
        attack.end(cell)
        attack.clean(cell)


HUNG = r'^ring3: warning: attack-in\b.*(stopped|does not answer)'


def code_of_victim(cell):
    """PID:ADDRESS of something it has mapped."""
    pid = victim(cell)
    with open('/proc/%s/maps' % pid, encoding='ascii') as f:
        return '%s:0x%s' % (pid, f.readline().split('-')[0])


def new_key(cell):
    cell.keep['key'] = 'ring3-attack-%d-%s-%d' % (os.getpid(), cell.user.name, cell.protected)
    return cell.keep['key']


def key_there(cell):
    done = subprocess.run(cell.user.prefix + ['cat', '/proc/keys'], stdout=subprocess.PIPE, text=True, check=True)
    return cell.keep['key'] in done.stdout


def forget_key(cell):
    done = re.search(r'end keyring: succeeded \((\d+)\)', cell.log.text())
    if done:
        subprocess.run(cell.user.prefix + [BARE, 'forget-key', done.group(1)], stdout=subprocess.DEVNULL,
                       check=True)


def family_is_large(cell):
    """All of it: 1.2 GiB of private memory."""
    return private_memory(cell.members()) > 1200 << 20


def family_stays_large(cell):
    """ring3 looks once a second."""
    return not wait_for(lambda: not family_is_large(cell), 3)


def own_disk(cell):
    """A disk that keeps the device busy for longer than the attack takes."""
    path = cell.user.top + '/shared/attacked'
    with open(path, 'wb') as f:
        f.truncate(1 << 30)
    os.chown(path, cell.user.uid, cell.user.uid)
    return 'qemu:nvme,disk=' + path


HOST = [
    # files
    Attack('shadow', 'read /etc/shadow', seen=lambda c: c.said("read 'root'"), users=('root',)),
    Attack('home', "read the caller's home", module='read', arg=lambda c: c.user.secret, seen=says_secret),
    Attack('write', "write into the caller's home", arg=new_file, seen=file_there, after=remove_file),
    Attack('write-work', 'write into the working directory', module='write', arg=in_work, seen=file_there,
           after=remove_file),
    Attack('write-shm', 'write into /dev/shm', module='write', arg=in_shared_memory, seen=file_there,
           after=remove_file),
    Attack('inherited', 'read by an inherited descriptor', arg=open_secret, seen=says_secret, proof='bare',
           after=lambda c: os.close(c.keep['fd'])),
    Attack('devices', 'open devices', seen=lambda c: c.said('opened /dev/')),
    Attack('mknod', 'make a device', arg=new_file, seen=file_there, after=remove_file, users=('root',)),
    Attack('set-id', 'leave a set-user-ID program', arg=in_rw, rw=lambda c: os.path.dirname(in_rw(c)),
           seen=set_id_there, after=remove_rw),
    # the network and sockets
    Attack('connect-inet', 'connect to a port of the host', arg=tcp_port, seen=somebody_came,
           after=drop_listener),
    Attack('connect-unix', 'connect to a socket in a directory', arg=unix_path, seen=somebody_came,
           after=drop_listener),
    Attack('connect-abstract', 'connect to an abstract socket', module='connect-unix', arg=abstract_name,
           seen=somebody_came, after=lambda c: c.keep['listener'].close()),
    Attack('send-unix', 'send to a socket in a directory', arg=datagram_path, seen=somebody_sent, after=drop_listener),
    Attack('bind-inet', 'bind a port of the host', arg=free_port),
    Attack('bind-unix', 'bind a socket in a directory', arg=new_file, seen=file_there, after=remove_file),
    Attack('bind-abstract', 'bind an abstract socket', module='bind-unix', arg='@ring3-attack-bound'),
    Attack('packet', 'listen to the wire', users=('root',)),
    Attack('netlink', 'talk to the host by netlink'),
    # other processes; a run keeps its own process namespace, so it takes a plain program to show it
    Attack('terminate', 'kill a process', arg=victim, seen=lambda c: victim_state(c, 'XZ'), proof='bare',
           after=end_victim),
    Attack('stop-other', 'stop a process', arg=victim, seen=lambda c: victim_state(c, 'T'), proof='bare',
           after=end_victim),
    Attack('ptrace', 'trace a process', arg=victim, seen=traced, proof='bare', after=end_victim),
    Attack('read-memory', 'read the memory of a process', arg=code_of_victim, seen=got_all, proof='bare',
           after=end_victim),
    Attack('execve', 'execute a program of the host', arg=new_file, seen=file_there, after=remove_file),
    Attack('outlive', 'outlive the run', seen=stays, proof='bare', command=['true']),
    # the host's kernel
    Attack('mount', 'mount', arg='/mnt', users=('root',)),
    Attack('open-tree', 'clone a tree of mounts', users=('root',)),
    Attack('bpf', 'load bpf', users=('root',)),
    Attack('io-uring', 'set up an io_uring'),
    Attack('keyring', "put a key into the user's keyring", arg=new_key, seen=key_there, after=forget_key),
    Attack('userfaultfd', 'handle page faults'),
    Attack('perf', 'count events'),
    Attack('user-namespace', 'make a user namespace'),
    Attack('setns', 'enter the namespace of a process', arg=lambda c: '/proc/%s/ns/net' % victim(c), users=('root',),
           proof='bare', after=end_victim),
    Attack('setuid', 'become another user', arg='1', users=('root',)),
    Attack('init-module', "load a module into the host's kernel", users=('root',),
           proof='no-sandbox' if os.path.exists('/proc/modules') else None),
    # taking everything
    Attack('processes', '600 processes, by fork', arg='600', seen=got_all, proof='bare'),
    Attack('stubs', '600 processes, made as the hosted kernel does', arg='600', seen=got_all, proof='bare'),
    Attack('processors', 'more processors than one'),
    Attack('memory', '768 MiB of memory', arg='768', seen=got_all),
    Attack('shared-memory', '768 MiB of shared memory', arg='768', seen=got_all),
    Attack('stacks', '768 MiB of stacks', arg='768', seen=got_all),
    Attack('family', '1.3 GiB of memory in 10 processes', arg='10:130', seen=family_stays_large, proof='bare', command=['sleep', '14'],
           settled=lambda c: (c.runs_hosted and c.process.poll() is not None) or family_is_large(c)),
    Attack('memfd', '768 MiB of memory in a file', arg='768', seen=got_all),
    Attack('disk', '300 MiB of disk', seen=got_all, arg=lambda c: '300:' + c.user.top + '/shared',
           after=lambda c: os.path.exists(c.user.top + '/shared/attack-disk') and
           os.unlink(c.user.top + '/shared/attack-disk')),
    Attack('descriptors', '8000 descriptors', arg='8000', seen=got_all),
    # without protection: as many as the caller's limit lets be under way
    Attack('in-flight', '1500 descriptors under way', arg='1500', seen=got_all),
    Attack('in-channel', "the same by CMD's standard input", arg='1500', seen=got_all),
    # as many as a process of the host may have; nobody else is to notice
    Attack('mappings', 'mappings without end', arg='1000000', seen=got_all, proof=None),
    # being in the way
    Attack('stop-self', 'stop itself', run=hangs, proof='bare', ways=('taken',), blocked=HUNG),
    Attack('spin', 'spin with interrupts off', run=hangs, proof='bare', ways=('own',), blocked=HUNG),
    Attack('end-now', 'die with DMA in flight', seen=stays, proof=None, device=own_disk, late=True,
           ways=('taken',), blocked=r'^ring3: the driver process was killed', settled=lambda c: c.process.poll() is not None,
           command=['sh', '-c', 'dd if=/dev/zero of=/dev/nvme0n1 bs=64k oflag=direct 2> /dev/null & sleep 0.5\n'
                    'insmod ./ring3_attack.ko attack=end-now through=1; wait']),
]
