"""scripts/stages.py: a failure turns a stage red, what hangs is ended, what has not changed is not run again."""

import os
import pathlib
import sys
import time

import pytest

ROOT = pathlib.Path(__file__).resolve().parents[2]
sys.path.insert(0, str(ROOT / "scripts"))

import run_tests  # noqa: E402  (found by the line above)
import stages  # noqa: E402
from stages import Command, Stage  # noqa: E402

REPORT = '<testsuite><testcase classname="tests.test_a" name="test_one"/>{}</testsuite>'
WRITE = "import sys; open(sys.argv[1], 'w').write(sys.argv[2]); sys.exit(int(sys.argv[3]))"


@pytest.fixture(autouse=True)
def tree(tmp_path, monkeypatch):
    monkeypatch.setattr(stages, "ROOT", tmp_path)
    monkeypatch.setattr(stages, "LOGS", tmp_path / "build" / "logs")
    monkeypatch.setattr(stages, "MEMORY", tmp_path / "build" / "passed.json")
    return tmp_path


def python(program, *arguments, **options):
    return Command([sys.executable, "-c", program, *arguments], **options)


def reporting(cases, code=0):
    return python(WRITE, "{junit}", REPORT.format(cases), str(code), junit=True, alone="pytest '{}'")


def test_tests_are_counted_from_the_report():
    result = stages.run(Stage("a", "", [reporting('<testcase classname="x" name="x" status="run"/>')], 1))
    assert (result.ok, result.passed) == (True, 2)


@pytest.mark.parametrize("bad", [
    '<testcase classname="tests.test_a" name="test_two"><failure>its story</failure></testcase>',
    '<testcase classname="tests.test_a" name="test_two"><error>its story</error></testcase>',
    '<testcase classname="tests.test_a" name="test_two"><skipped>its story</skipped></testcase>',
    '<testcase classname="tests.test_a" name="test_two" status="notrun"><system-out>its story</system-out></testcase>'])
def test_a_test_that_does_not_pass_turns_the_stage_red_whatever_the_exit_code(bad, capsys):
    result = stages.run(Stage("a", "", [reporting(bad)], 1))
    assert (result.ok, result.passed) == (False, 1)
    stages.print_failures(result)
    said = capsys.readouterr().out
    assert "tests/test_a.py::test_two" in said and "its story" in said
    assert "Run it alone: pytest 'tests/test_a.py::test_two'" in said


@pytest.mark.parametrize("command", [python("import sys; sys.exit(1)"), reporting("", code=1), python("", junit=True)],
                         ids=["exit code", "exit code with a good report", "no report"])
def test_a_command_that_fails_turns_the_stage_red(command):
    assert not stages.run(Stage("a", "", [command], 1)).ok


def test_the_next_command_runs_only_after_a_good_one_unless_they_are_independent(tree):
    commands = [python("import sys; sys.exit(1)"), python("open('second', 'w')")]
    stages.run(Stage("a", "", commands, 1))
    assert not (tree / "second").exists()
    assert not stages.run(Stage("a", "", commands, 1, independent=True)).ok
    assert (tree / "second").exists()


def test_what_hangs_is_ended_and_its_stack_is_in_the_log(tree):
    hangs = "import faulthandler, time; faulthandler.enable()\ndef in_here(): time.sleep(300)\nin_here()"
    start = time.monotonic()
    result = stages.run(Stage("a", "", [python(hangs)], 1 / 60))
    assert time.monotonic() - start < 20
    assert (result.ok, result.note) == (False, "took longer than its limit")
    assert "in in_here" in (tree / "build" / "logs" / "a.log").read_text()


def test_a_child_starts_with_signals_and_locale_in_order(monkeypatch, tree):
    monkeypatch.setenv("TZ", ":bad")
    monkeypatch.setenv("MAKELEVEL", "1")
    monkeypatch.delenv("HOME", raising=False)
    program = "import os, signal, time; assert signal.getsignal(signal.SIGINT) == signal.default_int_handler; " \
              "assert time.tzname[0] != 'bad'; os.environ['HOME']; assert 'MAKELEVEL' not in os.environ; assert os.umask(0) == 0o022"
    assert stages.run(Stage("a", "", [python(program)], 1)).ok, (tree / "build" / "logs" / "a.log").read_text()


