#!/usr/bin/python3
"""The page of all limits and timeouts: what the public headers say of them, in one table.

    limits.py            writes final/docs/limits.md
    limits.py --check    says whether it is what the headers hold now

A member of an options struct is a limit if its name says so: max_..., min_..., ..._timeout, ..._rate, ..._total,
..._interval. Its default is that of the header, its text the comment beside it or the beginning of the one above it.
Limits that follow one another share a comment.
"""

import argparse
import pathlib
import re
import sys

ROOT = pathlib.Path(__file__).resolve().parent.parent
PAGE = ROOT / "final" / "docs" / "limits.md"
HEADERS = ROOT / "final" / "include" / "tornado"
LEFT_OUT = {"log_file_max_size", "log_rotate_interval", "max_window_bits"}  # they bound nothing that a peer sends

STRUCT = re.compile(r"^(?:struct|class) (\w+)")
MEMBER = re.compile(r"^  (?:[\w:]+(?:<[\w:]+>)?) (\w+)(?: = ([^;]+))?;(?:\s*// (.*))?$")
NAME = re.compile(r"max_\w+|min_\w+|\w+_max_\w+|\w*_?timeout|\w+_rate|\w+_total|\w*_?interval")
COMMENT = re.compile(r"^  // ?(.*)$")
NUMBER = re.compile(r"\d[\d']*")
TWO_SENTENCES = re.compile(r"(.*?\.(?= |$)(?: .*?\.(?= |$))?).*")

HEAD = """# Limits and timeouts

Every limit of the library, with its default. `scripts/limits.py` writes this page from the public headers, which say more. Sizes
are bytes, times seconds, unless the text says otherwise.

| limit | default | what it limits |
|---|---|---|
"""


def default_of(text):
    """`104'857'600` becomes 104,857,600; a member without a value is unset."""
    if text is None:
        return "unset"
    if not NUMBER.fullmatch(text):
        return f"`{text}`"
    return f"{int(text.replace(chr(39), '')):,}"


def limits_of(text):
    """(struct, member, default, comment) of each limit in the text of a header."""
    struct, above, is_used, found = None, [], False, []
    for line in text.splitlines():
        comment, member = COMMENT.match(line), MEMBER.match(line)
        if comment:
            # A new comment begins after a member, and after an empty line of a comment.
            above = above + [comment[1]] if comment[1] and not is_used else [comment[1]]
            is_used = False
        elif member and NAME.fullmatch(member[1]):
            found.append((struct, member[1], default_of(member[2]), member[3] or " ".join(above).strip()))
            is_used = True
        else:
            above, is_used = [], False
            if start := STRUCT.match(line):
                struct = start[1]
    return found


def shortened(comment):
    return TWO_SENTENCES.sub(r"\1", comment).replace("|", "\\|")


def page_of(headers):
    """`headers`: file name and text."""
    rows = []
    for file, text in headers:
        for struct, name, default, comment in limits_of(text):
            if name not in LEFT_OUT:
                place = f"`{struct}::{name}` ([{file}](../include/tornado/{file}))"
                rows.append(f"| {place} | {default} | {shortened(comment)} |")
    return HEAD + "\n".join(rows) + "\n"


def main(arguments):
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--check", action="store_true", help="change nothing; fail if the page differs from the headers")
    options = parser.parse_args(arguments)
    page = page_of((path.name, path.read_text()) for path in sorted(HEADERS.glob("*.h")))
    if options.check:
        if PAGE.exists() and PAGE.read_text() == page:
            return 0
        print("error: final/docs/limits.md differs from the headers; scripts/limits.py renews it", file=sys.stderr)
        return 1
    PAGE.write_text(page)
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
