#!/usr/bin/python3
"""The fault sweep for the chapters' servers: makes each of their system calls fail in each way its man page lists, one by one.

    chapters.py [--every=N] [--server=loop] [--point=N]
    chapters.py --prove

A server runs with the fault layer preloaded, and clients send it the same requests each time. A run without faults records its
system calls. Then it runs once for each call, each fault, and 1, 2, 4 and 64 failures in a row. Whatever fails:

- the server does not crash: until it listens it may end with an error message and status 1, and afterwards it goes on;
- no client waits for ever, and once the failures are over, the server serves again;
- SIGTERM ends it as without a fault.

--prove shows that these are noticed, with servers that have defects. Only loopback is used.
"""

import argparse
import collections
import ctypes
import errno
import fcntl
import os
import pathlib
import signal
import socket
import subprocess
import sys
import tempfile

ROOT = pathlib.Path(__file__).resolve().parent.parent.parent
sys.path[:0] = [str(ROOT / "tests" / "clients"), str(ROOT / "tests" / "chapters" / "wire")]
from declared import declared_servers  # noqa: E402
from raw import connect  # noqa: E402
from wire_server import LISTENING, wait_until  # noqa: E402

REPEATS = (1, 2, 4, 64)
SHORT = -1  # a call transfers one byte
PATIENCE = 10.0  # seconds: nothing here waits as long
ATTEMPTS = 2 * max(REPEATS)  # until a server must serve again
GET = b"GET %s HTTP/1.1\r\nHost: h\r\n\r\n"
POST = b"POST /echo HTTP/1.1\r\nHost: h\r\nContent-Length: 5\r\n\r\nabcde"
# Faults that are left out, because the chapter's server need not survive them. Chapter 01's sockets block, so no call fails with
# EAGAIN, and its accept() throws errors that are not about one connection. Chapter 02's server ends with a message if select()
# has no memory.
NOT_PROMISED = {
    "01": {("accept4", errno.EAGAIN), ("read", errno.EAGAIN), ("send", errno.EAGAIN), ("accept4", errno.EPERM)},
    "02": {("accept4", errno.EPERM), ("select", errno.ENOMEM)},
}
SANITIZERS = ("AddressSanitizer", "LeakSanitizer", "runtime error:")


class Broken(Exception):
    """A promise was broken."""


class Layer:
    """The library that is preloaded, and its table of calls."""

    def __init__(self, path):
        self.path = path
        library = ctypes.CDLL(str(path))
        library.fault_name.restype = ctypes.c_char_p
        self.names, self.faults = [], []
        while name := library.fault_name(len(self.names)):
            faults = []
            while fault := library.fault_of(len(self.names), len(faults)):
                faults.append(fault)
            self.names.append(name.decode())
            self.faults.append(faults)


class Server:
    """One run of a server with the fault layer, which reports to a pipe."""

    def __init__(self, command, layer, plan=None):
        self.reports, there = os.pipe()
        fcntl.fcntl(there, fcntl.F_SETPIPE_SZ, 1 << 20)  # the server must never wait for us
        # Without its folder: LD_PRELOAD ends a path at a blank.
        environment = {**os.environ, "LD_PRELOAD": layer.path.name, "LD_LIBRARY_PATH": str(layer.path.parent), "FAULT_FD": str(there)}
        if plan:
            environment |= dict(zip(("FAULT_AT", "FAULT_CALL", "FAULT_ERRNO", "FAULT_REPEAT"), map(str, plan), strict=True))
        self.log = tempfile.TemporaryFile()
        self.process = subprocess.Popen(command, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=self.log, text=True,
                                        pass_fds=[there], env=environment)
        os.close(there)
        match = LISTENING.match(self.process.stdout.readline())
        self.port = int(match[1]) if match else None

    def said(self):
        self.log.seek(0)
        return self.log.read().decode(errors="replace")

    def ended(self):
        return self.process.poll() is not None

    def calls(self):
        """The bytes of the pipe, once the server has ended."""
        with open(self.reports, "rb") as pipe:
            return pipe.read()

    def kill(self):
        if not self.ended():
            self.process.kill()
        self.process.wait()
        self.process.stdout.close()


def is_hello(response):
    return response.status == 200 and response.body == b"Hello, world"


def answers(port, request, *, patience=PATIENCE):
    """Whether a connection of its own gets the right answer. False if the server refuses it or closes it without one."""
    try:
        with connect(port, timeout=patience) as connection:
            return is_hello(connection.ask(request))
    except TimeoutError:
        raise Broken("a connection is neither served nor closed") from None
    except Exception:  # closed, reset, half a response
        return False


def talk(port, request, *, to_the_end=True):
    """Sends bytes, and reads what comes. The server may refuse or reset the connection, but must not leave it waiting."""
    try:
        with socket.create_connection(("127.0.0.1", port), PATIENCE) as connection:
            connection.sendall(request)
            if to_the_end:
                connection.shutdown(socket.SHUT_WR)
                while connection.recv(1 << 16):
                    pass
    except TimeoutError:
        raise Broken("a connection is neither served nor closed") from None
    except OSError:
        pass


def requests(port):
    """What the clients do while calls fail. The faults may cost each of them its response."""
    for request in (GET % b"/", GET % b"/" + GET % b"/missing", POST, GET % b"/big?n=300000"):
        talk(port, request)
    talk(port, b"GET / HT", to_the_end=False)


