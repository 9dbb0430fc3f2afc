"""web_layer.cc on Python's Tornado: the other half of the comparison in tests/clients/test_web_layer.py."""

import asyncio
import datetime
import signal

import tornado.httpserver
import tornado.httputil
import tornado.netutil
import tornado.options
import tornado.web
from tornado.web import addslash, removeslash, url

import reasons  # noqa: F401


class SayHandler(tornado.web.RequestHandler):
    def initialize(self, name="say"):
        self.name = name

    def get(self, *args):
        self.write("|".join([self.name, *(str(arg) for arg in args)]))


def say(pattern, name):
    return url(pattern, SayHandler, {"name": name})


class ArchiveHandler(tornado.web.RequestHandler):
    def get(self, year, month):
        self.write(f"year={year}|month={month}")


class VerbsHandler(tornado.web.RequestHandler):
    def get(self):
        self.write("get")

    head = get

    def post(self):
        self.write("post " + self.request.body.decode())

    def put(self):
        self.write("put " + self.request.body.decode())

    def patch(self):
        self.write("patch " + self.request.body.decode())

    def delete(self):
        self.write("delete")

    def options(self):
        self.set_status(204)


class WebDavHandler(tornado.web.RequestHandler):
    SUPPORTED_METHODS = ("GET", "PROPFIND")

    def get(self):
        self.write("got")

    def post(self):
        self.write("never")

    def propfind(self):
        self.write("found")


class SlashHandler(tornado.web.RequestHandler):
    @addslash
    def get(self):
        self.write("slash")

    @addslash
    def head(self):
        pass

    @addslash
    def post(self):
        self.write("posted")


class NoSlashHandler(tornado.web.RequestHandler):
    @removeslash
    def get(self):
        self.write("no slash")

    @removeslash
    def head(self):
        pass

    @removeslash
    def post(self):
        self.write("posted")


class ReverseHandler(tornado.web.RequestHandler):
    def get(self, name):
        args = {"archive": (2026, "a b/c?d"), "inner": ("x",)}.get(name, ())
        self.write(self.reverse_url(name, *args))


class ArgumentsHandler(tornado.web.RequestHandler):
    def get(self):
        self.write("[" + self.get_argument("a", "none") + "]")
        self.write("[" + self.get_argument("a", "none", strip=False) + "]")
        self.write("[" + self.get_query_argument("a", "none") + "]")
        self.write("[" + self.get_body_argument("a", "none") + "]")
        for value in self.get_arguments("a"):
            self.write("<" + value + ">")
        for value in self.get_body_arguments("a", strip=False):
            self.write("{" + value + "}")

    post = get


class DecodeHandler(tornado.web.RequestHandler):
    def decode_argument(self, value, name=None):
        return f"({name or ''}:{value.decode('latin-1')})"

    def get(self, path):
        self.write((path + self.get_argument("a", "none")).encode("latin-1"))


class ResponseHandler(tornado.web.RequestHandler):
    async def get(self, way):
        if way == "time":
            self.set_header("X-Time", datetime.datetime(2013, 1, 27, 18, 43, 20))
        elif way == "number":
            self.set_header("X-Number", 17)
        elif way == "repeated":
            self.add_header("X-A", "1")
            self.add_header("X-A", "2")
            self.set_header("x-b", "3")
            self.clear_header("X-B")
        elif way == "clear":
            self.set_status(404)
            self.set_header("X-A", "1")
            self.write("dropped")
            self.clear()
        elif way == "unknown":
            self.set_status(499)
        elif way == "body-204":
            self.set_status(204)
            self.write("no body")
        elif way == "body-304":
            self.set_status(304)
            self.write("no body")
        elif way == "flush-204":
            self.set_status(204)
            await self.flush()
        elif way == "own-length":
            self.set_header("Content-Length", "4")
            await self.flush()
            self.write("four")
        elif way == "flush-redirect":
            self.write("begun")
            await self.flush()
            self.redirect("/")
        elif way == "flush-error":
            self.write("begun")
            await self.flush()
            self.send_error(503)
        elif way == "send-error":
            self.set_header("X-Dropped", "1")
            self.send_error(503, reason="Out to lunch")
        elif way == "send-304":
            self.write("dropped")
            self.send_error(304)
        elif way == "throw-304":
            raise tornado.web.HTTPError(304)
        elif way == "finish-write":
            self.finish("done")
            self.write("more")
        elif way == "list":
            self.write([1, 2])
        elif way == "setting":
            self.require_setting("nothing", "this")
        elif way == "no-etag":
            self.set_header("Etag", "")

    def post(self, way):
        if way == "body":
            self.write("no etag for this")


class EtagHandler(tornado.web.RequestHandler):
    def compute_etag(self):
        return self.get_argument("tag", "") or None

    def get(self):
        self.write("page")

    head = get


class OwnErrorHandler(tornado.web.RequestHandler):
    def set_default_headers(self):
        self.set_header("X-Default", "1")

    def write_error(self, status_code, **kwargs):
        self.finish(f"own page {status_code} {'some' if 'exc_info' in kwargs else 'none'}")

    def get(self, way):
        if way == "throw":
            raise RuntimeError("secret")
        if way == "http":
            raise tornado.web.HTTPError(409, "secret")
        self.send_error(410)


