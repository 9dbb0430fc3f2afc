"""Section 2.2 of the behaviour list: which verbs a handler has."""

import pytest


@pytest.mark.parametrize("method", ["GET", "POST", "PUT", "PATCH", "DELETE", "OPTIONS"])
def test_2_2_each_verb_reaches_its_function(client, method):
    assert client.get("/echo", method=method).body == f"{method} /echo 0\n".encode()
    client.assert_open()


@pytest.mark.parametrize("method", ["POST", "PUT", "PATCH", "DELETE", "OPTIONS"])
def test_2_2_a_verb_that_the_handler_lacks_is_405(client, method):
    response = client.get("/", method=method)
    assert (response.status, response.reason) == (405, "Method Not Allowed")
    assert response.body == b"<html><title>405: Method Not Allowed</title><body>405: Method Not Allowed</body></html>"
    client.assert_open()


@pytest.mark.parametrize("path, method, allowed", [("/", "POST", "GET"), ("/head", "PUT", "GET, HEAD"), ("/", "FOO", "GET")])
def test_405_names_the_verbs_of_the_handler(client, path, method, allowed):
    # RFC 9110 15.5.6 requires it; Tornado leaves it out.
    response = client.get(path, method=method)
    assert sorted(response.get("Allow").split(", ")) == sorted(allowed.split(", "))


def test_2_2_HEAD_is_not_derived_from_GET(client):
    response = client.get("/", method="HEAD")
    assert (response.status, response.get("Content-Length")) == (405, "87")
    client.assert_open()


@pytest.mark.parametrize("method", ["FOO", "get", "TRACE", "CONNECT", "PROPFIND"])
def test_2_2_an_unknown_verb_is_405(client, method):
    target = "h:80" if method == "CONNECT" else "/"
    assert client.get(target, method=method).status == 405
    client.assert_open()


def test_3_3_HEAD_has_the_headers_of_the_body_and_no_body(client):
    get, head = client.get("/head"), client.get("/head", method="HEAD")
    assert head.get("Content-Length") == "12" and head.get("Etag") == get.get("Etag")
    assert [name for name, _ in head.fields] == [name for name, _ in get.fields]
    client.assert_open()


def test_prepare_that_finishes_leaves_no_verb_to_run(client):
    assert client.get("/prepare").body == b"prepared"
    client.assert_open()
