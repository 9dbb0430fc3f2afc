"""Each header of final/include compiles alone, without a warning, with both compilers."""

import pathlib
import subprocess

import pytest

INCLUDE = pathlib.Path(__file__).resolve().parent.parent.parent / "final" / "include"
HEADERS = sorted(str(path.relative_to(INCLUDE)) for path in INCLUDE.rglob("*.h"))
WARNINGS = ["-Wall", "-Wextra", "-Wpedantic", "-Wshadow", "-Wconversion", "-Wnon-virtual-dtor",
            "-Woverloaded-virtual", "-Werror"]


def test_there_are_headers():
    assert "tornado/log.h" in HEADERS


@pytest.mark.parametrize("compiler", ["g++", "clang++-19"])
@pytest.mark.parametrize("header", HEADERS)
def test_compiles_alone(header, compiler):
    command = [compiler, "-std=c++20", "-fsyntax-only", *WARNINGS, "-I", str(INCLUDE), "-x", "c++", "-"]
    # Twice, so that a missing #pragma once is found as well.
    done = subprocess.run(command, input=f"#include <{header}>\n#include <{header}>\n", text=True, capture_output=True)
    assert done.returncode == 0 and not done.stderr, done.stderr
