"""Our HTTP client, as the demos `fetch` and `webspider` use it, against servers that are not ours."""

import asyncio
import gzip
import http.server
import os
import pathlib
import shutil
import socket
import subprocess
import threading

import pytest
import tornado.httpserver
import tornado.netutil
import tornado.web

ROOT = pathlib.Path(__file__).resolve().parent.parent.parent
NGINX = shutil.which("nginx") or "/usr/sbin/nginx"
BIG = b"0123456789abcdef" * 65536  # a megabyte


def demo(name):
    build = pathlib.Path(os.environ.get("TORNADO_BUILD", ROOT / "build" / "debug"))
    return str(build / "final" / "demos" / name / name)


def fetch(*arguments):
    """What the program printed, without the line end behind each body, and what it said of an error."""
    done = subprocess.run([demo("fetch"), *arguments], capture_output=True, timeout=60)
    return done.returncode, done.stdout.removesuffix(b"\n"), done.stderr.decode()


def free_port():
    """nginx cannot be asked which port it took."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return probe.getsockname()[1]


class Handler(http.server.BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"

    def do_GET(self):
        getattr(self, "get_" + self.path.strip("/").replace("/", "_"))()

    def answer(self, body, code=200, **fields):
        self.send_response(code)
        for name, value in fields.items():
            self.send_header(name.replace("_", "-"), value)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def get_plain(self):
        self.answer(b"plain")

    def get_big(self):
        self.answer(BIG)

    def get_packed(self):
        assert self.headers["Accept-Encoding"] == "gzip"
        self.answer(gzip.compress(BIG), Content_Encoding="gzip")

    def get_away(self):
        self.answer(b"", 302, Location="plain")

    def get_forever(self):
        self.answer(b"", 302, Location="/forever")

    def get_broken(self):
        self.wfile.write(b"HTTP/1.1 200 OK\r\nContent-Length: 3\r\nContent-Length: 4\r\n\r\nabc")
        self.close_connection = True

    def get_until_close(self):
        self.wfile.write(b"HTTP/1.0 200 OK\r\n\r\nuntil the end")
        self.close_connection = True

    def get_cut(self):
        self.wfile.write(b"HTTP/1.1 200 OK\r\nContent-Length: 100\r\n\r\nabc")
        self.close_connection = True

    def log_message(self, *_arguments):
        pass


@pytest.fixture(scope="module")
def python_server():
    server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    thread = threading.Thread(target=server.serve_forever)
    thread.start()
    yield f"http://127.0.0.1:{server.server_port}"
    server.shutdown()
    thread.join()
    server.server_close()


def test_HC25_python_http_server(python_server):
    urls = [python_server + path for path in ("/plain", "/away", "/until_close")]
    assert fetch(*urls) == (0, b"plain\nplain\nuntil the end", "")
    assert fetch(python_server + "/big") == (0, BIG, "")
    assert fetch(python_server + "/packed") == (0, BIG, "")


@pytest.mark.parametrize("path, said", [
    ("/broken", "HTTP 599: Malformed HTTP response: Content-Length fields differ\n"),
    ("/cut", "Stream closed\n"),
])
def test_anything_but_a_response_is_an_error(python_server, path, said):
    assert fetch(python_server + path) == (1, b"", said)


def test_HC25_redirects_end(python_server):
    code, printed, said = fetch("--print_headers", python_server + "/forever")
    assert (code, said) == (0, "")
    assert b"Location: /forever\n" in printed


class Page(tornado.web.RequestHandler):
    def get(self):
        self.write("from tornado")


class Pieces(tornado.web.RequestHandler):
    async def get(self):
        for number in range(100):
            self.write(f"{number},")
            await self.flush()


@pytest.fixture(scope="module")
def tornado_server():
    ready = threading.Event()
    state = {}

    async def serve():
        application = tornado.web.Application([("/", Page), ("/pieces", Pieces)], compress_response=True)
        sockets = tornado.netutil.bind_sockets(0, "127.0.0.1")
        tornado.httpserver.HTTPServer(application).add_sockets(sockets)
        state.update(port=sockets[0].getsockname()[1], loop=asyncio.get_running_loop(), stop=asyncio.Event())
        ready.set()
        await state["stop"].wait()

    thread = threading.Thread(target=lambda: asyncio.run(serve()))
    thread.start()
    assert ready.wait(10)
    yield f"http://127.0.0.1:{state['port']}"
    state["loop"].call_soon_threadsafe(state["stop"].set)
    thread.join()


def test_python_tornado(tornado_server):
    pieces = "".join(f"{number}," for number in range(100)).encode()
    urls = [tornado_server + path for path in ("/", "/pieces", "/missing")]
    code, printed, said = fetch(*urls)
    assert (code, said) == (0, "")
    assert printed.startswith(b"from tornado\n" + pieces + b"\n<html><title>404: Not Found")


def test_nginx(tmp_path):
    if not os.access(NGINX, os.X_OK):
        pytest.fail("nginx is not installed: see scripts/packages.txt")
    port = free_port()
    (tmp_path / "big.txt").write_bytes(BIG)
    config = tmp_path / "nginx.conf"
    config.write_text(f"""
daemon off; worker_processes 1; pid {tmp_path}/pid; error_log {tmp_path}/log; {"user root;" if os.geteuid() == 0 else ""}
events {{ }}
http {{
    access_log off; gzip on; gzip_types text/plain; gzip_min_length 1;
    types {{ text/plain txt; }}
    client_body_temp_path {tmp_path}/body; proxy_temp_path {tmp_path}/proxy; fastcgi_temp_path {tmp_path}/fastcgi;
    uwsgi_temp_path {tmp_path}/uwsgi; scgi_temp_path {tmp_path}/scgi;
    server {{
        listen 127.0.0.1:{port};
        root {tmp_path};
        location = / {{ return 200 "hello"; }}
        location = /away {{ return 308 /big.txt; }}
    }}
}}
""")
    nginx = subprocess.Popen([NGINX, "-c", str(config), "-p", str(tmp_path)], stderr=subprocess.PIPE)
    try:
        url = f"http://127.0.0.1:{port}"
        for _ in range(200):
            if fetch(url + "/")[0] == 0:
                break
        assert fetch(url + "/", url + "/away") == (0, b"hello\n" + BIG, "")
    finally:
        nginx.terminate()
        nginx.wait()


def test_the_spider_finds_every_page():
    done = subprocess.run([demo("webspider")], capture_output=True, text=True, timeout=60)
    assert (done.returncode, done.stdout) == (0, "100 pages, 102 links that lead nowhere\n")


@pytest.fixture
def friendfeed():
    running = subprocess.Popen([demo("friendfeed"), "--port=0"], stdout=subprocess.PIPE, text=True)
    try:
        yield running.stdout.readline().removeprefix("listening on ").strip()
    finally:
        running.terminate()
        running.communicate()


@pytest.mark.parametrize("page, text", [
    ("/callback/bret", b"Fetched 4 entries from the FriendFeed API\n"),
    ("/coroutine/bret", b"Fetched 4 entries from the FriendFeed API\n"),
    ("/both/bret/jo", b"Fetched 4 entries from the FriendFeed API\nFetched 2 entries from the FriendFeed API\n"),
])
def test_friendfeed_tells_what_its_service_answered(friendfeed, page, text):
    assert fetch(friendfeed + page) == (0, text, "")
