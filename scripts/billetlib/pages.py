# SPDX-License-Identifier: ISC
"""The man page and the completion of bash, out of the parser itself.

    scripts/billet help --man  > scripts/billet.1
    scripts/billet help --bash > scripts/billet.bash

A test compares, so neither can fall behind.
"""
import argparse
import re


def commands(parser):
    """(name, one line, its parser) of each command."""
    action = next(a for a in parser._actions
                  if isinstance(a, argparse._SubParsersAction))
    lines = {a.dest: a.help for a in action._choices_actions}
    return [(name, lines[name], p) for name, p in action.choices.items()]


def roff(text):
    text = text.replace('\\', '\\e').replace('-', '\\-')
    return re.sub(r"^([.'])", r'\\&\1', text, flags=re.M)


def expanded(parser, action):
    words = (action.help or '') % {
        'default': action.default, 'prog': parser.prog}
    return ' '.join(words.split())


def option_rows(parser):
    """(how it is written, what it says) of each argument."""
    for action in parser._actions:
        value = action.metavar or (
            '{' + ','.join(map(str, action.choices)) + '}' if action.choices
            else action.dest.upper()) if action.nargs != 0 else ''
        if action.option_strings:
            names = ', '.join(f'{n} {value}'.strip()
                              for n in action.option_strings)
        else:
            names = value + (' ...' if action.nargs == '*' else '')
        yield names, expanded(parser, action)


def man(parser, statuses):
    out = ['.\\" SPDX-License-Identifier: ISC',
           '.\\" Made by scripts/billet help --man',
           '.TH BILLET 1', '.SH NAME',
           'billet \\- build, run, test and look into Billet\'s images',
           '.SH SYNOPSIS', '.B scripts/billet', '.I COMMAND',
           '.RI [ ARGUMENT ...]', '.SH DESCRIPTION',
           roff(' '.join(parser.description.split())), '.SH COMMANDS']
    for name, line, p in commands(parser):
        out += [f'.SS {roff(name)}', roff(line[0].upper() + line[1:] + '.')]
        for names, text in option_rows(p):
            out += ['.TP', f'.B {roff(names)}', roff(text)]
    out += ['.SH EXIT STATUS']
    for number, text in statuses:
        out += ['.TP', f'.B {number}', roff(text)]
    out += ['.SH ENVIRONMENT',
            '.TP', '.B BILLET_BUILD', 'The build directory, if not build.',
            '.TP', '.B BILLET_DISTFILES',
            'A folder with the tarballs of the libraries, for a machine that '
            'cannot fetch them.',
            '.SH SEE ALSO', 'README.md and docs/README.md in the source tree.']
    return '\n'.join(out) + '\n'


BASH = """\
# SPDX-License-Identifier: ISC
# Completion of bash for scripts/billet:  . scripts/billet.bash
# Made by scripts/billet help --bash
_billet()
{
    local word=${COMP_WORDS[COMP_CWORD]} before=${COMP_WORDS[COMP_CWORD-1]}
    local command= top i
    top=$(dirname "${COMP_WORDS[0]}")/..
    COMPREPLY=()
    for ((i = 1; i < COMP_CWORD; i++)); do
        case ${COMP_WORDS[i]} in
        -*) ;;
        *) command=${COMP_WORDS[i]}; break ;;
        esac
    done
    if [ -z "$command" ]; then
        COMPREPLY=($(compgen -W '@COMMANDS@' -- "$word"))
        return
    fi
    case $command,$before in
@VALUES@
    esac
    case $command,$((COMP_CWORD - i)) in
@PLACES@
    esac
    case $word in
    -*)
        case $command in
@OPTIONS@
        esac
        return ;;
    esac
    case $command in
    @NAMED@)
        COMPREPLY=($(compgen -W "$(sed -n "/^apps = {/,/^}/s/^    '\\([a-z0-9-]*\\)': {.*/\\1/p" \\
            "$top/apps/meson.build" 2>/dev/null)" -- "$word")) ;;
    @HELP@)
        COMPREPLY=($(compgen -W '@COMMANDS@' -- "$word")) ;;
    *)
        COMPREPLY=($(compgen -f -- "$word")) ;;
    esac
}
complete -o filenames -F _billet billet scripts/billet ./scripts/billet
"""


def bash(parser):
    table = commands(parser)
    options, values, named, places = [], [], [], []
    for name, _, p in table:
        words = [w for a in p._actions for w in a.option_strings]
        options.append(f"        {name}) COMPREPLY=($(compgen -W "
                       f"'{' '.join(words)}' -- \"$word\")) ;;")
        for action in p._actions:
            if action.choices and action.option_strings:
                keys = '|'.join(f'{name},{w}' for w in action.option_strings)
                values.append(f"    {keys}) COMPREPLY=($(compgen -W "
                              f"'{' '.join(map(str, action.choices))}' -- "
                              '"$word")); return ;;')
            if action.choices and not action.option_strings:
                at = [a for a in p._actions if not a.option_strings]
                places.append(f"    {name},{at.index(action) + 1}) "
                              "COMPREPLY=($(compgen -W "
                              f"'{' '.join(map(str, action.choices))}' -- "
                              '"$word")); return ;;')
            if not action.option_strings and action.metavar == 'NAME' \
                    and name not in ('new', 'test', 'bench'):
                named.append(name)
    marks = {'COMMANDS': ' '.join(name for name, _, _ in table),
             'OPTIONS': '\n'.join(options), 'VALUES': '\n'.join(values),
             'PLACES': '\n'.join(places),
             'NAMED': '|'.join(named), 'HELP': 'help'}
    out = BASH
    for mark, text in marks.items():
        out = out.replace(f'@{mark}@', text)
    return out
