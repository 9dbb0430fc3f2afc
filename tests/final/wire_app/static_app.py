"""static_app.cc on Python's Tornado: the other half of the comparison in tests/clients/test_static.py."""

import asyncio
import signal

import tornado.httpserver
import tornado.netutil
import tornado.options
import tornado.web

import reasons  # noqa: F401


class HelloHandler(tornado.web.RequestHandler):
    def get(self):
        self.write("Hello, world")


class UrlHandler(tornado.web.RequestHandler):
    def get(self):
        self.include_host = bool(self.get_argument("include_host", ""))
        self.write(self.static_url(self.get_argument("path")))


def main():
    tornado.options.define("folder", "")
    tornado.options.define("compress", False)
    tornado.options.parse_command_line()
    options = tornado.options.options
    with_index = {"path": options.folder, "default_filename": "index.html"}
    app = tornado.web.Application(
        [("/", HelloHandler), ("/url", UrlHandler), ("/index/(.*)", tornado.web.StaticFileHandler, with_index),
         ("(//.*)", tornado.web.StaticFileHandler, with_index)],
        static_path=options.folder, compress_response=options.compress)

    async def serve():
        stopped = asyncio.Event()
        asyncio.get_running_loop().add_signal_handler(signal.SIGTERM, stopped.set)
        sockets = tornado.netutil.bind_sockets(0, "127.0.0.1")
        tornado.httpserver.HTTPServer(app).add_sockets(sockets)
        print(f"listening on http://127.0.0.1:{sockets[0].getsockname()[1]}", flush=True)
        await stopped.wait()

    asyncio.run(serve())


if __name__ == "__main__":
    main()
