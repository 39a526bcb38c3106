# SPDX-License-Identifier: GPL-2.0
"""frame.py - what an attack is, how it is run and judged, and who watches meanwhile

A row of a table is an Attack.  It is run in up to six cells: as root's child and as an unprivileged
user's, by the driver's own system calls, by those of the hosted kernel that it has taken over, and without
protection.  A protected cell is

  blocked    it had no effect, and ring3 said so in a line that names the run and what was tried
  contained  it had no effect outside of its run
  OPEN       its effect was seen from outside, or somebody else suffered

Each attack is also run without protection, where its effect must be seen: else it is none, and that
the box holds means nothing.
"""
import os
import re
import shutil
import signal
import socket
import subprocess
import tempfile
import threading
import time

TOP = os.path.dirname(os.path.dirname(os.path.dirname(os.path.abspath(__file__))))
RING3 = os.environ.get('RING3', TOP + '/ring3')
MODULE = TOP + '/tests/attacks/module/ring3_attack.ko'
BARE = TOP + '/build/tests/attack-bare'
NOBODY = ['setpriv', '--reuid=65534', '--regid=65534', '--clear-groups', '--inh-caps=-all',
          '--bounding-set=-all']
LIMIT = 15          # seconds a cell may take
WAYS = ('own', 'taken')


def wait_for(condition, seconds):
    """Poll, as most of what is waited for here tells nobody."""
    end = time.monotonic() + seconds
    while not condition():
        if time.monotonic() > end:
            return False
        time.sleep(0.02)
    return True


def telling(line):
    """Is it about the attack, in a whole kernel log?"""
    return 'ring3_attack: ' in line or line.startswith('ring3')


class Lines:
    """The lines that a process prints, kept as they come."""

    def __init__(self, stream):
        self.stream = stream
        self.all = []
        self.thread = threading.Thread(target=self._read, daemon=True)
        self.thread.start()

    def _read(self):
        for line in self.stream:
            self.all.append(line.rstrip('\n'))

    def text(self):
        return '\n'.join(self.all)

    def has(self, expression):
        return any(re.search(expression, line) for line in self.all)


class User:
    """One column: a user with a home, a runtime directory and a place to work in."""

    def __init__(self, name, uid, prefix, parent):
        self.name, self.uid, self.prefix = name, uid, prefix
        self.top = os.path.join(parent, name)
        os.mkdir(self.top)
        os.chmod(self.top, 0o755)
        for part in ('home', 'run', 'work', 'tmp', 'shared'):
            path = os.path.join(self.top, part)
            os.mkdir(path)
            os.chmod(path, 0o700 if part in ('home', 'run') else 0o755)
            os.chown(path, uid, uid)
        self.home = self.top + '/home'
        self.secret = self.home + '/secret'
        self.token = 'secret-%d-%s' % (os.getpid(), name)
        with open(self.secret, 'w', encoding='ascii') as f:
            f.write(self.token + '\n')
        shutil.copy(MODULE, self.top + '/work')
        os.chmod(self.secret, 0o600)
        os.chown(self.secret, uid, uid)
        self.env = dict(os.environ, HOME=self.home, XDG_RUNTIME_DIR=self.top + '/run',
                        TMPDIR=self.top + '/tmp', LC_ALL='C')

    def start(self, argv, **more):
        more.setdefault('env', self.env)
        more.setdefault('cwd', self.top + '/work')
        more.setdefault('stdin', subprocess.DEVNULL)
        return subprocess.Popen(self.prefix + argv, text=True, errors='replace',
                                start_new_session=True, **more)


