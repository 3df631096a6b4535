# SPDX-License-Identifier: LGPL-2.1-or-later
"""What the benchmarks share: trees in memory, containers of each manager on them, clocks, and clean-up."""
import argparse
import contextlib
import ctypes
import json
import math
import os
import select
import shutil
import signal
import socket
import statistics
import struct
import subprocess
import sys
import tempfile
import time

CGROUP = 'syscontainer-bench'
FIRST_ID = 1 << 29  # of the guests that are not ours; far from what our registry gives out first
ID_COUNT = 65536
INIT = 'usr/lib/systemd/systemd'
PATHS = '/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin'


def now_ms():
    return time.time_ns() / 1e6


def quantile(values, fraction):
    ordered = sorted(values)
    return ordered[min(len(ordered) - 1, math.ceil(fraction * len(ordered)) - 1)]


def median(values):
    return statistics.median(values) if values else math.nan


def parse_arguments(description, needs_tree=True, **defaults):
    """Options with a number as default: --rounds 5."""
    parser = argparse.ArgumentParser(description=description)
    if needs_tree:
        parser.add_argument('--tree', default=os.environ.get('SYSCONTAINER_TEST_TREE', '/var/cache/syscontainer-tests/bookworm'),
                            help='guest tree with systemd; only read (default: $SYSCONTAINER_TEST_TREE, else %(default)s)')
    parser.add_argument('--program', default=shutil.which('syscontainer') or '/usr/local/bin/syscontainer',
                        help='the syscontainer to measure (default: %(default)s)')
    for name, value in defaults.items():
        parser.add_argument('--' + name.replace('_', '-'), type=type(value), default=value, help='default: %(default)s')
    options = parser.parse_args()
    if os.geteuid() != 0:
        parser.error('must be root')
    if needs_tree and not os.path.exists(os.path.join(options.tree, INIT)):
        parser.error(f'{options.tree} is no tree with systemd in it')
    if not os.access(options.program, os.X_OK):
        parser.error(f'there is no {options.program}; install syscontainer or give --program')
    return options


class Verdicts:
    """Goals and whether they were met; the exit status says so too."""

    def __init__(self):
        self.missed = 0

    def check(self, goal, value, limit, unit):
        self.say(value <= limit, f'{goal}: {value:.3g} {unit} (goal: at most {limit:.3g} {unit})')

    def check_least(self, goal, value, limit, unit):
        self.say(value >= limit, f'{goal}: {value:.3g} {unit} (goal: at least {limit:.3g} {unit})')

    def say(self, is_met, text):
        self.missed += not is_met
        print(f'{"met   " if is_met else "MISSED"}  {text}')

    def exit(self):
        sys.exit(1 if self.missed else 0)


class Executions:
    """fanotify(7): tells when the tree's init is executed, in whatever mount namespace."""
    CLOEXEC_NONBLOCK, MARK_ADD, OPEN_EXEC, AT_FDCWD = 0x3, 0x1, 0x1000, -100

    def __init__(self, path):
        libc = ctypes.CDLL(None, use_errno=True)
        self.fd = libc.fanotify_init(self.CLOEXEC_NONBLOCK, os.O_RDONLY | os.O_CLOEXEC)
        if self.fd < 0 or libc.fanotify_mark(self.fd, self.MARK_ADD, ctypes.c_uint64(self.OPEN_EXEC), self.AT_FDCWD, os.fsencode(path)) < 0:
            raise OSError(ctypes.get_errno(), 'fanotify', path)

    def drain(self):
        with contextlib.suppress(BlockingIOError):
            while data := os.read(self.fd, 4096):
                while data:
                    length, _, _, _, _, fd, _ = struct.unpack_from('=IBBHQii', data)
                    os.close(fd)
                    data = data[length:]

    def close(self):
        os.close(self.fd)


class Notify:
    """The host's end of a NOTIFY_SOCKET, in a directory of its own that is bound into the guest."""

    def __init__(self, bench, directory):
        os.makedirs(directory, mode=0o711)
        self.path = os.path.join(directory, 'notify')
        self.socket = socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM | socket.SOCK_NONBLOCK)
        self.socket.bind(self.path)
        os.chmod(self.path, 0o666)
        bench.closers.callback(self.socket.close)

    def receive_ready(self):
        is_ready = False
        with contextlib.suppress(BlockingIOError):
            while message := self.socket.recv(4096):
                is_ready = is_ready or b'READY=1' in message.split(b'\n')
        return is_ready


