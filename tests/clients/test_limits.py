"""Limits and timeouts, made small by the application's options. Each has a default; none is a matter of goodwill."""

import subprocess
import time

import pytest
from raw import connect

GET = b"GET / HTTP/1.1\r\nHost: h\r\n\r\n"


REASONS = {413: "Request Entity Too Large", 414: "Request-URI Too Long", 431: "Request Header Fields Too Large"}


def assert_too_large(client, data, status):
    """The error page of the application, and the end of the connection."""
    response = client.ask(data)
    assert (response.status, response.reason) == (status, REASONS[status])
    assert f"<title>{status}: {REASONS[status]}</title>".encode() in response.body
    assert response.closes
    client.assert_closed()


def seconds_until_closed(client):
    start = time.monotonic()
    client.assert_closed_silently()
    return time.monotonic() - start


def resident_kilobytes(server):
    with open(f"/proc/{server.pid}/status") as status:
        return next(int(line.split()[1]) for line in status if line.startswith("VmRSS"))


def test_max_header_size(start_server):
    server = start_server("--max_header_size=1024")
    head = b"GET / HTTP/1.1\r\nHost: h\r\nX: "
    with connect(server.port) as client:
        assert client.ask(head + b"x" * (1024 - len(head) - 4) + b"\r\n\r\n").status == 200
        assert_too_large(client, head + b"x" * (1025 - len(head) - 4) + b"\r\n\r\n", 431)
    assert "431 GET / (127.0.0.1): message head exceeds the size limit" in server.log()
    assert server.log().count("431 GET / (127.0.0.1)") == 2  # the second is the access log


def test_a_target_beyond_max_header_size(start_server):
    server = start_server("--max_header_size=1024")
    with connect(server.port) as client:
        assert_too_large(client, b"GET /abc" + b"x" * 2000 + b" HTTP/1.1\r\nHost: h\r\n\r\n", 414)
    assert server.log().count("414 GET /abcxxx") == 2


def test_a_long_line_that_begins_no_request_is_a_400(start_server):
    server = start_server("--max_header_size=1024")
    with connect(server.port) as client:
        client.send(b"x" * 2000)
        client.assert_refused()


def test_max_body_size(start_server):
    server = start_server("--max_body_size=1000")
    for size, status in ((1000, 200), (1001, 413)):
        body = b"x" * size
        with connect(server.port) as client:
            response = client.ask(b"POST /echo HTTP/1.1\r\nHost: h\r\nContent-Length: %d\r\n\r\n" % size + body)
            assert response.status == status
        with connect(server.port) as client:
            half = size // 2
            chunks = b"%x\r\n%s\r\n" % (half, body[:half]) + b"%x\r\n%s\r\n" % (size - half, body[half:])
            response = client.ask(b"POST /echo HTTP/1.1\r\nHost: h\r\nTransfer-Encoding: chunked\r\n\r\n" + chunks + b"0\r\n\r\n")
            assert response.status == status


def test_a_body_over_the_limit_is_refused_before_it_is_sent(start_server):
    server = start_server("--max_body_size=1000")
    with connect(server.port) as client:
        assert_too_large(client, b"POST /echo HTTP/1.1\r\nHost: h\r\nContent-Length: 1001\r\n\r\n", 413)
    with connect(server.port) as client:
        assert_too_large(client, b"POST /echo HTTP/1.1\r\nHost: h\r\nTransfer-Encoding: chunked\r\n\r\n3e9\r\n", 413)
    assert server.log().count("413 POST /echo (127.0.0.1)") == 4  # twice a reason and a line of the access log


def test_the_refusal_arrives_though_the_body_keeps_coming(start_server):
    # Closing at once would make the kernel send RST, which can destroy the answer on its way (RFC 9112 9.6).
    server = start_server("--max_body_size=1000")
    for _ in range(20):
        with connect(server.port) as client:
            assert_too_large(client, b"POST /echo HTTP/1.1\r\nHost: h\r\nContent-Length: 30000\r\n\r\n" + b"x" * 30000, 413)


def test_curl_sees_the_refusal_of_an_upload_it_has_begun(start_server, tmp_path):
    server = start_server("--max_body_size=1000")
    upload = tmp_path / "upload"
    upload.write_bytes(b"x" * 10_000_000)
    for fields in (["-H", "Expect:"], ["-H", "Expect:", "-H", "Transfer-Encoding: chunked"], []):
        command = ["curl", "-sS", "-w", "%{http_code}", "-o", "/dev/null", *fields, "--data-binary", f"@{upload}", f"{server.url}/echo"]
        run = subprocess.run(command, capture_output=True, text=True, timeout=30)
        assert (run.returncode, run.stdout, run.stderr) == (0, "413", "")


