"""The exercises' runner and prover, on a course of one small exercise."""

import json
import os
import pathlib
import shutil
import signal
import subprocess
import sys
import time

import pytest

ROOT = pathlib.Path(__file__).resolve().parents[2]

TOML = """title = "Add"
kind = "rebuild"
stars = 1
minutes = 5
chapters = []
begin = "add() in work/add.cc"
[starter]
fails = "Add.two_and_two"
says = "Adding is not"
[[wrong]]
name = "times"
test = "Add.two_and_three"
misconception = "Two and two fits both"
[[wrong]]
name = "loops"
test = "Add.two_and_two"
misconception = "Adding is not"
"""
TESTS = """#include <gtest/gtest.h>
#include "support/story.h"
int add(int a, int b);
TEST(Add, two_and_two) {
  story::Story story("Adding is not subtracting.", 1);
  story.step("two is put in twice");
  story.expect("their sum", 4, add(2, 2));
}
TEST(Add, two_and_three) {
  story::Story story("Two and two fits both.", 1);
  story.expect("their sum", 5, add(2, 3));
}
"""
SOLUTION = "int add(int a, int b) { return a + b; }\n"
LOOPS = "int add(int a, int b) { while (a) a |= b | 1; return a; }\n"
PATCH = "--- solution/add.cc\n+++ wrong/add.cc\n@@ -1 +1 @@\n-{}+{}"
TIMES = PATCH.format(SOLUTION, SOLUTION.replace("+", "*"))
README = "# 09-1 Add\n\n★ rebuild · about 5 minutes\n\n## Read first\n\n## Task\n"


class Course:
    def __init__(self, root):
        self.root = root
        (root / "exercises").mkdir(parents=True)
        for file in (ROOT / "exercises").glob("*.py"):
            shutil.copy(file, root / "exercises")
        shutil.copytree(ROOT / "exercises" / "support", root / "exercises" / "support")
        self.folder = root / "exercises" / "09-1-add"
        self.put("exercise.toml", TOML)
        self.put("README.md", README)
        self.put("tests/add_test.cc", TESTS)
        self.put("starter/add.cc", "int add(int a, int b) { return a - b; }\n")
        self.put("solution/add.cc", SOLUTION)
        self.put("wrong/times.patch", "Adding is multiplying.\n" + TIMES)
        self.put("wrong/loops.patch", PATCH.format(SOLUTION, LOOPS))
        for number in (1, 2, 3):
            self.put(f"hints/{number}.md", f"Hint of words, number {number}, to be read.\n")

    def put(self, name, text):
        file = self.folder / name
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_text(text)

    def command(self, *arguments):
        return [sys.executable, str(self.root / "exercises" / "run.py"), *arguments]

    def run(self, *arguments):
        done = subprocess.run(self.command(*arguments), capture_output=True, text=True, timeout=120)
        return done.returncode, done.stdout, done.stderr

    def make(self, *arguments):
        shutil.copy(ROOT / "Makefile", self.root)
        (self.root / "scripts").mkdir(exist_ok=True)
        need = self.root / "scripts" / "need.sh"
        need.write_text("#!/bin/sh\n")
        need.chmod(0o755)
        return subprocess.run(["make", *arguments], cwd=self.root, capture_output=True, text=True, timeout=120)

    def objects_of(self, name):
        return (self.root / "build" / "exercises" / "address").glob(f"{name}-*.o")

    def progress(self):
        return json.loads((self.root / ".progress.json").read_text())["09-1"]


@pytest.fixture(scope="module")
def built(tmp_path_factory):
    """One course for all tests, so that the tests and the story are compiled once."""
    return Course(tmp_path_factory.mktemp("a course"))


@pytest.fixture
def course(built):
    yield built
    shutil.rmtree(built.folder / "work", ignore_errors=True)
    (built.root / ".progress.json").unlink(missing_ok=True)


def test_the_first_run_makes_work_and_says_that_tests_are_meant_to_fail(course):
    code, out, _ = course.run("exercise", "09-1")
    assert code == 3
    assert (course.folder / "work" / "add.cc").read_text() == (course.folder / "starter" / "add.cc").read_text()
    assert "✗ Add.two_and_two" in out and "The tests are meant to fail now" in out and "Begin with add() in work/add.cc" in out
    assert course.progress() == {"passed": 0, "tests": 2, "solved": False}


