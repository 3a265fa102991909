# SPDX-License-Identifier: ISC
"""All engines that an image is exported to.  Each is (the image's format, the
files of a plan, the lines that a person types next); export.py makes the plan.
Here are also those that have hypervisors of their own: Proxmox, bhyve, vmd.
"""
from collections import namedtuple

from .engine_parts import mac
from .engines_cluster import kubevirt_yaml, nomad_hcl
from .engines_host import (compose_yaml, dockerfile, libvirt_xml,
                           systemd_after, systemd_files)

Engine = namedtuple('Engine', 'format files after')


# -- Proxmox

def proxmox_sh(plan):
    nets = ''.join(
        f' \\\n    --net{i} virtio={mac(plan, i).upper()},bridge=vmbr{i}'
        for i in range(len(plan.nets)))
    disks = ''.join(f' \\\n    --scsi{i + 1} "$storage:1"'
                    for i in range(len(plan.disks)))
    return f"""\
#!/bin/sh
# {plan.name} {plan.version} as a guest of Proxmox VE.
# usage: {plan.name}.sh VMID [STORAGE]
set -eu
id=${{1:?usage: $0 VMID [STORAGE]}}
storage=${{2:-local-lvm}}
qm create "$id" --name {plan.name} --ostype other --machine q35 \\
    --cores {plan.cpus} --memory {max(plan.memory, 16)} --balloon 0 \\
    --serial0 socket --vga serial0 --rng0 source=/dev/urandom \\
    --scsihw virtio-scsi-pci \\
    --scsi0 "$storage:0,import-from={plan.image}"{disks} \\
    --boot order=scsi0 --onboot 1{nets}
qm start "$id"
echo "qm terminal $id shows its console"
"""


# -- bhyve

def bhyve_sh(plan):
    nets = ''.join(f' \\\n    -s {10 + i},virtio-net,tap{i},mac={mac(plan, i)}'
                   for i in range(len(plan.nets)))
    disks = ''.join(
        f' \\\n    -s {20 + i},virtio-blk,/var/lib/billet/'
        f'{plan.name}-{disk}.img' for i, disk in enumerate(plan.disks))
    return f"""\
#!/bin/sh
# {plan.name} {plan.version} under bhyve; pkg install bhyve-firmware.
# tap0 and so on are there, and in a bridge.  It starts again after a reset.
set -u
while :; do
    bhyvectl --destroy --vm={plan.name} 2>/dev/null
    bhyve -c {plan.cpus} -m {plan.memory}M -A -H -P \\
    -s 0,hostbridge -s 3,virtio-blk,{plan.image} -s 4,virtio-rnd \\
    -s 31,lpc -l com1,stdio \\
    -l bootrom,/usr/local/share/uefi-firmware/BHYVE_UEFI.fd{nets}{disks} \\
    {plan.name}
    status=$?
    # 0 is a restart; 1 and 2 a power-off; more is a crash.
    [ $status -eq 1 ] || [ $status -eq 2 ] && exit 0
    [ $status -ne 0 ] && sleep 1
done
"""


# -- OpenBSD's vmd

def vmd_conf(plan):
    disks = ''.join(f'\tdisk "/var/lib/billet/{plan.name}-{disk}.img"\n'
                    for disk in plan.disks)
    nets = ''.join(f"""\
\tinterface {{
\t\tswitch "{net}"
\t\tlladdr {mac(plan, i)}
\t}}
""" for i, net in enumerate(plan.nets))
    switches = ''.join(f"""\
switch "{net}" {{
\tinterface bridge{i}
}}

""" for i, net in enumerate(plan.nets))
    return f"""\
# {plan.name} {plan.version} for vmd: a part of /etc/vm.conf.
{switches}vm "{plan.name}" {{
\tenable
\tmemory {plan.memory}M
\tdisk "{plan.image}"
{disks}{nets}}}
"""


ENGINES = {
    'libvirt': Engine(
        'elf', lambda p: {p.name + '.xml': libvirt_xml(p)}, lambda p: [
            f'sudo install -D -m 644 {p.name}.elf {p.image}',
            f'virsh define {p.folder}/{p.name}.xml',
            f'virsh autostart {p.name} && virsh start {p.name} --console']),
    'systemd': Engine('elf', systemd_files, systemd_after),
    'kubevirt': Engine(
        'oci.tar', lambda p: {p.name + '.yaml': kubevirt_yaml(p)}, lambda p: [
            f'skopeo copy oci-archive:{p.name}.oci.tar docker://{p.image}',
            f'kubectl apply -f {p.folder}/{p.name}.yaml']),
    'nomad': Engine(
        'qcow2', lambda p: {p.name + '.nomad.hcl': nomad_hcl(p)}, lambda p: [
            f'install -D -m 644 {p.name}.qcow2 {p.image}    (on each client)',
            f'nomad job run {p.folder}/{p.name}.nomad.hcl']),
    'proxmox': Engine(
        'qcow2', lambda p: {p.name + '.sh': proxmox_sh(p)}, lambda p: [
            f'scp {p.name}.qcow2 root@HOST:{p.image}',
            f'ssh root@HOST sh -s VMID < {p.folder}/{p.name}.sh']),
    'bhyve': Engine(
        'raw', lambda p: {p.name + '.sh': bhyve_sh(p)}, lambda p: [
            f'scp {p.name}.raw root@HOST:{p.image}',
            f'scp {p.folder}/{p.name}.sh root@HOST:',
            f'(there) ./{p.name}.sh']),
    'vmd': Engine(
        'raw', lambda p: {'vm.conf': vmd_conf(p)}, lambda p: [
            f'scp {p.name}.raw root@HOST:{p.image}',
            f'scp {p.folder}/vm.conf root@HOST:',
            '(there) cat vm.conf >> /etc/vm.conf && vmctl reload',
            f'(there) vmctl start -c {p.name}']),
    'compose': Engine(
        'elf', lambda p: {'compose.yaml': compose_yaml(p),
                          'Dockerfile': dockerfile(p)}, lambda p: [
            f'cp {p.name}.elf {p.folder}/',
            f'docker compose -f {p.folder}/compose.yaml up -d']),
}
