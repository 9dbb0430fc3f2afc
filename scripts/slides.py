#!/usr/bin/python3
"""Builds the decks: slides/NN-name.md (Marp Markdown) becomes build/slides/NN-name.html, one file that needs nothing else.

    slides.py [DECK ...]

A deck is a front matter, slides between lines of ---, and speaker notes in comments, which begin with their minutes:
<!-- 5 min. What to say. --> Arrow keys turn the pages, and a tap does, at the left third of the
slide backwards; n shows the notes. A slide is as large as its window. Marp itself renders the same files; this
program has what the decks use of it, so that building them needs no network and no npm: headings, paragraphs, lists,
tables, code, pictures (![w:600](path)), **strong**, `code` and links.
"""

import base64
import html
import pathlib
import re
import sys

ROOT = pathlib.Path(__file__).resolve().parent.parent
OUTPUT = ROOT / "build" / "slides"
NOTE = re.compile(r"<!--(.*?)-->", re.DOTALL)
MINUTES = re.compile(r"^\s*(\d+) min\.")

PAGE = """<!doctype html>
<html lang="en"><head><meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1"><link rel="icon" href="data:,">
<title>{title}</title><style>
:root {{ color-scheme: light dark; --ground: #1d2433; --paper: #fdfcf8; --ink: #1d2433; --head: #33415c; --box: #efece3; --note: #ffe9b8; }}
@media (prefers-color-scheme: dark) {{
  :root {{ --ground: #0b0d10; --paper: #15181c; --ink: #d8dce2; --head: #a9bdde; --box: #20252b; --note: #4a3c14; }}
  img {{ filter: brightness(.85); }}
}}
html, body {{ margin: 0; height: 100%; overflow: hidden; background: var(--ground); }}
section {{ position: absolute; left: 50%; top: 50%; transform: translate(-50%, -50%) scale(var(--scale, 1));
  width: 1280px; height: 720px; box-sizing: border-box; padding: 48px 72px; overflow: hidden;
  background: var(--paper); color: var(--ink); font: 28px/1.4 "Segoe UI", "DejaVu Sans", Helvetica, Arial, sans-serif; display: none; }}
section.shown {{ display: block; }}
h1 {{ font-size: 46px; line-height: 1.2; margin: 0 0 24px; color: var(--head); }}
p, ul, ol, table, pre {{ margin: 0 0 20px; }}
code, pre {{ font-family: "DejaVu Sans Mono", Menlo, Consolas, monospace; }}
code {{ font-size: 0.88em; background: var(--box); padding: 0 5px; border-radius: 4px; }}
pre {{ font-size: 18px; line-height: 1.35; background: var(--box); padding: 18px 22px; border-radius: 8px; }}
pre code {{ font-size: 1em; padding: 0; background: none; }}
img {{ display: block; margin: 8px auto; border-radius: 8px; }}
a {{ color: inherit; }}
td, th {{ padding: 4px 22px 4px 0; text-align: left; }}
th {{ border-bottom: 2px solid var(--head); }}
footer {{ position: absolute; right: 40px; bottom: 20px; font-size: 16px; color: #8a8a80; }}
aside {{ display: none; position: fixed; left: 0; bottom: 0; width: 100%; box-sizing: border-box; padding: 16px 72px;
  background: var(--note); font: 20px/1.4 sans-serif; }}
body.notes section.shown aside {{ display: block; }}
</style></head><body>
{slides}
<script>
const slides = [...document.querySelectorAll('section')];
function show(number) {{
  const at = Math.max(0, Math.min(slides.length - 1, number));
  slides.forEach((slide, i) => slide.classList.toggle('shown', i === at));
  location.hash = at + 1;
}}
const current = () => slides.findIndex(slide => slide.classList.contains('shown'));
addEventListener('keydown', event => {{
  if (['ArrowRight', 'PageDown', ' '].includes(event.key)) show(current() + 1);
  if (['ArrowLeft', 'PageUp'].includes(event.key)) show(current() - 1);
  if (event.key === 'n') document.body.classList.toggle('notes');
}});
addEventListener('click', event => {{
  if (!event.target.closest('a') && getSelection().isCollapsed) show(current() + (event.clientX < innerWidth / 3 ? -1 : 1));
}});
function fit() {{
  document.body.style.setProperty('--scale', Math.min(innerWidth / 1280, innerHeight / 720));
}}
addEventListener('resize', fit);
fit();
show((parseInt(location.hash.slice(1)) || 1) - 1);
</script></body></html>
"""


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
    match = re.fullmatch(r"!\[(?:w:(\d+))?\]\(([^)]+)\)", line)
    data = base64.b64encode((folder / match[2]).read_bytes()).decode()
    return f'<img width="{match[1] or 900}" alt="" src="data:image/svg+xml;base64,{data}">'


def table(lines):
    rows = [[inline(cell.strip()) for cell in line.strip("|").split("|")] for line in lines]
    head = "".join(f"<th>{cell}</th>" for cell in rows[0])
    body = "".join("<tr>" + "".join(f"<td>{cell}</td>" for cell in row) + "</tr>" for row in rows[2:])
    return f"<table><tr>{head}</tr>{body}</table>"


def block(text, folder):
    lines = text.split("\n")
    first = lines[0]
    if first.startswith("```"):
        return "<pre><code>" + html.escape("\n".join(lines[1:-1])) + "</code></pre>"
    if first.startswith("# "):
        return f"<h1>{inline(first[2:])}</h1>"
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


def render(deck):
    text = deck.read_text()
    slides = split_deck(text)
    parts = []
    for number, slide in enumerate(slides, 1):
        body = "\n".join(block(one, deck.parent) for one in blocks(NOTE.sub("", slide)))
        note = html.escape(notes(slide))
        parts.append(f"<section>{body}<footer>{number} / {len(slides)}</footer><aside>{note}</aside></section>")
    title = re.search(r"^# (.*)$", text, re.MULTILINE)[1]
    return PAGE.format(title=html.escape(title), slides="\n".join(parts))


def build(deck):
    OUTPUT.mkdir(parents=True, exist_ok=True)
    target = OUTPUT / (deck.stem + ".html")
    target.write_text(render(deck))
    return target


def main(names):
    decks = [pathlib.Path(name) for name in names] or sorted((ROOT / "slides").glob("*.md"))
    for deck in decks:
        slides = split_deck(deck.read_text())
        target = build(deck.resolve())
        print(f"{target.relative_to(ROOT)}: {len(slides)} slides, {sum(map(minutes, slides))} minutes")


if __name__ == "__main__":
    main(sys.argv[1:])
