#!/usr/bin/env python3
# SPDX-License-Identifier: ISC
"""Renewal information for a CA that has none: its directory and a window.

usage: acme_guide.py ADDRESS PORT DIRECTORY CERTIFICATE KEY
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
            body['renewalInfo'] = f'https://{address}:{port}/ari'
        else:
            stamp = [time.strftime('%Y-%m-%dT%H:%M:%SZ', time.gmtime(
                time.time() + off)) for off in (-60, -30)]
            body = {'suggestedWindow': dict(zip(('start', 'end'), stamp))}
        text = json.dumps(body).encode()
        self.send_response(200)
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