class Cell:
    """One attempt: what the attack was told, what it and its surroundings said."""

    def __init__(self, user, protected, way='own'):
        self.user, self.protected, self.way = user, protected, way
        self.name = 'attack-%s' % ('in' if protected else 'out')
        self.log = None         # Lines of the run or program
        self.trace = None       # the line of the proxy's trace that shows it
        self.process = None
        self.keep = {}          # what an attack's `before` wants to remember
        self.pass_fds = ()
        self.status = None

    def said(self, expression):
        """Has the attack itself, or ring3 about it, said so?"""
        return self.log.has(expression)

    def host(self, expression):
        """Processes of the host whose command line or name has this in it."""
        found = []
        for pid in filter(str.isdigit, os.listdir('/proc')):
            try:
                with open('/proc/%s/cmdline' % pid, 'rb') as f:
                    words = f.read().replace(b'\0', b' ').decode(errors='replace')
            except OSError:
                continue
            if re.search(expression, words) and int(pid) != os.getpid():
                found.append(int(pid))
        return found

    def members(self):
        """The processes that the attack is made of."""
        return self.host(r'umid=%s ' % self.name if self.runs_hosted else r'^%s ' % BARE)

    runs_hosted = True


class Attack:
    """A row: see host.py.

    title    what is tried
    module   name of the function in module/, as it is run inside a hosted kernel
    arg      a function of the cell that prepares a victim and returns the argument, or a text
    seen     a function of the cell: is the effect there?  Asked while the attack still holds
    ways     which protected cells there are: 'own', 'taken'; an attack that is no module has one
    proof    how it is run without protection: 'no-sandbox'; 'bare', as a plain program, where that keeps a
             namespace for the run's own sake; 'naive', at a server that trusts its clients, and 'raw': see
             proxy.py; or None: there is nothing to be proved
    users    whose child it is tried as; the others cannot do it anyhow
    device   the device of the run, or a function of the cell that names it
    rw       a function of the cell: a path that the run may write
    command  what runs inside meanwhile; where it loads ./ring3_attack.ko by itself, late is True
    settled  a function of the cell: is there nothing more to come?
    after    a function of the cell, called at its end: gives back what `arg` took
    run      a function of the cell instead of all this, for attacks that are no module
    blocked  expression of the line that names the attack, with the run's name in it; or several, the best first
    """

    def __init__(self, name, title, **more):
        self.name, self.title = name, title
        self.module = more.pop('module', name)
        self.arg = more.pop('arg', '')
        self.seen = more.pop('seen', lambda cell: cell.said(r'end \S+ succeeded|end \S+: succeeded'))
        self.proof = more.pop('proof', 'no-sandbox')
        self.ways = more.pop('ways', WAYS)
        self.users = more.pop('users', ('root', 'user'))
        self.device = more.pop('device', 'testdev')
        self.rw = more.pop('rw', None)
        self.command = more.pop('command', ['sleep', '5'])
        self.late = more.pop('late', False)
        self.after = more.pop('after', None)
        self.run = more.pop('run', None)
        self.settled = more.pop('settled', lambda cell: cell.process.poll() is not None or
                                cell.said('ring3_attack: end '))
        self.blocked = more.pop('blocked', r'^ring3: sandbox: attack-in\b')
        assert not more, more

    def hosted(self, cell, argument):
        words = "%s attack=%s arg=%s through=%d" % (MODULE, self.module, argument, cell.way == 'taken')
        argv = [RING3, 'run', '--name', cell.name, '-v', '--mem', '64M', '--timeout', str(LIMIT)]
        if not self.late:
            argv += ['--driver', words]
        if self.device:
            argv += ['--device', self.device(cell) if callable(self.device) else self.device]
        if self.rw:
            argv += ['--rw', self.rw(cell)]
        if not cell.protected:
            argv.append('--no-sandbox')
        return argv + ['--', *self.command]

    def begin(self, cell):
        argument = self.arg(cell) if callable(self.arg) else self.arg
        cell.runs_hosted = cell.protected or self.proof == 'no-sandbox'
        argv = self.hosted(cell, argument) if cell.runs_hosted else [BARE, self.module, argument]
        cell.process = cell.user.start(argv, stdout=subprocess.PIPE, stderr=subprocess.STDOUT,
                                       pass_fds=cell.pass_fds)
        cell.log = Lines(cell.process.stdout)

    def settle(self, cell):
        """The attack has been made, or its process has ended."""
        wait_for(lambda: self.settled(cell), LIMIT)

    def end(self, cell):
        for sig in (signal.SIGTERM, signal.SIGKILL):
            if cell.process.poll() is None:
                os.killpg(cell.process.pid, sig)
                wait_for(lambda: cell.process.poll() is not None, 5)
        cell.status = cell.process.wait()
        cell.log.thread.join(2)

    def attempt(self, cell):
        """True where the effect was seen."""
        if self.run:
            return self.run(self, cell)
        try:
            self.begin(cell)
            self.settle(cell)
            # An effect may take its time; that none is there has to be believed sooner.
            seen = wait_for(lambda: self.seen(cell), 0.2 if cell.protected else 2)
            self.end(cell)
            return seen or bool(self.seen(cell))
        finally:
            self.clean(cell)

    def clean(self, cell):
        if cell.process and cell.process.poll() is None:
            os.killpg(cell.process.pid, signal.SIGKILL)
            cell.process.wait()
        for pid in cell.members():
            try:
                os.kill(pid, signal.SIGKILL)
            except ProcessLookupError:
                pass
        if self.after:
            self.after(cell)


