# SPDX-License-Identifier: ISC
"""The front page in a browser: it loads whole, lives, and fits a phone."""
import re

from browser import Browser
from harness import each, http_wait
from billetlib import qemu

SIZES = {'desktop': {'width': 1280, 'height': 800, 'mobile': False},
         'phone': {'width': 390, 'height': 844, 'mobile': True}}


def web(t):
    port = t.free_port()
    line = qemu.Line().kernel(t.image('web')).user_net([('tcp', port, 80)])
    t.guest(line)
    http_wait(port)
    return f'http://127.0.0.1:{port}/'


@each(**SIZES)
def test_front_page(t, width, height, mobile):
    url = web(t)
    page = Browser(t, width, height, mobile)
    page.open(url)
    page.wait(2.5)
    before = page.run('document.body.innerText')
    page.wait(2.5)
    after = page.run('document.body.innerText')
    page.picture('page.png')

    assert page.errors == [], page.errors
    assert 'Billet' in page.run('document.title')
    strangers = [u for u in page.requests
                 if not u.startswith((url, 'data:', 'blob:'))]
    assert strangers == [], f'third parties: {strangers}'
    bad = {u: s for u, s in page.requests.items()
           if s not in (200, 204, 304) and u.startswith(url)}
    assert bad == {}, bad
    for word in ('ptime', 'emory', 'equest', 'onnection'):
        assert word in after, f'no figure of {word} in\n{after}'
    assert not re.search(r'undefined|NaN|\[object', after), after
    assert before != after, 'the figures do not move'


@each(**SIZES)
def test_nothing_is_wider_than_the_screen(t, width, height, mobile):
    page = Browser(t, width, height, mobile)
    page.open(web(t))
    page.wait(1)
    wide = page.run('''[...document.querySelectorAll('body *')].filter(e =>
        e.getBoundingClientRect().right > innerWidth + 1 &&
        !e.closest('pre, table, .scroll')).map(e => e.outerHTML.slice(0, 80))
    ''')
    assert wide == [], wide
    assert page.run('document.documentElement.scrollWidth') <= width
    assert page.run('innerWidth') == width, 'no viewport for phones'
    size = page.run('''Math.min(...[...document.querySelectorAll('body *')]
        .filter(e => [...e.childNodes].some(n => n.nodeType == 3 &&
                                                 n.data.trim()))
        .map(e => parseFloat(getComputedStyle(e).fontSize)))''')
    assert size >= 11, f'text of {size} px'


def test_the_page_works_without_scripts(t):
    """What it is can be read by anyone; only the figures want a script."""
    page = Browser(t, 800, 600)
    page.call('Emulation.setScriptExecutionDisabled', value=True)
    page.open(web(t))
    root = page.call('DOM.getDocument', depth=-1)
    assert 'Billet' in str(root)
