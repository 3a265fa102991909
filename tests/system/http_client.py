# SPDX-License-Identifier: ISC
"""HTTP as bytes on a socket, for what a well-behaved library would not send."""
import socket


class Wire:
    """One connection; answers are read to their last byte and no further."""

    def __init__(self, port, host='127.0.0.1', seconds=20):
        self.sock = socket.create_connection((host, port), timeout=seconds)
        self.data = b''

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.sock.close()

    def send(self, data):
        self.sock.sendall(data if isinstance(data, bytes) else data.encode())
        return self

    def more(self):
        part = self.sock.recv(1 << 16)
        self.data += part
        return len(part) > 0

    def until(self, end):
        while end not in self.data:
            if not self.more():
                raise EOFError(f'the connection ended with {self.data!r}')
        part, self.data = self.data.split(end, 1)
        return part

    def take(self, n):
        while len(self.data) < n:
            if not self.more():
                raise EOFError(f'{n - len(self.data)} bytes are missing')
        part, self.data = self.data[:n], self.data[n:]
        return part

    def head(self):
        """(status, fields), names in lower case."""
        first, *lines = self.until(b'\r\n\r\n').decode('latin-1').split('\r\n')
        version, status, _ = first.split(' ', 2)
        assert version == 'HTTP/1.1', first
        fields = {}
        for line in lines:
            name, value = line.split(':', 1)
            fields[name.lower()] = value.strip()
        return int(status), fields

    def chunks(self):
        body = b''
        while n := int(self.until(b'\r\n'), 16):
            body += self.take(n)
            assert self.take(2) == b'\r\n'
        assert self.take(2) == b'\r\n'
        return body

    def reply(self, head=False):
        """(status, fields, body) of the next answer."""
        status, fields = self.head()
        if head or status in (204, 304) or status < 200:
            body = b''
        elif 'content-length' in fields:
            body = self.take(int(fields['content-length']))
        elif fields.get('transfer-encoding') == 'chunked':
            body = self.chunks()
        else:
            body = self.rest()
        return status, fields, body

    def rest(self):
        while self.more():
            pass
        part, self.data = self.data, b''
        return part

    def closed(self):
        """Whether the other end closes now, or has."""
        try:
            return not self.more()
        except ConnectionResetError:
            return True

    def ask(self, method, path, *lines, body=b''):
        text = '\r\n'.join((f'{method} {path} HTTP/1.1', 'Host: test', *lines))
        self.send(text.encode() + b'\r\n\r\n' + body)
        return self.reply(head=method == 'HEAD')
