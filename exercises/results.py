"""Runs a test program and reads what it said."""

import os
import re
import subprocess
import threading
from dataclasses import dataclass, field

SECONDS = 60  # for all tests of an exercise; each one's Story gives up much earlier
RUN = re.compile(r"\[ RUN      \] (\S+)")
END = re.compile(r"\[ +(OK|FAILED) +\] (\S+) \(\d+ ms\)")
PLACE = re.compile(r"^(.+:\d+|unknown file): Failure$|^Failed$")
THROWN = re.compile(r'(?:C\+\+ exception with description "(.*)"|Unknown C\+\+ exception) thrown in the test body\.')


@dataclass
class Test:
    name: str
    passed: bool = False
    message: str = ""


@dataclass
class Results:
    tests: list = field(default_factory=list)  # those that were begun
    total: int = 0

    @property
    def passed(self):
        return sum(test.passed for test in self.tests)

    @property
    def all_passed(self):
        return self.total > 0 and self.passed == self.total

    @property
    def failed(self):
        return [test for test in self.tests if not test.passed]

    def of_group(self, group):
        return [test for test in self.tests if test.name.startswith(f"{group}.")]

    def reached(self, milestones):
        """How many milestones are reached: all tests of the first so many pass."""
        broken = (number for number, one in enumerate(milestones)
                  if not self.of_group(one.group) or not all(test.passed for test in self.of_group(one.group)))
        return next(broken, len(milestones))

    def find(self, name):
        return next((test for test in self.tests if test.name == name), None)


def _read(output):
    tests = []
    running = None
    for line in output.splitlines():
        if begun := RUN.match(line):
            running = Test(begun[1])
            tests.append(running)
        elif running and (end := END.match(line)) and end[2] == running.name:
            running.passed = end[1] == "OK"
            running = None  # what follows the last one is a summary
        elif running and (thrown := THROWN.match(line)):
            running.message += f"\n  An exception left your code: {thrown[1] or 'of an unknown type'}\n"
        elif running and not line.startswith("[") and not PLACE.match(line):
            running.message += line + "\n"
    for test in tests:
        test.message = test.message.strip("\n")
    return tests


def count_tests(program):
    listed = subprocess.run([program, "--gtest_list_tests"], capture_output=True, text=True, timeout=SECONDS, check=True)
    return sum(line.startswith("  ") for line in listed.stdout.splitlines())


def _output(program, tests, wait, heard):
    """(what the program printed, whether it ended by itself) With `wait`, it first waits so many seconds for a debugger.
    heard() gets each line as it comes."""
    environment = {**os.environ, "ASAN_OPTIONS": "color=never:abort_on_error=1",
                   "UBSAN_OPTIONS": "print_stacktrace=1:abort_on_error=1", "TSAN_OPTIONS": "halt_on_error=1",
                   "STORY_WAIT": str(wait)}
    with subprocess.Popen([program, f"--gtest_filter={tests}"], stdin=subprocess.DEVNULL, stdout=subprocess.PIPE,
                          stderr=subprocess.STDOUT, text=True, errors="replace", env=environment) as process:
        if wait:
            print(f"The tests begin in {wait} s, or once you have attached: gdb -p {process.pid}", flush=True)
        limit = threading.Timer(SECONDS, process.kill)
        if not wait:
            limit.daemon = True  # Ctrl-C does not wait for it
            limit.start()
        lines = []
        for line in process.stdout:
            lines.append(line)
            heard(line)
        ended = bool(wait) or limit.is_alive()
        limit.cancel()
        return "".join(lines), ended


def _begin(program, tests, wait, heard):
    """Runs the tests that match, until all of them have run or one has ended the program."""
    output, ended = _output(program, tests, wait, heard)
    begun = _read(output)
    if not ended and begun:
        begun[-1].message += f"\n  The tests did not end in {SECONDS} s; this one was running."
    return begun


def unheard(line):
    """Nobody listens to the lines of the output."""


def run(program, wait=0, heard=unheard):
    """Runs all tests. One that ends the program (a crash, a Story that waited too long) is a failure like others. With
    `wait`, the program gives you so many seconds to attach a debugger, and its tests have no time limit. heard()
    gets each line of the output as it comes."""
    results = Results(total=count_tests(program))
    while True:  # once more without those that were run, if one ended the program
        done = ":".join(test.name for test in results.tests)
        tests = _begin(program, f"*-{done}" if done else "*", wait, heard)
        wait = 0
        results.tests += tests
        if not tests or len(results.tests) >= results.total:
            return results


def run_once(program, tests="*"):
    """Runs the tests that match, until all of them have run or one has ended the program."""
    return Results(_begin(program, tests, 0, unheard), count_tests(program))


def run_groups(program, groups, wait=0, heard=unheard):
    """Runs the tests group by group, up to the first group in which one fails: what comes later is not written yet."""
    results = Results(total=count_tests(program))
    for group in groups:
        results.tests += _begin(program, group, wait, heard)
        wait = 0
        if results.failed:
            break
    return results


def of_exercise(exercise, program, wait=0, heard=unheard):
    """Runs the tests as the reader meets them: all, or milestone by milestone."""
    return run_groups(program, exercise.groups, wait, heard) if exercise.milestones else run(program, wait, heard)
