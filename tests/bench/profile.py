#!/usr/bin/env python3
# SPDX-License-Identifier: ISC
"""Where a guest's instructions go: profile.py NAME [--v6] [--top N]

NAME is a workload of workloads.py, or `boot`.  Prints instructions by function
for each unit (a request, a connection, a MiB); --lines FUNCTION shows them by
address inside one function, --files sums up by source file (inlined code
counts where it was written).
"""
import argparse
import os
import subprocess
import sys

import network
from board import histogram
from guest import Guest, ROOT
from workloads import WORKLOADS


def measure(guest, function, family, units):
    """(units done, hits before, hits after), the guest warm and at rest."""
    if function is not WORKLOADS["idle"][1]:
        function(guest, family, max(1, units // 10))
    guest.board.settle()
    before = guest.board.hits()
    done = function(guest, family, units)
    guest.board.settle()
    return done, before, guest.board.hits()


def show(elf, before, after, units, top):
    """The table, largest first."""
    table = sorted(histogram(elf, before, after).items(),
                   key=lambda item: -item[1][0])
    total = sum(count for _, (count, _) in table)
    print(f"{'instructions':>12}    share    calls   for each of {units} units")
    print(f"{total / units:12.1f}  100.0 %")
    for name, (count, calls) in table[:top]:
        print(f"{count / units:12.1f}  {100 * count / total:5.1f} %"
              f" {calls / units:8.2f}   {name}")


def source_lines(elf, offsets):
    """file:line of each address, by addr2line."""
    out = subprocess.run(
        ["addr2line", "-e", elf.path], text=True, capture_output=True,
        check=True, input="\n".join(hex(elf.lo + i) for i in offsets)).stdout
    return [line.split(" (")[0] for line in out.splitlines()]


def show_lines(elf, before, after, units, function):
    """The lines of a function."""
    at = [i for i, (a, b) in enumerate(zip(before, after))
          if a != b and elf.function(elf.lo + i) == function]
    if not at:
        sys.exit(f"profile: {function} did not run")
    by_line = {}
    for i, line in zip(at, source_lines(elf, at)):
        by_line[line] = by_line.get(line, 0) + after[i] - before[i]
    for line, count in by_line.items():
        print(f"{count / units:12.1f}  {line}")


def show_files(elf, before, after, units):
    """Source files, largest first."""
    at = [i for i, (a, b) in enumerate(zip(before, after)) if a != b]
    by_file = {}
    for i, line in zip(at, source_lines(elf, at)):
        name = line.rsplit(":", 1)[0]
        by_file[name] = by_file.get(name, 0) + after[i] - before[i]
    for name, count in sorted(by_file.items(), key=lambda item: -item[1]):
        print(f"{count / units:12.1f}  {name}")


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("name", choices=[*WORKLOADS, "boot"])
    parser.add_argument("--v6", action="store_true")
    parser.add_argument("--app", help="the application, if not the usual one")
    parser.add_argument("--top", type=int, default=40)
    parser.add_argument("--units", type=int, help="how much work")
    parser.add_argument("--lines", metavar="FUNCTION")
    parser.add_argument("--files", action="store_true")
    parser.add_argument("--build", default=os.path.join(ROOT, "build"))
    args = parser.parse_args()
    family = network.FAMILIES["ipv6" if args.v6 else "ipv4"]
    app, function, units = WORKLOADS.get(args.name, ("web", None, 1))
    with Guest(network.enter(), args.build, args.app or app) as guest:
        if function:
            guest.wait_port()
            units, before, after = measure(guest, function, family,
                                           args.units or units)
        else:
            before = bytes(len(guest.board.hits()))
            after = guest.wait_started()
        if args.files:
            show_files(guest.elf, before, after, units)
        elif args.lines:
            show_lines(guest.elf, before, after, units, args.lines)
        else:
            show(guest.elf, before, after, units, args.top)


if __name__ == "__main__":
    main()
