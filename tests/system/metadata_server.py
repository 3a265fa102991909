#!/usr/bin/env python3
# SPDX-License-Identifier: ISC
"""The metadata service of one cloud, as strict as the real one; prints each
request, and never the user data.

usage: metadata_server.py CLOUD ADDRESS FILE [failures]

FILE is the user data.  The first so many requests are answered 503.
"""
import base64
import http.server
import json
import socket
import sys

CLOUD, ADDRESS, FILE = sys.argv[1:4]
DATA = open(FILE, 'rb').read()
ENCODED = base64.encodebytes(DATA)  # with line ends, as some have it
TOKEN = 'token-of-' + CLOUD
failures = int(sys.argv[4]) if len(sys.argv) > 4 else 0
WHOLE = json.dumps({'id': 'i', 'metadata': {
    'user_data': base64.b64encode(DATA).decode()}}).encode()

# cloud: (path of the token, its field, the field that shows it)
TOKENS = {
    'ec2': ('/latest/api/token', 'X-aws-ec2-metadata-token-ttl-seconds',
            'X-aws-ec2-metadata-token'),
    'alibaba': ('/latest/api/token', 'X-aliyun-ecs-metadata-token-ttl-seconds',
                'X-aliyun-ecs-metadata-token'),
    'linode': ('/v1/token', 'Metadata-Token-Expiry-Seconds', 'Metadata-Token'),
}
# cloud: (path, fields that must be there, answer)
PAGES = {
    'ec2': ('/latest/user-data', {}, DATA),
    'gce': ('/computeMetadata/v1/instance/attributes/user-data',
            {'Metadata-Flavor': 'Google'}, DATA),
    'azure': ('/metadata/instance/compute/userData'
              '?api-version=2021-01-01&format=text', {'Metadata': 'true'},
              ENCODED),
    'openstack': ('/openstack/latest/user_data', {}, DATA),
    'digitalocean': ('/metadata/v1/user-data', {}, DATA),
    'hetzner': ('/hetzner/v1/userdata', {}, DATA),
    'vultr': ('/v1.json', {}, json.dumps(
        {'hostname': 'x', 'user-data': DATA.decode()}).encode()),
    'linode': ('/v1/user-data', {}, ENCODED),
    'scaleway': ('/user_data/cloud-init', {}, DATA),
    'exoscale': ('/latest/user-data', {}, DATA),
    'oracle': ('/opc/v2/instance/', {'Authorization': 'Bearer Oracle'}, WHOLE),
    'alibaba': ('/latest/user-data', {}, DATA),
}


class Handler(http.server.BaseHTTPRequestHandler):
    protocol_version = 'HTTP/1.1'

    def log_message(self, *words):
        pass

    def answer(self, status, body=b''):
        print(self.command, self.path, status, flush=True)
        self.send_response(status)
        if CLOUD == 'openstack' and body:  # one that sends chunks
            self.send_header('Transfer-Encoding', 'chunked')
            self.end_headers()
            self.wfile.write(b'%x\r\n%s\r\n0\r\n\r\n' % (len(body), body))
            return
        if CLOUD != 'hetzner':  # one that ends with the connection
            self.send_header('Content-Length', len(body))
        self.end_headers()
        self.wfile.write(body)
        self.close_connection = True

    def refused(self):
        global failures
        if failures > 0:
            failures -= 1
            self.answer(503)
            return True
        return False

    def do_PUT(self):
        path, field, _ = TOKENS.get(CLOUD, (None, None, None))
        if self.refused():
            return
        if self.path != path or not self.headers.get(field, '').isdigit():
            return self.answer(400)
        self.answer(200, TOKEN.encode())

    def do_GET(self):
        path, fields, body = PAGES[CLOUD]
        if self.refused():
            return
        if CLOUD in TOKENS and self.headers[TOKENS[CLOUD][2]] != TOKEN:
            return self.answer(401)
        if any(self.headers[k] != v for k, v in fields.items()):
            return self.answer(403)
        if CLOUD == 'scaleway' and self.client_address[1] >= 1024:
            return self.answer(403)
        if not DATA or self.path != path:
            return self.answer(404)
        self.answer(200, body)


class Server(http.server.ThreadingHTTPServer):
    address_family = socket.AF_INET6 if ':' in ADDRESS else socket.AF_INET
    daemon_threads = True


server = Server((ADDRESS, 80), Handler)
print('serving', flush=True)
server.serve_forever()
