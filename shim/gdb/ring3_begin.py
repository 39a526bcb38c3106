# SPDX-License-Identifier: GPL-2.0
"""ring3_begin.py - how gdb comes to a hosted kernel, and what it finds there"""
import os
import signal
import sys

import gdb

import ring3_mi
import ring3_modules


def quietly(command):
    return gdb.execute(command, to_string=True)


class Indexed:
    """gdb keeps the index it makes of the hosted kernel's symbols: 0.3 s of each start, and 100 MB.

    Not those of modules, which change with each edit and would pile up; and not where a driver has run
    before gdb came: what it has put into its process is not to be kept.
    """

    def __enter__(self):
        self.ours = False
        try:
            if not gdb.parameter("index-cache enabled"):
                quietly("set index-cache enabled on")
                self.ours = True
        except (gdb.error, RuntimeError):
            pass    # an older gdb, or no home to keep it in

    def __exit__(self, *_):
        if self.ours:
            quietly("set index-cache enabled off")


def kernel_scripts():
    """The kernel's own: lx-dmesg, lx-ps, lx-lsmod and the rest.  They want its symbols."""
    build = os.path.join(os.environ.get("RING3_GDB_KERNEL", ""), "build")
    path = os.path.join(build, "vmlinux-gdb.py")
    if not os.path.exists(path):
        return
    # It looks beside itself, and gdb tells it a wrong name when a script sources it.
    sys.path.insert(0, os.path.join(build, "scripts", "gdb"))
    gdb.execute(f"source {path}")
    ring3_modules.Symbols()


class Run(gdb.Command):
    """Let the hosted kernel go on: it is there already, so this is `continue`"""

    def __init__(self, name):
        super().__init__(name, gdb.COMMAND_RUNNING)

    def invoke(self, arg, from_tty):
        gdb.execute("continue&" if arg.endswith("&") else "continue")


def on_exit(_event):
    """gdb lets go of the process before it ends, and the run is to end with gdb: it must not run on."""
    pid = gdb.selected_inferior().pid
    if pid:
        os.kill(pid, signal.SIGSTOP)


def new(pid):
    """A process that has stopped itself, just before it becomes the hosted kernel."""
    with ring3_mi.Unheard():
        # Nothing of the launcher is of interest, and nothing may be changed in it.
        quietly("set auto-solib-add off")
        quietly(f"attach {pid}")
        # It had stopped itself, and would stop again when gdb lets go of it.
        os.kill(pid, signal.SIGCONT)
        quietly("tcatch exec")
        with Indexed():
            quietly("continue")
        quietly("set auto-solib-add on")
    if not os.environ.get("RING3_GDB_GO_ON"):
        gdb.events.gdb_exiting.connect(on_exit)
    kernel_scripts()
    for name in ("run", "start"):
        Run(name)
    gdb.write("The hosted kernel is at its first instruction; 'continue' lets it go.\n")


def running(pid):
    """A hosted kernel in the middle of its work; quitting gdb leaves it there."""
    with ring3_mi.Unheard():
        quietly(f"attach {pid}")
    kernel_scripts()
    ring3_modules.attached()
    gdb.write("The hosted kernel stands still; 'continue' lets it go, and so does quitting.\n")
