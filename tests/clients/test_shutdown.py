"""The end of the demos: on SIGTERM they answer whom they serve, and end."""

import contextlib
import os
import pathlib
import signal
import socket
import sys

from raw import connect
from test_chat import Guest
from test_streaming import event, listen
from test_websocket import Socket, closing
from wire_server import ROOT, WireServer, wait_until

BUILD = pathlib.Path(os.environ.get("TORNADO_BUILD", ROOT / "build" / "debug"))


@contextlib.contextmanager
def running(name):
    server = WireServer([str(BUILD / "final" / "demos" / name / name), "--logging=info"], "--port=0")
    try:
        yield server
    finally:
        if server.process.poll() is None:
            server.kill()
        server.process.stdout.close()


def end_of(server):
    """Its log, once it has ended by itself."""
    assert server.process.wait(15) == 0
    return server.log()


def refuses(port):
    with contextlib.suppress(ConnectionResetError):  # the port was closed between the handshake and accept: ask again
        try:
            socket.create_connection(("127.0.0.1", port)).close()
        except ConnectionRefusedError:
            return True
    return False


def test_waiting_long_polls_are_answered():
    with running("chat") as server:
        with Guest(server) as first, Guest(server) as second:
            for guest in (first, second):
                guest.ask_for("/a/message/updates", cursor=0)
            server.process.send_signal(signal.SIGTERM)
            for guest in (first, second):
                answer = guest.read_response("POST")
                assert (answer.status, answer.get("Connection")) == (503, "close")
                assert guest.read_to_end() == b""
        assert "Shut down. Connections: 2 finished, 0 cut off, 0 closed idle" in end_of(server)


def test_streams_end_with_their_last_chunk():
    with running("streaming") as server:
        with connect(server.port) as client:
            assert listen(client) == event(0)
            server.process.send_signal(signal.SIGINT)
            assert client.read_bytes(5) == b"0\r\n\r\n"
        end_of(server)


def test_web_sockets_get_1001():
    with running("echo") as server:
        with Socket(server.port) as client:
            server.process.send_signal(signal.SIGTERM)
            assert client.read_frame() == (0x88, (1001).to_bytes(2, "big"))
            client.send(closing(1001))
            assert client.read_to_end() == b""
        end_of(server)


def test_a_second_signal_ends_the_program_at_once():
    with running("echo") as server:
        with connect(server.port) as client:
            assert client.get("/?a").status == 200  # so its loop runs
            client.send(b"GET /not HTTP/1.1\r\nHost")
            server.process.send_signal(signal.SIGTERM)
            wait_until(lambda: refuses(server.port), "the shutdown has begun")
            server.check_alive()
            server.process.send_signal(signal.SIGTERM)
            assert server.process.wait(5) == -signal.SIGTERM


def test_the_harness_does_not_stop_a_server_before_it_can_end_in_good_order():
    program = "import signal; print('listening on http://127.0.0.1:1', flush=True); sum(range(10_000_000)); " \
              "signal.signal(signal.SIGTERM, lambda *_: exit(0))\nwhile True: pass"
    WireServer([sys.executable, "-c", program]).stop()
