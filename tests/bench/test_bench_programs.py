"""Proves what measures: the yardsticks raw_epoll, raw_uring and hold, compiled here with ASan and UBSan, and template_bench.

raw_uring is tested where liburing is installed. Wherever it is not, test_wait_bench.py and test_static_bench.py prove that the
harness refuses it.
A wrong yardstick measures nothing, and contenders that do different work are no contenders.
"""

import json
import os
import re
import socket
import subprocess
import sys
import time
from pathlib import Path

import pytest

HERE = Path(__file__).resolve().parent
REPLY = b"HTTP/1.1 200 OK\r\nContent-Type: text/plain\r\nContent-Length: 12\r\n\r\nHello, world"
HEAD = b"GET / HTTP/1.1\r\nHost: localhost\r\n\r\n"
RAW = ["raw_epoll"] + ["raw_uring"] * Path("/usr/include/liburing.h").exists()


@pytest.fixture(scope="module")
def programs(tmp_path_factory):
    folder = tmp_path_factory.mktemp("programs")
    for name in (*RAW, "hold"):
        subprocess.run([os.environ.get("CXX", "g++"), "-std=c++20", "-O1", "-g", "-fsanitize=address,undefined",
                        "-fno-sanitize-recover=undefined", str(HERE / f"{name}.cc"), "-o", str(folder / name),
                        *["-luring"] * (name == "raw_uring")], check=True, timeout=100)
    return folder


class Process:
    """A server that prints the port it listens on; what it prints to stderr must stay empty."""

    def __init__(self, command):
        self._process = subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)
        self.pid = self._process.pid
        self.port = int(re.search(r":(\d+)", self._process.stdout.readline()).group(1))

    def __enter__(self):
        return self

    def __exit__(self, *_exception):
        ended = self._process.poll()
        self._process.terminate()
        assert (ended, self._process.communicate()[1]) == (None, "")

    def connect(self):
        return socket.create_connection(("127.0.0.1", self.port), timeout=10)


@pytest.fixture(params=RAW)
def raw_program(programs, request):
    return programs / request.param


@pytest.fixture
def raw(raw_program):
    with Process([raw_program, "0"]) as server:
        yield server


def is_sleeping(pid):
    return Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0] == "S"


def open_descriptors(pid):
    return len(os.listdir(f"/proc/{pid}/fd"))


def read_exactly(client, size):
    received = b""
    while len(received) < size:
        chunk = client.recv(65536)
        assert chunk, f"closed after {len(received)} of {size} bytes"
        received += chunk
    return received


# --- raw_epoll and raw_uring -----------------------------------------------------------------------------------------

def test_raw_answers_a_pipeline_in_one_send(raw):
    with raw.connect() as client:
        client.sendall(HEAD * 16)
        assert read_exactly(client, 16 * len(REPLY)) == REPLY * 16


@pytest.mark.parametrize("cut", range(1, len(HEAD)))
def test_raw_finds_a_blank_line_cut_anywhere(raw, cut):
    with raw.connect() as client, raw.connect() as other:
        client.sendall(HEAD[:cut])
        other.sendall(HEAD)  # its answer tells that the server has read the first part: it serves in order
        assert read_exactly(other, len(REPLY)) == REPLY
        client.sendall(HEAD[cut:] + HEAD)
        assert read_exactly(client, 2 * len(REPLY)) == REPLY * 2


def test_raw_keeps_the_replies_whole_when_the_client_reads_late(raw):
    count = 450_000  # 17 MB of requests, 35 MB of replies: more than the buffers on the way hold
    with socket.socket() as client:
        client.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 65536)
        client.connect(("127.0.0.1", raw.port))
        client.setblocking(False)
        unsent, received, asleep = memoryview(HEAD * count), bytearray(), 0
        while asleep < 100:  # the server sleeps on unread requests: the replies have blocked it, and so it us
            try:
                unsent = unsent[client.send(unsent):]
                asleep = 0
            except BlockingIOError:
                asleep = asleep + 1 if is_sleeping(raw.pid) else 0
                os.sched_yield()
        assert unsent, "the server took all requests without sending its replies"
        deadline = time.monotonic() + 60
        while len(received) < count * len(REPLY):
            assert time.monotonic() < deadline, f"stuck after {len(received)} bytes"
            try:
                received += client.recv(1 << 20)
            except BlockingIOError:
                os.sched_yield()
            if unsent:
                try:
                    unsent = unsent[client.send(unsent):]
                except BlockingIOError:
                    pass
        assert bytes(received) == REPLY * count