class EarlyHandler(tornado.web.RequestHandler):
    def initialize(self, fails=False):
        if fails:
            raise RuntimeError("no object")

    async def prepare(self):
        await asyncio.sleep(0)
        way = self.get_argument("way", "")
        if way == "http":
            raise tornado.web.HTTPError(401)
        if way == "throw":
            raise RuntimeError("secret")
        if way == "finish":
            self.finish("prepared")
        if way == "redirect":
            self.redirect("/login", False)
        if way == "Finish":
            raise tornado.web.Finish("enough")

    def get(self):
        self.write("verb")


class LongHandler(tornado.web.RequestHandler):
    async def get(self):
        self.set_header("Content-Type", self.get_argument("type", "text/html"))
        if self.get_argument("vary", ""):
            self.set_header("Vary", self.get_argument("vary"))
        if self.get_argument("coding", ""):
            self.set_header("Content-Encoding", self.get_argument("coding"))
        self.write("x" * int(self.get_argument("n", "2000")))
        if self.get_argument("flush", "") == "1":
            await self.flush()
            self.write("end")

    head = get


class ClientHandler(tornado.web.RequestHandler):
    def get(self):
        self.write(f"{self.request.protocol} {self.request.remote_ip}")


class LostHandler(tornado.web.RequestHandler):
    def prepare(self):
        self.set_status(404)
        self.finish("lost " + self.request.path)


def by_hand(request):
    text = f"{request.method} {request.uri} ".encode() + request.body
    request.connection.write_headers(
        tornado.httputil.ResponseStartLine("HTTP/1.1", 200, "OK"),
        tornado.httputil.HTTPHeaders({"X-By": "hand", "Content-Length": str(len(text))}), text)
    request.connection.finish()


def redirect(pattern, **kwargs):
    return url(pattern, tornado.web.RedirectHandler, kwargs)


def routes(inner):
    return [
        say("/", "root"),
        say("/first/([0-9]+)", "number"),
        say("/first/1", "never"),
        say("/first/(a|b)", "expression"),
        say("/first/([a-z]+)", "letters"),
        say("/optional(/x)?", "optional"),
        url("/archive/(?P<year>[0-9]+)(?:/(?P<month>[^/]+))?", ArchiveHandler),
        url("/reversed/([0-9]+)/(.*)", ArchiveHandler, name="archive"),
        url("/verbs", VerbsHandler),
        url("/dav", WebDavHandler),
        url("/slash/?", SlashHandler),
        url("/noslash/*", NoSlashHandler),
        url("/reverse/(.*)", ReverseHandler),
        url("/arguments", ArgumentsHandler),
        url("/decode/(.*)", DecodeHandler),
        url("/response/(.*)", ResponseHandler),
        url("/etag", EtagHandler),
        url("/own_error/(.*)", OwnErrorHandler),
        url("/early", EarlyHandler),
        url("/too_early", EarlyHandler, {"fails": True}),
        url("/long", LongHandler),
        url("/client", ClientHandler),
        url("/gone", tornado.web.ErrorHandler, {"status_code": 410}),
        url("/fallback/.*", tornado.web.FallbackHandler, {"fallback": by_hand}),
        ("/function", by_hand),
        ("/list/.*", [say("/list/a", "list a"), say("/list/([0-9]+)", "list number")]),
        ("/inner/.*", inner),
        say("/list/b", "behind the list"),
        redirect("/to/fixed", url="http://example.com/app"),
        redirect("/to/temporary", url="/next", permanent=False),
        redirect("/to/pictures/(.*)", url="/photos/{0}"),
        redirect("/to/swap/([^/]+)/([^/]+)", url="/{1}/{0}/{{x}}"),
        redirect("/to/(?P<year>[0-9]+)/(?P<name>[^/]+)", url="/{name}?y={year}"),
        redirect("/to/missing/(.*)", url="/{1}"),
        redirect("/to/backslash/(.*)", url="/photos/\\1"),
        redirect("/to/open(/.*)", url="{0}"),
    ]


def main():
    tornado.options.define("xheaders", False)
    tornado.options.define("trusted_downstream", "")
    tornado.options.define("compress_response", False)
    tornado.options.define("serve_traceback", False)
    tornado.options.define("default_handler", False)
    tornado.options.define("default_host", "")
    tornado.options.parse_command_line()
    options = tornado.options.options
    settings = {"compress_response": options.compress_response, "serve_traceback": options.serve_traceback}
    if options.default_handler:
        settings["default_handler_class"] = LostHandler
    inner = tornado.web.Application([url("/inner/(x.*)", SayHandler, {"name": "inner"}, name="inner")])
    app = tornado.web.Application(routes(inner), options.default_host or None, **settings)
    app.add_handlers(r"a\.example", [say("/", "host a"), say("/only", "host a only")])
    app.add_handlers(r"(.*)\.example", [say("/", "host example"), say("/list/a", "host list")])

    async def serve():
        stopped = asyncio.Event()
        asyncio.get_running_loop().add_signal_handler(signal.SIGTERM, stopped.set)
        trusted = [options.trusted_downstream] if options.trusted_downstream else None
        server = tornado.httpserver.HTTPServer(app, xheaders=options.xheaders, trusted_downstream=trusted)
        sockets = tornado.netutil.bind_sockets(0, "127.0.0.1")
        server.add_sockets(sockets)
        print(f"listening on http://127.0.0.1:{sockets[0].getsockname()[1]}", flush=True)
        await stopped.wait()

    asyncio.run(serve())


if __name__ == "__main__":
    main()
