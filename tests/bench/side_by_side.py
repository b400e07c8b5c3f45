# SPDX-License-Identifier: GPL-3.0-or-later
"""What the benches share: two programs side by side, and a table of ratios."""
import os, statistics, subprocess, sys, time

TOP = os.path.abspath(os.path.join(os.path.dirname(__file__), "..", ".."))
BUILD = os.path.join(TOP, os.environ.get("BUILD", "build"))
MKIMAGE = os.path.join(BUILD, "mkimage")
ROUNDS = int(os.environ.get("BENCH_ROUNDS", "5"))
rows = []


def sh(*argv, **kw):
    return subprocess.run(argv, check=True, **kw)


def timed(action):
    os.sync()
    began = time.monotonic()
    action()
    return time.monotonic() - began


def medians(*actions, rounds=ROUNDS):
    """Alternate the actions, so that a slow moment of the machine hits them all."""
    times = [[] for _ in actions]
    for _ in range(rounds):
        for into, action in zip(times, actions):
            into.append(timed(action))
    return [statistics.median(t) for t in times]


def row(what, ours, peer, value, bar):
    rows.append((what, ours, peer, value, bar))
    print(f"{what}: {ours} | {peer} | {value} | bar {bar}", flush=True)


def print_table():
    print("\n| what | ours | peer | ratio | bar |\n|---|---|---|---|---|")
    for r in rows:
        print("| " + " | ".join(r) + " |")


def peak_memory(*argv):
    """Largest resident size of the command and its children, MiB."""
    code = "import resource,subprocess,sys; subprocess.run(sys.argv[1:], check=True, stdout=subprocess.DEVNULL); " \
           "print(resource.getrusage(resource.RUSAGE_CHILDREN).ru_maxrss // 1024)"
    return int(subprocess.run([sys.executable, "-c", code, *argv], check=True, capture_output=True, text=True).stdout)
