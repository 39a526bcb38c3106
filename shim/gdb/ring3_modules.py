# SPDX-License-Identifier: GPL-2.0
"""ring3_modules.py - symbols of modules

The hosted kernel of `ring3 debug` gives gdb the symbols of each module itself, by gdb's JIT
interface (compat/ring3/gdb.c), so a pending breakpoint is hit the first time.  Here is what that leaves:
a breakpoint that outlives its module, and modules of a kernel that nobody meant to debug.
"""
import os
import re

import gdb

# What a section may be called, or gdb would be given more than one command: names are the hosted kernel's.
SECTION = re.compile(r"\.(text\.|data|rodata|bss|init|exit)[\w.$-]*", re.ASCII)


# Lists of a kernel may lead in a circle.
MODULES_MAX, SECTIONS_MAX, NAME_MAX = 4096, 1024, 256


def plain(text):
    """A text of the hosted kernel, without what a terminal would obey."""
    return "".join(c if c.isprintable() or c in "\n\t" else "?" for c in text)


def string(value):
    """What an array of characters or a pointer to them has, which may have no end."""
    if value.type.strip_typedefs().code == gdb.TYPE_CODE_ARRAY:
        return plain(value.string(errors="replace"))
    text, at = b"", int(value)
    while b"\0" not in text and len(text) < NAME_MAX:
        text += bytes(gdb.selected_inferior().read_memory(at + len(text), 1))
    return plain(text.split(b"\0")[0].decode(errors="replace"))


class Modules:
    """Modules that were loaded while the hosted kernel did not keep symbols."""

    def __init__(self):
        self.index = None

    @staticmethod
    def name_of(path):
        return os.path.basename(path).split(".")[0].replace("-", "_")

    def find(self, name):
        """A module's file: one that the run was told of, or the kernel's own."""
        if self.index is None:
            self.index = {}
            build = os.path.join(os.environ.get("RING3_GDB_KERNEL", ""), "build")
            order = os.path.join(build, "modules.order")
            if os.path.exists(order):
                with open(order, encoding="utf-8") as f:
                    for line in f:
                        path = os.path.splitext(os.path.join(build, line.strip()))[0]
                        self.index[self.name_of(path)] = path + ".ko"
            for path in os.environ.get("RING3_GDB_MODULES", "").split("\n"):
                # Those of the hosted kernel are installed without debug information.
                own = self.name_of(path)
                if path and not (own in self.index and "/lib/modules/" in path):
                    self.index[own] = path
        path = self.index.get(name)
        return path if path and os.path.exists(path) else None

    @staticmethod
    def known():
        """Names of the modules that gdb has from the hosted kernel."""
        entry = gdb.parse_and_eval("__jit_debug_descriptor.first_entry")
        names, seen = set(), 0
        while int(entry) and seen < MODULES_MAX:
            seen += 1
            names.add(string(entry.cast(gdb.lookup_type("struct ring3_gdb_entry").pointer())["name"]))
            entry = entry["next"]
        return names

    @staticmethod
    def loaded():
        """(name, {section: address}) of every loaded module."""
        head = gdb.parse_and_eval("&modules")
        kind = gdb.lookup_type("struct module")
        offset = next(f.bitpos // 8 for f in kind.fields() if f.name == "list")
        item, seen = head["next"], 0
        while int(item) != int(head) and seen < MODULES_MAX:
            seen += 1
            mod = gdb.Value(int(item) - offset).cast(kind.pointer())
            sections = {}
            attrs = mod["sect_attrs"]
            if int(attrs):
                for i in range(min(int(attrs["nsections"]), SECTIONS_MAX)):
                    a = attrs["attrs"][i]
                    sections[string(a["battr"]["attr"]["name"])] = int(a["address"])
            yield string(mod["name"]), sections
            item = item["next"]

    def add_all(self):
        known = self.known()
        for name, sections in self.loaded():
            path = self.find(name)
            if name in known or not path or ".text" not in sections:
                continue
            command = f"add-symbol-file {path} {sections['.text']:#x}"
            for section, address in sections.items():
                if SECTION.fullmatch(section):
                    command += f" -s {section} {address:#x}"
            gdb.execute(command, to_string=True)


def rearm(event):
    """gdb takes breakpoints for inserted that were in the text of a module that has gone."""
    if not event.new_objfile.filename.startswith("<in-memory@"):
        return
    for b in gdb.breakpoints():
        if b.enabled:
            b.enabled = False
            b.enabled = True


class Symbols(gdb.Command):
    """Read the symbols of loaded modules that gdb does not have yet: lx-symbols

A run of `ring3 debug` has them by itself; one that was attached to, those of modules loaded since."""

    def __init__(self):
        super().__init__("lx-symbols", gdb.COMMAND_FILES, gdb.COMPLETE_FILENAME)

    def invoke(self, arg, from_tty):
        Modules().add_all()
        gdb.write(", ".join(sorted(name for name, _ in Modules.loaded())) + "\n")


def start():
    gdb.events.new_objfile.connect(rearm)
    # The kernel's own commands show its texts as they are: lx-dmesg does.
    write = gdb.write
    gdb.write = lambda text, *more, **named: write(plain(text), *more, **named)


def attached():
    """The process is there and stands still."""
    try:
        Modules().add_all()
    except gdb.error as e:
        gdb.write(f"ring3: no symbols of modules: {e}\n", gdb.STDERR)
