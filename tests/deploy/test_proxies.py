"""What a client sees of the service behind nginx and HAProxy, with the configurations of deploy/."""

import contextlib
import json
import os
import signal

import deployed
from deployed import connect, wait_until

IMITATED = ("X-Forwarded-For: 203.0.113.9", "X-Real-Ip: 203.0.113.9", "X-Forwarded-Proto: https", "X-Scheme: https")
UPGRADE = (b"GET /echo HTTP/1.1\r\nHost: example.org\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n"
           b"Sec-WebSocket-Version: 13\r\nSec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n\r\n")
HELLO = b"\x81\x85\0\0\0\0hello"  # masked with zeroes


def test_the_service_knows_the_client_and_not_what_it_imitates(proxy):
    seen = json.loads(proxy.request("/", *IMITATED).body)
    assert (seen["client"], seen["host"]) == ("127.0.0.1", "example.org:81")
    assert seen["protocol"] == "http"


def test_a_request_id_goes_through(proxy, services):
    response = proxy.request("/", "X-Request-ID: of-the-client")
    assert response.get("X-Request-Id") == json.loads(response.body)["request_id"] == "of-the-client"
    wait_until(lambda: any('"request_id":"of-the-client"' in one.log() for one in services), "the access log has it")


def test_connections_to_the_service_are_kept(proxy, services):
    with proxy.connect() as client:
        for _ in range(50):
            client.send(b"GET / HTTP/1.1\r\nHost: h\r\n\r\n")
            assert client.read_response().status == 200
    open_now = sum(one.metric("tornado_http_connections") for one in services[:2])
    assert 1 <= open_now <= 2 * (os.cpu_count() or 1), "one for each worker and process at most"


def read_events_until(client, wanted):
    """Reads chunks until the event has come. Each is sent on at once, or this would time out."""
    text = b""
    while wanted not in text:
        size = int(client.read_line(), 16)
        assert size > 0, f"the response has ended after {text!r}"
        text += client.read_bytes(size)
        assert client.read_bytes(2) == b"\r\n"


def test_events_arrive_one_by_one(proxy, services):
    with proxy.connect() as client:
        client.send(b"GET /events HTTP/1.1\r\nHost: h\r\n\r\n")
        head = client.read_head()
        assert (head.status, head.get("Content-Type")) == (200, "text/event-stream")
        for number in range(3):
            read_events_until(client, b"data: %d\n" % number)
            for one in services[:2]:
                with connect(one.port) as other:
                    other.send(b"POST /tick HTTP/1.1\r\nHost: h\r\nContent-Length: 0\r\n\r\n")
                    assert other.read_response("POST").status == 204


def test_a_websocket_goes_through(proxy):
    with proxy.connect() as client:
        client.send(UPGRADE)
        assert client.read_head().status == 101
        for _ in range(3):
            client.send(HELLO)
            assert client.read_bytes(7) == b"\x81\x05hello"


def test_a_process_that_dies_is_left_out(proxy, services):
    services[0].kill()
    for _ in range(40):
        assert proxy.request("/").status == 200


def test_processes_that_restart_one_after_the_other_are_not_missed(proxy, services):
    with contextlib.ExitStack() as started:
        for old in services[:2]:
            old.stop()
            for _ in range(40):
                assert proxy.request("/").status == 200
            (new,) = started.enter_context(deployed.running(old.successor()))
            asked = 0
            while not new.has_served():
                assert proxy.request("/").status == 200
                asked += 1
            assert proxy.name == "HAProxy" or asked < 10, "nginx leaves it alone"


def test_a_process_that_shuts_down_is_not_ready_and_finishes_what_it_has(services, tmp_path):
    leaving = deployed.Service(deployed.build_folder(), "--xheaders", "--grace=60")
    with deployed.running(leaving), deployed.haproxy(tmp_path / "haproxy", [leaving, *services[1:]]) as haproxy:
        assert leaving.ask_admin("/ready").status == 200
        with connect(leaving.port) as slow:
            slow.send(b"POST /tick HTTP/1.1\r\nHost: h\r\nContent-Length: 2\r\n\r\n1")
            wait_until(lambda: leaving.metric("tornado_http_connections") >= 1, "the service has the slow client")
            leaving.process.send_signal(signal.SIGTERM)
            wait_until(lambda: leaving.ask_admin("/ready").status == 503, "the process says that it is not ready")
            for _ in range(20):
                assert haproxy.request("/").status == 200, "the other process serves"
            wait_until(lambda: "Server service/one is DOWN" in haproxy.log.read_text(), "HAProxy has asked", 20)
            slow.send(b"2")
            assert slow.read_response("POST").status == 204
        assert leaving.process.wait(timeout=20) == 0


def test_a_body_goes_through(proxy):
    response = proxy.request("/tick", "Content-Length: 0", method="POST")
    assert response.status == 204


def test_nginx_sends_the_files_that_the_service_names(nginx):
    report = nginx.request("/reports/report.txt")
    assert report.body == b"a file of nginx\n"
    assert (report.get("Content-Type"), report.get("X-Content-Type-Options")) == ("text/plain", "nosniff")
    assert nginx.request("/reports/secret.txt").status == 403
    assert nginx.request("/protected/report.txt").status == 404, "only the service may name it"


def test_haproxy_names_the_client_with_the_proxy_protocol(haproxy):
    with haproxy.connect(1) as client:
        for _ in range(2):
            client.send(b"GET / HTTP/1.1\r\nHost: h\r\n\r\n")
            assert json.loads(client.read_response().body)["client"] == "127.0.0.1"


def test_the_proxy_protocol_says_who_the_client_is(services):
    """What HAProxy's header does, with an address that is not the proxy's own."""
    with connect(services[2].port) as client:
        client.send(b"PROXY TCP4 203.0.113.9 127.0.0.1 4711 80\r\nGET / HTTP/1.1\r\nHost: h\r\n\r\n")
        assert json.loads(client.read_response().body)["client"] == "203.0.113.9"


def test_a_malformed_proxy_header_is_refused(services):
    with connect(services[2].port) as client:
        client.send(b"GET / HTTP/1.1\r\nHost: h\r\n\r\n")
        assert client.read_to_end() == b""
    wait_until(lambda: "malformed PROXY header" in services[2].log(), "the log has the reason")
