"""Each starter and solution includes what it uses. The runner gives them a precompiled header, which would hide what a file
forgets; a reader's copy has none."""

import pathlib
import subprocess
import sys

import pytest

ROOT = pathlib.Path(__file__).resolve().parent.parent.parent
sys.path.insert(0, str(ROOT / "exercises"))
import builder
import catalogue

FOLDERS = {f"{exercise.id} {folder.name}": (exercise, folder)
           for exercise in catalogue.all_exercises() for folder in (exercise.starter, exercise.solution)}


@pytest.mark.parametrize("name", FOLDERS)
def test_compiles_without_the_precompiled_header(name):
    exercise, folder = FOLDERS[name]
    _, include = next(iter(builder.parts(exercise, folder)))
    sources = sorted(folder.glob("*.cc")) or sorted(folder.glob("*.h"))
    assert sources
    for source in sources:
        command = ["g++", *(f"-I{place}" for place in include), *builder.COMMON, "-fsyntax-only", "-include", str(source), "-xc++", "/dev/null"]
        done = subprocess.run(command, capture_output=True, text=True)
        assert done.returncode == 0, done.stderr
