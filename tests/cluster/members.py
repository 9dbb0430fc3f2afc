"""WebSockets by the ten thousand in one process: epoll and sockets, because asyncio's streams would be what is measured."""

import json
import os
import select
import socket
import time

from aio_http import KEY

CONNECTING = 200  # at a time, so that no queue of a listener overflows
PATIENCE_SECONDS = 60


class Member:
    def __init__(self, port, name):
        self.socket = socket.create_connection(("127.0.0.1", port), PATIENCE_SECONDS)
        self.socket.sendall(f"GET /chatsocket?name={name} HTTP/1.1\r\nHost: h\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n"
                            f"Sec-WebSocket-Version: 13\r\nSec-WebSocket-Key: {KEY}\r\n\r\n".encode())
        self.socket.setblocking(False)
        self.data, self.is_open, self.heard = b"", False, []

    def read(self):
        """Takes in what has arrived; returns how many messages that were."""
        self.data += self.socket.recv(65536)
        if not self.is_open:
            head, end, rest = self.data.partition(b"\r\n\r\n")
            if not end:
                return 0
            assert head.startswith(b"HTTP/1.1 101 "), head
            self.is_open, self.data = True, rest
        before = len(self.heard)
        while self.take_frame():
            pass
        return len(self.heard) - before

    def take_frame(self):
        if len(self.data) < 2:
            return False
        first, size = self.data[0], self.data[1]
        start = 2 if size < 126 else 4
        if size == 126:
            size = int.from_bytes(self.data[2:4], "big")
        if len(self.data) < start + size:
            return False
        payload, self.data = self.data[start:start + size], self.data[start + size:]
        assert first == 0x81, f"a frame of the kind {first:x}"
        self.heard += [message["text"] for message in json.loads(payload)["messages"]]
        return True

    def say(self, text):
        payload = json.dumps({"text": text}).encode()
        assert len(payload) < 126
        mask = os.urandom(4)
        self.socket.sendall(bytes([0x81, 0x80 | len(payload)]) + mask + bytes(byte ^ mask[i % 4] for i, byte in enumerate(payload)))


class Crowd:
    """`each` members at each port; a context manager."""

    def __init__(self, ports, each):
        self.poller, self.members = select.epoll(), {}
        wanted = [port for _ in range(each) for port in ports]
        for begin in range(0, len(wanted), CONNECTING):
            for number, port in enumerate(wanted[begin:begin + CONNECTING]):
                member = Member(port, f"guest%20{begin + number}")
                self.members[member.socket.fileno()] = member
                self.poller.register(member.socket, select.EPOLLIN)
            self.run(lambda: all(member.is_open for member in self.members.values()))

    def __enter__(self):
        return self

    def __exit__(self, *_):
        for member in self.members.values():
            member.socket.close()
        self.poller.close()

    def run(self, is_done):
        """Reads until then."""
        deadline = time.monotonic() + PATIENCE_SECONDS
        while not is_done():
            assert time.monotonic() < deadline, "not connected"
            for fd, _ in self.poller.poll(1):
                self.members[fd].read()

    def broadcast(self, text):
        """One member says it, and all hear it: the seconds until the first, and until the last has read it."""
        speaker = next(iter(self.members.values()))
        missing, begin = len(self.members), time.monotonic()
        speaker.say(text)
        times = []
        deadline = begin + PATIENCE_SECONDS
        while len(times) < missing:
            assert time.monotonic() < deadline, f"{missing - len(times)} of {missing} did not hear {text!r}"
            for fd, _ in self.poller.poll(1):
                if count := self.members[fd].read():
                    times += [time.monotonic()] * count
        return times[0] - begin, times[-1] - begin

    def check(self, texts):
        """Each member has heard these, once and in order, and nothing more comes."""
        for fd, _ in self.poller.poll(0.2):
            self.members[fd].read()
        for member in self.members.values():
            assert member.heard == texts, member.heard
