#!/usr/bin/python3
"""Writes the grid of docs/grid.md, chapters x capabilities, from the declarations that the wire suite proves.

    grid.py            writes the grid into the page
    grid.py --check    fails if the page differs from the declarations
"""

import argparse
import pathlib
import re
import sys

ROOT = pathlib.Path(__file__).resolve().parent.parent
sys.path[:0] = [str(ROOT / "tests" / "clients"), str(ROOT / "tests" / "chapters" / "wire")]

from checks import CAPABILITIES  # noqa: E402  (found by the line above)
from declared import declared_servers  # noqa: E402

PAGE = "docs/grid.md"
PLACE = re.compile(r"(?<=<!-- grid -->\n).*?(?=<!-- /grid -->)", re.DOTALL)


def make_grid():
    servers = declared_servers()
    lines = ["| | " + " | ".join(server.title for server in servers) + " |", "|---" * (len(servers) + 1) + "|"]
    for name, check in CAPABILITIES.items():
        cells = ["–" if name in server.not_yet else "✓" for server in servers]
        lines.append(f"| {check.__doc__.splitlines()[0]} | " + " | ".join(cells) + " |")
    lines += ["", "## Why not"]
    for server in servers:
        if server.not_yet:
            lines += ["", f"**{server.title}**", ""]
            lines += [f"- {CAPABILITIES[name].__doc__.splitlines()[0]}: {reason}" for name, reason in server.not_yet.items()]
    return "\n".join([*lines, ""])


def main(arguments):
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--check", action="store_true", help="change nothing; fail if the page differs from the declarations")
    options = parser.parse_args(arguments)
    page = ROOT / PAGE
    text = page.read_text()
    if not PLACE.search(text):
        print(f"error: {PAGE} has no lines '<!-- grid -->' and '<!-- /grid -->' to write the grid between")
        return 1
    renewed = PLACE.sub(lambda _: make_grid(), text)
    if options.check:
        if renewed != text:
            print(f"error: the grid of {PAGE} differs from what the tests declare; scripts/grid.py renews it")
            return 1
        print(f"grid: {PAGE} shows what the tests declare.")
        return 0
    page.write_text(renewed)
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
