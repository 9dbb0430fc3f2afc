#!/usr/bin/python3
"""Builds the decks: slides/NN-name.md (Marp Markdown) becomes build/slides/NN-name.html, one file that needs nothing else.

    slides.py [DECK ...]

A deck is a front matter, slides between lines of ---, and speaker notes in comments, which begin with their minutes:
<!-- 5 min. What to say. --> The slides stand below each other on a phone and on paper; on a desktop one at a time fills
the window, and ? lists its keys. Marp itself renders the same files; this program has what the decks use of it, so that
building them needs no network and no npm: headings, paragraphs, lists, tables, code, pictures (![w:600](path)),
**strong**, `code` and links. slides/deck.css and deck.js become a part of each deck.
"""

import argparse
import base64
import hashlib
import html
import pathlib
import re
import sys

ROOT = pathlib.Path(__file__).resolve().parent.parent
OUTPUT = ROOT / "build" / "slides"
DRAWINGS = ROOT / "final" / "demos" / "course" / "static" / "drawings.css"
NOTE = re.compile(r"<!--(.*?)-->", re.DOTALL)
MINUTES = re.compile(r"^\s*(\d+) min\.")
STYLE = (ROOT / "slides" / "deck.css").read_text() + DRAWINGS.read_text()
SCRIPT = (ROOT / "slides" / "deck.js").read_text()
KEYWORDS = """alignas auto bool break case catch char class co_await co_return co_yield concept const constexpr continue decltype
default delete do double else enum explicit false final float for friend if inline int long mutable namespace new noexcept
nullptr operator override private protected public requires return short signed sizeof static static_assert struct switch
template this throw true try typename union unsigned using virtual void while"""
TOKEN = re.compile(r"""(?P<comment>//[^\n]*|/\*.*?\*/)|(?P<string>"(?:\\.|[^"\\\n])*"|'(?:\\.|[^'\\\n])'|(?<=\#include\ )<[^>\n]*>)"""
                   r"""|(?P<directive>^\#\w+)|(?P<keyword>\b(?:%s)\b)""" % "|".join(KEYWORDS.split()), re.DOTALL | re.MULTILINE)

PAGE = """<!doctype html>
<html lang="en"><head><meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<meta http-equiv="Content-Security-Policy" content="{policy}">
<link rel="icon" href="data:,">
<title>{title}</title><style>{style}</style></head><body>
<nav class="ways" aria-label="Course"><a href="{lesson}">Back to the lesson</a> <a href="/">The course</a> <button>Keys</button></nav>
<main>
{slides}
</main>
<dialog aria-label="Keys"><p><kbd>→</kbd> <kbd>Space</kbd> or a click: next slide</p><p><kbd>←</kbd> or a click at the left: the one before</p>
<p><kbd>Home</kbd> <kbd>End</kbd>: first, last</p><p><kbd>n</kbd>: notes</p><p><kbd>Esc</kbd>: back to the lesson</p>
<form method="dialog"><button>Close</button></form></dialog>
<script>{script}</script></body></html>
"""


def policy():
    """What a browser may use of a deck: nothing but its own style, script and icon."""
    style, script = (base64.b64encode(hashlib.sha256(text.encode()).digest()).decode() for text in (STYLE, SCRIPT))
    return (f"default-src 'none'; style-src 'sha256-{style}'; script-src 'sha256-{script}'; img-src data:; "
            "form-action 'none'; base-uri 'none'")


def highlight(code, kind):
    """Code as HTML: C++ in colours, commands apart from what they print."""
    if kind == "console":
        return "".join(f'<span class="command">{html.escape(line)}</span>' if line.startswith("$ ") else html.escape(line)
                       for line in code.splitlines(keepends=True))
    if kind != "cpp":
        return html.escape(code)
    parts, end = [], 0
    for token in TOKEN.finditer(code):
        parts += [html.escape(code[end:token.start()]), f'<span class="{token.lastgroup}">{html.escape(token[0])}</span>']
        end = token.end()
    return "".join(parts) + html.escape(code[end:])


def inline(text):
    """Strong, code and links of one line; everything else is escaped."""
    parts = re.split(r"(`[^`]+`)", text)
    for i, part in enumerate(parts):
        if part.startswith("`") and len(part) > 2:
            parts[i] = f"<code>{html.escape(part[1:-1])}</code>"
        else:
            part = html.escape(part, quote=False)
            part = re.sub(r"\*\*(.+?)\*\*", r"<strong>\1</strong>", part)
            parts[i] = re.sub(r"\[([^\]]+)\]\(([^)]+)\)", r'<a href="\2">\1</a>', part)
    return "".join(parts)


