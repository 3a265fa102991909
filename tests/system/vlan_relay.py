# SPDX-License-Identifier: ISC
"""A trunk for kernels without 802.1Q: joins two taps to one stream socket.

usage: vlan_relay.py PATH PLAIN TAGGED VID

Listens on the unix socket PATH as QEMU's `-netdev stream` does.  Frames of the
tap PLAIN go there as they are, those of the tap TAGGED with the tag VID, and
back by the tag that they have.  What has another tag is dropped and said.
"""
import fcntl
import os
import select
import socket
import struct
import sys

TUNSETIFF, IFF_TAP, IFF_NO_PI = 0x400454ca, 2, 0x1000


def tap(name):
    fd = os.open('/dev/net/tun', os.O_RDWR)
    fcntl.ioctl(fd, TUNSETIFF,
                struct.pack('16sH22x', name.encode(), IFF_TAP | IFF_NO_PI))
    return fd


def relay(link, plain, tagged, vid):
    tag = struct.pack('!HH', 0x8100, vid)
    got = bytearray()
    while True:
        for ready in select.select([link, plain, tagged], [], [])[0]:
            if ready is not link:
                frame = os.read(ready, 65536)
                if ready is tagged:
                    frame = frame[:12] + tag + frame[12:]
                link.sendall(struct.pack('!I', len(frame)) + frame)
                continue
            part = link.recv(1 << 18)
            if not part:
                return
            got += part
            at = 0
            while len(got) - at >= 4:
                size, = struct.unpack_from('!I', got, at)
                if len(got) - at - 4 < size:
                    break
                frame = bytes(got[at + 4:at + 4 + size])
                at += 4 + size
                if frame[12:14] != b'\x81\0':
                    os.write(plain, frame)
                elif frame[12:16] == tag:
                    os.write(tagged, frame[:12] + frame[16:])
                else:
                    print('unknown tag', frame[12:16].hex(), flush=True)
            del got[:at]


def main(path, plain, tagged, vid):
    taps = tap(plain), tap(tagged)
    with socket.socket(socket.AF_UNIX) as listener:
        listener.bind(path)
        listener.listen()
        print('ready', flush=True)
        relay(listener.accept()[0], *taps, int(vid))


if __name__ == '__main__':
    main(*sys.argv[1:])
