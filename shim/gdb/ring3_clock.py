# SPDX-License-Identifier: GPL-2.0
"""ring3_clock.py - the hosted kernel's time stands still while gdb has it

It is told when it was stopped; when it goes on, its clock leaves out the time since
(compat/ring3/gdb_user.c).  So no timeout or watchdog of the kernel fires because of a stop.
"""
import struct
import time

import gdb

address = None


def on_stop(_event):
    global address
    try:
        if address is None:
            address = int(gdb.parse_and_eval("&ring3_gdb_stopped_at"))
        gdb.selected_inferior().write_memory(address, struct.pack("<q", time.monotonic_ns()))
    except (gdb.error, gdb.MemoryError):
        pass    # before the kernel's first instruction, or after its last


def start():
    gdb.events.stop.connect(on_stop)
