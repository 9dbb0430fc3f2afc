#!/usr/bin/python3
"""Runs ten attacks, one after the other, against our server, nginx and Python's Tornado, with their defaults.

    attacks.py [--seconds=6]

Each attack goes on for some seconds. Meanwhile a client asks for a small page ten times a second. Prints a table: the longest time that
this client has waited, and by how much the server's memory grew. After each attack the server must serve again. The last row is of a
client that asks without a pause, alone and beside 20 slow clients: the 99th percentile of its waits. It fails if ours more than
doubles. Only loopback is used. It needs wire_app (scripts/build.sh debug wire_app), nginx and python3-tornado.
"""

import argparse
import contextlib
import gzip
import itertools
import pathlib
import resource
import socket
import statistics
import subprocess
import sys
import tempfile
import threading
import time

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parent.parent / "clients"))
from raw import connect  # noqa: E402
from wire_server import WireServer, our_command, twin_command, wait_until  # noqa: E402

CROWD = 100
FEW_DESCRIPTORS = 64
ROUNDS, REQUESTS = 5, 1000  # of the client beside slow ones
MOST = 2  # times the wait that it has alone
GET = b"GET %s HTTP/1.1\r\nHost: h\r\n\r\n"
POST = b"POST /echo HTTP/1.1\r\nHost: h\r\n%s\r\n\r\n"
NGINX = """
daemon off; worker_processes 1; worker_rlimit_nofile {files}; pid {folder}/pid; error_log {folder}/errors; user root;
events {{ worker_connections {files}; }}
http {{
  access_log off; client_body_temp_path {folder}/1; proxy_temp_path {folder}/2; fastcgi_temp_path {folder}/3;
  uwsgi_temp_path {folder}/4; scgi_temp_path {folder}/5;
  server {{
    listen 127.0.0.1:{port}; root {folder}; client_max_body_size 100m;
    location = / {{ return 200 "Hello, world"; }}
    location = /echo {{ proxy_pass http://127.0.0.1:{port}/; proxy_method GET; }}
  }}
}}
"""
# Each can be read in two ways by two servers in a row.
AMBIGUOUS = [
    b"Content-Length: 4\r\nTransfer-Encoding: chunked", b"Content-Length: 4\r\nContent-Length: 5", b"Content-Length: +4",
    b"Content-Length: 4,5", b"Content-Length: -4", b"Transfer-Encoding : chunked", b"Transfer-Encoding: xchunked",
    b"Transfer-Encoding: chunked, identity", b"Transfer-Encoding: chunked\x00", b"X: y\rTransfer-Encoding: chunked",
    b"Transfer-Encoding:\x0bchunked", b"Transfer-Encoding: chunked\r\nTransfer-Encoding: chunked",
]


class Nginx:
    """As WireServer, for nginx. Its worker serves."""

    def __init__(self):
        files = min(4096, resource.getrlimit(resource.RLIMIT_NOFILE)[0])
        self.folder = tempfile.TemporaryDirectory()
        with socket.create_server(("127.0.0.1", 0)) as free:
            self.port = free.getsockname()[1]
        folder = pathlib.Path(self.folder.name)
        folder.chmod(0o755)
        (folder / "big").write_bytes(b"x" * 8_000_000)
        (folder / "conf").write_text(NGINX.format(folder=folder, port=self.port, files=files))
        self.process = subprocess.Popen(["nginx", "-c", str(folder / "conf")], stderr=subprocess.DEVNULL)
        self.pid = wait_until(self.worker, "nginx starts", 10)
        wait_until(lambda: answers(self.port), "nginx listens", 10)

    def worker(self):
        children = pathlib.Path(f"/proc/{self.process.pid}/task/{self.process.pid}/children")
        return int((children.read_text().split() or ["0"])[0])

    def log(self):
        return (pathlib.Path(self.folder.name) / "errors").read_text(errors="replace")

    def stop(self):
        self.process.terminate()
        self.process.wait()
        self.folder.cleanup()


def answers(port):
    with contextlib.suppress(OSError), connect(port) as connection:
        return connection.ask(GET % b"/").status == 200
    return False


SERVERS = {"ours": lambda: WireServer(our_command(), "--logging=error"), "nginx": Nginx,
           "Tornado": lambda: WireServer(twin_command(), "--logging=error")}


# ---- what is measured


class Probe(threading.Thread):
    """A client with a connection of its own for each request."""

    def __init__(self, port):
        super().__init__(daemon=True)
        self.port, self.worst, self.over = port, 0.0, threading.Event()

    def run(self):
        while not self.over.wait(0.1):
            begin = time.monotonic()
            if not answers(self.port):
                self.worst = float("inf")
            self.worst = max(self.worst, time.monotonic() - begin)


def memory(pid):
    return int(pathlib.Path(f"/proc/{pid}/status").read_text().split("VmRSS:")[1].split()[0]) / 1024


# ---- the attacks: each is a generator, which is resumed every 0.2 s until the time is over


def hold(stack, port, count, first, drip=b"", **options):
    connections = []
    for _ in range(count):
        connection = stack.enter_context(connect(port, **options))
        with contextlib.suppress(OSError):
            connection.send(first)
        connections.append(connection)
    while True:
        yield
        for connection in connections if drip else ():
            with contextlib.suppress(OSError):
                connection.sock.send(drip, socket.MSG_DONTWAIT)


def slow_head(stack, port):
    return hold(stack, port, CROWD, b"GET / HTTP/1.1\r\nHost: h\r\nX: ", b"x")


def slow_body(stack, port):
    return hold(stack, port, CROWD, POST % b"Content-Length: 1000000", b"x")


