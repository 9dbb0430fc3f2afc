"""Writes what Python answers to locale_vectors.jsonl, which locale_test.cc compares with.

Run with a Python that has tornado, where gettext is installed: python3 make_locale_vectors.py > locale_vectors.jsonl

A line is {"f": function, ..., "out": output}, or {"f": "file", "path": ..., "hex": ...}: a translation file, made here
or by msgfmt, for the test to write out again. `from` names what was loaded: nothing, the folder csv, or the folder mo.
"""
import datetime
import gettext
import itertools
import json
import pathlib
import random
import subprocess
import tempfile
import types

from tornado import httputil, locale, web

random.seed(20261121)
NOW = datetime.datetime(2026, 11, 21, 9, 30, 15, 250000)


def emit(function, out, **more):
    print(json.dumps({"f": function, **more, "out": out}, separators=(",", ":")))


class Frozen(datetime.datetime):
    @classmethod
    def utcnow(cls):
        return NOW


locale.datetime = types.SimpleNamespace(datetime=Frozen, timedelta=datetime.timedelta)

SPANISH = """Sign out,Salir
"%(name)s liked this","A %(name)s les gust\u00f3 esto","plural"
"%(name)s liked this","A %(name)s le gust\u00f3 esto","singular"
1 second ago,hace 1 segundo,singular
%(seconds)d seconds ago,hace %(seconds)d segundos,plural
1 minute ago,hace 1 minuto,singular
%(minutes)d minutes ago,hace %(minutes)d minutos,plural
1 hour ago,hace 1 hora,singular
%(hours)d hours ago,hace %(hours)d horas,plural
yesterday,ayer
yesterday at %(time)s,ayer a las %(time)s
%(weekday)s at %(time)s,el %(weekday)s a las %(time)s
%(month_name)s %(day)s,%(day)s de %(month_name)s
"%(month_name)s %(day)s, %(year)s","%(day)s de %(month_name)s de %(year)s",unknown
"%(month_name)s %(day)s, %(year)s at %(time)s","%(day)s de %(month_name)s de %(year)s a las %(time)s",
"%(weekday)s, %(month_name)s %(day)s","%(weekday)s, %(day)s de %(month_name)s"
%(commas)s and %(last)s,%(commas)s y %(last)s
January,enero
November,noviembre
Monday,lunes
Saturday,s\u00e1bado
"""
ODD = """ stripped \u00a0,\u3000 a blank \t, plural\u0020
"two
lines","zwei
Zeilen"
"a ""quoted"" word","ein ""zitiertes"" Wort"
one cell

a,b,c
x,y,plural,more,cells
half "open,not "closed
"closed" and more,z
,empty key
last,"unclosed, and
on it goes
"""
# Tornado reads all files of a folder in the encoding of the first one, so UTF-16 files have their own folder.
CSV = {
    "es.csv": SPANISH.encode(),
    "es_LA.csv": SPANISH.replace("Salir", "Cerrar sesi\u00f3n").encode("utf-8-sig"),
    "de_DE.csv": ODD.encode(),
    "../utf16/fr_FR.csv": "Sign out,D\u00e9connexion\r\nJanuary,janvier\rMonday,lundi\r\n".encode("utf-16"),
    "zh_CN.csv": "Sign out,\u9000\u51fa\nyesterday at %(time)s,\u6628\u5929%(time)s\n".encode("utf-8"),
    "fa_IR.csv": "%(commas)s and %(last)s,%(commas)s \u0648 %(last)s\n".encode(),
    "empty.csv": b"",
}
HEADER = 'msgid ""\nmsgstr ""\n"Content-Type: text/plain; charset=%s\\n"\n"Plural-Forms: %s;\\n"\n\n'
RUSSIAN_RULE = "nplurals=3; plural=(n%10==1 && n%100!=11 ? 0 : n%10>=2 && n%10<=4 && (n%100<10 || n%100>=20) ? 1 : 2)"
ARABIC_RULE = "nplurals=6; plural=n==0 ? 0 : n==1 ? 1 : n==2 ? 2 : n%100>=3 && n%100<=10 ? 3 : n%100>=11 ? 4 : 5"


def po(charset, rule, messages, plurals, contexts=()):
    text = HEADER % (charset, rule)
    for original, translation in messages:
        text += 'msgid "%s"\nmsgstr "%s"\n\n' % (original, translation)
    for context, original, translation in contexts:
        text += 'msgctxt "%s"\nmsgid "%s"\nmsgstr "%s"\n\n' % (context, original, translation)
    for context, one, many, forms in plurals:
        text += 'msgctxt "%s"\n' % context if context else ""
        text += 'msgid "%s"\nmsgid_plural "%s"\n' % (one, many)
        text += "".join('msgstr[%d] "%s"\n' % pair for pair in enumerate(forms)) + "\n"
    return text.encode(charset)


