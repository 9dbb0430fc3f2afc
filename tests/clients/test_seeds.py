"""The programs of the seeds print and answer what their page says; the page says what they are for."""

import os
import pathlib
import re
import subprocess

import pytest
from raw import connect
from wire_server import WireServer

ROOT = pathlib.Path(__file__).resolve().parent.parent.parent
FOLDER = ROOT / "final" / "demos" / "seeds"
PAGE = (FOLDER / "README.md").read_text()
PRINTED = re.findall(r"^```console seeds=(\S+)\n(.*?)^```$", PAGE, re.MULTILINE | re.DOTALL)
ROW = re.compile(r"^\| (\d{3}) \| (\d+) \| .* \| \[([^]]+)\]\(([^)]+)\) \|", re.MULTILINE)


def program():
    build = pathlib.Path(os.environ.get("TORNADO_BUILD", ROOT / "build" / "debug"))
    return str(build / "final" / "demos" / "seeds" / "seeds")


def listed():
    """The numbers that the program says it knows."""
    done = subprocess.run([program()], capture_output=True, text=True, timeout=30)
    assert (done.returncode, done.stdout) == (2, "")
    return re.findall(r"^  (\d{3}-\d+) +", done.stderr, re.MULTILINE)


@pytest.fixture
def serve(tmp_path, monkeypatch):
    """Starts a program that serves, in a folder with a folder `static`; gives a function that sends a request."""
    (tmp_path / "static").mkdir()
    monkeypatch.chdir(tmp_path)
    servers = []

    def start(number):
        server = WireServer([program(), number], "--port=0")
        servers.append(server)
        return Asks(server.port)

    yield start
    for server in servers:
        server.check_alive()
        server.stop()


class Asks:
    """Sends a request over a connection of its own, and gives the response."""

    def __init__(self, port):
        self.port = port

    def __call__(self, method, path, body=b"", content_type=None):
        head = f"{method} {path} HTTP/1.1\r\nHost: h\r\n"
        if content_type:
            head += f"Content-Type: {content_type}\r\nContent-Length: {len(body)}\r\n"
        with connect(self.port) as client:
            client.send(head.encode() + b"\r\n" + body)
            return client.read_response(method)


def test_the_page_has_every_program_and_every_file():
    rows = ROW.findall(PAGE)
    assert {f"{text}-{number}" for text, number, _, _ in rows} == set(listed())
    for _, _, name, link in rows:
        assert name == link
        assert (FOLDER / link).exists()
    files = {path.name for path in FOLDER.glob("0*.cc")}
    assert files == {link for _, _, _, link in rows}


def test_an_unknown_program_or_option_is_said():
    done = subprocess.run([program(), "005-1"], capture_output=True, text=True, timeout=30)
    assert done.returncode == 2
    done = subprocess.run([program(), "004-4", "--nonsense"], capture_output=True, text=True, timeout=30)
    assert done.returncode == 1
    assert "nonsense" in done.stderr


# GEN-18: 004-6 is a loop that awaits. SE-06: 002-3 hands on a response and an error.
@pytest.mark.parametrize("number, output", PRINTED)
def test_a_program_prints_what_the_page_shows(number, output):
    done = subprocess.run([program(), number], capture_output=True, text=True, timeout=60)
    assert (done.returncode, done.stdout) == (0, output)


@pytest.mark.parametrize("number", ["002-1", "002-2", "002-3", "002-4", "004-2", "004-3", "004-4", "004-5", "004-6"])
def test_a_program_has_nothing_to_complain_about(number):
    done = subprocess.run([program(), number], capture_output=True, text=True, timeout=60)
    assert done.stderr == ""


def test_004_7_the_log_has_what_the_background_threw():
    done = subprocess.run([program(), "004-7"], capture_output=True, text=True, timeout=60)
    assert "Exception in callback" in done.stderr
    assert "division by zero" in done.stderr


@pytest.mark.parametrize("number, text", [("001-6", b"Hello, world"), ("003-1", b"Hello world!"),
                                          ("003-2", b"Hello, world"), ("004-1", b"Hello, world"),
                                          ("000-2", b"Hello, world")])
def test_hello(serve, number, text):
    request = serve(number)
    response = request("GET", "/")
    assert (response.status, response.body) == (200, text)
    assert request("POST", "/", b"x", "text/plain").status == 405


