"""Writes the named character references of HTML (section 13.5), as Python has them: html_entities.py OUTPUT

One line of C++ for each, sorted by name: {"lt;", "\\x3c"}. The build calls it.
"""
import html.entities
import pathlib
import sys

with pathlib.Path(sys.argv[1]).open("w") as output:
    for name, text in sorted(html.entities.html5.items()):
        print('{"%s", "%s"},' % (name, "".join("\\x%02x" % byte for byte in text.encode())), file=output)
