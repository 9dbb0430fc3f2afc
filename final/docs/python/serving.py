"""What the programs of this folder have in common: a port, the loop, and somebody else's server to ask."""

import asyncio
import signal

import tornado.httpserver
import tornado.netutil
import tornado.options
import tornado.web

if "port" not in tornado.options.options:
    tornado.options.define("port", type=int, default=8888, help="port to listen on; 0 takes any free one")


def listen_on(app, port):
    sockets = tornado.netutil.bind_sockets(port, "127.0.0.1")
    tornado.httpserver.HTTPServer(app).add_sockets(sockets)
    return f"http://127.0.0.1:{sockets[0].getsockname()[1]}"


def serve(make_app, *arguments):
    """Serves make_app(*arguments) until the program is ended; arguments that are functions are called first, in the loop."""
    tornado.options.parse_command_line()

    async def run():
        app = make_app(*(argument() for argument in arguments))
        print("listening on " + listen_on(app, tornado.options.options.port), flush=True)
        ended = asyncio.Event()
        for number in (signal.SIGINT, signal.SIGTERM):
            asyncio.get_running_loop().add_signal_handler(number, ended.set)
        await ended.wait()

    asyncio.run(run())


class Page(tornado.web.RequestHandler):
    def get(self):
        self.write("<html><body>a page from elsewhere</body></html>")


class Word(tornado.web.RequestHandler):
    def get(self, word):
        self.write(word)


class Feed(tornado.web.RequestHandler):
    def get(self, name):
        self.write({"id": name, "entries": ["first", "second", "third"]})


def elsewhere():
    """The other server; answers its address. Needs a running loop."""
    return listen_on(tornado.web.Application([("/", Page), ("/(one|two)", Word), ("/feed/(bret)", Feed)],
                                             log_function=lambda handler: None), 0)
