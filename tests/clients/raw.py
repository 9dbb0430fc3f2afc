"""HTTP by hand: sends exactly the bytes it is told to, and reads answers without any leniency."""

import os
import re
import socket
import struct

BAD_REQUEST = b"HTTP/1.1 400 Bad Request\r\n\r\n"
STATUS_LINE = re.compile(rb"HTTP/1\.1 ([1-5][0-9]{2}) ([\t\x20-\x7e\x80-\xff]*)")
FIELD_LINE = re.compile(rb"([!#$%&'*+.^_`|~0-9A-Za-z-]+): ([\t\x20-\x7e\x80-\xff]*)")
CHUNK_SIZE = re.compile(rb"[0-9a-f]{1,16}")


class ProtocolError(AssertionError):
    """The server's bytes are not HTTP as a server should write it."""


class Closed(AssertionError):
    """The connection ended where more was due."""


class Response:
    def __init__(self, status, reason, fields):
        self.status = status
        self.reason = reason
        self.fields = fields
        self.body = b""
        self.framing = "none"  # "length", "chunked", "close", or "none" where no body is allowed
        self.chunks = []

    def get_all(self, name):
        return [value for field, value in self.fields if field.lower() == name.lower()]

    def get(self, name, default=None):
        """The value of a field that must not be repeated."""
        values = self.get_all(name)
        assert len(values) <= 1, f"{name} is repeated: {values}"
        return values[0] if values else default

    @property
    def closes(self):
        return "close" in [word.strip().lower() for word in ",".join(self.get_all("Connection")).split(",")]

    def __repr__(self):
        return f"<{self.status} {self.reason} {self.fields} {self.body[:200]!r}>"


class Connection:
    def __init__(self, sock):
        self.sock = sock
        self.buffer = bytearray()  # cheap to take from at the front
        self.eof = False

    def __enter__(self):
        return self

    def __exit__(self, *exc_info):
        self.close()

    # ---- sending

    def send(self, data):
        self.sock.sendall(data)

    def send_bytewise(self, data):
        """Each byte in a packet of its own, and a chance for the server between them."""
        for byte in data:
            self.sock.sendall(bytes([byte]))
            os.sched_yield()

    def send_in_pieces(self, data, *cuts):
        edges = [0, *cuts, len(data)]
        for begin, end in zip(edges, edges[1:]):
            self.sock.sendall(data[begin:end])
            os.sched_yield()

    def half_close(self):
        self.sock.shutdown(socket.SHUT_WR)

    def reset(self):
        """Ends the connection with RST, as a process that was killed does."""
        self.sock.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
        self.sock.close()

    def close(self):
        self.sock.close()

    # ---- receiving

    def _receive(self):
        """Adds what arrives to the buffer. False at the end of the connection; a reset is an error."""
        if not self.eof:
            data = self.sock.recv(65536)
            self.buffer += data
            self.eof = not data
        return not self.eof

    def _take(self, size):
        data = bytes(self.buffer[:size])
        del self.buffer[:size]
        return data

    def read_line(self):
        while (end := self.buffer.find(b"\n")) < 0:
            if not self._receive():
                raise Closed(f"in a line: {self.buffer!r}")
        line = self._take(end + 1)[:-1]
        if not line.endswith(b"\r") or b"\r" in line[:-1]:
            raise ProtocolError(f"line end is not CRLF: {line!r}")
        return line[:-1]

    def read_bytes(self, size):
        while len(self.buffer) < size:
            if not self._receive():
                raise Closed(f"{size - len(self.buffer)} bytes before the end of the body")
        return self._take(size)

    def read_to_end(self):
        """Everything up to the end of the connection, which must come in order, not as a reset."""
        while self._receive():
            pass
        return self._take(len(self.buffer))

    def read_head(self):
        line = self.read_line()
        match = STATUS_LINE.fullmatch(line)
        if not match:
            raise ProtocolError(f"status line: {line!r}")
        fields = []
        while line := self.read_line():
            field = FIELD_LINE.fullmatch(line)
            if not field:
                raise ProtocolError(f"header line: {line!r}")
            fields.append((field[1].decode(), field[2].decode("latin-1")))
        return Response(int(match[1]), match[2].decode("latin-1"), fields)

    def read_response(self, method="GET"):
        """One response to a request with `method`, an interim one too (RFC 9112 6.3)."""
        response = self.read_head()
        length = response.get("Content-Length")
        coding = response.get("Transfer-Encoding")
        if length is not None and coding is not None:
            raise ProtocolError(f"two framings: {response}")
        if response.status < 200 or response.status == 204:
            if length is not None or coding is not None:
                raise ProtocolError(f"framing of a body that cannot be: {response}")
            return response
        if method == "HEAD" or response.status == 304:
            return response
        if coding is not None:
            if coding != "chunked":
                raise ProtocolError(f"Transfer-Encoding: {coding}")
            response.framing = "chunked"
            response.body = self._read_chunks(response)
        elif length is not None:
            if not re.fullmatch("[0-9]+", length):
                raise ProtocolError(f"Content-Length: {length}")
            response.framing = "length"
            response.body = self.read_bytes(int(length))
        else:
            response.framing = "close"
            response.body = self.read_to_end()
        return response

    def _read_chunks(self, response):
        while True:
            line = self.read_line()
            if not CHUNK_SIZE.fullmatch(line):
                raise ProtocolError(f"chunk size: {line!r}")
            if int(line, 16) == 0:
                break
            response.chunks.append(self.read_bytes(int(line, 16)))
            if self.read_line():
                raise ProtocolError("chunk longer than its size")
        if self.read_line():
            raise ProtocolError("trailers that nobody asked for")
        return b"".join(response.chunks)

    # ---- what tests ask most

    def ask(self, data, method="GET"):
        self.send(data)
        return self.read_response(method)

    def get(self, path, *fields, method="GET"):
        lines = [f"{method} {path} HTTP/1.1", "Host: h", *fields, "", ""]
        return self.ask("\r\n".join(lines).encode("latin-1"), method)

    def assert_refused(self):
        """400 and nothing else, then the end of the connection."""
        assert self.read_to_end() == BAD_REQUEST

    def assert_closed_silently(self):
        """The end of the connection without a byte; a reset is an end too."""
        try:
            assert self.read_to_end() == b""
        except ConnectionResetError:
            assert not self.buffer

    def assert_closed(self):
        """Nothing follows what was read."""
        assert self.read_to_end() == b""

    def assert_open(self):
        """Nothing followed what was read: the next answer is that to the next question."""
        marker = self.get("/path/still/open")
        assert (marker.status, marker.body) == (200, b"still|open")


def connect(port, timeout=10.0, receive_buffer=None):
    """`receive_buffer` in bytes: a small one makes the server feel a client that does not read."""
    sock = socket.socket(socket.AF_INET, socket.SOCK_STREAM)
    if receive_buffer is not None:
        sock.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, receive_buffer)
    sock.settimeout(timeout)
    sock.connect(("127.0.0.1", port))
    sock.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
    return Connection(sock)