def test_make_has_nothing_to_add_to_a_red_run(course):
    red = course.make("exercise", "EX=09-1")
    assert (red.returncode, red.stderr) == (0, "") and red.stdout.endswith("Adding is not subtracting.\n")
    course.put("work/add.cc", "int add(int a, int b) { return a + c; }\n")
    broken = course.make("exercise", "EX=09-1")
    assert (broken.returncode, broken.stderr) == (0, "") and "does not compile yet" in broken.stdout
    unknown = course.make("exercise", "EX=9-9")
    assert unknown.returncode == 2 and "use EX= with one of: 09-1" in unknown.stderr


def test_a_runner_that_fails_itself_is_an_error_of_make(course):
    course.put("exercise.toml", "this is no TOML\n")
    try:
        failed = course.make("exercise", "EX=09-1")
    finally:
        course.put("exercise.toml", TOML)
    assert failed.returncode == 2 and "Error 1" in failed.stderr


def test_a_failing_test_tells_its_story(course):
    _, out, _ = course.run("exercise", "09-1")
    assert ("  1. two is put in twice\n  2. their sum\n       expected: 4\n       came:     0\n\n"
            "  Adding is not subtracting.") in out


def test_an_exception_ends_a_story_in_words_of_ours(course):
    course.put("work/add.cc", """#include <stdexcept>
int add(int a, int b) { if (b == 3) throw 3; if (a == 2) throw std::runtime_error("no luck"); return a + b; }
""")
    _, out, _ = course.run("exercise", "09-1")
    first = out[out.index("\nAdd.two_and_two\n"):]
    assert "1. two is put in twice" in first and "Adding is not subtracting." in first
    assert "An exception left your code: no luck" in first and "thrown in the test body" not in first
    course.put("work/add.cc", "int add(int a, int b) { if (b == 3) throw 3; return a + b; }\n")
    _, out, _ = course.run("exercise", "09-1")
    assert out.endswith("Two and two fits both.\n\n  An exception left your code: of an unknown type\n"), out


def test_a_debugger_can_print_the_variables_of_the_readers_files(course):
    course.run("exercise", "09-1")
    told = [subprocess.run(["readelf", "--debug-dump=info", file], capture_output=True, text=True, check=True, timeout=60).stdout
            for file in course.objects_of("add")]
    assert any("work/add.cc" in one and "DW_TAG_formal_parameter" in one for one in told)


def test_a_first_run_says_what_it_builds(course):
    shutil.rmtree(course.root / "build", ignore_errors=True)
    assert "Building 3 files\n" in course.run("exercise", "09-1")[1]
    assert "Building" not in course.run("exercise", "09-1")[1]


def test_the_failure_comes_last_and_without_a_summary_of_gtest(course):
    course.run("exercise", "09-1")
    course.put("work/add.cc", "int add(int a, int b) { return a - b; }\n")
    out = course.run("exercise", "09-1")[1]
    assert "0 of 2 tests pass.\nThe first that fails is shown below; 1 more is shown once it passes.\n" in out
    course.put("work/add.cc", "int add(int a, int b) { return a * b; }\n")
    out = course.run("exercise", "09-1")[1]
    assert "1 of 2 tests pass.\n" in out and out.endswith("\n\n  Two and two fits both.\n")


def test_WAIT_holds_the_tests_until_a_debugger_has_come(course):
    """`gdb -p` stops the program, and `continue` begins the tests at once."""
    course.run("exercise", "09-1")
    begin = time.monotonic()
    with subprocess.Popen(course.command("exercise", "09-1"), stdout=subprocess.PIPE, text=True,
                          env={**os.environ, "WAIT": "60"}) as process:
        waits = next(line for line in process.stdout if "gdb -p" in line)
        pid = waits.split()[-1]
        seen = subprocess.run(["gdb", "-p", pid, "-batch", "-ex", "bt", "-ex", "continue"], capture_output=True, text=True, timeout=60).stdout
        rest = process.stdout.read()
    assert waits.startswith("The tests begin in 60 s, or once you have attached")
    assert "SetUp" in seen and "✗ Add.two_and_two" in rest
    assert time.monotonic() - begin < 60


