"""Text 003, 6: prepare() reads a JSON body, for all methods."""

import json

import tornado.escape
import tornado.web

from serving import serve


class ArgumentsHandler(tornado.web.RequestHandler):
    json_args = None

    # [prepare]
    def prepare(self):
        if not self.request.headers["Content-Type"].startswith("application/json"):
            return
        try:
            self.json_args = json.loads(self.request.body)
        except ValueError:
            raise tornado.web.HTTPError(400)
    # [/prepare]

    def post(self):
        self.write("no JSON" if self.json_args is None else "JSON: " + tornado.escape.json_encode(self.json_args))


def make_app():
    return tornado.web.Application([(r"/", ArgumentsHandler)])


if __name__ == "__main__":
    serve(make_app)