def test_1_1_4_idle_connection_timeout(start_server):
    server = start_server("--idle_connection_timeout=0.2")
    with connect(server.port) as fresh, connect(server.port) as used:
        assert used.ask(GET).status == 200
        assert seconds_until_closed(used) < 5
        assert seconds_until_closed(fresh) < 5


def test_1_1_4_a_connection_in_use_is_not_idle(start_server):
    server = start_server("--idle_connection_timeout=0.2")
    with connect(server.port) as client:
        assert client.get("/slow?s=0.6").body == b"slow"
        client.assert_open()


def test_1_1_4_header_timeout_ends_a_half_sent_head(start_server):
    server = start_server("--header_timeout=0.2")
    for head in (b"G", b"GET / HTTP/1.1\r\n", b"GET / HTTP/1.1\r\nHost: h\r\nX: y"):
        with connect(server.port) as client:
            client.send(head)
            assert seconds_until_closed(client) < 5


def test_1_1_4_header_timeout_is_not_extended_by_a_dripping_client(start_server):
    server = start_server("--header_timeout=0.3")
    with connect(server.port, timeout=0.02) as client:
        client.send(b"GET / HTTP/1.1\r\nHost: h\r\nX: ")
        start = time.monotonic()
        while time.monotonic() - start < 5:
            try:
                client.send(b"x")
                if client.sock.recv(1) == b"":
                    break
            except TimeoutError:
                pass
            except (ConnectionResetError, BrokenPipeError):
                break
        assert 0.1 < time.monotonic() - start < 3


def test_1_1_4_header_timeout_does_not_end_an_idle_connection(start_server):
    server = start_server("--header_timeout=0.1")
    with connect(server.port) as idle, connect(server.port) as clock:
        assert idle.ask(GET).status == 200
        assert clock.get("/slow?s=0.4").body == b"slow"
        idle.assert_open()


def test_1_5_body_timeout(start_server):
    server = start_server("--body_timeout=0.2")
    with connect(server.port) as client:
        client.send(b"POST /echo HTTP/1.1\r\nHost: h\r\nContent-Length: 10\r\n\r\nabc")
        assert seconds_until_closed(client) < 5
    assert "Timeout reading body from 127.0.0.1" in server.log()


@pytest.mark.parametrize("framing", [b"Content-Length: 10\r\n\r\nabc", b"Transfer-Encoding: chunked\r\n\r\n3\r\nabc\r\n"])
def test_body_stall_timeout_ends_a_body_that_does_not_go_on(start_server, framing):
    server = start_server("--body_stall_timeout=0.2")
    with connect(server.port) as client:
        client.send(b"POST /echo HTTP/1.1\r\nHost: h\r\n" + framing)
        assert seconds_until_closed(client) < 5


def test_body_stall_timeout_leaves_a_slow_body_alone(start_server):
    server = start_server("--body_stall_timeout=0.4")
    with connect(server.port) as client, connect(server.port) as clock:
        client.send(b"POST /echo HTTP/1.1\r\nHost: h\r\nContent-Length: 8\r\n\r\n")
        for _ in range(8):
            assert clock.get("/slow?s=0.1").body == b"slow"
            client.send(b"x")
        assert client.read_response().body == b"POST /echo 8\nxxxxxxxx"


def test_timeouts_do_not_touch_a_slow_handler(start_server):
    server = start_server("--header_timeout=0.1", "--body_timeout=0.1", "--body_stall_timeout=0.1", "--idle_connection_timeout=0.1")
    with connect(server.port) as client:
        assert client.get("/slow?s=0.5").body == b"slow"


def test_a_client_that_does_not_read_costs_bounded_memory(start_server):
    server = start_server()
    before = resident_kilobytes(server)
    with connect(server.port, receive_buffer=4096) as client:
        client.send(b"GET /big?n=1000000 HTTP/1.1\r\nHost: h\r\n\r\n" * 200)
        with connect(server.port) as other:
            for _ in range(20):
                assert other.ask(GET).status == 200
        assert resident_kilobytes(server) - before < 50_000  # 200 MB were asked for
