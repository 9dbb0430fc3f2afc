"""Section 1 of the behaviour list: how messages begin and end. Tests are named by its rows.

Where Tornado and the RFCs part we follow the RFCs; such a test says which section.
"""

import json

import pytest
from raw import BAD_REQUEST, connect

GET = b"GET / HTTP/1.1\r\nHost: h\r\n\r\n"


def post(*fields, body=b"", version="1.1", path="/echo"):
    lines = [f"POST {path} HTTP/{version}", "Host: h", *fields, "", ""]
    return "\r\n".join(lines).encode("latin-1") + body


def echoed(body, path="/echo", method="POST"):
    return f"{method} {path} {len(body)}\n".encode() + body


def assert_hello(response):
    assert (response.status, response.body) == (200, b"Hello, world")


# ---- 1.1 reading the header block -----------------------------------------------------------------


@pytest.mark.parametrize("request_bytes", [
    b"GET / HTTP/1.1\nHost: h\n\n",
    b"GET / HTTP/1.1\r\nHost: h\n\r\n",
    b"GET / HTTP/1.1\nHost: h\r\n\n",
])
def test_1_1_1_head_lines_may_end_in_lf_only(client, request_bytes):
    assert_hello(client.ask(request_bytes))
    client.assert_open()


def head_of(size):
    begin, end = b"GET / HTTP/1.1\r\nHost: h\r\nX-Fill: ", b"\r\n\r\n"
    return begin + b"x" * (size - len(begin) - len(end)) + end


def test_1_1_2_head_of_64_KiB_is_served(client):
    assert_hello(client.ask(head_of(65536)))
    client.assert_open()


def test_1_1_2_head_over_64_KiB_is_a_431(client):
    assert client.ask(head_of(65537)).status == 431
    client.assert_closed()


def test_1_1_2_head_that_never_ends_is_a_431(client):
    assert client.ask(b"GET / HTTP/1.1\r\nHost: h\r\n" + b"X-Fill: " + b"x" * 65536).status == 431
    client.assert_closed()


def test_1_1_2_request_line_without_end_is_a_414(client):
    assert client.ask(b"GET /" + b"x" * 65536).status == 414
    client.assert_closed()


def test_1_1_2_many_header_lines_are_served(client):
    lines = b"".join(b"X-%d: %d\r\n" % (i, i) for i in range(990))
    assert_hello(client.ask(b"GET / HTTP/1.1\r\nHost: h\r\n" + lines + b"\r\n"))


def test_1_1_2_more_than_1000_header_lines_are_a_431(client):
    # Tornado has no such limit; a bound on fields is promise 3 of our reliability list.
    lines = b"".join(b"X-%d: %d\r\n" % (i, i) for i in range(1000))
    assert client.ask(b"GET / HTTP/1.1\r\nHost: h\r\n" + lines + b"\r\n").status == 431
    client.assert_closed()


def test_1_1_3_one_line_end_before_the_request_line_is_skipped(client):
    assert_hello(client.ask(b"\r\n" + GET))
    client.assert_open()


def test_1_1_3_two_line_ends_are_an_empty_head(client):
    client.send(b"\r\n\r\n" + GET)
    client.assert_refused()


def test_1_1_3_line_end_after_a_body_is_tolerated(client):
    assert client.ask(post("Content-Length: 2", body=b"hi\r\n")).body == echoed(b"hi")
    assert_hello(client.ask(GET))


def test_1_1_5_pipelined_requests_are_answered_in_order(client):
    client.send(b"".join(b"GET /path/%d/x HTTP/1.1\r\nHost: h\r\n\r\n" % i for i in range(10)))
    assert [client.read_response().body for _ in range(10)] == [b"%d|x" % i for i in range(10)]


def test_1_1_5_a_slow_answer_holds_back_the_next(client):
    client.send(b"GET /slow?s=0.05 HTTP/1.1\r\nHost: h\r\n\r\n" + GET)
    assert client.read_response().body == b"slow"
    assert_hello(client.read_response())


# ---- 1.2 request line -----------------------------------------------------------------------------


