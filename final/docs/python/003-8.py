"""Text 003, 8: a redirect that takes a part of the path along. {0} is the group: Tornado sends a \\1 as it stands."""

import tornado.web
from tornado.web import url

from serving import serve


class MyPhotoHandler(tornado.web.RequestHandler):
    def get(self, name):
        self.write("photo " + name)


def make_app():
    return tornado.web.Application([
        # [routes]
        url(r"/photos/(.*)", MyPhotoHandler),
        url(r"/pictures/(.*)", tornado.web.RedirectHandler, dict(url=r"/photos/{0}")),
        # [/routes]
    ])


if __name__ == "__main__":
    serve(make_app)
