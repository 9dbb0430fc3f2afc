#!/usr/bin/python3
"""The grid of the README: chapters x capabilities, from the declarations that the wire suite proves.

    grid.py            writes it into the README
    grid.py --check    says whether what stands there is true
"""

import pathlib
import re
import sys

ROOT = pathlib.Path(__file__).resolve().parent.parent
sys.path[:0] = [str(ROOT / "tests" / "clients"), str(ROOT / "tests" / "chapters" / "wire")]

from checks import CAPABILITIES  # noqa: E402  (found by the line above)
from declared import declared_servers  # noqa: E402

PLACE = re.compile(r"(?<=<!-- grid -->\n).*?(?=<!-- /grid -->)", re.DOTALL)


def make_grid():
    servers = declared_servers()
    lines = ["| | " + " | ".join(server.title for server in servers) + " |", "|---" * (len(servers) + 1) + "|"]
    for name, check in CAPABILITIES.items():
        cells = ["–" if name in server.not_yet else "✓" for server in servers]
        lines.append(f"| {check.__doc__.splitlines()[0]} | " + " | ".join(cells) + " |")
    reasons = [f"- {server.title}: {CAPABILITIES[name].__doc__.splitlines()[0]}: {reason}"
               for server in servers for name, reason in server.not_yet.items()]
    return "\n".join([*lines, "", "<details><summary>Why not</summary>", "", *reasons, "", "</details>", ""])


def main(arguments):
    readme = ROOT / "README.md"
    text = readme.read_text()
    if not PLACE.search(text):
        print("error: README.md has no place for the grid")
        return 1
    renewed = PLACE.sub(lambda _: make_grid(), text)
    if "--check" in arguments:
        if renewed != text:
            print("error: the grid of README.md is not what the tests declare; scripts/grid.py writes it anew")
            return 1
        print("grid: README.md shows what the tests declare.")
        return 0
    readme.write_text(renewed)
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
