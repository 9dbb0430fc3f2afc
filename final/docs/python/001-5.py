"""Text 001, 5: two requests at once."""

import tornado.httpclient
import tornado.web
from tornado import gen

from serving import elsewhere, serve


class TwoHandler(tornado.web.RequestHandler):
    def initialize(self, url1, url2):
        self.url1, self.url2 = url1, url2

    # [get]
    @gen.coroutine
    def get(self):
        http_client = tornado.httpclient.AsyncHTTPClient()
        response1, response2 = yield [http_client.fetch(self.url1),
                                      http_client.fetch(self.url2)]
        self.write(response1.body + b" and " + response2.body)
    # [/get]


def make_app(other):
    return tornado.web.Application([(r"/", TwoHandler, {"url1": other + "/one", "url2": other + "/two"})])


if __name__ == "__main__":
    serve(make_app, elsewhere)
