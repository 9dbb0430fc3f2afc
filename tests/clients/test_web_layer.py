"""One application written in both languages, side by side: the same requests to web_layer.cc and to web_layer.py on
Python's Tornado. The answers must be equal, byte for byte but for Date and Server, unless the difference is on the
list, with its reason."""

import gzip

import pytest
from differential import get, outcome
from wire_server import WireServer, our_command, twin_command

FORM = "Content-Type: application/x-www-form-urlencoded"


def form(path, body):
    return get(path, FORM, f"Content-Length: {len(body)}", method="POST", body=body)


def with_body(method, path, body=b"body"):
    return get(path, f"Content-Length: {len(body)}", method=method, body=body)


CASES = {
    # WA-02, RT-02: the first route that matches
    **{f"path {path}": get(path) for path in (
        "/", "/first/1", "/first/12", "/first/a", "/first/b", "/first/ab", "/first/", "/first/A", "/first", "/first/1/",
        "/optional", "/optional/x", "/optional/", "/optional/y", "//", "/nothing", "/?a=b", "/first/1?x=/y", "/%66irst/1",
        "/first/%31", "/./", "/first/../", "/first/1#x")},
    # WA-03: named groups
    **{f"named {path}": get(path) for path in (
        "/archive/2026", "/archive/2026/may", "/archive/2026/a%20b+c", "/archive/2026/a%2Fb", "/archive/2026/%C3%A4",
        "/archive/2026/%ff", "/archive/x", "/archive/2026/", "/archive/2026/a/b")},
    # WA-01, RT-01: lists, other applications, functions
    **{f"nested {path}": get(path) for path in (
        "/list/a", "/list/12", "/list/b", "/list/c", "/inner/x", "/inner/xyz", "/inner/y", "/function", "/function?a=b",
        "/functions")},
    "function_POST": with_body("POST", "/function"),
    "inner_POST": with_body("POST", "/inner/x"),
    # WA-08: hosts
    **{f"host {host} {path}": get(path, host=host) for host in ("a.example", "A.Example:80", "b.example", "example", "x")
       for path in ("/", "/only", "/list/a", "/nothing")},
    # WH-04, 2.2: verbs
    **{f"{method} {path}": get(path, method=method) for path in ("/verbs", "/", "/gone", "/nothing", "/fallback/x")
       for method in ("GET", "HEAD", "DELETE", "OPTIONS", "FOO")},
    **{f"{method} {path}": with_body(method, path) for path in ("/verbs", "/", "/gone", "/nothing", "/fallback/x?a=b")
       for method in ("POST", "PUT", "PATCH")},
    # WH-05: SUPPORTED_METHODS
    **{f"{method} /dav": get("/dav", method=method) for method in ("GET", "PROPFIND", "HEAD", "MKCOL")},
    "POST /dav": with_body("POST", "/dav"),
    # WX-05, WX-06: RedirectHandler
    **{f"redirect {path}": get(path) for path in (
        "/to/fixed", "/to/fixed?a=b", "/to/temporary", "/to/temporary?a=%26&a=&b=+", "/to/pictures/a.jpg",
        "/to/pictures/a%20b.jpg?x=1", "/to/pictures/", "/to/pictures/%C3%A4?x=%C3%A4", "/to/pictures/a%0d%0aX:y",
        "/to/swap/1/2", "/to/2026/may", "/to/2026/may?a=b", "/to/missing/x", "/to/backslash/x", "/to/open/x",
        "/to/open//evil.example")},
    "redirect_POST": with_body("POST", "/to/fixed"),
    "redirect_HEAD": get("/to/fixed", method="HEAD"),
    # WX-16: addslash, removeslash
    **{f"slash {method} {path}": get(path, method=method) for method in ("GET", "HEAD") for path in (
        "/slash", "/slash/", "/slash?x=1", "/slash/?x=1", "/slash?", "/noslash", "/noslash/", "/noslash//?q=1",
        "/noslash///")},
    **{f"slash POST {path}": with_body("POST", path) for path in ("/slash", "/slash/", "/noslash", "/noslash/")},
    # WA-10, WH-36
    **{f"reverse {name}": get(f"/reverse/{name}") for name in ("archive", "inner", "unknown")},
    # WH-24 to WH-26
    **{f"arguments {query}": get(f"/arguments?{query}") for query in (
        "", "a=1", "a=1&a=2", "a=+1+", "a=%201%0a", "a", "a=&a", "b=1", "a=%00", "a=1;b=2", "a=%E2%80%83x", "a=%zz")},
    "arguments_form": form("/arguments", b"a=1&a=+2+"),
    "arguments_form_and_query": form("/arguments?a=q", b"a=f"),
    "arguments_form_not_utf8": form("/arguments", b"a=%ff"),
    "decode": get("/decode/x%20y?a=1"),
    "decode_other_bytes": get("/decode/%e9?a=%e8"),
    # 3.1 to 3.8, WH-09 to WH-14, WH-20, WH-21, WH-37
    **{f"response {way}": get(f"/response/{way}") for way in (
        "time", "number", "repeated", "clear", "unknown", "body-204", "body-304", "flush-204", "own-length",
        "flush-redirect", "flush-error", "send-error", "send-304", "throw-304", "finish-write", "list", "setting",
        "no-etag", "empty")},
    "response_POST": with_body("POST", "/response/body"),
    "response_1_0": get("/response/own-length", version="1.0"),
    # 3.2, WH-38
    "etag_none": get("/etag"),
    "etag_own": get("/etag?tag=%22x%22"),
    "etag_own_match": get("/etag?tag=%22x%22", 'If-None-Match: "x"'),
    "etag_own_weak": get("/etag?tag=W/%22x%22", 'If-None-Match: "x"'),
    "etag_own_other": get("/etag?tag=%22x%22", 'If-None-Match: "y", "z"'),
    "etag_own_list": get("/etag?tag=%22x%22", 'If-None-Match: "y",W/"x"'),
    "etag_HEAD": get("/etag?tag=%22x%22", 'If-None-Match: "x"', method="HEAD"),
    "etag_empty_field": get("/etag?tag=%22x%22", "If-None-Match:"),
    # 3.6, WH-22, WH-44
    **{f"own_error {way}": get(f"/own_error/{way}") for way in ("throw", "http", "direct")},
    "own_error_405": with_body("POST", "/own_error/x"),
    # WH-02, WH-03
    **{f"early {way}": get(f"/early?way={way}") for way in ("", "http", "throw", "finish", "redirect", "Finish")},
    "early_POST": with_body("POST", "/early"),
    "too_early": get("/too_early"),
    # WX-11, without the setting
    "long": get("/long", "Accept-Encoding: gzip"),
}
# The same cases with compress_response, for 3.12.
COMPRESSED = {
    **{f"gzip {accepted} {query}": get(f"/long?{query}", f"Accept-Encoding: {accepted}") for accepted in (
        "gzip", "deflate, gzip;q=0.5", "identity", "gzip;q=0") for query in (
        "n=2000", "n=1024", "n=1023", "n=10&flush=1", "type=application/json", "type=image/png",
        "type=text/plain;charset=x", "vary=Cookie", "coding=br")},
    "gzip_HEAD": get("/long", "Accept-Encoding: gzip", method="HEAD"),
    "gzip_1_0_flush": get("/long?flush=1", "Accept-Encoding: gzip", version="1.0"),
    "gzip_404": get("/nothing", "Accept-Encoding: gzip"),
    "gzip_204": get("/response/flush-204", "Accept-Encoding: gzip"),
    "gzip_304": get("/etag?tag=%22x%22", 'If-None-Match: "x"', "Accept-Encoding: gzip"),
    "gzip_redirect": get("/to/fixed", "Accept-Encoding: gzip"),
}
# With another handler for what no route matches, and a default host, for ST-04 and WA-09.
DEFAULTS = {
    **{f"default {host} {path}": get(path, host=host) for host in ("localhost", "b.example", "a.example")
       for path in ("/", "/only", "/nothing")},
    "default_not_behind_a_proxy": get("/only", "X-Real-Ip: 192.0.2.1", host="localhost"),
    "default_POST": with_body("POST", "/nothing"),
}

