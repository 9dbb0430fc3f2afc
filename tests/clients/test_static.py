"""Static files on the wire: side by side with Python's Tornado, and what big files and slow clients cost."""

import contextlib
import email.utils
import os
import pathlib
import re
import sys
import time

import pytest
import tornado
from raw import Closed, connect
from wire_server import ROOT, WireServer, wait_until

SECRET = b"SECRET outside of the folder"
HELLO = b"Hello, static"
BIG = 30_000_000  # more than the kernel's buffers of a connection hold


def ours(*options):
    build = pathlib.Path(os.environ.get("TORNADO_BUILD", ROOT / "build" / "debug"))
    return WireServer([str(build / "tests/final/wire_app/static_app"), "--logging=info"], *options)


def theirs(*options):
    return WireServer([sys.executable, str(ROOT / "tests/final/wire_app/static_app.py"), "--logging=info"], *options)


def fill(folder):
    files = folder / "files"
    (files / "sub" / "empty").mkdir(parents=True)
    (folder / "files-evil").mkdir()
    for name, content in {
            "hello.txt": HELLO, "empty.txt": b"", "a b.txt": b"blank", "ä.txt": b"umlaut", "%41.txt": b"percent",
            "robots.txt": b"User-agent: *", "favicon.ico": b"icon", "sub/index.html": b"<p>index", "sub/x.js": b"x()",
            "x.css": b"p {}", "x.tar.gz": b"gz", "x.tgz": b"gz", "x.bz2": b"bz", "x": b"?", "x.svg": b"<svg/>",
            "X.HTML": b"<p>", ".html": b"hidden", "x.woff2": b"font", "x.json": b"{}", "x.unknown": b"?",
            "x.mp4": b"m", "x.pdf": b"p", "x.png": b"p", "x.wasm": b"w", "x.jpeg": b"j", "x.xml": b"<x/>",
            "long.txt": b"line\n" * 1000, "../secret": SECRET, "../files-evil/x": SECRET}.items():
        path = files / name
        path.write_bytes(content)
        os.utime(path, (1_000_000_000, 1_000_000_000))
    os.mkfifo(files / "fifo")
    (files / "inside").symlink_to("hello.txt")
    (files / "outside").symlink_to("../secret")
    return files


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    return fill(tmp_path_factory.mktemp("static"))


@contextlib.contextmanager
def running(start, folder, *options):
    server = start(f"--folder={folder}", *options)
    try:
        yield server
    finally:
        server.stop()


@pytest.fixture(scope="module")
def server(folder):
    with running(ours, folder) as one:
        yield one


@pytest.fixture(scope="module")
def twin(folder):
    with running(theirs, folder) as one:
        yield one


# ---- side by side

def request(path, *fields, method="GET"):
    return "\r\n".join([f"{method} {path} HTTP/1.1", "Host: h", *fields, "", ""]).encode("latin-1")


def static(path, *fields, method="GET"):
    return request("/static/" + path, *fields, method=method)


# ETAG stands for the entity tag of hello.txt.
SAME_TIME = "If-Modified-Since: Sun, 09 Sep 2001 01:46:40 GMT"

