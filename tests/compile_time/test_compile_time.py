"""A header costs every file that includes it: each public header has a budget of compile time with g++.

The budgets are seconds of a machine that compiles an empty file with <regex> in 0.5 s. Counted is the compiler's processor
time. If a header seems to be over its budget, both are compiled a few times in turn, the best of each counts, and the
budget grows with what <regex> takes; it never shrinks. So a machine that is slow, or that becomes slow for a while, is no
failure. <regex> is about as much work as one of our headers, so what slows the one slows the other. If the header still
seems to be over its budget, the compiler's instructions decide, as a multiple of those for <regex>: valgrind counts the
same on every machine. These tests run alone, not beside a build. With -s they print the table, in seconds of that machine.
"""

import functools
import os
import pathlib
import re
import subprocess

import pytest

ROOT = pathlib.Path(__file__).resolve().parent.parent.parent
INCLUDE = ROOT / "final" / "include"
HEADERS = sorted(str(path.relative_to(INCLUDE)) for path in INCLUDE.glob("tornado/*.h"))
BUDGET = 0.6
LIGHT_BUDGET = 0.42
LIGHT = ("autoreload", "bus", "concurrent", "escape", "gen", "http1connection", "ioloop", "locale", "locks", "log", "loop_probe",
         "options", "queues", "redisbus", "ssl", "stack_context", "template_value", "version")  # they include no message
OTHER_BUDGETS = {
    **{f"tornado/{name}.h": LIGHT_BUDGET for name in LIGHT},
    "tornado/tornado.h": 0.9,  # the umbrella, for slides and hello world
    "tornado/json.h": 1.5,  # brings a JSON library, for those who ask for it
    "tornado/testing.h": 1.4,  # brings GoogleTest, for those who ask for it
    "tornado/uimodule.h": 0.75,  # web.h and template.h together
}
HELLO = ROOT / "final" / "demos" / "helloworld" / "helloworld.cc"
HELLO_BUDGET = 1.0
# What a service's own files cost: its handlers with JSON, WebSocket, client and templates, and their tests.
FILES = {"handlers.cc": 4.6, "board_test.cc": 4.7}
YARDSTICK = "#include <regex>\n"
YARDSTICK_SECONDS = 0.5
RUNS = 8
pytestmark = pytest.mark.timeout(600)  # all runs, and one of valgrind, on a machine that is slow

COMPILE = ["g++", "-std=c++20", "-O0", "-I", str(INCLUDE), "-x", "c++", "-c", "-", "-o", os.devnull]
COUNT = ["valgrind", "--tool=cachegrind", "--cache-sim=no", f"--cachegrind-out-file={os.devnull}", "--trace-children=yes"]
COUNTED = re.compile(r"I\s+refs:\s+([\d,]+)")


def seconds_to_compile(source):
    process = subprocess.Popen(COMPILE, stdin=subprocess.PIPE, text=True)
    process.stdin.write(source)
    process.stdin.close()
    _, status, usage = os.wait4(process.pid, 0)
    process.returncode = os.waitstatus_to_exitcode(status)
    assert process.returncode == 0
    return usage.ru_utime + usage.ru_stime


@functools.cache
def instructions_to_compile(source):
    done = subprocess.run([*COUNT, *COMPILE], input=source, text=True, capture_output=True, check=True, timeout=300)
    return max(int(count.replace(",", "")) for count in COUNTED.findall(done.stderr))  # the compiler proper, of its kin


def seconds_by_instructions(source):
    return instructions_to_compile(source) / instructions_to_compile(YARDSTICK) * YARDSTICK_SECONDS


def check_budget(name, source, allowed):
    """Compiles until a run keeps the budget, a few times; then counts."""
    best, slowness, how = seconds_to_compile(source), 1.0, ""
    if best > allowed:
        yardstick = float("inf")
        for _ in range(RUNS):
            yardstick = min(yardstick, seconds_to_compile(YARDSTICK))
            best = min(best, seconds_to_compile(source))
            slowness = max(1.0, yardstick / YARDSTICK_SECONDS)
            if best <= allowed * slowness:
                break
    seconds = best / slowness
    if seconds > allowed:
        seconds, how = seconds_by_instructions(source), "by instructions "
    print(f"\n  {name:26} {seconds:5.2f} s of {allowed:.2f} s", end=f" {how}")
    assert seconds <= allowed


@pytest.mark.parametrize("header", HEADERS)
def test_header_compiles_within_its_budget(header):
    check_budget(header, f"#include <{header}>\n", OTHER_BUDGETS.get(header, BUDGET))


if HELLO.exists():
    def test_hello_world_compiles_within_its_budget():
        check_budget(HELLO.name, HELLO.read_text(), HELLO_BUDGET)


@pytest.mark.parametrize("name", FILES)
def test_a_services_file_compiles_within_its_budget(name):
    check_budget(name, (pathlib.Path(__file__).parent / name).read_text(), FILES[name])
