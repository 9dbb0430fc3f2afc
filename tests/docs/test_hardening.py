"""The recipes of final/docs/hardening.md compile, and the page quotes all of them."""

import pathlib
import re
import subprocess

import pytest

ROOT = pathlib.Path(__file__).resolve().parents[2]
PAGE = ROOT / "final" / "docs" / "hardening.md"
SOURCE = PAGE.with_suffix(".cc")
WARNINGS = ["-Wall", "-Wextra", "-Wpedantic", "-Wshadow", "-Wconversion", "-Werror"]


@pytest.mark.parametrize("compiler", ["g++", "clang++-19"])
def test_the_recipes_compile(compiler):
    command = [compiler, "-std=c++20", "-fsyntax-only", *WARNINGS, "-I", ROOT / "final" / "include", SOURCE]
    done = subprocess.run(command, text=True, capture_output=True)
    assert done.returncode == 0 and not done.stderr, done.stderr


def test_every_recipe_is_on_the_page():
    regions = re.findall(r"^ *// \[(\w+)\]$", SOURCE.read_text(), re.MULTILINE)
    assert regions
    assert [region for region in regions if f"file=final/docs/hardening.cc#{region}\n" not in PAGE.read_text()] == []