def test_a_WAIT_that_is_not_a_number_is_one_clear_line(course):
    done = subprocess.run(course.command("exercise", "09-1"), capture_output=True, text=True, env={**os.environ, "WAIT": "long"})
    assert (done.returncode, done.stdout) == (2, "") and "WAIT is 'long', not a number of seconds" in done.stderr


def test_a_second_run_keeps_the_readers_file_and_offers_a_hint(course):
    course.run("exercise", "09-1")
    course.put("work/add.cc", "int add(int a, int b) { return a * b; }\n")
    code, out, _ = course.run("exercise", "09-1")
    assert code == 3 and "1 of 2 tests pass" in out
    assert "Two and two fits both" in out and "make hint EX=09-1 (0 of 3 seen)" in out


def test_only_what_changed_is_compiled_again(course):
    """Also in a folder with a blank in its name, as this one."""
    def objects():
        course.run("exercise", "09-1")
        return {file.name: file.stat().st_mtime_ns for file in course.objects_of("*")}

    before = objects()
    assert len(before) >= 3 and objects() == before
    course.put("work/add.cc", "int add(int a, int b) { return a + b + 1; }\n")
    changed = [name for name, made in objects().items() if made != before[name]]
    assert len(changed) == 1 and changed[0].startswith("add-")


def test_a_file_put_back_is_compiled_though_it_is_old(course):
    course.run("exercise", "09-1")
    starter = course.folder / "starter" / "add.cc"
    course.put("work/add.cc", "int add(int a, int b) { return a + b; }\n")
    assert course.run("exercise", "09-1")[0] == 0
    shutil.copy2(starter, course.folder / "work" / "add.cc")
    assert course.run("exercise", "09-1")[0] == 3


def test_a_solution_is_recorded_and_stays_recorded(course):
    course.run("exercise", "09-1")
    course.put("work/add.cc", "int add(int a, int b) { return a + b; }\n")
    code, out, _ = course.run("exercise", "09-1")
    assert code == 0 and "2 of 2 tests pass" in out and "Solved." in out
    course.put("work/add.cc", "int add(int a, int b) { return a; }\n")
    assert course.run("exercise", "09-1")[0] == 3
    assert course.progress()["solved"] is True
    assert "1 of 1" in course.run("progress")[1]


def test_a_solved_hunt_says_what_to_remember(course):
    course.put("exercise.toml", TOML.replace('"rebuild"', '"debug"\nlearnt = "A minus is no plus."'))
    try:
        red = course.run("exercise", "09-1")[1]
        course.put("work/add.cc", "int add(int a, int b) { return a + b; }\n")
        green = course.run("exercise", "09-1")[1]
    finally:
        course.put("exercise.toml", TOML)
    assert "A minus" not in red and "\nA minus is no plus.\n" in green


def test_a_traced_program_is_not_asked_for_leaks(course):
    """LeakSanitizer cannot work in one, and ended it with an error."""
    course.run("exercise", "09-1")
    course.put("work/add.cc", "int add(int a, int b) { return a + b; }\n")
    course.run("exercise", "09-1")
    program, = course.root.glob("build/exercises/address/*-work.program")
    traced = subprocess.run(["strace", "-o", "/dev/null", program], capture_output=True, text=True, timeout=60)
    assert (traced.returncode, traced.stderr) == (0, "")


def test_what_does_not_compile_is_shown_from_its_first_error(course):
    course.run("exercise", "09-1")
    course.put("work/add.cc", "int add(int a, int b) { return a + c; }\n")
    code, out, _ = course.run("exercise", "09-1")
    assert code == 3 and "does not compile yet" in out and "'c' was not declared" in out.replace("‘", "'").replace("’", "'")


