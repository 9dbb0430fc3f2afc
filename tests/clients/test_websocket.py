"""WebSockets on the wire, byte by byte: the handshake and the frames of RFC 6455, and of RFC 7692 what both sides say."""

import base64
import os
import pathlib
import signal
import zlib

import pytest
from raw import Connection, connect
from wire_server import ROOT, WireServer, wait_until

BUILD = pathlib.Path(os.environ.get("TORNADO_BUILD", ROOT / "build" / "debug"))
KEY = "dGhlIHNhbXBsZSBub25jZQ=="
FIELDS = {"Host": "h", "Upgrade": "websocket", "Connection": "Upgrade", "Sec-WebSocket-Version": "13", "Sec-WebSocket-Key": KEY}
CONTINUATION, TEXT, BINARY, CLOSE, PING, PONG = 0, 1, 2, 8, 9, 10


@pytest.fixture(scope="module")
def echo():
    server = WireServer([str(BUILD / "final" / "demos" / "echo" / "echo"), "--logging=info"], "--port=0")
    yield server
    server.check_alive()
    server.process.send_signal(signal.SIGTERM)
    server.process.wait(timeout=20)
    server.process.stdout.close()
    for words in ("AddressSanitizer", "runtime error", "Uncaught"):
        assert words not in server.log()


def request(line="GET /ws HTTP/1.1", **changes):
    fields = {**FIELDS, **{name.replace("_", "-"): value for name, value in changes.items()}}
    lines = [line, *(f"{name}: {value}" for name, value in fields.items() if value is not None), "", ""]
    return "\r\n".join(lines).encode()


def frame(opcode, payload=b"", fin=True, rsv=0, mask=True, length=None):
    head = bytes([opcode | rsv << 4 | (0x80 if fin else 0)])
    size = len(payload) if length is None else length
    bit = 0x80 if mask else 0
    if size < 126:
        head += bytes([size | bit])
    elif size < 65536:
        head += bytes([126 | bit]) + size.to_bytes(2, "big")
    else:
        head += bytes([127 | bit]) + size.to_bytes(8, "big")
    if not mask:
        return head + payload
    key = b"\x37\xfa\x21\x3d"  # of the examples in RFC 6455 5.7: a test has the same name in each run
    return head + key + bytes(byte ^ key[i % 4] for i, byte in enumerate(payload))


def closing(code, reason=b""):
    return frame(CLOSE, code.to_bytes(2, "big") + reason)


class Socket(Connection):
    """A connection that has shaken hands."""

    def __init__(self, port, **changes):
        super().__init__(connect(port).sock)
        self.send(request(**changes))
        self.answer = self.read_head()
        assert self.answer.status == 101, self.answer

    def read_frame(self):
        """(first byte, payload); the server must not mask, and must use the shortest length."""
        first, second = self.read_bytes(2)
        assert second < 0x80, "masked"
        size = second
        if second == 126:
            size = int.from_bytes(self.read_bytes(2), "big")
            assert size > 125
        elif second == 127:
            size = int.from_bytes(self.read_bytes(8), "big")
            assert size > 65535
        return first, self.read_bytes(size)

    def assert_fails(self, code):
        """A close frame with this code, and the end."""
        first, payload = self.read_frame()
        assert (first, payload[:2]) == (0x88, code.to_bytes(2, "big"))
        assert self.read_to_end() == b""


@pytest.fixture
def socket(echo):
    with Socket(echo.port) as made:
        yield made


def refused(echo, data):
    with connect(echo.port) as client:
        client.send(data)
        return client.read_response()


# ---- 5.1 the handshake


def test_behaviour_5_1_the_answer(socket, echo):
    assert socket.answer.reason == "Switching Protocols"
    names = [name.lower() for name, _ in socket.answer.fields]
    assert names == ["server", "date", "upgrade", "connection", "sec-websocket-accept"]
    assert socket.answer.get("Sec-WebSocket-Accept") == "s3pPLMBiTxaQ9kYGzzhZRbK+xOo="
    wait_until(lambda: "101 GET /ws" in echo.log(), "the access log's line")


@pytest.mark.parametrize("changes, status, body", [
    ({"Upgrade": None}, 400, b'Can "Upgrade" only to "WebSocket".'),
    ({"Upgrade": "h2c"}, 400, b'Can "Upgrade" only to "WebSocket".'),
    ({"Connection": "close"}, 400, b'"Connection" must be "Upgrade".'),
    ({"Connection": None}, 400, b'"Connection" must be "Upgrade".'),
    ({"Sec_WebSocket_Version": None}, 426, b""),
    ({"Sec_WebSocket_Version": "12"}, 426, b""),
    ({"Sec_WebSocket_Version": "13, 8"}, 426, b""),
    ({"Sec_WebSocket_Key": None}, 400, b"Missing/Invalid WebSocket headers"),
    ({"Sec_WebSocket_Key": ""}, 400, b"Missing/Invalid WebSocket headers"),
    ({"Sec_WebSocket_Key": base64.b64encode(bytes(15)).decode()}, 400, b"Missing/Invalid WebSocket headers"),
    ({"Sec_WebSocket_Key": base64.b64encode(bytes(17)).decode()}, 400, b"Missing/Invalid WebSocket headers"),
])
def test_behaviour_5_1_refusals(echo, changes, status, body):
    answer = refused(echo, request(**changes))
    assert (answer.status, answer.body) == (status, body)
    assert answer.get("Sec-WebSocket-Version") == ("7, 8, 13" if status == 426 else None)