class Canary:
    """Somebody else: a run with a disk, which writes and verifies, and a process of the host."""

    INSIDE = r'''
n=0
while :; do
	n=$((n + 1))
	head -c 131072 /dev/urandom > /tmp/a
	dd if=/tmp/a of=/dev/nvme0n1 bs=64k oflag=direct 2> /dev/null &&
	dd if=/dev/nvme0n1 of=/tmp/b bs=64k count=2 iflag=direct 2> /dev/null &&
	cmp -s /tmp/a /tmp/b && echo "ok $n" || echo "bad $n"
	sleep 0.1
done'''

    def __init__(self, user):
        self.disk = user.top + '/shared/disk'
        with open(self.disk, 'wb') as f:
            f.truncate(1 << 20)
        os.chown(self.disk, user.uid, user.uid)
        self.run = user.start([RING3, 'run', '--name', 'canary', '--device', 'qemu:nvme,disk=' + self.disk,
                               '--', 'sh', '-c', self.INSIDE],
                              stdout=subprocess.PIPE, stderr=subprocess.STDOUT)
        self.out = Lines(self.run.stdout)
        self.host = user.start(['sh', '-c', 'while :; do echo tick; sleep 0.1; done'],
                               stdout=subprocess.PIPE)
        self.ticks = Lines(self.host.stdout)
        if not wait_for(lambda: self.out.has('^ok 2$'), 30):
            raise RuntimeError('the canary does not sing: ' + self.out.text())

    def counts(self):
        return len(self.out.all), len(self.ticks.all)

    def suffers(self, before):
        """What has happened to it since `before`; None: it goes on."""
        run, host = self.counts()
        alive = wait_for(lambda: len(self.out.all) > run and len(self.ticks.all) > host, 8)
        bad = [line for line in self.out.all[before[0]:] if not line.startswith('ok ')]
        if bad:
            return 'the other run says: ' + bad[0]
        if not alive:
            return 'the other run or process does not go on'
        return None

    def end(self):
        for process in (self.run, self.host):
            if process.poll() is None:
                os.killpg(process.pid, signal.SIGTERM)
            try:
                process.wait(10)
            except subprocess.TimeoutExpired:
                os.killpg(process.pid, signal.SIGKILL)
                process.wait()


