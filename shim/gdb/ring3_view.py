# SPDX-License-Identifier: GPL-2.0
"""ring3_view.py - commands that show devices: ring3-devices, ring3-registers and others

All of it comes from the view, which the proxy serves whatever this process does; no command
touches a device behind the user's back but ring3-read, whose purpose it is.
"""
import glob
import json
import os
import struct

import gdb

WIDTHS = {1: "<B", 2: "<H", 4: "<I", 8: "<Q"}


class Trouble(gdb.GdbError):
    pass


def view():
    path = os.environ.get("RING3_GDB_VIEW", "")
    if not path or not os.path.isdir(os.path.join(path, "devices")):
        raise Trouble("there is no view of devices: the run has none, or its proxy has ended")
    return path


def devices():
    return sorted(os.path.basename(d) for d in glob.glob(os.path.join(view(), "devices", "*")))


def device(text):
    """A device's directory, by BDF as short as it is unique; '' where there is one."""
    have = devices()
    found = [d for d in have if d == text or (text and d.endswith(":" + text.rjust(4, "0")))
             or (text and d.endswith(text))]
    if not text and len(have) == 1:
        found = have
    if len(found) != 1:
        raise Trouble(f"which device? {', '.join(have)}")
    return os.path.join(view(), "devices", found[0])


def load(directory, name):
    with open(os.path.join(directory, "ring3", name + ".json"), encoding="utf-8") as f:
        return json.load(f)


def show(rows, columns):
    lines = [list(columns)] + [["-" if r.get(c) is None else str(r.get(c)) for c in columns] for r in rows]
    widths = [max(len(line[i]) for line in lines) for i in range(len(columns))]
    for line in lines:
        gdb.write("  ".join(c.ljust(w) for c, w in zip(line, widths)).rstrip() + "\n")


class Command(gdb.Command):
    """A command whose help is its class' text."""

    def __init__(self, name):
        super().__init__(name, gdb.COMMAND_STATUS)

    def invoke(self, arg, from_tty):
        try:
            self.run(gdb.string_to_argv(arg))
        except (OSError, ValueError) as e:
            raise Trouble(str(e)) from e

    def run(self, args):
        raise NotImplementedError

    def complete(self, text, word):
        return [d for d in devices() if d.startswith(word)]


class Devices(Command):
    """List the devices of this run: ring3-devices"""

    def run(self, args):
        rows = []
        for d in devices():
            state = load(os.path.join(view(), "devices", d), "state")
            rows.append(state)
        show(rows, ("address", "device", "driver", "interrupts", "bus_master", "power"))


class Bars(Command):
    """Show a device's BARs and how often each was accessed: ring3-bars [DEV]"""

    def run(self, args):
        rows = load(device(args[0] if args else ""), "bars")
        for r in rows:
            r["reads"] = sum(r[f"read{w}"] for w in WIDTHS)
            r["writes"] = sum(r[f"write{w}"] for w in WIDTHS)
        show(rows, ("bar", "kind", "address", "size", "mapped", "trapped", "reads", "writes"))


class Registers(Command):
    """Show registers by name, with the values last seen to pass: ring3-registers [DEV] [NAME...]

No register is read for this; ring3-read does that."""

    def run(self, args):
        directory = None
        if args:
            try:
                directory = device(args[0])
                args = args[1:]
            except Trouble:
                directory = None
        directory = directory or device("")
        if not os.path.exists(os.path.join(directory, "ring3", "registers")):
            raise Trouble("there are no names for the registers of this device, see ring3-registers(5)")
        rows = load(directory, "registers")
        unknown = [a for a in args if not any(r["register"] == a for r in rows)]
        if unknown:
            raise Trouble(f"{unknown[0]}: no such register, or it was not accessed yet")
        show([r for r in rows if not args or r["register"] in args],
             ("register", "offset", "value", "how", "age", "fields"))


