"""The wsgi demo: a Flask and a Django application beside handlers in C++ (WG-01, WG-04)."""

import os
import pathlib
import signal
import sys

import pytest
import requests
from raw import connect
from wire_server import ROOT, WireServer, wait_until

sys.path.insert(0, str(ROOT / "scripts"))

import pages  # noqa: E402  (found by the line above)

PAGE = "final/demos/wsgi/README.md"


@pytest.fixture
def demo():
    build = pathlib.Path(os.environ.get("TORNADO_BUILD", ROOT / "build" / "debug"))
    server = WireServer([str(build / "final" / "demos" / "wsgi" / "wsgi")], "--port=0")
    yield server
    server.stop()


def threads(server):
    return len(os.listdir(f"/proc/{server.pid}/task"))


def begin_slow_page(client, demo, seconds):
    before = threads(demo)
    client.send(f"GET /flask/slow?seconds={seconds} HTTP/1.1\r\nHost: h\r\n\r\n".encode())
    wait_until(lambda: threads(demo) > before, "the page has a thread")


def test_WG04_flask_django_and_handlers_on_one_port(demo):
    assert "Three applications" in requests.get(demo.url + "/", timeout=20).text
    flask = requests.get(demo.url + "/flask/", timeout=20)
    assert (flask.status_code, flask.headers["Content-Type"]) == (200, "text/html; charset=utf-8")
    assert "<h1>Guest book</h1>" in flask.text
    django = requests.get(demo.url + "/django/a b", timeout=20)
    assert "<h1>GET /django/a b</h1>" in django.text
    assert "<tr><td>SCRIPT_NAME</td><td>/django</td></tr>" in django.text
    assert requests.get(demo.url + "/nothing", timeout=20).status_code == 404


def test_WG04_a_form_is_posted(demo):
    answer = requests.post(demo.url + "/flask/", data={"name": "Ann <b>"}, timeout=20)
    assert [step.status_code for step in answer.history] == [302]
    assert answer.url == demo.url + "/flask/"
    assert "<li>Ann &lt;b&gt;</li>" in answer.text


def test_WG04_what_is_yielded_leaves_at_once(demo):
    with connect(demo.port) as client:
        answer = client.get("/flask/count?pause=0.1")
        assert answer.body == b"1\n2\n3\n4\n5\n"
        assert len(answer.chunks) > 1


def test_WG04_a_broken_page_is_a_500_and_the_server_goes_on(demo):
    assert requests.get(demo.url + "/flask/broken", timeout=20).status_code == 500
    wait_until(lambda: "500 GET /flask/broken" in demo.log(), "the request is logged")
    assert "RuntimeError: this page is broken" in demo.log()
    assert requests.get(demo.url + "/flask/", timeout=20).status_code == 200


def test_WG01_a_slow_page_holds_up_neither_handlers_nor_other_pages(demo):
    with connect(demo.port) as slow, connect(demo.port) as fast:
        begin_slow_page(slow, demo, 2)
        for _ in range(100):
            assert fast.get("/clock").status == 200
        assert fast.get("/flask/").status == 200
        slow.sock.setblocking(False)
        with pytest.raises(BlockingIOError):
            slow.sock.recv(1)
        slow.sock.settimeout(20)
        assert slow.read_response().body == b"That took 2 seconds.\n"


def test_a_page_that_does_not_return_does_not_hold_up_the_end(demo):
    with connect(demo.port) as slow:
        begin_slow_page(slow, demo, 60)
        demo.process.send_signal(signal.SIGINT)
        demo.process.wait(20)
    assert demo.process.returncode == 0


def test_the_page_quotes_the_program():
    quoted = [fence for fence in pages.fences(PAGE) if fence.is_code]
    assert quoted
    for fence in quoted:
        assert fence.text == pages.quote(fence.named["file"])
