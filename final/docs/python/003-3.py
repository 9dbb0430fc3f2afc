"""Text 003, 3: options, a route with a name, routes that give their handler something."""

import tornado.options
import tornado.web
from tornado.web import url

from serving import serve


# [handlers]
class IndexHandler(tornado.web.RequestHandler):
    def get(self):
        self.write('<a href="%s">cpp</a>' % self.reverse_url("cpp_url"))


class SubjectHandler(tornado.web.RequestHandler):
    def initialize(self, subject):
        self.subject = subject

    def get(self):
        self.write(self.subject)
# [/handlers]


def make_app():
    # [routes]
    return tornado.web.Application(
        [
            (r"/", IndexHandler),
            (r"/Python", SubjectHandler, {"subject": "python"}),
            url(r"/cpp", SubjectHandler, {"subject": "cpp"}, name="cpp_url"),
        ],
        debug=True)
    # [/routes]


if __name__ == "__main__":
    serve(make_app)
