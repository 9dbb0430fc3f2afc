"""The kqueue poller compiles with the types that each BSD and macOS give kqueue's structure, with both compilers."""

import pathlib
import subprocess

import pytest

ROOT = pathlib.Path(__file__).resolve().parent.parent.parent
WARNINGS = ["-Wall", "-Wextra", "-Wpedantic", "-Wshadow", "-Wconversion", "-Werror"]
SYSTEMS = {
    "freebsd": ["-DFAKE_FREEBSD"],
    "openbsd": [],
    "netbsd": ["-DFAKE_NETBSD"],
    "netbsd-9": ["-DFAKE_NETBSD", "-DFAKE_OLD_NETBSD"],
    "macos": ["-DFAKE_MACOS"],
}


# IOL-28
@pytest.mark.parametrize("compiler", ["g++", "clang++-19"])
@pytest.mark.parametrize("system", SYSTEMS)
@pytest.mark.parametrize("source", ["kqueue.cc", "poller.cc"])
def test_compiles_with_the_types_of(system, source, compiler):
    command = [compiler, "-std=c++20", "-fsyntax-only", *WARNINGS, *SYSTEMS[system],
               "-I", ROOT / "tests" / "final" / "loop" / "poll" / "fake_kqueue", "-I", ROOT / "final" / "include",
               "-I", ROOT / "final" / "src", ROOT / "final" / "src" / "loop" / "poll" / source]
    done = subprocess.run(command, text=True, capture_output=True)
    assert done.returncode == 0 and not done.stderr, done.stderr
