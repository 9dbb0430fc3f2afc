"""Writes the reference of the public headers, with the guide: make docs.

    reference.py [FOLDER]     into FOLDER/docs, where FOLDER is build unless given

doxygen runs twice. A comment of our headers may describe the declarations after the first one too, which doxygen does not know.
So the first run shows which names it found nothing about, and the second one is told, by scripts/doxygen_filter.py:

- an overload has the comment of the one before it;
- a declaration without a blank line before it refers to the one whose comment comes before both;
- a type says which functions and members use it;
- a constructor names its parameters; what is deleted, copies, moves or compares says so;
- destructors and the parts of a coroutine's protocol are left out.
"""

import argparse
import contextlib
import json
import os
import pathlib
import re
import subprocess
import sys
import tempfile
import xml.etree.ElementTree as xml
from dataclasses import dataclass

import doxygen_filter

ROOT = pathlib.Path(__file__).resolve().parent.parent
PRIVATE = "@private"
PROTOCOL = {"await_ready", "await_suspend", "await_resume", "promise_type", "value_type", "difference_type", "iterator_category"}


def text_of(element, tag):
    found = element.find(tag)
    return " ".join("".join(found.itertext()).split()) if found is not None else ""


def users_of(compounds):
    """Which public functions and members have a type in their declaration: {id of the type: their names}."""
    users = {}
    for compound in compounds:
        scope = text_of(compound, "compoundname")
        for one in compound.iter("memberdef"):
            if one.get("prot") == "private" or compound.get("prot") == "private":
                continue
            name = f"{scope}::{text_of(one, 'name')}" + "()" * (one.get("kind") == "function")
            for used in {ref.get("refid") for tag in ("type", "param", "templateparamlist") for part in one.findall(tag) for ref in part.iter("ref")}:
                if used != compound.get("id") and name not in users.setdefault(used, []):
                    users[used].append(name)
    return users


def listed(names):
    return " and ".join([", ".join(names[:-1]), names[-1]] if len(names) > 1 else names)


def used_by(names):
    if not names:
        return ""
    return f"Used by {listed(names if len(names) < 4 else [*names[:2], 'others'])}."


def hint_for(one, users):
    """What the declaration of a type or function, or its use, says about it."""
    kind = one.get("kind")
    if kind == "function":
        names = [f"`{text_of(parameter, 'declname') or text_of(parameter, 'type')}`" for parameter in one.findall("param")]
        return f"Makes one from {listed(names)}." if names else ""
    if kind in ("variable", "friend"):
        return ""
    if kind == "concept":
        return f"Demands {text_of(one, 'initializer').partition('=')[2].strip()}."
    return used_by(users.get(one.get("id"))) or ("" if kind != "typedef" else f"The same as {text_of(one, 'type')}.")


@dataclass
class Member:
    scope: str
    kind: str
    name: str
    arguments: str
    file: str
    line: int
    inherits: bool
    text: str  # empty: it has no comment
    hint: str = ""  # of a type: what else is known; of a constructor: its parameters

    @property
    def is_special(self):
        return self.name == self.scope.rpartition("::")[2].partition("<")[0].strip() or self.name == "operator="


def compounds_of(folder):
    """The classes, namespaces, pages and headers that doxygen wrote into a folder of XML."""
    return [compound for file in sorted(folder.glob("*.xml")) for compound in xml.parse(file).getroot().iter("compounddef")]


def members_of(compounds):
    """Their public members, in the order of the files."""
    members = []
    users = users_of(compounds)
    for compound in compounds:
        if compound.get("kind") not in ("class", "struct", "union", "namespace", "concept") or compound.get("prot") == "private":
            continue
        if compound.get("kind") != "namespace":
            place = compound.find("location")
            members.append(Member("", "type", text_of(compound, "compoundname"), "", place.get("file"), int(place.get("line")), False,
                                  text_of(compound, "briefdescription") or text_of(compound, "detaileddescription"), hint_for(compound, users)))
        for one in compound.iter("memberdef"):
            if one.get("prot") == "private":
                continue
            place = one.find("location")
            members.append(Member(text_of(compound, "compoundname"), one.get("kind"), text_of(one, "name"), text_of(one, "argsstring"),
                                  place.get("file"), int(place.get("line")), one.find("reimplements") is not None,
                                  text_of(one, "briefdescription") or text_of(one, "detaileddescription"),
                                  hint_for(one, users)))
    return sorted(members, key=lambda member: (member.file, member.line))


def first_line(lines, line):
    """The line, counted from 1, in which the declaration begins that goes on in `line`: after a template's head, for example."""
    while line > 1:
        code = lines[line - 2].partition("//")[0].strip()
        if not re.match(r"(template|requires)\b", code) and (not code or code.startswith("#") or code.endswith((";", "{", "}", ":"))):
            break
        line -= 1
    return line


