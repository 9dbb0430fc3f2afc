"""Writes what python3-tornado makes of the templates below to vectors.jsonl, which template_vectors_test compares with.

Run with a Python that has tornado: python3 make_vectors.py > vectors.jsonl

A line is {"row": a row of the list of features, "files": {name: text}, "names": {...}} and either "out", the page, or
"error", the type of Python's exception; "line" and "file" if it is a ParseError. The template that is rendered is the
first file.
"""
import html
import json
import logging

from tornado import escape, template

logging.getLogger("tornado.application").setLevel(logging.CRITICAL)

STORY = {"id": 7, "title": "The <tortoise> & \"co\"", "tags": ["a", "b<c"], "price": 2.5, "none": None, "yes": True}
NAMES = {
    "name": "<you>",
    "n": 3,
    "zero": 0,
    "pi": 3.14159,
    "big": 1234567890123,
    "items": [3, 1, 2],
    "words": ["Alpha", "beta", "Gamma", "delta"],
    "empty": [],
    "story": STORY,
    "rows": [{"name": "ada", "age": 36}, {"name": "bob", "age": 25}, {"name": "eve <x>", "age": 41}],
    "text": "  Some text, with words; äöü ÄÖÜ ß 漢字 😀  ",
    "url": "see http://example.com/a?b=1&c=2 and www.example.org!",
    "none": None,
    "nested": {"a": {"b": [1, {"c": "deep"}]}},
    "html": "<b>bold</b>",
}

CASES = []


def case(row, files, names=None, **changes):
    if isinstance(files, str):
        files = {"t.html" if changes.get("html") else "t.txt": files}
    CASES.append((row, files, {**NAMES, **(names or {})}))


def expressions(row, *texts):
    for text in texts:
        case(row, "{{ " + text + " }}")


# ---- text, braces, comments
case("TP12", "plain")
case("TP12", "")
case("TP12", "a { b } c {x} {{'{'}} {")
case("TP12", "{{!name}} {%!if%} {#!x#} {!")
case("TP12", "{{{name}}} {{{{n}}}} {{{ name }}}")
case("TP12", "a{# a comment {{ name }} #}b{% comment another %}c")
case("TP12", "\\{ \\textbf{{{name}}}")
case("TP12", "{")
case("TP12", "x{{")
case("TP12", "{{ '}' }}")
case("TP12", "{{!}} {{! name }}")

# ---- output
expressions("TP02", "name", "n", "pi", "None", "none", "True", "story['yes']", "items", "(1,)", "()", "(1, 'a')", "{}",
            "{'a': 1, 'b': [None, True]}", "'it\\'s'", "[\"it's\"]", "['a\"b\\'c']", "1e16", "1e15",
            "1e-5", "0.1 + 0.2", "-0.0", "2.0", "1e100", "float('inf')", "float('nan')", "float('-inf')", "html",
            "text", "'\\t\\n\\x41\\u00e4'", "'a' 'b' \"c\"", "[0.5, 'x\\n']", "10 ** 15",
            "1, 2", "'é'", "['é', '\\x01', '\\\\']")
case("TP09", "{% raw name %}{% raw n %}{% raw None %}{% raw html + name %}")
case("TP09", "{% autoescape None %}{{ name }}{% raw name %}")
case("TP09", "{{ name }}{% autoescape None %}")
case("TP09", "{% autoescape url_escape %}{{ name }}{{ n }}")
case("TP09", "{% autoescape xhtml_escape %}{{ name }}")
case("TP09", "{% autoescape None %}{{ escape(name) }}{{ xhtml_escape(name) }}")
case("TP09", "{% apply upper %}{{ name }} text{% end %}", {"upper": None})
case("TP09", "{% apply xhtml_escape %}<{{ name }}>{% end %}")
case("TP09", "{% apply escape %}{% end %}")
case("TP09", "{% set x = 1 %}{% set a, b = 2, 3 %}{{ x }}{{ a }}{{ b }}{% set x += 4 %}{{ x }}{% set x = y = 'q' %}{{ x + y }}")
case("TP09", "{% set (a, (b, c)) = (1, (2, 3)) %}{{ a }}{{ b }}{{ c }}{% set [d, e] = 'xy' %}{{ d }}{{ e }}")
case("TP09", "{% set x = 5 %}{% set x -= 2 %}{% set x *= 7 %}{% set x //= 2 %}{% set x **= 2 %}{% set x %= 7 %}{{ x }}")
case("TP09", "{% set len(items) %}x")

