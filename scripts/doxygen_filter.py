"""Shows doxygen the comments of a header as documentation, and a page of the guide as a page of the reference.

    doxygen_filter.py FILE     prints the file as doxygen is to read it; docs/Doxyfile calls it

A comment before a declaration describes it, and so does one after it on the same line. The first comment of a header, with all
its paragraphs, describes the file and the namespace of its name. A ruler line, a comment before a blank line, the one after a
closing brace (`}  // namespace x`) and the one after a forward declaration describe nothing. Inside functions comments stay what
they are. What would be a command to doxygen is text.

The public names that a header of tornado/core adds to a module are shown in the module's header, where its users find them.

In a page, links to headers and to pages of the guide lead to their pages in the reference, other links to the file in the
repository: the pages, build/docs here and /reference on the course site, are at most two folders below its root. Names such as
`gen::sleep` lead to their descriptions.
"""

import argparse
import json
import os
import pathlib
import re

from cpp_reader import Reader

ROOT = pathlib.Path(__file__).resolve().parent.parent
PRIVATE_END = re.compile(r"^( (?:private|protected):\n(?:(?!\};).*\n)*)\};", re.MULTILINE)
PUBLIC = "final/include/tornado"
GUIDE = "final/docs/guide"

COMMENT = re.compile(r"^(\s*)//(?!/) ?(.*)$")
BEHIND = re.compile(r"^(?P<code>.*?[;,{}\w)]\s+)// (?P<text>.*)$")
CLOSING = re.compile(r"^(\s*\};?)\s+// (?:namespace|class|struct)\b.*$")
FRIEND = re.compile(r"^\s*friend (?:class|struct) .*;$")
FORWARD = re.compile(r"^\s*(?:class|struct|union) \w+;\s+$")
RULER = re.compile(r"^-{4,}( .*)?$")
COMMANDS = re.compile(r'("[^"]*")|([@\\<>#%&])')
COMPARISON = re.compile(r"friend (constexpr )?bool operator==\((const \w+&|\w+), .*\) = default;")
PUBLIC_HEADER = re.compile(r"^Public header[:.] (.)")
FENCE = re.compile(r"^```(\w*)")
HEADING = re.compile(r"^(#+) (.*)$")
# A link, whose text may be code; or a name of a public namespace as code.
REFERENCE = re.compile(r"\[([^\]]+)\]\(([^()\s]+)\)|`(\w+::\w+)(\(\))?`")


# ---- headers


def plain(text, in_code=False):
    """Text without a meaning to doxygen; what stands between backticks or quotes has none anyway. `in_code`: it begins there."""
    pieces = text.split("`")
    return "`".join(piece if (number + in_code) % 2 else COMMANDS.sub(lambda found: found[1] or "\\" + found[2], piece)
                    for number, piece in enumerate(pieces))


def without_prefix(text):
    return PUBLIC_HEADER.sub(lambda found: found[1].upper(), text)


def lines_in_functions(source):
    inside = set()
    for function in Reader(source).functions:
        inside.update(range(function.first_line + 1, function.last_line + 1))
    return inside


def detached(lines):
    """The numbers of the lines of comments after which a blank line comes."""
    found = set()
    for number in range(len(lines), 0, -1):
        after = lines[number] if number < len(lines) else ""
        if COMMENT.match(lines[number - 1]) and (not after.strip() or number + 1 in found):
            found.add(number)
    return found


def after_code(line):
    """Splits a line with a comment after a declaration into the code and the comment as doxygen is to read it, "" for none."""
    found = BEHIND.match(line)
    if not found or found["code"].count('"') % 2 == 1 or line.lstrip().startswith("#"):  # odd: the text is inside a string
        return line, None
    code, text = found["code"], plain(found["text"])
    if FORWARD.match(code):
        return code.rstrip(), ""
    if code.rstrip().endswith("{"):
        return f"/// {text}\n{code.rstrip()}", ""
    if code.rstrip().endswith("= delete;"):
        text = f"Deleted: {text}"
    elif text.startswith("(") and text.endswith(")"):
        text = f"Default: {text[1:-1]}"
    return code, f"///< {text}"


def about_namespace(source, module):
    """The first paragraph of the header, as the description of the namespace that has its name."""
    if not module or not re.search(rf"^namespace (tornado::)?{module}\b", source, re.MULTILINE):
        return []
    paragraph = []
    for line in source.splitlines():
        comment = COMMENT.match(line)
        if not comment or not comment[2]:
            break
        paragraph.append(plain(comment[2]))
    return [f"/// @namespace tornado::{module}", "/// " + without_prefix(" ".join(paragraph)), f"namespace tornado::{module} {{}}"]


def owner(source):
    """The module to which a header of tornado/core adds public names; None if it adds none."""
    modules = [name for name in re.findall(r"^namespace tornado::(\w+) \{", source, re.MULTILINE) if name != "core"]
    return "web" if "web" in modules else next(iter(modules), None)


def with_core(module):
    """What the headers of tornado/core add to a module: its users include its public header, and find it there."""
    sources = [file.read_text() for file in sorted((ROOT / PUBLIC / "core").glob("*.h"))]
    return "".join(filtered(source, about_file=False) for source in sources if owner(source) == module)


