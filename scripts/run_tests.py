#!/usr/bin/python3
"""Runs the tests, stage by stage, and ends with what failed and how to run it alone.

    run_tests.py test              what everybody runs: one build, the C++ tests, the clients, the exercises
    run_tests.py test --chapter 03 the tests of that chapter only
    run_tests.py check             everything that must hold; it begins with the stages of `test`
    run_tests.py --only asan ...   one stage, or some
    run_tests.py --list

--fresh runs also what passed before and has not changed since. A stage that fails does not stop the others, except the
build. All that a stage said is in build/logs/STAGE.log.
"""

import argparse
import concurrent.futures
import os
import re
import shutil
import subprocess
import sys
import threading
import time
from dataclasses import replace

import stages
from stages import ROOT, Command, Stage

JOBS = str(os.cpu_count() or 2)
WAITING_JOBS = str((os.cpu_count() or 2) + 2)  # for tests that mostly wait for a server or a timeout
GIB = 1 << 30
# What build/ takes when all has been built: measured with du after a run (2.3 and 10.7 GiB), and some more.
BUILDS_TAKE = {"test": 3 * GIB, "check": 12 * GIB}
RELEASE = {"TORNADO_BUILD": str(ROOT / "build" / "release")}
DATA = ["tests/final/**/*.jsonl", "tests/vectors/**/*", "tests/fuzz/seeds/**/*", "tests/final/**/*.py"]


def build(preset, *targets, options=()):
    return Command(["scripts/build.sh", preset, "-DTORNADO_WERROR=ON", *options, *targets])


def ctest(preset, *arguments):
    return Command(["ctest", "--test-dir", f"build/{preset}", "--output-on-failure", "--no-tests=error", "-j", JOBS,
                    "--output-junit", "{junit}", *arguments], junit=True,
                   alone=f"ctest --test-dir build/{preset} --output-on-failure -R '^{{}}$'")


def pytest(*arguments, environment=None):
    return Command([sys.executable, "-m", "pytest", "-p", "no:cacheprovider", "-v", "--junitxml={junit}", *arguments],
                   junit=True, alone="/usr/bin/python3 -m pytest '{}'", environment=environment or {})


def python(*words):
    return Command([sys.executable, *words])


def prove(part):
    return Command([sys.executable, "exercises/run.py", "prove", f"--part={part}", "--junit={junit}"], junit=True,
                   alone="/usr/bin/python3 exercises/run.py prove {}")


def test_stages():
    return [
        Stage("build", "the framework, the chapters, the demos and their tests; g++", [build("debug", "tested")], 60),
        Stage("c++", "the C++ tests", [ctest("debug")], 10, inputs=DATA,
              programs=["build/debug/tests/**/*_test", "build/debug/tests/**/*_replay"]),
        Stage("clients", "Python, curl and others send requests to the framework's servers",
              [pytest("-n", WAITING_JOBS, "-m", "not browser", "tests/clients", "tests/cluster")], 15,
              inputs=["pytest.ini", "tests/*.py", "tests/clients/**/*", "tests/cluster/**/*", "tests/vectors/**/*", "final/demos/**/*", "chapters/*/*.md", "slides/*",
                      "exercises/*/*.md", "build/debug/final/demos/*/*", "build/debug/tests/final/*_app/*",
                      "build/debug/tests/final/wsgi_module/*"]),
        Stage("chapters", "the chapters' servers, over real connections",
              [pytest("-n", WAITING_JOBS, "-m", "not browser", "tests/chapters/wire")], 10,
              inputs=["pytest.ini", "tests/*.py", "tests/clients/*.py", "tests/chapters/**/*.py", "tests/chapters/**/*.toml",
                      "build/debug/chapters/*/*_server", "build/debug/final/demos/*/*"]),
        Stage("exercises", "each starter fails for the declared reason, each solution passes",
              [prove("basics")], 45,
              inputs=["exercises/**/*", "chapters/**/*", "final/include/**/*", "build/debug/final/libtornado.a"], beside="clients"),
    ]