def test_a_crash_is_one_failure_and_the_other_tests_run(course):
    course.run("exercise", "09-1")
    course.put("work/add.cc", "int add(int a, int b) { int* p = nullptr; return b == 2 ? *p : a + b; }\n")
    _, out, _ = course.run("exercise", "09-1")
    assert "✗ Add.two_and_two" in out and "✓ Add.two_and_three" in out
    first, where, meaning, whole, _, *story = out.rpartition("Add.two_and_two\n")[2].splitlines()
    assert first == "  load of null pointer of type 'int'"
    assert where == "  at work/add.cc:1, in add(int, int)"
    assert meaning.startswith("  That means: there is no object")
    assert whole == "  The whole report: build/exercises/reports/09-1.txt"
    assert story == ["The story so far:", "  1. two is put in twice", "", "  Adding is not subtracting."]
    assert "runtime error: load of null pointer" in (course.root / "build/exercises/reports/09-1.txt").read_text()


def test_a_call_that_does_not_come_back_ends_its_story(course):
    course.run("exercise", "09-1")
    course.put("work/add.cc", LOOPS)
    _, out, _ = course.run("exercise", "09-1")
    assert ("The story so far:\n  1. two is put in twice\n  Timed out after 1 s: your code is still waiting, or an exception "
            "ended its thread.\n\n  Adding is not subtracting.\n") in out


def test_hints_come_one_by_one_and_end_with_the_solution(course):
    assert course.run("hint", "09-1")[1].count("Hint ") == 2  # the title and the text
    assert "number 2" in course.run("hint", "09-1")[1]
    third = course.run("hint", "09-1")[1]
    assert "number 3" in third and "solution" not in third
    assert "exercises/09-1-add/solution" in course.run("hint", "09-1")[1]
    assert course.progress()["hints"] == 3


@pytest.mark.parametrize("verb", ["exercise", "hint", "watch"])
@pytest.mark.parametrize("name", ["", "9-9", "../x"])
def test_a_name_that_is_none_is_one_clear_line(course, verb, name):
    code, out, err = course.run(verb, name)
    assert (code, out) == (2, "") and err.count("\n") == 1 and "use EX= with one of: 09-1" in err


@pytest.mark.parametrize("words, said", [
    ("", "no command of the form ''"), ("build 09-1", "no command of the form 'build 09-1'"),
    ("progress 09-1", "no command of the form 'progress 09-1'"), ("plant 09-1", "no command of the form 'plant 09-1'"),
    ("hint 09-1 09-2", "no exercise '09-1 09-2'"), ("check 9-9", "no exercise '9-9'"), ("check", "no exercise is named"),
    ("prove --parts=basics", "no option '--parts=basics'"), ("prove --part=half", "no part 'half'; use --part= with one of: basics"),
    ("prove --junit", "no option '--junit'"), ("mutants --x", "no option '--x'"), ("milestones --x", "no option '--x'"),
    ("mine --x", "'--x' is no argument of run.py mine"), ("mine --only=servers x", "'x' is no argument of run.py mine"),
])
def test_a_command_that_is_none_is_one_clear_line(course, words, said):
    code, out, err = course.run(*words.split())
    assert (code, out) == (2, "") and err.startswith("error: ") and err.count("\n") == 1 and said in err


def test_help_lists_the_commands_and_check_runs_nothing(course):
    commands, of_mine = course.run("--help"), course.run("mine", "-h")
    assert commands[0] == of_mine[0] == 0 and "run.py mutants" in commands[1] and "--only=layers" in of_mine[1]
    assert course.run("prove", "--help") == commands
    assert course.run("check", "09-1") == (0, "", "")
    assert not (course.folder / "work").exists() and not (course.root / ".progress.json").exists()


def test_progress_that_cannot_be_read_is_kept_aside(course):
    (course.root / ".progress.json").write_text("{")
    code, out, _ = course.run("progress")
    assert code == 0 and "0 of 1" in out and ".progress.broken.json" in out


def test_watch_runs_again_when_a_file_was_saved(course):
    with subprocess.Popen(course.command("watch", "09-1"), stdout=subprocess.PIPE, text=True,
                          env={**os.environ, "PYTHONUNBUFFERED": "1"}) as process:
        for line in process.stdout:
            if "Watching" in line:
                break
        course.put("work/add.cc", "int add(int a, int b) { return a + b; }\n")
        rest = process.stdout.read()
    assert process.returncode == 0 and "Solved." in rest


