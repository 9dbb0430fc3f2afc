"""form_app.cc on Python's Tornado: the other half of the comparison in tests/clients/test_forms.py."""

import asyncio
import http.client
import signal

import tornado.httpserver
import tornado.netutil
import tornado.options
import tornado.web

http.client.responses[413] = "Request Entity Too Large"  # Python 3.13 renamed it; the framework did not


def name_bytes(name, is_multipart):
    """A name as it was sent: Tornado decodes those of urlencoded forms as latin-1, those of multipart as UTF-8."""
    return name.encode("utf-8" if is_multipart else "latin-1")


class FormHandler(tornado.web.RequestHandler):
    def post(self):
        is_multipart = self.request.headers.get("Content-Type", "").startswith("multipart")
        arguments = {name_bytes(name, is_multipart): values for name, values in self.request.body_arguments.items()}
        for name, values in sorted(arguments.items()):
            for value in values:
                self.write(f"a {name.hex()} {value.hex()}\n")
        files = {name_bytes(name, True): files for name, files in self.request.files.items()}
        for name, entries in sorted(files.items()):
            for file in entries:
                filename, content_type = file.filename.encode(), file.content_type.encode("latin-1")
                self.write(f"f {name.hex()} {filename.hex()} {content_type.hex()} {file.body.hex()}\n")
        headers = self.request.headers
        self.write(f"coding {headers.get('Content-Encoding', '-')} {headers.get('X-Consumed-Content-Encoding', '-')}\n")


class ArgumentHandler(tornado.web.RequestHandler):
    def post(self):
        for value in self.get_arguments("a"):
            self.write(f"[{value}]")
        self.write(f"|{self.get_body_argument('a', 'none')}|{self.get_query_argument('a', 'none')}|"
                   + self.get_argument("a", strip=False))


@tornado.web.stream_request_body
class StreamHandler(tornado.web.RequestHandler):
    def initialize(self):
        self.size = 0

    def todo(self, what):
        return self.get_query_argument(what, "")

    async def prepare(self):
        if self.todo("limit"):
            self.request.connection.set_max_body_size(int(self.todo("limit")))
        way = self.todo("prepare")
        if way == "wait":
            await asyncio.sleep(0)
        if way == "413":
            raise tornado.web.HTTPError(413)
        if way == "raise":
            raise RuntimeError("in prepare")
        if way == "finish":
            self.finish("prepared")

    async def data_received(self, chunk):
        self.size += len(chunk)
        way = self.todo("data")
        if way == "wait":
            await asyncio.sleep(0)
        if way == "415":
            raise tornado.web.HTTPError(415)
        if way == "raise":
            raise RuntimeError("in data_received")
        if way == "finish" and not self._finished:
            self.finish("early")

    def put(self):
        self.write(f"put {self.size}")


class StillHandler(tornado.web.RequestHandler):
    def get(self):
        self.write("still|open")


class HelloHandler(tornado.web.RequestHandler):
    def get(self):
        self.write("Hello, world")


def main():
    tornado.options.define("decompress_request", False)
    tornado.options.define("max_body_size", 104857600)
    tornado.options.parse_command_line()
    options = tornado.options.options
    app = tornado.web.Application([("/", HelloHandler), ("/form", FormHandler), ("/argument", ArgumentHandler),
                                   ("/stream", StreamHandler), ("/path/still/open", StillHandler)])

    async def serve():
        stopped = asyncio.Event()
        asyncio.get_running_loop().add_signal_handler(signal.SIGTERM, stopped.set)
        server = tornado.httpserver.HTTPServer(app, decompress_request=options.decompress_request,
                                               max_body_size=options.max_body_size)
        sockets = tornado.netutil.bind_sockets(0, "127.0.0.1")
        server.add_sockets(sockets)
        print(f"listening on http://127.0.0.1:{sockets[0].getsockname()[1]}", flush=True)
        await stopped.wait()

    asyncio.run(serve())


if __name__ == "__main__":
    main()
