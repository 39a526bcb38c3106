#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-2.0
"""mi.py - a front end that speaks MI, as the C/C++ extension of VS Code does

    mi.py LAUNCH.JSON [--tty=TTY] STEP...

Starts the debugger of the first configuration as that extension would, in a directory that is not
the configuration's, sends setupCommands, and then goes through the steps: a command, whose result it
waits for; `await RE`, a line that matches; `signal`, a SIGINT for what it started.  What the debugger says goes
to standard output.  Exit status: the debugger's; 3 where it ended too early or an answer was an error.
"""
import json
import re
import signal
import subprocess
import sys


class FrontEnd:
    def __init__(self, configuration, tty):
        line = f'exec "{configuration["miDebuggerPath"]}" --interpreter=mi {configuration["miDebuggerArgs"]}'
        self.process = subprocess.Popen(["sh", "-c", line + (f" {tty}" if tty else "")], cwd="/", text=True,
                                        stdin=subprocess.PIPE, stdout=subprocess.PIPE)
        self.token = 0

    def await_line(self, pattern):
        for line in self.process.stdout:
            print(line, end="", flush=True)
            if re.search(pattern, line):
                return line
        sys.exit(3)

    def step(self, text):
        if text.startswith("await "):
            self.await_line(text[6:])
        elif text == "signal":
            self.process.send_signal(signal.SIGINT)
        else:
            self.token += 1
            print(f"{self.token}{text}", file=self.process.stdin, flush=True)
            if "^error" in self.await_line(rf"^{self.token}\^"):
                sys.exit(3)


def main():
    with open(sys.argv[1], encoding="utf-8") as f:
        configuration = json.load(f)["configurations"][0]
    steps = sys.argv[2:]
    front_end = FrontEnd(configuration, steps.pop(0) if steps[0].startswith("--tty=") else None)
    for command in configuration["setupCommands"]:
        front_end.step(command["text"])
    for step in steps:
        front_end.step(step)
    print(front_end.process.stdout.read(), end="")
    sys.exit(front_end.process.wait())


main()
