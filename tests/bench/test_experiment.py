"""What the chapters' experiments read and reckon."""

import re
import socket
import subprocess
import xml.dom.minidom
from types import SimpleNamespace

import bench_process as bp
import crowd
import experiment
import figures
import pytest

WRK = """Running 2s test @ http://127.0.0.1:1/
  Latency Distribution
     50%  101.20ms
     75%  102.00ms
     99%    1.25s 
  400 requests in 2.00s, 40.00KB read
Requests/sec:    199.50
"""


def test_reads_what_wrk_prints():
    assert experiment.read_wrk(WRK) == {"answers": 400, "rate": 199.5, "p50": 101.2, "p99": 1250.0}


@pytest.mark.parametrize("complaint", ["Socket errors: connect 1, read 0, write 0, timeout 0",
                                       "Non-2xx or 3xx responses: 3"])
def test_a_load_with_errors_is_not_a_sample(complaint):
    with pytest.raises(ValueError):
        experiment.read_wrk(WRK + "  " + complaint + "\n")


@pytest.mark.parametrize("clients, p99", [(400, 1250.0), (401, None)])
def test_clients_that_still_wait_are_in_no_p99(clients, p99, monkeypatch):
    monkeypatch.setattr(experiment.subprocess, "run", lambda *_, **__: SimpleNamespace(stdout=WRK))
    assert experiment.load(1, "/", clients, seconds=2) == {"answers": 400, "rate": 199.5, "p50": 101.2, "p99": p99}


@pytest.mark.parametrize("server, clients, rate", [
    ("one", 100, 10), ("pool", 1, 10), ("pool", 100, 40), ("threads", 10, 100), ("threads", 100, 1000),
    ("loop", 100, 1000), ("stream", 100, 1000), ("select", 100, 10), ("http", 100, 1000), ("handler", 100, 10),
    ("asynchronous", 100, 1000), ("coroutine", 100, 1000)])
def test_theory_of_handlers_that_wait(server, clients, rate):
    assert experiment.theory(server, experiment.WAITS, clients, cpus=2) == pytest.approx(rate)


class Listening:
    """A server that accepts nobody until it is asked, and answers only the first requests."""

    def __init__(self, listener, answers):
        self.listener, self.answers, self.accepted = listener, answers, []
        self.port = listener.getsockname()[1]

    def fetch(self):
        if self.answers == 0:
            raise ConnectionResetError
        self.answers -= 1
        self.accepted += [self.listener.accept()[0] for _ in range(crowd.BATCH)]
        return 200, b"anything"


@pytest.mark.parametrize("answers, came", [(9, 3 * crowd.BATCH + 5), (2, 3 * crowd.BATCH)])
def test_a_crowd_fills_no_queue_and_ends_where_nobody_answers(answers, came):
    with socket.create_server(("127.0.0.1", 0), backlog=crowd.BATCH) as listener:
        server = Listening(listener, answers)
        with crowd.crowd(server, 3 * crowd.BATCH + 5) as clients:
            assert len(clients) == came
        assert len(server.accepted) == min(answers, 3) * crowd.BATCH
        for connection in server.accepted:
            connection.close()


def test_a_crowd_that_is_not_served_is_in_the_table_and_in_the_picture():
    served = {"mb": 12.0, "threads": 1, "p50": 0.5, "p99": 2.0}
    samples = {(name, size): [served] for name in ("threads", "select") for size in crowd.SIZES}
    samples["select", 5000] = [None]
    assert crowd.table(("threads", "select"), samples).splitlines()[-1] == "| 5,000 | 12.0, 1, 500 and 2,000 | does not serve |"
    xml.dom.minidom.parseString(crowd.plot(("threads", "select"), samples))


@pytest.mark.parametrize("other", [None, {"refused": "503"}, {"mb": None}])
def test_one_round_without_the_figure_has_no_median(other):
    assert figures.median([{"mb": 1.0}, {"mb": 2.0}, {"mb": 9.0}], "mb") == 2.0
    assert figures.median([{"mb": 1.0}, other], "mb") is None
    assert figures.short(None) == "–"


def test_a_commit_is_named_with_changes_unless_only_pages_and_drawings_changed(tmp_path):
    def git(*words):
        subprocess.run(["git", "-C", tmp_path, "-c", "user.name=a", "-c", "user.email=a@b", *words], check=True, capture_output=True)
    names = ("README.md", "measured.svg", "server.cc")
    for name in names:
        (tmp_path / name).write_text("before")
    git("init")
    git("add", ".")
    git("commit", "-m", "begin")
    for name in names:
        clean = bp.describe_commit(tmp_path)
        assert re.fullmatch("[0-9a-f]{7,}", clean), clean
        (tmp_path / name).write_text("after")
    assert bp.describe_commit(tmp_path) == clean + " with uncommitted changes"


def test_a_server_of_two_lessons_is_measured_once_and_shown_in_both(monkeypatch, tmp_path):
    runs, lessons = [], {}

    def measure(names, _run):
        runs.append(names)
        return {(name, 1): [f"{name} in run {len(runs)}"] for name in names}

    part = experiment.Part("measured", "stem", lambda chapter: {"01": ("one",), "02": ("one", "two")}.get(chapter, ()), measure,
                           lambda names, samples: (", ".join(samples[name, 1][0] for name in names), "<svg/>"))
    monkeypatch.setattr(experiment, "PARTS", {"part": part})
    monkeypatch.setattr(experiment, "RESULTS", tmp_path)
    monkeypatch.setattr(experiment, "publish", lambda chapter, *words: lessons.update({chapter: words}))
    experiment.measure_lessons(experiment.Run(tmp_path, 3, 1, "`make bench CH=CHAPTER`."))
    assert runs == [["one", "two"]]
    assert lessons == {"01": ("measured", "one in run 1\n\n`make bench CH=01`.\n", "<svg/>"),
                       "02": ("measured", "one in run 1, two in run 1\n\n`make bench CH=02`.\n", "<svg/>")}


def test_a_report_goes_between_its_marks():
    page = "a\n<!-- crowd -->\nold\n<!-- /crowd -->\nb\n<!-- measured -->\nkept\n<!-- /measured -->\n"
    assert figures.put(page, "crowd", "new\n") == page.replace("old", "new")