class Bench:
    """A private set of containers in a directory that is gone afterwards. State is on disk; RUN and the trees are in memory."""

    def __init__(self, options):
        self.options = options
        self.closers = contextlib.ExitStack()

    def __enter__(self):
        signal.signal(signal.SIGTERM, lambda *_: sys.exit(143))
        with contextlib.ExitStack() as closers:
            self.directory = tempfile.mkdtemp(prefix='syscontainer-bench.', dir='/var/tmp')
            closers.callback(shutil.rmtree, self.directory, ignore_errors=True)
            os.chmod(self.directory, 0o711)
            self.memory = os.path.join(self.directory, 'memory')
            os.mkdir(self.memory)
            raise_limit('/proc/sys/fs/inotify/max_user_instances', 8192, closers)
            run('mount', '-t', 'tmpfs', '-o', 'mode=711,size=80%,nr_inodes=0', 'bench', self.memory)
            closers.callback(unmount, self.memory)
            self.make_environment()
            closers.callback(remove_cgroups)
            closers.callback(self.remove_containers)
            self.closers = closers.pop_all()
        return self

    def __exit__(self, *exception):
        return self.closers.__exit__(*exception)

    def make_environment(self):
        self.run_directory = os.path.join(self.memory, 'run')
        config = os.path.join(self.directory, 'daemon.json')
        with open(config, 'w', encoding='utf-8') as file:
            json.dump({'user-remap': 'auto', 'cgroup-parent': '/' + CGROUP}, file)
        self.environment = dict(os.environ, SYSCONTAINER_CONFIG=config, SYSCONTAINER_RUN=self.run_directory,
                                SYSCONTAINER_ROOT=os.path.join(self.directory, 'root'))

    def make_tree(self, name):
        """
        A tree of its own: directories and what a boot writes are copies, all other files hard links to one copy in memory, so that neither disk
        nor cold caches count. (overlayfs cannot be mounted with shifted ids.)
        """
        base, tree = os.path.join(self.memory, 'base'), os.path.join(self.memory, 'tree-' + name)
        if not os.path.exists(base):
            run('cp', '-a', self.options.tree, base)
        run('cp', '-al', base, tree)
        for written in ('etc', 'var/log', 'var/lib/systemd'):
            shutil.rmtree(f'{tree}/{written}')
            run('cp', '-a', f'{base}/{written}', f'{tree}/{written}')
        # A machine id of its own, so that no boot is a first boot.
        with open(f'{tree}/etc/machine-id', 'w', encoding='ascii') as file:
            file.write(os.urandom(16).hex() + '\n')
        return tree

    def ours(self, *arguments, check=True):
        """Runs syscontainer; its standard output."""
        done = subprocess.run([self.options.program, *arguments], env=self.environment, check=False, text=True,
                              stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.PIPE)
        if check and done.returncode:
            sys.exit(f'syscontainer {" ".join(arguments[:6])} ended with {done.returncode}: {done.stderr}')
        return done.stdout

    def remove_containers(self):
        names = self.ours('ps', '-aq', check=False).split()
        if names:
            self.ours('rm', '-f', *names, check=False)

    def create(self, name, *command):
        """A container on a tree of its own; its id."""
        return self.ours('create', '--name', name, '--timeout', '300s', self.make_tree(name), *command).strip()


