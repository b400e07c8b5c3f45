#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-3.0-or-later
"""Look for values in an image, as text or as the bytes of an id: search.py [--lacking] IMAGE VALUE...

Prints the lines that have one; with --lacking, the values that are nowhere.  Holes of the file have nothing.
"""
import os
import re
import sys
import uuid


def data_of(path):
    with open(path, "rb") as f:
        size, end = os.fstat(f.fileno()).st_size, 0
        while end < size:
            try:
                begin = os.lseek(f.fileno(), end, os.SEEK_DATA)
            except OSError:  # there is no more
                return
            end = os.lseek(f.fileno(), begin, os.SEEK_HOLE)
            yield os.pread(f.fileno(), end - begin, begin)


def forms_of(value):
    forms = [value.encode(), value.encode("utf-16-le")]  # the latter: long names of a FAT
    digits = value.replace("-", "")
    if re.fullmatch("[0-9a-fA-F]{8}|[0-9a-fA-F]{32}", digits):
        forms += [bytes.fromhex(digits), bytes.fromhex(digits)[::-1]]
        if len(digits) == 32:
            forms.append(uuid.UUID(digits).bytes_le)  # in a GPT
    return forms


def lines_with(form, data):
    at = data.find(form)
    while at >= 0:
        line, to = data.rfind(b"\n", 0, at) + 1, data.find(b"\n", at)
        to = to if to >= 0 else len(data)
        yield data[max(line, at - 200) : min(to, at + 200)]
        at = data.find(form, at + 1)


def main(args):
    lacking = args[0] == "--lacking"
    path, *values = args[lacking:]
    pieces = list(data_of(path))
    for value in values:
        found = (line for form in forms_of(value) for data in pieces for line in lines_with(form, data))
        if not lacking:
            for line in found:
                print(line)
        elif next(found, None) is None:
            print(value)


main(sys.argv[1:])
