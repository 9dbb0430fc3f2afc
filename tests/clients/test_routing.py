"""Section 2.1 of the behaviour list: from a path to a handler and its arguments."""

import pytest


@pytest.mark.parametrize("path, body", [
    ("/path/a%2Fb/c+d%20e", "a/b|c+d e"),
    ("/path/%C3%A4/%E2%82%AC", "ä|€"),
    ("/path//", "|"),
    ("/path/%/%zz", "%|%zz"),
    ("/path/%25/%2525", "%|%25"),
    ("/path/a?b=c", None),
    ("/path/a/b?c=d/e", "a|b"),
    ("/path/a/b/c/d", "a|b/c/d"),
    ("/path/a/b//c", "a|b//c"),
])
def test_2_1_groups_are_decoded_after_the_match_and_plus_stays(client, path, body):
    response = client.get(path)
    assert (response.status, response.body.decode()) == ((200, body) if body is not None else (404, response.body.decode()))
    client.assert_open()


@pytest.mark.parametrize("path, body", [("/optional", b"None"), ("/optional/x", b"/x"), ("/optional/", b"/")])
def test_2_1_a_group_without_part_in_the_match_is_None(client, path, body):
    assert client.get(path).body == body


@pytest.mark.parametrize("path", ["/path/%ff/x", "/path/x/%c3", "/path/%c0%80/x", "/path/%ed%a0%80/x"])
def test_2_1_a_group_that_is_not_UTF_8_is_400(client, path):
    response = client.get(path)
    assert (response.status, len(response.body)) == (400, 73)
    client.assert_open()


@pytest.mark.parametrize("path", ["//", "//head", "/head/", "/head/x", "/hea", "/heads", "/HEAD", "/%68ead", "/./head", "/x/../head"])
def test_2_1_the_whole_raw_path_must_match(client, path):
    assert client.get(path).status == 404
    client.assert_open()


def test_2_1_a_query_takes_no_part_in_the_match(client):
    assert client.get("/head?x=/path/a/b").body == b"Hello, world"
    assert client.get("/head?").body == b"Hello, world"


@pytest.mark.parametrize("method", ["GET", "POST", "DELETE", "OPTIONS", "PUT"])
def test_2_1_unknown_path_is_404_for_any_method(client, method):
    response = client.get("/nothing", method=method)
    assert (response.status, len(response.body)) == (404, 69)
    client.assert_open()


@pytest.mark.parametrize("path, status", [("/status/201", 201), ("/status/x", 404), ("/status/99999999999999999999", 404)])
def test_captures_become_numbers_or_the_page_does_not_exist(client, path, status):
    assert client.get(path).status == status
    client.assert_open()
