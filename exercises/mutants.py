"""Runs the tests of an exercise against the mutants of its solution: copies with one small change each, which some test should
reject. Only lines that the starter does not have are changed. exercises/NN-K-name/mutants.toml lists the changes that no
test can notice, with the reason:

  [[equivalent]]
  line = "the line, without the blanks around it"
  becomes = "the line after the change; of two lines that change places, the second"
  because = "why nobody can tell the difference"

All mutants are compiled at once (see mutations.py). Those that do not build, and those outside of functions, are compiled
again, each alone.
"""

import concurrent.futures
import os
import re
import shutil
import subprocess
import threading
import tomllib
import xml.etree.ElementTree as xml
from dataclasses import dataclass, field

import builder
import mutations
import results

FOLDER = builder.BUILD / "mutants"
SUFFIXES = (".cc", ".h")
QUICK_SECONDS = 0.15  # tests that take longer on the solution run only if the others let a mutant pass
PATIENCE, AT_LEAST_SECONDS = 5, 2  # so many times what the solution needs, and so much more, may a mutant take
AGAIN = 2  # how often a verdict in doubt is looked at once more
LIST = "mutants.toml"
ENVIRONMENT = {"ASAN_OPTIONS": "abort_on_error=1:detect_leaks=0", "UBSAN_OPTIONS": "abort_on_error=1", "STORY_WAIT": "0",
               "GTEST_FAIL_FAST": "1"}
PASSED = re.compile(r"\[       OK \] (\S+) \((\d+) ms\)")
RUNNING = 4 * (os.cpu_count() or 2)  # most mutants that hang only wait
COMPILING = threading.Semaphore(os.cpu_count() or 2)
GUILTY = re.compile(r'mutant-(\d+):\d+:\d+: (?:error|fatal error)|mutant-(\d+):\d+:\d+:   (?:required|in)')
KILLED, SURVIVED, DOES_NOT_BUILD = "killed", "survived", "does not build"


@dataclass
class Subject:
    """The mutants of one exercise, by number, and the file of each."""
    exercise: object
    mutants: dict = field(default_factory=dict)
    files: dict = field(default_factory=dict)

    def __post_init__(self):
        for file in sorted(self.exercise.solution.iterdir()):
            starter = self.exercise.starter / file.name
            if file.suffix in SUFFIXES:
                for mutant in mutations.mutants(file.read_text(), starter.read_text() if starter.exists() else ""):
                    number = len(self.mutants) + 1
                    self.mutants[number], self.files[number] = mutant, file

    def folder(self, name, texts):
        """A copy of the solution with other texts in some files."""
        folder = FOLDER / self.exercise.id / name
        shutil.rmtree(folder, ignore_errors=True)
        shutil.copytree(self.exercise.solution, folder)
        for file, text in texts.items():
            (folder / file.name).write_text(text)
        return folder

    def of_file(self, file, numbers):
        return {number: self.mutants[number] for number in numbers if self.files[number] == file}


# ---- building


def _compile(command):
    with COMPILING:
        return subprocess.run(command, cwd=builder.ROOT, capture_output=True, text=True)


def _program(exercise, folder):
    """Builds the tests with the files of `folder`. Raises DoesNotBuild."""
    objects = []
    for source, include in builder.parts(exercise, folder):
        if folder not in include and folder not in source.parents:  # neither a mutant nor a reader of its headers
            objects.append(builder.compile_object(source, "address", include))
            continue
        output = folder / f"{source.stem}.o"
        # What a mutant reads before anything was written there must not depend on what the stack held.
        done = _compile(["g++", *(f"-I{one}" for one in include), *builder.COMMON, *builder.FLAGS["address"], "-w",
                         "-ftrivial-auto-var-init=pattern", "-fmax-errors=0", "-c", str(source), "-o", str(output)])
        if done.returncode != 0:
            raise builder.DoesNotBuild(done.stderr)
        objects.append(output)
    return builder.link(folder / "program", objects, "address", [*exercise.libraries, "gtest", "gtest_main"], exercise.framework)


def _build_together(subject, numbers):
    """(the program that holds all of these mutants but some, those)"""
    left, guilty = set(numbers), set()
    while True:
        texts = {file: mutations.together(file.read_text(), subject.of_file(file, left))
                 for file in set(subject.files.values())}
        try:
            return _program(subject.exercise, subject.folder("together", texts)), guilty
        except builder.DoesNotBuild as words:
            named = {int(number) for found in GUILTY.findall(str(words)) for number in found if number} & left
            if not named:
                raise
            guilty |= named
            left -= named


def _build_alone(subject, number):
    """The program of one mutant, or None if it does not build."""
    file = subject.files[number]
    try:
        return _program(subject.exercise, subject.folder(str(number), {file: subject.mutants[number].of(file.read_text())}))
    except builder.DoesNotBuild:
        return None


# ---- running


def _passes(program, number, tests, seconds):
    """Whether all these tests pass within this time. The first that fails ends the program."""
    environment = {**os.environ, **ENVIRONMENT, "MUTANT": str(number)}
    try:
        done = subprocess.run([program, f"--gtest_filter={tests}"], stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL,
                              stderr=subprocess.DEVNULL, env=environment, timeout=seconds, check=False)
    except subprocess.TimeoutExpired:
        return False
    return done.returncode == 0


