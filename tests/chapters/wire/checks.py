"""The capabilities: one function each, its first line the row of the grid. `patience` is how many seconds to wait for
what a capable server does at once."""

import contextlib
import resource
import subprocess
import time

from raw import connect
from wire_server import wait_until

GET = b"GET / HTTP/1.1\r\nHost: h\r\n\r\n"
POST = b"POST /echo HTTP/1.1\r\nHost: h\r\nContent-Length: 5\r\n\r\nabcde"


def is_hello(response):
    return (response.status, response.framing, response.body) == (200, "length", b"Hello, world")


def assert_answers(server, patience):
    with connect(server.port, timeout=patience) as client:
        assert is_hello(client.ask(GET))


def waiting_to_be_accepted(port):
    """The number of connections in the kernel's queue of the server."""
    with open("/proc/net/tcp") as table:
        for line in table:
            _, local, _, state, queues, *_ = line.split()
            if local.endswith(f":{port:04X}") and state == "0A":  # it listens
                return int(queues.rpartition(":")[2], 16)
    raise AssertionError(f"nobody listens on port {port}")


@contextlib.contextmanager
def crowd(server, size, patience):
    """`size` connections that say nothing. While the server's queue is full, the kernel drops a client's SYN, and the client
    sends it again a second later: so it gets no more than half full."""
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    resource.setrlimit(resource.RLIMIT_NOFILE, (hard, hard))
    clients = []
    try:
        for number in range(size):
            if number % 64 == 0:
                wait_until(lambda: waiting_to_be_accepted(server.port) == 0, "the server accepts its clients", patience)
            clients.append(connect(server.port, timeout=patience))
        yield clients
    finally:
        for client in clients:
            client.close()
        resource.setrlimit(resource.RLIMIT_NOFILE, (soft, hard))


def plain_get(server, patience):
    """GET: the response has its length; a server that closes announces it, and closes gracefully"""
    with connect(server.port, timeout=patience) as client:
        response = client.ask(GET)
        assert is_hello(response)
        if response.closes:
            client.assert_closed()


def curl(server, patience):
    """curl gets a page, and gets back what it posts"""
    options = ["curl", "--silent", "--fail", "--noproxy", "*", "--max-time", str(patience)]
    page = subprocess.run([*options, server.url + "/"], capture_output=True, check=True, timeout=60)
    assert page.stdout == b"Hello, world"
    echo = subprocess.run([*options, "--data-binary", "@-", server.url + "/echo"], input=b"x" * 300_000,
                          capture_output=True, check=True, timeout=60)
    assert echo.stdout == b"POST /echo 300000\n" + b"x" * 300_000


def head_request(server, patience):
    """HEAD, where a page supports it: the head of GET, and no body"""
    with connect(server.port, timeout=patience) as client:
        response = client.get("/head", "Connection: close", method="HEAD")
        assert response.get("Content-Length") == "12"
        client.assert_closed()


def bytewise(server, patience):
    """a request that arrives byte by byte"""
    with connect(server.port, timeout=patience) as client:
        client.send_bytewise(POST)
        assert client.read_response().body == b"POST /echo 5\nabcde"


def half_close(server, patience):
    """a client that has half-closed gets a response that is ready at once"""
    with connect(server.port, timeout=patience) as client:
        client.send(GET)
        client.half_close()
        assert is_hello(client.read_response())
        client.assert_closed()


def cut_off(server, patience):
    """a client that leaves after any byte of its request, by FIN or by reset, harms nobody"""
    for size in range(len(POST) + 1):
        for leave in ("half_close", "close", "reset"):
            client = connect(server.port, timeout=patience)
            client.send(POST[:size])
            getattr(client, leave)()
            client.close()
    assert_answers(server, patience)