class Lxc:
    """A container of plain liblxc, with the same tree class, ids, mounts, devices, capabilities and cgroup layout as ours."""

    def __init__(self, bench, name, number=0):
        self.bench, self.name = bench, name
        self.path = os.path.join(bench.memory, 'lxc')
        self.tree = bench.make_tree(name)
        host = os.path.join(bench.memory, 'host-' + name)
        self.notify = Notify(bench, host)
        os.makedirs(f'{self.path}/{name}', mode=0o711)
        with open(f'{self.path}/{name}/config', 'w', encoding='utf-8') as file:
            file.write(self.config(host, FIRST_ID + number * ID_COUNT))
        bench.closers.callback(self.stop)

    def config(self, host, first_id):
        devices = ('c *:* m', 'b *:* m', 'c 1:3 rwm', 'c 1:5 rwm', 'c 1:7 rwm', 'c 1:8 rwm', 'c 1:9 rwm', 'c 5:0 rwm', 'c 5:1 rwm',
                   'c 5:2 rwm', 'c 136:* rwm', 'c 10:200 rwm')
        cgroup = f'{CGROUP}/{self.name}'
        lines = [f'lxc.rootfs.path = dir:{self.tree}', 'lxc.rootfs.options = idmap=container', f'lxc.uts.name = {self.name}',
                 f'lxc.idmap = u 0 {first_id} {ID_COUNT}', f'lxc.idmap = g 0 {first_id} {ID_COUNT}', 'lxc.net.0.type = empty',
                 'lxc.autodev = 1', 'lxc.tty.max = 0', 'lxc.apparmor.profile = unconfined', 'lxc.cap.drop = sys_module sys_rawio',
                 'lxc.mount.auto = proc:mixed sys:ro cgroup:mixed', 'lxc.signal.halt = SIGRTMIN+3',
                 'lxc.mount.entry = tmpfs run tmpfs nosuid,nodev,mode=755,create=dir 0 0',
                 'lxc.mount.entry = tmpfs dev/shm tmpfs nosuid,nodev,mode=1777,create=dir 0 0',
                 f'lxc.mount.entry = {host} run/host none bind,ro,nosuid,nodev,noexec,create=dir 0 0',
                 'lxc.environment = NOTIFY_SOCKET=/run/host/notify', f'lxc.cgroup.dir.container = {cgroup}',
                 'lxc.cgroup.dir.container.inner = guest', f'lxc.cgroup.dir.monitor = {cgroup}.monitor',
                 f'lxc.cgroup.dir.monitor.pivot = {cgroup}.pivot', 'lxc.cgroup.devices.deny = a', 'lxc.cgroup2.devices.deny = a']
        for device in devices:
            lines += [f'lxc.cgroup.devices.allow = {device}', f'lxc.cgroup2.devices.allow = {device}']
        return '\n'.join(lines) + '\n'

    def command(self, program, *arguments):
        # lxc's own log at its default place would be on the host.
        return [shutil.which(program), '-P', self.path, '-n', self.name, '-o', f'{self.path}/{self.name}/log', *arguments]

    # newuidmap(1) refuses ids that root does not own in /etc/subuid; liblxc that does not find it writes the map itself.
    environment = {'PATH': '/nonexistent'}

    def start(self):
        """To READY."""
        subprocess.run(self.command('lxc-start', '-d'), env=self.environment, check=True)
        deadline = now_ms() + 60000
        while not self.notify.receive_ready():
            if now_ms() > deadline:
                sys.exit(f'{self.name} of lxc is not ready after 60 s')
            time.sleep(0.01)

    def stop(self):
        subprocess.run(self.command('lxc-stop', '-t', '20'), env=self.environment, check=False, stdout=subprocess.DEVNULL,
                       stderr=subprocess.DEVNULL)


def run(*command):
    subprocess.run(command, check=True)


def raise_limit(path, least, closers):
    """All guests' instances count for the host's root too; 128, the kernel's default, is enough for 15 guests with systemd."""
    with open(path, 'r+', encoding='ascii') as file:
        before = file.read()
        if int(before) >= least:
            return
        file.seek(0)
        file.write(str(least))

    def restore():
        with open(path, 'w', encoding='ascii') as restored:
            restored.write(before)
    closers.callback(restore)


def unmount(path):
    """What has just ended may hold it for a moment."""
    for _ in range(50):
        if subprocess.run(['umount', path], check=False, stderr=subprocess.DEVNULL).returncode == 0:
            return
        time.sleep(0.1)
    print(f'{path} stays mounted: it is busy', file=sys.stderr)


def spawn(command, environment, output=None):
    """The cheapest fork and exec that Python has; standard output and error go to the file. Returns the pid and its pidfd."""
    actions = [(os.POSIX_SPAWN_OPEN, 0, '/dev/null', os.O_RDWR, 0),
               (os.POSIX_SPAWN_OPEN, 1, output or '/dev/null', os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600), (os.POSIX_SPAWN_DUP2, 1, 2)]
    pid = os.posix_spawn(command[0], command, environment, file_actions=actions)
    return pid, os.pidfd_open(pid)


def time_command(command, environment):
    """How long it ran, in ms; it must succeed."""
    begin = time.perf_counter_ns()
    pid, pidfd = spawn(command, environment)
    status = os.waitstatus_to_exitcode(os.waitpid(pid, 0)[1])
    elapsed = (time.perf_counter_ns() - begin) / 1e6
    os.close(pidfd)
    if status:
        sys.exit(f'{" ".join(command[:6])} ended with {status}')
    return elapsed


def watch(sources, timeout_ms):
    """sources: name -> (descriptor, function that says whether it happened). Name -> time of the first time that it did, in now_ms()."""
    seen, deadline = {}, now_ms() + timeout_ms
    poll = select.poll()
    names = {}
    for name, (fd, _) in sources.items():
        poll.register(fd, select.POLLIN)
        names[fd] = name
    while len(seen) < len(sources) and (left := deadline - now_ms()) > 0:
        for fd, _ in poll.poll(left):
            at, name = now_ms(), names[fd]
            if sources[name][1]():
                seen.setdefault(name, at)
                if name == 'end':
                    poll.unregister(fd)
    return seen


def remove_cgroups():
    """What liblxc leaves behind, below our own parent only."""
    mounts = [line.split()[1] for line in open('/proc/mounts', encoding='utf-8') if line.split()[2] in ('cgroup', 'cgroup2')]
    for mount in mounts:
        for directory, _, _ in os.walk(f'{mount}/{CGROUP}', topdown=False):
            with contextlib.suppress(OSError):
                os.rmdir(directory)
