"""A handler that awaits 100 ms, on Python's own Tornado. Usage: wait_tornado.py PORT"""

import asyncio
import sys

from tornado.web import Application, RequestHandler


class WaitHandler(RequestHandler):
    async def get(self):
        await asyncio.sleep(0.1)
        self.write("Hello, world")


async def main(port):
    Application([("/", WaitHandler)]).listen(port, "127.0.0.1")
    await asyncio.Event().wait()


asyncio.run(main(int(sys.argv[1])))
