"""Cookies, signed cookies and tokens against forged requests, ours and Python's Tornado's side by side: what one has
made the other reads, and both answer alike. Sections 2.5 and 3.9 to 3.11 of the behaviour list."""

import html
import itertools
import re
from urllib.parse import quote

import pytest
import tornado.web
from raw import connect
from wire_server import WireServer, our_command, twin_command

WAIT = 2.0  # seconds, for an answer that may never come
OURS, THEIRS = "ours", "theirs"
BOTH_WAYS = [(OURS, THEIRS), (THEIRS, OURS), (OURS, OURS), (THEIRS, THEIRS)]


def start_both(*options):
    return {OURS: WireServer(our_command(), *options), THEIRS: WireServer(twin_command(), *options)}


def stop(servers):
    for server in servers.values():
        server.stop()


@pytest.fixture(scope="module")
def plain():
    servers = start_both()
    yield servers
    stop(servers)


@pytest.fixture(scope="module")
def keyed():
    """The same secret, as version 3 of a secret with versions."""
    servers = start_both("--key_version=3")
    yield servers
    stop(servers)


@pytest.fixture(scope="module")
def guarded():
    servers = start_both("--xsrf_cookies=true")
    yield servers
    stop(servers)


@pytest.fixture(scope="module")
def guarded_v1():
    servers = start_both("--xsrf_cookies=true", "--xsrf_cookie_version=1")
    yield servers
    stop(servers)


def ask(server, path, *fields, method="GET", body=b"", timeout=10.0):
    lines = [f"{method} {path} HTTP/1.1", "Host: h", *fields]
    if body:
        lines += ["Content-Type: application/x-www-form-urlencoded", f"Content-Length: {len(body)}"]
    with connect(server.port, timeout=timeout) as client:
        client.send("\r\n".join([*lines, "", ""]).encode("latin-1") + body)
        return client.read_response(method)


def cookie_of(response):
    """What a browser sends back."""
    return "Cookie: " + "; ".join(line.split(";")[0] for line in response.get_all("Set-Cookie"))


# ---- plain cookies

COOKIES = {
    "plain": "value=b",
    "empty": "value=",
    "quoted": "value=" + quote("a=b,c;d\"e\\f(g)/<h>?@[i]{j}"),
    "unquoted_alphabet": "value=" + quote("azAZ09!#$%&'*+-.^_`|~:"),
    "every_attribute": "value=b&domain=x.com&path=/p&samesite=Lax&expires=1795301745&max_age=10&httponly=1&secure=1",
    "max_age_0": "value=b&max_age=0",
    "no_path": "value=b&path=",
    "set_twice": "value=1&value=2",
    "with_an_error_page": "value=1&error=1",
    "blank_in_value": "value=a%20b",
    "control_in_value": "value=a%0d%0aX:%20y",
    "blank_in_name": "value=b&name=a%20b",
    "semicolon_in_name": "value=b&name=a;b",
    "empty_name": "value=b&name=",
    "reserved_name": "value=b&name=Path",
    "UTF_8_name": "value=b&name=%C3%A4",
    "control_in_path": "value=b&path=/%0d%0aX:%20y",
    "semicolon_in_path": "value=b&path=/;Secure",
    "semicolon_in_domain": "value=b&domain=x.com;Secure",
    "blank_in_samesite": "value=b&samesite=Lax%20x",
    "UTF_8_value": "value=%C3%A4",
}
TORNADO_6_5 = "Tornado 6.2 is laxer; we follow 6.5: "
# Where WH-29 parts from Tornado.
ALLOWED = {
    "control_in_path": "Tornado 6.2 finds it when it sends the headers, and then never answers",
    "semicolon_in_path": TORNADO_6_5 + "no attribute holds a semicolon (CVE-2026-35536)",
    "semicolon_in_domain": TORNADO_6_5 + "no attribute holds a semicolon (CVE-2026-35536)",
    "blank_in_samesite": TORNADO_6_5 + "no attribute holds a blank (CVE-2026-35536)",
    "UTF_8_value": "values are bytes and escaped as UTF-8; Python escapes U+0080 to U+00FF as Latin-1",
}
if tornado.version_info >= (6, 4):
    ALLOWED["max_age_0"] = "Tornado 6.2 sends Max-Age=0, as we do; 6.4 drops it"


