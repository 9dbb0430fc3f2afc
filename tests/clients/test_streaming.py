"""The streaming demo: tables and events that are sent piece by piece, to readers of every kind."""

import json
import os
import pathlib
import re
import sys

import pytest
from raw import connect
from wire_server import ROOT, WireServer, wait_until

sys.path.insert(0, str(ROOT / "scripts"))

import pages  # noqa: E402  (found by the line above)

PAGE = "final/demos/streaming/README.md"
MANY = 1000
EVENTS = b"GET /events HTTP/1.1\r\nHost: h\r\nAccept: text/event-stream\r\n\r\n"
PRESS = b"POST /press HTTP/1.1\r\nHost: h\r\nContent-Length: 0\r\n\r\n"


@pytest.fixture
def demo():
    build = pathlib.Path(os.environ.get("TORNADO_BUILD", ROOT / "build" / "debug"))
    server = WireServer([str(build / "final" / "demos" / "streaming" / "streaming")], "--port=0")
    yield server
    server.check_alive()
    server.stop()
    assert "exception" not in server.log() and "Cannot send" not in server.log()


def resident_kilobytes(server):
    status = pathlib.Path(f"/proc/{server.pid}/status").read_text()
    return int(re.search(r"VmRSS:\s+(\d+) kB", status)[1])


def get_table(client, rows):
    client.send(f"GET /squares/{rows}.csv HTTP/1.1\r\nHost: h\r\n\r\n".encode())


def read_chunk(client):
    size = int(client.read_line(), 16)
    chunk = client.read_bytes(size)
    assert client.read_line() == b""
    return chunk


def listen(client):
    """Asks for the events, and reads up to the first."""
    client.send(EVENTS)
    head = client.read_head()
    assert (head.status, head.get("Content-Type"), head.get("Cache-Control")) == (200, "text/event-stream", "no-store")
    assert head.get("Content-Length") is None and head.get("Etag") is None
    return read_chunk(client)


def event(count):
    return b"event: count\ndata: %d\n\n" % count


# ---- the table


def test_3_5_a_table_comes_in_chunks(demo):
    with connect(demo.port) as client:
        get_table(client, 2500)
        response = client.read_response()
        assert response.body == b"".join(b"%d,%d\n" % (row, row * row) for row in range(1, 2501))
        assert [chunk.count(b"\n") for chunk in response.chunks] == [1000, 1000, 500]
        get_table(client, 0)
        response = client.read_response()
        assert (response.framing, response.body) == ("length", b"")
        assert client.get("/squares/99999999999999999999.csv").status == 404


def test_3_5_a_reader_that_stops_costs_no_memory(demo):
    with connect(demo.port, receive_buffer=4096) as slow, connect(demo.port) as probe:
        before = resident_kilobytes(demo)
        get_table(slow, 10**15)
        slow.read_head()
        used = demo.cpu_seconds

        def waits():
            earlier = used()
            for _ in range(20):
                assert probe.get("/").status == 200
            return used() - earlier <= 0.02

        wait_until(waits, "the handler waits for its reader", 30)
        assert resident_kilobytes(demo) - before < 16 * 1024
        for _ in range(50):
            assert read_chunk(slow).count(b"\n") == 1000
        assert resident_kilobytes(demo) - before < 16 * 1024


def test_a_fast_reader_of_a_table_without_end_lets_others_in(demo):
    with connect(demo.port) as fast:
        get_table(fast, 10**15)
        for _ in range(20):
            assert fast._receive()
            fast.buffer.clear()
            with connect(demo.port) as other:
                assert other.get("/").status == 200


@pytest.mark.parametrize("leave", ["close", "reset", "half_close"])
def test_a_reader_that_leaves_ends_the_table(demo, leave):
    files = demo.open_files()
    client = connect(demo.port)
    get_table(client, 10**15)
    client.read_head()
    getattr(client, leave)()
    if leave == "half_close":
        client.close()
    wait_until(lambda: demo.open_files() == files, "the connection is gone")
    wait_until(lambda: "200 GET /squares/1000000000000000.csv" in demo.log(), "the handler has ended")


# ---- the events


def test_events_come_to_everybody_at_once(demo):
    with connect(demo.port) as one, connect(demo.port) as two, connect(demo.port) as presser:
        assert listen(one) == listen(two) == event(0)
        for count in range(1, 6):
            assert presser.ask(PRESS, "POST").status == 204
            assert read_chunk(one) == read_chunk(two) == event(count)


def test_a_listener_that_leaves_ends_its_handler(demo):
    files = demo.open_files()
    for leave in ("close", "reset", "half_close"):
        client = connect(demo.port)
        listen(client)
        getattr(client, leave)()
        if leave == "half_close":
            assert client.read_to_end() == b"0\r\n\r\n"
            client.close()
        wait_until(lambda: demo.open_files() == files, "the connection is gone")
    wait_until(lambda: demo.log().count("200 GET /events") == 3, "the handlers have ended")


def test_a_listener_that_reads_late_ends_with_the_latest(demo):
    """It misses counts, not the count, and nothing piles up in the server."""
    with connect(demo.port, receive_buffer=2048) as slow, connect(demo.port) as presser:
        listen(slow)
        before = resident_kilobytes(demo)
        presses = 20_000
        for _ in range(presses // 100):
            presser.send(PRESS * 100)
            for _ in range(100):
                assert presser.read_response("POST").status == 204
        assert resident_kilobytes(demo) - before < 4 * 1024
        read = 1
        while (last := read_chunk(slow)) != event(presses):
            assert last.startswith(b"event: count\n")
            read += 1
        assert read < presses / 2


def test_a_thousand_listeners(demo):
    files = demo.open_files()
    before = resident_kilobytes(demo)
    with connect(demo.port) as presser:
        clients = [connect(demo.port, timeout=30) for _ in range(MANY)]
        for client in clients:
            assert listen(client) == event(0)
        assert demo.open_files() == files + MANY + 1
        assert (resident_kilobytes(demo) - before) / MANY < 64  # each
        for count in range(1, 4):
            assert presser.ask(PRESS, "POST").status == 204
            for client in clients:
                assert read_chunk(client) == event(count)
        for client in clients:
            client.close()
    wait_until(lambda: demo.open_files() == files, "all are gone", 20)
    wait_until(lambda: demo.log().count("200 GET /events") == MANY, "their handlers have ended", 20)


def test_browsers_see_each_others_count(demo, start_browser):
    browser = start_browser()
    try:
        wait = """
            const done = arguments[arguments.length - 1];
            const look = () => document.getElementById('count').value === %s ? done(true) : setTimeout(look, 5);
            look();"""
        browser.get(demo.url + "/")
        first = browser.current_window_handle
        assert browser.execute_async_script(wait % json.dumps("0"))
        browser.switch_to.new_window("tab")
        browser.get(demo.url + "/")
        assert browser.execute_async_script(wait % json.dumps("0"))
        browser.execute_script("document.getElementById('press').click();")
        assert browser.execute_async_script(wait % json.dumps("1"))
        browser.switch_to.window(first)
        assert browser.execute_async_script(wait % json.dumps("1"))
        assert browser.get_log("browser") == []
    finally:
        browser.quit()


def test_the_page_quotes_the_program():
    quoted = [fence for fence in pages.fences(PAGE) if fence.is_code]
    assert len(quoted) >= 3
    for fence in quoted:
        assert fence.text == pages.quote(fence.named["file"])
