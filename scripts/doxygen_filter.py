"""Shows doxygen the comments of a header as documentation: our headers have plain comments, which read well without it.

    doxygen_filter.py HEADER     prints the header as doxygen is to read it; docs/Doxyfile calls it

A comment in front of a declaration is about that, one behind it too. The first of a header, and what follows it, is about
the file. A ruler line is nobody's. Inside functions comments stay what they are. What would be a command to doxygen is text.
"""

import argparse
import pathlib
import re

from cpp_reader import Reader

COMMENT = re.compile(r"^(\s*)//(?!/) ?(.*)$")
BEHIND = re.compile(r"^(?P<code>.*?[;,{}\w)]\s+)// (?P<text>.*)$")
RULER = re.compile(r"^-{4,} .*-{4,}$|^-{8,}$")
COMMANDS = re.compile(r"([@\\<>#%&])")


def plain(text):
    """Text without a meaning to doxygen; what stands between backticks has none anyway."""
    pieces = text.split("`")
    return "`".join(COMMANDS.sub(r"\\\1", piece) if number % 2 == 0 else piece for number, piece in enumerate(pieces))


def lines_in_functions(source):
    inside = set()
    for function in Reader(source).functions:
        inside.update(range(function.first_line + 1, function.last_line + 1))
    return inside


def filtered(source):
    inside = lines_in_functions(source)
    about_file = True
    behind = None  # the column of the last comment after a declaration, while it goes on
    result = []
    for number, line in enumerate(source.splitlines(), 1):
        comment = COMMENT.match(line)
        if number in inside:
            result.append(line)
        elif comment and behind == len(comment[1]):
            result.append(f"{comment[1]}///< {plain(comment[2])}")
            continue
        elif comment and RULER.match(comment[2]):
            result.append("")
        elif comment and about_file:
            result.append(("/// @file\n/// " if number == 1 else "/// ") + plain(comment[2]))
            continue
        elif comment:
            result.append(f"{comment[1]}/// {plain(comment[2])}")
        else:
            found = BEHIND.match(line)
            if found and '"' not in found["code"] and not line.lstrip().startswith("#"):
                result.append(f"{found['code']}///< {plain(found['text'])}")
                behind = len(found["code"])
                continue
            result.append(line)
        about_file = False
        behind = None
    return "\n".join(result) + "\n"


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("header", type=pathlib.Path, metavar="HEADER")
    header = parser.parse_args().header
    if not header.is_file():
        parser.error(f"there is no file {header}")
    print(filtered(header.read_text()), end="")


if __name__ == "__main__":
    main()
