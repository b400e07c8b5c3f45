# SPDX-License-Identifier: GPL-3.0-or-later
"""Print a directory: type, mode, path, and the sum of the content or the target of the symlink.

    tree.py DIR [FILE]

What firstboot measures (seconds) and how it came to the end (changed or unchanged, messages) is left
out of its state and report.  FILE has the paths, one a line, of files whose content is random.
"""
import hashlib
import os
import re
import stat
import sys

RULES = {
    "firstboot.state": [
        (rb"(?m)^(step \S+) (?:un)?changed .*", rb"\1 done"),
        (rb"(?m)^(step \S+ failed) \d+", rb"\1"),
        (rb"(?m)^crc32 .*\n", b""),
    ],
    "report.json": [
        (rb'"result":"(?:un)?changed","seconds":[0-9.]+,"message":"(?:[^"\\]|\\.)*"', b"done"),
        (rb'"seconds":[0-9.]+', b""),
    ],
}


def content_sum(path):
    with open(path, "rb") as file:
        content = file.read()
    for suffix, rules in RULES.items():
        if path.endswith(suffix):
            for pattern, replacement in rules:
                content = re.sub(pattern, replacement, content)
    return hashlib.sha256(content).hexdigest()[:16]


def describe(path, random):
    st = os.lstat(path)
    if stat.S_ISLNK(st.st_mode):
        value = os.readlink(path)
    elif not stat.S_ISREG(st.st_mode):
        value = "-"
    else:
        value = "random" if path in random else content_sum(path)
    return f"{stat.filemode(st.st_mode)} {path} {value}"


def main(top, random_path=None):
    random = set()
    if random_path:
        with open(random_path, encoding="utf-8") as file:
            random = set(file.read().splitlines())
    os.chdir(top)
    paths = ["."]
    for parent, dirs, files in os.walk("."):
        paths += [os.path.join(parent, name) for name in dirs + files]
    print("\n".join(describe(path, random) for path in sorted(paths)))


main(*sys.argv[1:])