def what_is_set(server, query, timeout):
    try:
        answer = ask(server, "/cookies/set?" + query, timeout=timeout)
    except TimeoutError:
        return "waits"
    return [answer.status, *answer.get_all("Set-Cookie")]


@pytest.mark.parametrize("name", COOKIES)
def test_3_9_the_same_Set_Cookie(plain, name):
    ours, theirs = (what_is_set(plain[who], COOKIES[name], WAIT if name in ALLOWED else 10.0) for who in (OURS, THEIRS))
    if name in ALLOWED:
        assert ours != theirs, f"no longer different: take it off the list ({ALLOWED[name]})"
    else:
        assert ours == theirs


def test_3_9_the_list_of_differences_names_cases():
    assert ALLOWED.keys() <= COOKIES.keys()


@pytest.mark.parametrize("path", ["/cookies/clear?name=a", "/cookies/clear?name=a&path=/p", "/cookies/clear"])
def test_3_9_cleared_alike(plain, path):
    def without_time(line):
        return re.sub(r"\d\d:\d\d:\d\d", "", line)

    ours, theirs = (ask(plain[who], path, "Cookie: a=1; b=2; path=x") for who in (OURS, THEIRS))
    cleared = [without_time(line) for line in ours.get_all("Set-Cookie")]
    assert cleared and cleared == [without_time(line) for line in theirs.get_all("Set-Cookie")]


@pytest.mark.parametrize("line", [
    'a=1; b="x\\"y"; c; =d; e=f=g; $V=1; bad key=z; a=2', "", ";", "a", "=", 'a="', 'a="\\073\\054\\\\"', "Path=/; Secure=1; a=2", "a = b",
    'a="\\999"', "a=1;;b=2", "a=1,b=2", "a:b=c", 'a="b"c"', "a=%41",
])
def test_2_5_cookies_are_read_alike(plain, line):
    ours, theirs = (ask(plain[who], "/cookies", "Cookie: " + line) for who in (OURS, THEIRS))
    assert (ours.status, ours.body) == (theirs.status, theirs.body)


@pytest.mark.parametrize("maker, reader", BOTH_WAYS)
def test_3_9_what_one_sets_the_other_reads(plain, maker, reader):
    for value in ("b", "a=b", 'q"\\', "a,b;c", "{}[]"):
        made = ask(plain[maker], "/cookies/set?value=" + quote(value))
        read = ask(plain[reader], "/cookies", cookie_of(made))
        assert read.body == ask(plain[maker], "/cookies", cookie_of(made)).body
        assert b'"last": "1"' in read.body


# ---- signed cookies

VALUES = ["hello", "", "a", "ab", "J\u00fcrgen \u20ac", "x" * 3000, 'q"\\;,= \r\n', "2|1:0|"]


@pytest.mark.parametrize("version", [1, 2])
@pytest.mark.parametrize("maker, reader", BOTH_WAYS)
def test_3_10_what_one_signs_the_other_reads(plain, maker, reader, version):
    for value in VALUES:
        made = ask(plain[maker], f"/signed/set?version={version}&value=" + quote(value))
        read = ask(plain[reader], "/signed", cookie_of(made))
        assert (read.status, read.body) == (200, b"[" + value.encode() + b"]")


@pytest.mark.parametrize("maker, reader", BOTH_WAYS)
def test_3_10_keys_with_versions(plain, keyed, maker, reader):
    made = ask(keyed[maker], "/signed/set?value=hello")
    assert "|1:3|" in made.get("Set-Cookie")
    assert ask(keyed[reader], "/signed", cookie_of(made)).body == b"[hello]"
    # One key is good whatever version is named; a version that is not there is not.
    assert ask(plain[reader], "/signed", cookie_of(made)).body == b"[hello]"
    version_0 = ask(plain[maker], "/signed/set?value=hello")
    assert ask(keyed[reader], "/signed", cookie_of(version_0)).body == b"None"