CASES = {
    "file": static("hello.txt"),
    "head": static("hello.txt", method="HEAD"),
    "empty": static("empty.txt"),
    "version": static("hello.txt?v=1"),
    "version_empty": static("hello.txt?v"),
    "other_argument": static("hello.txt?w=1"),
    "favicon": request("/favicon.ico"),
    "robots": request("/robots.txt"),
    "blank": static("a%20b.txt"),
    "plus": static("a+b.txt"),
    "utf8": static("%C3%A4.txt"),
    "not_utf8": static("%ff.txt"),
    "percent": static("%2541.txt"),
    "post": static("hello.txt", "Content-Length: 0", method="POST"),
    "put": static("hello.txt", "Content-Length: 0", method="PUT"),
    "delete": static("hello.txt", method="DELETE"),
    # conditions
    "none_match": static("hello.txt", "If-None-Match: ETAG"),
    "none_match_weak": static("hello.txt", "If-None-Match: W/ETAG"),
    "none_match_list": static("hello.txt", 'If-None-Match: "a", ETAG'),
    "none_match_star": static("hello.txt", "If-None-Match: *"),
    "none_match_other": static("hello.txt", 'If-None-Match: "a"'),
    "none_match_other_and_time": static("hello.txt", 'If-None-Match: "a"', SAME_TIME),
    "none_match_and_old_time": static("hello.txt", "If-None-Match: ETAG",
                                      "If-Modified-Since: Sat, 08 Sep 2001 01:46:40 GMT"),
    "none_match_and_range": static("hello.txt", "If-None-Match: ETAG", "Range: bytes=0-1"),
    "none_match_head": static("hello.txt", "If-None-Match: ETAG", method="HEAD"),
    "time_same": static("hello.txt", SAME_TIME),
    "time_later": static("hello.txt", "If-Modified-Since: Mon, 10 Sep 2001 01:46:40 GMT"),
    "time_earlier": static("hello.txt", "If-Modified-Since: Sat, 08 Sep 2001 01:46:40 GMT"),
    "time_nonsense": static("hello.txt", "If-Modified-Since: yesterday"),
    "time_and_range": static("hello.txt", SAME_TIME, "Range: bytes=0-1"),
    # parts
    "range": static("hello.txt", "Range: bytes=0-4"),
    "range_one": static("hello.txt", "Range: bytes=3-3"),
    "range_suffix": static("hello.txt", "Range: bytes=-3"),
    "range_open": static("hello.txt", "Range: bytes=5-"),
    "range_all": static("hello.txt", "Range: bytes=0-"),
    "range_all_counted": static("hello.txt", "Range: bytes=0-12"),
    "range_more": static("hello.txt", "Range: bytes=0-100"),
    "range_suffix_more": static("hello.txt", "Range: bytes=-100"),
    "range_beyond": static("hello.txt", "Range: bytes=50-60"),
    "range_at_end": static("hello.txt", "Range: bytes=13-"),
    "range_backwards": static("hello.txt", "Range: bytes=5-2"),
    "range_suffix_none": static("hello.txt", "Range: bytes=-0"),
    "range_several": static("hello.txt", "Range: bytes=0-1,3-4"),
    "range_unit": static("hello.txt", "Range: lines=0-4"),
    "range_garbage": static("hello.txt", "Range: garbage"),
    "range_letters": static("hello.txt", "Range: bytes=a-b"),
    "range_dash": static("hello.txt", "Range: bytes=-"),
    "range_empty_file": static("empty.txt", "Range: bytes=0-"),
    "range_version": static("hello.txt?v=1", "Range: bytes=0-4"),
    "range_big_numbers": static("hello.txt", "Range: bytes=1-99999999999999999999999"),
    # paths
    "missing": static("missing"),
    "folder": static("sub"),
    "folder_slash": static("sub/"),
    "root": static(""),
    "up": static("../secret"),
    "up_encoded": static("%2e%2e/secret"),
    "up_all_encoded": static("%2e%2e%2fsecret"),
    "up_from_below": static("sub/../../secret"),
    "up_and_back": static("../files/hello.txt"),
    "sibling": static("../files-evil/x"),
    "absolute": static("/etc/passwd"),
    "absolute_encoded": static("%2fetc%2fpasswd"),
    "double_encoded": static("%252e%252e/secret"),
    "backslash": static("..%5csecret"),
    "nul": static("hello.txt%00"),
    "nul_up": static("../secret%00.txt"),
    "file_as_folder": static("hello.txt/x"),
    "file_slash": static("hello.txt/"),
    "dot": static("./hello.txt"),
    "slashes": static("sub//x.js"),
    "long_name": static("a" * 300),
    "link": static("inside"),
    "fifo": static("fifo"),
    # folders with a default_filename
    "index": request("/index/sub/"),
    "index_redirect": request("/index/sub"),
    "index_redirect_query": request("/index/sub?a=1"),
    "index_missing": request("/index/sub/empty/"),
    "index_file": request("/index/hello.txt"),
    "index_other_host": request("//evil.example/.."),
    "index_other_host_encoded": request("//evil.example/%2e%2e"),
    # types
    **{"type_" + name: static(name) for name in (
        "x.css", "x.tar.gz", "x.tgz", "x.bz2", "x", "x.svg", "X.HTML", ".html", "x.woff2", "x.json", "x.unknown",
        "x.mp4", "x.pdf", "x.png", "x.wasm", "x.jpeg", "x.xml", "sub/x.js", "sub/index.html")},
    # static_url
    "url": request("/url?path=hello.txt"),
    "url_host": request("/url?path=hello.txt&include_host=1"),
    "url_below": request("/url?path=sub/x.js"),
    "url_missing": request("/url?path=missing"),
    # where we part
    "head_range": static("hello.txt", "Range: bytes=0-4", method="HEAD"),
    "range_unit_case": static("hello.txt", "Range: BYTES=0-4"),
    "range_sign": static("hello.txt", "Range: bytes=+1-2"),
    "range_underscore": static("hello.txt", "Range: bytes=1_0-12"),
    "range_empty_file_suffix": static("empty.txt", "Range: bytes=-5"),
    "if_range_other": static("hello.txt", "Range: bytes=0-4", 'If-Range: "a"'),
    "if_range_same": static("hello.txt", "Range: bytes=0-4", "If-Range: ETAG"),
    "if_range_time": static("hello.txt", "Range: bytes=0-4", "If-Range: Sun, 09 Sep 2001 01:46:40 GMT"),
    "if_range_later": static("hello.txt", "Range: bytes=0-4", "If-Range: Mon, 10 Sep 2001 01:46:40 GMT"),
    "match": static("hello.txt", "If-Match: ETAG"),
    "match_other": static("hello.txt", 'If-Match: "a"'),
    "unmodified_since": static("hello.txt", "If-Unmodified-Since: Sat, 08 Sep 2001 01:46:40 GMT"),
    "link_outside": static("outside"),
    "url_blank": request("/url?path=a%20b.txt"),
    "url_above": request("/url?path=../secret"),
}