def _groups(program):
    """[(a filter of tests, how many seconds they may take)], the quick tests first."""
    done = subprocess.run([program], stdin=subprocess.DEVNULL, capture_output=True, text=True, errors="replace",
                          env={**os.environ, **ENVIRONMENT}, timeout=results.SECONDS)
    if done.returncode != 0:
        raise builder.DoesNotBuild(f"the solution fails its own tests:\n{done.stdout}{done.stderr}")
    seconds = {name: int(milliseconds) / 1000 for name, milliseconds in PASSED.findall(done.stdout)}
    groups = [[name for name in seconds if seconds[name] <= QUICK_SECONDS],
              [name for name in seconds if seconds[name] > QUICK_SECONDS]]
    return [(":".join(names), PATIENCE * sum(seconds[name] for name in names) + AT_LEAST_SECONDS) for names in groups if names]


def _survives(program, number, groups):
    return all(_passes(program, number, tests, seconds) for tests, seconds in groups)


def _verdicts(subject, doubted):
    """{number: KILLED, SURVIVED or DOES_NOT_BUILD}. `doubted` says of a verdict whether it is looked at again, alone: a busy
    machine may kill a mutant that nobody can notice, and luck may spare one."""
    inside = [number for number, mutant in subject.mutants.items()
              if mutations.place(subject.files[number].read_text(), mutant)]
    program, guilty = _build_together(subject, inside)
    groups = _groups(program)
    programs = {number: (program, number) for number in inside if number not in guilty}
    for number in subject.mutants.keys() - programs.keys():
        programs[number] = (_build_alone(subject, number), 0)
    with concurrent.futures.ThreadPoolExecutor(RUNNING) as pool:
        survived = dict(zip(programs, pool.map(lambda one: one[0] and _survives(*one, groups), programs.values())))
    for number, one in programs.items():
        for _ in range(AGAIN):
            if one[0] and doubted(subject.mutants[number], survived[number]):
                survived[number] = _survives(*one, [(tests, results.SECONDS) for tests, _ in groups])
    return {number: DOES_NOT_BUILD if one[0] is None else SURVIVED if survived[number] else KILLED
            for number, one in programs.items()}


# ---- the report


@dataclass
class Row:
    exercise: object
    outcomes: dict  # {number: verdict}
    unlisted: list  # mutants that survive
    stale: list  # (line, becomes) of mutants.toml that did not survive
    broken: str = ""  # why there are no verdicts

    def number_of(self, outcome):
        return list(self.outcomes.values()).count(outcome)

    def complaints(self):
        if self.broken:
            yield self.broken
        for mutant in self.unlisted:
            yield f"line {mutant.number + 1}: no test notices\n    {mutant.line}\n    {mutant.becomes or '(dropped)'}"
        for line, becomes in self.stale:
            yield f"mutants.toml lists what did not survive:\n    {line}\n    {becomes or '(dropped)'}"


def _equivalents(exercise):
    listed = tomllib.loads((exercise.folder / LIST).read_text()) if (exercise.folder / LIST).exists() else {}
    return {(one["line"], one["becomes"]): one["because"] for one in listed.get("equivalent", [])}


def listed(exercises):
    """Those whose mutants are examined: they have a list of what is equivalent, which may be empty."""
    return [exercise for exercise in exercises if (exercise.folder / LIST).exists()]


def examine(exercise):
    subject = Subject(exercise)
    equivalent = _equivalents(exercise)

    def expected(mutant):
        return (mutant.line, mutant.becomes) in equivalent

    try:
        outcomes = _verdicts(subject, lambda mutant, survived: survived != expected(mutant))
    except builder.DoesNotBuild as words:
        return Row(exercise, {}, [], [], str(words))
    survived = [subject.mutants[number] for number, outcome in sorted(outcomes.items()) if outcome == SURVIVED]
    stale = equivalent.keys() - {(mutant.line, mutant.becomes) for mutant in survived}
    return Row(exercise, outcomes, [mutant for mutant in survived if not expected(mutant)], sorted(stale))


def table(rows):
    """The lines of a table with one row for each exercise, and their sum."""
    head = ("exercise", "mutants", "do not build", "killed", "equivalent", "survive")
    cells = [[len(row.outcomes), row.number_of(DOES_NOT_BUILD), row.number_of(KILLED),
              row.number_of(SURVIVED) - len(row.unlisted), len(row.unlisted)] for row in rows]
    named = [(f"{row.exercise.id}  {row.exercise.title}", *numbers) for row, numbers in zip(rows, cells)]
    named.append(("all", *(map(sum, zip(*cells)) if cells else [0] * 5)))
    width = max(len(name) for name, *_ in [head, *named])
    for name, *numbers in [head, *named]:
        yield "  ".join([name.ljust(width), *(str(number).rjust(len(title)) for number, title in zip(numbers, head[1:]))])


def _report(path, rows):
    suite = xml.Element("testsuite", name="mutants", tests=str(len(rows)))
    for row, problems in rows:
        case = xml.SubElement(suite, "testcase", name=row.exercise.id, classname="mutants")
        if problems:
            xml.SubElement(case, "failure").text = "\n".join(problems)
    xml.ElementTree(suite).write(path)


def main(exercises, junit=None):
    """Returns 0 if each mutant of these exercises is killed or listed as equivalent."""
    rows = []
    with concurrent.futures.ThreadPoolExecutor(2) as pool:
        for number, row in enumerate(pool.map(examine, exercises), 1):
            rows.append((row, list(row.complaints())))
            print("\n".join([f"{number} of {len(exercises)} {row.exercise.id}", *rows[-1][1]]), flush=True)
    if junit:
        _report(junit, rows)
    print("", *table([row for row, _ in rows]), sep="\n")
    return 1 if any(problems for _, problems in rows) else 0
