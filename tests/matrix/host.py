# SPDX-License-Identifier: GPL-2.0
"""What the host does for a row: peers, monitor commands, and looking at what QEMU recorded."""
import array
import filecmp
import json
import math
import os
import socket
import subprocess
import threading
import time

FULL = 20000            # amplitude of the chirp
SECONDS = 1.0


class Failed(Exception):
    pass


def await_true(what, seconds, predicate):
    end = time.monotonic() + seconds
    while not predicate():
        if time.monotonic() > end:
            raise Failed(f"{what}: not within {seconds} s")
        time.sleep(0.01)


class Monitor:
    """QEMU's QMP: commands, and events counted as they come."""

    def __init__(self, path):
        self.sock = socket.socket(socket.AF_UNIX)
        self.sock.settimeout(10)
        self.sock.connect(path)
        self.file = self.sock.makefile("r", encoding="utf-8")
        self.events = []
        self.read()
        self.command("qmp_capabilities")

    def read(self):
        line = self.file.readline()
        if not line:
            raise Failed("QEMU closed its monitor")
        message = json.loads(line)
        if "event" in message:
            self.events.append(message["event"])
        return message

    def command(self, name, /, **arguments):
        self.sock.sendall(json.dumps({"execute": name, "arguments": arguments}).encode() + b"\n")
        while True:
            message = self.read()
            if "error" in message:
                raise Failed(f"{name}: {message['error']['desc']}")
            if "return" in message:
                return message["return"]

    def await_event(self, name, seconds):
        self.sock.settimeout(seconds)
        try:
            while name not in self.events:
                self.read()
        except TimeoutError as e:
            raise Failed(f"no {name} event from QEMU within {seconds} s") from e
        finally:
            self.sock.settimeout(10)
            self.file = self.sock.makefile("r", encoding="utf-8")
        self.events.clear()


def echo_server(path):
    """One connection after the other, until the process ends."""
    listener = socket.socket(socket.AF_UNIX)
    listener.bind(path)
    listener.listen()

    def serve():
        while True:
            conn, _ = listener.accept()
            while True:
                try:
                    data = conn.recv(4096)
                except ConnectionResetError:
                    break
                if not data:
                    break
                conn.sendall(data)
            conn.close()
    threading.Thread(target=serve, daemon=True).start()


def chirp(rate):
    """From 200 Hz to 2 kHz, left and right of opposite sign; then silence.

    The silence fills the ring (8 periods of 2048 frames, see pcm.c): what a card plays between the end
    of the samples and its stop is what the ring held before.
    """
    n = int(rate * SECONDS)
    samples = array.array("h")
    for i in range(n):
        t = i / rate
        s = round(FULL * math.cos(2 * math.pi * (200 * t + 900 * t * t / SECONDS)))
        samples.append(s)
        samples.append(-s)
    return samples, array.array("h", bytes(4 * 10 * 2048))