ALLOW = "RFC 9110 15.5.6: a 405 names the verbs that are allowed"
ALLOWED = {
    "post": ALLOW,
    "put": ALLOW,
    "delete": ALLOW,
    "version": "Expires may fall into the next second",
    "version_empty": "Expires may fall into the next second",
    "range_version": "Expires may fall into the next second",
    "head_range": "RFC 9110 14.2: Range is defined for GET only",
    "range_unit_case": "RFC 9110 14.1: range units are case-insensitive",
    "range_sign": "RFC 9110 14.1.1: positions are digits; else the field is ignored",
    "range_underscore": "RFC 9110 14.1.1: positions are digits; else the field is ignored",
    "range_empty_file_suffix": "RFC 9110 14.1.2: the last bytes of nothing are satisfiable",
    "if_range_other": "RFC 9110 13.1.5: Range is ignored for another version",
    "if_range_later": "RFC 9110 13.1.5: Range is ignored for another version",
    "match_other": "RFC 9110 13.1.1: a failed If-Match is 412",
    "unmodified_since": "RFC 9110 13.1.4: a failed If-Unmodified-Since is 412",
    "link_outside": "a link that leads out of the folder is 403, unless follow_symlinks",
    "url_blank": "a path is percent-encoded in its URL",
    "url_above": "a file outside of the folder gets no version",
}
if tornado.version_info >= (6, 4):
    ALLOWED["time_nonsense"] = "Tornado 6.2 ignores an If-Modified-Since that is no date, as we do; 6.4 answers 500"
EXPIRES = [name for name, reason in ALLOWED.items() if reason.startswith("Expires")]


def outcome(port, data):
    with connect(port, timeout=10) as client:
        try:
            response = client.ask(data, data.split(b" ", 1)[0].decode())
        except Closed:
            return "closed"
        fields = sorted(field for field in response.fields if field[0] not in ("Date", "Server"))
        return response.status, response.reason, fields, response.body


@pytest.fixture(scope="module")
def etag(server):
    with connect(server.port) as client:
        return client.get("/static/hello.txt").get("Etag")


# ST-13, WX-08, WH-35
@pytest.mark.parametrize("name", CASES)
def test_same_answer_as_Tornado(server, twin, etag, name):
    data = CASES[name].replace(b"ETAG", etag.encode())
    mine, other = outcome(server.port, data), outcome(twin.port, data)
    if name in EXPIRES:
        without = lambda answer: [field for field in answer[2] if field[0] != "Expires"]
        assert (mine[0], without(mine), mine[3]) == (other[0], without(other), other[3])
        times = [email.utils.parsedate_to_datetime(dict(answer[2])["Expires"]) for answer in (mine, other)]
        assert abs((times[0] - times[1]).total_seconds()) < 60
    elif name in ALLOWED:
        assert mine != other, f"no longer different: take it off the list ({ALLOWED[name]})"
    else:
        assert mine == other


def test_where_we_part(server, etag):
    """What is right where the answers differ."""
    def answer(name):
        status, _reason, fields, body = outcome(server.port, CASES[name].replace(b"ETAG", etag.encode()))
        return status, dict(fields).get("Content-Range"), body
    part = (206, "bytes 0-4/13", HELLO[:5])
    whole = (200, None, HELLO)
    assert answer("range_unit_case") == part
    assert answer("if_range_same") == answer("if_range_time") == part
    assert answer("if_range_other") == answer("if_range_later") == whole
    assert answer("range_sign") == answer("range_underscore") == whole
    assert answer("head_range") == (200, None, b"")
    assert answer("range_empty_file_suffix") == (200, None, b"")
    assert answer("match_other")[0] == answer("unmodified_since")[0] == 412
    assert answer("link_outside")[0] == 403
    assert re.fullmatch(rb"/static/a%20b\.txt\?v=[0-9a-f]{128}", answer("url_blank")[2])
    assert answer("url_above")[2] == b"/static/../secret"


# ---- paths