@pytest.mark.parametrize("line", [
    b"GET /", b"GET", b"garbage", b"", b" ", b"GET  / HTTP/1.1", b"GET /  HTTP/1.1", b"GET / HTTP/1.1 ",
    b" GET / HTTP/1.1", b"GET /a b HTTP/1.1", b"GET\t/\tHTTP/1.1", b"GET / http/1.1", b"GET / HTTP/1.1x",
    b"GET / HTTP/1", b"GET / HTTP/1.", b"GET / HTTP/1.10", b"GET / HTTP/11.1", b"GET / HTTP/1,1",
    b"GET / HTP/1.1", b"GET / HTTP /1.1", b"GET HTTP/1.1", b"GET /\x0bx HTTP/1.1",
])
def test_1_2_malformed_request_line(client, line):
    client.send(line + b"\r\nHost: h\r\n\r\n")
    client.assert_refused()


@pytest.mark.parametrize("method", [b"G(T", b"FOO,BAR", b"G\x80T", b"G@T", b'"GET"', b"G[T", b"G\x00T", b"GET:"])
def test_1_2_method_must_be_a_token(client, method):
    client.send(method + b" / HTTP/1.1\r\nHost: h\r\n\r\n")
    client.assert_refused()


@pytest.mark.parametrize("method", ["FOO", "get", "Get", "M-SEARCH", "!#$%&'*+-.^_`|~09"])
def test_1_2_unknown_method_is_405(client, method):
    response = client.get("/", method=method)
    assert (response.status, len(response.body)) == (405, 87)
    client.assert_open()


def test_1_2_CONNECT_is_405(client):
    assert client.ask(b"CONNECT h:80 HTTP/1.1\r\nHost: h:80\r\n\r\n").status == 405
    client.assert_open()


@pytest.mark.parametrize("version", [b"HTTP/2.0", b"HTTP/0.9", b"HTTP/3", b"RTSP/1.0", b"HTTP/0.0"])
def test_1_2_other_versions_are_refused(client, version):
    client.send(b"GET / " + version + b"\r\nHost: h\r\n\r\n")
    client.assert_refused()


def test_1_2_HTTP_1_2_is_served_as_1_1(client):
    # RFC 9110 2.5: a higher minor version is that of the highest one we know. Tornado closes.
    assert_hello(client.ask(b"GET / HTTP/1.2\r\nHost: h\r\n\r\n"))
    client.assert_open()


def test_1_2_absolute_form_is_routed_and_names_the_host(client):
    # RFC 9112 3.2.2; Tornado answers 404.
    info = json.loads(client.ask(b"GET http://Other:81/request?q=1 HTTP/1.1\r\nHost: h\r\n\r\n").body)
    assert info["uri"] == "/request?q=1"
    assert (info["path"], info["query"]) == ("/request", "q=1")
    assert (info["host"], info["host_name"]) == ("Other:81", "other")


def test_1_2_absolute_form_without_a_path(client):
    assert_hello(client.ask(b"GET http://h HTTP/1.1\r\nHost: h\r\n\r\n"))


def test_1_2_absolute_form_still_needs_a_Host(client):
    client.send(b"GET http://h/ HTTP/1.1\r\n\r\n")
    client.assert_refused()


@pytest.mark.parametrize("target", [b"ftp://h/", b"http:///x", b"http://", b"http://a b/", b"http://u@h/", b"x"])
def test_1_2_other_targets_are_refused(client, target):
    client.send(b"GET " + target + b" HTTP/1.1\r\nHost: h\r\n\r\n")
    client.assert_refused()


def test_1_2_OPTIONS_asterisk_is_404(client):
    assert client.ask(b"OPTIONS * HTTP/1.1\r\nHost: h\r\n\r\n").status == 404
    client.assert_open()


def test_1_2_fragment_stays_in_the_path(client):
    assert client.get("/#f").status == 404


@pytest.mark.parametrize("target", [b"/\xc3\xa9", b"/?a=\xe4\xff", b"http://h/\x80"])
def test_1_2_high_bytes_in_the_target_are_refused(client, target):
    # RFC 3986 2.1 wants them percent-encoded; Tornado takes them.
    client.send(b"GET " + target + b" HTTP/1.1\r\nHost: h\r\n\r\n")
    client.assert_refused()


@pytest.mark.parametrize("byte", [0x00, 0x01, 0x09, 0x0b, 0x0d, 0x1f, 0x7f])
def test_1_2_control_characters_in_the_target_are_refused(client, byte):
    client.send(b"GET /?a=%c HTTP/1.1\r\nHost: h\r\n\r\n" % byte)
    client.assert_refused()