def check_stages():
    return [
        Stage("house", "format, house rules, co_await statements, tables", [
            Command(["scripts/format.sh", "--check"]),
            python("scripts/check_tree.py"),
            python("scripts/check_await.py"),
            python("scripts/grid.py", "--check"),
            python("scripts/compatibility.py", "--check"),
            python("scripts/limits.py", "--check"),
        ], 5, independent=True),
        Stage("headers", "each header alone; what must not compile", [pytest("-n", JOBS, "tests/compile")], 10),
        Stage("course", "the runner, the lessons' form, the quizzes and the decks", [pytest("-n", JOBS, "tests/course")], 10),
        Stage("release", "the optimised build, and the C++ tests in it",
              [build("release", "all", options=("-DTORNADO_BUILD_TESTS=ON", "-DTORNADO_BUILD_BENCHES=ON")), ctest("release")], 30),
        Stage("pages", "each quotation in a document matches its source or the program's output",
              [pytest("-n", JOBS, "--dist=loadfile", "tests/docs", environment=RELEASE)], 30),
        Stage("deploy", "a service behind nginx and HAProxy, with the files of deploy/", [pytest("tests/deploy")], 15),
        Stage("browser", "Chromium opens the demos and each page of the course; axe-core finds nothing in them",
              [pytest("-n", JOBS, "-m", "browser", "tests/clients", "tests/chapters/wire")], 15),
        Stage("benches", "short runs of the experiments", [pytest("tests/bench", environment=RELEASE)], 10),
        Stage("planted", "each planted mistake is rejected; solutions with threads pass under TSan",
              [prove("planted")], 60, beside="pages"),
        Stage("mine", "the milestones one by one; the grid asks servers that are made of the solutions",
              [python("exercises/run.py", "milestones"), python("exercises/run.py", "mine", "--solutions")], 60,
              inputs=["exercises/**/*", "chapters/**/*", "tests/clients/*.py", "tests/chapters/**/*.py",
                      "tests/chapters/**/*.toml"], beside="browser"),
        Stage("mutants", "small changes of the exercises' solutions are noticed, or listed with the reason",
              [Command([sys.executable, "exercises/run.py", "mutants", "--junit={junit}"], junit=True,
                       alone="/usr/bin/python3 exercises/run.py mutants {}")],
              60, inputs=["exercises/**/*", "chapters/**/*.h", "chapters/**/*.cc", "final/include/**/*",
                          "build/debug/final/libtornado.a"], beside="deploy"),
        Stage("asan", "the framework's C++ tests, g++ with ASan and UBSan", [build("asan", "all"), ctest("asan")], 25),
        Stage("clang-asan", "the C++ tests, clang 19 with ASan and UBSan", [build("clang-asan", "all"), ctest("clang-asan")], 25),
        Stage("faults", "a sample of the fault sweep: system calls fail, one after the other", [
            build("debug", "fault_sweep", "chapter_faults"),
            Command(["build/debug/tests/faults/fault_sweep", "--prove"]),
            Command(["build/debug/tests/faults/fault_sweep", "--every=11"]),
            python("tests/faults/chapters.py", "--prove"),
            python("tests/faults/chapters.py", "--every=4"),
        ], 15),
        Stage("simulation", "a server, its clients and a network in virtual time; 200 seeds", [
            build("debug", "simulation"),
            Command(["build/debug/tests/simulation/simulation", "--prove"]),
            Command(["build/debug/tests/simulation/simulation", "--seeds=200"]),
        ], 10, beside="faults"),
        Stage("tsan", "the tests that use threads, clang 19 with TSan",
              [build("tsan", "threads_tests"), ctest("tsan", "-L", "^threads$")], 20),
        Stage("package", "the installed library and its Debian package, used by separate projects", [pytest("-n", JOBS, "--dist=loadfile", "tests/package")], 20),
        Stage("lifetimes", "tornado_check() finds each wrong use of coroutines, and nothing in the demos",
              [pytest("-n", JOBS, "tests/lint")], 15),
        Stage("compile-time", "what each public header costs those who include it", [pytest("-s", "tests/compile_time")], 10),
    ]


def chapter_stages(chapter):
    return [
        Stage("build", f"chapter {chapter} and its tests; g++",
              [build("debug", f"chapter_{chapter}_tests", f"chapter_{chapter}")], 10),
        Stage("c++", "its C++ tests", [ctest("debug", "-R", f"^chapter_{chapter}")], 5),
        Stage("chapters", "its servers, over real connections",
              [pytest("-n", WAITING_JOBS, "-m", "not browser", "tests/chapters/wire", f"--chapter={chapter}")], 5),
    ]


def missing_space(what, built, free):
    """What to say when the disk would be full before the end; "" when there is enough."""
    needed = BUILDS_TAKE[what] - built
    if free >= needed:
        return ""
    return (f"error: make {what} needs {needed / GIB:.1f} GiB of disk more for its builds, and {free / GIB:.1f} GiB are free. "
            "make clean deletes the builds of an earlier state.")


def size_of_builds():
    said = subprocess.run(["du", "-s", "-B1", "build"], cwd=ROOT, capture_output=True, text=True).stdout
    return int(said.split()[0]) if said else 0


