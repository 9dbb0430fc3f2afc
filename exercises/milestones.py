"""Proves that the milestones of an exercise can be reached one by one: with the first so many parts of the solution put into the
starter, the tests of so many milestones pass, and those of the next do not.

Where the starter and the solution differ, a comment of the starter names the milestone: `// Milestone 2: ...`. What differs
without such a comment belongs to the last one above it."""

import concurrent.futures
import difflib
import os
import re
import shutil

import builder
import results
from catalogue import count

FOLDER = builder.BUILD / "milestones"
MARK = re.compile(r"// Milestone (\d+)")


class Unclear(Exception):
    """A part of the starter cannot be given to one milestone."""


def fill(starter, solution, reached):
    """The lines of the starter with those of the solution for the first `reached` milestones."""
    made, current = [], 0
    for kind, begin, end, first, last in difflib.SequenceMatcher(None, starter, solution, autojunk=False).get_opcodes():
        named = [int(number) for line in starter[begin:end] for number in MARK.findall(line)]
        if kind == "equal":
            made += starter[begin:end]
            continue
        if len(set(named)) > 1:
            raise Unclear("one part of the starter belongs to several milestones:\n" + "\n".join(starter[begin:end]))
        current = named[0] if named else current
        made += solution[first:last] if current <= reached else starter[begin:end]
    return made


def make(exercise, reached):
    """A folder with the starter, in which the first `reached` milestones are solved."""
    folder = FOLDER / exercise.id / str(reached)
    shutil.rmtree(folder, ignore_errors=True)
    folder.mkdir(parents=True)
    for file in sorted(exercise.starter.iterdir()):
        solution = (exercise.solution / file.name).read_text().splitlines()
        (folder / file.name).write_text("\n".join(fill(file.read_text().splitlines(), solution, reached)) + "\n")
    return folder


def check(exercise, reached):
    """What is wrong with the starter in which so many milestones are solved."""
    try:
        outcome = results.of_exercise(exercise, builder.build(exercise, make(exercise, reached)))
    except builder.DoesNotBuild as words:
        return "it does not build:\n" + "\n".join(str(words).splitlines()[:20])
    except Unclear as words:
        return str(words)
    passed = outcome.reached(exercise.milestones)
    if passed == reached:
        return ""
    failed = f"; {outcome.failed[0].name} fails:\n{outcome.failed[0].message}" if outcome.failed else ""
    return f"{passed} milestones are reached{failed}"


def main(exercises):
    """Returns 0 if each milestone of these exercises can be reached by itself. The last one is the solution, which prove.py
    proves."""
    todo = [(one, reached) for one in exercises for reached in range(1, len(one.milestones))]
    bad = 0
    with concurrent.futures.ThreadPoolExecutor(os.cpu_count()) as pool:
        for (one, reached), problem in zip(todo, pool.map(lambda pair: check(*pair), todo)):
            print(f"{one.id} with {count(reached, 'milestone')} solved: {problem or 'ok'}", flush=True)
            bad += bool(problem)
    return 1 if bad else 0
