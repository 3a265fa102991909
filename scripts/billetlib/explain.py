# SPDX-License-Identifier: ISC
"""billet explain: a message of ours, with its cause and its cure.

The catalogue is docs/messages/*.md, read as it is.
"""
import difflib
import functools
import re
import sys
from collections import namedtuple

from . import say
from .tree import TOP, shown

PAGES = TOP / 'docs' / 'messages'
Entry = namedtuple('Entry', 'page title patterns cause cure more')
Match = namedtuple('Match', 'entry pattern spans')  # spans: of its own words

PATTERN = re.compile(r'^- (`+) ?(.+?) ?\1$', re.M)
PART = re.compile(r'^(Cause|Cure|More): (.*?)(?=^(?:Cause|Cure|More): |\Z)',
                  re.M | re.S)
COLOUR = re.compile(r'\x1b\[[0-9;]*[A-Za-z]|[\x00-\x08\x0b-\x1f\x7f]')
# What stands before a message: syslog's head, our time and source, whose words
# these are, how bad it is.
# A journal, a pod and a compose file have heads of their own.
HEAD = re.compile(r'^(?:<\d{1,3}>1 (?:\S+ ){5}(?:-|\[.*?\]) ?'
                  r'|[A-Z][a-z]{2} \d{1,2} \d\d:\d\d:\d\d \S+ [\w./@-]+'
                  r'(?:\[\d+\])?: |\d{4}-\d\d-\d\d[T ]\d\d:\d\d:\d\d\S* '
                  r'(?:std(?:out|err) [FP] |\S+ [\w./@-]+\[\d+\]: )?'
                  r'|[\w./-]{1,64} \| '
                  r'|\[ *\d+\.\d+ [\w.-]+\] *|error: |warning: |debug: '
                  r'|billet: |mkimage\.py: )')
NAME = re.compile(r'^(?:panic: [\w./-]+:\d+: |[\w./-]{1,64}: )')
COVERED = 0.4  # of a line, by which one match in its middle is believed
NEAR, NEAR_LEAST, SHOWN_MAX = 3, 0.45, 3
PART_LEAST = 12  # bytes of a message, by which a part of it is known
LINE_MAX = 4096


def add_arguments(p):
    p.add_argument('line', metavar='LINE', nargs='*',
                   help='the message, as it was printed (default: lines from '
                   'standard input)')
    p.add_argument('-l', '--list', action='store_true',
                   help='print all messages that are known')


def plain(argv):
    """A line that begins with dashes is a line, and no option."""
    if any(w.startswith('-') and ' ' in w for w in argv[1:]) \
            and '--' not in argv:
        return ['explain', '--', *argv[1:]]
    return argv


def read_page(path):
    for part in re.split(r'^## ', path.read_text(encoding='utf-8'),
                         flags=re.M)[1:]:
        title, _, body = part.partition('\n')
        said = {name: text.strip() for name, text in PART.findall(body)}
        patterns = [m[2] for m in PATTERN.finditer(body)]
        if patterns:
            yield Entry(path, title, patterns, said.get('Cause', ''),
                        said.get('Cure', ''), said.get('More', ''))


def catalogue():
    entries = [entry for path in sorted(PAGES.glob('*.md'))
               for entry in read_page(path)]
    if not entries:
        raise say.Stop(f'{shown(PAGES)}: no messages are there')
    return entries


def message(line):
    """The line without what our logs put before a message."""
    line = ' '.join(COLOUR.sub('', line[:LINE_MAX]).split())
    while HEAD.match(line):
        line = HEAD.sub('', line)
    return line


@functools.lru_cache(maxsize=None)
def compiled(pattern):
    """A pattern's own words are its groups; * is anything, or nothing."""
    words = [re.escape(' '.join(w.split())) for w in pattern.split('*')]
    edge = [r'(?<!\w)' if re.match(r'\w', pattern) else '',
            r'(?!\w)' if re.search(r'\w$', pattern) else '']
    return re.compile(edge[0] + '.*?'.join(f'({w})' if w else ''
                                           for w in words) + edge[1])


def found_in(text, entries):
    """The matches in a message, the one with most words first."""
    matches = []
    for entry in entries:
        for pattern in entry.patterns:
            m = compiled(pattern).search(text)
            if m:
                spans = [m.span(i + 1) for i in range(len(m.groups()))]
                matches.append(Match(entry, pattern, spans))
    matches.sort(key=lambda m: (m.pattern[:5].lower() == 'panic',
                                -own_words(m)))
    return matches