def test_raw_survives_clients_that_leave_or_reset(raw):
    for _ in range(20):
        with raw.connect() as client:
            client.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, b"\1\0\0\0\0\0\0\0")
            client.sendall(HEAD * 100)
    with raw.connect() as client:
        client.sendall(HEAD)
        assert read_exactly(client, len(REPLY)) == REPLY


def test_raw_waits_before_each_reply_but_serves_others_meanwhile(raw_program):
    with Process([raw_program, "0", "100"]) as server:
        clients = [server.connect() for _ in range(20)]
        start = time.monotonic()
        for client in clients:
            client.sendall(HEAD)
        for client in clients:
            assert read_exactly(client, len(REPLY)) == REPLY
            assert time.monotonic() - start >= 0.1
            client.close()
        assert time.monotonic() - start < 1.0  # one after the other would take two seconds


def test_raw_gives_no_reply_to_the_next_connection_on_a_descriptor(raw_program):
    with Process([raw_program, "0", "100"]) as server:
        before = open_descriptors(server.pid)
        with server.connect() as leaver:
            leaver.sendall(HEAD)
            while open_descriptors(server.pid) == before:
                os.sched_yield()
        while open_descriptors(server.pid) > before:
            os.sched_yield()
        with server.connect() as next_one:
            next_one.settimeout(0.3)
            with pytest.raises(socket.timeout):
                next_one.recv(1)


def file_reply(content):
    return b"HTTP/1.1 200 OK\r\nContent-Type: text/plain\r\nContent-Length: %d\r\n\r\n%b" % (len(content), content)


@pytest.mark.parametrize("size", [0, 1, 131_072, 131_073, 3_000_000])  # raw_uring's pieces have 131,072 bytes, its chains 8 pieces
def test_raw_sends_a_file_to_all_who_ask_at_once(raw_program, tmp_path, size):
    content = os.urandom(size)
    (tmp_path / "file").write_bytes(content)
    with Process([raw_program, "0", "0", tmp_path / "file"]) as server:
        clients = [server.connect() for _ in range(40)]  # more than the memory that raw_uring has registered
        for client in clients:
            client.sendall(HEAD * 2)
        for client in clients:
            assert read_exactly(client, 2 * len(file_reply(content))) == file_reply(content) * 2
            client.close()


def test_raw_survives_clients_that_leave_in_the_middle_of_a_file(raw_program, tmp_path):
    content = os.urandom(3_000_000)
    (tmp_path / "file").write_bytes(content)
    with Process([raw_program, "0", "0", tmp_path / "file"]) as server:
        before = open_descriptors(server.pid)
        for _ in range(50):  # more than the memory that raw_uring has registered
            with server.connect() as client:
                client.sendall(HEAD)
                read_exactly(client, 1000)
        with server.connect() as client:
            client.sendall(HEAD)
            assert read_exactly(client, len(file_reply(content))) == file_reply(content)
        while open_descriptors(server.pid) > before:
            os.sched_yield()


def test_raw_closes_the_connection_if_the_file_has_shrunk(raw_program, tmp_path):
    (tmp_path / "file").write_bytes(bytes(500_000))
    with Process([raw_program, "0", "0", tmp_path / "file"]) as server:
        os.truncate(tmp_path / "file", 200_000)
        with server.connect() as client:
            client.sendall(HEAD)
            received = 0
            while chunk := client.recv(1 << 20):
                received += len(chunk)
            assert received < 500_000