# ---- control
case("TP04", "{% if n %}yes{% end %}{% if zero %}no{% elif n == 3 %}three{% else %}other{% end %}{% if empty %}a{% else %}b{% end %}")
case("TP04", "{% for i in items %}{{ i }},{% end %}{% for a, b in [(1, 2), (3, 4)] %}{{ a + b }};{% end %}")
case("TP04", "{% for row in rows %}{{ row['name'] }}:{{ row['age'] }} {% end %}")
case("TP04", "{% for k, v in story.items() %}{{ k }}={{ v }}\n{% end %}")
case("TP04", "{% for i in range(10) %}{% if i == 2 %}{% continue %}{% end %}{% if i > 4 %}{% break %}{% end %}{{ i }}{% end %}")
case("TP04", "{% for i in items %}{{ i }}{% else %}done{% end %}{% for i in empty %}x{% else %}empty{% end %}")
case("TP04", "{% for i in items %}{% break %}{% else %}not{% end %}{{ i }}")
case("TP04", "{% set i = 0 %}{% while i < 4 %}{{ i }}{% set i = i + 1 %}{% end %}")
case("TP04", "{% set i = 0 %}{% while True %}{% set i += 1 %}{% if i > 3 %}{% break %}{% end %}{{ i }}{% else %}x{% end %}")
case("TP04", "{% while n > 5 %}x{% else %}never{% end %}")
case("TP04", "{% for c in 'aé漢' %}[{{ c }}]{% end %}{% for k in nested %}{{ k }}{% end %}")
case("TP04", "{% for i in items %}{% for j in items %}{% if j == 1 %}{% break %}{% end %}{{ i * j }} {% end %}|{% end %}")
case("TP04", "{% for i, (a, b) in enumerate(zip(items, words)) %}{{ i }}{{ a }}{{ b }} {% end %}")
case("TP04", "{% if n > 2 and not zero or fail() %}ok{% end %}")
case("TP05", "{% try %}{{ 1 / zero }}{% except %}caught{% end %}")
case("TP05", "{% try %}a{{ nested['x'] }}{% except KeyError %}key{% except Exception %}other{% end %}")
case("TP05", "{% try %}a{% except KeyError %}key{% else %}else{% finally %}last{% end %}")
case("TP05", "{% try %}{{ items[9] }}{% except (KeyError, IndexError) as e %}{{ e }}{% finally %}!{% end %}")
case("TP05", "{% try %}{{ int('x') }}{% except LookupError %}no{% except ValueError %}value{% end %}")
case("TP05", "{% try %}{{ 1 // 0 }}{% except ArithmeticError as e %}{{ str(e) }}{% end %}")
case("TP05", "{% try %}{{ nowhere }}{% except NameError %}name{% end %}")
case("TP05", "{% try %}{{ n.nothing }}{% except AttributeError %}attribute{% end %}")
case("TP05", "{% try %}{{ n + 'a' }}{% except TypeError %}type{% end %}")
case("TP05", "{% for i in items %}{% try %}{% if i == 1 %}{% continue %}{% end %}{{ i }}{% finally %};{% end %}{% end %}")
case("TP05", "{% try %}{% try %}{{ nested['q'] }}{% except IndexError %}x{% finally %}f{% end %}{% except KeyError as e %}{{ e }}{% end %}")
case("TP05", "{% try %}x{{ 1/0 }}{% except KeyError %}{% end %}")
case("TP05", "{% try %}before{{ 1/0 }}after{% except %}|{% end %}")