def test_3_10_made_and_read_by_the_functions_of_the_module(plain, keyed):
    for version in (1, 2):
        value = tornado.web.create_signed_value("secret", "user", "by hand", version=version).decode()
        assert ask(plain[OURS], "/signed", f'Cookie: user="{value}"').body == b"[by hand]"
        cookie = ask(plain[OURS], f"/signed/set?version={version}&value=ours").get("Set-Cookie")
        value = cookie.split(";")[0].removeprefix("user=").strip('"')
        assert tornado.web.decode_signed_value("secret", "user", value) == b"ours"
    value = tornado.web.create_signed_value({3: "secret"}, "user", "v3", key_version=3).decode()
    assert ask(keyed[OURS], "/signed", f"Cookie: user={value}").body == b"[v3]"


def mutations(value):
    for i in range(len(value)):
        yield value[:i] + value[i + 1:]
        yield value[:i]
        for other in "|:0=x":
            if other != value[i]:
                yield value[:i] + other + value[i + 1:]
                yield value[:i] + other + value[i:]


def is_taken(client, value):
    client.send(f"GET /signed HTTP/1.1\r\nHost: h\r\nCookie: user={value}\r\n\r\n".encode())
    response = client.read_response()
    assert response.status == 200
    return response.body != b"None"


@pytest.mark.parametrize("version", [1, 2])
def test_3_10_every_mutation_of_Tornados_cookie_is_refused(plain, version):
    value = tornado.web.create_signed_value("secret", "user", "hello", version=version).decode()
    with connect(plain[OURS].port) as client:
        assert is_taken(client, value)
        assert [mutation for mutation in mutations(value) if is_taken(client, mutation)] == []


def test_3_10_what_neither_takes(plain):
    stale = tornado.web.create_signed_value("secret", "user", "x", clock=lambda: 1300000000).decode()
    other_name = tornado.web.create_signed_value("secret", "name", "x").decode()
    other_key = tornado.web.create_signed_value("other", "user", "x").decode()
    for value in (stale, other_name, other_key, "", "2|", "x", "3|1:0|1:1|4:user|0:|x"):
        for who in (OURS, THEIRS):
            assert ask(plain[who], "/signed", f"Cookie: user={value}").body == b"None", (who, value)


# ---- tokens against forged requests


def token_of(page):
    found = re.fullmatch(r'<input type="hidden" name="_xsrf" value="([^"]*)"/>', page.body.decode())
    return html.unescape(found.group(1))


@pytest.fixture(scope="module")
def all_guarded(guarded, guarded_v1):
    return [(who, version, servers[who]) for version, servers in ((2, guarded), (1, guarded_v1)) for who in (OURS, THEIRS)]


def test_3_11_any_servers_token_of_a_cookie_is_taken_by_any_other(all_guarded):
    """The cookie of one, a form of a second, sent to a third: all of one family of servers."""
    for (_, _, first), (_, _, second), (_, _, third) in itertools.product(all_guarded, repeat=3):
        cookie = cookie_of(ask(first, "/xsrf"))
        form = ask(second, "/xsrf", cookie)
        assert form.get("Set-Cookie") is None
        answer = ask(third, "/xsrf", cookie, "X-Xsrftoken: " + token_of(form), method="POST")
        assert (answer.status, answer.body) == (200, b"accepted")


@pytest.mark.parametrize("who", [OURS, THEIRS])
def test_3_11_the_text_of_the_token(guarded, guarded_v1, who):
    page = ask(guarded[who], "/xsrf")
    assert re.fullmatch(r"2\|[0-9a-f]{8}\|[0-9a-f]{32}\|[0-9]{10}", token_of(page))
    assert page.get("Set-Cookie") == f"_xsrf={token_of(page)}; Path=/"
    assert re.fullmatch(r"[0-9a-f]{32}", token_of(ask(guarded_v1[who], "/xsrf")))