def leaves_the_answer(server, patience):
    """a client that leaves in the middle of a large response harms nobody"""
    for size in range(0, 300_000, 50_000):
        client = connect(server.port, timeout=patience, receive_buffer=4096)
        client.send(b"GET /big?n=5000000 HTTP/1.1\r\nHost: h\r\n\r\n")
        received = 0
        while received < size:
            received += len(client.sock.recv(65536))
        client.reset()
    assert_answers(server, patience)


def garbage(server, patience):
    """bytes that are not a request: a 400, which arrives although the client sent more"""
    with connect(server.port, timeout=patience) as client:
        client.send(b"garbage\r\n\r\n" + b"x" * 20_000)
        assert client.read_response().status == 400
        client.assert_closed()


def endless_head(server, patience):
    """a head without an end: a refusal, or a closed connection"""
    with connect(server.port, timeout=patience) as client:
        client.send(b"GET / HTTP/1.1\r\nA: " + b"x" * 100_000)
        answer = client.read_to_end()
        assert answer == b"" or answer.startswith((b"HTTP/1.1 400 ", b"HTTP/1.1 431 "))


def silent_neighbour(server, patience):
    """a client that connects and says nothing does not hold up the next"""
    with connect(server.port, timeout=patience) as first:
        assert_answers(server, patience)
        assert is_hello(first.ask(GET))


def slow_reader(server, patience):
    """a client that does not read its large response does not hold up the next"""
    with connect(server.port, timeout=patience, receive_buffer=4096) as reader:
        reader.send(b"GET /big?n=20000000 HTTP/1.1\r\nHost: h\r\nConnection: close\r\n\r\n")
        assert reader.sock.recv(1)
        assert_answers(server, patience)


def slow_handlers(server, patience):
    """64 handlers that wait 0.1 s take less than 1.2 s together"""
    wait = min(0.1, patience / 20)  # shorter for a server that is declared to need 64 times as long: it goes on to the end
    limit = 12 * wait
    start = time.monotonic()
    with contextlib.ExitStack() as stack:
        clients = [stack.enter_context(connect(server.port)) for _ in range(64)]
        for client in clients:
            client.send(f"GET /slow?s={wait} HTTP/1.1\r\nHost: h\r\nConnection: close\r\n\r\n".encode())
        for client in clients:
            client.sock.settimeout(max(0.001, start + limit - time.monotonic()))
            assert client.read_response().body == b"slow"
            client.close()
    assert time.monotonic() - start < limit


def idle_100(server, patience):
    """one client is served beside 100 silent connections"""
    with crowd(server, 100, patience):
        assert_answers(server, patience)


def idle_1000(server, patience):
    """one client is served beside 1,000 silent connections"""
    with crowd(server, 1000, patience):
        assert_answers(server, patience)


def idle_2500(server, patience):
    """one client is served beside 2,500 silent connections"""
    with crowd(server, 2500, patience):
        assert_answers(server, patience)


def keep_alive(server, patience):
    """ten requests on one connection"""
    with connect(server.port, timeout=patience) as client:
        for _ in range(10):
            assert is_hello(client.ask(GET))


def pipelined(server, patience):
    """ten requests sent at once get their responses in order"""
    with connect(server.port, timeout=patience) as client:
        client.send((GET + POST) * 5)
        for _ in range(5):
            assert is_hello(client.read_response())
            assert client.read_response().body == b"POST /echo 5\nabcde"


def chunked_upload(server, patience):
    """a body in chunks"""
    with connect(server.port, timeout=patience) as client:
        client.send(b"POST /echo HTTP/1.1\r\nHost: h\r\nTransfer-Encoding: chunked\r\n\r\n3\r\nabc\r\n2\r\nde\r\n0\r\n\r\n")
        assert client.read_response().body == b"POST /echo 5\nabcde"


CAPABILITIES = {check.__name__: check for check in (
    plain_get, curl, head_request, bytewise, half_close, cut_off, leaves_the_answer, garbage, endless_head,
    silent_neighbour, slow_reader, slow_handlers, idle_100, idle_1000, idle_2500, keep_alive, pipelined, chunked_upload)}
