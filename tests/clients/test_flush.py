"""Section 3.5 of the behaviour list: answers sent piece by piece, and handlers that answer later."""

import json

import pytest
from raw import connect
from wire_server import wait_until


def test_3_5_each_flush_is_a_chunk(client):
    response = client.get("/flush")
    assert (response.framing, response.chunks) == ("chunked", [b"one", b"two", b"three", b"end"])
    assert response.get("Etag") is None and response.get("Content-Length") is None
    client.assert_open()


def test_3_5_HEAD_of_what_is_flushed_has_no_body(client):
    response = client.get("/flush", method="HEAD")
    assert response.status == 200 and response.get("Content-Length") is None
    client.assert_open()


def test_3_5_exception_after_flush_ends_the_reply(client, server):
    response = client.get("/flush_throw")
    assert (response.status, response.body) == (200, b"begun")
    client.assert_open()
    assert "Cannot send error response after headers written" in server.log()


def test_asynchronous_handler_answers_when_it_finishes(client):
    assert client.get("/async").body == b"async"
    client.assert_open()


def test_coroutine_answers_when_it_ends(client):
    assert client.get("/slow?s=0.01").body == b"slow"
    client.assert_open()


def test_slow_handlers_do_not_wait_for_each_other(new_client):
    probe = new_client()
    before = json.loads(probe.get("/stats").body)["alive"]
    clients = [new_client() for _ in range(50)]
    for one in clients:
        one.send(b"GET /hold HTTP/1.1\r\nHost: h\r\n\r\n")
    wait_until(lambda: json.loads(probe.get("/stats").body)["alive"] >= before + 50, "all are held")
    assert probe.get("/release").body == b"released"
    for one in clients:
        assert one.read_response().body == b"held"
        one.assert_open()


def test_11_asynchronous_without_finish_sends_nothing(start_server):
    server = start_server()
    with connect(server.port) as client, connect(server.port) as probe:
        client.send(b"GET /never HTTP/1.1\r\nHost: h\r\n\r\n")
        wait_until(lambda: json.loads(probe.get("/stats").body)["alive"] == 1, "the handler runs")
        client.sock.setblocking(False)
        with pytest.raises(BlockingIOError):
            client.sock.recv(1)
