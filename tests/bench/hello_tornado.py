"""Hello world on Python's own Tornado, the original that we mirror. Usage: hello_tornado.py PORT"""

import asyncio
import sys

from tornado.web import Application, RequestHandler


class MainHandler(RequestHandler):
    def get(self):
        self.write("Hello, world")


async def main(port):
    Application([("/", MainHandler)]).listen(port, "127.0.0.1")
    await asyncio.Event().wait()


asyncio.run(main(int(sys.argv[1])))
