# SPDX-License-Identifier: GPL-2.0
"""can.py IF IF - frames from each to the other, compared one by one"""
import os
import socket
import struct
import sys

FRAME = "=IB3x8s"


def open_can(name):
    s = socket.socket(socket.AF_CAN, socket.SOCK_RAW, socket.CAN_RAW)
    s.bind((name,))
    s.settimeout(10)
    return s


def send(one, other, number):
    length = number % 9
    ident = number % 0x800 if number % 2 else socket.CAN_EFF_FLAG | 0x12345 + number
    frame = struct.pack(FRAME, ident, length, os.urandom(length))
    one.send(frame)
    got = other.recv(16)
    if got != frame:
        raise SystemExit(f"frame {number}: sent {frame.hex()}, came {got.hex()}")


def main(first, second):
    a, b = open_can(first), open_can(second)
    for number in range(200):
        send(a, b, number)
        send(b, a, number)


main(*sys.argv[1:])
