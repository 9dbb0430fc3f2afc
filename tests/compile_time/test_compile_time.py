"""A header costs every file that includes it: each public header has a budget of compile time with g++.

The budgets are seconds of a machine that compiles an empty file with <string> in 0.19 s. That file is compiled first,
and on a slower machine the budget grows as its time does; it never shrinks. Counted is the compiler's processor time,
the best of a few runs, the first of which warms the file cache. These tests run alone, not beside a build. With -s
they print the table.
"""

import os
import pathlib
import subprocess

import pytest

ROOT = pathlib.Path(__file__).resolve().parent.parent.parent
INCLUDE = ROOT / "final" / "include"
HEADERS = sorted(str(path.relative_to(INCLUDE)) for path in INCLUDE.glob("tornado/*.h"))
BUDGET = 0.6
OTHER_BUDGETS = {
    "tornado/tornado.h": 1.0,  # the umbrella, for slides and hello world
    "tornado/json.h": 2.0,  # brings a JSON library, for those who ask for it
    "tornado/testing.h": 2.0,  # brings GoogleTest, for those who ask for it
    "tornado/uimodule.h": 0.9,  # web.h and template.h together
    # Over the 0.6 s that is the aim, since web.h knows templates, users, locales and files: to be brought back under it.
    "tornado/web.h": 0.8,
    "tornado/websocket.h": 0.85,
    "tornado/static_file_handler.h": 0.8,
    "tornado/httpclient.h": 0.75,
    "tornado/curl_httpclient.h": 0.8,
    "tornado/httpserver.h": 0.75,
    "tornado/routing.h": 0.7,
    "tornado/caresresolver.h": 0.7,
    "tornado/tcpclient.h": 0.7,
    "tornado/tcpserver.h": 0.7,
    "tornado/gen.h": 0.7,
    "tornado/multipart.h": 0.7,
    "tornado/process.h": 0.7,
}
HELLO = ROOT / "final" / "demos" / "helloworld" / "helloworld.cc"
HELLO_BUDGET = 1.5
YARDSTICK = "#include <string>\n"
YARDSTICK_SECONDS = 0.19
RUNS = 8


def seconds_to_compile(source):
    command = ["g++", "-std=c++20", "-O0", "-I", str(INCLUDE), "-x", "c++", "-c", "-", "-o", os.devnull]
    process = subprocess.Popen(command, stdin=subprocess.PIPE, text=True)
    process.stdin.write(source)
    process.stdin.close()
    _, status, usage = os.wait4(process.pid, 0)
    process.returncode = os.waitstatus_to_exitcode(status)
    assert process.returncode == 0
    return usage.ru_utime + usage.ru_stime


@pytest.fixture(scope="module")
def slowness():
    """How many times slower this machine is than the one the budgets are for; at least 1."""
    seconds = min(seconds_to_compile(YARDSTICK) for _ in range(RUNS))
    return max(1.0, seconds / YARDSTICK_SECONDS)


def check_budget(name, source, allowed):
    """Compiles until a run keeps the budget; the first run only warms the file cache."""
    seconds_to_compile(source)
    best = float("inf")
    for _ in range(RUNS):
        best = min(best, seconds_to_compile(source))
        if best <= allowed:
            break
    print(f"\n  {name:26} {best:5.2f} s of {allowed:.2f} s", end=" ")
    assert best <= allowed


@pytest.mark.parametrize("header", HEADERS)
def test_header_compiles_within_its_budget(header, slowness):
    check_budget(header, f"#include <{header}>\n", OTHER_BUDGETS.get(header, BUDGET) * slowness)


if HELLO.exists():
    def test_hello_world_compiles_within_its_budget(slowness):
        check_budget(HELLO.name, HELLO.read_text(), HELLO_BUDGET * slowness)