class Frame:
    """All cells of all attacks, and the score."""

    def __init__(self, attacks, verbose=False):
        self.attacks, self.verbose = attacks, verbose
        self.top = tempfile.mkdtemp(prefix='ring3-test.attacks.')
        os.chmod(self.top, 0o755)
        self.users = []
        if os.geteuid() == 0:
            self.users.append(User('root', 0, [], self.top))
            self.users.append(User('user', 65534, NOBODY, self.top))
        else:
            self.users.append(User('user', os.geteuid(), [], self.top))
        self.passed = self.failed = 0
        self.notes = []

    def protected(self, attack, user, canary, way):
        cell, before = Cell(user, True, way), canary.counts()
        seen = attack.attempt(cell)
        hurt = canary.suffers(before)
        line = self.line(attack, cell) if cell.log else None
        if seen or hurt:
            verdict, note = 'OPEN', hurt or 'it had its effect'
        elif line:
            verdict, note = 'blocked', line
        elif cell.trace:
            verdict, note = 'traced', cell.trace
        else:
            verdict, note = 'contained', self.last_word(cell)
        return verdict, note, cell

    @staticmethod
    def line(attack, cell):
        for expression in (attack.blocked,) if isinstance(attack.blocked, str) else attack.blocked:
            found = next((x for x in cell.log.all if re.search(expression, x)), None)
            if found:
                return found
        return None

    @staticmethod
    def last_word(cell):
        said = [x for x in cell.log.all if telling(x)] if cell.log else []
        return said[-1] if said else ''

    def proved(self, attack, user):
        if attack.proof is None:
            return '-', None
        cell = Cell(user, False)
        return ('works' if attack.attempt(cell) else 'NO EFFECT'), cell

    def cells(self, attack, user, canary):
        if user.name not in attack.users:
            return ('-',) * 3
        words, tried = {}, []
        for way in attack.ways:
            words[way], note, cell = self.protected(attack, user, canary, way)
            tried.append((cell, words[way] == 'OPEN'))
            self.notes.append('  %s, %s, %s: %s' % (attack.name, user.name, way, note))
        outside, cell = self.proved(attack, user)
        tried.append((cell, outside == 'NO EFFECT'))
        for cell, bad in tried:
            self.passed += bool(cell) and not bad
            self.failed += bad
            if cell and cell.log and (bad or self.verbose):
                self.notes += ['    | ' + x for x in cell.log.all if self.verbose or telling(x)]
        return (*(words.get(way, '') for way in WAYS), outside)

    def go(self):
        canaries = [Canary(user) for user in self.users]
        try:
            print('own: by system calls of the driver; taken: by those of the hosted kernel; '
                  'without: the same without protection')
            print('%-46s' % 'attack' + ''.join('%-30s' % ('as ' + u.name) for u in self.users))
            print('%-46s' % '' + '%-10s%-10s%-10s' % ('own', 'taken', 'without') * len(self.users))
            for attack in self.attacks:
                words = [self.cells(attack, u, c) for u, c in zip(self.users, canaries)]
                print('%-46s' % attack.title + ''.join('%-10s%-10s%-10s' % w for w in words), flush=True)
        finally:
            for canary in canaries:
                canary.end()
            shutil.rmtree(self.top, ignore_errors=True)
        print('\nwhat was said:')
        print('\n'.join(self.notes))
        print('\n%d passed, %d failed' % (self.passed, self.failed))
        return 1 if self.failed else 0


def private_memory(pids):
    """Bytes of memory of these processes that are no file's."""
    pages = 0
    for pid in pids:
        try:
            with open('/proc/%d/statm' % pid, encoding='ascii') as statm:
                resident, shared = map(int, statm.read().split()[1:3])
        except OSError:
            continue
        pages += resident - shared
    return pages * 4096


# Victims and witnesses that several tables use.

def listener(cell, family, address):
    """A socket that counts who comes."""
    sock = socket.socket(family)
    sock.bind(address)
    if family == socket.AF_UNIX and isinstance(address, str) and not address.startswith('\0'):
        os.chmod(address, 0o777)
    sock.listen()
    sock.settimeout(0.2)
    cell.keep['listener'] = sock
    return sock


def somebody_came(cell):
    try:
        cell.keep['listener'].accept()[0].close()
    except socket.timeout:
        return cell.keep.get('came', False)
    cell.keep['came'] = True
    return True


def victim(cell):
    """A process of the same user, and of the host."""
    cell.keep['victim'] = cell.user.start(['sleep', '1000'])
    wait_for(lambda: open('/proc/%d/comm' % cell.keep['victim'].pid, encoding='ascii').read() == 'sleep\n', 5)
    return str(cell.keep['victim'].pid)


def victim_state(cell, letters):
    """The victim's state in ps(1) is one of these; gone is X."""
    try:
        with open('/proc/%d/stat' % cell.keep['victim'].pid, encoding='ascii') as f:
            state = f.read().rsplit(')', 1)[1].split()[0]
    except OSError:
        state = 'X'
    return state in letters


def end_victim(cell):
    cell.keep['victim'].kill()
    cell.keep['victim'].wait()
