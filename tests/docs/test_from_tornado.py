"""The programs of the guide "From Tornado to C++": the one in Python and its twin in C++ do the same."""

import os
import pathlib
import subprocess
import sys

import pytest

ROOT = pathlib.Path(__file__).resolve().parents[2]
sys.path.insert(0, str(ROOT / "tests" / "clients"))

from raw import connect  # noqa: E402  (found by the line above)
from wire_server import WireServer  # noqa: E402

PYTHON = ROOT / "final" / "docs" / "python"
BUILD = pathlib.Path(os.environ.get("TORNADO_BUILD", ROOT / "build" / "debug"))
FORM = "application/x-www-form-urlencoded"
JSON = "application/json"
# The requests that each server gets: method, path, body, type of the body.
ASKED = {
    "000-4": [("GET", "/static/logo.png"), ("GET", "/static/missing.png"), ("GET", "/static/")],
    "001-2": [("GET", "/"), ("GET", "/missing")],
    "001-5": [("GET", "/")],
    "003-3": [("GET", "/"), ("GET", "/Python"), ("GET", "/cpp"), ("GET", "/nowhere"), ("POST", "/", b"", FORM)],
    "003-4": [("GET", "/"), ("GET", "/story/1"), ("GET", "/story/3"), ("GET", "/story/x")],
    "003-5": [("GET", "/myform"), ("POST", "/myform", b"message=a+b%21", FORM), ("POST", "/myform", b"", FORM)],
    "003-6": [("POST", "/", b'{"a":[1,2]}', JSON), ("POST", "/", b"{", JSON), ("POST", "/", b"a=1", FORM), ("POST", "/")],
    "003-8": [("GET", "/pictures/a.jpg?size=2"), ("GET", "/photos/a.jpg")],
    "003-10": [("GET", "/bret"), ("GET", "/no-such-feed")],
    "004-1": [("GET", "/"), ("POST", "/", b"", FORM)],
}
PRINTING = ["002-3", "004-3", "004-4", "004-6", "004-7"]
NOT_RUN = {"serving", "errand", "tornado4"}


def in_python(number):
    return [sys.executable, str(PYTHON / f"{number}.py")]


def in_cpp(number):
    return [str(BUILD / "final" / "demos" / "seeds" / "seeds"), number]


def answers(command, asked):
    server = WireServer(command, "--port=0")
    try:
        found = []
        for method, path, *rest in asked:
            body, content_type = rest or (b"", None)
            head = f"{method} {path} HTTP/1.1\r\nHost: h\r\n"
            if content_type:
                head += f"Content-Type: {content_type}\r\nContent-Length: {len(body)}\r\n"
            with connect(server.port) as client:
                client.send(head.encode() + b"\r\n" + body)
                response = client.read_response(method)
            shown = response.body if response.status < 400 else b""  # with debug it is a traceback, of Python or C++
            found.append((method, path, response.status, response.get("Location"), response.get("Content-Type"), shown))
        return found
    finally:
        server.stop()


def printed(command):
    done = subprocess.run(command, capture_output=True, text=True, timeout=60)
    assert done.returncode == 0, done.stderr
    return done.stdout


@pytest.mark.parametrize("number", ASKED)
def test_both_answer_the_same(number, tmp_path, monkeypatch):
    (tmp_path / "static").mkdir()
    (tmp_path / "static" / "logo.png").write_bytes(b"\x89PNG\r\n\x1a\n" + bytes(range(256)))
    monkeypatch.chdir(tmp_path)
    assert answers(in_cpp(number), ASKED[number]) == answers(in_python(number), ASKED[number])


@pytest.mark.parametrize("number", PRINTING)
def test_both_print_the_same(number):
    assert printed(in_cpp(number)) == printed(in_python(number))


def test_every_program_is_compared_or_compiles():
    names = {path.stem for path in PYTHON.glob("*.py")}
    assert names == set(ASKED) | set(PRINTING) | NOT_RUN
    for name in names:
        compile((PYTHON / f"{name}.py").read_text(), name, "exec")
