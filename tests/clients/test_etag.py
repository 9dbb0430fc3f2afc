"""Sections 3.1 to 3.4 of the behaviour list: default headers, entity tags, conditional requests, JSON."""

import hashlib
import time
from email.utils import parsedate_to_datetime

import pytest

HELLO = '"e02aa1b106d5c7c6a98def2b13005d5b84fd8dc8"'


def test_3_1_default_headers_and_their_order(client):
    response = client.get("/")
    assert [name for name, _ in response.fields] == ["Server", "Content-Type", "Date", "Etag", "Content-Length"]
    assert response.get("Server").startswith("TornadoServer/")
    assert response.get("Content-Type") == "text/html; charset=UTF-8"
    assert (response.get("Etag"), response.get("Content-Length")) == (HELLO, "12")


def test_3_1_Date_is_now(client):
    date = client.get("/").get("Date")
    assert date.endswith(" GMT")
    assert abs(parsedate_to_datetime(date).timestamp() - time.time()) < 5


def test_3_1_cookies_come_last(client):
    response = client.get("/cookie_error")
    assert [name for name, _ in response.fields] == ["Server", "Content-Type", "Date", "Content-Length", "Set-Cookie"]


@pytest.mark.parametrize("size", [1, 55, 56, 63, 64, 65, 1000000])
def test_3_2_etag_is_the_SHA_1_of_the_body(client, size):
    response = client.get(f"/big?n={size}")
    assert response.get("Etag") == f'"{hashlib.sha1(response.body).hexdigest()}"'


@pytest.mark.parametrize("path, method", [("/echo", "POST"), ("/status/201", "GET"), ("/nothing", "GET"), ("/flush", "GET"), ("/redirect?to=/", "GET")])
def test_3_2_no_etag_where_it_means_nothing(client, path, method):
    assert client.get(path, method=method).get("Etag") is None


@pytest.mark.parametrize("value", [HELLO, "W/" + HELLO, f'"x", {HELLO}', f'W/"x",W/{HELLO}', f'"x" , "y",{HELLO}, "z"', "*", f'"a,b", {HELLO}'])
def test_3_2_matching_If_None_Match_is_304(client, value):
    response = client.get("/", f"If-None-Match: {value}")
    assert (response.status, response.body) == (304, b"")
    assert response.get("Etag") == HELLO
    for name in ("Content-Type", "Content-Length", "Content-Encoding", "Content-Language", "Transfer-Encoding"):
        assert response.get(name) is None
    client.assert_open()


@pytest.mark.parametrize("value", ['"x"', "x", "", '""', HELLO.strip('"'), HELLO.upper(), '"x", *', HELLO[:-1]])
def test_3_2_other_If_None_Match_is_200(client, value):
    assert client.get("/", f"If-None-Match: {value}").body == b"Hello, world"
    client.assert_open()


def test_3_2_If_None_Match_on_HEAD(client):
    assert client.get("/head", f"If-None-Match: {HELLO}", method="HEAD").status == 304
    client.assert_open()


@pytest.mark.parametrize("tag, ask, status", [('"mine"', '"mine"', 304), ('W/"mine"', '"mine"', 304), ('"mine"', HELLO, 200)])
def test_3_2_etag_set_by_hand_is_kept(client, tag, ask, status):
    assert client.get(f"/own_etag?etag={tag}").get("Etag") == tag
    assert client.get(f"/own_etag?etag={tag}", f"If-None-Match: {ask}").status == status
    client.assert_open()


def test_3_2_204_has_no_content_headers(client):
    response = client.get("/status/204")
    assert response.get("Content-Type") is None and response.get("Content-Length") is None
    client.assert_open()


@pytest.mark.parametrize("code", [204, 304])
def test_3_2_a_body_where_there_is_none_is_an_error(client, code):
    assert client.get(f"/no_body/{code}").status == 500
    client.assert_open()


def test_3_2_If_None_Match_means_nothing_to_POST(client):
    assert client.get("/echo", "If-None-Match: *", "Content-Length: 0", method="POST").status == 200
    client.assert_open()


def test_3_4_a_list_at_the_top_is_an_error(client):
    response = client.get("/json_list")
    assert (response.status, response.get("Content-Length")) == (500, "93")
    client.assert_open()


def test_3_4_json(client):
    response = client.get("/json")
    assert response.get("Content-Type") == "application/json; charset=UTF-8"
    assert response.body == b'{"text": "<\\/script>\\u00e9", "list": [1, 2.5, null, true]}'
