#!/usr/bin/env python3
# SPDX-License-Identifier: ISC
"""Measure: run.py [--json] [--smoke] [--build FOLDER] [NAME...]

Names and thresholds are those of thresholds.json.  Instructions are the
guest's own, counted by a QEMU plugin, so the load of this machine does not
matter much.  Exit status 1 when a threshold is missed.  --smoke measures only
what is quick.
"""
import argparse
import json
import os
import shutil
import subprocess
import sys
import tempfile
import time

import against_lwip
import goodput
import linux_guest
import network
import segment
import start_time
import tls_load
from guest import Guest, GuestError, Http, ROOT
from workloads import PAGE, WORKLOADS

HERE = os.path.dirname(os.path.abspath(__file__))
RUNS = 5          # the least of them counts
SMOKE_RUNS = 3
SMOKE_SLACK = 0.25  # a busy host was seen to add 12 %
SMOKE = ("hello-size", "web-size", "boot", "get", "connection", "send")
IDLE_S = 20       # of the host's CPU
CLIENTS = 64
MEMORY_MAX_MB = 64


def file_size(build, name):
    """Bytes of an image without symbols."""
    with tempfile.TemporaryDirectory() as folder:
        copy = os.path.join(folder, name)
        shutil.copy(os.path.join(build, "apps", name + ".elf"), copy)
        subprocess.run(["strip", "--strip-all", copy], check=True)
        return os.path.getsize(copy)


def pinata_size(net, build):
    """Of the image that is all TLS; None where there is none."""
    del net
    if not os.path.isfile(os.path.join(build, "apps", "pinata.elf")):
        return None
    return file_size(build, "pinata")


def has_tls(build, name):
    """Whether an image speaks TLS: it has the key."""
    with open(os.path.join(build, "apps", name + ".elf"), "rb") as file:
        return b"\0tls-sessions\0" in file.read()


def boot(net, build):
    """Instructions from the image's first to the end of start()'s first
    stretch, when its listeners stand."""
    with Guest(net, build, "web") as guest:
        guest.wait_started()
        guest.wait_port()
        _, first, _ = guest.board.mark(0)
        return first - guest.board.start


def once(guest, function, family, units):
    """Instructions a unit in one stretch of work."""
    before = guest.board.settle()
    done = function(guest, family, units)
    return (guest.board.settle() - before) / done


