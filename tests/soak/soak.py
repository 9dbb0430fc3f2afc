#!/usr/bin/python3
"""Loads a server for minutes or hours, well-behaved and hostile clients at once, and measures what it keeps.

    soak.py --minutes=60

The first third is the warm-up. After it the server's resident memory and its descriptors must stay flat: at the end of the
run, when all clients have left, it has as many descriptors as before the first, and its memory in the last third is at most
5 % and 2 MB above that of the second. Only loopback is used.
"""

import argparse
import collections
import contextlib
import pathlib
import random
import statistics
import sys
import threading
import time

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parent.parent / "clients"))
from raw import connect  # noqa: E402
from wire_server import WireServer, our_command, wait_until  # noqa: E402

CLIENTS = 4
SAMPLES = 60
ALLOWED_GROWTH = 1.05
ALLOWED_KIB = 2048
GET = b"GET %s HTTP/1.1\r\nHost: h\r\n\r\n"


def post(size):
    return b"POST /echo HTTP/1.1\r\nHost: h\r\nContent-Length: %d\r\n\r\n" % size + b"x" * size


# ---- the clients: each function is one visit. An AssertionError is a defect of the server.


def ordinary(port, choice):
    with connect(port) as connection:
        for _ in range(20):
            assert connection.ask(GET % b"/").body == b"Hello, world"
            size = choice.randrange(100_000)
            assert len(connection.ask(post(size)).body) >= size
            assert connection.ask(GET % b"/status/404").status == 404


def big(port, choice):
    with connect(port) as connection:
        assert len(connection.ask(GET % b"/big?n=500000").body) == 500_000


def pipelining_without_reading(port, choice):
    with connect(port, receive_buffer=4096) as connection:
        connection.send(GET % b"/big?n=100000" * choice.randrange(1, 20))


def leaves_in_the_head(port, choice):
    with connect(port) as connection:
        connection.send((GET % b"/")[:choice.randrange(1, 30)])
        if choice.random() < 0.5:
            connection.reset()


def leaves_in_the_body(port, choice):
    with connect(port) as connection:
        data = post(50_000)
        connection.send(data[:choice.randrange(100, len(data))])
        if choice.random() < 0.5:
            connection.reset()


def leaves_while_it_waits(port, choice):
    with connect(port) as connection:
        connection.send(GET % b"/slow?s=0.2")


def header_bomb(port, choice):
    with connect(port) as connection, contextlib.suppress(OSError):
        connection.send(b"GET / HTTP/1.1\r\nHost: h\r\n" + b"X-A: " + b"a" * 1000 + b"\r\n")
        connection.send((b"X-A: " + b"a" * 1000 + b"\r\n") * 100)


def garbage(port, choice):
    with connect(port) as connection, contextlib.suppress(OSError):
        connection.send(choice.randbytes(choice.randrange(1, 2000)) + b"\r\n\r\n")


def bad_chunks(port, choice):
    with connect(port) as connection, contextlib.suppress(OSError):
        connection.send(b"POST /echo HTTP/1.1\r\nHost: h\r\nTransfer-Encoding: chunked\r\n\r\n5\r\nhello\r\n-1\r\n")


HOSTILE = [pipelining_without_reading, leaves_in_the_head, leaves_in_the_body, leaves_while_it_waits, header_bomb, garbage,
           bad_chunks]
VISITS = [ordinary, ordinary, ordinary, big, *HOSTILE]


class Client(threading.Thread):
    def __init__(self, port, seed, end):
        super().__init__(daemon=True)
        self.port, self.choice, self.end = port, random.Random(seed), end
        self.visits = collections.Counter()
        self.failure = None

    def run(self):
        try:
            while time.monotonic() < self.end:
                visit = self.choice.choice(VISITS)
                visit(self.port, self.choice)
                self.visits[visit.__name__] += 1
        except Exception as error:  # the main thread tells
            self.failure = f"{visit.__name__}: {error!r}"


def resident_kib(pid):
    status = pathlib.Path(f"/proc/{pid}/status").read_text()
    return int(status.split("VmRSS:")[1].split()[0])


def sample(server, clients, start, seconds):
    """Returns the server's memory in KiB, SAMPLES times over the run. Ends early if a client has failed."""
    memory = []
    while len(memory) < SAMPLES and not any(client.failure for client in clients):
        time.sleep(max(0.0, start + seconds * (len(memory) + 1) / SAMPLES - time.monotonic()))
        server.check_alive()
        memory.append(resident_kib(server.pid))
        if len(memory) % (SAMPLES // 6) == 0:
            print(f"{time.monotonic() - start:6.0f} s  {memory[-1] / 1024:6.1f} MB  {server.open_files():4} descriptors  "
                  f"{sum(client.visits.total() for client in clients):8,} visits", flush=True)
    return memory


def soak(minutes):
    server = WireServer(our_command(), "--logging=error")
    try:
        with connect(server.port) as connection:
            connection.ask(GET % b"/")
        wait_until(lambda: server.open_files(), "descriptors")
        descriptors = wait_until(lambda: settled(server), "the first client leaves")
        start = time.monotonic()
        clients = [Client(server.port, seed, start + minutes * 60) for seed in range(CLIENTS)]
        for client in clients:
            client.start()
        memory = sample(server, clients, start, minutes * 60)
        for client in clients:
            client.join(60)
            if client.failure:
                return f"a client failed: {client.failure}"
        print("visits:", dict(sum((client.visits for client in clients), collections.Counter())))
        wait_until(lambda: server.open_files() <= descriptors, f"only {descriptors} descriptors are open", 90)
        second, last = (statistics.median(memory[SAMPLES * i // 3:SAMPLES * (i + 1) // 3]) for i in (1, 2))
        print(f"memory: {second / 1024:.1f} MB in the second third, {last / 1024:.1f} MB in the last; "
              f"{descriptors} descriptors before and after")
        if last > second * ALLOWED_GROWTH + ALLOWED_KIB:
            return "memory grows"
    finally:
        server.stop()
    return ""


def settled(server):
    """The number of descriptors, once it no longer changes."""
    before = server.open_files()
    time.sleep(0.2)
    return before if server.open_files() == before else 0


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--minutes", type=float, default=60)
    failure = soak(parser.parse_args().minutes)
    print(f"FAILED: {failure}" if failure else "memory and descriptors stayed flat")
    return 1 if failure else 0


if __name__ == "__main__":
    sys.exit(main())
