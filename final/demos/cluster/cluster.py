#!/usr/bin/python3
"""One chat on several processes: redis-server, nginx, and some processes of a demo that share their messages.

    cluster.py [--port=8888] [--processes=4] [--demo=websocket] [--build=build/release]

Prints the address and the processes. A chat process or redis-server that ends is started again. Ctrl-C ends all.
"""

import argparse
import contextlib
import ctypes
import os
import pathlib
import re
import shutil
import signal
import socket
import subprocess
import sys
import tempfile
import time

HERE = pathlib.Path(__file__).resolve().parent
ROOT = HERE.parents[2]
LISTENING = re.compile(r"listening on http://127\.0\.0\.1:(\d+)")
READY_SECONDS = 20
LOOK_SECONDS = 0.05
MOST_RESTARTS = 5  # of one program within RESTART_SECONDS: then something is wrong
RESTART_SECONDS = 10
PR_SET_PDEATHSIG = 1
LIBC = ctypes.CDLL(None)


class ClusterError(Exception):
    """The cluster cannot start, or cannot go on."""


def free_port():
    with socket.socket() as found:
        found.bind(("127.0.0.1", 0))
        return found.getsockname()[1]


def end_with_parent():
    """In the child: kill -9 of this script ends it too. Not by SIGKILL, because nginx has a child of its own to end."""
    LIBC.prctl(PR_SET_PDEATHSIG, signal.SIGTERM)


def talks(port, said, expected):
    with contextlib.suppress(OSError), socket.create_connection(("127.0.0.1", port), 1) as there:
        there.settimeout(1)
        there.sendall(said)
        return there.recv(100).startswith(expected)
    return False


class Program:
    """One of the programs, which can be started again on the same port."""

    def __init__(self, name, folder):
        self.name, self.folder, self.process, self.starts = name, folder, None, []
        self.log = folder / f"{name.replace(' ', '-')}.log"

    def last_words(self):
        """The end of its log, for a message."""
        lines = self.log.read_text(errors="replace").splitlines() if self.log.exists() else []
        return f": {lines[-1]}" if lines else ""

    def wait_ready(self, is_ready):
        deadline = time.monotonic() + READY_SECONDS
        while not is_ready():
            if self.process.poll() is not None:
                raise ClusterError(f"{self.name} ended with {self.process.returncode} before it was ready{self.last_words()}")
            if time.monotonic() > deadline:
                raise ClusterError(f"{self.name} is not ready after {READY_SECONDS} s{self.last_words()}")
            time.sleep(0.01)

    def spawn(self, command, **options):
        now = time.monotonic()
        self.starts = [start for start in self.starts if now - start < RESTART_SECONDS] + [now]
        if len(self.starts) > MOST_RESTARTS:
            raise ClusterError(f"{self.name} ended {MOST_RESTARTS} times within {RESTART_SECONDS} s{self.last_words()}")
        with open(self.log, "ab") as log:
            self.process = subprocess.Popen([str(word) for word in command], stdin=subprocess.DEVNULL, stderr=log,
                                            start_new_session=True, preexec_fn=end_with_parent, **options)

    @property
    def pid(self):
        return self.process.pid

    def ask_to_end(self):
        if self.process and self.process.poll() is None:
            self.process.terminate()

    def wait(self):
        if not self.process:
            return
        try:
            self.process.wait(timeout=5)
        except subprocess.TimeoutExpired:
            self.process.kill()
            self.process.wait()
        if self.process.stdout:
            self.process.stdout.close()


class Redis(Program):
    """Writes each message to the disk before it acknowledges it, so a restart loses none of them."""

    def __init__(self, folder):
        super().__init__("redis-server", folder)
        self.port = free_port()

    def start(self):
        self.spawn(["redis-server", "--port", self.port, "--bind", "127.0.0.1", "--dir", self.folder, "--save", "",
                    "--appendonly", "yes", "--appendfsync", "always", "--logfile", self.log], stdout=subprocess.DEVNULL)
        self.wait_ready(lambda: talks(self.port, b"PING\r\n", b"+PONG"))


