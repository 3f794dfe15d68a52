# SPDX-License-Identifier: GPL-2.0-or-later
"""One boot of the lab: starts QEMU, talks to the agent over the virtio port."""

import os
import selectors
import shutil
import socket
import subprocess
import sys
import tempfile
import time

from machine import LabError

# Output beyond this is left out in the middle; a runaway program fills no memory.
KEEP = 512 * 1024
# How long the host waits beyond a program's own time-out before it gives the guest up.
SLACK_S = 20


class GuestGone(Exception):
    """The guest died, or does not answer; the text says which."""


class Bounded:
    """Bytes of which the first and the last KEEP are kept."""

    def __init__(self):
        self.head, self.tail, self.dropped = bytearray(), bytearray(), 0

    def add(self, data):
        room = KEEP - len(self.head)
        self.head += data[:room]
        self.tail += data[room:]
        over = len(self.tail) - KEEP
        if over > 0:
            self.dropped += over
            del self.tail[:over]

    def text(self):
        middle = f"\n... {self.dropped} bytes left out ...\n" if self.dropped else ""
        both = self.head + middle.encode() + self.tail
        return both.decode("utf-8", "replace").replace("\r\n", "\n")


def progress(text):
    """Redraws one line on a terminal; says nothing elsewhere."""
    if sys.stderr.isatty():
        print(f"\r\033[K{text}", end="", file=sys.stderr, flush=True)


def record_text(record):
    """(seconds, text) of one record as /dev/kmsg gives it."""
    head, _, body = record.decode("utf-8", "replace").partition(";")
    fields = head.split(",")
    usec = int(fields[2]) if len(fields) > 2 and fields[2].isdigit() else 0
    # Lines behind the first are the record's dictionary, of no use here.
    return usec / 1e6, body.split("\n")[0]


