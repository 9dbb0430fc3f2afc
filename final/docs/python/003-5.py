"""Text 003, 5: a form, and what was typed into it."""

import tornado.web

from serving import serve


class MyFormHandler(tornado.web.RequestHandler):
    def get(self):
        self.write('<html><body><form action="/myform" method="POST">'
                   '<input type="text" name="message">'
                   '<input type="submit" value="Submit">'
                   '</form></body></html>')

    # [post]
    def post(self):
        self.set_header("Content-Type", "text/plain")
        self.write("You wrote " + self.get_body_argument("message"))
    # [/post]


def make_app():
    return tornado.web.Application([(r"/myform", MyFormHandler)])


if __name__ == "__main__":
    serve(make_app)