def plural_forms(letter, count):
    return [
        (None, "%(n)d file", "%(n)d files", ["%s%d %%(n)d" % (letter, i) for i in range(count)]),
        (None, "1 hour ago", "%(hours)d hours ago", ["%s%d %%(hours)d" % (letter, i) for i in range(count)]),
        ("organization", "club", "clubs", ["%s-org%d" % (letter, i) for i in range(count)]),
        (None, "club", "clubs", ["%s-stick%d" % (letter, i) for i in range(count)]),
    ]


WORDS = [("Sign out", "\u0412\u044b\u0439\u0442\u0438"), ("November", "\u043d\u043e\u044f\u0431\u0440\u044f"), ("right", "\u043f\u0440\u0430\u0432\u043e")]
CONTEXTS = [("law", "right", "\u043f\u0440\u0430\u0432\u043e-\u0437\u0430\u043a\u043e\u043d"), ("good", "right", "\u0432\u0435\u0440\u043d\u043e")]
MO = {
    "ru": (po("UTF-8", RUSSIAN_RULE, WORDS, plural_forms("r", 3), CONTEXTS), []),
    "ar": (po("UTF-8", ARABIC_RULE, [("Sign out", "\u062e\u0631\u0648\u062c")], plural_forms("a", 6)), ["--endianness=big"]),
    "ja": (po("UTF-8", "nplurals=1; plural=0", [("Sign out", "\u30ed\u30b0\u30a2\u30a6\u30c8")], plural_forms("j", 1)), ["--no-hash"]),
    "fr": (po("UTF-8", "nplurals=2; plural=n>1", [("Sign out", "D\u00e9connexion"), ("Monday", "lundi")], plural_forms("f", 2)), []),
    "fr_CA": (po("UTF-8", "nplurals=2; plural=(n > 1)", [("Sign out", "Fermer la session")], []), []),
    "cs": (po("ISO-8859-2", "nplurals=3; plural=(n==1) ? 0 : (n>=2 && n<=4) ? 1 : 2", [("Sign out", "Odhl\u00e1sit se"), ("Monday", "pond\u011bl\u00ed")], plural_forms("c", 3)), []),
}


def make_files(folder):
    for name, content in CSV.items():
        path = (folder / "csv" / name).resolve()
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(content)
    for language, (source, options) in MO.items():
        path = folder / "mo" / language / "LC_MESSAGES" / "app.mo"
        path.parent.mkdir(parents=True)
        subprocess.run(["msgfmt", *options, "-o", path, "-"], input=source, check=True)
    for path in sorted(folder.rglob("*.*")):
        print(json.dumps({"f": "file", "path": str(path.relative_to(folder)), "hex": path.read_bytes().hex()}, separators=(",", ":")))


AGES = [
    -400 * 86400 - 100, -86461, -90, -61, -59.5, -1, 0, 0.25, 1, 1.9, 2, 49, 49.99, 50, 59, 60, 89, 90, 91, 149, 150, 151, 2999, 3000, 3001, 3599, 3600, 5399,
    5400, 5401, 9000, 84600, 86399, 86400, 86401, 100000, 34215, 34216, 2 * 86400 - 1, 2 * 86400, 120616, 3 * 86400, 432000, 431999, 100 * 86400, 334 * 86400,
    333.99 * 86400, 365 * 86400, 3 * 365 * 86400, 20000 * 86400, 40000 * 86400,
]
AGES += [random.randrange(0, 6 * 86400) for _ in range(20)]
STYLES = [dict(zip(("relative", "shorter", "full_format"), flags)) for flags in itertools.product((True, False), repeat=3)]


def about(name, code, reader):
    where = {"from": name, "code": code}
    whole = code in ("en_US", "es")
    for age in AGES if whole else random.sample(AGES, 20):
        # The same date as the test's: seconds since the epoch, as a double.
        date = (NOW - datetime.timedelta(seconds=age)).replace(tzinfo=datetime.timezone.utc).timestamp()
        styles = STYLES if whole else [random.choice(STYLES), STYLES[3]]
        for style in styles:
            offset = random.choice([0, 0, -60, 300, -345])
            emit("format_date", reader.format_date(date, gmt_offset=offset, **style), date=date, gmt_offset=offset, **where, **style)
        moment = datetime.datetime.utcfromtimestamp(date)
        for dow in (True, False) if age % 3 == 0 else ():
            emit("format_day", reader.format_day(moment, gmt_offset=offset, dow=dow), date=date, gmt_offset=offset, dow=dow, **where)
    for parts in ([], ["A"], ["A", "B"], ["A", "B", "C"], ["1", "2", "3", "%s"]):
        emit("list", reader.list(parts), parts=parts, **where)
    for number in (0, 7, 999, 1000, 1234567, 2**63 - 1, -12, -1234567, 100000):
        emit("friendly_number", reader.friendly_number(number), number=number, **where)
    emit("names", [reader.name, reader.rtl], **where)


