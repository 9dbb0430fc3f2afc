"""What exercises there are: one folder exercises/NN-K-name each, described by its exercise.toml. Those on the framework are
F-1-name and so on."""

import pathlib
import shutil
import tomllib
from dataclasses import dataclass

ROOT = pathlib.Path(__file__).resolve().parent.parent
EXERCISES = ROOT / "exercises"


class Unknown(Exception):
    """There is no such exercise; the text says which there are."""


def count(number, noun):
    return f"{number} {noun}" if number == 1 else f"{number} {noun}s"


@dataclass
class Wrong:
    patch: pathlib.Path  # turns the solution into a wrong one
    test: str  # the test that must reject it
    misconception: str  # what that test's message must say

    @property
    def name(self):
        return self.patch.stem


@dataclass
class Milestone:
    title: str
    steps: str  # of the lesson, which show this part: "step 1" or "steps 1 and 2"
    group: str  # the tests that check it: those of this gtest suite


@dataclass
class Exercise:
    id: str  # "01-1"
    folder: pathlib.Path
    title: str
    kind: str  # rebuild, extend, debug or measure
    stars: int
    minutes: int
    chapters: list  # the chapters whose libraries it is linked with
    replaces: list  # files of these chapters that the reader's files replace
    libraries: list  # what these chapters are linked with, for the linker: ["re2"]
    framework: bool  # it is linked with final/, built by scripts/build.sh
    threads: bool  # the solution must also pass under ThreadSanitizer
    begin: str  # where to begin, for the first run
    learnt: str  # what to remember of a solved hunt; "" for the other kinds
    first_failure: str  # the test that fails on the starter
    says: str  # and what its message must say
    wrong: list
    layer: str  # what the solved exercise is in the reader's own Tornado ("the loop's core"); "" for an extra
    milestones: list  # in the order of the lesson's steps; none for an exercise in one piece

    @property
    def chapter(self):
        return self.id.partition("-")[0]

    @property
    def starter(self):
        return self.folder / "starter"

    @property
    def solution(self):
        return self.folder / "solution"

    @property
    def work(self):
        return self.folder / "work"

    @property
    def groups(self):
        """The tests of each milestone, as patterns of gtest."""
        return [f"{milestone.group}.*" for milestone in self.milestones]

    @property
    def hints(self):
        return sorted((self.folder / "hints").glob("[0-9].md"))

    def make_work(self):
        """The reader's own copy of the starter. True if it was made just now."""
        if self.work.exists():
            return False
        shutil.copytree(self.starter, self.work)
        return True


def load(folder):
    fields = tomllib.loads((folder / "exercise.toml").read_text())
    chapter, number, _ = folder.name.split("-", 2)
    wrong = [Wrong(folder / "wrong" / f"{one['name']}.patch", one["test"], one["misconception"]) for one in fields["wrong"]]
    return Exercise(f"{chapter}-{number}", folder, fields["title"], fields["kind"], fields["stars"], fields["minutes"],
                    fields["chapters"], fields.get("replaces", []), fields.get("libraries", []),
                    fields.get("framework", False), fields.get("threads", False), fields["begin"],
                    fields["learnt"] if fields["kind"] == "debug" else "", fields["starter"]["fails"], fields["starter"]["says"], wrong,
                    fields.get("layer", ""), [Milestone(**one) for one in fields.get("milestone", [])])


def all_exercises():
    return [load(path.parent) for path in sorted(EXERCISES.glob("*/exercise.toml"))]


def find(name):
    """The exercise that EX names. Raises Unknown."""
    exercises = all_exercises()
    for exercise in exercises:
        if name in (exercise.id, exercise.folder.name):
            return exercise
    known = " ".join(exercise.id for exercise in exercises)
    what = f"there is no exercise '{name}'; " if name else "no exercise is named; "
    raise Unknown(f"{what}use EX= with one of: {known}")