def test_1_2_path_and_query_part_at_the_first_question_mark(client):
    info = json.loads(client.get("/request?a=1?b=2").body)
    assert (info["path"], info["query"]) == ("/request", "a=1?b=2")


# ---- 1.3 header lines -----------------------------------------------------------------------------


def with_line(line):
    return b"GET /headers HTTP/1.1\r\nHost: h\r\n" + line + b"\r\n\r\n"


@pytest.mark.parametrize("line", [
    b": value", b"X Y: 1", b"X : 1", b"X\t: 1", b"no colon", b"X(: 1", b"X\x80: 1", b"X\x00: 1", b"X@Y: 1", b"\x7f: 1",
])
def test_1_3_name_must_be_a_token(client, line):
    client.send(with_line(line))
    client.assert_refused()


@pytest.mark.parametrize("byte", [0x00, 0x01, 0x08, 0x0b, 0x0c, 0x0d, 0x1f, 0x7f])
def test_1_3_control_characters_in_a_value_are_refused(client, byte):
    client.send(with_line(b"X-Bad: a%cb" % byte))
    client.assert_refused()


def headers_of(response):
    assert response.status == 200
    return [(name, value) for name, value in json.loads(response.body)["headers"] if name != "Host"]


def test_1_3_blanks_around_a_value_are_dropped(client):
    assert headers_of(client.ask(with_line(b"X-A: \t  v w\t \t"))) == [("X-A", "v w")]


def test_1_3_no_blank_is_needed_and_a_value_may_be_empty(client):
    assert headers_of(client.ask(with_line(b"X-A:v\r\nX-B:"))) == [("X-A", "v"), ("X-B", "")]


def test_1_3_high_bytes_in_a_value_are_allowed(client):
    assert client.ask(b"GET / HTTP/1.1\r\nHost: h\r\nX-A: \x80\xff\r\n\r\n").status == 200


def test_1_3_continued_line_is_joined_with_one_space(client):
    assert headers_of(client.ask(with_line(b"X-A: one\r\n \t two"))) == [("X-A", "one two")]


def test_1_3_continuation_as_first_line_is_refused(client):
    client.send(b"GET / HTTP/1.1\r\n Host: h\r\n\r\n")
    client.assert_refused()


def test_1_3_names_are_normalised_and_repeats_kept(client):
    fields = headers_of(client.ask(with_line(b"x-LONG-name: 1\r\nX-Long-Name: 2")))
    assert fields == [("X-Long-Name", "1"), ("X-Long-Name", "2")]


def test_1_3_response_names_are_in_Http_Header_Case(client):
    for name, _ in client.get("/set_header?name=x-some-THING&value=1").fields:
        assert name == "-".join(part.capitalize() for part in name.split("-"))


# ---- 1.4 Host -------------------------------------------------------------------------------------


def test_1_4_missing_Host_is_refused(client):
    client.send(b"GET / HTTP/1.1\r\n\r\n")
    client.assert_refused()


@pytest.mark.parametrize("lines", [
    b"Host: a\r\nHost: b", b"Host: a\r\nhost: a", b"Host: a, b", b"Host: a,b", b"Host: a b", b"Host: a/b", b"Host: a@b",
    b"Host: http://a", b"Host: a?b", b"Host: a#b", b"Host: a:b", b"Host: a:80:80", b"Host: [::1", b"Host: a\\b",
])
def test_1_4_repeated_or_malformed_Host_is_refused(client, lines):
    client.send(b"GET / HTTP/1.1\r\n" + lines + b"\r\n\r\n")
    client.assert_refused()


@pytest.mark.parametrize("host, name", [
    ("", ""), ("Example.COM", "example.com"), ("h:8080", "h"), ("[::1]:80", "[::1]"), ("[::1]", "[::1]"), ("a_b-c.d", "a_b-c.d"),
])
def test_1_4_host_name_is_lower_case_without_port(client, host, name):
    info = json.loads(client.ask(f"GET /request HTTP/1.1\r\nHost: {host}\r\n\r\n".encode()).body)
    assert (info["host"], info["host_name"]) == (host, name)


def test_1_4_HTTP_1_0_without_Host_is_127_0_0_1(client):
    info = json.loads(client.ask(b"GET /request HTTP/1.0\r\n\r\n").body)
    assert (info["host"], info["version"]) == ("127.0.0.1", "HTTP/1.0")
    client.assert_closed()