def test_behaviour_5_1_other_methods_and_http_1_0(echo):
    assert refused(echo, request("POST /ws HTTP/1.1", Content_Length="0")).status == 405
    assert refused(echo, request("GET /ws HTTP/1.0")).status == 400


def test_behaviour_5_1_origin():
    server = WireServer([str(BUILD / "final" / "demos" / "websocket" / "websocket")], "--port=0")
    try:
        line = "GET /chatsocket HTTP/1.1"
        for origin in ("http://evil.example", "http://h:80", "null", "h"):
            assert refused(server, request(line, Origin=origin)).status == 403
        answer = refused(server, request(line, Origin="http://evil.example"))
        assert answer.body == b"Cross origin websockets not allowed"
        for origin in ("http://h", "https://H"):
            Socket(server.port, line=line, Origin=origin).close()
    finally:
        server.kill()


def test_bytes_after_the_handshake(echo):
    with connect(echo.port) as client:
        client.send_bytewise(request() + frame(TEXT, b"crawling"))
        client.read_head()
        assert client.read_bytes(10) == b"\x81\x08crawling"
    with connect(echo.port) as client:
        client.send(request() + frame(TEXT, b"at once"))
        client.read_head()
        assert client.read_bytes(9) == b"\x81\x07at once"


# ---- 5.2 frames


@pytest.mark.parametrize("size", [0, 1, 125, 126, 127, 65535, 65536, 1_000_000])
def test_sizes(socket, size):
    payload = bytes(i * 7 % 256 for i in range(size))
    socket.send(frame(BINARY, payload))
    assert socket.read_frame() == (0x82, payload)


def test_cut_at_every_byte(echo):
    data = frame(TEXT, "grüße".encode(), fin=False) + frame(PING, b"?") + frame(CONTINUATION, b" all") + frame(BINARY, b"x" * 130)
    for cut in range(1, len(data)):
        with Socket(echo.port) as socket:
            socket.send_in_pieces(data, cut)
            assert socket.read_frame() == (0x8A, b"?")
            assert socket.read_frame() == (0x81, "grüße all".encode())
            assert socket.read_frame() == (0x82, b"x" * 130)


@pytest.mark.parametrize("data, code", [
    (frame(TEXT, b"x", mask=False), 1002),
    (frame(TEXT, b"x", rsv=4), 1002),
    (frame(TEXT, b"x", rsv=2), 1002),
    (frame(TEXT, b"x", rsv=1), 1002),
    *((frame(opcode), 1002) for opcode in (3, 4, 5, 6, 7, 11, 12, 13, 14, 15)),
    (frame(PING, b"x" * 126), 1002),
    (frame(PING, b"x", fin=False), 1002),
    (frame(CLOSE, b"", fin=False), 1002),
    (frame(CONTINUATION, b"x"), 1002),
    (frame(TEXT, b"x", fin=False) + frame(TEXT, b"y"), 1002),
    (b"\x81\xfe\x00\x01" + bytes(5), 1002),
    (b"\x81\xff" + (1000).to_bytes(8, "big") + bytes(4), 1002),
    (b"\x81\xff\x80" + bytes(20), 1002),
    (frame(TEXT, b"\xff"), 1007),
    (frame(TEXT, b"\xed\xa0\x80"), 1007),
    (frame(TEXT, b"\xe2\x82", fin=False) + frame(CONTINUATION, b"x"), 1007),
    (frame(BINARY, b"", length=10_485_761), 1009),
    (frame(BINARY, b"", length=1 << 62), 1009),
    (frame(CLOSE, b"x"), 1002),
    (closing(1000, b"\xff"), 1007),
    *((closing(code), 1002) for code in (0, 1, 999, 1004, 1005, 1006, 1015, 1016, 1100, 2000, 2999, 5000, 65535)),
])
def test_behaviour_5_2_what_fails_the_connection(socket, data, code):
    socket.send(frame(TEXT, b"before"))
    socket.send(data)
    assert socket.read_frame() == (0x81, b"before")
    socket.assert_fails(code)


@pytest.mark.parametrize("sent, answer", [
    (frame(CLOSE), b"\x88\x00"),
    *((closing(code, b"reason"), b"\x88\x02" + code.to_bytes(2, "big"))
      for code in (1000, 1001, 1002, 1003, 1007, 1008, 1009, 1010, 1011, 1012, 1013, 1014, 3000, 3999, 4000, 4999)),
])
def test_behaviour_5_2_closing(socket, sent, answer):
    socket.send(sent + frame(TEXT, b"too late"))
    assert socket.read_to_end() == answer


