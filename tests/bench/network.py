# SPDX-License-Identifier: ISC
"""A network of this process's own: a tap device with the kernel behind it.

enter() moves the process into a new network namespace, which ends with it, so
nothing has to be removed and nobody's addresses are in the way.  The tap has
the virtio header, so the kernel takes part in segmentation and checksums as
on a real host.
"""
import ctypes
import os
import socket
import subprocess

TAP = "bb0"
HOST = {socket.AF_INET: "10.77.0.1", socket.AF_INET6: "fd77::1"}
GUEST = {socket.AF_INET: "10.77.0.2", socket.AF_INET6: "fd77::2"}
FAMILIES = {"ipv4": socket.AF_INET, "ipv6": socket.AF_INET6}
GUEST_ARGS = ("--ipv4=10.77.0.2/24", "--ipv4-gateway=10.77.0.1",
              "--ipv6=fd77::2/64", "--ipv6-gateway=fd77::1")
USER_ARGS = ("--ipv4=10.0.2.15/24", "--ipv4-gateway=10.0.2.2")
CLONE_NEWNET, CLONE_NEWUSER = 0x40000000, 0x10000000


class NoNetwork(Exception):
    """No namespace or no tap here; says why."""


def _ip(*words):
    result = subprocess.run(["ip", *words], capture_output=True, text=True,
                            check=False)
    if result.returncode:
        raise NoNetwork(f"ip {' '.join(words)}: {result.stderr.strip()}")


def enter(tap=TAP):
    """A new network namespace with loopback and a tap device; a Network."""
    libc = ctypes.CDLL(None, use_errno=True)
    uid, gid = os.getuid(), os.getgid()
    flags = CLONE_NEWNET | (CLONE_NEWUSER if uid else 0)
    if libc.unshare(flags):
        raise NoNetwork("unshare: " + os.strerror(ctypes.get_errno()))
    if uid:
        for name, text in (("setgroups", "deny"), ("uid_map", f"0 {uid} 1"),
                           ("gid_map", f"0 {gid} 1")):
            with open(f"/proc/self/{name}", "w", encoding="ascii") as file:
                file.write(text)
    _ip("link", "set", "lo", "up")
    add_tap(tap)
    return Tap(tap)


def add_tap(tap=TAP):
    """The tap device, with both families' addresses."""
    _ip("tuntap", "add", "dev", tap, "mode", "tap", "vnet_hdr")
    _ip("addr", "add", HOST[socket.AF_INET] + "/24", "dev", tap)
    _ip("addr", "add", HOST[socket.AF_INET6] + "/64", "dev", tap, "nodad")
    _ip("link", "set", tap, "up")


class Tap:
    """The way to guests on the tap device."""
    args = GUEST_ARGS
    families = FAMILIES

    def __init__(self, name):
        self.name = name

    def join(self, line):
        """Give a QEMU line its network."""
        line.tap_net(self.name)

    def address(self, family, port):
        """Where a port of the guest is."""
        return GUEST[family], port


class User:
    """The way to guests through QEMU's user-mode network."""
    args = USER_ARGS
    families = {"ipv4": socket.AF_INET}

    def __init__(self, ports=(80, 443, 9)):
        self.ports = {}
        for guest in ports:
            with socket.socket() as s:
                s.bind(("127.0.0.1", 0))
                self.ports[guest] = s.getsockname()[1]

    def join(self, line):
        """Give a QEMU line its network."""
        line.user_net([("tcp", host, guest)
                       for guest, host in self.ports.items()])

    def address(self, family, port):
        """Where a port of the guest is."""
        del family
        return "127.0.0.1", self.ports[port]
