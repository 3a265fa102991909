# SPDX-License-Identifier: ISC
"""Chromium without a screen, spoken to by its DevTools protocol on a pipe."""
import base64
import json
import os
import select
import subprocess
import time

from billetlib import qemu
from harness import Failed

PROGRAMS = ('chromium', 'chromium-browser', 'google-chrome')
FLAGS = ('--headless', '--no-sandbox', '--disable-gpu', '--no-first-run',
         '--disable-background-networking', '--disable-component-update',
         '--disable-sync', '--disable-dev-shm-usage', '--hide-scrollbars',
         '--remote-debugging-pipe', 'about:blank')


class Browser:
    """One page.  What it asked for and what went wrong is in `requests`
    (url -> status) and `errors`."""

    def __init__(self, t, width, height, mobile=False, flags=()):
        self.t, self.requests, self.errors = t, {}, []
        self._buffer, self._last, self._answers = b'', 0, {}
        self._events = []
        self._start(t, flags)
        targets = self.call('Target.getTargets')['targetInfos']
        page = next(x for x in targets if x['type'] == 'page')
        self.session = self.call('Target.attachToTarget', flatten=True,
                                 targetId=page['targetId'])['sessionId']
        for domain in ('Page', 'Network', 'Log', 'Runtime'):
            self.call(domain + '.enable')
        self.call('Emulation.setDeviceMetricsOverride', width=width,
                  height=height, deviceScaleFactor=1, mobile=mobile)

    session = None

    def _start(self, t, flags):
        theirs_in, self._out = os.pipe()
        self._in, theirs_out = os.pipe()
        program = t.program(*PROGRAMS)

        def wire():
            # It reads commands from 3 and writes answers to 4.
            os.dup2(os.dup(theirs_in), 3)
            os.dup2(os.dup(theirs_out), 4)
            qemu.die_with_parent()

        with open(t.path(t.numbered('browser') + '.log'), 'wb') as log:
            self._child = subprocess.Popen(
                [program, f'--user-data-dir={t.path(t.numbered("profile"))}',
                 *flags, *FLAGS], stdin=subprocess.DEVNULL, stdout=log, stderr=log,
                close_fds=False, preexec_fn=wire)
        os.close(theirs_in)
        os.close(theirs_out)
        t.at_end(qemu.stop, self._child)

    def call(self, method, **parameters):
        self._last += 1
        message = {'id': self._last, 'method': method, 'params': parameters}
        if self.session:
            message['sessionId'] = self.session
        os.write(self._out, json.dumps(message).encode() + b'\0')
        self._pump(lambda: self._last in self._answers, 30, method)
        answer = self._answers.pop(self._last)
        if 'error' in answer:
            raise Failed(f'{method}: {answer["error"].get("message")}')
        return answer['result']

    def _pump(self, over, seconds, what):
        end = time.monotonic() + seconds
        while not over():
            left = end - time.monotonic()
            if left <= 0 or not select.select([self._in], [], [], left)[0]:
                raise Failed(f'the browser is silent: {what}')
            data = os.read(self._in, 1 << 20)
            if not data:
                raise Failed('the browser ended')
            *messages, self._buffer = (self._buffer + data).split(b'\0')
            for message in messages:
                self._take(json.loads(message))

    def _take(self, message):
        if 'id' in message:
            self._answers[message['id']] = message
            return
        kind, values = message['method'], message['params']
        self._events.append(kind)
        if kind == 'Network.requestWillBeSent':
            self.requests.setdefault(values['request']['url'], None)
        elif kind == 'Network.responseReceived':
            self.requests[values['response']['url']] = \
                values['response']['status']
        elif kind == 'Network.loadingFailed' and not values.get('canceled'):
            self.errors.append('loading: ' + values['errorText'])
        elif kind == 'Runtime.exceptionThrown':
            self.errors.append(values['exceptionDetails']['text'] + ' '
                               + str(values['exceptionDetails'].get(
                                   'exception', {}).get('description')))
        elif kind == 'Log.entryAdded' and values['entry']['level'] == 'error':
            self.errors.append(values['entry']['text'] + ' '
                               + values['entry'].get('url', ''))

    def open(self, url):
        self._events.clear()
        self.call('Page.navigate', url=url)
        self._pump(lambda: 'Page.loadEventFired' in self._events, 30,
                   f'{url} is not loaded')

    def run(self, expression):
        """The value of a JavaScript expression."""
        answer = self.call('Runtime.evaluate', expression=expression,
                           returnByValue=True, awaitPromise=True)
        if 'exceptionDetails' in answer:
            raise Failed(f'{expression}: {answer["exceptionDetails"]}')
        return answer['result'].get('value')

    def wait(self, seconds):
        """Let the page live on."""
        self.run(f'new Promise(done => setTimeout(done, {seconds * 1000}))')

    def picture(self, name):
        data = self.call('Page.captureScreenshot', format='png')['data']
        path = self.t.path(name)
        path.write_bytes(base64.b64decode(data))
        return path
