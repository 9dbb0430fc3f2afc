"""Writes the results of Python to vectors.jsonl, for the tests beside it to compare with.

Run with a Python that has tornado: python3 make_vectors.py > vectors.jsonl

A line is {"f": function, "in": input, "out": output} and further arguments. Text that is not UTF-8 is given as
{"hex": "..."}. HTML escaping is taken from Python's html module, which Tornado itself uses since 6.4.
"""
import datetime
import html
import html.entities
import json
import logging.handlers
import os
import random
import struct
import time

from tornado import escape, options

random.seed(20261120)


def plain(value):
    if isinstance(value, bytes):
        try:
            return value.decode()
        except UnicodeDecodeError:
            return {"hex": value.hex()}
    if isinstance(value, (list, tuple)):
        return [plain(item) for item in value]
    return value


def emit(function, value, out, **more):
    line = {"f": function, "in": plain(value), "out": plain(out), **more}
    print(json.dumps(line, separators=(",", ":")))


def noise(alphabet, count, longest):
    for _ in range(count):
        yield "".join(random.choice(alphabet) for _ in range(random.randrange(longest)))


TEXTS = [
    "",
    "<>&\"'",
    "a<b & c>d",
    "&amp;",
    "plain",
    "\u00e9\u20ac\U0001f600",
    "\x00\x01\x7f",
    "a b+c/d?e=f&g",
    "~_.-",
    "100%",
    "  \t\r\n x \x0b\x0c y ",
    "\u00a0 nbsp \u3000",
    "\x1c\x1dx\x85",
]

for text in TEXTS + list(noise("ab&<>\"'\u00e9;", 60, 12)):
    emit("xhtml_escape", text, html.escape(text))

ENTITIES = [
    "&lt;", "&lt", "&LT;", "&ltx", "&notit;", "&notin;", "&not;", "&amp;lt;", "&;", "&", "&&amp;", "&#", "&#;",
    "&#x", "&#x;", "&#60;", "&#60", "&#x3c;", "&#X3C", "&#x3cg", "&#0;", "&#13;", "&#x80;", "&#x81;", "&#x9f;",
    "&#xd800;", "&#xdfff;", "&#x10ffff;", "&#x110000;", "&#99999999999999999999;", "&#1;", "&#11;", "&#x7f;",
    "&#xfdd0;", "&#xfffe;", "&#x1ffff;", "&#160;", "&#128512;", "&eacute;", "&hellip;x", "&nosuch;", "&CounterClockwiseContourIntegral;",
    "&CounterClockwiseContourIntegralX;", "&amp\u00e9;", "&\u00e9amp;", "&am p;", "&amp#60;", "&nGt;", "&#60;&#62",
    "&acE;", "&fjlig;",
]
for text in ENTITIES + ["x&%s" % name for name in html.entities.html5]:
    emit("xhtml_unescape", text, html.unescape(text))
for text in noise(["&", "#", ";", "x", "l", "t", "g", "not", "in", "amp", "6", "0", " ", "<", "\u00e9"], 300, 9):
    emit("xhtml_unescape", text, html.unescape(text))

ALL_BYTES = bytes(range(256))
for plus in (True, False):
    for value in [ALL_BYTES] + [t.encode() for t in TEXTS]:
        emit("url_escape", value, escape.url_escape(value, plus=plus), plus=plus)
    escaped = ["%", "%4", "%41", "%zz", "%%41", "%4%41", "+%2B+", "a%00b", "%ff%fe", "%e2%82%ac", "%C3%A9", "%g1%1g", "/%2F/"]
    for text in escaped + list(noise("%41abfG+ /", 150, 10)):
        emit("url_unescape", text, escape.url_unescape(text, encoding=None, plus=plus), plus=plus)

QUERIES = [
    "", "a", "a=", "=", "=b", "&", "&&a&&", "a=1&a=2&b=3&a=4", "a=1;b=2", "a=b=c", "a%3Db=c%26d", "a+b=c+d", "a=%", "a=%zz%41",
    "%61=1", "a=%ff", "a[]=1&a[]=2", "a&b&a", "a=+%2B", "caf%C3%A9=x",
]
for query in QUERIES + list(noise("ab&&==+%41;", 200, 12)):
    pairs = [
        (k.encode("latin1"), v.encode("latin1"))
        for k, v in __import__("urllib.parse").parse.parse_qsl(query, True, False, encoding="latin1", errors="strict")
    ]
    # parse_qs_bytes itself gives a dictionary; here we keep the order of all pairs, and check that they agree.
    grouped = {}
    for k, v in pairs:
        grouped.setdefault(k.decode("latin1"), []).append(v)
    assert grouped == escape.parse_qs_bytes(query, keep_blank_values=True)
    emit("parse_qs_bytes", query, pairs)

for text in TEXTS + list(noise("a \t\n\x00\x1fb\u00a0\u2003", 100, 10)):
    emit("squeeze", text, escape.squeeze(text))