# --- hold ------------------------------------------------------------------------------------------------------------

SERVER = """
import socketserver
class Handler(socketserver.StreamRequestHandler):
    def handle(self):
        self.server.connections += 1
        closes = self.server.connections in {closing!r}
        while True:
            while (line := self.rfile.readline()) not in (b"\\r\\n", b""):
                pass
            if not line:
                return
            self.wfile.write({reply!r})
            if closes:
                return
class Server(socketserver.ThreadingTCPServer):
    daemon_threads, request_queue_size, connections = True, 512, 0
    def handle_error(self, request, address):
        pass  # hold leaves by reset
with Server(("127.0.0.1", 0), Handler) as server:
    print(f"listening on 127.0.0.1:{{server.server_address[1]}}", flush=True)
    server.serve_forever()
"""


def hold(programs, port, pid, *options):
    return subprocess.run([programs / "hold", str(port), str(pid), *map(str, options)], capture_output=True, text=True,
                          timeout=60)


def fake_server(reply, closing=()):
    """Sends the reply to every request; closes the connections numbered in closing (from 1) after their first one."""
    return Process([sys.executable, "-c", SERVER.format(reply=reply, closing=closing)])


def test_hold_counts_a_crowd_and_says_the_limit_of_open_files(programs, raw):
    done = hold(programs, raw.port, raw.pid, 1000)
    figures = json.loads(done.stdout)
    assert done.returncode == 0
    assert (figures["connections"], figures["alive"]) == (1000, 1000)
    assert figures["seconds"] > 0
    assert 0 < figures["crowd_p50_us"] <= figures["crowd_p99_us"]
    assert figures["rss_before_kib"] > 0
    assert re.match(r"hold: \d+ open files allowed, 1016 needed\n", done.stderr)


def test_hold_sees_memory_that_every_connection_takes(programs):
    # A thread and its Python objects for each connection: far over 4 KiB, far under 1 MiB.
    with fake_server(REPLY) as server:
        figures = json.loads(hold(programs, server.port, server.pid, 200).stdout)
    assert 4096 < figures["bytes_per_connection"] < 2**20


@pytest.mark.parametrize("reply", [REPLY.replace(b"200", b"500"), REPLY.replace(b"world", b"earth"),
                                   REPLY + b"!", REPLY.replace(b"12", b"11"), REPLY.replace(b"Content-L", b"L")])
def test_hold_refuses_a_wrong_answer(programs, reply):
    with fake_server(reply) as server:
        done = hold(programs, server.port, server.pid, 5)
    assert done.returncode == 1
    assert "wrong answer" in done.stderr


def test_hold_counts_idle_connections_that_the_server_closes(programs):
    with fake_server(REPLY, closing=(3, 5)) as server:  # connection 1 is the active client's, 2 to 6 are the crowd
        done = hold(programs, server.port, server.pid, 5)
    assert done.returncode == 1
    assert json.loads(done.stdout)["alive"] == 3
    assert "closed 2 idle connections" in done.stderr


# --- template_bench --------------------------------------------------------------------------------------------------

def template_bench(program, folder):
    return subprocess.run([sys.executable, HERE / "template_bench.py", program, "--rounds", "1", "--json", folder / "template.json"],
                          capture_output=True, text=True, timeout=60)


def test_template_bench_measures_three_that_render_the_same_page(tmp_path):
    done = template_bench(Path(os.environ["TORNADO_BUILD"]) / "tests" / "bench" / "template_bench", tmp_path)
    assert (done.returncode, done.stderr) == (0, "")
    assert re.match(r"a page of \d{6} bytes, 1 rounds\n", done.stdout)
    rows = re.findall(r"^\| ([\w-]+) \| ([\d.]+) \| ([\d.]+) \| ([\d.]+) \|$", done.stdout, re.MULTILINE)
    assert [name for name, *_ in rows] == ["ours", "python3-tornado", "Jinja2"]
    assert all(float(median) == float(best) > 0 for _, median, best, _ in rows) and rows[0][3] == "1.0"
