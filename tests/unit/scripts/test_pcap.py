# SPDX-License-Identifier: ISC
"""Connections out of captures, crafted and damaged."""
import struct
import sys
import tempfile
import unittest
from pathlib import Path

TOP = Path(__file__).resolve().parents[3]
sys.path.insert(0, str(TOP / 'scripts'))
from billetlib import pcap, say  # noqa: E402

CLIENT, SERVER = (b'\xc0\0\2\1', 4000), (b'\xc0\0\2\2', 80)
FIN, SYN, ACK = pcap.FIN, pcap.SYN, pcap.ACK


def frame(source, target, seq, flags, data=b'', tag=b''):
    tcp = struct.pack('>HHIIBBHHH', source[1], target[1], seq, 0, 5 << 4,
                      flags, 1000, 0, 0) + data
    if len(source[0]) == 4:
        ip = struct.pack('>BBHHHBBH', 0x45, 0, 20 + len(tcp), 0, 0, 64, 6, 0)
        kind = b'\x08\0'
    else:
        ip = struct.pack('>IHBB', 6 << 28, len(tcp), 6, 64)
        kind = b'\x86\xdd'
    return bytes(12) + tag + kind + ip + source[0] + target[0] + tcp


def capture(frames, order='<', link=1):
    out = struct.pack(order + 'IHHIIII', 0xa1b2c3d4, 2, 4, 0, 0, 65535, link)
    for f in frames:
        out += struct.pack(order + 'IIII', 0, 0, len(f), len(f)) + f
    return out


def conversation(client=CLIENT, server=SERVER, tag=b''):
    """Out of order, with one segment twice, and numbers that wrap."""
    first = (1 << 32) - 3
    return [frame(*row, tag=tag) for row in (
        (client, server, first, SYN), (client, server, first, SYN),
        (server, client, 77, SYN | ACK),
        (client, server, 3, ACK, b'world'),
        (client, server, first + 1, ACK, b'hello'),
        (client, server, first + 1, ACK, b'hello'),
        (server, client, 78, ACK, b'good day'),
        (client, server, 8, ACK | FIN))]


class TestPcap(unittest.TestCase):
    def flows(self, data):
        with tempfile.NamedTemporaryFile() as file:
            file.write(data)
            file.flush()
            return pcap.flows(file.name)

    def expect(self, flows, name):
        self.assertEqual(len(flows), 1)
        self.assertEqual(flows[0].sent.stream(), b'helloworld')
        self.assertEqual(flows[0].got.stream(), b'good day')
        self.assertTrue(flows[0].ended)
        self.assertEqual(flows[0].name(), name)

    def test_a_connection_is_put_in_order(self):
        for order in '<>':
            self.expect(self.flows(capture(conversation(), order)),
                        '192.0.2.1:4000')

    def test_ip6_and_vlan(self):
        self.expect(self.flows(capture(conversation(
            (b'\xfd' + bytes(14) + b'\1', 4000),
            (b'\xfd' + bytes(14) + b'\2', 80), b'\x81\0\0\1'))),
            '[fd00::1]:4000')

    def test_a_hole_ends_a_stream(self):
        frames = conversation()
        del frames[4:6]
        self.assertEqual(self.flows(capture(frames))[0].sent.stream(), b'')

    def test_a_port_used_again_is_another_connection(self):
        again = [frame(CLIENT, SERVER, 500, SYN),
                 frame(CLIENT, SERVER, 501, ACK, b'more')]
        flows = self.flows(capture(conversation() + again))
        self.assertEqual([f.sent.stream() for f in flows],
                         [b'helloworld', b'more'])

    def test_connections_are_bounded(self):
        frames = [frame((CLIENT[0], n), SERVER, 0, SYN)
                  for n in range(pcap.FLOWS_MAX + 5)]
        self.assertEqual(len(self.flows(capture(frames))), pcap.FLOWS_MAX)

    def test_damaged_captures_do_no_harm(self):
        whole = capture(conversation())
        for n in range(24, len(whole)):
            self.flows(whole[:n])
        for at in range(24, len(whole)):
            for value in (0, 255):
                self.flows(whole[:at] + bytes([value]) + whole[at + 1:])

    def test_another_link_is_refused(self):
        with self.assertRaises(say.Stop) as stop:
            self.flows(capture([], link=113))
        self.assertEqual(stop.exception.status, say.USAGE)


if __name__ == '__main__':
    unittest.main()