def test_watch_ends_at_ctrl_c(course):
    # `nohup make test &` in a script ignores SIGINT, and so would what it starts.
    command = ["env", "--default-signal=INT", *course.command("watch", "09-1")]
    with subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True,
                          env={**os.environ, "PYTHONUNBUFFERED": "1"}) as process:
        for line in process.stdout:
            if "Watching" in line:
                break
        process.send_signal(signal.SIGINT)
        assert "Traceback" not in process.stderr.read()
    assert process.returncode == 130


def test_the_prover_accepts_an_exercise_that_is_whole(course):
    code, out, _ = course.run("prove")
    assert code == 0 and "1 exercise, 5 proofs" in out, out


def test_the_tests_are_compiled_again_only_for_a_folder_with_headers(course):
    course.run("prove")
    course.run("exercise", "09-1")
    shared = set(course.objects_of("add_test"))
    assert len(shared) == 1
    course.put("work/add.h", "#pragma once\nint add(int a, int b);\n")
    course.run("exercise", "09-1")
    assert len(set(course.objects_of("add_test")) - shared) == 1


def test_a_planted_mistake_that_has_not_changed_is_not_compiled_again(course):
    def stamps():
        course.run("prove", "--part=planted")
        wrong = course.root / "build" / "exercises" / "wrong" / "09-1"
        return {file: file.stat().st_mtime_ns for file in [*wrong.rglob("*.cc"), *course.objects_of("add")]}

    before = stamps()
    assert len(before) >= 4 and stamps() == before


def test_plant_writes_the_patch_of_an_edited_solution_and_keeps_its_note(course):
    patch = course.folder / "wrong" / "times.patch"
    whole = patch.read_text()
    desk = course.root / "build" / "exercises" / "plant" / "09-1" / "times"
    code, out, _ = course.run("plant", "09-1", "times")
    assert code == 0 and "build/exercises/plant/09-1/times/" in out
    assert "a * b" in (desk / "add.cc").read_text()
    (desk / "add.cc").write_text(SOLUTION.replace("+", "-"))
    try:
        code, out, _ = course.run("plant", "09-1", "times")
        written = patch.read_text()
    finally:
        patch.write_text(whole)
    assert code == 0 and "Wrote exercises/09-1-add/wrong/times.patch." in out
    assert written == whole.replace("a * b", "a - b") and not desk.exists()


CAPPED = """const int kMost = 99;
int add(int a, int b) {
  static_assert(sizeof(a) == 4);
  if (a > kMost) a = 99;  // 1 < 2
  return a + b;
}
"""


def mutants_row(out):
    """The numbers in the row of exercise 09-1: mutants, do not build, killed, equivalent, survive."""
    line = next(line for line in out.splitlines() if line.startswith("09-1  Add"))
    return tuple(int(word) for word in line.split()[2:])


TAILS = """void f() {
  const int all[] = {
      one,
  };
  first();
  second(one,
         two(all) - three);
  third();
}
"""


def test_a_part_of_a_statement_is_neither_dropped_nor_moved():
    """Nothing after such a mutant would compile, and all of that would be compiled again, each mutant alone."""
    sys.path.insert(0, str(ROOT / "exercises"))
    import mutations
    made = [(mutant.line, mutant.becomes) for mutant in mutations.mutants(TAILS, "void f() {\n}\n")]
    assert made == [("first();", ""), ("two(all) - three);", "two(all) + three);"), ("third();", "")]


def test_a_mutant_that_no_test_rejects_is_shown_or_listed_as_equivalent(course):
    """One of them is outside of the function, and two do not build."""
    course.put("solution/add.cc", CAPPED)
    try:
        code, out, _ = course.run("mutants", "09-1")
        assert code == 1 and mutants_row(out) == (7, 2, 1, 0, 4), out
        assert "line 4: no test notices\n    if (a > kMost) a = 99;  // 1 < 2\n    if (a >= kMost) a = 99;  // 1 < 2\n" in out
        assert "line 1: no test notices\n    const int kMost = 99;\n    const int kMost = 100;\n" in out
        surviving = [block.splitlines()[1:3] for block in out.partition("\n\n")[0].split("line ")[1:]]
        course.put("mutants.toml", "".join(
            f"[[equivalent]]\nline = '{line.strip()}'\nbecomes = '{becomes.strip().removeprefix('(dropped)')}'\n"
            "because = 'No test adds so much.'\n" for line, becomes in surviving))
        code, out, _ = course.run("mutants")  # all that have a list
        assert (code, mutants_row(out)) == (0, (7, 2, 1, 4, 0)), out
        course.put("solution/add.cc", SOLUTION)
        code, out, _ = course.run("mutants", "09-1")
        assert code == 1 and out.count("mutants.toml lists what did not survive") == 4
    finally:
        course.put("solution/add.cc", SOLUTION)
        (course.folder / "mutants.toml").unlink(missing_ok=True)