HEX = "30313233343536373839616263646566"
MASKED = "2|01020304|3133313735373533393b626662666662|1300000000"
FORGED = {
    "nothing": (None, None, 403),
    "no_token": (HEX, None, 403),
    "no_cookie": (None, HEX, 403),
    "same": (HEX, HEX, 200),
    "v1_and_v2": (HEX, MASKED, 200),
    "v2_and_v1": (MASKED, HEX, 200),
    "plain": ("text", "text", 200),
    "other": (HEX, "00" + HEX[2:], 403),
    "other_mask": (HEX, MASKED.replace("01020304", "01020305"), 403),
    "other_time": (MASKED, MASKED[:-1] + "9", 200),
    "upper_case": (HEX, MASKED.upper(), 200),
    "unknown_version": (HEX, "3|x", 403),
    "too_few_parts": (HEX, "2|01020304|3133", 403),
    "too_many_parts": (HEX, MASKED + "|", 403),
    "no_number": (HEX, MASKED[:-3] + "x", 403),
    "no_bytes": (HEX, "2|01020304||1300000000", 403),
    "broken_cookie": ("3|x", HEX, 403),
    "broken_both": ("3|x", "3|x", 403),
    "empty_both": ("", "", 403),
}


@pytest.mark.parametrize("name", FORGED)
def test_3_11_taken_and_refused_alike(guarded, name):
    cookie, token, status = FORGED[name]
    fields = [] if cookie is None else [f"Cookie: _xsrf={cookie}"]
    body = b"" if token is None else b"_xsrf=" + quote(token).encode()
    for who in (OURS, THEIRS):
        assert ask(guarded[who], "/xsrf", *fields, method="POST", body=body).status == status, who
        for field in ("X-XSRFToken", "X-CSRFToken"):
            extra = [] if token is None else [f"{field}: {token}"]
            assert ask(guarded[who], "/xsrf", *fields, *extra, method="POST").status == status, (who, field)


@pytest.mark.parametrize("method", ["GET", "HEAD", "OPTIONS", "POST", "PUT", "PATCH", "DELETE"])
def test_3_11_the_methods_that_need_a_token(guarded, method):
    expected = 200 if method in ("GET", "HEAD", "OPTIONS") else 403
    for who in (OURS, THEIRS):
        assert ask(guarded[who], "/xsrf", method=method).status == expected, who
        assert ask(guarded[who], "/xsrf", f"Cookie: _xsrf={HEX}", f"X-Xsrftoken: {HEX}", method=method).status == 200
    assert ask(guarded[OURS], "/nothing", method=method).status == 404


# ---- who is logged in


@pytest.mark.parametrize("path", [
    "/private", "/private?a=1&b=%20", "/private?login=/in", "/private?login=/in?x=y", "/private?login=https://h.example/in",
    "/private?login=//h.example/in", "/private?login=/a:b",
])
@pytest.mark.parametrize("method", ["GET", "HEAD", "POST"])
def test_3_7_authenticated_answers_alike(plain, path, method):
    ours, theirs = (ask(plain[who], path, method=method) for who in (OURS, THEIRS))
    assert (ours.status, ours.get("Location"), ours.body) == (theirs.status, theirs.get("Location"), theirs.body)
    assert ours.status == (403 if method == "POST" else 302)


@pytest.mark.parametrize("maker, reader", BOTH_WAYS)
def test_3_7_a_user_logged_in_at_one_is_known_to_the_other(plain, maker, reader):
    cookie = cookie_of(ask(plain[maker], "/signed/set?value=Ann"))
    for method in ("GET", "POST"):
        answer = ask(plain[reader], "/private", cookie, method=method)
        assert (answer.status, answer.body) == (200, b"Ann")