def test_nothing_outside_of_the_folder(server):
    ups = ["..", "%2e%2e", "%2E.", ".%2e", "..%00", "%252e%252e", "..%c0%af", "%c0%ae%c0%ae", "....", "..;", "..%5c"]
    slashes = ["/", "%2f", "//", "%5c", "\\", "/./", "%2f%2f", "/%2e/"]
    targets = ["secret", "files-evil/x", "etc/passwd"]
    with connect(server.port) as client:
        for up in ups:
            for slash in slashes:
                for depth in (1, 2, 9):
                    for target in targets:
                        path = (up + slash) * depth + target
                        for begin in ("/static/", "/static//", "/index/", "/static/sub/"):
                            answer = client.get(begin + path)
                            assert answer.status in (400, 403, 404, 301), (begin, path, answer)
                            assert SECRET not in answer.body and b"root:" not in answer.body, (begin, path)


def test_a_fifo_does_not_hold_up_the_server(server):
    with connect(server.port, timeout=2) as client:
        for _ in range(5):
            assert client.get("/static/fifo").status == 403
        assert client.get("/").body == b"Hello, world"


# ---- big files, slow clients

def pattern(size):
    block = b"".join(b"%07d\n" % number for number in range(1000))
    return (block * (size // len(block) + 1))[:size]


@pytest.fixture(scope="module")
def big(folder):
    content = pattern(BIG)
    (folder / "big").write_bytes(content)
    return content


def memory(server):
    status = pathlib.Path(f"/proc/{server.pid}/status").read_text()
    return 1024 * int(re.search(r"VmRSS:\s+(\d+) kB", status)[1])


def test_a_big_file_whole_and_in_parts(server, big):
    with connect(server.port) as client:
        assert client.get("/static/big").body == big
        for begin, end in ((0, 20_000_000), (1, 16_384), (16_385, 32_769), (29_999_999, 29_999_999)):
            answer = client.get("/static/big", f"Range: bytes={begin}-{end}")
            assert answer.status == 206 and answer.body == big[begin:end + 1]
        client.send(b"".join(static("big", f"Range: bytes={n}-{n + 99_999}") for n in range(0, 1_000_000, 100_000)))
        assert b"".join(client.read_response().body for _ in range(10)) == big[:1_000_000]
        assert client.get("/").body == b"Hello, world"


def test_slow_readers_cost_nobody_else_anything(server, big):
    with contextlib.ExitStack() as stack:
        warm = stack.enter_context(connect(server.port))
        assert warm.get("/static/big").body == big
        before, files = memory(server), server.open_files()
        readers = [stack.enter_context(connect(server.port, receive_buffer=4096)) for _ in range(50)]
        for reader in readers:
            reader.send(static("big") * 3)
            assert reader.sock.recv(1000).startswith(b"HTTP/1.1 200 OK\r\n")
        used = server.cpu_seconds()
        begin = time.monotonic()
        for _ in range(200):
            assert warm.get("/static/hello.txt").body == HELLO
        assert time.monotonic() - begin < 5
        assert server.cpu_seconds() - used < 5
        assert memory(server) - before < 5_000_000, "50 readers of 90 MB each"
        assert server.open_files() <= files + 2 * len(readers)
    wait_until(lambda: server.open_files() <= files, "all files are closed")


def test_a_file_that_shrinks_while_it_is_sent(server, folder):
    path = folder / "shrinking"
    path.write_bytes(b"x" * BIG)
    with connect(server.port, receive_buffer=4096) as client:
        client.send(static("shrinking"))
        assert client.read_head().get("Content-Length") == str(BIG)
        os.truncate(path, 10)
        with contextlib.suppress(ConnectionResetError):
            assert len(client.read_to_end()) < BIG
    wait_until(lambda: "A file became shorter while it was sent" in server.log(), "the server says so")


def test_a_file_that_changes_has_another_version_at_once(server, folder):
    path = folder / "changing"
    tags = set()
    with connect(server.port) as client:
        for number in range(20):
            path.write_bytes(b"%05d" % number)
            answer = client.get("/static/changing")
            assert answer.body == b"%05d" % number
            tags.add(answer.get("Etag"))
    assert len(tags) == 20


def test_compressed_text_is_sent_through_the_transform(folder):
    with running(ours, folder, "--compress=true") as one, connect(one.port) as client:
        plain = client.get("/static/long.txt")
        assert plain.body == b"line\n" * 1000 and plain.get("Vary") == "Accept-Encoding"
        packed = client.get("/static/long.txt", "Accept-Encoding: gzip")
        assert packed.get("Content-Encoding") == "gzip" and len(packed.body) < 1000
        part = client.get("/static/long.txt", "Accept-Encoding: gzip", "Range: bytes=0-9")
        assert part.status == 206 and part.body == b"line\nline\n"
