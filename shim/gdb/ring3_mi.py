# SPDX-License-Identifier: GPL-2.0
"""ring3_mi.py - what a front end that speaks MI with gdb is told of the way to the hosted kernel

It believes that nothing runs until it says so, and takes a stop it has not asked for as news of its
program.
"""
import os

import gdb


class Unheard:
    """With this, nobody hears of stops that gdb caused itself; a front end hears of threads alone."""

    def __init__(self):
        self.front_end = os.environ.get("RING3_GDB_INTERPRETER", "").startswith("mi")
        self.stdout = self.heard = -1

    def __enter__(self):
        gdb.flush()
        self.stdout, self.heard = os.dup(1), os.memfd_create("ring3-mi")
        os.dup2(self.heard, 1)

    def __exit__(self, *_error):
        gdb.flush()
        os.dup2(self.stdout, 1)
        os.close(self.stdout)
        with os.fdopen(self.heard, "rb") as file:
            file.seek(0)
            for line in file:
                if self.front_end and line.startswith(b"=thread"):
                    os.write(1, line)