UTF8 = [
    b"", b"abc", b"a" * 23, b"\xc3\xa9", b"\xc3", b"\xc0\x80", b"\xc1\xbf", b"\xe0\x80\x80", b"\xe0\xa0\x80", b"\xed\x9f\xbf",
    b"\xed\xa0\x80", b"\xee\x80\x80", b"\xf0\x8f\xbf\xbf", b"\xf0\x90\x80\x80", b"\xf4\x8f\xbf\xbf", b"\xf4\x90\x80\x80", b"\xf5\x80\x80\x80", b"\x80",
    b"\xff", b"\xe2\x82", b"\xe2\x82\xac", b"a" * 9 + b"\xe2\x82", b"12345678\xc3\xa9" * 3, b"\xf0\x9f\x98\x80",
    b"\xf0\x9f\x98", b"\xef\xbf\xbf", b"\xe2\x28\xa1", b"\xf0\x90\x28\xbc",
]
UTF8 += [bytes(random.choice(b"aaaa\x80\xbf\xc3\xa9\xe2\x82\xac\xed\xa0\xf0\x9f\xf4\x90") for _ in range(random.randrange(1, 6))) for _ in range(600)]
for value in UTF8:
    try:
        value.decode()
        emit("is_valid_utf8", value, True)
    except UnicodeDecodeError:
        emit("is_valid_utf8", value, False)

LINKS = [
    "hello http://world.com/!", "hello http://world.com/with?param=true&stuff=yes", "http://url.com/w(aaaaaaaaaaaaaaaaaaaaaaaaa",
    "http://url.com/withmany.......................................", "http://url.com/withmany((((((((((((((((((((a)",
    "http://foo.com/blah_blah", "http://foo.com/blah_blah/", "(Something like http://foo.com/blah_blah)",
    "http://foo.com/blah_blah_(wikipedia)", "http://foo.com/blah_(blah)_(wikipedia)_blah", "http://foo.com/blah_blah.",
    "http://foo.com/blah_blah/.", "<http://foo.com/blah_blah>", "<http://foo.com/blah_blah/>", "http://foo.com/blah_blah,",
    "http://www.example.com/wpstyle/?p=364.", "rdar://1234", "rdar:/1234", "http://userid:password@example.com:8080",
    "http://userid@example.com", "message://%3c330e7f8409726r6a4ba78dkf1fd71420c1bf6ff@mail.gmail.com%3e", "http://\u27a1.ws/\u4a39",
    "<tag>http://example.com</tag>", "Just a www.example.com link.", "This should be www.a.com, www-b.com, awww.c.com and a-www.d.com.",
    "http://reallylong.com/" + "x" * 60 + "?a=b&c=d", "www.external-link.com", "http://" + "h" * 60 + "/path", "ftp://ftp.example.com/x",
    "http://api.my.com/blah?x=<script>", "http://a.b/c?d=1&e=2&f='g'", 'say "http://x.org/y"', "http:///", "http:////x", "://x", "http://", "http:/x",
    "javascript:alert(1)//http://x.y", "a http://b.c\u3000d", "http://b.c\u00a0d", "www.", "www.(a)", "http://(a)(b)c", "http://(a", "http://a(b&c)",
    "http://host.example.com/abcdefghijkl.mnop?qrst=uvwxyz01234567890", "http://host.example.com?aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa&bbbbb",
    "http://aaaaaaaaaaaaaaaaaaa.com&bbbb&cccccccccccccccccccccccc", "http://\u00e9\u00e9\u00e9\u00e9\u00e9\u00e9\u00e9\u00e9\u00e9\u00e9\u00e9\u00e9\u00e9\u00e9\u00e9\u00e9\u00e9\u00e9\u00e9\u00e9\u00e9\u00e9\u00e9\u00e9/x/y/z",
    "http://aaaa.example.org/\u00e9\u00e9\u00e9\u00e9\u00e9\u00e9\u00e9\u00e9\u00e9\u00e9\u00e9\u00e9/more", "-http://x.y", "_www.x.y", "x:www.y.z", "http:http://x.y",
]
# No letters outside ASCII next to a protocol, where linkify differs from Tornado on purpose.
PIECES = ["http://", "https:/", "www.", "a", "b.c", "/", "(", ")", " ", ".", "&", '"', "'", "<", "-", ":", "?", "=", "ftp://", "\u2192"]
for text in LINKS + list(noise(PIECES, 500, 14)) + list(noise(PIECES[:7] + ["x" * 9], 300, 14)):
    for arguments in ({}, {"shorten": True, "extra_params": ' rel="nofollow" '}, {"require_protocol": True, "permitted_protocols": ["ftp", "message", "http"]}):
        # An installed Tornado before 6.4 writes &#39;.
        out = escape.linkify(text, **arguments).replace("&#39;", "&#x27;")
        emit("linkify", text, out, **arguments)

