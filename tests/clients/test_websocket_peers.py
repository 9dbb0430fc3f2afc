"""Our WebSockets and other people's, in both directions, with compression and without."""

import json
import os
import pathlib
import signal
import subprocess

import pytest
from wire_server import ROOT, WireServer

BUILD = pathlib.Path(os.environ.get("TORNADO_BUILD", ROOT / "build" / "debug"))
PEERS = pathlib.Path(__file__).resolve().parent / "websocket_peers"
LIBRARIES = {
    "websockets": ["/usr/bin/python3", str(PEERS / "peer.py"), "websockets"],
    "tornado": ["/usr/bin/python3", str(PEERS / "peer.py"), "tornado"],
    "ws": ["node", str(PEERS / "peer.js")],
}
# Where Debian's node-ws is.
ENVIRONMENT = {**os.environ, "NODE_PATH": "/usr/share/nodejs"}

each_library = pytest.mark.parametrize("library", LIBRARIES)
each_kind = pytest.mark.parametrize("kind", ["plain", "deflate"])


@pytest.fixture(scope="module")
def browser(start_browser):
    driver = start_browser()
    yield driver
    driver.quit()


@pytest.fixture(scope="module")
def echo():
    server = WireServer([str(BUILD / "final" / "demos" / "echo" / "echo")], "--port=0")
    yield server
    server.check_alive()
    server.process.send_signal(signal.SIGTERM)
    server.process.wait(timeout=20)
    server.process.stdout.close()


def said(command):
    done = subprocess.run(command, capture_output=True, text=True, timeout=60, env=ENVIRONMENT)
    assert (done.returncode, done.stderr) == (0, "")
    return json.loads(done.stdout)


def check(report, kind):
    assert report["code"] == 4000
    assert ("permessage-deflate" in report["extensions"]) == (kind == "deflate")


@each_library
@each_kind
def test_their_client_talks_to_our_server(echo, library, kind):
    check(said([*LIBRARIES[library], "talk", kind, f"ws://127.0.0.1:{echo.port}/ws"]), kind)


@each_library
@each_kind
def test_our_client_talks_to_their_server(library, kind):
    os.environ["NODE_PATH"] = ENVIRONMENT["NODE_PATH"]
    server = WireServer([*LIBRARIES[library], "serve", kind])
    try:
        dialer = BUILD / "tests" / "final" / "wire_app" / "websocket_dialer"
        check(said([str(dialer), f"ws://127.0.0.1:{server.port}/", kind]), kind)
    finally:
        server.kill()


def test_browser_talks_to_our_server(browser, echo):
    browser.get(echo.url + "/")
    report = browser.execute_async_script("""
        const done = arguments[arguments.length - 1];
        const lines = ['', 'text', 'gr\\u00fc\\u00dfe, \\u{1f600}', 'long '.repeat(30000), 'again', 'again'];
        const socket = new WebSocket('ws://' + location.host + '/ws');
        const wrong = [];
        let at = 0;
        socket.binaryType = 'arraybuffer';
        socket.onopen = () => socket.send(lines[0]);
        socket.onmessage = event => {
            if (event.data instanceof ArrayBuffer) {
                const bytes = new Uint8Array(event.data);
                if (bytes.length !== 80000 || bytes.some(byte => byte !== 255)) wrong.push('binary');
                socket.close(4000, 'done');
                return;
            }
            if (event.data !== lines[at]) wrong.push(at);
            ++at;
            socket.send(at < lines.length ? lines[at] : new Uint8Array(80000).fill(255));
        };
        socket.onclose = event => done({wrong, at, clean: event.wasClean, code: event.code, extensions: socket.extensions});
    """)
    assert report == {"wrong": [], "at": 6, "clean": True, "code": 4000, "extensions": "permessage-deflate"}


def test_browser_chats(browser):
    server = WireServer([str(BUILD / "final" / "demos" / "websocket" / "websocket")], "--port=0")
    try:
        browser.get_log("browser")  # what other pages left there
        browser.get(server.url + "/")
        first = browser.current_window_handle
        browser.switch_to.new_window("tab")
        browser.get(server.url + "/")
        wait = """
            const done = arguments[arguments.length - 1];
            const look = () => %s ? done(document.querySelector('#messages').innerText) : setTimeout(look, 5);
            look();"""
        browser.execute_async_script(wait % "document.querySelector('#state').innerText === 'connected'")
        browser.execute_script("""
            document.querySelector('#text').value = '<b>hello</b>, everybody';
            document.querySelector('button').click();""")
        there = browser.execute_async_script(wait % "document.querySelectorAll('#messages li').length === 1")
        browser.switch_to.window(first)
        here = browser.execute_async_script(wait % "document.querySelectorAll('#messages li').length === 1")
        assert here == there
        assert here.startswith("guest ") and here.endswith("<b>hello</b>, everybody")
        # A visitor who comes later sees the earlier messages.
        browser.refresh()
        assert browser.execute_async_script(wait % "document.querySelectorAll('#messages li').length === 1") == here
        assert browser.get_log("browser") == []
    finally:
        server.kill()