# ---- 1.5 body framing -----------------------------------------------------------------------------


def chunked(*lines):
    return post("Transfer-Encoding: chunked", body=b"".join(lines))


def test_1_5_without_a_length_there_is_no_body(client):
    assert client.ask(post()).body == echoed(b"")
    client.assert_open()


def test_1_5_body_of_Content_Length(client):
    assert client.ask(post("Content-Length: 5", body=b"hello")).body == echoed(b"hello")
    client.assert_open()


def test_1_5_GET_may_have_a_body(client):
    request = b"GET /echo HTTP/1.1\r\nHost: h\r\nContent-Length: 3\r\n\r\nabc"
    assert client.ask(request).body == echoed(b"abc", method="GET")
    client.assert_open()


@pytest.mark.parametrize("value", ["+3", "-3", "1_0", "", "abc", "3 3", "0x3", "3.0", "3;", "\xb2", "3,", ",3",
                                   "18446744073709551616", "99999999999999999999999"])
def test_1_5_Content_Length_must_be_digits(client, value):
    client.send(post(f"Content-Length: {value}", body=b"abc"))
    client.assert_refused()


@pytest.mark.parametrize("fields", [("Content-Length: 3", "Content-Length: 3"), ("Content-Length: 3, 3",)])
def test_1_5_equal_repeats_of_Content_Length_are_one(client, fields):
    assert client.ask(post(*fields, body=b"abc")).body == echoed(b"abc")
    client.assert_open()


@pytest.mark.parametrize("fields", [("Content-Length: 3", "Content-Length: 4"), ("Content-Length: 3, 4",)])
def test_1_5_different_repeats_of_Content_Length_are_refused(client, fields):
    client.send(post(*fields, body=b"abcd"))
    client.assert_refused()


def test_1_5_Content_Length_over_100_MiB_is_refused_at_once(client):
    assert client.ask(post("Content-Length: 104857601")).status == 413
    client.assert_closed()


@pytest.mark.parametrize("fields", [
    ("Content-Length: 3", "Transfer-Encoding: chunked"), ("Transfer-Encoding: chunked", "Content-Length: 3"),
])
def test_1_5_both_framings_are_refused(client, fields):
    client.send(post(*fields, body=b"0\r\n\r\n"))
    client.assert_refused()


@pytest.mark.parametrize("value", ["gzip, chunked", "identity", "chunked, chunked", "chunked, identity", "xchunked",
                                   "chunked;q=1", '"chunked"', "", "chunked\x0b", "gzip"])
def test_1_5_other_Transfer_Encodings_are_refused(client, value):
    client.send(post(f"Transfer-Encoding: {value}", body=b"3\r\nabc\r\n0\r\n\r\n"))
    client.assert_refused()


def test_1_5_Transfer_Encoding_twice_is_refused(client):
    client.send(post("Transfer-Encoding: chunked", "Transfer-Encoding: chunked", body=b"0\r\n\r\n"))
    client.assert_refused()


@pytest.mark.parametrize("value", ["chunked", "Chunked", "CHUNKED", " chunked\t"])
def test_1_5_chunked_in_any_case(client, value):
    request = post(f"Transfer-Encoding: {value}", body=b"3\r\nabc\r\nA\r\n0123456789\r\n000\r\n\r\n")
    assert client.ask(request).body == echoed(b"abc0123456789")
    client.assert_open()


@pytest.mark.parametrize("size", [b"0x3", b"+3", b"-3", b"-5", b" 3", b"3 ", b"1_0", b"", b"g", b"3h", b"3,", b"\xef\xbc\x93"])
def test_1_5_chunk_size_must_be_hex_digits(client, size):
    client.send(chunked(size, b"\r\nabc\r\n0\r\n\r\n"))
    client.assert_refused()


@pytest.mark.parametrize("line", [b"3;name", b"3;name=value", b'3;a="b;c"', b"3 ;a", b"3;" + b"x" * 1000])
def test_1_5_chunk_extensions_are_ignored(client, line):
    # RFC 9112 7.1.1; Tornado refuses them.
    assert client.ask(chunked(line, b"\r\nabc\r\n0;last\r\n\r\n")).body == echoed(b"abc")
    client.assert_open()


