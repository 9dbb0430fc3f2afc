"""Sections 3.6 and 3.7 of the behaviour list: error pages, what is thrown, redirects."""

import pytest
from raw import connect


def page(title):
    return f"<html><title>{title}</title><body>{title}</body></html>".encode()


@pytest.mark.parametrize("path, title", [
    ("/nothing", "404: Not Found"), ("/throw", "500: Internal Server Error"), ("/throw_int", "500: Internal Server Error"),
    ("/throw_later", "500: Internal Server Error"), ("/arg", "400: Bad Request"), ("/httperror?code=403", "403: Forbidden"),
    ("/httperror?code=599", "599: Unknown"), ("/httperror?code=418&log=secret", "418: I'm a Teapot"),
])
def test_3_6_error_page(client, path, title):
    response = client.get(path)
    if "Teapot" in title:
        title = title.replace("'", "&#x27;")
    assert response.status == int(title[:3])
    assert response.body == page(title)
    assert response.get("Content-Type") == "text/html; charset=UTF-8"
    assert b"secret" not in response.body
    client.assert_open()


def test_3_6_headers_set_before_the_error_are_dropped(client):
    response = client.get("/httperror?code=500")
    assert response.get("X-Before") is None and b"dropped" not in response.body


def test_3_6_cookies_set_before_the_error_are_kept(client):
    response = client.get("/cookie_error")
    assert (response.status, response.get("Set-Cookie")) == (403, "kept=yes; Path=/")
    assert response.body == page("403: Forbidden")


def test_3_3_HEAD_of_an_error_page_has_its_length(client):
    response = client.get("/nothing", method="HEAD")
    assert (response.status, response.get("Content-Length")) == (404, "69")
    client.assert_open()


def test_3_6_default_headers_come_back(client):
    response = client.get("/default_headers")
    assert (response.status, response.get("X-Default")) == (403, "always")


def test_3_6_reason_is_used_in_status_line_and_page(client):
    response = client.get("/httperror?code=400&reason=No%20luck")
    assert (response.reason, response.body) == ("No luck", page("400: No luck"))


@pytest.mark.parametrize("reason", ["%3Cb%3E", "a%0ab", "a%0d%0ab"])
def test_3_6_a_reason_that_is_none_becomes_Unknown(client, reason):
    assert client.get(f"/httperror?code=400&reason={reason}").reason in ("Unknown", "a b")
    client.assert_open()


def test_3_6_unknown_code_is_Unknown(client):
    response = client.get("/set_status?code=299")
    assert (response.status, response.reason) == (299, "Unknown")


def test_3_6_Finish_keeps_what_there_is(client):
    response = client.get("/finish")
    assert (response.status, response.get("X-Kept"), response.get("Content-Length")) == (200, "yes", "0")


def test_3_6_Finish_with_a_chunk(client):
    response = client.get("/finish?chunk=Hello,%20world")
    assert response.body == b"Hello, world"
    assert response.get("Etag") == '"e02aa1b106d5c7c6a98def2b13005d5b84fd8dc8"'


def test_3_6_WH22_SE01_write_error_called_directly(client):
    response = client.get("/write_error")
    assert (response.status, response.body) == (200, page("404: OK"))


def test_3_6_SE04_exception_after_finish_is_only_logged(client, server):
    assert client.get("/finish_twice").body == b"first"
    client.assert_open()
    assert "finish() called twice" in server.log()


def test_3_6_uncaught_exception_is_logged(client, server):
    client.get("/throw?mark=uncaught")
    client.assert_open()
    assert "Uncaught exception GET /throw?mark=uncaught (127.0.0.1)" in server.log()


def test_2_3_missing_argument_is_logged(client, server):
    client.get("/arg?mark=missing")
    client.assert_open()
    assert "400 GET /arg?mark=missing (127.0.0.1): Missing argument a" in server.log()


def test_6_access_log(client, server):
    client.get("/?mark=access")
    client.assert_open()
    assert " 200 GET /?mark=access (127.0.0.1) " in server.log()


def test_6_malformed_input_is_logged_without_an_access_line(start_server):
    server = start_server()
    with connect(server.port) as client:
        client.send(b"garbage\r\n\r\n")
        client.assert_refused()
    assert "Malformed HTTP message from 127.0.0.1: " in server.log()
    assert "(127.0.0.1)" not in server.log()


def test_3_6_serve_traceback(start_server):
    server = start_server("--serve_traceback=true")
    with connect(server.port) as client:
        response = client.get("/throw")
        assert response.status == 500
        assert response.get("Content-Type").startswith("text/plain") and b"<secret>" in response.body
        response = client.get("/httperror?code=403&log=reason")
        assert (response.status, response.get("X-Before")) == (403, None)
        assert response.get("Content-Type").startswith("text/plain") and b"HTTP 403: Forbidden (reason)" in response.body


# ---- 3.7 redirects --------------------------------------------------------------------------------


@pytest.mark.parametrize("query, status", [("", 302), ("&permanent=1", 301), ("&status=303", 303), ("&status=307", 307)])
def test_3_7_redirect(client, query, status):
    response = client.get("/redirect?to=/next" + query)
    assert (response.status, response.get("Location"), response.body) == (status, "/next", b"")
    assert response.get("Content-Length") == "0"
    assert response.get("Content-Type") == "text/html; charset=UTF-8"
    client.assert_open()


@pytest.mark.parametrize("to, location", [
    ("next", "next"), ("/a%20b", "/a b"), ("/%C3%A4", "/ä"), ("http://x/?a=1%26b", "http://x/?a=1&b"), ("?q=1", "?q=1"),
])
def test_3_7_Location_is_written_as_given(client, to, location):
    assert client.get("/redirect?to=" + to).get("Location").encode("latin-1").decode() == location
    client.assert_open()
