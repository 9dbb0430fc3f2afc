"""Ten thousand idle connections in one server process, and one client that goes on working."""

import os
import resource
import selectors
import socket
import time

import pytest
from raw import connect
from wire_server import seconds_without_processor

CROWD = 10_000
SPARE = 200  # descriptors for everything that is not the crowd
BEATS = 20
BEAT = 0.05  # seconds
LIMIT = 0.050
GET = b"GET / HTTP/1.1\r\nHost: h\r\n\r\n"


@pytest.fixture
def open_file_limit():
    """As many descriptors as the system lets a process have; the server that is started later inherits them."""
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    wanted = CROWD + SPARE
    if hard != resource.RLIM_INFINITY and hard < wanted:
        try:
            resource.setrlimit(resource.RLIMIT_NOFILE, (wanted, wanted))
        except (ValueError, PermissionError):
            resource.setrlimit(resource.RLIMIT_NOFILE, (hard, hard))
    else:
        resource.setrlimit(resource.RLIMIT_NOFILE, (max(soft, wanted), hard))
    yield resource.getrlimit(resource.RLIMIT_NOFILE)[0]
    if resource.getrlimit(resource.RLIMIT_NOFILE)[1] == hard:
        resource.setrlimit(resource.RLIMIT_NOFILE, (soft, hard))


def waited(server):
    """Seconds that the server and this process have waited for a processor."""
    return server.seconds_without_processor() + seconds_without_processor(os.getpid())


def answered(sockets):
    """Sends a GET on each and reads the answers as they come."""
    with selectors.DefaultSelector() as selector:
        left = {}
        for sock in sockets:
            sock.sendall(GET)
            selector.register(sock, selectors.EVENT_READ)
            left[sock] = b""
        deadline = time.monotonic() + 30
        while left:
            assert time.monotonic() < deadline, f"{len(left)} connections were not answered"
            for key, _ in selector.select(1):
                data = key.fileobj.recv(4096)
                assert data, "the server closed a connection of the crowd"
                left[key.fileobj] += data
                if left[key.fileobj].endswith(b"\r\n\r\nHello, world"):
                    del left[key.fileobj]
                    selector.unregister(key.fileobj)


def test_idle_crowd_does_not_harm_an_active_client(open_file_limit, start_server, capsys):
    size = min(CROWD, open_file_limit - SPARE)
    with capsys.disabled():
        print(f"\n[idle crowd: {size} connections; a process may open {open_file_limit} files] ", end="", flush=True)
    assert size >= 500, "the limit on open files leaves no crowd"
    server = start_server("--logging=warning")
    crowd = []
    try:
        for begin in range(0, size, 250):
            batch = [socket.create_connection(("127.0.0.1", server.port), 10) for _ in range(min(250, size - begin))]
            crowd += batch
            answered(batch)
        latencies = []
        with connect(server.port) as active:
            cpu = server.cpu_seconds()
            for _ in range(BEATS):
                start = time.perf_counter() - waited(server)
                assert active.ask(GET).body == b"Hello, world"
                latencies.append(time.perf_counter() - waited(server) - start)
                assert active.get(f"/slow?s={BEAT}").body == b"slow"  # the server keeps the beat
            cpu = server.cpu_seconds() - cpu
        with capsys.disabled():
            print(f"[slowest answer {max(latencies) * 1e3:.1f} ms, {cpu:.2f} s of server CPU in {BEATS} beats] ", end="")
        assert max(latencies) < LIMIT
        answered(crowd[::100])
    finally:
        for sock in crowd:
            sock.close()
