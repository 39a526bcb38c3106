# SPDX-License-Identifier: GPL-2.0
"""crypto.py DRIVER - encrypt by DRIVER and by software, decrypt what the other made"""
import os
import socket
import sys


def run(name, operation, key, iv, data):
    with socket.socket(socket.AF_ALG, socket.SOCK_SEQPACKET) as alg:
        alg.bind(("skcipher", name))
        alg.setsockopt(socket.SOL_ALG, socket.ALG_SET_KEY, key)
        op, _ = alg.accept()
        with op:
            op.sendmsg_afalg([data], op=operation, iv=iv)
            return op.recv(len(data))


def main(driver):
    software = "cbc(aes-generic)"
    key = os.urandom(16)
    for _ in range(64):
        iv, data = os.urandom(16), os.urandom(16384)
        mine = run(driver, socket.ALG_OP_ENCRYPT, key, iv, data)
        theirs = run(software, socket.ALG_OP_ENCRYPT, key, iv, data)
        if mine != theirs or mine == data:
            return "encryption differs"
        if run(driver, socket.ALG_OP_DECRYPT, key, iv, theirs) != data:
            return "decryption differs"
    return None


sys.exit(main(sys.argv[1]))
