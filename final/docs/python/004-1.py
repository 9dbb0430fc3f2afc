"""Text 004, 1: hello world."""

import tornado.web

from serving import serve


# [handler]
class MainHandler(tornado.web.RequestHandler):
    def get(self):
        self.write("Hello, world")


def make_app():
    return tornado.web.Application([
        (r"/", MainHandler),
    ])
# [/handler]


if __name__ == "__main__":
    serve(make_app)