def filtered(source, module="", about_file=True):
    """`about_file`: the first comment describes the file."""
    lines = source.splitlines()
    as_it_is = lines_in_functions(source) | detached(lines)
    first, in_code = True, False
    behind = None  # the column of the last comment after a declaration and whether it is shown, while it goes on
    result = []
    for number, line in enumerate(lines, 1):
        comment = COMMENT.match(line)
        if comment and behind and behind[0] == len(comment[1]):
            result.append(f"{comment[1]}///< {plain(comment[2])}" if behind[1] else "")
            continue
        elif comment and first:
            if about_file:
                result.append("/// @file\n/// " + plain(without_prefix(comment[2])) if number == 1 else "/// " + plain(comment[2]))
            continue
        elif comment and RULER.match(comment[2]):
            result.append("")
        elif number in as_it_is:
            result.append(line)
        elif comment:
            result.append(f"{comment[1]}/// {plain(comment[2], in_code)}")
            in_code ^= comment[2].count("`") % 2 == 1
        elif FRIEND.match(line):
            result.append("")
        elif CLOSING.match(line):
            result.append(CLOSING.match(line)[1])
        else:
            code, text = after_code(COMPARISON.sub(r"\1bool operator==(\2) const = default;", line))  # doxygen loses the friend
            result.append(code + (text or ""))
            if text is not None:
                behind = (len(BEHIND.match(line)["code"]), text != "")
                continue
        first, behind = False, None
        in_code = in_code and bool(comment)
    return "\n".join(result + about_namespace(source, module)) + "\n"


# ---- pages


def label(path, anchor=""):
    """The name under which doxygen knows a page of the guide, or a heading of it."""
    stem = path.removeprefix(GUIDE + "/").removesuffix(".md")
    page = "guide" if stem == "README" else f"guide-{stem}"
    return f"{page}-{anchor}" if anchor else page


def slug(heading):
    """The anchor that a heading has in the repository's pages."""
    return re.sub(r"[^\w\- ]", "", heading.lower()).replace(" ", "-")


def is_module(name):
    return (ROOT / PUBLIC / f"{name.removesuffix('_')}.h").is_file()


def reference(found, folder):
    """A link or a name, as a link of the reference."""
    text, target, name, call = found.groups()
    if name:
        module, _, member = name.partition("::")
        return f'<code>@ref tornado::{name} "{name}{call or ""}"</code>' if module != "tornado" and is_module(module) else found[0]
    if "://" in target:
        return found[0]
    path, _, anchor = target.partition("#")
    path = os.path.normpath(os.path.join(folder, path))
    if path.startswith(PUBLIC + "/"):
        return f"[{text}](@ref {path.removeprefix('final/include/')})"
    if os.path.dirname(path) == GUIDE:
        return f"[{text}](@ref {label(path, anchor)})"
    return f'<a href="../../{path}{"#" + anchor if anchor else ""}">{text}</a>'


def page(source, path):
    """`path` is relative to the repository."""
    result, text = [], []  # text: lines that may share a link
    fenced = False
    for line in [*source.splitlines(), "```"]:
        fence, heading = FENCE.match(line), HEADING.match(line)
        if text and (fence or heading):
            result.append(REFERENCE.sub(lambda found: reference(found, os.path.dirname(path)), "\n".join(text)))
            text = []
        if fence:
            fenced = not fenced
            result.append("```{.%s}" % (fence[1] if fence[1] == "cpp" else "txt") if fenced else "```")
        elif fenced:
            result.append(line)
        elif heading and path.startswith(GUIDE + "/"):
            result.append(f"{line} {{#{label(path, slug(heading[2]) if len(heading[1]) > 1 else '')}}}")
        else:
            text.append(line)
    return "\n".join(result[:-1]) + "\n"


def ending_publicly(text):
    """Each class with a private part ends with `public:`. Otherwise doxygen 1.9.8 takes the next name space's classes for private."""
    return PRIVATE_END.sub(r"\1 public: };", text)


def shown(file):
    source = file.read_text()
    if file.suffix == ".md":
        return page(source, os.path.relpath(file.resolve(), ROOT))
    module = file.stem + "_" * (file.stem == "template")
    return ending_publicly(filtered(source, module) + with_core(module))


def with_additions(text, additions):
    """What scripts/reference.py adds: {line: comment on the declaration that begins there}."""
    lines = text.splitlines()
    return "\n".join(f"\n{additions[str(number)]}\n{line}" if str(number) in additions else line for number, line in enumerate(lines, 1)) + "\n"


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("file", type=pathlib.Path, metavar="FILE")
    file = parser.parse_args().file
    if not file.is_file():
        parser.error(f"there is no file {file}")
    text = shown(file)
    if "REFERENCE_ADDITIONS" in os.environ:
        text = with_additions(text, json.loads(pathlib.Path(os.environ["REFERENCE_ADDITIONS"]).read_text()).get(f"tornado/{file.name}", {}))
    print(text, end="")


if __name__ == "__main__":
    main()
