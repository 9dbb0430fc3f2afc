"""Starts the server under test, and its twin on Python's Tornado, on a port the system chooses.

TORNADO_BUILD names a CMake build folder (default build/debug). WIRE_SERVER=tornado runs the tests against the twin:
that shows whether a failing test is at fault itself; Tornado 6.2 fails those where we follow the RFC, or Tornado 6.5.
"""

import contextlib
import os
import pathlib
import re
import signal
import subprocess
import sys
import tempfile
import time

ROOT = pathlib.Path(__file__).resolve().parent.parent.parent
SANITIZER_WORDS = ("ERROR: AddressSanitizer", "ERROR: LeakSanitizer", "runtime error:", "WARNING: ThreadSanitizer")
LISTENING = re.compile(r"listening on http://127\.0\.0\.1:(\d+)")


def our_command(name="wire_app"):
    build = pathlib.Path(os.environ.get("TORNADO_BUILD", ROOT / "build" / "debug"))
    program = build / "tests" / "final" / "wire_app" / name
    if not program.exists():
        raise FileNotFoundError(f"{program} is not built: ninja -C {build} {name}")
    return [str(program), "--logging=info"]


def twin_command(script="wire_app.py"):
    return [sys.executable, str(ROOT / "tests" / "final" / "wire_app" / script), "--logging=info"]


def command_under_test():
    return twin_command() if os.environ.get("WIRE_SERVER") == "tornado" else our_command()


def seconds_without_processor(pid):
    """How long the main thread has waited for a processor, as the kernel counts it: it was ready, and did not run. Where a machine
    is busy, that is a part of every time that is measured, and no fault of what is measured."""
    return int(pathlib.Path(f"/proc/{pid}/task/{pid}/schedstat").read_text().split()[1]) / 1e9


class WireServer:
    """One server process. Its stderr goes to a file, so that a talkative server never blocks."""

    def __init__(self, command, *options):
        self.log_file = tempfile.TemporaryFile()
        self.process = subprocess.Popen([*command, *options], stdin=subprocess.DEVNULL,
                                        stdout=subprocess.PIPE, stderr=self.log_file, text=True)
        line = self.process.stdout.readline()
        found = LISTENING.match(line)
        if not found:
            self.process.kill()
            self.process.wait()
            raise RuntimeError(f"{command} said {line!r}\n{self.log()}")
        self.port = int(found.group(1))
        self.pid = self.process.pid

    @property
    def url(self):
        return f"http://127.0.0.1:{self.port}"

    def log(self):
        self.log_file.seek(0)
        return self.log_file.read().decode(errors="replace")

    def check_alive(self):
        code = self.process.poll()
        assert code is None, f"the server ended with {code}\n{self.log()[-4000:]}"

    def cpu_seconds(self):
        fields = pathlib.Path(f"/proc/{self.pid}/stat").read_text().rpartition(")")[2].split()
        return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")

    def seconds_without_processor(self):
        return seconds_without_processor(self.pid)

    def open_files(self):
        return len(os.listdir(f"/proc/{self.pid}/fd"))

    def catches(self, number):
        """Whether it has a handler for the signal, or a thread that blocks it because another one awaits it with sigwait(). A
        server that has just said that it listens may have neither yet. A process with children counts: fork_processes() blocks
        the signal before it forks, but while it awaits it, the kernel shows it as not blocked."""
        if pathlib.Path(f"/proc/{self.pid}/task/{self.pid}/children").read_text():
            return True
        masks = []
        for file in pathlib.Path(f"/proc/{self.pid}/task").glob("*/status"):
            with contextlib.suppress(OSError):  # the thread has ended
                masks += re.findall(r"^Sig(?:Cgt|Blk):\s*(\w+)$", file.read_text(), re.MULTILINE)
        return any(int(mask, 16) >> (number - 1) & 1 for mask in masks)

    def kill(self):
        self.process.kill()
        self.process.wait()
        self.process.stdout.close()

    def stop(self):
        """SIGTERM, a clean end, and no word of a sanitizer."""
        if self.process.returncode is None:
            wait_until(lambda: self.process.poll() is not None or self.catches(signal.SIGTERM), "the server catches SIGTERM", 20)
            self.process.send_signal(signal.SIGTERM)
        try:
            code = self.process.wait(timeout=20)
        except subprocess.TimeoutExpired:
            self.kill()
            raise AssertionError("the server did not end within 20 s of SIGTERM") from None
        self.process.stdout.close()
        log = self.log()
        for words in SANITIZER_WORDS:
            assert words not in log, log[log.index(words):][:6000]
        assert code == 0, f"the server ended with {code}\n{log[-4000:]}"


def wait_until(condition, what, seconds=5.0):
    """Polls: what another process does has no event to wait for. Returns the first true answer."""
    deadline = time.monotonic() + seconds
    while True:
        answer = condition()
        if answer:
            return answer
        assert time.monotonic() < deadline, f"not within {seconds} s: {what}"
        time.sleep(0.005)
