"""What the tests of this folder include is compiled once for each compiler, not once for each test."""

import pathlib
import subprocess

import pytest

INCLUDE = pathlib.Path(__file__).resolve().parents[2] / "final" / "include"
COMPILERS = ["g++", "clang++-19"]


class Precompiled:
    """A compiler with `begin`, the first lines of each program that it gets."""

    def __init__(self, compiler, begin, folder):
        self.begin = begin
        self.command = [compiler, "-std=c++20", "-Wall", "-I", str(INCLUDE), "-x"]
        header = folder / "begin.h"
        header.write_text(begin)
        made = folder / ("begin.h.gch" if compiler == "g++" else "begin.pch")
        subprocess.run([*self.command, "c++-header", header, "-o", made], check=True)
        self.included = ["-include", str(header)] if compiler == "g++" else ["-include-pch", str(made)]

    def compile(self, program):
        return self.run(["-Winvalid-pch", *self.included], program)

    def compile_whole(self, program):
        """The same without precompiling: g++ forgets the pragmas of a precompiled header."""
        return self.run([], self.begin + program)

    def run(self, options, program):
        """Makes code, and does not only check syntax: whether a function returns is looked at then."""
        return subprocess.run([*self.command, "c++", *options, "-S", "-o", "/dev/null", "-"], input=program, text=True,
                              capture_output=True, env={"PATH": "/usr/bin:/bin", "LC_ALL": "C"})


@pytest.fixture(scope="module", params=COMPILERS)
def precompiled(request, tmp_path_factory):
    """Compiles what follows the module's BEGIN."""
    return Precompiled(request.param, request.module.BEGIN, tmp_path_factory.mktemp("begin"))