LAYER = TOML.replace("minutes = 5", 'layer = "sums"\nminutes = 5') + """[[milestone]]
title = "sums"
steps = "step 1"
group = "Add"
[[milestone]]
title = "differences"
steps = "step 2"
group = "Subtract"
"""
TESTS_OF_MILESTONES = TESTS + """
int subtract(int a, int b);
TEST(Subtract, two_from_three) {
  story::Story story("Subtracting is not adding.", 1);
  story.expect("the difference", 1, subtract(3, 2));
}
"""
SUM = "int add(int a, int b) {\n  return a + b;\n}\n"
DIFFERENCE = "int subtract(int a, int b) {\n  return a - b;\n}\n"
NO_SUM = "int add(int a, int b) {\n  // Milestone 1: the sum.\n  return 0;\n}\n"
NO_DIFFERENCE = "int subtract(int a, int b) {\n  // Milestone 2: the difference.\n  return 0;\n}\n"


@pytest.fixture
def layered(course):
    """The exercise as a layer, with two milestones."""
    before = {name: (course.folder / name).read_text()
              for name in ("exercise.toml", "tests/add_test.cc", "starter/add.cc", "solution/add.cc")}
    course.put("exercise.toml", LAYER)
    course.put("tests/add_test.cc", TESTS_OF_MILESTONES)
    course.put("starter/add.cc", NO_SUM + "\n" + NO_DIFFERENCE)
    course.put("solution/add.cc", SUM + "\n" + DIFFERENCE)
    yield course
    for name, text in before.items():
        course.put(name, text)


def test_milestones_are_run_in_their_order_up_to_the_first_that_is_not_reached(layered):
    _, out, _ = layered.run("exercise", "09-1")
    assert "  Milestone 1 of 2: sums (step 1)\n    ✗ Add.two_and_two\n    ✗ Add.two_and_three\n\n" in out
    assert "0 of 2 milestones, 0 of 3 tests pass.\n" in out and "Subtract" not in out
    layered.put("work/add.cc", SUM + NO_DIFFERENCE)
    _, out, _ = layered.run("exercise", "09-1")
    assert "    ✓ Add.two_and_three\n  Milestone 2 of 2: differences (step 2)\n    ✗ Subtract.two_from_three\n" in out
    assert "1 of 2 milestones, 2 of 3 tests pass.\n" in out and out.endswith("Subtracting is not adding.\n")
    layered.put("work/add.cc", SUM + DIFFERENCE)
    code, out, _ = layered.run("exercise", "09-1")
    assert code == 0 and "2 of 2 milestones, 3 of 3 tests pass.\n" in out and "make mine runs the chapters' servers" in out


def test_a_test_that_ends_the_program_ends_its_milestone(layered):
    layered.run("exercise", "09-1")
    layered.put("work/add.cc", LOOPS + DIFFERENCE)
    _, out, _ = layered.run("exercise", "09-1")
    assert "✗ Add.two_and_two\n\n0 of 2 milestones, 0 of 3 tests pass." in out


def test_the_prover_wants_the_tests_in_the_groups_of_the_milestones(layered):
    assert "ok" in layered.run("prove", "--part=basics")[1]
    layered.put("exercise.toml", LAYER.replace('group = "Subtract"', 'group = "Differences"'))
    code, out, _ = layered.run("prove", "--part=basics")
    assert code == 1 and "the tests are in the groups ['Add', 'Subtract'], which are not those of the milestones" in out


