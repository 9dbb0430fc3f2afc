"""The same echo on Python's Tornado: websocket_tornado.py PORT"""

import asyncio
import logging
import sys

import tornado.web
import tornado.websocket


class Echo(tornado.websocket.WebSocketHandler):
    def open(self):
        self.set_nodelay(True)

    def on_message(self, message):
        self.write_message(message, binary=isinstance(message, bytes))


async def main():
    logging.getLogger("tornado.access").disabled = True
    server = tornado.web.Application([("/ws", Echo)]).listen(int(sys.argv[1]), "127.0.0.1", backlog=4096)
    print(f"listening on http://127.0.0.1:{next(iter(server._sockets.values())).getsockname()[1]}", flush=True)
    await asyncio.Future()


asyncio.run(main())