def workload(net, build, name, runs):
    """A workload from workloads.py by family: the least of some stretches,
    for a busy host can only add turns of the loop, never take any away."""
    app, function, units = WORKLOADS[name]
    out = {}
    with Guest(net, build, app) as guest:
        guest.wait_port()
        for key, family in net.families.items():
            function(guest, family, max(1, units // 10))  # caches, neighbours
            out[key] = round(min(
                once(guest, function, family, units) for _ in range(runs)))
    return out


def serves(net, build, memory_mb):
    """Whether that much memory is enough for 64 clients at once."""
    with Guest(net, build, "web", memory_mb=memory_mb, counted=False) as guest:
        try:
            guest.wait_port(seconds=10)
            socks = [guest.connect(family)
                     for family in net.families.values()
                     for _ in range(CLIENTS // len(net.families))]
            clients = [Http(sock) for sock in socks]
            for _ in range(3):
                for client in clients:
                    client.get(PAGE)
            for sock in socks:
                sock.close()
            return True
        except (OSError, GuestError):
            return False


def memory(net, build):
    """The smallest -m that serves; one less was seen to fail."""
    low, high = 0, MEMORY_MAX_MB
    while high - low > 1:
        middle = (low + high) // 2
        if serves(net, build, middle):
            high = middle
        else:
            low = middle
    return high


def idle_cpu(net, build):
    """Per cent of a host's core that an idle guest costs."""
    with Guest(net, build, "web", counted=False) as guest:
        guest.wait_port()
        time.sleep(3)
        began, cpu = time.monotonic(), guest.host_cpu_ns()
        time.sleep(IDLE_S)
        used = guest.host_cpu_ns() - cpu
        return round(used / 1e7 / (time.monotonic() - began), 3)


def idle_instructions(net, build):
    """Instructions a second that an idle guest executes."""
    _, function, units = WORKLOADS["idle"]
    with Guest(net, build, "web") as guest:
        guest.wait_port()
        time.sleep(3)
        return round(once(guest, function, None, units))


def remark(text):
    """What a bench says on its way; not among the results."""
    print(text, file=sys.stderr, flush=True)


TLS = tls_load.Load()
BENCHES = {
    "hello-size": lambda net, build: file_size(build, "hello"),
    "web-size": lambda net, build: file_size(build, "web"),
    "pinata-size": pinata_size,
    "boot": boot,
    "start": lambda net, build: start_time.kernel(build, remark),
    "start-iso": lambda net, build: start_time.iso(build, remark),
    "memory": memory,
    "idle": idle_cpu,
    "idle-instructions": idle_instructions,
    "goodput": lambda net, build: goodput.goodput(build, say=remark),
    "lwip": lambda net, build: against_lwip.compare(build, say=remark),
    "linux": lambda net, build: linux_guest.compare(net, build, remark),
    "segment": lambda net, build: segment.segment(build, say=remark),
    "handshake": lambda net, build: TLS.get(net, build, "handshake", "total",
                                            remark),
    "handshake-share": lambda net, build: TLS.get(net, build, "handshake",
                                                  "share", remark),
    "tls-bulk": lambda net, build: TLS.get(net, build, "bulk", "ours", remark),
    "share": lambda net, build: goodput.share(build, say=remark),
}


def measure(net, build, name, runs):
    """The value of one bench: a number, or one for each family."""
    if name in BENCHES:
        return BENCHES[name](net, build)
    return workload(net, build, name, runs)


def judge(value, limits):
    """(verdict word, missed) for a number or a dictionary of them."""
    if value is None:
        return "not measured", False
    values = list(value.values()) if isinstance(value, dict) else [value]
    if "least" in limits:
        missed = min(values) < limits["least"]
        return ("MISSED" if missed else "reached"), missed
    worst = max(values)
    if "reach" not in limits:
        return "", False
    if worst > limits["reach"]:
        return "MISSED", True
    return ("aim reached" if worst <= limits.get("aim", -1) else "reached",
            False)


def number(value):
    """As people read it."""
    if value is None:
        return "-"
    if isinstance(value, dict):
        return " / ".join(number(v) for v in value.values())
    return f"{value:,}"


def line(name, value, limits):
    """The lines of the table for one bench."""
    verdict, _ = judge(value, limits)
    out = f"{name:18} {number(value):>24} {limits['unit']:12} {verdict}\n"
    out += f"{'':18} {limits['what']}"
    if isinstance(value, dict):
        out += " (" + " / ".join(value) + ")"
    if "least" in limits:
        out += f"; at least {number(limits['least'])}"
    if "reach" in limits:
        out += f"; reach {number(limits['reach'])}"
    if "aim" in limits:
        out += f", aim {number(limits['aim'])}"
    if "others" in limits:
        out += "\n" + " " * 19 + "others: " + ", ".join(
            f"{who} {number(n)}" for who, n in limits["others"].items())
    return out + f"\n{'':18} scripts/billet bench {name}\n"


def with_slack(limits):
    """For --smoke, which shares a machine with other tests: one thing that a
    busy host does to a guest is to wake it more often."""
    if "reach" not in limits:
        return limits
    return {**limits, "reach": limits["reach"] * (1 + SMOKE_SLACK)}


def main():
    with open(os.path.join(HERE, "thresholds.json"), encoding="utf-8") as file:
        thresholds = json.load(file)
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("names", nargs="*", metavar="NAME",
                        help=", ".join(thresholds))
    parser.add_argument("--json", action="store_true")
    parser.add_argument("--smoke", action="store_true")
    parser.add_argument("--build", default=os.path.join(ROOT, "build"))
    args = parser.parse_args()
    unknown = [name for name in args.names if name not in thresholds]
    if unknown:
        parser.error(f"no such bench: {', '.join(unknown)}; there are "
                     + ", ".join(thresholds))
    build = os.path.abspath(args.build)
    try:
        net = network.enter()
    except network.NoNetwork as error:
        net = network.User()
        print(f"bench: no tap device ({error}): by QEMU's user-mode network, "
              "IPv4 only, without offloads", file=sys.stderr)
    results, missed = {}, []
    for name in args.names or (SMOKE if args.smoke else thresholds):
        limits = thresholds[name]
        if name == "web-size" and has_tls(build, "web"):
            limits = {**limits, "what": limits["what"] + ", with TLS",
                      "reach": limits["reach_tls"]}
        value = measure(net, build, name, SMOKE_RUNS if args.smoke else RUNS)
        _, failed = judge(value, with_slack(limits) if args.smoke else limits)
        missed += [name] if failed else []
        results[name] = {"value": value, **limits}
        if not args.json:
            print(line(name, value, limits), flush=True)
    if args.json:
        print(json.dumps({"results": results, "missed": missed}, indent=2))
    elif missed:
        print("missed: " + ", ".join(missed))
    sys.exit(1 if missed else 0)


if __name__ == "__main__":
    main()