def check_alive(server, patience):
    """Raises Broken if the server ends within so many seconds."""
    try:
        status = server.process.wait(patience)
    except subprocess.TimeoutExpired:
        return
    raise Broken(f"ended with {status} while it served: {server.said()[:300]!r}")


def play(server, normal_end):
    """One run. `normal_end` is the status with which it ends without a fault; None: whatever it is."""
    if server.port is None:
        server.process.wait(PATIENCE)
        if server.process.returncode != 1 or not server.said().startswith("error: "):
            raise Broken(f"ended with {server.process.returncode} before it listened: {server.said()[:300]!r}")
        return
    requests(server.port)
    for _ in range(ATTEMPTS):
        check_alive(server, patience=0)
        if answers(server.port, GET % b"/"):
            break
    else:
        check_alive(server, patience=1)  # its sockets close a moment before it has ended
        raise Broken("serves nobody any more")
    server.process.send_signal(signal.SIGTERM)
    try:
        status = server.process.wait(PATIENCE)
    except subprocess.TimeoutExpired:
        raise Broken("does not end when told") from None
    if normal_end is not None and status != normal_end:
        raise Broken(f"ended with {status}, not {normal_end}, when told: {server.said()[:300]!r}")
    if any(word in server.said() for word in SANITIZERS):
        raise Broken(server.said()[:3000])


def run(command, layer, plan=None, normal_end=None):
    """The calls, or those that failed, and the status at the end. Raises Broken."""
    server = Server(command, layer, plan)
    try:
        play(server, normal_end)
    except subprocess.TimeoutExpired:
        raise Broken("neither listens nor ends") from None
    finally:
        server.kill()
        calls = server.calls()
        server.log.close()
    return calls, server.process.returncode


def points(calls, layer, chapter):
    """(number of the call, the call, its fault, how often it fails) for all that can happen."""
    return [(at, call, fault, repeat) for at, call in enumerate(calls) for fault in layer.faults[call]
            if (layer.names[call], fault) not in NOT_PROMISED.get(chapter, ()) for repeat in REPEATS]


def describe(title, number, plan, layer):
    at, call, fault, repeat = plan
    how = "one byte" if fault == SHORT else errno.errorcode[fault]
    times = f", {repeat} times" if repeat > 1 else ""
    return f"{title}, point {number}: call {at}, {layer.names[call]}: {how}{times}"


def sweep(title, chapter, command, layer, every=1, only=None):
    """How many faults struck, and what was broken: [(description, what)]."""
    run(command, layer)
    calls, status = run(command, layer)
    struck, broken = 0, []
    for number, plan in enumerate(points(calls, layer, chapter)):
        if number % every if only is None else number != only:
            continue
        try:
            failed, _ = run(command, layer, plan, status)
            struck += bool(failed)
        except Broken as error:
            broken.append((describe(title, number, plan, layer), str(error)))
            print(f"FAILED: {broken[-1][0]}: {broken[-1][1]}", flush=True)
    return struck, broken


def sweep_all(build, layer, arguments):
    counts = collections.Counter()
    for server in declared_servers():
        if server.chapter == "final" or arguments.server not in (None, server.name):
            continue
        command = [str(build / server.program), *server.arguments]
        struck, broken = sweep(server.title, server.chapter, command, layer, arguments.every, arguments.point)
        print(f"{server.title:18} {struck:6,} faults, {len(broken)} failed", flush=True)
        counts += collections.Counter(faults=struck, failed=len(broken))
    print(f"{counts['faults']:,} faults tried, {counts['failed']} failed")
    return 0 if counts["faults"] and not counts["failed"] else 1


def prove(build, layer):
    """The planted defects, and what the sweep has to say of each."""
    program = build / "tests" / "faults" / "planted_server"
    missed = 0
    for defect, noticed in (("crashes", "ended with -6 while it served"), ("ends", "ended with 1 while it served"),
                            ("hangs", "a connection is neither served nor closed"), ("refuses", "serves nobody any more"),
                            ("stays", "does not end when told")):
        said = prove_one([str(program), defect], layer)
        missed += noticed not in said
        print(f"{'noticed' if noticed in said else 'FAILED: not noticed'}: {noticed}", flush=True)
    missed += prove_one([str(program), "none"], layer) != ""
    return 1 if missed else 0


def prove_one(command, layer):
    """What is broken if the first read fails; empty: nothing."""
    calls, status = run(command, layer)
    read = layer.names.index("read")
    try:
        run(command, layer, (calls.index(read), read, errno.EIO, 1), status)
    except Broken as error:
        return str(error)
    return ""


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--every", type=int, default=1, help="only each so many-th point (1)")
    parser.add_argument("--server", help="only this one, as named in tests/chapters/*/wire.toml",
                        choices=[server.name for server in declared_servers() if server.chapter != "final"])
    parser.add_argument("--point", type=int, help="only this point")
    parser.add_argument("--prove", action="store_true", help="show that defects are noticed")
    arguments = parser.parse_args()
    build = pathlib.Path(os.environ.get("TORNADO_BUILD", ROOT / "build" / "debug"))
    layer = Layer(build / "tests" / "faults" / "libfaults.so")
    return prove(build, layer) if arguments.prove else sweep_all(build, layer, arguments)


if __name__ == "__main__":
    sys.exit(main())
