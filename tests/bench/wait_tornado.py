"""A handler that awaits 100 ms, on Python's own Tornado. Usage: wait_tornado.py PORT"""

import asyncio
import sys

from tornado.web import Application, RequestHandler


class WaitHandler(RequestHandler):
    async def get(self):
        await asyncio.sleep(0.1)
        self.write("Hello, world")


async def main(port):
    # Its own 128 would measure how long the kernel of a client waits until it tries again: a second.
    Application([("/", WaitHandler)]).listen(port, "127.0.0.1", backlog=4096)
    await asyncio.Event().wait()


asyncio.run(main(int(sys.argv[1])))
