"""The mutants of a source: what one small change each makes of it, and one source that holds all of them, so that they are
compiled together. In that source, each function holds its body once for each of its mutants; the environment variable
MUTANT chooses."""

import difflib
import re
from dataclasses import dataclass

REPLACED = [  # (what, by what): operators have blanks around them, angle brackets of templates do not
    (r" < ", " <= "), (r" <= ", " < "), (r" > ", " >= "), (r" >= ", " > "), (r" == ", " != "), (r" != ", " == "),
    (r" && ", " || "), (r" \|\| ", " && "), (r" \+ ", " - "), (r" - ", " + "), (r" \+= ", " = "), (r" -= ", " += "),
    (r"\+\+(?=\w)", "--"), (r"--(?=\w)", "++"), (r"!(?=[\w(])", ""), (r"\btrue\b", "false"), (r"\bfalse\b", "true"),
    (r"\bbreak;", "continue;"), (r"\bcontinue;", "break;"),
]
NUMBER = re.compile(r"(?<![\w.'])\d+(?![\w.'])")
CALL = re.compile(r"\s*(?!return\b)[\w.:]+(?:->\w+)*\(.*\);$")
GUARD = re.compile(r"\s*if \(.*\) (?:return|co_return|continue|break|throw)\b.*;$")
STATEMENT = re.compile(r"\s*(?!return\b|break\b|continue\b|throw\b)\S.*;$")
TEXT = re.compile(r'"(?:\\.|[^"\\\n])*"|//[^\n]*|/\*.*?\*/|(?<!\w)\'(?:\\.|[^\'\\\n])+\'', re.DOTALL)
CONTAINER = re.compile(r"\b(?:namespace|struct|class|union|enum)\b[^()]*$")
CHOICE = """#ifndef MUTANT_CHOSEN  // a source may include headers that have it, too
#define MUTANT_CHOSEN
#include <cstdlib>
namespace {
const int mutant_chosen = std::getenv("MUTANT") ? std::atoi(std::getenv("MUTANT")) : 0;
}
#endif
"""


@dataclass(frozen=True)
class Mutant:
    number: int  # of the line, from 0
    line: str
    becomes: str  # of two lines that change places, the second
    begin: int  # what is replaced in the text, and by what
    end: int
    by: str

    def of(self, text, begin=0, end=None):
        """The part of the text between `begin` and `end`, changed."""
        return text[begin:self.begin] + self.by + text[self.end:end]


def _blank(text):
    """The text with blanks for what strings and comments say."""
    return TEXT.sub(lambda found: re.sub(r"[^\n]", " ", found[0]), text)


def _own_lines(solution, starter):
    """The numbers of the solution's lines that the starter does not have."""
    matcher = difflib.SequenceMatcher(None, starter, solution, autojunk=False)
    return [number for kind, _, _, begin, end in matcher.get_opcodes() if kind != "equal" for number in range(begin, end)]


def _is_whole(line):
    """Whether no bracket is opened or closed here that another line closes or has opened."""
    depth = 0
    for character in _blank(line):
        depth += {**dict.fromkeys("([{", 1), **dict.fromkeys(")]}", -1)}.get(character, 0)
        if depth < 0:
            return False
    return depth == 0


def _is_statement(line):
    return bool(STATEMENT.fullmatch(line)) and _is_whole(line)


def _changes(line):
    """(begin, end, by what) for each change of one line. Texts and comments stay."""
    blank = _blank(line)
    for pattern, by in REPLACED:
        for found in re.finditer(pattern, blank):
            yield found.start(), found.end(), by
    for found in NUMBER.finditer(blank):
        yield found.start(), found.end(), str(int(found[0]) + 1)
    if _is_whole(line) and (CALL.fullmatch(blank.rstrip()) or GUARD.fullmatch(blank.rstrip())):
        yield len(line) - len(line.lstrip()), len(line), ""


def mutants(text, starter):
    """All mutants of a solution's text."""
    lines = text.split("\n")
    own = set(_own_lines(lines, starter.split("\n")))
    at = 0
    for number, line in enumerate(lines):
        if number in own:
            for begin, end, by in _changes(line):
                becomes = (line[:begin] + by + line[end:]).strip()
                yield Mutant(number, line.strip(), becomes, at + begin, at + end, by)
            following = lines[number + 1] if number + 1 in own else ""
            indent = len(line) - len(line.lstrip())
            if _is_statement(line) and _is_statement(following) and following[indent:] == following.lstrip():
                end = at + len(line) + 1 + len(following)
                yield Mutant(number, line.strip(), following.strip(), at + indent, end, f"{following.lstrip()}\n{line}")
        at += len(line) + 1


def _closing(blank, opening):
    depth = 0
    for at in range(opening, len(blank)):
        depth += {"{": 1, "}": -1}.get(blank[at], 0)
        if depth == 0:
            return at
    raise ValueError("a brace is not closed")


def bodies(text):
    """The (begin, end) of what is between the braces of each function; not of those that a constant may need."""
    blank = _blank(re.sub(r"(?m)^#.*$", lambda line: " " * len(line[0]), text))
    at = header = 0
    while at < len(blank):
        if blank[at] == "{":
            before = blank[header:at]
            if CONTAINER.search(before):
                header = at + 1
            else:
                end = _closing(blank, at)
                if "(" in before and blank[at - 1].isspace() and not before.rstrip().endswith("="):
                    if "constexpr" not in before:
                        yield at + 1, end
                    header = end + 1
                at = end
        elif blank[at] in ";}":
            header = at + 1
        at += 1


def place(text, found):
    """The body that holds a mutant's change, or None."""
    return next((body for body in bodies(text) if body[0] <= found.begin and found.end <= body[1]), None)


def together(text, numbered):
    """The source that holds all of `numbered`, a dictionary from number to mutant, each of which is in a body. What the
    compiler says of number 7 names the file mutant-7."""
    made, at = [CHOICE, '#line 1 "solution"\n'], 0
    for begin, end in bodies(text):
        made.append(text[at:begin])
        inside = {number: one for number, one in numbered.items() if begin <= one.begin and one.end <= end}
        for number, one in inside.items():
            made.append(f'\nif (mutant_chosen == {number}) {{\n#line 1 "mutant-{number}"\n{one.of(text, begin, end)}\n}} else ')
        if inside:
            made.append(f'{{\n#line {text.count(chr(10), 0, begin) + 1} "solution"\n')
        made.append(text[begin:end] + ("}\n" if inside else ""))
        at = end
    return "".join([*made, text[at:]])
