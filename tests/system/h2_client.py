# SPDX-License-Identifier: ISC
"""HTTP/2 as no honest client speaks it, over TLS: h2_client.py HOST WHAT.

Prints how the server ended it: `goaway CODE`, `closed`, or `alive`.
Frames by hand, so that nothing here keeps us from being rude.
"""
import socket
import ssl
import struct
import sys
import time

PREFACE = b'PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n'
DATA, HEADERS, PRIORITY, RST, SETTINGS, _, PING, GOAWAY, WINDOW, CONT = range(10)
GET = b'\x82\x87\x01\x01a'
SECONDS = 30


def frame(kind, flags, stream, payload=b''):
    return struct.pack('>I', len(payload))[1:] + bytes([kind, flags]) \
        + struct.pack('>I', stream) + payload


def get(stream, path=b'/', flags=5):
    return frame(HEADERS, flags, stream,
                 GET + b'\x04' + bytes([len(path)]) + path)


def connect(host):
    context = ssl.create_default_context()
    context.check_hostname, context.verify_mode = False, ssl.CERT_NONE
    context.set_alpn_protocols(['h2'])
    s = context.wrap_socket(socket.create_connection((host, 443), SECONDS))
    assert s.selected_alpn_protocol() == 'h2'
    s.sendall(PREFACE + frame(SETTINGS, 0, 0) + frame(SETTINGS, 1, 0))
    return s


class Reader:
    def __init__(self, s):
        self.s, self.have = s, b''

    def next(self, seconds=SECONDS):
        self.s.settimeout(seconds)
        while len(self.have) < 9 or len(self.have) < 9 + self.size():
            data = self.s.recv(65536)
            if not data:
                raise EOFError
            self.have += data
        n = self.size()
        kind, stream = self.have[3], struct.unpack('>I', self.have[5:9])[0]
        body, self.have = self.have[9:9 + n], self.have[9 + n:]
        return kind, stream, body

    def size(self):
        return int.from_bytes(self.have[:3], 'big')


def rapid_reset():
    return b''.join(get(2 * i + 1) + frame(RST, 0, 2 * i + 1, b'\0\0\0\x08')
                    for i in range(2000))


def continuations():
    return frame(HEADERS, 1, 1, GET + b'\x84') + b''.join(
        frame(CONT, 0, 1, b'\0\x01x\x64' + b'v' * 100) for _ in range(1000))


FLOODS = {
    'rapid-reset': rapid_reset,
    'continuation': continuations,
    'settings': lambda: frame(SETTINGS, 0, 0) * 2000,
    'ping': lambda: frame(PING, 0, 0, b'01234567') * 2000,
    'empty-data': lambda: frame(
        HEADERS, 4, 1, b'\x83\x87\x01\x01a\x04\x09/transmit')
    + frame(DATA, 0, 1) * 2000,
    'priority': lambda: frame(PRIORITY, 0, 3, b'\0\0\0\0\x10') * 3000,
    'crumbs': lambda: get(1, b'/random?bytes=99999999')
    + frame(WINDOW, 0, 1, b'\0\0\0\x01') * 3000,
}


def flood(s, what):
    try:
        s.sendall(FLOODS[what]())
    except OSError:
        pass
    reader = Reader(s)
    code = None
    try:
        end = time.time() + SECONDS
        while time.time() < end:
            kind, _, body = reader.next()
            if kind == GOAWAY:
                code = struct.unpack('>I', body[4:8])[0]
    except (EOFError, OSError):
        print('closed' if code is None else f'goaway {code}')
        return
    print('alive')


def hundred(s):
    """A hundred long answers, of which nobody reads; then a short one."""
    s.sendall(frame(SETTINGS, 0, 0, b'\0\x04\0\0\0\0')
              + b''.join(get(2 * i + 1, b'/random?bytes=1000000')
                         for i in range(99))
              + get(999, b'/healthz') + frame(WINDOW, 0, 999, b'\0\0\x10\0'))
    reader, heads, body = Reader(s), set(), b''
    while len(heads) < 100 or body != b'ok\n':
        kind, stream, data = reader.next()
        if kind == HEADERS:
            heads.add(stream)
        if kind == DATA and stream == 999:
            body += data
        assert kind not in (RST, GOAWAY) and (kind != DATA or stream == 999)
    print('served')


def stop(s):
    """A long answer that waits for us, until the server says that it goes."""
    size, reader = 1000000, Reader(s)
    s.sendall(get(1, b'/random?bytes=%d' % size))
    had, kind = 0, None
    while had < 65535:
        kind, stream, body = reader.next()
        had += len(body) if kind == DATA else 0
    print('asked', flush=True)
    while kind != GOAWAY:
        kind, stream, body = reader.next()
    last, code = struct.unpack('>II', body[:8])
    more = struct.pack('>I', size)
    s.sendall(frame(WINDOW, 0, 0, more) + frame(WINDOW, 0, 1, more))
    while had < size:
        kind, stream, body = reader.next()
        assert kind not in (RST, GOAWAY), kind
        had += len(body) if kind == DATA else 0
    print(f'goaway {code} after {last}, {had} bytes', flush=True)
    try:
        while True:
            reader.next()
    except EOFError:
        print('ended by FIN', flush=True)


def main():
    s = connect(sys.argv[1])
    if sys.argv[2] in ('hundred', 'stop'):
        {'hundred': hundred, 'stop': stop}[sys.argv[2]](s)
    else:
        flood(s, sys.argv[2])


if __name__ == '__main__':
    main()
