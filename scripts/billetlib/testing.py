# SPDX-License-Identifier: ISC
"""billet test: from nothing to a summary.

Every suite yields results; one that has nothing to show is a failure itself,
so that nothing passes by being absent.
"""
import argparse
import os
import sys
import time

from . import build, packages, say, suites
from .tree import build_dir

SOAK_MINUTES_MAX = 7 * 24 * 60
OUTCOMES = {'pass': 'ok  ', 'fail': 'FAIL', 'skip': 'skip'}


def minutes(text):
    if not text.isdecimal() or not 1 <= int(text) <= SOAK_MINUTES_MAX:
        raise argparse.ArgumentTypeError(
            f'"{text}": minutes, 1 to {SOAK_MINUTES_MAX}')
    return int(text)


class Report:
    def __init__(self):
        self.results, self.started = [], time.monotonic()

    def add(self, result):
        self.results.append(result)
        reason = f'  ({result.text})' if result.outcome == 'skip' else ''
        say.info(f'{OUTCOMES[result.outcome]} {result.seconds:6.1f} s  '
                 f'{result.suite}: {result.name}{reason}')
        if result.outcome == 'fail':
            for line in result.text.rstrip().splitlines():
                say.info('       ' + line)

    def count(self, outcome):
        return sum(r.outcome == outcome for r in self.results)

    def finish(self):
        """The summary; its last line is for machines."""
        failed = [r for r in self.results if r.outcome == 'fail']
        skipped = [r for r in self.results if r.outcome == 'skip']
        took = time.monotonic() - self.started
        say.info(f'\n{len(self.results)} tests in {took:.0f} s')
        for result in skipped:
            say.info(f'skipped  {result.suite}: {result.name}: {result.text}')
        if skipped:
            say.info(f'{len(skipped)} skipped')
        for result in failed:
            say.info(f'FAILED   {result.suite}: {result.name}')
        say.then(f'scripts/billet test {failed[0].name}    that one alone'
                 if failed else 'scripts/billet bench')
        say.info(f'{self.count("pass")} passed, {len(failed)} failed')
        return say.FAILED if failed or not self.count('pass') else say.OK


def prepare(options):
    """Packages, and the build of everything."""
    packages.ensure(packages.FOR_TEST)
    packages.want('system')
    build_path = build_dir(options.build)
    build.setup(build_path, ['-Dtests=enabled', '-Dimages=enabled'])
    build.compile(build_path, ['all', 'meson-test-prereq'])
    return build_path


def run_suite(report, name, results, options):
    before = len(report.results)
    for result in results:
        report.add(result)
    if len(report.results) == before and not options.names:
        report.add(suites.Result(name, 'anything at all', 'fail', 0,
                                 'no test was found'))


def run(options):
    if options.soak:
        options.full = True
        os.environ['BILLET_SOAK_MINUTES'] = str(options.soak)
    if options.list:
        wanted = [test['name'] for test in suites.system_tests()
                  if not options.names
                  or any(name in test['name'] for name in options.names)]
        print('\n'.join(wanted))
        return say.OK if wanted else say.FAILED
    report = Report()
    try:
        build_path = prepare(options)
        for name, suite, tiers in suites.SUITES:
            if tier(options) in tiers:
                say.info(f'\n{name}')
                run_suite(report, name, suite(build_path, options), options)
        if not report.results:
            report.add(suites.Result('names', ' '.join(options.names), 'fail',
                                     0, 'no test has such a name'))
    except say.Stop as stop:
        if stop.status == say.MISSING:
            raise
        report.add(suites.Result('set-up', 'build', 'fail', 0, str(stop)))
    sys.stdout.flush()
    return report.finish()


def tier(options):
    return 'full' if options.full else 'fast' if options.fast else 'normal'
