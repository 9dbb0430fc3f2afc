"""wire_app.cc on Python's Tornado: the other half of the comparison in tests/clients/test_differential.py."""

import asyncio
import json
import signal

import tornado.gen
import tornado.httpserver
import tornado.httputil
import tornado.ioloop
import tornado.netutil
import tornado.options
import tornado.web

import reasons  # noqa: F401
import signing_handlers

STATS = {"alive": 0, "finished": 0, "closed": 0}
HELD = set()


class Handler(tornado.web.RequestHandler):
    def initialize(self):
        STATS["alive"] += 1

    def on_finish(self):
        STATS["alive"] -= 1
        STATS["finished"] += 1

    def on_connection_close(self):
        STATS["closed"] += 1

    def int_argument(self, name, default):
        return int(self.get_argument(name, str(default)))


class HelloHandler(Handler):
    def get(self):
        self.write("Hello, world")


class HeadHandler(HelloHandler):
    def head(self):
        self.get()


class EchoHandler(Handler):
    def echo(self):
        self.set_header("Content-Type", "text/plain")
        self.write(f"{self.request.method} {self.request.uri} {len(self.request.body)}\n")
        self.write(self.request.body)

    get = post = put = patch = delete = options = echo


class PathHandler(Handler):
    def get(self, first, second):
        self.write(first + "|" + second)


class OptionalHandler(Handler):
    def get(self, group):
        self.write("None" if group is None else group)


class ArgHandler(Handler):
    def get(self):
        self.write("[" + self.get_argument("a") + "]")

    post = get


class ArgsHandler(Handler):
    def get(self):
        self.write({"a": self.get_arguments("a")})

    post = get


class StatusHandler(Handler):
    def get(self, code):
        self.set_status(int(code))
        if code not in ("204", "304"):
            self.write("status " + code)


class SlowHandler(Handler):
    async def get(self):
        await tornado.gen.sleep(float(self.get_argument("s", "0.05")))
        self.write("slow")


class AsyncHandler(Handler):
    async def get(self):
        done = asyncio.Event()
        tornado.ioloop.IOLoop.current().call_later(0.001, done.set)
        await done.wait()
        self.finish("async")


class NeverHandler(Handler):
    async def get(self):
        self.write("never seen")
        self.left = asyncio.Event()
        await self.left.wait()

    def on_connection_close(self):
        super().on_connection_close()
        self.left.set()


class HoldHandler(Handler):
    async def get(self):
        self.answer = asyncio.Event()
        HELD.add(self)
        await self.answer.wait()
        self.finish("held")

    def on_connection_close(self):
        super().on_connection_close()
        HELD.discard(self)
        self.answer.set()


class ReleaseHandler(Handler):
    def get(self):
        while HELD:
            HELD.pop().answer.set()
        self.write("released")


class FlushHandler(Handler):
    async def get(self):
        for piece in ("one", "two", "three"):
            self.write(piece)
            await self.flush()
        self.write("end")

    head = get


class FlushThrowHandler(Handler):
    def get(self):
        self.write("begun")
        self.flush()
        raise RuntimeError("after the headers have gone")


class LengthLieHandler(Handler):
    async def get(self):
        self.set_header("Content-Length", self.get_argument("declare"))
        if self.get_argument("flush", "") == "1":
            await self.flush()
        self.write("x" * self.int_argument("write", 0))


class ThrowHandler(Handler):
    def get(self):
        raise RuntimeError("<secret>")


class ThrowLaterHandler(Handler):
    async def get(self):
        await asyncio.sleep(0)
        raise RuntimeError("<secret>")


class HttpErrorHandler(Handler):
    def get(self):
        self.set_header("X-Before", "dropped")
        self.write("dropped")
        raise tornado.web.HTTPError(self.int_argument("code", 500), self.get_argument("log", "") or None,
                                    reason=self.get_argument("reason", "") or None)


class SetStatusHandler(Handler):
    def get(self):
        self.set_status(self.int_argument("code", 200), self.get_argument("reason", "") or None)


class FinishHandler(Handler):
    def get(self):
        self.set_header("X-Kept", "yes")
        chunk = self.get_argument("chunk", "")
        if not chunk:
            raise tornado.web.Finish()
        raise tornado.web.Finish(chunk)


class FinishTwiceHandler(Handler):
    def get(self):
        self.finish("first")
        self.finish("second")


class PrepareHandler(Handler):
    def prepare(self):
        self.finish("prepared")

    def get(self):
        self.write("the verb ran")


class WriteErrorHandler(Handler):
    def get(self):
        self.write_error(404)


class DefaultHeadersHandler(Handler):
    def set_default_headers(self):
        self.set_header("X-Default", "always")

    def get(self):
        raise tornado.web.HTTPError(403)


class RedirectHandler(Handler):
    def get(self):
        self.redirect(self.get_argument("to"), self.get_argument("permanent", "") == "1",
                      self.int_argument("status", 0) or None)