def test_behaviour_5_2_pings(socket):
    socket.send(frame(PING) + frame(PING, b"x" * 125) + frame(PONG, b"unasked") + frame(TEXT, b"on"))
    assert socket.read_frame() == (0x8A, b"")
    assert socket.read_frame() == (0x8A, b"x" * 125)
    assert socket.read_frame() == (0x81, b"on")


def test_a_large_message_in_many_fragments(socket):
    count = 10_000
    socket.send(frame(BINARY, b"ab", fin=False) + frame(CONTINUATION, b"cd", fin=False) * count + frame(CONTINUATION, b""))
    assert socket.read_frame() == (0x82, b"ab" + b"cd" * count)


def test_clients_that_vanish_leave_nothing(echo):
    before = echo.open_files()
    for end in (Socket.close, Socket.reset, Socket.half_close):
        for sent in (b"", b"\x81", frame(TEXT, b"xyz")[:7], frame(TEXT, b"x", fin=False), frame(TEXT, b"x" * 100_000)[:-1]):
            socket = Socket(echo.port)
            socket.send(sent)
            end(socket)
            socket.close()
    # Half a close is waited for 5 s.
    # Fewer, if one of an earlier test was still closing.
    wait_until(lambda: echo.open_files() <= before, "all connections are gone", seconds=20)


# ---- 5.3 compression


def answered(echo, offers):
    with Socket(echo.port, Sec_WebSocket_Extensions=offers) as socket:
        return socket.answer.get("Sec-WebSocket-Extensions")


@pytest.mark.parametrize("offer, answer", [
    ("", ""),
    ("; client_max_window_bits", ""),
    ("; client_max_window_bits=10", "; client_max_window_bits=10"),
    ("; server_max_window_bits=8", "; server_max_window_bits=8"),
    ("; server_max_window_bits=15", "; server_max_window_bits=15"),
    ('; server_max_window_bits="9"', "; server_max_window_bits=9"),
    ("; server_no_context_takeover", "; server_no_context_takeover"),
    ("; client_no_context_takeover", "; client_no_context_takeover"),
    ("; unknown", None), ("; unknown=1", None), ("; server_max_window_bits", None), ("; server_max_window_bits=7", None),
    ("; server_max_window_bits=16", None), ("; server_max_window_bits=abc", None), ("; client_max_window_bits=0", None),
    ("; server_no_context_takeover=1", None), ("; client_max_window_bits; client_max_window_bits", None), ("; ", None),
])
def test_behaviour_5_3_offers(echo, offer, answer):
    expected = answer if answer is None else "permessage-deflate" + answer
    assert answered(echo, "permessage-deflate" + offer) == expected
    if answer is None and offer != "; ":
        assert answered(echo, f"x-foo, permessage-deflate{offer}, permessage-deflate") == "permessage-deflate"


class Packer:
    def __init__(self, bits=15):
        self.deflate = zlib.compressobj(9, zlib.DEFLATED, -bits)
        self.inflate = zlib.decompressobj(-bits)

    def pack(self, text):
        packed = self.deflate.compress(text) + self.deflate.flush(zlib.Z_SYNC_FLUSH)
        return packed[:-4]

    def unpack(self, payload):
        return self.inflate.decompress(payload + b"\x00\x00\xff\xff")


@pytest.mark.parametrize("bits", range(9, 16))
def test_behaviour_5_3_windows(echo, bits):
    with Socket(echo.port, Sec_WebSocket_Extensions=f"permessage-deflate; server_max_window_bits={bits}; client_max_window_bits={bits}") as socket:
        packer = Packer(bits)
        for text in (b"", b"hello", b"hello", os.urandom(3000) * 20, b"", b"x" * 100_000):
            socket.send(frame(BINARY, packer.pack(text), rsv=4))
            first, payload = socket.read_frame()
            assert (first, packer.unpack(payload)) == (0xC2, text)


def test_behaviour_5_3_a_compressed_message_in_pieces_and_what_fails(echo):
    def open_one():
        return Socket(echo.port, Sec_WebSocket_Extensions="permessage-deflate")

    with open_one() as socket:
        packer = Packer()
        payload = packer.pack(b"hello " * 10)
        socket.send_bytewise(frame(TEXT, payload[:2], fin=False, rsv=4) + frame(PING, b"?") + frame(CONTINUATION, payload[2:]))
        assert socket.read_frame() == (0x8A, b"?")
        first, payload = socket.read_frame()
        assert (first, packer.unpack(payload)) == (0xC1, b"hello " * 10)
        socket.send(frame(TEXT, b"as it is"))
        assert packer.unpack(socket.read_frame()[1]) == b"as it is"
    for data, code in ((frame(PING, b"x", rsv=4), 1002), (frame(TEXT, b"\xff" * 9, rsv=4), 1007),
                       (frame(TEXT, b"a", fin=False) + frame(CONTINUATION, b"b", rsv=4), 1002),
                       (frame(TEXT, Packer().pack(b"\xff"), rsv=4), 1007),
                       (frame(BINARY, Packer().pack(bytes(10_485_761)), rsv=4), 1009)):
        with open_one() as socket:
            socket.send(data)
            socket.assert_fails(code)