class Installation(threading.Thread):
    """Installs what the tests need while the first build runs: that one needs none of it."""

    def __init__(self, groups):
        super().__init__(daemon=True)
        self.groups, self.code, self.start_time = groups, None, time.monotonic()

    def start(self):
        missing = subprocess.run(["scripts/need.sh", "--missing", *self.groups], cwd=ROOT, capture_output=True, text=True).stdout
        if missing and os.geteuid() != 0 and sys.stdin is not None and sys.stdin.isatty():
            subprocess.run(["sudo", "-v"])  # asks for the password, which the thread cannot
        super().start()

    def run(self):
        stages.LOGS.mkdir(parents=True, exist_ok=True)
        with (stages.LOGS / "packages.log").open("w") as log:
            self.code = subprocess.run(["scripts/need.sh", *self.groups], cwd=ROOT, stdin=subprocess.DEVNULL, stdout=log,
                                       stderr=subprocess.STDOUT).returncode

    def finish(self):
        self.join()
        words = (stages.LOGS / "packages.log").read_text()
        if words:
            print(f"  packages      {time.monotonic() - self.start_time:6.0f} s  {len(re.findall(r'^  [a-z]', words, re.M))} "
                  "installed meanwhile: build/logs/packages.log", flush=True)
        if self.code:
            sys.exit(words + "error: the packages above are missing")


def run_side_by_side(together, fresh):
    """Runs stages at the same time, and prints the line of each when it ends. An interruption ends them all."""
    with concurrent.futures.ThreadPoolExecutor() as pool:
        try:
            running = [pool.submit(stages.run, stage, fresh) for stage in together]
            for ended in concurrent.futures.as_completed(running):
                stages.print_line(ended.result())
        except BaseException:
            stages.end_all()
            raise
    return [ended.result() for ended in running]


def run_all(chosen, groups, fresh):
    """Runs the stages in turn, each with those that run beside it. One whose neighbour is not chosen runs alone."""
    installation = Installation(groups)
    installation.start()
    names = [stage.name for stage in chosen]
    results = []
    for number, stage in enumerate(chosen):
        if stage.beside in names:
            continue
        results += run_side_by_side([replace(stage, beside=""), *(other for other in chosen if other.beside == stage.name)], fresh)
        if number == 0:
            installation.finish()
        if stage.name == "build" and not results[-1].ok:
            break
    return results


def print_summary(results, seconds):
    failed = [result for result in results if not result.ok]
    for result in failed:
        stages.print_failures(result)
    passed = sum(result.passed for result in results)
    bad = sum(max(1, len(result.failures)) for result in failed)
    print(f"\n{len(results)} stages, {int(seconds) // 60} min {int(seconds) % 60} s; the output of each is in build/logs/")
    print(f"{passed} passed, {bad} failed")
    if failed:
        print("FAILED: " + ", ".join(result.stage.name for result in failed))


def parse():
    names = [stage.name for stage in test_stages() + check_stages()]
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("what", nargs="?", choices=["test", "check"], default="test")
    chapters = sorted(folder.name[:2] for folder in (ROOT / "chapters").glob("[0-9][0-9]-*"))
    parser.add_argument("--chapter", metavar="NN", choices=chapters, help="only the tests of this chapter of the course")
    parser.add_argument("--fresh", action="store_true", help="run every stage, also those that passed and have not changed since")
    parser.add_argument("--only", action="append", choices=names, metavar="STAGE", help="run this stage; may be repeated")
    parser.add_argument("--list", action="store_true", help="list the stages")
    return parser.parse_args()


def main():
    arguments = parse()
    known = test_stages() + check_stages()
    if arguments.list:
        for stage in known:
            print(f"{stage.name:13} {stage.about}")
        return 0
    if arguments.only:
        chosen, groups = [stage for stage in known if stage.name in arguments.only], ["test", "check"]
    elif arguments.chapter:
        chosen, groups = chapter_stages(arguments.chapter), ["test-chapter"]
    elif arguments.what == "check":
        chosen, groups = known, ["test", "check"]
    else:
        chosen, groups = test_stages(), ["test"]
    if not (arguments.only or arguments.chapter):
        if problem := missing_space(arguments.what, size_of_builds(), shutil.disk_usage(ROOT).free):
            sys.exit(problem)
    start = time.monotonic()
    results = run_all(chosen, groups, arguments.fresh)
    print_summary(results, time.monotonic() - start)
    return 0 if all(result.ok for result in results) else 1


if __name__ == "__main__":
    try:  # a shell may have closed it: the first file that is opened would take its place
        os.fstat(0)
    except OSError:
        os.open(os.devnull, os.O_RDONLY)
    try:
        sys.exit(main())
    except KeyboardInterrupt:
        sys.exit("\nerror: interrupted")
