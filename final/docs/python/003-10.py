"""Text 003, 10: the FriendFeed example as a coroutine."""

import tornado.escape
import tornado.httpclient
import tornado.web

from serving import elsewhere, serve


class MainHandler(tornado.web.RequestHandler):
    def initialize(self, api):
        self.api = api

    # [get]
    async def get(self, name):
        http = tornado.httpclient.AsyncHTTPClient()
        response = await http.fetch(self.api + name)
        feed = tornado.escape.json_decode(response.body)
        self.write("Fetched %d entries from the FriendFeed API" % len(feed["entries"]))
    # [/get]


def make_app(other):
    return tornado.web.Application([(r"/(.*)", MainHandler, {"api": other + "/feed/"})])


if __name__ == "__main__":
    serve(make_app, elsewhere)
