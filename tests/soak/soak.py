#!/usr/bin/python3
"""Loads two servers for minutes or hours, well-behaved and hostile clients at once, and measures what they keep.

    soak.py --minutes=60

One server is a single process. The other has two, which SIGHUP renews 60 times during the run, one after the other.

The first third is the warm-up. After it the servers' resident memory and descriptors must stay flat: at the end of the run, when
all clients have left, a process has as many descriptors as before the first, and a server's memory in the last third is at most
5 % and 2 MB above that of the second. Of renewed processes, the memory at the end of their time counts. A client that is turned
away while a process ends comes again, but no response may end early. Only loopback is used.
"""

import argparse
import collections
import contextlib
import os
import pathlib
import random
import signal
import statistics
import sys
import threading
import time

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parent.parent / "clients"))
from raw import Closed, connect  # noqa: E402
from wire_server import WireServer, our_command, wait_until  # noqa: E402

CLIENTS = 4  # of each server
PROCESSES = 2
SAMPLES = 60
ROLL_SECONDS = 30  # to renew all processes, with their time of grace
ALLOWED_GROWTH = 1.05
ALLOWED_KIB = 2048
GET = b"GET %s HTTP/1.1\r\nHost: h\r\n\r\n"


def post(size):
    return b"POST /echo HTTP/1.1\r\nHost: h\r\nContent-Length: %d\r\n\r\n" % size + b"x" * size


# ---- the clients: each function is one visit. An AssertionError is a defect of the server.


def ordinary(port, choice):
    with connect(port) as connection:
        for _ in range(20):
            hello = connection.ask(GET % b"/")
            assert hello.body == b"Hello, world"
            if hello.closes:  # the server shuts down
                return
            size = choice.randrange(100_000)
            echo = connection.ask(post(size))
            assert len(echo.body) >= size
            if echo.closes:
                return
            missing = connection.ask(GET % b"/status/404")
            assert missing.status == 404
            if missing.closes:
                return


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
    def __init__(self, port, seed, end, pause, may_be_turned_away):
        super().__init__(daemon=True)
        self.port, self.choice, self.end, self.pause = port, random.Random(seed), end, pause
        self.may_be_turned_away = may_be_turned_away
        self.visits = collections.Counter()
        self.turned_away = 0
        self.failure = None

    def run(self):
        try:
            while time.monotonic() < self.end:
                visit = self.choice.choice(VISITS)
                self.call(visit)
                self.visits[visit.__name__] += 1
                time.sleep(self.pause)
        except Exception as error:  # the main thread tells
            self.failure = f"{visit.__name__}: {error!r}"

    def call(self, visit):
        try:
            visit(self.port, self.choice)
        except (Closed, ConnectionError) as error:
            if not self.may_be_turned_away or isinstance(error, Closed) and not str(error).endswith("bytearray(b'')"):
                raise
            self.turned_away += 1


def children(pid):
    return [int(child) for child in pathlib.Path(f"/proc/{pid}/task/{pid}/children").read_text().split()]


def resident_kib(pid):
    status = pathlib.Path(f"/proc/{pid}/status").read_text()
    return int(status.split("VmRSS:")[1].split()[0])


def descriptors_of(pid):
    return len(os.listdir(f"/proc/{pid}/fd"))


class Target:
    """A server under load, with its clients."""

    def __init__(self, processes, end, pause):
        self.server = WireServer(our_command(), "--logging=error", f"--processes={processes}")
        self.name = "one process" if processes == 1 else f"{processes} processes, renewed"
        self.processes = processes
        self.renewals = 0
        self.memory = []
        if processes > 1:
            wait_until(lambda: len(children(self.server.pid)) == processes, "the children start")
        with connect(self.server.port) as connection:
            connection.ask(GET % b"/")
        self.descriptors = wait_until(self.settled, "the first client leaves")
        self.clients = [Client(self.server.port, seed, end, pause, processes > 1) for seed in range(CLIENTS)]

    def pids(self):
        return [self.server.pid, *(children(self.server.pid) if self.processes > 1 else [])]

    def open_files(self):
        return [descriptors_of(pid) for pid in self.pids()]

    def settled(self):
        """The number of descriptors of each process, once they no longer change."""
        before = self.open_files()
        time.sleep(0.2)
        return before if self.open_files() == before else None

    def sample(self):
        self.server.check_alive()
        self.memory.append(sum(resident_kib(pid) for pid in self.pids()))

    def renew(self):
        """Starts a renewal of the children. The next begins when this one has ended."""
        if self.processes == 1:
            return
        before = set(children(self.server.pid))
        self.server.process.send_signal(signal.SIGHUP)
        wait_until(lambda: len(now := set(children(self.server.pid))) == self.processes and not now & before,
                   "all processes are renewed", ROLL_SECONDS)
        self.renewals += 1

    def line(self):
        visits = sum(client.visits.total() for client in self.clients)
        return f"{self.name}: {self.memory[-1] / 1024:6.1f} MB {sum(self.open_files()):4} descriptors {visits:8,} visits"

    def failure(self):
        return next((client.failure for client in self.clients if client.failure), None)

    def verdict(self):
        """What is wrong at the end, when the clients have left; empty: nothing."""
        for client in self.clients:
            client.join(60)
        if self.failure():
            return f"a client failed: {self.failure()}"
        print(f"{self.name}:", dict(sum((client.visits for client in self.clients), collections.Counter())))
        wait_until(lambda: all(now <= before for now, before in zip(self.open_files(), self.descriptors, strict=True)),
                   f"only {self.descriptors} descriptors are open", 90)
        second, last = (statistics.median(self.memory[SAMPLES * i // 3:SAMPLES * (i + 1) // 3]) for i in (1, 2))
        turned_away = sum(client.turned_away for client in self.clients)
        print(f"{self.name}: {second / 1024:.1f} MB in the second third, {last / 1024:.1f} MB in the last; {self.descriptors} "
              f"descriptors before and after; {self.renewals} renewals, {turned_away} visits turned away")
        if last > second * ALLOWED_GROWTH + ALLOWED_KIB:
            return f"{self.name}: memory grows"
        # A process that ends may turn away each client that has just connected.
        if turned_away > self.renewals * PROCESSES * CLIENTS:
            return f"{self.name}: {turned_away} visits were turned away in {self.renewals} renewals"
        if self.processes > 1 and self.renewals == 0:
            return f"{self.name}: no process was renewed"
        return ""


def soak(minutes, pause):
    start = time.monotonic()
    seconds = minutes * 60
    targets = []
    try:
        for processes in (1, PROCESSES):
            targets.append(Target(processes, start + seconds, pause))
        for target in targets:
            for client in target.clients:
                client.start()
        for number in range(SAMPLES):
            time.sleep(max(0.0, start + seconds * (number + 1) / SAMPLES - time.monotonic()))
            for target in targets:
                target.sample()
                if number % (SAMPLES // 6) == SAMPLES // 6 - 1:
                    print(f"{time.monotonic() - start:6.0f} s  {target.line()}", flush=True)
                if number + 1 < SAMPLES:
                    target.renew()
            if any(target.failure() for target in targets):
                break
        return "; ".join(filter(None, (target.verdict() for target in targets)))
    finally:
        for target in targets:
            target.server.stop()


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--minutes", type=float, default=60)
    parser.add_argument("--pause", type=float, default=0, help="seconds between a client's visits (0)")
    arguments = parser.parse_args()
    failure = soak(arguments.minutes, arguments.pause)
    print(f"FAILED: {failure}" if failure else "memory and descriptors stayed flat")
    return 1 if failure else 0


if __name__ == "__main__":
    sys.exit(main())
