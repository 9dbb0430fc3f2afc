"""HTTP clients that know nothing of this project: Python's http.client, requests, and curl."""

import http.client
import json
import subprocess
import threading

import pytest
import requests


@pytest.fixture
def standard_client(server):
    connection = http.client.HTTPConnection("127.0.0.1", server.port, timeout=10)
    yield connection
    connection.close()


@pytest.fixture
def session(server):
    with requests.Session() as opened:
        opened.trust_env = False
        yield opened


def curl(server, path, *options, upload=None):
    """Returns head (with every interim response) and body of what curl got."""
    command = ["curl", "--silent", "--show-error", "--noproxy", "*", "--max-time", "10", "--dump-header", "/dev/stderr",
               *options, server.url + path]
    done = subprocess.run(command, input=upload, capture_output=True, timeout=20)
    assert done.returncode == 0, done.stderr
    return done.stderr.decode("latin-1"), done.stdout


# ---- http.client ----------------------------------------------------------------------------------


def test_http_client_keeps_one_connection(standard_client):
    sockets = set()
    for number in range(20):
        standard_client.request("GET", f"/path/{number}/x")
        sockets.add(standard_client.sock.getsockname())
        response = standard_client.getresponse()
        assert (response.status, response.reason, response.version) == (200, "OK", 11)
        assert response.read() == b"%d|x" % number
    assert len(sockets) == 1


def test_http_client_HEAD_has_the_headers_of_GET(standard_client):
    standard_client.request("GET", "/head")
    get = standard_client.getresponse()
    get.read()
    standard_client.request("HEAD", "/head")
    head = standard_client.getresponse()
    assert head.read() == b""
    assert [f for f in head.getheaders() if f[0] != "Date"] == [f for f in get.getheaders() if f[0] != "Date"]


@pytest.mark.parametrize("method", ["POST", "PUT", "PATCH", "DELETE", "OPTIONS"])
def test_http_client_sends_bodies(standard_client, method):
    standard_client.request(method, "/echo", body=b"\x00\xffbody")
    assert standard_client.getresponse().read() == method.encode() + b" /echo 6\n\x00\xffbody"


def test_http_client_sends_an_iterable_chunked(standard_client):
    standard_client.request("POST", "/echo", body=iter([b"one", b"two", b"three"]), encode_chunked=True,
                            headers={"Transfer-Encoding": "chunked"})
    assert standard_client.getresponse().read() == b"POST /echo 11\nonetwothree"


def test_http_client_reads_chunked_answers(standard_client):
    for _ in range(3):
        standard_client.request("GET", "/flush")
        response = standard_client.getresponse()
        assert response.getheader("Transfer-Encoding") == "chunked"
        assert response.read() == b"onetwothreeend"


def test_http_client_notices_an_answer_that_was_cut_off(standard_client):
    standard_client.request("GET", "/length_lie?declare=10&write=4&flush=1")
    with pytest.raises((http.client.IncompleteRead, ConnectionResetError)):
        standard_client.getresponse().read()


# ---- requests -------------------------------------------------------------------------------------


def test_requests_session(server, session):
    for number in range(20):
        assert session.get(f"{server.url}/path/{number}/%C3%A4").text == f"{number}|ä"


def test_requests_form(server, session):
    assert session.post(server.url + "/args", data={"a": ["1", "ä", " b "]}).json() == {"a": ["1", "ä", "b"]}


def test_requests_upload(server, session):
    response = session.post(server.url + "/args", data={"a": "text"}, files={"f": ("name.txt", b"\x00" * 100000)})
    assert response.json() == {"a": ["text"]}


def test_requests_generator_is_sent_chunked(server, session):
    pieces = [bytes([i]) * 1000 for i in range(100)]
    assert session.post(server.url + "/echo", data=iter(pieces)).content == b"POST /echo 100000\n" + b"".join(pieces)


def test_requests_large_bodies_both_ways(server, session):
    body = bytes(range(256)) * 40000
    assert session.post(server.url + "/echo", data=body).content == b"POST /echo %d\n" % len(body) + body