class Chat(Program):
    def __init__(self, number, folder, program, bus):
        super().__init__(f"chat {number}", folder)
        self.command, self.port = [program, f"--bus={bus}"], 0

    def start(self):
        self.spawn([*self.command, f"--port={self.port}"], stdout=subprocess.PIPE, text=True)
        found = LISTENING.match(self.process.stdout.readline())
        if not found:
            self.process.wait()
            raise ClusterError(f"{self.name} ended with {self.process.returncode}{self.last_words()}")
        self.port = int(found[1])


class Nginx(Program):
    def __init__(self, folder, port, chats):
        super().__init__("nginx", folder)
        self.port, self.chats = port or free_port(), chats

    def start(self):
        servers = "\n".join(f"        server 127.0.0.1:{chat.port} max_fails=0;" for chat in self.chats)
        config = self.folder / "nginx.conf"
        config.write_text((HERE / "nginx.conf.in").read_text().format(
            files=20_000, folder=self.folder, user="user root;" if os.geteuid() == 0 else "", servers=servers, port=self.port))
        self.spawn([shutil.which("nginx") or "/usr/sbin/nginx", "-c", config, "-p", self.folder, "-e", self.log])
        self.wait_ready(lambda: talks(self.port, b"GET / HTTP/1.0\r\nHost: h\r\n\r\n", b"HTTP/1.1 200"))


class Cluster:
    """All of it; a context manager."""

    def __init__(self, build=ROOT / "build" / "release", demo="websocket", processes=4, port=0):
        program = pathlib.Path(build) / "final" / "demos" / demo / demo
        if not program.exists():
            raise ClusterError(f"{program} is not built: scripts/build.sh {pathlib.Path(build).name} demo_{demo}")
        if not shutil.which("redis-server"):
            raise ClusterError("redis-server is not installed: scripts/need.sh demo-cluster")
        self.folder = pathlib.Path(tempfile.mkdtemp(prefix="cluster-"))
        self.redis = Redis(self.folder)
        self.chats = [Chat(number + 1, self.folder, program, f"redis://127.0.0.1:{self.redis.port}") for number in range(processes)]
        self.nginx = Nginx(self.folder, port, self.chats)

    @property
    def programs(self):
        return [self.nginx, *self.chats, self.redis]

    def __enter__(self):
        try:
            for program in reversed(self.programs):
                program.start()
        except BaseException:
            self.stop()
            raise
        return self

    def __exit__(self, *_):
        self.stop()

    def stop(self):
        for program in self.programs:
            program.ask_to_end()
        for program in self.programs:
            program.wait()
        shutil.rmtree(self.folder, ignore_errors=True)

    def look_after(self):
        """Starts again what has ended. Returns (program, the pid that ended, its exit code) of each."""
        ended = [program for program in [self.redis, *self.chats] if program.process.poll() is not None]
        if self.nginx.process.poll() is not None:
            raise ClusterError(f"nginx ended with {self.nginx.process.returncode}")
        found = [(program, program.pid, program.process.returncode) for program in ended]
        for program in ended:
            program.wait()
            program.start()
        return found


def run(cluster):
    print(f"listening on http://127.0.0.1:{cluster.nginx.port}")
    print(f"redis-server {cluster.redis.pid}, nginx {cluster.nginx.pid}, chat processes",
          ", ".join(str(chat.pid) for chat in cluster.chats))
    print(f"Open it in two browsers, kill -9 {cluster.chats[0].pid}, and go on talking. Ctrl-C ends all.", flush=True)
    while True:
        time.sleep(LOOK_SECONDS)
        for program, pid, code in cluster.look_after():
            print(f"{program.name} ({pid}) ended with {code}; started again as {program.pid}", flush=True)


def stop_on_signal(number, _):
    raise KeyboardInterrupt(number)


def main(arguments):
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--port", type=int, default=8888, help="nginx's; 0 takes a free one (8888)")
    parser.add_argument("--processes", type=int, default=4, help="how many chat processes (4)")
    parser.add_argument("--demo", choices=["websocket", "chat"], default="websocket", help="which chat (websocket)")
    parser.add_argument("--build", default=ROOT / "build" / "release", help="the build folder (build/release)")
    options = parser.parse_args(arguments)
    signal.signal(signal.SIGTERM, stop_on_signal)
    try:
        with Cluster(options.build, options.demo, options.processes, options.port) as cluster:
            run(cluster)
    except KeyboardInterrupt:
        return 0
    except ClusterError as error:
        print(f"error: {error}", file=sys.stderr)
        return 1


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
