"""Many requests on one connection, sent without waiting: row 1.1 (5) of the behaviour list at length."""

import threading

import pytest
from raw import BAD_REQUEST

GET = b"GET / HTTP/1.1\r\nHost: h\r\n\r\n"


def numbered(number):
    return b"GET /path/%d/x HTTP/1.1\r\nHost: h\r\n\r\n" % number


def mixed(number):
    """The request with this number, with one body or another, and what the answer says of it."""
    body = b"b" * (number * 7 % 50)
    kind = number % 4
    if kind == 0:
        return b"POST /echo?%d HTTP/1.1\r\nHost: h\r\nContent-Length: %d\r\n\r\n" % (number, len(body)) + body, \
            b"POST /echo?%d %d\n" % (number, len(body)) + body
    if kind == 1:
        chunks = b"".join(b"1;n=%d\r\n%c\r\n" % (i, byte) for i, byte in enumerate(body))
        return b"PUT /echo?%d HTTP/1.1\r\nHost: h\r\nTransfer-Encoding: chunked\r\n\r\n" % number + chunks + b"0\r\n\r\n", \
            b"PUT /echo?%d %d\n" % (number, len(body)) + body
    if kind == 2:
        return b"GET /async?%d HTTP/1.1\r\nHost: h\r\n\r\n" % number, b"async"
    return numbered(number), b"%d|x" % number


def test_1_1_5_a_hundred_in_one_write(client):
    client.send(b"".join(numbered(i) for i in range(100)))
    for i in range(100):
        assert client.read_response().body == b"%d|x" % i
    client.assert_open()


def test_1_1_5_a_hundred_with_bodies_and_waits_in_one_write(client):
    requests, answers = zip(*map(mixed, range(100)))
    client.send(b"".join(requests))
    for answer in answers:
        assert client.read_response().body == answer
    client.assert_open()


def test_1_1_5_a_hundred_byte_by_byte(client):
    requests, answers = zip(*map(mixed, range(100)))
    client.send_bytewise(b"".join(requests))
    for answer in answers:
        assert client.read_response().body == answer
    client.assert_open()


@pytest.mark.parametrize("size", [2, 3, 7, 64, 1000, 1460, 4096])
def test_1_1_5_a_hundred_in_pieces_of(client, size):
    requests, answers = zip(*map(mixed, range(100)))
    data = b"".join(requests)
    client.send_in_pieces(data, *range(size, len(data), size))
    for answer in answers:
        assert client.read_response().body == answer
    client.assert_open()


def test_1_1_5_a_client_that_sends_on_and_reads_late_loses_nothing(new_client):
    # Far more answers than the buffers between the two hold: the server must stop reading, and go on later.
    client = new_client(receive_buffer=4096, timeout=30)
    count = 2000
    request = b"GET /big?n=5000 HTTP/1.1\r\nHost: h\r\n\r\n"
    sender = threading.Thread(target=client.send, args=(request * count,))
    sender.start()
    for _ in range(count):
        assert len(client.read_response().body) == 5000
    sender.join()
    client.assert_open()


def test_large_answers_to_pipelined_requests_come_whole(client):
    request = b"GET /big?n=1000000 HTTP/1.1\r\nHost: h\r\n\r\n"
    client.send(request * 10)
    for _ in range(10):
        assert client.read_response().body == b"x" * 1000000
    client.assert_open()


@pytest.mark.parametrize("garbage", [b"\x16\x03\x01\x02\x00\x01\r\n\r\n", b"garbage\r\n\r\n", b"GET / HTTP/1.1\r\nHost: h\r\nbad\r\n\r\n",
                                     b"POST / HTTP/1.1\r\nHost: h\r\nContent-Length: -1\r\n\r\n"])
def test_garbage_after_a_request_the_request_is_answered_first(client, garbage):
    client.send(GET + garbage)
    assert client.read_response().body == b"Hello, world"
    assert client.read_to_end() == BAD_REQUEST


def test_garbage_after_a_slow_request_the_request_is_answered_first(client):
    client.send(b"GET /slow?s=0.05 HTTP/1.1\r\nHost: h\r\n\r\n" + b"garbage\r\n\r\n")
    assert client.read_response().body == b"slow"
    assert client.read_to_end() == BAD_REQUEST


def test_requests_after_garbage_are_not_answered(client):
    client.send(GET * 3 + b"garbage\r\n\r\n" + GET * 3)
    for _ in range(3):
        assert client.read_response().body == b"Hello, world"
    assert client.read_to_end() == BAD_REQUEST


def test_requests_after_close_are_not_answered(client):
    client.send(GET + b"GET / HTTP/1.1\r\nHost: h\r\nConnection: close\r\n\r\n" + GET * 3)
    for _ in range(2):
        assert client.read_response().body == b"Hello, world"
    client.assert_closed()


def test_an_error_page_does_not_disturb_the_next(client):
    client.send(b"GET /throw HTTP/1.1\r\nHost: h\r\n\r\n" + GET + b"GET /none HTTP/1.1\r\nHost: h\r\n\r\n" + GET)
    assert [client.read_response().status for _ in range(4)] == [500, 200, 404, 200]
    client.assert_open()