class Irqs(Command):
    """Show a device's interrupts: armed, masked, pending, counted: ring3-irqs [DEV]"""

    def run(self, args):
        show(load(device(args[0] if args else ""), "interrupts"),
             ("kind", "vector", "irq", "armed", "masked", "pending", "count", "rate", "last"))


class Dma(Command):
    """Show what memory a device may reach: ring3-dma [DEV]"""

    def run(self, args):
        show(load(device(args[0] if args else ""), "dma"), ("iova", "size", "direction", "age"))


def buffers(directory):
    """DMA buffers that are mapped now, from the device's trace: IOVA: (size, direction, who)."""
    live = {}
    with open(os.path.join(directory, "ring3", "trace"), encoding="utf-8", errors="replace") as f:
        for line in f:
            words = line.split()
            if len(words) < 8 or words[0] != "MARK" or words[3] != "dma":
                continue
            iova, size = int(words[5], 16), int(words[6], 16)
            if words[4] == "map":
                live[iova] = (size, words[7], " ".join(words[8:]))
            else:
                live.pop(iova, None)
    return live


class Iova(Command):
    """Say who maps a bus address: ring3-iova ADDRESS [DEV]

ADDRESS is an expression.  The buffers are those that the device's trace still knows of."""

    def run(self, args):
        if not args:
            raise Trouble("which address? ring3-iova ADDRESS [DEV]")
        address = int(gdb.parse_and_eval(args[0])) & (1 << 64) - 1
        directory = device(args[1] if len(args) > 1 else "")
        window = [m for m in load(directory, "dma")
                  if int(m["iova"], 16) <= address < int(m["iova"], 16) + m["size"]]
        if not window:
            gdb.write(f"{address:#x}: not mapped: the device cannot reach it\n")
            return
        found = [(iova, b) for iova, b in buffers(directory).items() if iova <= address < iova + b[0]]
        for iova, (size, direction, who) in found:
            gdb.write(f"{address:#x}: byte {address - iova} of {size} at {iova:#x}, {direction}, mapped by {who}\n")
        if not found:
            gdb.write(f"{address:#x}: in the hosted kernel's memory, in no buffer that is mapped now\n")


class Last(Command):
    """Show the last accesses of a device and who made them: ring3-last [N [DEV]]"""

    def run(self, args):
        count = int(args[0]) if args else 16
        directory = device(args[1] if len(args) > 1 else "")
        with open(os.path.join(directory, "ring3", "trace"), encoding="utf-8", errors="replace") as f:
            lines = [line.rstrip("\n") for line in f if line[:4] in ("R 1 ", "R 2 ", "R 4 ", "R 8 ", "W 1 ",
                                                                     "W 2 ", "W 4 ", "W 8 ", "MARK")]
        for line in lines[-count:]:
            gdb.write(line + "\n")


class Read(Command):
    """Read a register of the device itself: ring3-read BAR OFFSET [WIDTH [DEV]]

This is an access: it may clear an interrupt or take a byte from a queue."""

    def run(self, args):
        if len(args) < 2:
            raise Trouble("ring3-read BAR OFFSET [WIDTH [DEV]]")
        bar, offset = int(args[0], 0), int(gdb.parse_and_eval(args[1]))
        width = int(args[2], 0) if len(args) > 2 else 4
        if width not in WIDTHS:
            raise Trouble(f"a register is 1, 2, 4 or 8 bytes wide, not {width}")
        path = os.path.join(device(args[3] if len(args) > 3 else ""), "ring3", f"bar{bar}")
        fd = os.open(path, os.O_RDONLY)
        try:
            value, = struct.unpack(WIDTHS[width], os.pread(fd, width, offset))
        finally:
            os.close(fd)
        gdb.write(f"BAR{bar}+{offset:#06x}: {value:#0{2 + 2 * width}x}\n")


def start():
    for name, command in (("devices", Devices), ("bars", Bars), ("registers", Registers), ("irqs", Irqs),
                          ("dma", Dma), ("iova", Iova), ("last", Last), ("read", Read)):
        command("ring3-" + name)