MESSAGES = [
    ("Sign out", None), ("no such message", None), ("%(name)s liked this", "%(name)s liked this"), ("January", None), ("stripped", "stripped"), ("stripped", None),
    ("two\nlines", None), ('a "quoted" word', None), ("one cell", None), ("a", None), ("x", None), ("x", "x"), ('half "open', None), ("closed and more", None),
    ("last", None), ("Monday", None), ("right", None), ("club", "clubs"), ("club", None), ("%(n)d file", "%(n)d files"), ("1 hour ago", "%(hours)d hours ago"),
]
COUNTS = [0, 1, 2, 3, 4, 5, 10, 11, 12, 14, 20, 21, 22, 25, 99, 100, 101, 102, 103, 111, 112, 1000000, -1, -21]


def translations(name, code, reader):
    where = {"from": name, "code": code}
    for message, plural in MESSAGES:
        for count in (COUNTS if name == "mo" else COUNTS[:3]) if plural else [None]:
            more = dict(where, message=message, plural=plural, count=count)
            emit("translate", reader.translate(message, plural, count), **more)
            for context in ("law", "organization", "nothing") if code in ("es", "ru") or name == "mo" and count in (None, 1, 5) else ():
                emit("pgettext", reader.pgettext(context, message, plural, count), context=context, **more)


RULES = [
    "n != 1", "0", "n>1", "n%2", RUSSIAN_RULE.split("plural=")[1], ARABIC_RULE.split("plural=")[1], "n==1 || n==2", "(n+1)*2-3", "n/3", "n-10", "n*n%7",
    "n ? n<5 ? 1 : 2 : 3", "((n))", "!(n==1)", "1<n", "n<2==1", "n==2==0", "1+2*3-n%4/2", "n>=3&&n<=5||n==9",
]
BROKEN = ["", "n=1", "x", "n n", "(n", "n)", "n?1", "n?1:", "nplurals", "n&1", "1 2", "n %", "'a'", "n;n", "__import__('os')", "(" * 21 + "n" + ")" * 21, "n+" * 600 + "n", "-1", "n--1"]
LANGUAGES = [
    "", "es", "es-la", "es_LA", "es-MX,en;q=0.5", "en;q=0.3, es;q=0.8", "fr;q=0, es;q=0.1", "fr-FR", "fr", "ES", "de;q=x,zh-cn;q=0.2", "xx", "xx,yy;q=0.5", "*",
    "zh-Hant-TW,fa-ir;q=0.2", "es;q=-1", "es ; q=0.5, de-DE;q=0.6", "es;level=1;q=0.1,de-DE;q=0.9", ",,es", "es;q=nan,de-de;q=0.1", "da, en-gb;q=0.8, en;q=0.7", "es;q=1.5,de-de",
]


def browser(field):
    headers = httputil.HTTPHeaders({"Accept-Language": field} if field else {})
    request = httputil.HTTPServerRequest(method="GET", uri="/", headers=headers, connection=type("C", (), {"set_close_callback": lambda *a: None, "context": None})())
    return web.RequestHandler(web.Application(), request).get_browser_locale().code


def all_vectors(folder):
    for code in ("en_US", "en", "en_GB", "zh_CN", "fa_IR", "he_IL"):
        about("nothing", code, locale.CSVLocale(code, {}))
    locale.load_translations(str(folder / "csv"))
    for code in sorted(set(locale.get_supported_locales()) - {"en_US"}):
        about("csv", code, locale.Locale.get(code))
        translations("csv", code, locale.Locale.get(code))
    for field in LANGUAGES:
        emit("get_browser_locale", browser(field), field=field)
    for codes in ([], ["es"], ["es-la"], ["es_mx"], ["xx", "zh-CN"], ["", "de-DE"], ["a-b-c", "es"], ["EN"], ["Es"], ["de"], ["fr_fr", "es"]):
        emit("get", locale.get(*codes).code, codes=codes)
    locale.load_translations(str(folder / "utf16"))
    about("utf16", "fr_FR", locale.Locale.get("fr_FR"))
    translations("utf16", "fr_FR", locale.Locale.get("fr_FR"))
    locale.Locale._cache = {}
    locale.load_gettext_translations(str(folder / "mo"), "app")
    for code in MO:
        about("mo", code, locale.Locale.get(code))
        translations("mo", code, locale.Locale.get(code))
    for rule in RULES:
        plural = gettext.c2py(rule)
        emit("plural", [plural(n) for n in COUNTS], rule=rule, counts=COUNTS)
    for rule in BROKEN:
        try:
            gettext.c2py(rule)
            raise AssertionError(rule)
        except ValueError:
            emit("plural", None, rule=rule)


with tempfile.TemporaryDirectory() as name:
    make_files(pathlib.Path(name))
    all_vectors(pathlib.Path(name))
