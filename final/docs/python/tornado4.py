"""What the texts wrote for Tornado 4, and Tornado 6 does not have any more. Compiled by a test, not run."""

import tornado.httpclient
import tornado.web
from tornado import gen


class Never(tornado.web.RequestHandler):
    # [asynchronous]
    @tornado.web.asynchronous
    def get(self):
        self.write("Hello, world")
        self.finish()
    # [/asynchronous]


class WithCallback(tornado.web.RequestHandler):
    # [callback]
    @tornado.web.asynchronous
    def get(self):
        http_client = tornado.httpclient.AsyncHTTPClient()
        http_client.fetch(self.url, callback=self.on_fetch)

    def on_fetch(self, response):
        response.rethrow()
        self.render("template.html", page=response.body)
    # [/callback]


class WithKey(tornado.web.RequestHandler):
    # [key]
    @gen.coroutine
    def get(self):
        http_client = tornado.httpclient.AsyncHTTPClient()
        http_client.fetch(self.url, callback=(yield gen.Callback("key")))
        response = yield gen.Wait("key")
        response.rethrow()
        self.render("template.html", page=response.body)
    # [/key]


# [task]
@gen.coroutine
def add_three():
    two = yield gen.Task(add_later, 1, 2)
    three = yield gen.Task(add_later, two, 3)
    print("the sum is %d" % three)
# [/task]
