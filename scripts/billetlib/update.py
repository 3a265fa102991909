# SPDX-License-Identifier: ISC
"""billet update: give a running image its successor, and see what becomes of it.

    curl -f -T FILE https://HOST/update

does the first half of it.
"""
import http.client
import json
import ssl
import time
import urllib.parse
from pathlib import Path

from . import say

PAUSE_S = 0.5
ANSWER_MAX = 1 << 12
LOST = (OSError, http.client.HTTPException, ValueError)


def add_arguments(p):
    p.add_argument('url', metavar='URL', help='https://HOST[:PORT]')
    p.add_argument('file', metavar='FILE', type=Path,
                   help='what `billet sign` wrote')
    p.add_argument('--cacert', metavar='FILE',
                   help='who vouches for HOST (default: those of this machine)')
    p.add_argument('-k', '--insecure', action='store_true',
                   help="believe any certificate; the image's own check of the "
                   'signature does not depend on it')
    p.add_argument('--wait', type=int, default=180, metavar='SECONDS',
                   help='for the image to be kept (default %(default)s); 0: '
                   'do not wait')


class Image:
    """An image somewhere, by its /update."""

    def __init__(self, options):
        try:
            url = urllib.parse.urlsplit(options.url)
            self.host, self.port = url.hostname, url.port or 443
        except ValueError:  # [ without ], a port beyond 65535
            url = None
        if not url or url.scheme != 'https' or not self.host:
            raise say.Stop(f'{options.url}: want https://HOST[:PORT]',
                           say.USAGE)
        try:
            self.context = ssl.create_default_context(cafile=options.cacert)
        except OSError as error:
            raise say.Stop(f'{options.cacert}: {error}', say.USAGE) from None
        if options.insecure:
            self.context.check_hostname = False
            self.context.verify_mode = ssl.CERT_NONE

    def ask(self, method, body=None, seconds=10):
        """(status, text)."""
        link = http.client.HTTPSConnection(self.host, self.port,
                                           timeout=seconds,
                                           context=self.context)
        try:
            link.request(method, '/update', body=body)
            answer = link.getresponse()
            return answer.status, answer.read(ANSWER_MAX).decode(
                errors='replace').strip()
        finally:
            link.close()

    def state(self, seconds=10):
        status, text = self.ask('GET', seconds=seconds)
        if status != 200:
            raise ValueError(f'{status} {text}')
        return json.loads(text)


def send(image, data):
    try:
        before = image.state()
        status, text = image.ask('PUT', data, seconds=60)
    except LOST as error:
        words = getattr(error, 'strerror', None) or error
        raise say.Stop(f'{image.host}: {words}: is it booted from a disk with '
                       'slots, with --update-key and --tls?') from None
    if status != 200:
        raise say.Stop(f'{image.host}: refused: {text}')
    say.info(f'{image.host}: {text}')
    return before


def wait(image, before, seconds):
    """Until it runs what it was given, or what it had before."""
    end = time.monotonic() + seconds
    while time.monotonic() < end:
        time.sleep(PAUSE_S)
        try:
            now = image.state(5)
        except LOST:
            continue    # it starts again
        if now['slot'] != before['slot'] and not now['trial']:
            say.info(f'{image.host}: slot {now["slot"]} is kept, sequence '
                     f'{now["sequence"]}')
            return
        if now['slot'] == before['slot'] and \
                now['sequence'] != before['sequence']:
            raise say.Stop(f'{image.host}: the new image did not get ready; '
                           f'slot {now["slot"]} is back')
    raise say.Stop(f'{image.host}: nothing is known after {seconds} s')


def run(options):
    try:
        data = options.file.read_bytes()
    except OSError as error:
        raise say.Stop(f'{options.file}: {error.strerror}',
                       say.USAGE) from None
    image = Image(options)
    before = send(image, data)
    if options.wait:
        wait(image, before, options.wait)
    return say.OK
