# SPDX-License-Identifier: ISC
"""For engines of one host that run QEMU: libvirt, systemd, compose."""
import json
from xml.sax.saxutils import escape, quoteattr

from . import qemu
from .engine_parts import (PROBE_SECONDS, PROBE_TRIES, QEMU, indent, mac,
                           opened, probe_line, qemu_line)


# -- libvirt

def libvirt_xml(plan):
    cmdline = ' '.join(qemu.quote_arg(a) for a in plan.args)
    nets = ''.join(f"""\
    <interface type='network'>
      <mac address='{mac(plan, i)}'/>
      <source network={quoteattr('default' if i == 0 else net)}/>
      <model type='virtio'/>
    </interface>
""" for i, net in enumerate(plan.nets))
    disks = ''.join(f"""\
    <disk type='file' device='disk'>
      <driver name='qemu' type='raw'/>
      <source file={quoteattr(f'/var/lib/billet/{plan.name}-{disk}.img')}/>
      <target dev='vd{chr(97 + i)}' bus='virtio'/>
    </disk>
""" for i, disk in enumerate(plan.disks))
    return f"""\
<domain type='{'kvm' if plan.accel == 'kvm' else 'qemu'}'>
  <name>{plan.name}</name>
  <title>{escape(plan.name)} {escape(plan.version)}, an image of Billet</title>
  <memory unit='MiB'>{plan.memory}</memory>
  <vcpu>{plan.cpus}</vcpu>
  <os>
    <type arch='x86_64' machine='q35'>hvm</type>
    <kernel>{escape(plan.image)}</kernel>
    <cmdline>{escape(cmdline)}</cmdline>
  </os>
  <features>
    <acpi/>
    <apic/>
  </features>
  <cpu mode='{'host-passthrough' if plan.accel == 'kvm' else 'maximum'}'/>
  <on_poweroff>destroy</on_poweroff>
  <on_reboot>restart</on_reboot>
  <on_crash>restart</on_crash>
  <devices>
    <emulator>{QEMU}</emulator>
{nets}{disks}    <controller type='usb' model='none'/>
    <serial type='pty'/>
    <console type='pty'/>
    <memballoon model='none'/>
    <rng model='virtio'>
      <backend model='random'>/dev/urandom</backend>
    </rng>
  </devices>
</domain>
"""


# -- systemd

def unit_word(word):
    """A word of ExecStart=, whatever is in it."""
    word = word.replace('%', '%%').replace('$', '$$')
    if word and not set(word) & set(' \t"\'\\;'):
        return word
    return '"' + word.replace('\\', '\\\\').replace('"', '\\"') + '"'


def systemd_service(plan):
    words = opened(qemu_line(plan), '0.0.0.0')
    low = any(host < 1024 for _, host, _ in plan.ports)
    more = 'AmbientCapabilities=CAP_NET_BIND_SERVICE\n' if low else ''
    more += 'DeviceAllow=/dev/kvm rw\nSupplementaryGroups=kvm\n' \
        if plan.accel == 'kvm' else ''
    return f"""\
[Unit]
Description={plan.name} {plan.version}, an image of Billet
After=network-online.target
Wants=network-online.target

[Service]
ExecStart={' '.join(unit_word(w) for w in words)}
Restart=always
RestartSec=1
TimeoutStopSec=10
DynamicUser=yes
{more}DevicePolicy=closed
NoNewPrivileges=yes
ProtectSystem=strict
ProtectHome=yes
PrivateTmp=yes
ProtectKernelTunables=yes
ProtectKernelModules=yes
ProtectControlGroups=yes
RestrictAddressFamilies=AF_UNIX AF_INET AF_INET6
RestrictNamespaces=yes
LockPersonality=yes
MemoryMax={plan.memory + 256}M

[Install]
WantedBy=multi-user.target
"""


def systemd_files(plan):
    out = {f'{plan.name}.service': systemd_service(plan)}
    if plan.health:
        probe = ' '.join(unit_word(w) for w in probe_line(plan))
        out[f'{plan.name}-health.service'] = f"""\
[Unit]
Description=Ask whether {plan.name} serves, and restart it if not
Requisite={plan.name}.service
After={plan.name}.service

[Service]
Type=oneshot
ExecStart=/bin/sh -c "{probe} || systemctl restart {plan.name}.service"
"""
        out[f'{plan.name}-health.timer'] = f"""\
[Unit]
Description=Ask {plan.name} every {PROBE_SECONDS * PROBE_TRIES} seconds

[Timer]
OnActiveSec={PROBE_SECONDS * PROBE_TRIES}s
OnUnitActiveSec={PROBE_SECONDS * PROBE_TRIES}s

[Install]
WantedBy=timers.target
"""
    return out


def systemd_after(plan):
    units = ' '.join(n for n in systemd_files(plan) if '-health.service'
                     not in n)
    return [f'sudo install -D -m 644 {plan.name}.elf {plan.image}',
            f'sudo cp {plan.folder}/* /etc/systemd/system/',
            f'sudo systemctl enable --now {units}',
            f'journalctl -fu {plan.name}']


# -- compose

def compose_yaml(plan):
    ports = ''.join(f'- {json.dumps(f"{host}:{host}/{protocol}")}\n'
                    for protocol, host, _ in plan.ports)
    ports = 'ports:\n' + ports if ports else ''
    command = opened(qemu_line(plan, f'/{plan.name}.elf'), '0.0.0.0')
    health = ''
    if plan.health:
        health = f"""\
healthcheck:
  test: {json.dumps(['CMD', *probe_line(plan)])}
  interval: {PROBE_SECONDS}s
  timeout: 6s
  retries: {PROBE_TRIES}
"""
    kvm = 'devices: ["/dev/kvm"]\n' if plan.accel == 'kvm' else ''
    # A $ is a variable of compose's, unless it is doubled.
    words = json.dumps(command).replace('$', '$$')
    return f"""\
services:
  {plan.name}:
    build: .
    command: {words}
    restart: unless-stopped
    read_only: true
    tmpfs: ["/var/tmp"]
    cap_drop: [ALL]
    security_opt: ["no-new-privileges:true"]
    mem_limit: {plan.memory + 256}m
{indent(kvm + ports + health, 4)}"""


def dockerfile(plan):
    return f"""\
FROM debian:12-slim
RUN apt-get update && apt-get install -y --no-install-recommends \\
    qemu-system-x86 curl netcat-openbsd && rm -rf /var/lib/apt/lists/*
COPY {plan.name}.elf /
"""
