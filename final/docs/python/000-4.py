"""Text 000, 4: an image by a coroutine that awaits a future which is done already."""

import os

import tornado.web
from tornado.concurrent import Future

from serving import serve


class IndexHandler(tornado.web.RequestHandler):
    # [get]
    async def get(self, filename):
        content = await self.read_img(filename)
        if not content:
            self.send_error(404)
        else:
            self.set_header("Content-Type", "image/png")
            self.write(content)

    def read_img(self, filename):
        future = Future()
        future.set_result(read_image(filename))
        return future
    # [/get]


def read_image(name):
    path = os.path.join("static", name)
    if "/" in name or not os.path.isfile(path):
        return b""
    with open(path, "rb") as file:
        return file.read()


def make_app():
    return tornado.web.Application([(r"/static/(.*)", IndexHandler)])


if __name__ == "__main__":
    serve(make_app)