def picture(line, folder):
    """An SVG drawing as a part of the slide, so that its colours follow the slide's."""
    match = re.fullmatch(r"!\[(?:w:(\d+))?\]\(([^)]+)\)", line)
    drawing = (folder / match[2]).read_text()
    own = pathlib.Path(match[2]).stem + "-" + hashlib.sha1(match[2].encode()).hexdigest()[:4]
    drawing = re.sub(r'( id="| aria-labelledby="|url\(#)([^")]*)',
                     lambda ids: ids[1] + " ".join(f"{own}-{name}" for name in ids[2].split()), drawing[drawing.index("<svg"):])
    box = re.search(r'viewBox="\S+ \S+ (\S+) (\S+)"', drawing)
    width = int(match[1] or 900)
    height = round(width * float(box[2]) / float(box[1]))
    tag, rest = drawing.split(">", 1)
    tag = re.sub(r' (?:width|height)="[^"]*"', "", tag)
    return f'<div class="drawing" tabindex="0">{tag} width="{width}" height="{height}">{rest.strip()}</div>'


def cell(tag, text):
    return f"<{tag}>{text}</{tag}>" if text else "<td></td>"


def table(lines):
    rows = [[inline(text.strip()) for text in line.strip("|").split("|")] for line in lines]
    head = "".join(cell("th", text) for text in rows[0])
    body = "".join("<tr>" + "".join(cell("td", text) for text in row) + "</tr>" for row in rows[2:])
    return f"<table><tr>{head}</tr>{body}</table>"


def block(text, folder):
    lines = text.split("\n")
    first = lines[0]
    if first.startswith("```"):
        code = highlight("\n".join(lines[1:-1]), re.match(r"```(\w*)", first)[1])
        return f'<pre tabindex="0"><code>{code}</code></pre>'
    if first.startswith("# "):
        return f"<h2>{inline(first[2:])}</h2>"
    if first.startswith("!["):
        return picture(first, folder)
    if first.startswith("|"):
        return table(lines)
    if match := re.match(r"(- |\d+\. )", first):
        kind = "ul" if match[1] == "- " else "ol"
        joined = "\n".join(lines).replace("\n  ", " ").split("\n")
        items = "".join("<li>" + inline(re.sub(r"^(- |\d+\. )", "", line)) + "</li>" for line in joined)
        return f"<{kind}>{items}</{kind}>"
    return f"<p>{inline(' '.join(lines))}</p>"


def blocks(text):
    """Paragraphs between blank lines; a code fence is one, whatever is in it."""
    for part in re.split(r"(^```.*?^```$)", text, flags=re.MULTILINE | re.DOTALL):
        if part.startswith("```"):
            yield part
        else:
            yield from (one.strip("\n") for one in re.split(r"\n\s*\n", part) if one.strip())


def split_deck(text):
    """The slides of a deck, without its front matter."""
    front, rest = re.fullmatch(r"---\n(.*?)\n---\n(.*)", text, re.DOTALL).groups()
    if "marp: true" not in front.splitlines():
        raise ValueError("the front matter lacks 'marp: true'")
    return re.split(r"^---$", rest, flags=re.MULTILINE)


def notes(slide):
    return "\n".join(NOTE.findall(slide)).strip()


def minutes(slide):
    match = MINUTES.match(notes(slide))
    return int(match[1]) if match else 0


def lesson_of(deck, text):
    """The page that a deck belongs to, on the course's site: `lesson:` of its front matter, else that of its chapter."""
    named = re.search(r"^lesson: (\S+)$", text.partition("\n---\n")[0], re.MULTILINE)
    return named[1] if named else f"/chapters/{deck.stem}/"


def render(deck):
    text = deck.read_text()
    slides = split_deck(text)
    parts = []
    for number, slide in enumerate(slides, 1):
        body = "\n".join(block(one, deck.parent) for one in blocks(NOTE.sub("", slide)))
        if number == 1:
            body = body.replace("<h2>", "<h1>").replace("</h2>", "</h1>")
        note = html.escape(notes(slide))
        parts.append(f"<section>{body}<aside>{note}</aside><footer>{number} / {len(slides)}</footer></section>")
    title = re.search(r"^# (.*)$", text, re.MULTILINE)[1]
    return PAGE.format(title=html.escape(title), lesson=lesson_of(deck, text), slides="\n".join(parts), style=STYLE, script=SCRIPT, policy=policy())


def build(deck):
    OUTPUT.mkdir(parents=True, exist_ok=True)
    target = OUTPUT / (deck.stem + ".html")
    target.write_text(render(deck))
    return target


def main(arguments):
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("decks", nargs="*", type=pathlib.Path, metavar="DECK", help="default: all of slides/")
    decks = parser.parse_args(arguments).decks
    if missing := [str(deck) for deck in decks if not deck.is_file()]:
        parser.error(f"there is no deck {missing[0]}")
    decks = decks or sorted((ROOT / "slides").glob("*.md"))
    for deck in decks:
        slides = split_deck(deck.read_text())
        target = build(deck.resolve())
        print(f"{target.relative_to(ROOT)}: {len(slides)} slides, {sum(map(minutes, slides))} minutes")


if __name__ == "__main__":
    main(sys.argv[1:])