# ---- allowed differences

ALLOW = "RFC 9110 15.5.6: a 405 names the methods that are allowed"


def without_allow(answer):
    """ALLOW."""
    if len(answer) < 3 or answer[0] != 405:
        return answer
    status, reason, fields, *rest = answer
    return status, reason, [field for field in fields if field[0] != "Allow"], *rest


def unzipped(answer):
    """Two compressors may write the same text in other bytes, and gzip's head has a time."""
    if len(answer) < 3 or ("Content-Encoding", "gzip") not in answer[2]:
        return answer
    status, reason, fields, body, chunks, state = answer
    fields = [field for field in fields if field[0] != "Content-Length"]
    return status, reason, fields, gzip.decompress(body) if body else body, len(chunks), state


REFUSED = "RFC 9110 12.4.2: with q=0 a client refuses gzip; Tornado looks for the word only"
# Where WX-05, WX-06, WX-11 and WH-02 part from Tornado.
ALLOWED = {
    "HEAD /fallback/x": "a body written to HEAD by hand is dropped; Tornado closes, as the length is wrong",
    "redirect /to/backslash/x": "\\1 stands for the first group, as the texts about Tornado say (WX-06)",
    "redirect /to/open//evil.example": "a group at the beginning of a redirect's url does not name another host",
    "too_early": "an initialize() that throws is answered with a 500; Tornado closes the connection",
    "gzip_204": "a 204 has no body: Tornado sends gzip's head",
    "gzip gzip;q=0 n=2000": REFUSED,
    "gzip gzip;q=0 n=1024": REFUSED,
    "gzip gzip;q=0 n=10&flush=1": REFUSED,
    "gzip gzip;q=0 type=application/json": REFUSED,
    "gzip gzip;q=0 type=text/plain;charset=x": REFUSED,
    "gzip gzip;q=0 vary=Cookie": REFUSED,
}


