#!/usr/bin/python3
"""Runs everything that must hold, stage by stage, and ends with one line a stage and a total.

    run_tests.py [--quick] [--only STAGE ...] [--list]
    run_tests.py --chapter 01

--chapter is the tests of one chapter of the course. --quick is the everyday run: the checkers, the debug build, the
tests from outside and those of the course. A stage that fails does not stop the others. All that a stage said is in
build/logs/STAGE.log.
"""

import argparse
import os
import pathlib
import re
import subprocess
import sys
import time
from dataclasses import dataclass

ROOT = pathlib.Path(__file__).resolve().parent.parent
LOGS = ROOT / "build" / "logs"
JOBS = str(os.cpu_count() or 2)
WAITING_JOBS = str((os.cpu_count() or 2) + 1)  # for tests that mostly wait for a server or a timeout
HEARTBEAT_SECONDS = 30
SHOWN_ON_FAILURE = 400

CTEST_SUMMARY = re.compile(r"^\d+% tests passed, (\d+) tests failed out of (\d+)")
CTEST_NOT_RUN = re.compile(r"\*\*\*(?:Skipped|Not Run)")
PYTEST_SUMMARY = re.compile(r"^=* ?(?:\d+ \w+, )*\d+ (?:passed|failed|errors?|skipped)\b.* in [\d.]+s")
PYTEST_COUNT = re.compile(r"(\d+) (passed|failed|error|skipped|xfailed)")
CLOSING = re.compile(r"^(?:Total Test time|The following tests FAILED|\s+\d+ - .*\((?:Failed|Timeout|SEGFAULT|.*Abort).*\)"
                     r"|FAILED |ERROR |error: |check_\w+: |prove: |[\d-]+ .*: NO$|clang-format-19: )")


@dataclass
class Stage:
    name: str
    about: str
    commands: list
    quick: bool = False
    independent: bool = False  # a command that fails does not stop the next


@dataclass
class Result:
    stage: Stage
    seconds: float = 0.0
    passed: int = 0
    failed: int = 0
    ok: bool = True


def build_and_ctest(preset, target="all", *ctest_arguments):
    return [
        ["scripts/build.sh", preset, "-DTORNADO_WERROR=ON", target],
        ["ctest", "--test-dir", f"build/{preset}", "--output-on-failure", "--no-tests=error", "-j", JOBS,
         *ctest_arguments],
    ]


def pytest(*arguments):
    return [sys.executable, "-m", "pytest", "-p", "no:cacheprovider", "-rs", *arguments]


def chapter_stages(chapter):
    return [
        Stage(f"chapter-{chapter}", "its C++ tests, g++",
              build_and_ctest("debug", f"chapter_{chapter}_tests", "-R", f"^chapter_{chapter}")),
        Stage("wire", "its servers from outside", [
            ["scripts/build.sh", "debug", f"chapter_{chapter}"],
            pytest("-n", WAITING_JOBS, "tests/chapters/wire", f"--chapter={chapter}"),
        ]),
    ]


def stages():
    python = sys.executable
    return [
        Stage("checks", "format, house rules, co_await statements, each header alone", [
            ["scripts/format.sh", "--check"],
            [python, "scripts/check_tree.py"],
            [python, "scripts/check_await.py"],
            [python, "scripts/grid.py", "--check"],
            [python, "scripts/compatibility.py", "--check"],
            pytest("-n", JOBS, "tests/compile"),
        ], quick=True, independent=True),
        Stage("debug", "the C++ tests, g++", build_and_ctest("debug"), quick=True),
        Stage("outside", "Python clients, documents and tools", [
            pytest("-n", WAITING_JOBS, "tests/clients"),
            pytest("tests/docs", "tests/bench"),  # they show and measure times: nothing beside them
        ], quick=True, independent=True),
        Stage("chapters", "the servers of the chapters, from outside", [
            pytest("-n", WAITING_JOBS, "tests/chapters/wire"),
        ], quick=True),
        Stage("course", "every exercise proved; its runner, the lessons and the slides checked", [
            [python, "exercises/run.py", "prove"],
            pytest("-n", JOBS, "tests/course"),
        ], quick=True, independent=True),
        Stage("asan", "the framework's C++ tests, g++ with ASan and UBSan", build_and_ctest("asan")),
        Stage("clang-asan", "the C++ tests, clang 19 with ASan and UBSan", build_and_ctest("clang-asan")),
        Stage("tsan", "the tests that use threads, clang 19 with TSan",
              build_and_ctest("tsan", "threads_tests", "-L", "^threads$")),
        Stage("package", "installed, found and served by a foreign project", [pytest("tests/package")]),
        Stage("compile-time", "what each public header costs who includes it", [pytest("-s", "tests/compile_time")]),
    ]