class Guest:
    """Boots on creation; run() may be called many times; close() ends it."""

    def __init__(self, make_command, logs, boot_timeout):
        self.folder = tempfile.mkdtemp(prefix="dmabufx-lab-")
        self.listener = socket.socket(socket.AF_UNIX)
        self.listener.bind(os.path.join(self.folder, "port"))
        self.listener.listen(1)
        self.buffer, self.log, self.port, self.qemu = b"", [], None, None
        self.logs = logs
        args = make_command(self.folder)
        with open(os.path.join(logs, "command"), "w", encoding="utf-8") as out:
            out.write(" ".join(f"'{a}'" if set(a) & set(" ;&|*?") else a for a in args) + "\n")
        self.console = any(a.startswith("file:") for a in args)
        try:
            self.start(args, boot_timeout)
        except BaseException:
            self.close()
            raise

    def start(self, args, boot_timeout):
        began = time.monotonic()
        errors = open(os.path.join(self.logs, "qemu"), "w", encoding="utf-8")
        with errors:
            self.qemu = subprocess.Popen(
                args, stdin=None if not self.console else subprocess.DEVNULL,
                stdout=errors if self.console else None, stderr=errors)
        self.listener.settimeout(0.2)
        deadline = began + boot_timeout
        while not self.port:
            try:
                self.port = self.listener.accept()[0]
            except socket.timeout:
                self.check(deadline)
        self.hello(began, deadline)
        self.boot_s = time.monotonic() - began

    def hello(self, began, deadline):
        while True:
            line = self.line(deadline, lambda: self.console and progress(
                f"booting the lab, {time.monotonic() - began:.0f} s"))
            if line == "hello":
                progress("")
                return
            self.take(line, None, deadline)

    def check(self, deadline):
        if self.qemu.poll() is not None:
            raise GuestGone(f"the guest ended by itself (QEMU's exit code {self.qemu.returncode})")
        if time.monotonic() > deadline:
            raise GuestGone("the guest does not answer")

    def more(self, deadline, tick):
        with selectors.DefaultSelector() as waiting:
            waiting.register(self.port, selectors.EVENT_READ)
            while not waiting.select(0.2):
                self.check(deadline)
                if tick:
                    tick()
        try:
            data = self.port.recv(1 << 16)
        except ConnectionError:
            data = b""
        if not data:
            raise GuestGone("the guest ended by itself: see its console")
        self.buffer += data

    def line(self, deadline, tick=None):
        while b"\n" not in self.buffer:
            self.more(deadline, tick)
        line, self.buffer = self.buffer.split(b"\n", 1)
        return line.decode("ascii", "replace")

    def payload(self, size, deadline):
        while len(self.buffer) < size:
            self.more(deadline, None)
        data, self.buffer = self.buffer[:size], self.buffer[size:]
        return data

    def take(self, line, output, deadline):
        """A message with bytes behind it; returns the output's bytes."""
        kind, _, size = line.partition(" ")
        if kind not in ("out", "log"):
            raise GuestGone(f"the agent said what it never says: {line[:60]!r}")
        data = self.payload(int(size), deadline)
        if kind == "log":
            self.log.append(record_text(data))
            return b""
        output.add(data)
        return data

    def run(self, argv, env, timeout_s, tty=False, live=None, patience=1):
        """Runs one program; returns its end, output, log lines and duration."""
        strings = [f"{k}={v}" for k, v in env.items()] + list(argv)
        text = b"".join(s.encode() + b"\0" for s in strings)
        head = f"job {int(timeout_s * 1000)} {int(tty)} {len(env)} {len(argv)} {len(text)}\n"
        result = {"argv": list(argv), "end": ("lost", "the guest took no program"),
                  "duration_s": 0.0}
        output, early = Bounded(), len(self.log)
        first = early
        wait = (timeout_s + SLACK_S) * patience if timeout_s else 10 ** 9
        deadline = time.monotonic() + wait
        try:
            self.port.sendall(head.encode() + text)
            while True:
                words = self.line(deadline).split(" ")
                if words[0] == "start":
                    first = len(self.log)
                elif words[0] == "end":
                    result["end"] = (words[1], int(words[2]))
                    result["duration_s"] = int(words[3]) / 1e6
                    break
                else:
                    data = self.take(" ".join(words), output, deadline)
                    if live and data:
                        live(data)
        except (GuestGone, OSError) as gone:
            result["end"] = ("lost", str(gone))
        result["output"] = output.text()
        result["before"] = [text for _, text in self.log[early:first]]
        result["log"] = [text for _, text in self.log[first:]]
        return result

    def quit(self):
        """The kernel's log since the last program's end; the guest then ends itself."""
        first, deadline = len(self.log), time.monotonic() + 5
        try:
            self.port.sendall(b"quit\n")
            while (line := self.line(deadline)) != "bye":
                self.take(line, Bounded(), deadline)
        except (GuestGone, OSError):
            pass
        return [text for _, text in self.log[first:]]

    def close(self):
        """Ends QEMU and files away what it left; safe to call twice."""
        if self.qemu and self.qemu.poll() is None:
            self.qemu.terminate()
            try:
                self.qemu.wait(5)
            except subprocess.TimeoutExpired:
                self.qemu.kill()
                self.qemu.wait()
        for thing in (self.port, self.listener):
            if thing:
                thing.close()
        console = os.path.join(self.folder, "console")
        if os.path.exists(console):
            shutil.move(console, os.path.join(self.logs, "console"))
        with open(os.path.join(self.logs, "kernel"), "w", encoding="utf-8") as out:
            out.writelines(f"[{s:12.6f}] {text}\n" for s, text in self.log)
        shutil.rmtree(self.folder, ignore_errors=True)


def need_qemu(qemu):
    """QEMU's version as text; an error a person understands if there is none, or too old."""
    path = shutil.which(qemu)
    if not path:
        raise LabError(f"{qemu} is not installed; tools/setup.sh installs it")
    line = subprocess.run([path, "--version"], capture_output=True, text=True, check=True).stdout
    version = line.split("version ", 1)[1].split()[0]
    if int(version.split(".")[0]) < 10:
        raise LabError(f"QEMU {version} is too old, 10 is needed; tools/setup.sh installs it")
    return version
