#!/usr/bin/env python3
# SPDX-License-Identifier: ISC
"""Fuzz: run.py NAME|all SECONDS [--build FOLDER]

Builds the fuzzer with clang, ASan and UBSan in a folder of its own and runs it
on its corpus and on what earlier runs found.  Exit status 1 when it crashed:
the input is kept, and the command that repeats the crash is printed.
"""
import argparse
import glob
import os
import shutil
import subprocess
import sys

HERE = os.path.dirname(os.path.abspath(__file__))
ROOT = os.path.dirname(os.path.dirname(HERE))
INPUT_MAX = 65536


def names():
    """The fuzzers there are, from the files."""
    return sorted(os.path.basename(path)[5:-2]
                  for path in glob.glob(os.path.join(HERE, "fuzz_*.c")))


def set_up(build):
    """Configure the build folder, once."""
    if not shutil.which("clang"):
        sys.exit("fuzz: needs clang: apt install clang libclang-rt-14-dev")
    if not os.path.exists(os.path.join(build, "build.ninja")):
        subprocess.run(
            ["meson", "setup", "-Dfuzz=true", "-Dsanitize=address,undefined",
             "-Dimages=disabled", build, ROOT],
            env={**os.environ, "CC": "clang"}, check=True,
            stdout=subprocess.DEVNULL)


def fuzz(build, name, seconds):
    """Build and run one fuzzer; whether it found nothing."""
    program = f"tests/fuzz/fuzz_{name}"
    subprocess.run(["ninja", "-C", build, program], check=True,
                   stdout=subprocess.DEVNULL)
    found = os.path.join(build, "corpus", name)
    crashes = os.path.join(build, "crashes", name, "")
    seeds = os.path.join(HERE, "corpus", name)
    for folder in (found, crashes):
        os.makedirs(folder, exist_ok=True)
    before = set(os.listdir(crashes))
    result = subprocess.run(
        [os.path.join(build, program), f"-max_total_time={seconds}",
         f"-max_len={INPUT_MAX}", "-timeout=10", "-rss_limit_mb=2048",
         "-print_final_stats=1", f"-artifact_prefix={crashes}", found,
         *([seeds] if os.path.isdir(seeds) else [])],
        capture_output=True, text=True, errors="replace", check=False)
    lines = result.stderr.splitlines()
    stats = dict(line[len("stat::"):].split(":") for line in lines
                 if line.startswith("stat::"))
    runs = stats.get("number_of_executed_units", "?").strip()
    if result.returncode == 0:
        print(f"fuzz {name}: {runs} inputs in {seconds} s, none failed")
        return True
    print("\n".join(lines[-60:]))
    for crash in sorted(set(os.listdir(crashes)) - before):
        print(f"fuzz {name}: FAILED, repeat with\n"
              f"    {os.path.join(build, program)} {crashes}{crash}")
    return False


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("name", choices=names() + ["all"])
    parser.add_argument("seconds", type=int)
    parser.add_argument("--build", default=os.path.join(ROOT, "build-fuzz"))
    args = parser.parse_args()
    chosen = names() if args.name == "all" else [args.name]
    set_up(args.build)
    good = [fuzz(args.build, name, args.seconds) for name in chosen]
    print(f"{sum(good)} passed, {len(good) - sum(good)} failed")
    sys.exit(0 if all(good) else 1)


if __name__ == "__main__":
    main()
