"""Clients that vanish, with RST, at every step of an exchange. Nobody else may notice, and nothing may stay behind:
no handler object, no descriptor."""

import json

import pytest
from raw import connect
from wire_server import wait_until

POST = b"POST /echo HTTP/1.1\r\nHost: h\r\nContent-Length: 5\r\n\r\nabcde"
CHUNKED = b"POST /echo HTTP/1.1\r\nHost: h\r\nTransfer-Encoding: chunked\r\n\r\n5\r\nabcde\r\n0\r\n\r\n"
GET = b"GET / HTTP/1.1\r\nHost: h\r\n\r\n"
SLOW = b"GET /slow?s=0.02 HTTP/1.1\r\nHost: h\r\n\r\n"


@pytest.fixture
def probe(server, new_client):
    """Asks /stats before the test; afterwards everything must be as it was."""
    connection = new_client()
    before = stats(connection)
    files = server.open_files()
    yield connection
    wait_until(lambda: stats(connection)["alive"] <= before["alive"], "the handlers are gone")
    wait_until(lambda: server.open_files() <= files, "the descriptors are closed")


def stats(connection):
    return json.loads(connection.get("/stats").body)


@pytest.mark.parametrize("request_bytes", [POST, CHUNKED], ids=["length", "chunked"])
def test_after_each_byte_of_a_request(server, probe, request_bytes):
    for size in range(len(request_bytes) + 1):
        client = connect(server.port)
        client.send(request_bytes[:size])
        client.reset()


def test_after_each_byte_of_a_response(server, probe):
    with connect(server.port) as client:
        client.send(b"GET / HTTP/1.1\r\nHost: h\r\nConnection: close\r\n\r\n")
        size = len(client.read_to_end()) - len("Connection: close\r\n")
    for read in range(size):
        client = connect(server.port)
        client.send(GET)
        received = 0
        while received < read:
            received += len(client.sock.recv(read - received))
        client.reset()


def test_after_each_piece_of_a_large_response(server, probe):
    for read in range(0, 1_000_000, 65536):
        client = connect(server.port, receive_buffer=4096)
        client.send(b"GET /big?n=5000000 HTTP/1.1\r\nHost: h\r\n\r\n")
        received = 0
        while received < read:
            received += len(client.sock.recv(min(65536, read - received)))
        client.reset()


def test_while_a_coroutine_waits(server, probe):
    before = stats(probe)
    clients = [connect(server.port) for _ in range(20)]
    for client in clients:
        client.send(SLOW)
    wait_until(lambda: stats(probe)["alive"] > 0, "the handlers run")
    for client in clients:
        client.reset()
    wait_until(lambda: stats(probe)["finished"] == before["finished"] + 20, "every on_finish was called")


def test_while_a_handler_is_held_on_connection_close_is_called_once(server, probe):
    before = stats(probe)
    clients = [connect(server.port) for _ in range(20)]
    for client in clients:
        client.send(b"GET /hold HTTP/1.1\r\nHost: h\r\n\r\n")
    wait_until(lambda: stats(probe)["alive"] >= before["alive"] + 20, "the handlers are held")
    for client in clients:
        client.reset()
    wait_until(lambda: stats(probe)["closed"] == before["closed"] + 20, "every on_connection_close was called")
    wait_until(lambda: stats(probe)["finished"] == before["finished"] + 20, "every on_finish was called")
    assert stats(probe)["closed"] == before["closed"] + 20


def test_while_a_handler_that_never_finishes_is_open(start_server):
    # Something may still hold the handler and call its finish(): it is told, and lives until then or to the end of
    # the application, where it must not leak (the server is stopped after this test).
    server = start_server()
    clients = [connect(server.port) for _ in range(20)]
    with connect(server.port) as probe:
        for client in clients:
            client.send(b"GET /never HTTP/1.1\r\nHost: h\r\n\r\n")
        wait_until(lambda: stats(probe)["alive"] == 20, "the handlers are open")
        files = server.open_files()
        for client in clients:
            client.reset()
        wait_until(lambda: stats(probe)["closed"] == 20, "every on_connection_close was called")
        wait_until(lambda: server.open_files() == files - 20, "the descriptors are closed")


def test_between_the_flushes_of_a_response(server, probe):
    with connect(server.port) as client:
        client.send(b"GET /flush HTTP/1.1\r\nHost: h\r\nConnection: close\r\n\r\n")
        size = len(client.read_to_end())
    for read in range(0, size - len("Connection: close\r\n"), 10):
        client = connect(server.port)
        client.send(b"GET /flush HTTP/1.1\r\nHost: h\r\n\r\n")
        received = 0
        while received < read:
            received += len(client.sock.recv(read - received))
        client.reset()


def test_with_pipelined_requests_unanswered(server, probe):
    for count in (1, 2, 10, 100):
        client = connect(server.port)
        client.send((SLOW + GET + CHUNKED) * count)
        client.reset()


def test_after_a_refusal_was_sent(server, probe):
    for _ in range(20):
        client = connect(server.port)
        client.send(b"garbage\r\n\r\n" + b"x" * 10000)
        client.reset()


def test_while_the_server_waits_for_the_body_it_asked_for(server, probe):
    client = connect(server.port)
    assert client.ask(b"POST /echo HTTP/1.1\r\nHost: h\r\nExpect: 100-continue\r\nContent-Length: 5\r\n\r\n").status == 100
    client.reset()


def test_others_are_not_disturbed(server, probe):
    with connect(server.port) as steady:
        for round_number in range(50):
            client = connect(server.port)
            client.send((GET + POST)[:round_number])
            client.reset()
            assert steady.ask(GET).body == b"Hello, world"