def own_text(member):
    """What a declaration says by itself; None if it is an ordinary one."""
    if member.name.startswith("~") or member.name in PROTOCOL or (member.kind == "friend" and "operator" not in member.name):
        return PRIVATE
    moves = "&&" in member.arguments
    takes_itself = member.is_special and re.match(r"\((const )?\w+(<.*>)? ?&", member.arguments)
    if member.arguments.endswith("=delete"):
        return "Deleted: it cannot be copied." if takes_itself and not moves else "Deleted."
    if takes_itself and member.arguments.partition("&")[0].strip("( ").removeprefix("const ").partition("<")[0].strip() in member.scope:
        return "Moves." if moves else "Copies."
    if member.is_special and member.arguments.startswith("()"):
        return "Makes one with the default values."
    if member.hint and member.kind != "function":
        return doxygen_filter.plain(member.hint)
    if member.arguments.endswith("=default") and "operator" in member.name:
        return "Compares all members."
    return None


def with_comment(lines, line):
    """The line in which the comment begins that ends before a line; that line if there is none."""
    while line > 1 and re.match(r"\s*///(?!<)", lines[line - 2]):
        line -= 1
    return line


def additions(members, sources):
    """What is to be said about the names without a comment: {file: {line: comment}}."""
    result = {}
    before, end = None, 0
    leader, told = None, ""  # whose comment also describes what follows, and that comment
    for member in members:
        lines = sources[member.file]
        begin = first_line(lines, member.line)
        joined = before and (before.file, before.scope) == (member.file, member.scope) and all(lines[end - 1:begin - 1])
        if member.text or member.inherits:
            told, leader = "\n".join(lines[with_comment(lines, begin) - 1:begin - 1]), member
        else:
            told = told if joined else ""
            own = own_text(member)
            made = member.hint if member.is_special and member.name != "operator=" else ""
            comment = f"/// {own}" if own else told or (f"/// {made}" if made else "")
            if comment == told and told and leader.name != member.name:
                comment = f"/// Described with {leader.name}{'()' if leader.kind == 'function' else ''}."
            if comment:
                result.setdefault(member.file, {})[begin] = comment
        before, end = member, member.line
    return result


def without_private(compounds, sources, result):
    """Adds to additions() what hides private classes, to which doxygen would link without showing them."""
    for one in compounds:
        place = one.find("location")
        if one.get("prot") == "private" and place.get("bodyend", "-1") != "-1":
            lines, told = sources[place.get("file")], result.setdefault(place.get("file"), {})
            end = int(place.get("bodyend")) + 1
            told[with_comment(lines, first_line(lines, int(place.get("line"))))] = "/// @cond"
            told[end] = "/// @endcond\n" + told.get(end, "")
    return result


@contextlib.contextmanager
def paths_for_doxygen():
    """The settings that are paths. doxygen 1.9.4 strips no path with letters outside ASCII, so there it reads a link's folder."""
    settings = (ROOT / "docs" / "Doxyfile").read_text()
    if str(ROOT).isascii():
        yield settings
        return
    with tempfile.TemporaryDirectory() as place:
        link = pathlib.Path(place) / "repository"
        link.symlink_to(ROOT)
        yield re.sub(r"(?<= )(?=(?:docs|final)/)", f"{link}/", settings)


def run_doxygen(folder, *settings, **environment):
    with paths_for_doxygen() as paths:
        lines = [paths, f"OUTPUT_DIRECTORY = {folder}", *settings]
        return subprocess.run(["doxygen", "-"], input="\n".join(lines), cwd=ROOT, text=True, env={**os.environ, **environment}, check=False).returncode


def write(folder, *settings):
    """Returns 0, or doxygen's status if it has warned. `settings` are lines that come last, and count."""
    with tempfile.TemporaryDirectory() as work:
        status = run_doxygen(work, "GENERATE_HTML = NO", "GENERATE_XML = YES")
        if status != 0:
            return status
        compounds = compounds_of(pathlib.Path(work) / "xml")
        members = members_of(compounds)
        sources = {}
        for member in members:
            if member.file not in sources:
                sources[member.file] = doxygen_filter.shown(ROOT / "final" / "include" / member.file).splitlines()
        table = pathlib.Path(work) / "additions.json"
        table.write_text(json.dumps(without_private(compounds, sources, additions(members, sources))))
        return run_doxygen(folder, *settings, REFERENCE_ADDITIONS=str(table))


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("folder", nargs="?", type=pathlib.Path, default=ROOT / "build", metavar="FOLDER")
    folder = parser.parse_args().folder
    folder.mkdir(parents=True, exist_ok=True)
    status = write(folder)
    if status == 0:
        print(f"Wrote {os.path.relpath(folder / 'docs' / 'index.html')}")
    return status


if __name__ == "__main__":
    sys.exit(main())