def test_000_1_SE03_is_never_answered(serve):
    request = serve("000-1")
    with connect(request.port) as waiting:
        waiting.send(b"GET / HTTP/1.1\r\nHost: h\r\n\r\n")
        # When this one has its answer, the one before it was handled.
        assert request("GET", "/elsewhere").status == 404
        waiting.sock.setblocking(False)
        with pytest.raises(BlockingIOError):
            waiting.sock.recv(1)


# SE-01 and SE-02: the twins answer 404 with its status, and read nothing outside their folder.
@pytest.mark.parametrize("number", ["000-3", "000-4"])
def test_images(serve, number):
    request = serve(number)
    image = b"\x89PNG\r\n\x1a\n" + bytes(range(256))
    pathlib.Path("static/logo.png").write_bytes(image)
    pathlib.Path("static/empty.png").write_bytes(b"")
    pathlib.Path("secret").write_bytes(b"secret")
    response = request("GET", "/static/logo.png")
    assert (response.status, response.get("Content-Type"), response.body) == (200, "image/png", image)
    for path in ("empty.png", "missing.png", "..%2fsecret", "../secret", "%2e%2e/secret", ""):
        assert request("GET", "/static/" + path).status == 404


# SE-05 and SE-09: callbacks, a key to wait for, a task.
@pytest.mark.parametrize("number", ["001-1", "001-2", "001-3", "001-4"])
def test_a_fetched_page(serve, number):
    request = serve(number)
    for _ in range(3):
        response = request("GET", "/")
        page = b"<pre>&lt;html&gt;&lt;body&gt;a page from elsewhere&lt;/body&gt;&lt;/html&gt;</pre>\n"
        assert (response.status, response.body) == (200, page)
        assert request("GET", "/missing").status == 500


def test_001_5_two_fetches(serve):
    assert serve("001-5")("GET", "/").body == b"one and two"


@pytest.mark.parametrize("number", ["003-9", "003-10"])
def test_the_feed(serve, number):
    request = serve(number)
    assert request("GET", "/bret").body == b"Fetched 3 entries from the FriendFeed API"
    assert request("GET", "/no-such-feed").status == 500


def test_003_3_subjects(serve):
    request = serve("003-3")
    assert request("GET", "/").body == b'<a href="/cpp">cpp</a>'
    assert request("GET", "/Python").body == b"python"
    assert request("GET", "/cpp").body == b"cpp"
    assert request("GET", "/nowhere").status == 404


def test_003_4_stories(serve):
    request = serve("003-4")
    assert request("GET", "/").body == b'<a href="/story/1">link to story 1</a>'
    assert request("GET", "/story/1").body == b"this is story 1: the tortoise"
    for path in ("/story/3", "/story/x", "/story/99999999999999999999"):
        assert request("GET", path).status == 404


def test_003_5_form(serve):
    request = serve("003-5")
    assert b'<form action="/myform" method="POST">' in request("GET", "/myform").body
    response = request("POST", "/myform", b"message=a+b%21", "application/x-www-form-urlencoded")
    assert (response.get("Content-Type"), response.body) == ("text/plain", b"You wrote a b!")
    assert request("POST", "/myform", b"other=1", "application/x-www-form-urlencoded").status == 400


def test_003_6_WH43_SE08_json_arguments(serve):
    request = serve("003-6")
    assert request("POST", "/").status == 500  # there is no Content-Type
    assert request("POST", "/", b'{"a":[1,2]}', "application/json; charset=utf-8").body == b'JSON: {"a": [1, 2]}'
    assert request("POST", "/", b"a=1", "application/x-www-form-urlencoded").body == b"no JSON"
    assert request("POST", "/", b"{", "application/json").status == 400


def test_003_7_and_8_SE07_redirects(serve):
    response = serve("003-7")("GET", "/app")
    assert (response.status, response.get("Location")) == (301, "http://itunes.apple.com/my-app-id")
    request = serve("003-8")
    response = request("GET", "/pictures/a.jpg?size=2")
    assert (response.status, response.get("Location")) == (301, "/photos/a.jpg?size=2")
    assert request("GET", "/photos/a.jpg").body == b"photo a.jpg"
