# SPDX-License-Identifier: ISC
"""What the files of several engines have in common."""
from . import qemu

QEMU = '/usr/bin/' + qemu.PROGRAM
PROBE_SECONDS, PROBE_TRIES = 10, 3


def mac(plan, i):
    """A locally administered address that the name and the number decide."""
    name = sum(ord(c) * 31 ** n for n, c in enumerate(plan.name)) & 0xffff
    return f'52:54:00:{name >> 8:02x}:{name & 0xff:02x}:{i:02x}'


def indent(text, by):
    return ''.join(' ' * by + line + '\n' for line in text.splitlines())


def qemu_line(plan, image=None):
    """The same line that `billet run` and the tests use."""
    line = qemu.Line('q35', plan.memory, accel=plan.accel,
                     cpu='host' if plan.accel == 'kvm' else qemu.CPU)
    line.words[0] = QEMU
    line.kernel(image or plan.image, plan.args)
    for i in range(len(plan.nets)):
        line.user_net(plan.ports if i == 0 else (), f'net{i}', None if i == 0
                      else f'10.0.{2 + i}.0/24', mac=mac(plan, i))
    for disk in plan.disks:
        line.add('-drive', f'if=virtio,format=raw,file=/var/lib/billet/'
                 f'{plan.name}-{disk}.img')
    return line.words


def opened(words, address):
    """Forwarded ports open to all: the engine's host is no workstation."""
    return [w.replace(':127.0.0.1:', f':{address}:') if
            w.startswith('user,') else w for w in words]


def host_port(plan, guest):
    return next(host for protocol, host, g in plan.ports
                if protocol == 'tcp' and g == guest)


def probe_line(plan):
    """A command that fails when the image does not serve."""
    port, path = plan.health
    host = host_port(plan, port)
    if path is None:
        return ['/usr/bin/nc', '-z', '-w', '5', '127.0.0.1', str(host)]
    return ['/usr/bin/curl', '-fsS', '-o', '/dev/null', '--max-time', '5',
            f'http://127.0.0.1:{host}{path}']