# ---- expressions
expressions("TP03", "1 + 2 * 3 - 4 / 2", "7 // 2", "-7 // 2", "7 % 3", "-7 % 3", "7 % -3", "7.5 % 2", "-7.5 // 2", "2 ** 10", "2 ** -1",
            "-2 ** 2", "(-2) ** 2", "2 ** 3 ** 2", "1 - -1", "+5", "+True", "True + True", "1 == 1.0", "1 < 2 < 3", "1 < 2 > 3", "1 < n <= 3 != 4", "'a' < 'b'", "[1, 2] < [1, 3]",
            "(1, 2) == (1, 2)", "{'a': 1} == {'a': 1.0}", "1 is None", "none is None", "none is not None", "n in items",
            "9 not in items", "'ome' in text", "'title' in story", "not n", "not not n", "n and zero", "zero or 'x'",
            "n or fail", "zero and fail", "'yes' if n else 'no'", "'yes' if zero else 'no' if n else 'never'",
            "items[0]", "items[-1]", "items[1:]", "items[:-1]", "items[::-1]", "items[5:]", "items[-5:2]", "words[::2]",
            "words[3:0:-1]", "'hello'[1]", "'hello'[-2:]", "'hello'[::-1]", "'äöü'[1]", "'äöü漢'[1:3]", "(1, 2, 3)[1:]", "list(range(10)[2:5])", "range(10)[-1]", "nested['a']['b'][1]['c']", "story['title'].upper()", "[x * 2 for x in items]",
            "[x for x in items if x > 1]", "[x for x in items if x > 1 if x < 3]", "[(x, y) for x in items for y in 'ab']",
            "{k: v for k, v in zip('ab', items)}", "sum(x * x for x in items)", "max(r['age'] for r in rows)",
            "', '.join(r['name'] for r in rows)", "[x if x else 0 for x in items]", "[[y for y in range(x)] for x in items]",
            "n + sum([n for n in items])", "[i for i in items] + [i for i in words]", "(n)", "((n, ))", "[n]",
            "dict(a=1, b=2)", "[1, 2] * 2", "'ab' * 3", "2 * 'ab'", "'a' * -1", "[] + [1]",
            "(1,) + (2,)", "'a' + 'b'", "items and items[0]", "story.get('id')", "story.get('x')",
            "story.get('x', 'd')", "1 if True else 2, 3", "'%s' % name", "not 1 == 2", "1 + (2 if zero else 3)", "'a' 'b' + 'c'",
            "3 > 2 == True", "2 in [1, 2] == True", "{1: 'a', 'b': 2}[1]", "{True: 'yes'}[1]", "{(1, 2): 'x'}[(1, 2)]")
expressions("TP03", "'%s and %s' % (name, n)", "'%d' % 3.7", "'%5d|%-5d|%05d|%+d' % (n, n, n, n)", "'%.2f' % pi", "'%8.3f|%-8.1f|' % (pi, pi)",
            "'%e' % pi", "'%g %G' % (1e-10, 1e20)", "'%x %X %o' % (255, 255, 8)", "'%(name)s is %(n)d' % {'name': 'x', 'n': 3}",
            "'100%%' % ()", "'%s' % (1,)", "'%s' % [1, 2]", "'%5s|%-5s|%.2s' % ('abc', 'abc', 'abc')", "'%s' % None", "'%s' % {'a': 1}", "'%05.1f' % -2.345", "'%i' % -3", "'%+.3e' % 12345.678", "'%s%%' % 50")
expressions("TP03", "'{} {}'.format(1, 'a')", "'{1} {0}'.format(1, 'a')", "'{a} {b}'.format(a=1, b=2)", "'{:5}|{:<5}|{:>5}|{:^5}'.format('a', 'b', 'c', 'd')", "'{:05d} {:+d} {:x} {:#x} {:b} {:o}'.format(42, 42, 255, 255, 5, 8)",
            "'{:.2f} {:8.1f} {:e}'.format(pi, pi, pi)", "'{:*^9}'.format('mid')", "'{:d}'.format(True)", "'{}'.format(True)", "'{:5}|'.format(3)", "'{:g}'.format(0.0001)", "'{:.3}'.format('abcdef')", "'{:08.3f}'.format(-3.14159)")