def test_1_5_chunk_extensions_are_limited_to_16_KiB(client):
    client.send(chunked(b"3;", b"x" * 17000))
    client.assert_refused()


def test_1_5_chunk_extensions_are_limited_in_sum(client):
    # A client that sends a byte in each chunk and a long extension with it costs work, not memory.
    client.send(chunked(*[b"1;" + b"x" * 1000 + b"\r\na\r\n"] * 17))
    client.assert_refused()


def test_1_5_control_characters_in_an_extension_are_refused(client):
    client.send(chunked(b"3;a\x00b\r\nabc\r\n0\r\n\r\n"))
    client.assert_refused()


def test_1_5_chunk_size_line_over_64_digits_is_refused(client):
    client.send(chunked(b"0" * 65, b"3\r\nabc\r\n0\r\n\r\n"))
    client.assert_refused()


@pytest.mark.parametrize("size", [b"10000000000000000", b"ffffffffffffffff", b"6400001"])
def test_1_5_chunk_size_over_the_limit_is_refused(client, size):
    assert client.ask(chunked(size, b"\r\nabc")).status == 413
    client.assert_closed()


@pytest.mark.parametrize("body", [b"3\nabc\r\n0\r\n\r\n", b"3\r\nabc\n0\r\n\r\n", b"3\r\nabc\r\n0\n\r\n", b"3\r\nabc\r\n0\r\n\n"])
def test_1_5_chunk_lines_must_end_in_CRLF(client, body):
    # Tornado waits for ever; RFC 9112 2.2 allows lone LF in the head only.
    client.send(chunked(body))
    client.assert_refused()


@pytest.mark.parametrize("body", [b"3\r\nabcd\r\n0\r\n\r\n", b"3\r\nabc0\r\n\r\n", b"3\r\nabcXY0\r\n\r\n", b"3\r\nabc\rX0\r\n\r\n"])
def test_1_5_missing_CRLF_after_chunk_data_is_refused(client, body):
    # Tornado closes with an assertion in its log.
    client.send(chunked(body))
    client.assert_refused()


def test_1_5_trailers_are_accepted(client):
    # RFC 9112 7.1.2; Tornado refuses them.
    request = chunked(b"3\r\nabc\r\n0\r\nX-Sum: 1\r\nX-More: 2\r\n\r\n")
    assert client.ask(request).body == echoed(b"abc")
    client.assert_open()


def test_1_5_trailers_do_not_become_headers(client):
    request = post("Transfer-Encoding: chunked", body=b"0\r\nX-Late: 1\r\n\r\n", path="/headers")
    assert "X-Late" not in dict(headers_of(client.ask(request)))


@pytest.mark.parametrize("trailer", [b"no colon", b"X : 1", b": 1", b" folded", b"X: a\x00b"])
def test_1_5_malformed_trailers_are_refused(client, trailer):
    client.send(chunked(b"3\r\nabc\r\n0\r\n", trailer, b"\r\n\r\n"))
    client.assert_refused()


def test_1_5_trailers_are_limited_to_16_KiB(client):
    client.send(chunked(b"0\r\n", b"X: " + b"x" * 17000))
    client.assert_refused()


def test_1_5_HTTP_1_0_chunked_is_read_and_closes(client):
    # RFC 9112 6.1: the connection must be closed, whatever keep-alive says.
    request = post("Transfer-Encoding: chunked", "Connection: keep-alive", body=b"3\r\nabc\r\n0\r\n\r\n", version="1.0")
    response = client.ask(request + GET)
    assert response.body == echoed(b"abc")
    assert "keep-alive" not in response.get("Connection", "").lower()
    client.assert_closed()


def test_1_5_body_bytewise(client):
    client.send_bytewise(chunked(b"3;x\r\nabc\r\n10\r\n0123456789abcdef\r\n0\r\nX-T: 1\r\n\r\n"))
    assert client.read_response().body == echoed(b"abc0123456789abcdef")
    client.assert_open()


def test_1_5_cut_at_every_position(server):
    request = chunked(b"3\r\nabc\r\nb\r\n0123456789a\r\n0\r\n\r\n")
    with connect(server.port) as client:
        for cut in range(1, len(request)):
            client.send_in_pieces(request, cut)
            assert client.read_response().body == echoed(b"abc0123456789a")


# ---- 1.6 100-continue -----------------------------------------------------------------------------


