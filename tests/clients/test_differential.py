"""The same requests to our server and to Python's Tornado: the answers must be equal, byte for byte but for Date and
Server, unless the case is on the list of allowed differences. A case that is on the list and does not differ is an
error too: the list says what is, not what was."""

import pytest
import tornado
from differential import get, outcome
from wire_server import WireServer, our_command, twin_command


def post(*fields, body=b"", path="/echo", version="1.1"):
    return get(path, *fields, method="POST", version=version, body=body)


def chunked(body, *fields, version="1.1"):
    return post("Transfer-Encoding: chunked", *fields, body=body, version=version)


def form(body, content_type="application/x-www-form-urlencoded", path="/args"):
    return post(f"Content-Type: {content_type}", f"Content-Length: {len(body)}", body=body, path=path)


MULTIPART = (b'--b\r\nContent-Disposition: form-data; name="a"\r\n\r\none\r\n'
             b'--b\r\nContent-Disposition: form-data; name="f"; filename="x"\r\nContent-Type: a/b\r\n\r\nfile\r\n'
             b'--b\r\nContent-Disposition: form-data; name=a\r\n\r\ntwo\r\n--b--\r\n')
ETAG = '"e02aa1b106d5c7c6a98def2b13005d5b84fd8dc8"'

CASES = {
    # answers
    "hello": get("/"),
    "hello_1_0": get("/", version="1.0"),
    "hello_close": get("/", "Connection: close"),
    "hello_1_0_keep_alive": get("/", "Connection: keep-alive", version="1.0"),
    "HEAD": get("/head", method="HEAD"),
    "HEAD_without_function": get("/", method="HEAD"),
    "POST_without_function": get("/", method="POST"),
    "OPTIONS_without_function": get("/", method="OPTIONS"),
    "unknown_verb": get("/", method="FOO"),
    "unknown_path": get("/nothing"),
    "status_201": get("/status/201"),
    "status_204": get("/status/204"),
    "status_304": get("/status/304"),
    "status_404": get("/status/404"),
    "async": get("/async"),
    "slow": get("/slow?s=0.01"),
    "flush": get("/flush"),
    "flush_1_0": get("/flush", version="1.0"),
    "flush_HEAD": get("/flush", method="HEAD"),
    "flush_throw": get("/flush_throw"),
    "flush_1_0_keep_alive": get("/flush", "Connection: keep-alive", version="1.0"),
    "throw": get("/throw"),
    "throw_int": get("/throw_int"),
    "throw_later": get("/throw_later"),
    "httperror_403": get("/httperror?code=403&log=secret"),
    "httperror_599": get("/httperror?code=599"),
    "httperror_418": get("/httperror?code=418"),
    "httperror_reason": get("/httperror?code=400&reason=No%20luck"),
    "httperror_reason_markup": get("/httperror?code=400&reason=%3Cb%3E"),
    "set_status_reason": get("/set_status?code=299&reason=Fine"),
    "finish": get("/finish"),
    "finish_chunk": get("/finish?chunk=Hello,%20world"),
    "finish_twice": get("/finish_twice"),
    "prepare": get("/prepare"),
    "write_error": get("/write_error"),
    "default_headers": get("/default_headers"),
    "big": get("/big?n=300000"),
    "json": get("/json"),
    "set_header": get("/set_header?name=x-some-THING&value=a%20b"),
    "set_header_tab": get("/set_header?value=a%09b"),
    "set_header_injection": get("/set_header?value=a%0d%0ab"),
    "set_header_nul": get("/set_header?value=a%00b"),
    "length_lie_short": get("/length_lie?declare=10&write=4"),
    "length_lie_long": get("/length_lie?declare=4&write=10"),
    # entity tags
    "etag_match": get("/", f"If-None-Match: {ETAG}"),
    "etag_weak": get("/", f'If-None-Match: "x", W/{ETAG}'),
    "etag_star": get("/", "If-None-Match: *"),
    "etag_other": get("/", 'If-None-Match: "x"'),
    "etag_own": get('/own_etag?etag="mine"', 'If-None-Match: "mine"'),
    # redirects
    "redirect": get("/redirect?to=/next"),
    "redirect_permanent": get("/redirect?to=/next&permanent=1"),
    "redirect_303": get("/redirect?to=/next&status=303"),
    "redirect_utf8": get("/redirect?to=/%C3%A4"),
    "redirect_space": get("/redirect?to=/a%20b"),
    "redirect_injection": get("/redirect?to=/%0d%0aX:%201"),
    # paths and arguments
    "path_groups": get("/path/a%2Fb/c+d%20e"),
    "path_empty_groups": get("/path//"),
    "path_utf8": get("/path/%C3%A4/x"),
    "path_not_utf8": get("/path/%ff/x"),
    "path_bad_escape": get("/path/%/%zz"),
    "optional_group": get("/optional/x"),
    "optional_group_missing": get("/optional"),
    "argument": get("/arg?a=1&a=+2+"),
    "argument_missing": get("/arg"),
    "argument_empty": get("/arg?a"),
    "argument_semicolon": get("/arg?a=1;b=2"),
    "argument_utf8": get("/arg?a=%C3%A4"),
    "argument_not_utf8": get("/arg?a=%ff"),
    "argument_controls": get("/arg?a=%00x%01%0By%0C"),
    "arguments_order": get("/args?a=2&b=0&a=1&a="),
    "form": form(b"a=1&a=%C3%A4+b&b=3"),
    "form_and_query": post("Content-Type: application/x-www-form-urlencoded", "Content-Length: 3", body=b"a=2", path="/args?a=1"),
    "form_with_charset": form(b"a=1", "application/x-www-form-urlencoded; charset=utf-8"),
    "multipart": form(MULTIPART, "multipart/form-data; boundary=b"),
    "multipart_quoted": form(MULTIPART, 'multipart/form-data; boundary="b"'),
    "multipart_no_boundary": form(MULTIPART, "multipart/form-data"),
    "multipart_unfinished": form(MULTIPART[:-6], "multipart/form-data; boundary=b"),
    "body_of_other_type": form(b"a=1", "text/plain"),
    # requests
    "echo_headers": get("/headers", "x-long-NAME: 1", "X-A: 2", "X-Long-Name: 3"),
    "folded_header": get("/headers", "X-A: one\r\n  two"),
    "request_info": get("/request?a=1?b", "X: y"),
    "lf_only_head": b"GET / HTTP/1.1\nHost: h\n\n",
    "leading_crlf": b"\r\n" + get("/"),
    "PUT": get("/echo", "Content-Length: 2", method="PUT", body=b"hi"),
    "GET_with_body": get("/echo", "Content-Length: 2", body=b"hi"),
    "chunked": chunked(b"3\r\nabc\r\nA\r\n0123456789\r\n0\r\n\r\n"),
    "chunked_any_case": post("Transfer-Encoding: CHUNKED", body=b"1\r\na\r\n0\r\n\r\n"),
    "equal_lengths": post("Content-Length: 2", "Content-Length: 2", body=b"hi"),
    "host_port": b"GET /request HTTP/1.1\r\nHost: Example.COM:8080\r\n\r\n",
    # refusals
    "garbage": b"garbage\r\n\r\n",
    "no_version": b"GET /\r\nHost: h\r\n\r\n",
    "http_2": b"GET / HTTP/2.0\r\nHost: h\r\n\r\n",
    "name_without_colon": get("/", "no colon"),
    "value_with_nul": get("/", "X: a\0b"),
    "different_lengths": post("Content-Length: 2", "Content-Length: 3", body=b"abc"),
    "both_framings": post("Content-Length: 2", "Transfer-Encoding: chunked", body=b"0\r\n\r\n"),
    "too_large": post("Content-Length: 104857601"),
    "head_too_large": get("/", "X: " + "x" * 66000),
    # where we part
    "no_host": b"GET / HTTP/1.1\r\n\r\n",
    "two_hosts": b"GET / HTTP/1.1\r\nHost: a\r\nHost: b\r\n\r\n",
    "method_not_a_token": b"G(T / HTTP/1.1\r\nHost: h\r\n\r\n",
    "name_with_blank": get("/", "X : y"),
    "http_1_2": get("/", version="1.2"),
    "absolute_form": get("http://other/request"),
    "close_in_a_list": get("/", "Connection: TE, close"),
    "expect": post("Expect: 100-continue", "Content-Length: 2"),
    "expect_any_case": post("Expect: 100-Continue", "Content-Length: 2", body=b"hi"),
    "expect_1_0": post("Expect: 100-continue", "Content-Length: 2", body=b"hi", version="1.0"),
    "length_plus": post("Content-Length: +2", body=b"hi"),
    "length_underscore": post("Content-Length: 1_0", body=b"0123456789"),
    "transfer_identity": post("Transfer-Encoding: identity", body=b""),
    "chunk_extension": chunked(b"3;x=y\r\nabc\r\n0\r\n\r\n"),
    "chunk_trailer": chunked(b"3\r\nabc\r\n0\r\nX: y\r\n\r\n"),
    "chunk_0x": chunked(b"0x3\r\nabc\r\n0\r\n\r\n"),
    "chunk_lf": chunked(b"3\nabc\n0\n\n"),
    "chunk_without_crlf": chunked(b"3\r\nabcXY0\r\n\r\n"),
    "chunked_1_0_keep_alive": chunked(b"1\r\na\r\n0\r\n\r\n", "Connection: keep-alive", version="1.0"),
    "post_1_0_keep_alive_no_length": post("Connection: keep-alive", version="1.0"),
}

