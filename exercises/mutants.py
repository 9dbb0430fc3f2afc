"""Mutants of a solution: copies with one small change each, which some test should reject. Only lines that the starter does
not have are changed. exercises/NN-K-name/mutants.toml lists the changes that no test can notice, with the reason:

  [[equivalent]]
  line = "the line, without the blanks around it"
  becomes = "the line after the change; of two lines that change places, the second"
  because = "why nobody can tell the difference"
"""

import concurrent.futures
import difflib
import os
import re
import shutil
import tomllib
from dataclasses import dataclass

import builder
import results
from catalogue import count

FOLDER = builder.BUILD / "mutants"
REPLACED = [  # (what, by what): operators have blanks around them, angle brackets of templates do not
    (r" < ", " <= "), (r" <= ", " < "), (r" > ", " >= "), (r" >= ", " > "), (r" == ", " != "), (r" != ", " == "),
    (r" && ", " || "), (r" \|\| ", " && "), (r" \+ ", " - "), (r" - ", " + "), (r" \+= ", " = "), (r" -= ", " += "),
    (r"\+\+(?=\w)", "--"), (r"--(?=\w)", "++"), (r"!(?=[\w(])", ""), (r"\btrue\b", "false"), (r"\bfalse\b", "true"),
    (r"\bbreak;", "continue;"), (r"\bcontinue;", "break;"),
]
NUMBER = re.compile(r"(?<![\w.'])\d+(?![\w.'])")
CALL = re.compile(r"\s*(?!return\b)[\w.:]+(?:->\w+)*\(.*\);$")
STATEMENT = re.compile(r"\s*(?!return\b|break\b|continue\b|throw\b)\S.*;$")
TEXT = re.compile(r'"(?:\\.|[^"\\])*"|//.*')


@dataclass(frozen=True)
class Mutant:
    file: str  # its name
    number: int  # of the line, from 0
    line: str
    becomes: str
    lines: tuple  # of the whole file


def _own_lines(solution, starter):
    """The numbers of the solution's lines that the starter does not have."""
    matcher = difflib.SequenceMatcher(None, starter, solution, autojunk=False)
    return [number for kind, _, _, begin, end in matcher.get_opcodes() if kind != "equal" for number in range(begin, end)]


def _changes(line):
    """What one line may become. Texts and comments stay."""
    blank = TEXT.sub(lambda text: " " * len(text[0]), line)
    for pattern, by in REPLACED:
        for found in re.finditer(pattern, blank):
            yield line[:found.start()] + by + line[found.end():]
    for found in NUMBER.finditer(blank):
        yield f"{line[:found.start()]}{int(found[0]) + 1}{line[found.end():]}"
    if CALL.fullmatch(blank):
        yield ""


def mutants(file, solution, starter):
    own = _own_lines(solution, starter)
    for number in own:
        line = solution[number]
        for becomes in _changes(line):
            yield Mutant(file, number, line.strip(), becomes.strip(),
                         (*solution[:number], becomes, *solution[number + 1:]))
        following = solution[number + 1] if number + 1 in own else ""
        indent = len(line) - len(line.lstrip())
        if STATEMENT.fullmatch(line) and STATEMENT.fullmatch(following) and following[indent:] == following.lstrip():
            yield Mutant(file, number, line.strip(), following.strip(),
                         (*solution[:number], following, line, *solution[number + 2:]))


def mutants_of(exercise):
    """Those of all files of the solution."""
    for source in sorted(file for file in exercise.solution.iterdir() if file.suffix in (".cc", ".h")):
        starter = (exercise.starter / source.name).read_text().splitlines()
        yield from mutants(source.name, source.read_text().splitlines(), starter)


def _outcome(exercise, number, mutant):
    """"killed", "survived" or "does not build"."""
    folder = FOLDER / exercise.id / str(number)
    shutil.rmtree(folder, ignore_errors=True)
    shutil.copytree(exercise.solution, folder)
    (folder / mutant.file).write_text("\n".join(mutant.lines) + "\n")
    try:
        program = builder.build(exercise, folder)
    except builder.DoesNotBuild:
        return "does not build"
    return "survived" if results.run(program).all_passed else "killed"


def _equivalents(exercise):
    file = exercise.folder / "mutants.toml"
    listed = tomllib.loads(file.read_text())["equivalent"] if file.exists() else []
    return {(one["line"], one["becomes"]): one["because"] for one in listed}


def main(exercise):
    """Returns 0 if each mutant is killed or listed as equivalent."""
    found = list(mutants_of(exercise))
    equivalent = _equivalents(exercise)
    with concurrent.futures.ThreadPoolExecutor(os.cpu_count()) as pool:
        outcomes = list(pool.map(lambda one: _outcome(exercise, *one), enumerate(found)))
    survived = [mutant for mutant, outcome in zip(found, outcomes) if outcome == "survived"]
    unknown = [mutant for mutant in survived if (mutant.line, mutant.becomes) not in equivalent]
    stale = equivalent.keys() - {(mutant.line, mutant.becomes) for mutant in survived}
    for mutant in unknown:
        print(f"{mutant.file}:{mutant.number + 1}: no test notices\n    {mutant.line}\n    {mutant.becomes or '(dropped)'}")
    for line, becomes in sorted(stale):
        print(f"mutants.toml lists what did not survive:\n    {line}\n    {becomes or '(dropped)'}")
    print(f"{exercise.id}: {count(len(found), 'mutant')}, {outcomes.count('does not build')} do not build, "
          f"{outcomes.count('killed')} killed, {len(survived) - len(unknown)} equivalent, {len(unknown)} survive")
    return 1 if unknown or stale else 0