expressions("TP03", "text.strip()", "text.upper()", "text.lower()", "'xxabcxx'.strip('x')", "'xxabc'.lstrip('x')", "'abcxx'.rstrip('x')", "'a,b,,c'.split(',')",
            "' a  b c '.split()", "'a b c d'.split(None, 2)", "'a,b,c'.split(',', 1)", "'a\\nb\\r\\nc\\n'.splitlines()", "'-'.join(words)",
            "'aXbXc'.replace('X', '-')", "'aaa'.replace('a', 'b', 2)", "'hello'.startswith('he')", "'hello'.endswith(('x', 'lo'))",
            "'hello'.find('l')", "'hello'.find('z')", "'äöl'.find('l')", "'banana'.count('an')", "'hello world'.title()",
            "'hello World'.capitalize()", "'123'.isdigit()", "''.isdigit()", "'straße'.upper()", "'ÄÖ'.lower()",
            "'ǆ'.upper()", "'άβγ'.upper()", "'привет'.capitalize()", "items.index(2)", "items.count(1)", "list(story.keys())", "list(story.values())", "list(nested.items())", "(1, 2, 2).count(2)",
            "\"they're bill's\".title()", "'a\\tb'.split('\\t')", "'x'.encode().decode()", "'abc'.find('')")
expressions("TP03", "len(items)", "len('äöü')", "len(story)", "len(range(7))", "list(range(5))", "list(range(5, 0, -2))", "sorted(items)", "sorted(words)",
            "sorted(items, reverse=True)", "list(reversed(items))", "list(zip(items, words))",
            "list(enumerate(words, 1))", "min(items)", "max(items)", "max(1, 5, 3)", "min(words, key=len)", "max([], default=0)", "sum(items)", "sum([0.5, 1])", "sum([[1], [2]], [])", "str(n) + 'x'", "int('42')", "int(3.9)", "int(-3.9)",
            "int(' 7 ')", "float('1.5')", "float(3)", "bool('')", "bool([0])", "list('abc')", "tuple(items)", "dict([('a', 1)])", "abs(-5)", "abs(-2.5)", "round(2.5)", "round(3.5)", "round(2.567, 2)",
            "round(2.675, 2)", "any([0, 1])", "all([1, 0])", "all([])", "repr('a')", "sorted([(2, 'b'), (1, 'z'), (2, 'a')])", "'%s' % sorted(story)")
expressions("TP14", "escape(html)", "xhtml_escape('\"')", "url_escape('a b/c&d')", "url_escape('a b/c', False)", "json_encode(story)", "json_encode('</script>')", "json_encode([1, 2.5, None, True, {'a': 'é'}])",
            "squeeze('  a   b \\n c ')", "linkify(url)", "linkify(url, shorten=True)", "linkify('http://a.example/', extra_params='rel=\"nofollow\"')", "datetime.datetime(2026, 11, 21, 9, 30)",
            "datetime.datetime(2026, 1, 2, 3, 4, 5, 678).isoformat()", "datetime.datetime(2026, 11, 21, 9, 30).strftime('%Y-%m-%dT%H:%M:%SZ')", "datetime.datetime(2026, 3, 1) < datetime.datetime(2026, 3, 2)", "datetime.datetime(2026, 11, 21).weekday()", "datetime.datetime(2026, 11, 21, 9).hour",
            "datetime.datetime(2026, 11, 21, 9, 30).strftime('%d %B %Y, %I:%M %p %f %%')", "'{:%Y}'.format(datetime.datetime(2026, 1, 1))")

# ---- what the specifications of a format may say, and may not: what fmt and Python have in common
for value, specs in ((-1234567.891, ("x", "s", "d", "q", "", "#g", "#.0f", ".3", ".5", "+.1f", " .2e", ".", "*>20.1f", "é^20.1f")),
                     ("float('inf')", ("F", "E")),
                     (1234567, ("s", ".3", ",x", "e", "08.2f", "q", ",_")),
                     (True, (">5", "d", "05", "", "s", "+", ".1f")),
                     ("'text'", ("s", "=10", "+", " ", "#", ",", "_", "d", "c", ".2", "é<8.3", "<<6")),
                     (None, (">5", "")), ([1], (">5", "d")), ({"a": 1}, ("s",))):
    for spec in specs:
        expressions("TP03", "'{:" + spec + "}'.format(" + str(value) + ")")
expressions("TP03", "'%010.1f|%-8.3s|%+g' % (-1.25, 'abcdef', 3)")
# ---- quotients, powers, what texts say of numbers
expressions("TP03", "-7 // 2.5", "-7 % 2.5", "-0.5 // 4", "7.5 // -2", "0.0 ** -1", "2.0 ** -1",
            "int('1__0')", "int('_1')", "int('+-5')", "int('-9')", "int('-')", "int('')", "float('+-5')", "float('x')", "-9223372036854775807 in range(9)", "1__0")