@pytest.mark.parametrize("value", ["100-continue", "100-Continue", "100-CONTINUE"])
def test_1_6_interim_response_before_the_body(client, value):
    # RFC 9110 10.1.1: any case. RFC 9112 4: the reason is "Continue", without Tornado's parentheses.
    interim = client.ask(post(f"Expect: {value}", "Content-Length: 3"))
    assert (interim.status, interim.reason, interim.fields) == (100, "Continue", [])
    assert client.ask(b"abc").body == echoed(b"abc")
    client.assert_open()


def test_1_6_interim_response_before_a_chunked_body(client):
    assert client.ask(post("Expect: 100-continue", "Transfer-Encoding: chunked")).status == 100
    assert client.ask(b"3\r\nabc\r\n0\r\n\r\n").body == echoed(b"abc")
    client.assert_open()


@pytest.mark.parametrize("value", ["100", "101-continue", "continue", "xyz", ""])
def test_1_6_other_expectations_are_ignored(client, value):
    assert client.ask(post(f"Expect: {value}", "Content-Length: 3", body=b"abc")).body == echoed(b"abc")
    client.assert_open()


def test_1_6_HTTP_1_0_is_sent_no_interim_response(client):
    # RFC 9110 10.1.1.
    request = post("Expect: 100-continue", "Content-Length: 3", body=b"abc", version="1.0")
    assert client.ask(request).body == echoed(b"abc")
    client.assert_closed()


def test_1_6_nobody_waits_where_no_body_follows(client):
    assert client.ask(post("Expect: 100-continue", "Content-Length: 0")).body == echoed(b"")
    client.assert_open()


def test_1_6_a_refused_request_gets_no_interim_response(client):
    assert client.ask(post("Expect: 100-continue", "Content-Length: 104857601")).status == 413
    client.assert_closed()


# ---- 1.7 keep-alive -------------------------------------------------------------------------------


def test_1_7_HTTP_1_1_stays_open_without_a_Connection_header(client):
    for _ in range(3):
        response = client.ask(GET)
        assert_hello(response)
        assert response.get("Connection") is None


@pytest.mark.parametrize("lines", [
    "Connection: close", "Connection: Close", "connection: CLOSE",
    # RFC 9112 9.6: "close" is one option of a list; Tornado does not see it there.
    "Connection: TE, close", "Connection: close, TE", "Connection: TE\r\nConnection: close", "Connection: keep-alive, close",
])
def test_1_7_close_is_answered_with_close(client, lines):
    response = client.ask(f"GET / HTTP/1.1\r\nHost: h\r\n{lines}\r\n\r\n".encode() + GET)
    assert_hello(response)
    assert response.get("Connection") == "close"
    client.assert_closed()


@pytest.mark.parametrize("value", ["keep-alive", "TE", "closed", "x-close", "Keep-Alive, TE"])
def test_1_7_other_connection_options_change_nothing(client, value):
    assert_hello(client.get("/", f"Connection: {value}"))
    client.assert_open()


def test_1_7_HTTP_1_0_closes_without_a_Connection_header(client):
    response = client.ask(b"GET / HTTP/1.0\r\nHost: h\r\n\r\n" + GET)
    assert_hello(response)
    assert response.get("Connection") is None
    client.assert_closed()


@pytest.mark.parametrize("request_bytes, body", [
    (b"GET / HTTP/1.0\r\nConnection: keep-alive\r\n\r\n", b"Hello, world"),
    (b"GET / HTTP/1.0\r\nConnection: Keep-Alive\r\n\r\n", b"Hello, world"),
    (b"GET / HTTP/1.0\r\nConnection: TE, keep-alive\r\n\r\n", b"Hello, world"),
    (b"POST /echo HTTP/1.0\r\nConnection: keep-alive\r\nContent-Length: 2\r\n\r\nhi", echoed(b"hi")),
])
def test_1_7_HTTP_1_0_keep_alive(client, request_bytes, body):
    response = client.ask(request_bytes)
    assert response.body == body
    assert response.get("Connection") == "Keep-Alive"
    assert response.framing == "length"
    client.assert_open()


def test_1_7_HTTP_1_0_keep_alive_HEAD(client):
    response = client.ask(b"HEAD /head HTTP/1.0\r\nConnection: keep-alive\r\n\r\n", "HEAD")
    assert response.get("Connection") == "Keep-Alive"
    client.assert_open()


