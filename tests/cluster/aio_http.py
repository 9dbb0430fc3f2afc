"""A little HTTP and WebSocket for clients by the thousand: asyncio's streams, and nothing that costs much."""

import asyncio
import json
import os

KEY = "dGhlIHNhbXBsZSBub25jZQ=="


class Refused(Exception):
    """The handshake got another status than 101."""


class Closed(EOFError):
    """The server has sent a close frame, with this code."""


async def read_head(reader):
    """(status, {name: value}), the names in lower case."""
    first, *lines = (await reader.readuntil(b"\r\n\r\n")).decode().split("\r\n")[:-2]
    fields = {name.lower(): value.strip() for name, _, value in (line.partition(":") for line in lines)}
    return int(first.split()[1]), fields


async def post(port, path, body, headers):
    reader, writer = await asyncio.open_connection("127.0.0.1", port)
    try:
        lines = [f"POST {path} HTTP/1.1", "Host: h", "Connection: close", "Content-Type: application/x-www-form-urlencoded",
                 f"Content-Length: {len(body)}", *(f"{name}: {value}" for name, value in headers.items()), "", body]
        writer.write("\r\n".join(lines).encode())
        status, fields = await read_head(reader)
        text = await reader.readexactly(int(fields["content-length"])) if "content-length" in fields else await reader.read()
        return status, fields, json.loads(text) if fields.get("content-type", "").startswith("application/json") else text
    finally:
        writer.close()


class WebSocket:
    def __init__(self, reader, writer):
        self.reader, self.writer = reader, writer

    @classmethod
    async def open(cls, port, target):
        reader, writer = await asyncio.open_connection("127.0.0.1", port)
        try:
            writer.write(f"GET {target} HTTP/1.1\r\nHost: h\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n"
                         f"Sec-WebSocket-Version: 13\r\nSec-WebSocket-Key: {KEY}\r\n\r\n".encode())
            status, _ = await read_head(reader)
        except BaseException:
            writer.close()
            raise
        if status != 101:
            writer.close()
            raise Refused(status)
        return cls(reader, writer)

    async def receive(self):
        """The next text. Closed at the end, or another EOFError if there was no close frame."""
        while True:
            first, size = await self.reader.readexactly(2)
            if size >= 126:
                size = int.from_bytes(await self.reader.readexactly(2 if size == 126 else 8), "big")
            payload = await self.reader.readexactly(size)
            if first == 0x81:
                return payload.decode()
            if first == 0x89:
                self.write(0x8A, payload)
            if first == 0x88:
                self.write(0x88, payload)
                self.writer.close()
                raise Closed(int.from_bytes(payload[:2], "big"))

    def write(self, first, payload):
        mask, size = os.urandom(4), len(payload)
        head = bytes([first, 0x80 | size]) if size < 126 else bytes([first, 0xFE]) + size.to_bytes(2, "big")
        self.writer.write(head + mask + bytes(byte ^ mask[i % 4] for i, byte in enumerate(payload)))

    async def send(self, text):
        self.write(0x81, text.encode())
        await self.writer.drain()
