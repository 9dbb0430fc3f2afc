"""Short runs of operations_bench.py, on the release build."""

import os
import pathlib
import re
import subprocess
import sys

HERE = pathlib.Path(__file__).resolve().parent
ROOT = HERE.parent.parent


def run(*arguments):
    build = os.environ.get("TORNADO_BUILD", str(ROOT / "build" / "release"))
    done = subprocess.run([sys.executable, str(HERE / "operations_bench.py"), "--build", build, *arguments],
                          capture_output=True, text=True)
    assert done.returncode == 0, done.stderr
    return done.stdout


def test_every_way_has_a_row(tmp_path):
    table = run("--only", "compare", "--json", str(tmp_path / "operations.json"), "--rounds", "1", "--seconds", "1")
    ways = re.findall(r"^\| ([^|]+) \| [\d,]+ \| (\d+\.\d\d) \|", table, re.M)
    assert [name for name, _ratio in ways] == ["one process", "two processes", "nginx, two processes", "HAProxy, two processes"]
    assert ways[0][1] == "1.00"


def test_an_idle_connection_takes_less_than_a_kibibyte():
    said = run("--only", "idle", "--idle", "2000")
    assert 0 < int(re.search(r"connections: ([\d,]+) bytes of the server", said)[1].replace(",", "")) < 1024, said


def test_requests_are_answered_while_processes_are_restarted():
    said = run("--only", "restarts", "--restarts", "1")
    lines = re.findall(r"^(nginx|HAProxy): two processes restarted in turn, rounds: 1\. ([\d,]+) requests, (\d+) failed\.$", said, re.M)
    assert [name for name, *_ in lines] == ["nginx", "HAProxy"]
    for _name, sent, failed in lines:
        # A worker of nginx that waits for a processor may use a connection that has just been closed.
        assert int(failed) < int(sent.replace(",", "")) / 100


def test_a_message_takes_time():
    assert float(run("--only", "messages").split()[0]) > 0