ALLOW = "RFC 9110 15.5.6: a 405 names the verbs that are allowed"
TORNADO_6_4 = "Tornado 6.2 is laxer; we follow 6.4: "
TORNADO_6_5 = "Tornado 6.2 is laxer; we follow 6.5: "
# Where WH-05, WH-38, HU-11, H1-05 and H1-06 part from Tornado, among others.
ALLOWED = {
    "HEAD_without_function": ALLOW,
    "POST_without_function": ALLOW,
    "OPTIONS_without_function": ALLOW,
    "unknown_verb": ALLOW,
    "set_header_tab": TORNADO_6_5 + "a value may have tabs",
    "etag_own": "RFC 9110 13.2.1: a precondition is evaluated, whoever made the entity tag",
    "echo_headers": "fields keep the order they came in; Tornado groups them by name",
    "value_with_nul": TORNADO_6_5 + "no control characters in values",
    "flush_1_0_keep_alive": "Tornado promises Keep-Alive and sends no length: the client cannot find the end",
    "post_1_0_keep_alive_no_length": "Tornado promises Keep-Alive and closes",
    "http_1_2": "RFC 9110 2.5: a higher minor version is served as 1.1, and stays open",
    "absolute_form": "RFC 9112 3.2.2: a server routes absolute-form",
    "close_in_a_list": "RFC 9112 9.6: close is an option of a list",
    "expect": "the interim response's reason is Continue, not (Continue)",
    "expect_any_case": "RFC 9110 10.1.1: the expectation is case-insensitive",
    "expect_1_0": "RFC 9110 10.1.1: from HTTP/1.0 it is ignored",
    "chunk_extension": "RFC 9112 7.1.1: unknown extensions are ignored",
    "chunk_trailer": "RFC 9112 7.1.2: trailers are read and dropped",
    "chunk_lf": "RFC 9112 7.1: chunk lines end in CRLF; Tornado waits for ever",
    "chunk_without_crlf": "a framing error is answered 400; Tornado closes with an assertion in its log",
    "chunked_1_0_keep_alive": "RFC 9112 6.1: Transfer-Encoding in HTTP/1.0 closes the connection",
    "too_large": "RFC 9110 15.5.14: a body over the limit is a 413, with the application's error page",
    "head_too_large": "RFC 6585 5: a head over the limit is a 431, with the application's error page",
    "no_host": TORNADO_6_5 + "HTTP/1.1 needs a Host",
    "two_hosts": TORNADO_6_5 + "one Host only",
    "method_not_a_token": TORNADO_6_5 + "the method is a token",
    "name_with_blank": TORNADO_6_5 + "no blank before the colon",
}
if tornado.version_info < (6, 4):  # Debian 12 has 6.2, Debian 13 has 6.4.2
    ALLOWED |= {
        "httperror_418": TORNADO_6_4 + "an apostrophe is written &#x27;, as html.escape does",
        "length_plus": TORNADO_6_4 + "Content-Length is digits only",
        "length_underscore": TORNADO_6_4 + "Content-Length is digits only",
        "transfer_identity": TORNADO_6_4 + "no Transfer-Encoding but chunked",
        "chunk_0x": TORNADO_6_4 + "chunk sizes are hex digits only",
    }


@pytest.fixture(scope="module")
def both():
    started = [WireServer(our_command()), WireServer(twin_command())]
    yield [server.port for server in started]
    for server in started:
        server.stop()


@pytest.mark.parametrize("name", CASES)
def test_same_answer_as_Tornado(both, name):
    ours, theirs = (outcome(port, CASES[name], "/path/still/open", b"still|open") for port in both)
    if name in ALLOWED:
        assert ours != theirs, f"no longer different: take it off the list ({ALLOWED[name]})"
    else:
        assert ours == theirs


def test_the_list_of_differences_names_cases():
    assert ALLOWED.keys() <= CASES.keys()
    assert len(CASES) >= 60
