#!/usr/bin/env python3
# SPDX-License-Identifier: ISC
"""Renewal information for a CA that has none: its directory and a window.

usage: acme_guide.py ADDRESS PORT DIRECTORY CERTIFICATE KEY [SECONDS]

With SECONDS it takes the orders itself, and wants each to come back later.
"""
import http.server
import json
import ssl
import sys
import time
import urllib.request


class Guide(http.server.BaseHTTPRequestHandler):
    def log_message(self, *words):
        pass

    def do_GET(self):
        address, port, directory = sys.argv[1:4]
        print('GET', self.path, flush=True)
        if self.path == '/dir':
            context = ssl._create_unverified_context()
            with urllib.request.urlopen(directory, context=context) as answer:
                body = json.load(answer)
            if sys.argv[6:]:
                body['newOrder'] = f'https://{address}:{port}/order'
            body['renewalInfo'] = f'https://{address}:{port}/ari'
        else:
            stamp = [time.strftime('%Y-%m-%dT%H:%M:%SZ', time.gmtime(
                time.time() + off)) for off in (-60, -30)]
            body = {'suggestedWindow': dict(zip(('start', 'end'), stamp))}
        self.answer(200, body)

    def do_POST(self):
        print('POST', self.path, flush=True)
        self.rfile.read(int(self.headers['Content-Length']))
        self.answer(429, {'type': 'urn:ietf:params:acme:error:rateLimited',
                          'detail': 'too many orders'})

    def answer(self, status, body):
        text = json.dumps(body).encode()
        self.send_response(status)
        if status == 429:
            self.send_header('Retry-After', sys.argv[6])
        self.send_header('Content-Length', str(len(text)))
        self.end_headers()
        self.wfile.write(text)


if __name__ == '__main__':
    tls = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    tls.load_cert_chain(*sys.argv[4:6])
    server = http.server.HTTPServer((sys.argv[1], int(sys.argv[2])), Guide)
    server.socket = tls.wrap_socket(server.socket, server_side=True)
    print('ready', flush=True)
    server.serve_forever()