def find_chirps(wav, rate, want):
    """As often as played, whole and in order: every sample within 2 % of full scale."""
    with open(wav, "rb") as f:
        data = f.read()[44:]
    got = array.array("h", data[:len(data) // 4 * 4])
    sent, _ = chirp(rate)
    at = 0
    for n in range(want):
        while at < len(got) and abs(got[at]) < 500:
            at += 2
        part = got[at:at + len(sent)]
        if len(part) < len(sent):
            raise Failed(f"the recording ({len(got) // 2} frames) has only {n} of {want} chirps: "
                         f"{len(part) // 2} frames of {len(sent) // 2} left")
        gain = sum(a * b for a, b in zip(part, sent)) / sum(b * b for b in sent)
        if not 0.2 < gain < 1.1:
            raise Failed(f"chirp {n + 1} at frame {at // 2} is not what was played (gain {gain:.3f})")
        for i, (a, b) in enumerate(zip(part, sent)):
            if abs(a - gain * b) > 0.02 * 32768:
                raise Failed(f"chirp {n + 1}: frame {i // 2} is {a}, played was {b} (gain {gain:.3f})")
        at += len(sent)


def read_ppm(path):
    with open(path, "rb") as f:
        data = f.read()
    words = data.split(None, 4)
    if len(words) < 5 or words[0] != b"P6":
        raise Failed("the screendump is no PPM")
    width, height = int(words[1]), int(words[2])
    return width, height, data[len(data) - 3 * width * height:]


def picture(width, height, invert):
    flip = 0xff if invert else 0
    red = bytes((x & 255) ^ flip for x in range(width))
    sums = bytes((x & 255) ^ flip for x in range(width + height))
    out = bytearray(3 * width * height)
    for y in range(height):
        line = bytearray(3 * width)
        line[0::3] = red
        line[1::3] = bytes([(y & 255) ^ flip]) * width
        line[2::3] = sums[y:y + width]
        out[3 * width * y:3 * width * (y + 1)] = line
    return bytes(out)


def descendants(pid):
    children = {}
    for name in filter(str.isdigit, os.listdir("/proc")):
        try:
            with open(f"/proc/{name}/stat", encoding="ascii", errors="replace") as f:
                comm, rest = f.read().split(" (", 1)[1].rsplit(") ", 1)
        except OSError:     # it has ended
            continue
        children.setdefault(int(rest.split()[1]), []).append((int(name), comm))
    found, todo = [], [pid]
    while todo:
        below = children.get(todo.pop(), [])
        found += below
        todo += [p for p, _ in below]
    return found


def usage(pid):
    """Descriptors and mappings of the proxy, descriptors of QEMU (whose allocator maps as it likes)."""
    found = {"qemu": 0}
    for child, comm in descendants(pid):
        if comm == "ring3-proxy":
            found["proxy fds"] = len(os.listdir(f"/proc/{child}/fd"))
            with open(f"/proc/{child}/maps", encoding="ascii") as f:
                found["proxy maps"] = sum(1 for _ in f)
        elif comm.startswith("qemu-system"):
            found["qemu"] = len(os.listdir(f"/proc/{child}/fd"))
    if "proxy fds" not in found:
        raise Failed("the run has no proxy")
    return found


class Host:
    """The answers to what inside/*.sh ask; each a method, `-` written as `_`."""

    def __init__(self, row, directory, tools):
        self.row, self.dir, self.tools = row, directory, tools
        self.peer = self.mon = None
        self.pid = None         # the child that leads to the proxy
        self.before = None
        self.chirps = 0
        with open(self.path("random"), "wb") as f:
            f.write(os.urandom(1 << 20))
        for i, size in enumerate(filter(None, row.keys.get("size", "").split(","))):
            with open(self.path(f"disk{i}.img"), "wb") as f:
                f.truncate(int(size) << 20)
        if "chirp" in row.keys:
            tone, silence = chirp(int(row.keys["chirp"]))
            with open(self.path("chirp"), "wb") as f:
                f.write(tone.tobytes() + silence.tobytes())
        if "echo" in row.keys:
            echo_server(self.path("echo.sock"))

    def path(self, name):
        return os.path.join(self.dir, name)

    @property
    def monitor(self):
        if not self.mon:
            self.mon = Monitor(self.path("qmp.sock"))
        return self.mon

    def answer(self, words):
        return getattr(self, "ask_" + words[0].replace("-", "_"))(*words[1:]) or ""

    def ask_tcp(self):
        port, got = self.path("port"), self.path("peer.got")
        for name in (port, got):
            if os.path.exists(name):
                os.unlink(name)
        # Ended by close() or by itself after a minute.
        self.peer = subprocess.Popen([self.tools + "/tcp", "serve", port, self.path("random"), got, "60"])
        await_true("a TCP peer", 10, lambda: os.path.exists(port))
        with open(port, encoding="ascii") as f:
            return f.read().strip()

    def ask_tcp_end(self):
        if self.peer.wait(60):
            raise Failed("the TCP peer failed")
        if not filecmp.cmp(self.path("random"), self.path("peer.got"), shallow=False):
            raise Failed("what the host received is not what was sent")

    def ask_sound(self):
        self.chirps += 1
        return self.row.keys["chirp"]

    def ask_watchdog_quiet(self):
        self.monitor.command("query-status")
        if "WATCHDOG" in self.monitor.events:
            raise Failed("the watchdog fired although it was written to")

    def ask_watchdog_fires(self):
        self.monitor.await_event("WATCHDOG", 20)

    def ask_key(self):
        for down in (True, False):
            self.monitor.command("input-send-event", events=[
                {"type": "key", "data": {"down": down, "key": {"type": "qcode", "data": "a"}}}])

    def ask_button(self):
        for down in (True, False):
            self.monitor.command("input-send-event", events=[
                {"type": "btn", "data": {"down": down, "button": "left"}}])

    def ask_screen(self, how, width, height):
        want = int(width), int(height), picture(int(width), int(height), how in ("mmap", "after"))
        dump = self.path("screen.ppm")
        end = time.monotonic() + 20
        while True:
            self.monitor.command("screendump", filename=dump)
            got = read_ppm(dump)
            if got == want:
                return
            if time.monotonic() > end:
                break
            time.sleep(0.05)
        if got[:2] != want[:2]:
            raise Failed(f"the screen is {got[0]}x{got[1]}, the mode {want[0]}x{want[1]}")
        bad = sum(1 for i in range(0, len(got[2]), 3) if got[2][i:i + 3] != want[2][i:i + 3])
        raise Failed(f"{bad} of {want[0] * want[1]} pixels of the screendump differ ({how})")

    def ask_usage(self):
        """What the proxy and QEMU hold now."""
        self.before = usage(self.pid)

    def ask_usage_same(self):
        """QEMU's net=user closes the sockets of connections that have ended some time later."""
        end = time.monotonic() + 10
        while True:
            now = usage(self.pid)
            if dict(now, qemu=0) == dict(self.before, qemu=0) and now["qemu"] <= self.before["qemu"]:
                return
            if time.monotonic() > end:
                raise Failed(f"{now} after 20 cycles, {self.before} before")
            time.sleep(0.05)

    def finish(self):
        """When the run has ended well."""
        if self.chirps:
            find_chirps(self.path("out.wav"), int(self.row.keys["chirp"]), self.chirps)

    def close(self):
        if self.peer and self.peer.poll() is None:
            self.peer.kill()
            self.peer.wait()
        if self.mon:
            self.mon.sock.close()
