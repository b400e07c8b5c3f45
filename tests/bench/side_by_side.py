# SPDX-License-Identifier: GPL-3.0-or-later
"""What the benches share: two programs side by side, and a table of ratios."""
import json, os, statistics, subprocess, sys, time

TOP = os.path.abspath(os.path.join(os.path.dirname(__file__), "..", ".."))
BUILD = os.path.join(TOP, os.environ.get("BUILD", "build"))
MKIMAGE = os.path.join(BUILD, "mkimage")
ROUNDS = int(os.environ.get("BENCH_ROUNDS", "5"))
MIB = 1 << 20
SLOW = 20 * 1000 * 1000  # bytes per second of a slow card
QUIET = {"stdout": subprocess.DEVNULL, "stderr": subprocess.DEVNULL}
rows = []


def sh(*argv, **kw):
    return subprocess.run(argv, check=True, **kw)


def timed(action):
    os.sync()
    began = time.monotonic()
    action()
    return time.monotonic() - began


def medians(*actions, rounds=ROUNDS, before=lambda: None):
    """Alternate the actions, so that a slow moment of the machine hits them all; before is not timed."""
    times = [[] for _ in actions]
    for _ in range(rounds):
        for into, action in zip(times, actions):
            before()
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


class Loop:
    """A loop device over a new file of old data, gone at the end."""

    def __init__(self, work, mib):
        self.file = f"{work}/card"
        with open(self.file, "wb") as f:
            for _ in range(mib):
                f.write(b"\xaa" * MIB)
        self.dev = subprocess.run(["losetup", "--find", "--show", self.file], check=True, capture_output=True, text=True).stdout.strip()

    def __enter__(self):
        return self.dev

    def __exit__(self, *_):
        sh("losetup", "-d", self.dev)
        os.unlink(self.file)


def write(image, target, *options, **kw):
    out = sh(MKIMAGE, "write", image, target, "--force", target, "--no-eject", "--json", *options, stdout=subprocess.PIPE,
             stderr=subprocess.DEVNULL, **kw).stdout
    return json.loads(out)


def throttle(dev, rate=SLOW):
    """A control group whose reads and writes of dev are limited to rate bytes a second, or None."""
    number = os.stat(dev).st_rdev
    number = f"{os.major(number)}:{os.minor(number)}"
    for base, settings in (("/sys/fs/cgroup/blkio", {f"blkio.throttle.{what}_bps_device": f"{number} {rate}" for what in ("read", "write")}),
                           ("/sys/fs/cgroup", {"io.max": f"{number} rbps={rate} wbps={rate}"})):
        group = f"{base}/cardstock-bench-{os.getpid()}"
        try:
            os.makedirs(group, exist_ok=True)
            for file, text in settings.items():
                with open(f"{group}/{file}", "w") as f:
                    f.write(text)
            return group
        except OSError:
            if os.path.isdir(group):
                os.rmdir(group)
    return None


def enter(group):
    """For sh(): the command runs in this control group."""
    return {"preexec_fn": lambda: open(f"{group}/cgroup.procs", "w").write(str(os.getpid()))}