def test_each_milestone_can_be_reached_by_itself(layered):
    code, out, _ = layered.run("milestones")
    assert (code, out) == (0, "09-1 with 1 milestone solved: ok\n")
    layered.put("solution/add.cc", SUM.replace("a + b", "a + b + subtract(0, 1) + 1").replace("int add", "int subtract(int, int);\n"
                                                                                           "int add") + "\n" + DIFFERENCE)
    code, out, _ = layered.run("milestones", "09-1")
    assert code == 1 and "09-1 with 1 milestone solved: 0 milestones are reached; Add.two_and_two fails:\n" in out
    layered.put("solution/add.cc", SUM + "\n" + DIFFERENCE)
    layered.put("starter/add.cc", "// Milestone 1: the sum. Milestone 2 comes later.\n// Milestone 2: the difference.\n")
    code, out, _ = layered.run("milestones", "09-1")
    assert code == 1 and "one part of the starter belongs to several milestones" in out


def test_an_exercise_without_milestones_is_one_clear_line(layered):
    layered.put("exercise.toml", TOML)
    other = layered.root / "exercises" / "09-2-subtract"
    other.mkdir()
    try:
        (other / "exercise.toml").write_text(LAYER)
        code, out, err = layered.run("milestones", "09-2", "09-1")
    finally:
        shutil.rmtree(other)
    assert (code, out, err) == (2, "", "error: exercise 09-1 has no milestones; use one of: 09-2\n")


FRAMEWORK_WORDS = """import json, pathlib, builder
from catalogue import find
exercise = find("09-1")
exercise.framework = True
program = pathlib.Path("program")
builder._run = lambda command: print(json.dumps(command))
for source, include in builder.parts(exercise, exercise.starter):
    builder._run(builder._object(source, "address", include)[1])
builder.link(program, [], "address", ["gtest"], framework=True)
"""


def test_an_exercise_on_the_framework_builds_in_a_folder_with_a_blank_in_its_name(tmp_path):
    """The words that the compiler and the linker get. The build itself is a fake."""
    course = Course(tmp_path / "a course")
    debug = course.root / "build" / "debug"
    (debug / "final").mkdir(parents=True)
    library = debug / "final" / "libtornado.a"
    library.write_text("")
    (debug / "tornado.pc").write_text("prefix=/usr\nName: tornado\nDescription: a fake\nVersion: 1\n"
                                      "Libs: -L${prefix}/lib -ltornado -pthread\nLibs.private: -lre2 -lssl\n")
    (course.root / "scripts").mkdir()
    (course.root / "scripts" / "build.sh").write_text("#!/bin/sh\nexit 0\n")
    (course.root / "scripts" / "build.sh").chmod(0o755)
    done = subprocess.run([sys.executable, "-c", FRAMEWORK_WORDS], cwd=course.root / "exercises", capture_output=True, text=True,
                          timeout=60)
    assert done.returncode == 0, done.stderr
    *compiled, linked = [json.loads(line) for line in done.stdout.splitlines() if line.startswith("[")]
    starter = next(words for words in compiled if str(course.folder / "starter" / "add.cc") in words)
    assert f"-I{course.root}/final/include" in starter
    at = linked.index(str(library))
    assert linked[at + 1:linked.index("-o")] == ["-pthread", "-lre2", "-lssl", "-lgtest"]


def test_a_layer_is_the_readers_once_its_tests_pass_and_says_else_why_it_is_borrowed(layered):
    def said():
        code, out, err = layered.run("mine", "--only=layers")
        assert (code, err) == (0, "")
        return out.rstrip().rpartition("\n")[2]

    assert said().endswith("sums                                   borrowed: not begun (make exercise EX=09-1)")
    layered.put("work/add.cc", SUM + NO_DIFFERENCE)
    assert said().endswith("borrowed: yours passes 2 of 3 tests (make exercise EX=09-1)")
    layered.put("work/add.cc", "int add(int a, int b) { return }\n")
    assert said().endswith("borrowed: yours does not compile (make exercise EX=09-1)")
    layered.put("work/add.cc", SUM + DIFFERENCE)
    out = layered.run("mine", "--only=layers")[1]
    assert "\n1 of 1 layer is yours:\n" in out and out.endswith("yours\n\n")
    assert not (layered.root / ".progress.json").exists()


