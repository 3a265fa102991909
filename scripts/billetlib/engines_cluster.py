# SPDX-License-Identifier: ISC
"""For engines of many hosts: KubeVirt and Nomad."""
import json

from .engine_parts import PROBE_SECONDS, PROBE_TRIES, indent


# -- KubeVirt

def yaml_ports(plan, key):
    return ''.join(f'- {{name: p{guest}-{protocol}, {key}: {guest}, protocol: '
                   f'{protocol.upper()}}}\n'
                   for protocol, _, guest in plan.ports)


def yaml_probe(plan):
    if not plan.health:
        return ''
    port, path = plan.health
    ask = f'tcpSocket: {{port: {port}}}' if path is None else \
        f'httpGet: {{path: {json.dumps(path)}, port: {port}}}'
    return ''.join(f"""\
{kind}:
  {ask}
  initialDelaySeconds: {delay}
  periodSeconds: {PROBE_SECONDS}
  failureThreshold: {PROBE_TRIES}
""" for kind, delay in (('readinessProbe', 1), ('livenessProbe', 10)))


def yaml_interface(plan, i, net):
    if i:
        return f'- {{name: {json.dumps(net)}, bridge: {{}}}}\n'
    ports = indent(yaml_ports(plan, 'port'), 4)
    return f'- name: {json.dumps(net)}\n  masquerade: {{}}\n' + \
        (f'  ports:\n{ports}' if ports else '')


def yaml_network(plan, i, net):
    kind = f'multus: {{networkName: {json.dumps(net)}}}' if i else 'pod: {}'
    return f'- {{name: {json.dumps(net)}, {kind}}}\n'


def kubevirt_devices(plan):
    out = """\
autoattachGraphicsDevice: false
rng: {}
disks:
- {name: boot, bootOrder: 1, disk: {bus: virtio}}
"""
    out += ''.join(f'- {{name: {json.dumps(d)}, disk: {{bus: virtio}}}}\n'
                   for d in plan.disks)
    out += 'interfaces:\n' if plan.nets else 'autoattachPodInterface: false\n'
    return out + ''.join(yaml_interface(plan, i, net)
                         for i, net in enumerate(plan.nets))


def kubevirt_yaml(plan):
    volumes = '- {name: boot, containerDisk: {image: ' \
        f'{json.dumps(plan.image)}}}}}\n' + ''.join(
            f'- {{name: {json.dumps(d)}, persistentVolumeClaim: '
            f'{{claimName: {json.dumps(plan.name + "-" + d)}}}}}\n'
            for d in plan.disks)
    networks = 'networks:\n' + ''.join(
        yaml_network(plan, i, net) for i, net in enumerate(plan.nets)) \
        if plan.nets else ''
    out = f"""\
apiVersion: kubevirt.io/v1
kind: VirtualMachine
metadata:
  name: {plan.name}
  labels: {{app: {plan.name}}}
spec:
  runStrategy: Always
  template:
    metadata:
      labels: {{app: {plan.name}}}
    spec:
      terminationGracePeriodSeconds: 10
      domain:
        machine: {{type: q35}}
        cpu: {{cores: {plan.cpus}}}
        memory: {{guest: {plan.memory}Mi}}
        devices:
{indent(kubevirt_devices(plan), 10)}{indent(networks, 6)}\
{indent(yaml_probe(plan), 6)}      volumes:
{indent(volumes, 6)}"""
    if plan.ports:
        out += f"""\
---
apiVersion: v1
kind: Service
metadata:
  name: {plan.name}
spec:
  selector: {{app: {plan.name}}}
  ports:
{indent(yaml_ports(plan, 'port'), 2)}"""
    return out


# -- Nomad

def hcl(text):
    return json.dumps(text).replace('${', '$${').replace('%{', '%%{')


def nomad_hcl(plan):
    ports = ''.join(f'      port "p{guest}_{protocol}" {{ static = {host} }}\n'
                    for protocol, host, guest in plan.ports)
    mapped = ''.join(f'          p{guest}_{protocol} = {guest}\n'
                     for protocol, _, guest in plan.ports)
    check = ''
    if plan.health:
        port, path = plan.health
        kind = f'type = "http"\n        path = {hcl(path)}' if path else \
            'type = "tcp"'
        check = f"""\
    service {{
      name     = {hcl(plan.name)}
      port     = "p{port}_tcp"
      provider = "nomad"
      check {{
        {kind}
        interval = "{PROBE_SECONDS}s"
        timeout  = "5s"
      }}
    }}
"""
    network = f'    network {{\n{ports}    }}\n' if ports else ''
    port_map = f'        port_map {{\n{mapped}        }}\n' if mapped else ''
    return f"""\
job {hcl(plan.name)} {{
  type = "service"
  update {{
    max_parallel = 1
    canary       = 1
    auto_revert  = true
    auto_promote = true
  }}
  group {hcl(plan.name)} {{
    count = 1
{network}{check}    task {hcl(plan.name)} {{
      driver = "qemu"
      config {{
        image_path  = {hcl(plan.image)}
        accelerator = {hcl(plan.accel)}
{port_map}        args = ["-device", "virtio-rng-pci"]
      }}
      resources {{
        cpu    = 500
        memory = {plan.memory}
      }}
    }}
  }}
}}
"""
