"""WG-02: an Application as a Python module, behind WSGI servers that are not ours: wsgiref, and gunicorn with threads."""

import os
import pathlib
import re
import subprocess

import pytest
import requests
from wire_server import ROOT, wait_until

FOLDER = pathlib.Path(os.environ.get("TORNADO_BUILD", ROOT / "build" / "debug")) / "tests" / "final" / "wsgi_module"
PYTHON = "/usr/bin/python3"  # the one that the module is built for

# Every call goes through the validator of PEP 3333 that comes with Python.
WSGIREF = """
import wsgiref.simple_server, wsgiref.validate, hosted
application = wsgiref.validate.validator(hosted.application)
with wsgiref.simple_server.make_server("127.0.0.1", 0, application) as server:
    print("Listening at: http://127.0.0.1:%d" % server.server_port, flush=True)
    server.serve_forever()
"""
SERVERS = {
    "wsgiref": [PYTHON, "-c", WSGIREF],
    "gunicorn": [PYTHON, "-m", "gunicorn", "--bind=127.0.0.1:0", "--threads=4", "hosted"],
}


class Server:
    def __init__(self, command, log):
        self.log = log
        with log.open("wb") as output:
            environment = {**os.environ, "PYTHONPATH": str(FOLDER)}
            self.process = subprocess.Popen(command, env=environment, stdin=subprocess.DEVNULL, stdout=output,
                                            stderr=subprocess.STDOUT)
        try:
            self.url = wait_until(self.find_url, "the server listens", 20)
        except AssertionError:
            self.stop()
            raise AssertionError(log.read_text()) from None

    def find_url(self):
        found = re.search(r"Listening at: (http://\S+)", self.log.read_text())
        return found and found.group(1)

    def stop(self):
        self.process.terminate()
        self.process.wait(20)


@pytest.fixture(scope="module", params=SERVERS)
def server(request, tmp_path_factory):
    running = Server(SERVERS[request.param], tmp_path_factory.mktemp(request.param) / "log")
    yield running
    running.stop()


def test_WG02_it_answers(server):
    answer = requests.get(server.url + "/", params={"name": "a b"}, timeout=20)
    assert (answer.status_code, answer.reason) == (200, "OK")
    assert answer.text == f"Hello, a b from {server.url}/?name=a+b"
    assert answer.headers["Content-Type"] == "text/html; charset=UTF-8"
    assert answer.headers["Content-Length"] == str(len(answer.text))
    assert re.fullmatch('"[0-9a-f]{40}"', answer.headers["Etag"])


def test_WG02_it_reads_forms_and_files(server):
    assert requests.post(server.url + "/form", data={"name": "é"}, timeout=20).text == "é"
    answer = requests.post(server.url + "/form", data={"name": "x"}, files={"file": b"f" * 2_000_000}, timeout=20)
    assert answer.text == "x file=2000000"


@pytest.mark.parametrize("server", ["gunicorn"], indirect=True)  # wsgiref takes no chunked bodies
def test_WG02_it_reads_a_body_without_a_length_if_the_server_says_where_it_ends(server):
    assert requests.put(server.url + "/raw", data=(b"x" * 1000 for _ in range(100)), timeout=20).text == "100000"


def test_WG02_headers_may_repeat_and_are_bytes(server):
    answer = requests.get(server.url + "/cookies", cookies={"sent": "back"}, timeout=20)
    assert answer.text == "back"
    assert answer.cookies.get_dict() == {"one": "1", "two": "2"}
    assert answer.headers["X-Name"] == "\xe9"


def test_WG02_a_flushed_response_leaves_as_a_whole(server):
    assert requests.get(server.url + "/streaming", timeout=20).text == "0\n1\n2\n"


def test_WG02_errors(server):
    assert requests.get(server.url + "/nothing", timeout=20).status_code == 404
    broken = requests.get(server.url + "/broken", timeout=20)
    assert (broken.status_code, broken.reason) == (500, "Internal Server Error")
    assert requests.get(server.url + "/waiting", timeout=20).status_code == 500
    assert "RuntimeError: request did not finish synchronously" in server.log.read_text()
    assert "a handler is broken" in server.log.read_text()


def test_WG02_head_and_options(server):
    head = requests.head(server.url + "/", timeout=20)
    assert (head.status_code, head.text) == (405, "")
    assert requests.options(server.url + "/", timeout=20).status_code == 405


def test_WG02_many_at_a_time(server):
    workers = [subprocess.Popen([PYTHON, "-c", "import sys, urllib.request\n"
                                 "for _ in range(50): assert urllib.request.urlopen(sys.argv[1]).read()[:5] == b'Hello'",
                                 server.url + "/"]) for _ in range(4)]
    assert [worker.wait(60) for worker in workers] == [0] * 4


def test_an_application_that_cannot_be_made_is_an_import_error():
    done = subprocess.run([PYTHON, "-c", "import broken_hosted"], cwd=FOLDER, capture_output=True, text=True, timeout=20)
    assert done.stderr.endswith("ImportError: there is no application\n"), done.stderr
