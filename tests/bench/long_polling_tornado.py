"""The chat of chapter 08 on Python's own Tornado: the same requests, the same answers. Usage: long_polling_tornado.py PORT"""

import asyncio
import sys

from tornado.locks import Condition
from tornado.web import Application, RequestHandler

messages = []
added = Condition()


class MainHandler(RequestHandler):
    def get(self):
        self.write("Hello, world")


class NewHandler(RequestHandler):
    def post(self):
        messages.append(self.get_argument("text"))
        added.notify_all()
        self.set_status(204)


class UpdatesHandler(RequestHandler):
    waiting = None

    async def get(self):
        after = int(self.get_argument("after", "0"))
        while len(messages) <= after:
            self.waiting = added.wait()
            try:
                await self.waiting
            except asyncio.CancelledError:
                return
        self.write("".join(f"{number} {text}\n" for number, text in enumerate(messages, 1) if number > after))

    def on_connection_close(self):
        if self.waiting:
            self.waiting.cancel()


async def main(port):
    Application([("/", MainHandler), ("/a/message/new", NewHandler), ("/a/message/updates", UpdatesHandler)]).listen(
        port, "127.0.0.1")
    await asyncio.Event().wait()


asyncio.run(main(int(sys.argv[1])))
