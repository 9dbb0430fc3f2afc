"""Text 003, 4: a number in the path, and a database that every handler of the route gets."""

import tornado.web
from tornado.web import url

from serving import serve


# [handler]
class StoryHandler(tornado.web.RequestHandler):
    def initialize(self, db):
        self.db = db

    def get(self, story_id):
        story = self.db.get(int(story_id))
        if story is None:
            raise tornado.web.HTTPError(404)
        self.write("this is story %s: %s" % (story_id, story))
# [/handler]


class MainHandler(tornado.web.RequestHandler):
    def get(self):
        self.write('<a href="%s">link to story 1</a>' % self.reverse_url("story", "1"))


def make_app():
    db = {1: "the tortoise", 2: "the hare"}
    return tornado.web.Application([
        url(r"/", MainHandler),
        # [route]
        url(r"/story/([0-9]+)", StoryHandler, dict(db=db), name="story"),
        # [/route]
    ])


if __name__ == "__main__":
    serve(make_app)
