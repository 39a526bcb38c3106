#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-2.0
"""corpus.py - inputs where fuzzing begins: one file for each target, one input a line, in base64

corpus.py unpack FILE DIR    what libFuzzer wants
corpus.py pack DIR FILE      after TARGET -set_cover_merge=1 DIR build/fuzz/corpus/TARGET; short ones are enough
"""
import base64
import hashlib
import os
import sys


def unpack(file, directory):
    os.makedirs(directory, exist_ok=True)
    with open(file, encoding='ascii') as lines:
        for line in lines:
            data = base64.b64decode(line, validate=False)
            with open(os.path.join(directory, hashlib.sha1(data).hexdigest()), 'wb') as f:
                f.write(data)


def pack(directory, file):
    inputs = []
    for name in os.listdir(directory):
        with open(os.path.join(directory, name), 'rb') as f:
            inputs.append(f.read())
    with open(file, 'w', encoding='ascii') as f:
        for data in sorted(inputs, key=lambda d: (len(d), d)):
            f.write(base64.b64encode(data).decode() + '\n')


def main():
    if len(sys.argv) != 4 or sys.argv[1] not in ('pack', 'unpack'):
        sys.exit(__doc__)
    (pack if sys.argv[1] == 'pack' else unpack)(sys.argv[2], sys.argv[3])


if __name__ == '__main__':
    main()
