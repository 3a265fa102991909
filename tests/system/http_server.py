#!/usr/bin/env python3
# SPDX-License-Identifier: ISC
"""A server for the client of ours: prints each request and its connection.

usage: http_server.py ADDRESS PORT [CERTIFICATE KEY]
"""
import http.server
import socket
import ssl
import sys
import time

BODY = bytes(range(256)) * 400


class Handler(http.server.BaseHTTPRequestHandler):
    protocol_version = 'HTTP/1.1'

    def log_message(self, *words):
        pass

    def head(self, status, *fields):
        self.send_response(status)
        for name, value in fields:
            self.send_header(name, value)
        self.end_headers()

    def chunked(self):
        self.head(200, ('Transfer-Encoding', 'chunked'))
        for at in range(0, len(BODY), 1000):
            part = BODY[at:at + 1000]
            self.wfile.write(b'%x;n=1\r\n%s\r\n' % (len(part), part))
        self.wfile.write(b'0\r\nTrailer: x\r\n\r\n')

    def upload(self):
        total = 0
        while size := int(self.rfile.readline().split(b';')[0], 16):
            total += len(self.rfile.read(size))
            self.rfile.readline()
        self.rfile.readline()
        return total

    def do_GET(self):
        print(self.command, self.path, self.headers['Host'],
              self.client_address[1], flush=True)
        if self.path == '/length':
            self.head(200, ('Content-Length', len(BODY)))
            if self.command == 'GET':
                self.wfile.write(BODY)
        elif self.path == '/chunked':
            self.chunked()
        elif self.path == '/close':
            self.close_connection = True
            self.head(200)
            self.wfile.write(BODY)
        elif self.path == '/away':
            self.head(302, ('Location', 'length'),
                      ('Content-Length', 0))
        elif self.path.startswith('/to?'):
            self.head(302, ('Location', self.path[4:]),
                      ('Content-Length', 0))
        elif self.path == '/loop':
            self.head(301, ('Location', '/loop'), ('Content-Length', 0))
        elif self.path == '/short':
            self.close_connection = True
            self.head(200, ('Content-Length', len(BODY)))
            self.wfile.write(BODY[:5000])
        elif self.path == '/both':
            self.close_connection = True
            self.head(200, ('Content-Length', 5),
                      ('Transfer-Encoding', 'chunked'))
            self.wfile.write(b'0\r\n\r\n')
        elif self.path == '/silent':
            time.sleep(60)
        else:
            self.head(404, ('Content-Length', 0))

    do_HEAD = do_GET

    def do_POST(self):
        text = b'%d' % self.upload()
        self.head(200, ('Content-Length', len(text)))
        self.wfile.write(text)


class Server(http.server.ThreadingHTTPServer):
    daemon_threads = True

    def __init__(self, address, port, *identity):
        self.address_family = socket.AF_INET6 if ':' in address \
            else socket.AF_INET
        super().__init__((address, port), Handler)
        self.tls = None
        if identity:
            self.tls = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
            self.tls.load_cert_chain(*identity)

    def finish_request(self, request, client_address):
        # Here, not at accept(): one that shakes no hands stops nobody else.
        if self.tls:
            try:
                request = self.tls.wrap_socket(request, server_side=True)
            except (ssl.SSLError, OSError) as error:
                print('tls', error, flush=True)
                return
        super().finish_request(request, client_address)
        if self.tls:
            try:
                request.unwrap()
            except (ssl.SSLError, OSError):
                pass
            request.close()


if __name__ == '__main__':
    with Server(sys.argv[1], int(sys.argv[2]), *sys.argv[3:]) as server:
        print('ready', flush=True)
        server.serve_forever()