# ---- methods of str
expressions("TP03", "' a b  c '.split(None, 1)")
case("TP04", "{% for i in items %}{% break now %}{% end %}")
case("TP04", "{% for i in items %}{% else %}{% break %}{% end %}x")
case("TP04", "{% for i in items %}{% for j in items %}{% else %}{% break %}{% end %}x{% end %}y")
case("TP06", {"a.html": '{% extends "b.html" %}{% for i in items %}{% block x %}{% break %}{% end %}{% end %}', "b.html": "1{% block x %}{% end %}2"})
case("TP06", {"a.html": '{% extends "b.html" %}{% for i in items %}{% block x %}{% break %}{% end %}{% end %}', "b.html": "1{% while n %}{% block x %}{% end %}{% end %}2"})
case("TP06", "{% for i in items %}{% block x %}{{ i }}{% continue %}{% end %}y{% end %}{% apply upper %}{% for i in items %}{% continue %}{% end %}a{% end %}", {"upper": None})
case("TP03", "{{ '\\x41' }}")

# ---- imports
case("TP10", "{% import datetime %}{{ datetime.datetime(2026, 1, 2) }}{% from datetime import datetime %}{{ datetime(2026, 1, 3) }}")
case("TP10", "{% import json %}{{ json.dumps({'a': [1, 2]}) }}{{ json.loads('[1, 2]')[1] }}{% import json as j %}{{ j.dumps(1) }}")
case("TP10", "{% from json import dumps as d, loads %}{{ d(1) }}{{ loads('2') }}")

# ---- blocks, extends, include
BASE = "<html>{% block head %}<title>{% block title %}Base{% end %}</title>{% end %}|{% block body %}body of {{ name }}{% end %}</html>"
case("TP06", {"a.html": '{% extends "base.html" %}ignored{% block title %}A{% end %}', "base.html": BASE})
case("TP06", {"a.html": "{% extends base.html %}{% block body %}<{{ n }}>{% end %}", "base.html": BASE})
case("TP06", {"c.html": '{% extends "b.html" %}{% block title %}C{% end %}', "b.html": '{% extends "base.html" %}{% block title %}B{% end %}{% block body %}[{% block inner %}inner{% end %}]{% end %}', "base.html": BASE})
case("TP06", {"c.html": "{% extends 'b.html' %}{% block inner %}C{% end %}", "b.html": '{% extends "base.html" %}{% block body %}[{% block inner %}inner{% end %}]{% end %}', "base.html": BASE})
case("TP06", {"x/a.html": '{% extends "../base.html" %}{% block title %}{% include "part.html" %}{% end %}', "base.html": BASE, "x/part.html": "part {{ n }}"})
case("TP06", {"a.html": '{% extends "base.html" %}{% autoescape None %}{% block title %}{{ name }}{% end %}', "base.html": BASE})
case("TP06", {"base.html": BASE})
case("TP06", {"a.html": "{% block x %}1{% end %}{% block x %}2{% end %}"})
case("TP06", {"a.html": '{% extends "b.html" %}{% block x %}{% for i in items %}{{ i }}{% end %}{% end %}', "b.html": "{% for i in 'ab' %}{% block x %}{% end %}{{ i }}{% end %}"})
case("TP07", {"a.html": '{% for r in rows %}{% include "row.html" %}{% end %}', "row.html": "<li>{{ r['name'] }}{% set seen = r['age'] %}</li>"})
case("TP07", {"a.html": '{% set x = 1 %}{% include "b.html" %}{{ x }}', "b.html": "{{ x }}{% set x = 2 %}"})
case("TP07", {"a.html": '{% include "b.html" %}{{ name }}', "b.html": "{% autoescape None %}{{ name }}"})
case("TP07", {"a.html": '{% include "b.html" %}', "b.html": '{% block q %}in b{% end %}{% include "c/d.html" %}', "c/d.html": '{% include "e.html" %}', "c/e.html": "e"})
case("TP07", {"a.html": '{% extends "base.html" %}{% block x %}mine{% end %}', "base.html": '{% include "part.html" %}', "part.html": "[{% block x %}theirs{% end %}]"})

