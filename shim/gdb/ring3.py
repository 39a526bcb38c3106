# SPDX-License-Identifier: GPL-2.0
"""ring3.py - what `ring3 debug` and `ring3 attach` add to gdb

    source ring3.py

Environment: RING3_GDB_KERNEL, the hosted kernel's directory; RING3_GDB_VIEW, where the view is
mounted; RING3_GDB_MODULES, files of modules with symbols, separated by newlines.
"""
import os
import sys

import gdb

sys.dont_write_bytecode = True
sys.path.insert(0, os.path.dirname(os.path.realpath(__file__)))

# The hosted kernel lives by signals: none of these is news.
SIGNALS = "SIGSEGV SIGBUS SIGUSR1 SIGUSR2 SIGALRM SIGVTALRM SIGPROF SIGIO SIGCHLD SIGWINCH SIGTERM SIGHUP"


def quietly(command):
    """Execute a gdb command without its words; an error is still one."""
    gdb.execute(command, to_string=True)


def settings():
    quietly(f"handle {SIGNALS} nostop noprint pass")
    # Those of new threads, and how it waited for gdb.
    quietly("handle SIGSTOP SIGCONT nostop noprint nopass")
    quietly("set breakpoint pending on")
    quietly("set print inferior-events off")
    quietly("set print thread-events off")
    quietly("set detach-on-fork on")
    quietly("set follow-fork-mode parent")
    # Modules come and go; gdb's question would come in the middle of a command.
    quietly("set confirm off")


settings()

import ring3_begin      # noqa: E402, F401  the path is set above; the launcher calls it
import ring3_modules    # noqa: E402
import ring3_clock      # noqa: E402
import ring3_view       # noqa: E402
import ring3_access     # noqa: E402

ring3_modules.start()
ring3_clock.start()
ring3_view.start()
ring3_access.start()
