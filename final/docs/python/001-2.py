"""Text 001, 2: a handler that fetches, as a coroutine."""

import tornado.httpclient
import tornado.template
import tornado.web

from serving import elsewhere, serve


class GenAsyncHandler(tornado.web.RequestHandler):
    def initialize(self, url):
        self.url = url

    # [get]
    async def get(self):
        http_client = tornado.httpclient.AsyncHTTPClient()
        response = await http_client.fetch(self.url)
        self.render("template.html", page=response.body)
    # [/get]


def make_app(other):
    loader = tornado.template.DictLoader({"template.html": "<pre>{{ page }}</pre>\n"})
    return tornado.web.Application([
        (r"/", GenAsyncHandler, {"url": other + "/"}),
        (r"/missing", GenAsyncHandler, {"url": other + "/missing"}),
    ], template_loader=loader)


if __name__ == "__main__":
    serve(make_app, elsewhere)