def test_a_stage_that_passed_runs_again_when_an_input_changes(tree):
    (tree / "input").write_text("1")
    stage = Stage("a", "", [reporting("")], 1, inputs=["inp*"])
    assert [stages.run(stage).remembered for _ in range(2)] == [False, True]
    assert not stages.run(stage, fresh=True).remembered
    (tree / "input").write_text("12")
    assert not stages.run(stage).remembered
    (tree / "input2").write_text("")
    assert not stages.run(stage).remembered


def test_a_stage_that_failed_runs_again(tree):
    (tree / "input").write_text("1")
    good = Stage("a", "", [reporting("")], 1, inputs=["input"])
    stages.run(good)
    bad = Stage("a", "", [reporting("", code=1)], 1, inputs=["input"])
    assert [stages.run(bad).ok for _ in range(2)] == [False, False]
    assert not stages.run(good).remembered


def test_only_test_programs_that_changed_run_again(tree, monkeypatch):
    monkeypatch.setattr(stages, "tests_of_programs", lambda build: {"one_test": 3, "two_test": 4})
    for name in ("one_test", "two_test"):
        (tree / name).write_text("")
        (tree / name).chmod(0o755)
    stage = Stage("c++", "", [reporting("")], 1, inputs=["data"], programs=["*_test"])
    stages.run(stage)
    assert stages.recall(stage) == (7, [])
    (tree / "one_test").write_text("relinked")
    assert stages.recall(stage) == (4, ["one_test"])
    (tree / "data").write_text("")
    assert stages.recall(stage) == (0, None)


# Opening a named pipe waits for the other side: each program ends only if both run at once.
MEET = "import sys; open(sys.argv[1], sys.argv[2]).close(); open(sys.argv[3], sys.argv[4]).close()"


@pytest.fixture
def pipes(tree):
    for name in ("a", "b"):
        os.mkfifo(tree / name)
    return tree


def test_a_stage_runs_at_the_same_time_as_the_one_that_it_is_beside(pipes, capsys):
    first = Stage("first", "", [python(MEET, "a", "w", "b", "r")], 1)
    second = Stage("second", "", [python(MEET, "a", "r", "b", "w")], 1, beside="first")
    results = run_tests.run_side_by_side([first, second], fresh=True)
    assert [(result.stage, result.ok) for result in results] == [(first, True), (second, True)]
    said = capsys.readouterr().out
    assert "first" in said and "second" in said


def test_an_interruption_ends_both_stages(pipes, monkeypatch):
    endless = "import signal, sys; open(sys.argv[1], 'w').close(); signal.pause()"
    both = [Stage("first", "", [python(endless, "a")], 1), Stage("second", "", [python(endless, "b")], 1, beside="first")]

    def interrupt(_):
        for name in ("a", "b"):
            (pipes / name).open().close()  # that program runs
        raise KeyboardInterrupt

    monkeypatch.setattr(run_tests.concurrent.futures, "as_completed", interrupt)
    start = time.monotonic()
    with pytest.raises(KeyboardInterrupt):
        run_tests.run_side_by_side(both, fresh=True)
    assert time.monotonic() - start < 20 and not stages.RUNNING


def test_a_disk_that_would_be_full_before_the_end_is_an_error_at_once():
    needed = run_tests.BUILDS_TAKE["check"]
    assert run_tests.missing_space("check", 0, needed) == ""
    assert run_tests.missing_space("check", needed - 5, 5) == "", "what is built needs no space any more"
    said = run_tests.missing_space("check", run_tests.GIB, needed - 3 * run_tests.GIB)
    assert f"make check needs {needed / run_tests.GIB - 1:.1f} GiB" in said
    assert f"{needed / run_tests.GIB - 3:.1f} GiB are free" in said
