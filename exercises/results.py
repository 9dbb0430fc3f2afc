"""Runs a test program and reads what it said."""

import os
import re
import subprocess
from dataclasses import dataclass, field

SECONDS = 60  # for all tests of an exercise; each one's Story gives up much earlier
RUN = re.compile(r"\[ RUN      \] (\S+)")
END = re.compile(r"\[ +(OK|FAILED) +\] (\S+) \(\d+ ms\)")
PLACE = re.compile(r"^\S+:\d+: Failure$|^Failed$")


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

    def find(self, name):
        return next((test for test in self.tests if test.name == name), None)


def _read(output):
    tests = []
    for line in output.splitlines():
        if begun := RUN.match(line):
            tests.append(Test(begun[1]))
        elif tests and (end := END.match(line)) and end[2] == tests[-1].name:
            tests[-1].passed = end[1] == "OK"
        elif tests and not tests[-1].passed and not line.startswith("[") and not PLACE.match(line):
            tests[-1].message += line + "\n"
    for test in tests:
        test.message = test.message.strip("\n")
    return tests


def count_tests(program):
    listed = subprocess.run([program, "--gtest_list_tests"], capture_output=True, text=True, timeout=SECONDS, check=True)
    return sum(line.startswith("  ") for line in listed.stdout.splitlines())


def run(program):
    """Runs all tests. One that ends the program (a crash, a Story that waited too long) is a failure like others."""
    environment = {**os.environ, "ASAN_OPTIONS": "color=never", "UBSAN_OPTIONS": "print_stacktrace=1",
                   "TSAN_OPTIONS": "halt_on_error=1"}
    results = Results(total=count_tests(program))
    done_names = []
    while True:  # once more without those that were run, if one ended the program
        rest = ":".join(done_names)
        command = [program, f"--gtest_filter=*-{rest}" if rest else "--gtest_filter=*"]
        try:
            done = subprocess.run(command, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.STDOUT,
                                  text=True, errors="replace", timeout=SECONDS, env=environment)
            output, code = done.stdout, done.returncode
        except subprocess.TimeoutExpired as late:
            output, code = (late.stdout or b"").decode(errors="replace"), None
        tests = _read(output)
        results.tests += tests
        done_names += [test.name for test in tests]
        if code is None and tests:
            tests[-1].message += f"\n  The tests did not end in {SECONDS} s; this one was running."
        if not tests or len(results.tests) >= results.total:
            return results