VALUES = [
    None, True, False, 0, -1, 2**63 - 1, -(2**63), 2**64 - 1, 1.0, -0.0, 0.1, 1e16, 1e15, 123456789012345.0, 9999999999999998.0, 1e-4, 1e-5,
    1.5e300, 5e-324, 1.7976931348623157e308, 3.141592653589793, 100.0, 2.5e-7, 1e22, "", "a", '"\\/\b\f\n\r\t', "\x00\x1f\x7f\x80\u00ff", "\u20ac\U0001f600\uffff",
    "</script>", "<//", "</</", "a</b", [], {}, [[]], [{}], {"a": []}, [1, "two", None, True, {"b": 2.5, "a": 1}], {"</x>": "<", "/": "</"}, ["<", "/"],
]
for value in VALUES:
    emit("json_encode", json.dumps(value, ensure_ascii=False), escape.json_encode(value))
for _ in range(500):
    number = struct.unpack("d", struct.pack("Q", random.getrandbits(64)))[0]
    if number == number and abs(number) != float("inf"):
        emit("json_encode", repr(number), escape.json_encode(number))
for number in range(-25, 25):
    for digits in ("1", "1.5", "123.25", "9.999999"):
        value = float("%se%d" % (digits, number))
        emit("json_encode", repr(value), escape.json_encode(value))


def option(kind, text, multiple=False):
    parser = options.OptionParser()
    parser.define("x", type=kind, multiple=multiple)
    try:
        parser.parse_command_line(["program", "--x=" + text])
    except Exception:
        return None
    value = parser.x
    if isinstance(value, datetime.datetime):
        return [value.year, value.month, value.day, value.hour, value.minute, value.second]
    if isinstance(value, datetime.timedelta):
        return value // datetime.timedelta(microseconds=1)
    return value


DATES = [
    "2013-04-28 05:16:00", "2013-04-28 05:16", "2013-04-28T05:16", "20130428 05:16:00", "20130428 05:16", "2013-04-28", "20130428",
    "05:16:00", "05:16", "Sun Apr 28 05:16:00 2013", "sUN aPR 28 5:6:7 2013", "Mon Apr  28 05:16:00 2013", "2013-02-29", "2012-02-29", "1900-02-29",
    "2000-02-29", "2013-13-01", "2013-1-1", "201311", "2013111", "20131", "2013-04-31", "24:00", "23:60", "23:59:59", "23:59:60", "1:2", "", " 05:16",
    "05:16 ", "2013-04-28t05:16", "2013-04-28  05:16", "0000-01-01", "13-04-28", "2013/04/28", "now", "2013-04-28 05:16:00.5", "9999-12-31", "2013-04-28\t5:6",
]
for text in DATES + list(noise("0112359-: T", 300, 14)):
    emit("option_datetime", text, option(datetime.datetime, text))

SPANS = [
    "", "1", "1h", "1h 30m", "1h30m", "1.5h", "1.5 hours", "90", "90s", "1sec", "2min", "10 minutes", "3ms", "5us", "1d", "1w 2d 3h 4m 5s 6ms 7us", "-1h", "+2s",
    "+-2s", "-+2s", "1e3s", "1e3", "1E-3s", "1e", ".5s", "5.s", ".", ".s", "s", "1 x", "1H", "1 hour", "h", "1 2", "1.5.5", "inf", "nan", "0x10", "  3  s  ", "3s,", "1_0s", "1weeks",
    "2 milliseconds 3 microseconds", "0.1s", "0.0000001s", "1day", "1 days",
]
for text in SPANS + list(noise(["1", "2.5", ".", "h", "m", "s", " ", "ms", "e", "-", "min"], 300, 8)):
    emit("option_timedelta", text, option(datetime.timedelta, text))

for text in ["true", "false", "False", "FALSE", "0", "f", "F", "no", "off", "1", "", " false", "t", "00"]:
    emit("option_bool", text, option(bool, text))

for text in ["", "1", " 7 ", "+5", "-5", "+-5", "--5", "1:3,7", "1:3", "5:", ":5", "3:1", "-2:1", "1,,2", "1,", "a", "1.0", "1:2:3", "0x1", " 1 : 3 ", "1e3", "00012"]:
    emit("option_int_list", text, option(int, text, multiple=True))
    emit("option_int", text, option(int, text))

for text in ["", "1", " 2.5 ", "+1.5", "-.5", "5.", "1e3", "1e", "abc", "0x10", "1,5", "+-1", "++1"]:
    emit("option_float", text, option(float, text))

# Log files that rotate by time, where clocks change on 29 March and 25 October 2026.
os.environ["TZ"] = "Europe/Berlin"
time.tzset()
MOMENTS = [1795215307, 1774720800, 1774749600, 1792879200, 1792886400, 1792800000] + [random.randrange(1600000000, 1900000000) for _ in range(5)]
for when, interval in [("s", 5), ("m", 1), ("h", 3), ("d", 2), ("midnight", 1)] + [("w%d" % day, 1) for day in range(7)]:
    handler = logging.handlers.TimedRotatingFileHandler("unused.log", when=when, interval=interval, delay=True)
    for moment in MOMENTS:
        emit("next_rollover", moment, handler.computeRollover(moment), when=when, interval=interval)