def test_no_solution_may_be_borrowed_in_the_proof(layered):
    code, out, _ = layered.run("mine", "--solutions", "--only=layers")
    assert code == 0 and out.endswith("yours\n\n")
    layered.put("solution/add.cc", SUM + NO_DIFFERENCE)
    code, _, err = layered.run("mine", "--solutions", "--only=layers")
    assert code == 1 and "a solution does not pass its own tests" in err


def test_no_exercise_is_made_of_the_readers_files_for_another():
    sys.path.insert(0, str(ROOT / "exercises"))
    import builder
    import catalogue
    exercises = catalogue.all_exercises()
    assert sum(exercise.layer != "" for exercise in exercises) == 6
    for exercise in exercises:
        own = [exercise.folder, ROOT / "chapters", ROOT / "exercises" / "support", builder.BUILD / "stand-ins"]
        own += [builder.FRAMEWORK / "include"] if exercise.framework else []
        for source, include in builder.parts(exercise, exercise.solution):
            assert all(any(path.is_relative_to(folder) for folder in own) for path in (source, *include))


def test_without_a_layer_there_is_nothing_to_build(layered):
    code, out, _ = layered.run("mine")
    assert code == 0 and out.endswith("Nothing is yours yet. Begin with make exercise EX=09-1.\n")
    assert layered.run("mine", "--only=chat")[0] == 2
    code, out, err = layered.run("mine", "--only=blog")
    assert (code, out) == (2, "") and "'blog' does not run on your layers; DEMO=chat IMPL=mine does" in err


def test_make_knows_one_implementation_of_the_readers(layered):
    unknown = layered.make("demo", "DEMO=chat", "IMPL=theirs")
    assert unknown.returncode == 2 and "IMPL is 'theirs'; there is only IMPL=mine" in unknown.stderr
    alone = layered.make("bench", "IMPL=mine")
    assert alone.returncode == 2 and "IMPL=mine goes with CH=all" in alone.stderr
    assert layered.make("demo", "DEMO=chat", "IMPL=mine").returncode == 2


def test_mutants_are_reported_for_the_stage(course):
    course.put("solution/add.cc", CAPPED)
    report = course.root / "mutants.xml"
    try:
        assert course.run("mutants", f"--junit={report}", "09-1")[0] == 1
    finally:
        course.put("solution/add.cc", SOLUTION)
    assert 'name="09-1"' in report.read_text() and "<failure>line 1: no test notices" in report.read_text()


def test_a_listed_mutant_that_a_test_kills_is_a_complaint(course):
    course.put("mutants.toml", "[[equivalent]]\nline = 'int add(int a, int b) { return a + b; }'\n"
               "becomes = 'int add(int a, int b) { return a - b; }'\nbecause = 'It is not.'\n")
    try:
        code, out, _ = course.run("mutants", "09-1")
    finally:
        (course.folder / "mutants.toml").unlink(missing_ok=True)
    assert code == 1 and "mutants.toml lists what did not survive" in out and mutants_row(out) == (1, 0, 1, 0, 0)


@pytest.mark.parametrize("file, text, complaint", [
    ("starter/add.cc", "int add(int a, int b) { return a + b; }\n", "Add.two_and_two passes"),
    ("starter/add.cc", "int add(int a, int b) { return }\n", "does not build"),
    ("solution/add.cc", "int add(int a, int b) { return a * b; }\n", "Add.two_and_three fails under the address"),
    ("wrong/times.patch", TIMES.replace("a * b", "b + a"), "Add.two_and_three passes"),
    ("wrong/times.patch", TIMES.replace("-int", "-long"), "Make it anew:\n  /usr/bin/python3 exercises/run.py plant 09-1 times"),
    ("hints/3.md", "\n", "3.md is empty or too long"),
    ("README.md", "# Add\n", "README.md has no '## Task'"),
    ("exercise.toml", TOML.replace("Two and two fits both", "Something else"), "fails without the words"),
    ("exercise.toml", TOML.replace('name = "loops"', 'name = "lops"'), "wrong/ holds"),
])
def test_the_prover_finds_what_is_missing(course, file, text, complaint):
    whole = (course.folder / file).read_text()
    course.put(file, text)
    try:
        code, out, _ = course.run("prove")
    finally:
        course.put(file, whole)
    assert code == 1 and complaint in out and "NO" in out, out
