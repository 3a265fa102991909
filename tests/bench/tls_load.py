# SPDX-License-Identifier: ISC
"""What TLS 1.3 costs a guest, and how much of that is not the library's.

`web` serves; the client is Python's, bound to one group.  An instruction is
the library's when its function is in the library's archive; the C library's,
with all that copies, is not, whoever calls it.  The hash of our random
generator computes, like the library's own.
"""
import os
import re
import ssl
import subprocess

import workloads
from board import histogram
from guest import Guest, Http

PORT = 443
WORDS = ("--tls=on", "--tls-sessions=16")
HANDSHAKES, MIBS = 40, 4
RECORD = 16384
CIPHER = "TLS_AES_128_GCM_SHA256"
GENERATOR = "/lib/entropy/"
CRYPTO = "wolfcrypt"    # in the names of the archive's members


class NotHere(Exception):
    """The build has no TLS."""


def generator(elf):
    """The functions of the random generator."""
    names = list(elf.address)
    files = subprocess.run(
        ["addr2line", "-e", elf.path], text=True, capture_output=True,
        check=True, input="\n".join(hex(elf.address[name]) for name in names)
        ).stdout.splitlines()
    return {name: True for name, file in zip(names, files)
            if GENERATOR in file}


def library(build):
    """{function: whether it computes, rather than speaks the protocol}."""
    archive = os.path.join(build, "crypto", "libwolfssl_metal.a")
    if not os.path.isfile(archive):
        raise NotHere
    text = subprocess.run(["nm", "--defined-only", archive], text=True,
                          capture_output=True, check=True).stdout
    out, computes = {}, False
    for line in text.splitlines():
        if line.endswith(":"):
            computes = CRYPTO in line
        elif found := re.fullmatch(r"[0-9a-f]+ [tTwW] (\S+)", line):
            out[found[1]] = computes or out.get(found[1], False)
    return out


def client():
    """P-256 and nothing else; of ciphers the server takes the first of its."""
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
    context.check_hostname = False
    context.verify_mode = ssl.CERT_NONE
    context.minimum_version = ssl.TLSVersion.TLSv1_3
    context.set_ecdh_curve("prime256v1")
    return context


def connect(guest, family):
    sock = guest.connect(family, PORT, timeout=120)
    tls = client().wrap_socket(sock)
    if tls.cipher()[0] != CIPHER:
        guest.fail(f"the cipher is {tls.cipher()[0]}")
    return tls


def handshakes(guest, family, n):
    """n times: connect, a full handshake, the end by both sides."""
    for _ in range(n):
        with connect(guest, family) as sock:
            try:
                sock.unwrap().close()
            except OSError:     # it may hang up as soon as it has heard
                pass
    return n


def bulk(guest, family, n):
    """n MiB of the guest's memory: records of 16 KiB."""
    with connect(guest, family) as sock:
        http = Http(sock)
        sock.sendall(b"GET /random?bytes=%d HTTP/1.1\r\nHost: bench\r\n\r\n"
                     % (n * workloads.MIB))
        if http.reply(keep=False) != n * workloads.MIB:
            guest.fail("/random sent less than it was asked for")
    return n * workloads.MIB // RECORD


class Cost:
    """Instructions a unit: all, beyond the library, beyond what computes."""

    def __init__(self, total, ours, beyond):
        self.total, self.ours, self.beyond = total, ours, beyond

    @property
    def share(self):
        """What does not compute, in per cent of all."""
        return round(100 * self.beyond / self.total, 1)


def once(guest, names, function, family, units):
    """The Cost of one stretch of work."""
    guest.board.settle()
    before = guest.board.hits()
    units = function(guest, family, units)
    guest.board.settle()
    total = ours = beyond = 0
    for name, (count, _) in histogram(guest.elf, before,
                                      guest.board.hits()).items():
        total += count
        ours += count if name not in names else 0
        beyond += count if not names.get(name) else 0
    return Cost(*(round(n / units) for n in (total, ours, beyond)))


class Load:
    """Measures each kind of work once, however many benches ask."""

    WORK = {"handshake": (handshakes, HANDSHAKES), "bulk": (bulk, MIBS)}

    def __init__(self, runs=3):
        self.runs, self.known = runs, {}

    def costs(self, net, build, what, say=print):
        """{family: the least Cost of some stretches}; None without TLS."""
        if what not in self.known:
            try:
                self.known[what] = self._measure(net, build, what, say)
            except NotHere:
                say("    built without TLS")
                self.known[what] = None
        return self.known[what]

    def _measure(self, net, build, what, say):
        function, units = self.WORK[what]
        names, out = library(build), {}
        with Guest(net, build, "web", words=WORDS) as guest:
            guest.wait_port()
            guest.wait_port(PORT)
            names.update(generator(guest.elf))
            for key, family in net.families.items():
                function(guest, family, max(1, units // 10))
                c = out[key] = min((once(guest, names, function, family, units)
                                    for _ in range(self.runs)),
                                   key=lambda cost: cost.total)
                say(f"    {what} {key}: {c.total:,.0f}, of which not "
                    f"wolfSSL's {c.ours:,.0f}, not arithmetic {c.beyond:,.0f}")
        return out

    def get(self, net, build, what, field, say=print):
        """{family: a field of its Cost}."""
        found = self.costs(net, build, what, say)
        return found and {key: getattr(cost, field)
                          for key, cost in found.items()}