def own_words(match):
    return sum(end - start for start, end in match.spans)


def believed(match, text):
    """Whether the message is this one, and has not just its words in it."""
    start, end = match.spans[0][0], match.spans[-1][1]
    name = NAME.match(text)
    begins = match.pattern.startswith('*') or start == 0 \
        or (name and start == name.end())
    return own_words(match) >= COVERED * len(text) or (
        begins and own_words(match) >= 7) or (
        end == len(text) and start >= 2 and text[start - 2:start] == ': ')


def explanations(line, entries):
    """Entries for a line: the message, then the reasons inside it."""
    text, taken, out = message(line), [], []
    for match in found_in(text, entries):
        inside = any(a < end and start < b
                     for start, end in match.spans for a, b in taken)
        if inside or not (out or believed(match, text)):
            continue
        if out and match.pattern[:5].lower() == 'panic':
            continue  # what it is about is known better
        if out and not believed(match, text) and own_words(match) < 12:
            continue
        taken += match.spans
        if match.entry not in out:
            out.append(match.entry)
    return out[:SHOWN_MAX] or part_of(text, entries)


def part_of(text, entries):
    """The entry of a message of which the text is a part."""
    if len(text) < PART_LEAST:
        return []
    known = max(((first_line(text, p), i) for i, e in enumerate(entries)
                 for p in e.patterns), default=(0, 0))
    if known[0] >= PART_LEAST:
        return [entries[known[1]]]
    return [e for e in entries if any(text in p for p in e.patterns)][:1]


def first_line(text, pattern):
    """By how many of its own characters a text is the first line of a message,
    which has a colon at its end; 0 if it is not."""
    heads = [pattern[:m.start() + 1] for m in re.finditer(': ', pattern)] \
        if text.endswith(':') else []
    return max((len(h.replace('*', '')) for h in heads
                if compiled(h).fullmatch(text)), default=0)


def alike(text, pattern):
    """How near a message is, or its beginning: lines are copied in part."""
    match = difflib.SequenceMatcher(None, text, pattern)
    whole = match.ratio()
    match.set_seq2(pattern[:len(text)])
    return max(whole, match.ratio())


def nearest(line, entries):
    text = message(line)
    rated = sorted(((alike(text, p), p) for e in entries
                    for p in e.patterns), reverse=True)
    return [p for ratio, p in rated[:NEAR] if ratio >= NEAR_LEAST]


def unmarked(text):
    """Markdown as a terminal shows it: links by their files, one line."""
    text = re.sub(r'\[([^]]*)\]\(([^)]*)\)', r'\1', text)
    return ' '.join(text.replace('`', '').split())


def places(entry):
    for link in re.findall(r'\]\(([^)]+)\)', entry.more):
        name, _, anchor = link.partition('#')
        path = (entry.page.parent / name).resolve()
        yield shown(path) + ('#' + anchor if anchor else '')


def show(entries):
    for entry in entries:
        print(entry.title)
        print('  cause: ' + unmarked(entry.cause))
        print('  cure:  ' + unmarked(entry.cure))
        print('  more:  ' + ', '.join([*places(entry), shown(entry.page)]))


def explain(line, entries):
    answer = explanations(line, entries)
    if answer:
        show(answer)
        return True
    print(f'not a message of Billet: {message(line)}')
    near = nearest(line, entries)
    if near:
        print('  the nearest that is: ' + '\n                       '.join(near))
    else:
        print(f'  by symptom: {shown(TOP / "docs" / "troubleshooting.md")}')
    return False


def run(options):
    entries = catalogue()
    if options.list:
        for entry in entries:
            print('\n'.join(entry.patterns))
        return say.OK
    if not options.line and sys.stdin.isatty():
        print('the lines, and then Ctrl-D:', file=sys.stderr, flush=True)
    # Words that no quotes keep together are one line.
    lines = [' '.join(options.line)] if options.line else sys.stdin
    done = [explain(line, entries) for line in lines if message(line)]
    if not done:
        raise say.Stop("nothing to explain: billet explain 'LINE'", say.USAGE)
    return say.OK if any(done) else say.FAILED