def environment():
    settings = {
        "TORNADO_BUILD": str(ROOT / "build" / "debug"),
        "PYTHONDONTWRITEBYTECODE": "1",
        "UBSAN_OPTIONS": "print_stacktrace=1",
        "TSAN_OPTIONS": "halt_on_error=1",
        "CLICOLOR_FORCE": "0",
    }
    return {**os.environ, **settings}


def count(line, result):
    """Adds what a closing line of ctest or pytest says; a test that was not run is a failure."""
    summary = CTEST_SUMMARY.match(line)
    if summary:
        failed, total = map(int, summary.groups())
        result.failed += failed
        result.passed += total - failed
    elif PYTEST_SUMMARY.match(line):
        for number, word in PYTEST_COUNT.findall(line):
            if word == "passed":
                result.passed += int(number)
            else:
                result.failed += int(number)
                result.ok = False
    elif CTEST_NOT_RUN.search(line):
        result.failed += 1
        result.ok = False
    else:
        return False
    return True


class Progress:
    """Says on a terminal where the work stands, elsewhere once in a while that it goes on."""

    def __init__(self):
        self.terminal = sys.stdout.isatty()
        self.last = time.monotonic()

    def show(self, line):
        if self.terminal:
            print("\r\033[K  " + line[:100], end="", flush=True)
        elif time.monotonic() - self.last > HEARTBEAT_SECONDS:
            self.last = time.monotonic()
            print("  ... " + line[:100], flush=True)

    def clear(self):
        if self.terminal:
            print("\r\033[K", end="", flush=True)


def run_command(command, log, result, progress):
    log.write(f"$ {' '.join(command)}\n")
    process = subprocess.Popen(command, cwd=ROOT, env=environment(), text=True, errors="replace",
                               stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.STDOUT)
    for line in process.stdout:
        log.write(line)
        line = line.rstrip()
        if count(line, result) or CLOSING.match(line):
            progress.clear()
            print("  " + line, flush=True)
        elif line:
            progress.show(line)
    progress.clear()
    return process.wait() == 0


def run_stage(stage, place):
    print(f"[{place}] {stage.name}: {stage.about}", flush=True)
    result = Result(stage)
    progress = Progress()
    start = time.monotonic()
    path = LOGS / f"{stage.name}.log"
    with path.open("w") as log:
        for command in stage.commands:
            if not run_command(command, log, result, progress):
                result.ok = False
                if not stage.independent:
                    break
    result.seconds = time.monotonic() - start
    if not result.ok:
        lines = path.read_text().splitlines()
        print(f"---- the end of {path.relative_to(ROOT)} ({len(lines)} lines) ----")
        print("\n".join(lines[-SHOWN_ON_FAILURE:]))
        print("----", flush=True)
    return result


def print_summary(results, seconds):
    print(f"\n{'stage':14} {'':6} {'passed':>7} {'failed':>7} {'seconds':>8}")
    for result in results:
        word = "ok" if result.ok else "FAILED"
        print(f"{result.stage.name:14} {word:6} {result.passed:7} {result.failed:7} {result.seconds:8.1f}")
    passed = sum(result.passed for result in results)
    failed = sum(result.failed for result in results)
    broken = [result.stage.name for result in results if not result.ok]
    print(f"total: {len(results)} stages, {passed} tests passed, {failed} failed, {seconds:.0f} s")
    print(f"FAILED: {', '.join(broken)} (logs in build/logs)" if broken else "PASSED")


def main():
    known = stages()
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--quick", action="store_true", help="checkers, debug build, tests from outside")
    parser.add_argument("--only", action="append", choices=[stage.name for stage in known], metavar="STAGE")
    parser.add_argument("--chapter", metavar="NN", help="only the tests of this chapter of the course")
    parser.add_argument("--list", action="store_true", help="list the stages")
    arguments = parser.parse_args()
    if arguments.list:
        for stage in known:
            print(f"{stage.name:14} {stage.about}")
        return 0
    if arguments.chapter:
        chosen = chapter_stages(arguments.chapter)
    else:
        chosen = [stage for stage in known
                  if (stage.quick or not arguments.quick) and (not arguments.only or stage.name in arguments.only)]
    LOGS.mkdir(parents=True, exist_ok=True)
    start = time.monotonic()
    results = [run_stage(stage, f"{number}/{len(chosen)}") for number, stage in enumerate(chosen, 1)]
    print_summary(results, time.monotonic() - start)
    return 0 if all(result.ok for result in results) else 1


if __name__ == "__main__":
    try:
        sys.exit(main())
    except KeyboardInterrupt:
        sys.exit("\nerror: interrupted")
