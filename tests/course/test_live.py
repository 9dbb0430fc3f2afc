"""The report on a run is there while the tests run."""

import json
import os
import pathlib
import sys
import threading
from types import SimpleNamespace

import pytest

ROOT = pathlib.Path(__file__).resolve().parents[2]
sys.path.insert(0, str(ROOT / "exercises"))

import live  # noqa: E402  (found by the line above)
import results  # noqa: E402

# A test program of two tests: the second one goes on once somebody has read from the pipe.
PROGRAM = """#!/bin/sh
case $* in *--gtest_list_tests*) printf 'Sum.\\n  of_one\\n  of_two\\n'; exit ;; esac
echo '[ RUN      ] Sum.of_one'
echo '[       OK ] Sum.of_one (1 ms)'
echo '[ RUN      ] Sum.of_two'
echo go > {pipe}
echo 'a story'
echo '[  FAILED  ] Sum.of_two (1 ms)'
exit 1
"""


@pytest.fixture
def report(tmp_path, monkeypatch):
    monkeypatch.setattr(live, "FOLDER", tmp_path / "live")
    return lambda: json.loads((tmp_path / "live" / "01-1.json").read_text())


def test_a_result_is_reported_before_the_run_ends(tmp_path, report):
    pipe, program = tmp_path / "pipe", tmp_path / "program"
    os.mkfifo(pipe)
    program.write_text(PROGRAM.format(pipe=pipe))
    program.chmod(0o755)
    one, outcomes = live.Live(SimpleNamespace(id="01-1")), []
    assert report() == {"state": "building", "tests": [], "total": 0}
    heard_second = threading.Event()

    def heard(line):
        one.heard(line)
        if "RUN" in line and "of_two" in line:
            heard_second.set()

    run = threading.Thread(target=lambda: outcomes.append(results.run(str(program), heard=heard)))
    run.start()
    assert heard_second.wait(60)
    assert report() == {"state": "running", "total": 0, "tests": [{"name": "Sum.of_one", "passed": True}, {"name": "Sum.of_two", "passed": None}]}
    pipe.read_text()
    run.join(60)
    one.end(outcomes[0])
    assert outcomes[0].failed[0].message == "a story"
    assert report() == {"state": "done", "total": 2, "tests": [{"name": "Sum.of_one", "passed": True}, {"name": "Sum.of_two", "passed": False}]}


def test_what_does_not_compile_is_reported_and_a_report_may_be_impossible(tmp_path, report, monkeypatch):
    live.Live(SimpleNamespace(id="01-1")).end()
    assert report()["state"] == "broken"
    (tmp_path / "file").write_text("")
    monkeypatch.setattr(live, "FOLDER", tmp_path / "file" / "live")
    live.Live(SimpleNamespace(id="01-1")).end()
    assert report()["state"] == "broken"


def test_a_program_that_does_not_end_is_ended(tmp_path, monkeypatch):
    pipe, program = tmp_path / "pipe", tmp_path / "program"
    os.mkfifo(pipe)
    program.write_text(PROGRAM.format(pipe=pipe))
    program.chmod(0o755)
    monkeypatch.setattr(results, "SECONDS", 2)
    outcome = results.run(str(program))
    assert [test.passed for test in outcome.tests] == [True, False]
    assert "did not end in 2 s; this one was running" in outcome.tests[1].message
