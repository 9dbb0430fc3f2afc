"""A client that has said all it has to say, shuts down its sending side and still reads (RFC 9112 9.6)."""

import json

import pytest
from wire_server import wait_until

GET = b"GET / HTTP/1.1\r\nHost: h\r\n\r\n"


def stats(connection):
    return json.loads(connection.get("/stats").body)


def test_nothing_was_sent(client):
    client.half_close()
    client.assert_closed()


def test_after_a_request_it_is_answered_and_the_connection_ends(client):
    client.send(GET)
    client.half_close()
    assert client.read_response().body == b"Hello, world"
    client.assert_closed()


def test_after_pipelined_requests_all_are_answered(client):
    client.send(GET * 100)
    client.half_close()
    for _ in range(100):
        assert client.read_response().body == b"Hello, world"
    client.assert_closed()


def test_after_a_slow_request_it_is_answered(client):
    # Tornado takes the end of input for the end of the client and drops the answer.
    client.send(b"GET /slow?s=0.05 HTTP/1.1\r\nHost: h\r\n\r\n")
    client.half_close()
    assert client.read_response().body == b"slow"
    client.assert_closed()


def test_after_slow_requests_all_are_answered(client):
    client.send(b"GET /slow?s=0.01 HTTP/1.1\r\nHost: h\r\n\r\n" * 5)
    client.half_close()
    for _ in range(5):
        assert client.read_response().body == b"slow"
    client.assert_closed()


def test_after_a_request_for_a_large_answer_it_comes_whole(client):
    client.send(b"GET /big?n=5000000 HTTP/1.1\r\nHost: h\r\n\r\n")
    client.half_close()
    assert len(client.read_response().body) == 5000000
    client.assert_closed()


def test_after_a_flushed_answer_it_comes_whole(client):
    client.send(b"GET /flush HTTP/1.1\r\nHost: h\r\n\r\n")
    client.half_close()
    assert client.read_response().body == b"onetwothreeend"
    client.assert_closed()


@pytest.mark.parametrize("part", [
    b"G", b"GET / HTTP/1.1\r\n", b"GET / HTTP/1.1\r\nHost: h\r\n", b"GET / HTTP/1.1\r\nHost: h\r\n\r",
    b"POST /echo HTTP/1.1\r\nHost: h\r\nContent-Length: 5\r\n\r\n",
    b"POST /echo HTTP/1.1\r\nHost: h\r\nContent-Length: 5\r\n\r\nabcd",
    b"POST /echo HTTP/1.1\r\nHost: h\r\nTransfer-Encoding: chunked\r\n\r\n",
    b"POST /echo HTTP/1.1\r\nHost: h\r\nTransfer-Encoding: chunked\r\n\r\n3\r\nabc\r\n",
    b"POST /echo HTTP/1.1\r\nHost: h\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n",
])
def test_within_a_request_nothing_is_answered(client, part):
    client.send(part)
    client.half_close()
    client.assert_closed_silently()


def test_the_program_learns_it_from_on_connection_close(client, new_client):
    # TCP does not tell a client that only stopped sending from one that has gone.
    probe = new_client()
    before = stats(probe)["closed"]
    client.send(b"GET /hold HTTP/1.1\r\nHost: h\r\n\r\n")
    client.half_close()
    wait_until(lambda: stats(probe)["closed"] == before + 1, "on_connection_close was called")