def asked(both, requests, name):
    return [unzipped(without_allow(outcome(port, requests[name], "/first/1", b"number|1"))) for port in both]


def compare(both, requests, name):
    ours, theirs = asked(both, requests, name)
    if name in ALLOWED:
        assert ours != theirs, f"no longer different: take it off the list ({ALLOWED[name]})"
    else:
        assert ours == theirs


def start_both(*options):
    started = [WireServer(our_command("wire_web_layer"), *options), WireServer(twin_command("web_layer.py"), *options)]
    yield [server.port for server in started]
    for server in started:
        server.stop()


@pytest.fixture(scope="module")
def both():
    yield from start_both()


@pytest.fixture(scope="module")
def both_compressing():
    yield from start_both("--compress_response=true")


@pytest.fixture(scope="module")
def both_with_defaults():
    yield from start_both("--default_handler=true", "--default_host=a.example")


@pytest.mark.parametrize("name", CASES)
def test_same_answer_as_Tornado(both, name):
    compare(both, CASES, name)


@pytest.mark.parametrize("name", COMPRESSED)
def test_3_12_WX11_same_answer_with_compress_response(both_compressing, name):
    compare(both_compressing, COMPRESSED, name)


@pytest.mark.parametrize("name", DEFAULTS)
def test_ST04_WA09_same_answer_with_a_default_handler_and_host(both_with_defaults, name):
    compare(both_with_defaults, DEFAULTS, name)


def test_the_list_of_differences_names_cases():
    assert ALLOWED.keys() <= CASES.keys() | COMPRESSED.keys() | DEFAULTS.keys()
    assert len(CASES) >= 150
