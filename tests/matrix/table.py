# SPDX-License-Identifier: GPL-2.0
"""The table of rows: tests/matrix/rows/*.rows

One row is one line (a backslash continues it), split into words as a shell does:

    NAME MODULES CHECK [key=value...] -- OPTION...

MODULES  what is unloaded, in this order; the first is the driver of the device and gets params=
CHECK    inside/CHECK.sh
OPTION   of `ring3 run`; @ stands for the row's own directory, which is writable inside
keys:
  irq=KIND       MSI-X, MSI, INTx or none: what the driver must use, seen in /proc/interrupts
  devices=N      how many devices the modules bind to (1)
  steps=A,B      what is done between the checks (reload; '' for one check only): reload; remove and rescan; rebind;
                 reset (between unbind and bind); live-reset (below a bound driver); runtime-pm: wait until the device
                 is suspended; suspend: to idle, woken by the clock; cycles: 20 times unload and load, after which
                 the proxy must have as many descriptors and mappings as before, and kmemleak, where the kernel has
                 it, must list nothing.  The first row of each list of modules gets cycles as well, unless it says
  cycles=0       why is in a comment above the row
  params='P...'  parameters of the driver
  size=N[,N]     disks to make: @/disk0.img, @/disk1.img of so many MiB
  qmp=1          a monitor, for what the host does while the row runs
  echo=1         a socket @/echo.sock whose other end sends back what comes
  chirp=RATE     play at this rate; QEMU records into @/out.wav
  warn=FUNCTION  a warning of the hosted kernel in this function is expected, as a full guest shows it too
  leak=FUNCTION  memory that this function of the driver allocates is lost, as a full guest shows it too
  note='TEXT'    what QEMU's model lacks; printed with the result, evidence in a comment above the row
  timeout=S      of the whole row (60)
  UPPER=value    environment of the check
"""
import glob
import os
import re
import shlex

HERE = os.path.dirname(os.path.realpath(__file__))
KEYS = {"irq", "devices", "steps", "params", "size", "qmp", "echo", "chirp", "note", "timeout", "warn", "leak", "cycles"}
STEPS = {"reload", "remove", "rebind", "reset", "live-reset", "runtime-pm", "suspend", "cycles"}
IRQS = {"MSI-X", "MSI", "INTx", "none"}


class Row:
    def __init__(self, where, words):
        self.where = where
        if "--" not in words or words.index("--") < 3:
            raise SystemExit(f"{where}: a row is NAME MODULES CHECK [key=value...] -- OPTION...")
        cut = words.index("--")
        self.name, self.modules, self.check = words[:3]
        self.options = words[cut + 1:]
        self.env, self.keys = {}, {}
        for word in words[3:cut]:
            key, eq, value = word.partition("=")
            if not eq or not (key in KEYS or key.isupper()):
                raise SystemExit(f"{where}: '{word}' is no key=value of a row")
            (self.env if key.isupper() else self.keys)[key] = value
        if self.irq not in IRQS:
            raise SystemExit(f"{where}: irq={self.irq}: one of {', '.join(sorted(IRQS))}")
        if not set(self.steps) <= STEPS:
            raise SystemExit(f"{where}: steps={','.join(self.steps)}: of {', '.join(sorted(STEPS))}")

    irq = property(lambda self: self.keys.get("irq", "none"))
    devices = property(lambda self: int(self.keys.get("devices", 1)))
    steps = property(lambda self: [s for s in self.keys.get("steps", "reload").split(",") if s])
    params = property(lambda self: self.keys.get("params", "").split())
    timeout = property(lambda self: int(self.keys.get("timeout", 60)))
    driver = property(lambda self: self.modules.split(",")[0])
    kind = property(lambda self: os.path.basename(self.where.split(":")[0])[:-len(".rows")])


def with_cycles(rows):
    """The first row of each list of modules ends with the step cycles, and gets a minute more for it."""
    seen = set()
    for row in rows:
        if row.modules not in seen and row.keys.get("cycles") != "0":
            row.keys["timeout"] = str(row.timeout + 60)
            row.keys["steps"] = ",".join([s for s in row.steps if s != "cycles"] + ["cycles"])
        seen.add(row.modules)
    return rows


def load():
    rows = []
    for name in sorted(glob.glob(os.path.join(HERE, "rows", "*.rows"))):
        with open(name, encoding="utf-8") as f:
            text = re.sub(r"\\\n\s*", " ", f.read())
        for number, line in enumerate(text.splitlines(), 1):
            words = shlex.split(line, comments=True)
            if words:
                rows.append(Row(f"{os.path.relpath(name)}:{number}", words))
    names = [r.name for r in rows]
    twice = {n for n in names if names.count(n) > 1}
    if twice:
        raise SystemExit(f"rows of one name: {', '.join(sorted(twice))}")
    return with_cycles(rows)