def unread_response(stack, port):
    return hold(stack, port, 20, GET % b"/big?n=8000000", receive_buffer=4096)


def silent_connection(stack, port):
    return hold(stack, port, CROWD, b"")


def flood(stack, port):
    while True:
        for _ in range(200):
            with contextlib.suppress(OSError), connect(port) as connection:
                connection.send(GET % b"/")
        yield


def descriptors_exhausted(stack, port):
    return hold(stack, port, 2 * FEW_DESCRIPTORS, b"")


def header_bomb(stack, port):
    line = b"X-A: " + b"a" * 1000 + b"\r\n"
    while True:
        for _ in range(10):
            with contextlib.suppress(OSError), connect(port) as connection:
                connection.send(b"GET / HTTP/1.1\r\nHost: h\r\n" + line * 1000)
        yield


def gzip_bomb(stack, port):
    bomb = gzip.compress(bytes(50_000_000))
    while True:
        with contextlib.suppress(OSError, AssertionError), connect(port) as connection:
            connection.ask(POST % (b"Content-Encoding: gzip\r\nContent-Length: %d" % len(bomb)) + bomb)
        yield


def pipelining_without_reading(stack, port):
    return hold(stack, port, CROWD, GET % b"/big?n=100000" * 200, receive_buffer=4096)


def slow_reading(stack, port, count):
    """Each takes 1 kB of a large response at a time."""
    clients = [stack.enter_context(connect(port, receive_buffer=4096)) for _ in range(count)]
    for client in clients:
        client.send(GET % b"/big?n=8000000")
    while True:
        yield
        for client in clients:
            with contextlib.suppress(OSError):
                client.sock.recv(1000, socket.MSG_DONTWAIT)


def slow_at_everything(stack, port):
    """20 clients: some send a head, some a body, and some read a response."""
    return zip(hold(stack, port, 7, b"GET / HTTP/1.1\r\nHost: h\r\nX: ", b"x"),
               hold(stack, port, 7, POST % b"Content-Length: 1000000", b"x"), slow_reading(stack, port, 6))


ATTACKS = [slow_head, slow_body, unread_response, silent_connection, flood, descriptors_exhausted, header_bomb, gzip_bomb,
           pipelining_without_reading]


def run(make_server, attack, seconds):
    few = attack is descriptors_exhausted
    before_limit = resource.getrlimit(resource.RLIMIT_NOFILE)
    if few:
        resource.setrlimit(resource.RLIMIT_NOFILE, (FEW_DESCRIPTORS, before_limit[1]))
    try:
        server = make_server()
    finally:
        resource.setrlimit(resource.RLIMIT_NOFILE, before_limit)
    try:
        answers(server.port)
        before = peak = memory(server.pid)
        probe = Probe(server.port)
        with contextlib.ExitStack() as stack:
            end = time.monotonic() + seconds
            probe.start()
            for _ in attack(stack, server.port):
                peak = max(peak, memory(server.pid))
                if time.monotonic() > end:
                    break
                time.sleep(0.2)
            probe.over.set()
            probe.join()
        worst = "no answer" if probe.worst == float("inf") else f"{probe.worst * 1000:.0f} ms"
        wait_until(lambda: answers(server.port), "the server answers after the attack", 30)
        return f"{worst}, +{peak - before:.0f} MB"
    finally:
        server.stop()


def smuggling(make_server):
    server = make_server()
    refused = 0
    try:
        for fields in AMBIGUOUS:
            with connect(server.port, timeout=3) as connection:
                with contextlib.suppress(OSError, AssertionError):
                    refused += connection.ask(POST % fields + b"0\r\n\r\n").status in (400, 501)
    finally:
        server.stop()
    return f"{refused} of {len(AMBIGUOUS)} refused"


def waits(port, others):
    """How long a client waits for each of its responses, in ms. `others` are resumed after every 100."""
    times = []
    with connect(port) as client:
        for number in range(REQUESTS):
            if number % 100 == 0:
                next(others)
            begin = time.monotonic()
            assert client.ask(GET % b"/").status == 200
            times.append((time.monotonic() - begin) * 1000)
    return times


def beside_slow_clients(make_server):
    """The 99th percentile of the waits of a client that is alone, and of one beside slow clients, measured in turns."""
    server = make_server()
    alone, beside = [], []
    try:
        for _ in range(ROUNDS):
            alone += waits(server.port, itertools.repeat(None))
            with contextlib.ExitStack() as stack:
                beside += waits(server.port, slow_at_everything(stack, server.port))
    finally:
        server.stop()
    return [statistics.quantiles(times, n=100)[-1] for times in (alone, beside)]


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--seconds", type=float, default=6)
    seconds = parser.parse_args().seconds
    print("| attack |", " | ".join(SERVERS), "|\n|---|" + "---|" * len(SERVERS), flush=True)
    for attack in ATTACKS:
        cells = [run(make_server, attack, seconds) for make_server in SERVERS.values()]
        print("|", attack.__name__.replace("_", " "), "|", " | ".join(cells), "|", flush=True)
    print("| smuggling |", " | ".join(smuggling(make_server) for make_server in SERVERS.values()), "|", flush=True)
    p99 = {name: beside_slow_clients(make_server) for name, make_server in SERVERS.items()}
    print("| 20 slow clients |", " | ".join(f"p99 {alone:.2f} to {beside:.2f} ms" for alone, beside in p99.values()), "|")
    alone, beside = p99["ours"]
    if beside > MOST * alone:
        sys.exit(f"attacks.py: 20 slow clients make an active one wait {beside / alone:.1f} times as long (p99); at most {MOST} is allowed.")


if __name__ == "__main__":
    main()
