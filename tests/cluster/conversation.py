"""Clients of the clustered chats: WebSockets that come back with their cursor, and posts of the chat by long polling."""

import asyncio
import json
import time
import urllib.parse

import aio_http


class Listener:
    """A page: it connects through nginx, remembers the last message, and connects again when it is cut off."""

    def __init__(self, port, name="guest"):
        self.port, self.name, self.cursor = port, name, "0"
        self.heard, self.errors, self.connections, self.socket = [], [], 0, None
        self.codes, self.accidents = [], 0  # of close frames; connections that failed, or ended without one
        self.opened = None  # when it was connected for the last time
        self.changed = asyncio.Condition()

    async def run(self):
        while True:
            try:
                query = urllib.parse.urlencode({"name": self.name, "cursor": self.cursor})
                self.socket = await aio_http.WebSocket.open(self.port, f"/chatsocket?{query}")
                self.connections, self.opened = self.connections + 1, time.monotonic()
                await self.tell()
                while True:
                    self.take(json.loads(await self.socket.receive()))
                    await self.tell()
            except aio_http.Closed as end:
                self.codes.append(end.args[0])
            except (OSError, EOFError, aio_http.Refused):
                self.accidents += 1
            self.socket = None
            await asyncio.sleep(0.02)  # as the page waits, only shorter

    def take(self, update):
        for message in update.get("messages", []):
            self.heard.append(message)
            self.cursor = message["id"]
        if "error" in update:
            self.errors.append(update)

    async def tell(self):
        async with self.changed:
            self.changed.notify_all()

    async def until(self, condition):
        async with self.changed:
            await self.changed.wait_for(condition)

    @property
    def texts(self):
        return [message["text"] for message in self.heard]

    @property
    def ids(self):
        return [tuple(map(int, message["id"].split("-"))) for message in self.heard]

    async def say(self, text):
        await self.until(lambda: self.socket is not None)
        await self.socket.send(json.dumps({"text": text}))


TOKEN = "00112233445566778899aabbccddeeff"  # the chat compares the cookie with the field, and knows neither


async def post(port, path, **fields):
    """(status, fields, JSON) of the response of the chat by long polling."""
    return await aio_http.post(port, path, urllib.parse.urlencode(fields), {"Cookie": f"_xsrf={TOKEN}", "X-Xsrftoken": TOKEN})