class SetHeaderHandler(Handler):
    def get(self):
        self.set_header(self.get_argument("name", "X-Test"), self.get_argument("value", "", strip=False))
        self.write("set")


class RawHeaderHandler(Handler):
    def get(self, value):
        self.set_header("X-Path", value)
        self.write("set")


class OwnEtagHandler(Handler):
    def get(self):
        self.set_header("Etag", self.get_argument("etag", '"mine"'))
        self.write("Hello, world")


class JsonHandler(Handler):
    def get(self):
        self.write({"text": "</script>\u00e9", "list": [1, 2.5, None, True]})


class HeadersHandler(Handler):
    def get(self):
        self.write({"headers": list(self.request.headers.get_all())})

    post = get


class RequestInfoHandler(Handler):
    def get(self):
        names = ("method", "uri", "path", "query", "version", "host", "host_name", "protocol", "remote_ip")
        self.write({name: getattr(self.request, name) for name in names})


class BigHandler(Handler):
    def get(self):
        self.write("x" * self.int_argument("n", 1048576))


class StatsHandler(tornado.web.RequestHandler):
    def get(self):
        self.write(json.dumps(STATS))
        self.set_header("Content-Type", "application/json; charset=UTF-8")


class JsonListHandler(Handler):
    def get(self):
        self.write([1, 2])


class NoBodyHandler(Handler):
    def get(self, code):
        self.set_status(int(code))
        self.write("body")


class CookieErrorHandler(Handler):
    def get(self):
        self.set_cookie("kept", "yes")
        raise tornado.web.HTTPError(403)


ROUTES = [
    ("/", HelloHandler),
    ("/head", HeadHandler),
    ("/echo", EchoHandler),
    ("/path/([^/]*)/(.*)", PathHandler),
    ("/optional(/.*)?", OptionalHandler),
    ("/arg", ArgHandler),
    ("/args", ArgsHandler),
    ("/status/([0-9]+)", StatusHandler),
    ("/slow", SlowHandler),
    ("/async", AsyncHandler),
    ("/never", NeverHandler),
    ("/hold", HoldHandler),
    ("/release", ReleaseHandler),
    ("/flush", FlushHandler),
    ("/flush_throw", FlushThrowHandler),
    ("/length_lie", LengthLieHandler),
    ("/throw", ThrowHandler),
    ("/throw_int", ThrowHandler),
    ("/throw_later", ThrowLaterHandler),
    ("/httperror", HttpErrorHandler),
    ("/set_status", SetStatusHandler),
    ("/finish", FinishHandler),
    ("/finish_twice", FinishTwiceHandler),
    ("/prepare", PrepareHandler),
    ("/write_error", WriteErrorHandler),
    ("/default_headers", DefaultHeadersHandler),
    ("/redirect", RedirectHandler),
    ("/set_header", SetHeaderHandler),
    ("/raw_header/(.*)", RawHeaderHandler),
    ("/own_etag", OwnEtagHandler),
    ("/json", JsonHandler),
    ("/json_list", JsonListHandler),
    ("/no_body/([0-9]+)", NoBodyHandler),
    ("/cookie_error", CookieErrorHandler),
    ("/headers", HeadersHandler),
    ("/request", RequestInfoHandler),
    ("/big", BigHandler),
    ("/stats", StatsHandler),
]


def main():
    tornado.options.define("no_keep_alive", False)
    tornado.options.define("xheaders", False)
    tornado.options.define("serve_traceback", False)
    tornado.options.define("max_header_size", 65536)
    tornado.options.define("max_body_size", 104857600)
    tornado.options.define("idle_connection_timeout", 3600.0)
    tornado.options.define("header_timeout", 60.0)  # ours; here idle_connection_timeout covers it
    tornado.options.define("body_timeout", 0.0)
    tornado.options.define("body_stall_timeout", 60.0)  # ours
    signing_handlers.define_options()
    tornado.options.parse_command_line()
    options = tornado.options.options
    app = tornado.web.Application(ROUTES + signing_handlers.ROUTES, serve_traceback=options.serve_traceback,
                                  **signing_handlers.settings())

    async def serve():
        stopped = asyncio.Event()
        asyncio.get_running_loop().add_signal_handler(signal.SIGTERM, stopped.set)
        server = tornado.httpserver.HTTPServer(
            app, no_keep_alive=options.no_keep_alive, xheaders=options.xheaders,
            max_header_size=options.max_header_size, max_body_size=options.max_body_size,
            idle_connection_timeout=options.idle_connection_timeout, body_timeout=options.body_timeout or None)
        sockets = tornado.netutil.bind_sockets(0, "127.0.0.1")
        server.add_sockets(sockets)
        print(f"listening on http://127.0.0.1:{sockets[0].getsockname()[1]}", flush=True)
        await stopped.wait()

    asyncio.run(serve())


if __name__ == "__main__":
    main()
