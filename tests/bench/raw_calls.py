#!/usr/bin/python3
"""How many system calls do the two raw servers make for requests that arrive at once?

    python3 tests/bench/raw_calls.py [--clients 1,64] [--build build/release/tests/bench]

Each server is stopped while its clients send a request each, and then goes on. strace writes down the calls that it makes until
it has nothing to do.
"""

import argparse
import collections
import os
import re
import shutil
import signal
import socket
import subprocess
import sys
import tempfile
import time
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parent))
import hello_bench as hb  # noqa: E402

REQUEST = b"GET / HTTP/1.1\r\nHost: localhost\r\n\r\n"


def ask(clients):
    for client in clients:
        client.sendall(REQUEST)


def hear(clients):
    for client in clients:
        received = b""
        while not received.endswith(hb.BODY):
            chunk = client.recv(4096)
            if not chunk:
                raise RuntimeError("the server closed a connection")
            received += chunk


def state_of(pid):
    """One letter, as in /proc/PID/stat: R runs, S waits in a system call, T or t is stopped."""
    return Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0]


def wait_for_state(pid, states, seconds=30):
    """Returns once the process is in one of `states`, a string of their letters. TimeoutError if that takes too long."""
    deadline = time.monotonic() + seconds
    while (state := state_of(pid)) not in states:
        if time.monotonic() > deadline:
            raise TimeoutError(f"process {pid} was not in state {' or '.join(states)} within {seconds} s; its state is {state}")
        time.sleep(0.01)


def calls_after_stop(trace):
    """{name: how often} of the calls that were complete after the process went on. The last one waits for more, and is not."""
    lines = trace.partition("--- SIGCONT ")[2].splitlines()[1:]
    return collections.Counter(re.match(r"\w+", line).group() for line in lines if re.match(r"\w+\(.*\) += -?\d", line))


def count_calls(program, clients, folder):
    """{name: how often} of the system calls between `clients` requests and their responses."""
    trace = folder / "trace.txt"
    command = ["strace", "-o", str(trace), str(program), "0"]
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as strace:
        port = int(strace.stdout.readline().rpartition(":")[2])
        server = int(Path(f"/proc/{strace.pid}/task/{strace.pid}/children").read_text().split()[0])
        try:
            crowd = [socket.create_connection(("127.0.0.1", port), timeout=30) for _ in range(clients)]
            ask(crowd)
            hear(crowd)  # now all are accepted
            os.kill(server, signal.SIGSTOP)
            wait_for_state(server, "Tt")
            ask(crowd)
            os.kill(server, signal.SIGCONT)
            hear(crowd)
            wait_for_state(server, "S")
        finally:
            os.kill(server, signal.SIGKILL)
    return calls_after_stop(trace.read_text())


def main(arguments):
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--clients", default="1,64", help="how many requests arrive at once (default 1,64)")
    parser.add_argument("--build", type=Path, default=hb.ROOT / "build/release/tests/bench", help="folder of the servers")
    options = parser.parse_args(arguments)
    if not shutil.which("strace"):
        sys.exit("raw_calls: strace is not installed (apt: strace)")
    for clients in map(int, options.clients.split(",")):
        for name, file in ((hb.FLOOR, "raw_epoll"), (hb.URING, "raw_uring")):
            if missing := hb.raw_contender(name, options.build).missing:
                sys.exit(f"raw_calls: {missing}")
            with tempfile.TemporaryDirectory() as folder:
                calls = count_calls(options.build / file, clients, Path(folder))
            named = ", ".join(f"{count} {call}" for call, count in calls.most_common())
            print(f"{clients:>4} requests, {file}: {calls.total():>4} system calls ({named})")
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