def test_requests_follows_redirects(server, session):
    response = session.get(server.url + "/redirect", params={"to": "/path/a/b"})
    assert response.text == "a|b"
    assert [step.status_code for step in response.history] == [302]


def test_requests_json(server, session):
    response = session.get(server.url + "/json")
    assert response.headers["Content-Type"] == "application/json; charset=UTF-8"
    assert response.json() == {"text": "</script>é", "list": [1, 2.5, None, True]}


def test_requests_revalidates_with_the_etag(server, session):
    tag = session.get(server.url + "/").headers["Etag"]
    response = session.get(server.url + "/", headers={"If-None-Match": tag})
    assert (response.status_code, response.content) == (304, b"")


def test_requests_from_eight_threads(server):
    failures = []

    def work(name):
        with requests.Session() as own:
            own.trust_env = False
            for number in range(50):
                if own.get(f"{server.url}/path/{name}/{number}").text != f"{name}|{number}":
                    failures.append((name, number))

    threads = [threading.Thread(target=work, args=(name,)) for name in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert failures == []


# ---- curl -----------------------------------------------------------------------------------------


def test_curl_GET(server):
    head, body = curl(server, "/")
    assert head.startswith("HTTP/1.1 200 OK\r\n") and body == b"Hello, world"


def test_curl_two_requests_on_one_connection(server):
    done = subprocess.run(["curl", "--silent", "--noproxy", "*", "--write-out", "%{num_connects} ", server.url + "/", server.url + "/"],
                          capture_output=True, timeout=20)
    assert done.stdout == b"Hello, world1 Hello, world0 "


def test_curl_HTTP_1_0(server):
    head, body = curl(server, "/", "--http1.0")
    assert "Connection" not in head and body == b"Hello, world"


def test_curl_HTTP_1_0_flushed(server):
    head, body = curl(server, "/flush", "--http1.0")
    assert "Transfer-Encoding" not in head and body == b"onetwothreeend"


def test_curl_HEAD(server):
    head, body = curl(server, "/head", "--head")
    assert "Content-Length: 12\r\n" in head


def test_curl_chunked_upload(server):
    _, body = curl(server, "/echo", "--header", "Transfer-Encoding: chunked", "--data-binary", "x" * 5000)
    assert body == b"POST /echo 5000\n" + b"x" * 5000


def test_curl_Expect_100_continue(server):
    head, body = curl(server, "/echo", "--header", "Expect: 100-continue", "--expect100-timeout", "5",
                      "--data-binary", "@-", upload=b"x" * 2000000)
    assert head.startswith("HTTP/1.1 100 Continue\r\n\r\nHTTP/1.1 200 OK\r\n")
    assert len(body) == 2000000 + len(b"POST /echo 2000000\n")


def test_curl_multipart(server):
    _, body = curl(server, "/args", "--form", "a=1", "--form", "a=2", "--form", "f=@/etc/hostname")
    assert json.loads(body) == {"a": ["1", "2"]}


def test_curl_reads_a_chunked_answer(server):
    head, body = curl(server, "/flush")
    assert "Transfer-Encoding: chunked" in head and body == b"onetwothreeend"


def test_curl_notices_an_answer_that_was_cut_off(server):
    done = subprocess.run(["curl", "--silent", "--noproxy", "*", server.url + "/length_lie?declare=10&write=4&flush=1"], capture_output=True, timeout=20)
    assert done.returncode in (18, 56)  # "transferred a partial file", "failure in receiving"


def test_curl_through_absolute_form(server):
    # A client sends the whole URL as request target to its proxy (RFC 9112 3.2.2).
    done = subprocess.run(["curl", "--silent", "--proxy", server.url, "http://example.test/path/a/b"], capture_output=True, timeout=20)
    assert done.stdout == b"a|b"


def test_curl_parallel(server):
    done = subprocess.run(["curl", "--silent", "--noproxy", "*", "--parallel", "--parallel-max", "20", "--write-out",
                           "%{http_code}\n", "--output", "/dev/null", server.url + "/path/[1-50]/x"],
                          capture_output=True, timeout=30)
    assert done.stdout.split() == [b"200"] * 50