# ---- white space
SPACES = "a  b\t\tc \n\n  d\n{% if n %}\n  x  \n{% end %}\n<p>  q </p>   \n"
for mode in ("all", "single", "oneline"):
    case("TP11", "{% whitespace " + mode + " %}" + SPACES)
case("TP11", {"t.html": SPACES})
case("TP11", {"t.js": SPACES})
case("TP11", {"t.txt": SPACES})
case("TP11", {"t.html": "a  b\n\n<pre>  x\n\n</pre>  y {{ n }}  z\n\n"})
case("TP11", {"t.html": "a\u00a0 \u2003b \u00a0\n c\r\n\r\n d"})
case("TP11", {"t.html": "a  {{ n }}  b {% whitespace oneline %} c \n d {% whitespace all %} e \n  f"})
case("TP11", {"t.html": '{% whitespace all %}a  {% include "u.html" %}  b', "u.html": "c  d"})

# ---- errors
for broken in ("{{", "{{ name", "{{}}", "{{ }}", "{%", "{% %}", "{% if n %}", "{% end %}", "{% else %}", "a\nb\n{% for x in y %}\nc\n", "{# x", "{% elif n %}", "{% if n %}{% except %}{% end %}", "{% while n %}{% elif n %}{% end %}",
               "{% nothing %}", "{% extends %}", "{% include %}", "{% set %}", "{% import %}", "{% from %}", "{% apply %}x{% end %}", "{% block %}x{% end %}", "{% break %}", "{% continue %}", "{% for i in items %}{% apply f %}{% break %}{% end %}{% end %}",
               "x\n\n{% if n %}\n{% else %}\n", "\n\n{% if(n) %}{% end %}", "{% for x in items %}{% block a %}{% end %}", "{% finally %}", "{% block b %}\n\n{% end", "{{ 'a\n' }}\n{{", "{{!\n{{ a\n\n"):
    case("TP13", {"broken.html": broken})
case("TP13", {"a.html": 'x\n{% include "b.html" %}', "b.html": "1\n2\n{% nonsense %}"})
case("TP13", {"a.html": 'x\n{% extends "b.html" %}', "b.html": "1\n{{ }}"})
for wrong in ("nowhere", "items['a']", "nested['z']", "items[7]", "n.x", "1 / 0", "'a' + 1", "len(5)", "int('z')", "none.x", "none()", "[1, 2] < 3", "'%d' % 'x'", "'%s %s' % 1", "'%s' % (1, 2)", "max([])", "for_", 
              "''.join([1])", "1 % 0", "dict([1])", "sorted([1, 'a'])", "'a'.nothing()", "'x' in 5", "items[1.5]", "{[]: 1}", "n[0]", "range(1, 2, 0)", "'a'.split('')", "-'a'", "float('x')"):
    case("TP13", "{{ " + wrong + " }}")
case("TP13", "{% for a, b in items %}{% end %}")
case("TP13", "{% set a, b = 1, 2, 3 %}")
case("TP13", "{% for i in 5 %}{% end %}")
case("TP13", "{% from datetime import nothing %}")
case("TP13", "{% import nothing_like_it %}")

# Since 6.4 Tornado escapes as Python does: ' is &#x27;.
escape.xhtml_escape = lambda value: html.escape(escape.to_unicode(value))
FUNCTIONS = {"upper": lambda text: text.decode().upper() if isinstance(text, bytes) else text.upper()}


def outcome(files, names):
    first = next(iter(files))
    names = {key: FUNCTIONS.get(key, value) if value is None else value for key, value in names.items()}
    loader = template.DictLoader(files)
    try:
        return {"out": loader.load(first).generate(**names).decode()}
    except template.ParseError as error:
        return {"error": "ParseError", "file": error.filename, "line": error.lineno, "message": error.message}
    except SyntaxError:
        return {"error": "SyntaxError"}
    except Exception as error:
        return {"error": type(error).__name__}


def main():
    for row, files, names in CASES:
        line = {"row": row, "files": files, **outcome(files, names)}
        extra = {key: value for key, value in names.items() if key not in NAMES}
        if extra:
            line["names"] = extra
        print(json.dumps(line))
    print(json.dumps({"row": "names", "names": NAMES}))


if __name__ == "__main__":
    main()