def test_1_7_HTTP_1_0_keep_alive_POST_without_length_closes_and_says_so(client):
    # Tornado promises Keep-Alive and closes.
    response = client.ask(b"POST /echo HTTP/1.0\r\nConnection: keep-alive\r\n\r\n")
    assert response.body == echoed(b"")
    assert response.get("Connection") is None
    client.assert_closed()


def test_1_7_HTTP_1_0_keep_alive_reply_of_unknown_length_ends_by_closing(client):
    # Tornado promises Keep-Alive, sends no length and stays open: the client cannot find the end.
    response = client.ask(b"GET /flush HTTP/1.0\r\nConnection: keep-alive\r\n\r\n")
    assert response.body == b"onetwothreeend"
    assert response.framing == "close"
    assert response.get("Connection") is None


def test_1_7_no_keep_alive_closes_always(start_server):
    server = start_server("--no_keep_alive=true")
    with connect(server.port) as client:
        response = client.ask(GET + GET)
        assert_hello(response)
        assert response.get("Connection") == "close"
        client.assert_closed()


# ---- 1.8 writing ----------------------------------------------------------------------------------


def test_1_8_status_line_is_HTTP_1_1_to_old_clients_too(client):
    client.send(b"GET / HTTP/1.0\r\n\r\n")
    assert client.read_to_end().startswith(b"HTTP/1.1 200 OK\r\n")


def test_1_8_flushed_reply_is_chunked_in_lower_case_hex(client):
    client.send(b"GET /flush HTTP/1.1\r\nHost: h\r\nConnection: close\r\n\r\n")
    head, _, body = client.read_to_end().partition(b"\r\n\r\n")
    assert b"Transfer-Encoding: chunked" in head and b"Content-Length" not in head
    assert body == b"3\r\none\r\n3\r\ntwo\r\n5\r\nthree\r\n3\r\nend\r\n0\r\n\r\n"


def test_1_8_flushed_reply_to_HTTP_1_0_is_raw_until_close(client):
    client.send(b"GET /flush HTTP/1.0\r\n\r\n")
    head, _, body = client.read_to_end().partition(b"\r\n\r\n")
    assert b"Transfer-Encoding" not in head and b"Content-Length" not in head
    assert body == b"onetwothreeend"


def test_1_8_flushed_reply_to_HEAD_has_no_body(client):
    response = client.get("/flush", method="HEAD")
    assert response.status == 200 and response.get("Content-Length") is None
    client.assert_open()


@pytest.mark.parametrize("code", [204, 304])
def test_1_8_no_framing_where_no_body_is_allowed(client, code):
    response = client.get(f"/status/{code}")
    assert response.status == code
    assert response.get("Content-Length") is None and response.get("Transfer-Encoding") is None
    client.assert_open()


@pytest.mark.parametrize("flush", ["", "&flush=1"])
def test_1_8_fewer_bytes_than_Content_Length_ends_in_an_aborted_message(client, flush):
    client.send(f"GET /length_lie?declare=10&write=4{flush} HTTP/1.1\r\nHost: h\r\n\r\n".encode() + GET)
    head, _, body = client.read_to_end().partition(b"\r\n\r\n")
    if b" 500 " in head.partition(b"\r\n")[0]:
        assert flush == ""  # nothing had been sent: an error page is still possible
    else:
        assert b"Content-Length: 10" in head and len(body) < 10


def test_1_8_more_bytes_than_Content_Length_sends_nothing(client):
    client.send(b"GET /length_lie?declare=4&write=10 HTTP/1.1\r\nHost: h\r\n\r\n")
    client.assert_closed_silently()


def test_1_8_more_bytes_than_Content_Length_after_flush_never_look_like_an_answer(client):
    client.send(b"GET /length_lie?declare=4&write=10&flush=1 HTTP/1.1\r\nHost: h\r\n\r\n")
    try:
        _, _, body = client.read_to_end().partition(b"\r\n\r\n")
    except ConnectionResetError:
        _, _, body = client.buffer.partition(b"\r\n\r\n")
    assert len(body) < 4


def test_after_a_framing_error_nothing_more_is_read(client):
    client.send(b"GET / HTTP/1.1\r\nHost: h\r\nbad line\r\n\r\n" + GET * 20)
    assert client.read_to_end() == BAD_REQUEST
