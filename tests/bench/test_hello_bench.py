"""Proves the harness, not the servers: what it reads from wrk and /proc, and how it reckons ratios and goals."""

import os
import shutil
import sys
from pathlib import Path

import pytest

sys.path.insert(0, str(Path(__file__).resolve().parent))
import bench_process as bp  # noqa: E402
import hello_bench as hb  # noqa: E402

WRK = """Running 3s test @ http://127.0.0.1:40123/
  1 threads and 64 connections
  Thread Stats   Avg      Stdev     Max   +/- Stdev
    Latency   498.53us  310.10us   9.81ms   89.53%
    Req/Sec   128.50k     4.21k  137.93k    70.00%
  Latency Distribution
     50%  233.00us
     75%  610.00us
     90%    0.90ms
     99%    1.25ms
  384000 requests in 3.20s, 38.10MB read
Requests/sec: 120000.00
Transfer/sec:     11.90MB
"""


# --- wrk's report ----------------------------------------------------------------------------------------------------

def test_wrk_report_gives_rate_and_percentiles():
    assert hb.parse_wrk(WRK) == {"requests": 384000, "per_s": pytest.approx(120000), "p50_us": 233.0,
                                 "p99_us": 1250.0, "error": None}


@pytest.mark.parametrize("line", ["  Socket errors: connect 0, read 3, write 0, timeout 9",
                                  "  Non-2xx or 3xx responses: 17"])
def test_wrk_report_with_failed_requests_is_an_error(line):
    report = WRK.replace("Requests/sec", f"{line}\nRequests/sec")
    assert hb.parse_wrk(report)["error"] == line.strip()


# --- CPU accounting --------------------------------------------------------------------------------------------------

def test_stat_of_a_process_with_brackets_and_spaces_in_its_name():
    line = "4711 (a) b (c) S 42 4711 4711 0 -1 4194560 100 0 0 0 250 150 7 7 20 0 1 0 1 1 1"
    assert bp.parse_stat(line) == {"parent": 42, "cpu_s": 400 / bp.TICKS}


def test_cpu_time_of_a_server_includes_its_children(tmp_path):
    # The parent only waits; the child burns half a second of CPU time, prints a line and stays. It asks the clock that
    # /proc shows, whole ticks of user and of system time: a finer one is up to two ticks ahead.
    child = ("import os, time\nwhile sum(os.times()[:2]) < 0.5: pass\n"
             "print('burnt', flush=True)\ntime.sleep(60)")
    parent = f"import subprocess, sys; subprocess.run([sys.executable, '-c', {child!r}])"
    with bp.Server([sys.executable, "-c", parent], 0, min(os.sched_getaffinity(0)), tmp_path / "out") as server:
        while "burnt" not in (tmp_path / "out").read_text():
            os.sched_yield()
        assert len(server.pids()) == 2
        assert 0.5 <= server.cpu_s() < 2.0


def test_a_stopped_server_leaves_no_process(tmp_path):
    child = "import time; time.sleep(60)"
    parent = f"import subprocess, sys; subprocess.run([sys.executable, '-c', {child!r}])"
    server = bp.Server([sys.executable, "-c", parent], 0, min(os.sched_getaffinity(0)), tmp_path / "out")
    while len(server.pids()) < 2:
        os.sched_yield()
    root, started = server.pids()[0], server.pids()
    server.stop()
    assert bp.process_tree(root) == {}
    # A child may be on its way out still; it has no other parent than init, and no time to do anything but end.
    while any(Path(f"/proc/{pid}/cmdline").exists() and "sleep" in Path(f"/proc/{pid}/cmdline").read_text()
              for pid in started):
        os.sched_yield()


def test_a_server_that_ends_at_once_is_reported_with_its_output(tmp_path):
    command = [sys.executable, "-c", "print('no such option'); raise SystemExit(3)"]
    with bp.Server(command, bp.free_port(), min(os.sched_getaffinity(0)), tmp_path / "out") as server:
        with pytest.raises(RuntimeError, match="ended with code 3(.|\n)*no such option"):
            server.wait_ready()


# --- Ratios and goals ------------------------------------------------------------------------------------------------

def sample(contender, number, per_cpu_s, load="c64", spoiled=False, error=None):
    return {"contender": contender, "round": number, "load": load, "spoiled": spoiled, "error": error,
            "per_cpu_s": per_cpu_s, "per_s": per_cpu_s, "server_cpus": 1.0, "load_cpus": 1.0, "p50_us": 1.0,
            "p99_us": 2.0}


def rounds_of(ratios, load="c64"):
    """Samples in which the floor doubles every round, so that only ratios within a round come out as given."""
    floors = [1000.0 * 2 ** i for i in range(len(ratios))]
    return [s for i, (floor, ratio) in enumerate(zip(floors, ratios))
            for s in (sample("raw", i, floor, load), sample("ours", i, floor * ratio, load))]


def test_ratio_is_the_median_of_ratios_within_a_round():
    summary = hb.summarise(rounds_of([0.9, 0.5, 0.8]), "c64", "ours")
    assert summary["ratio"] == pytest.approx(0.8)
    assert summary["best_ratio"] == pytest.approx(0.8)  # the last round is the best of both
    assert (summary["n"], summary["pairs"]) == (3, 3)


def test_spoiled_and_failed_samples_are_left_out_with_their_pair():
    samples = rounds_of([0.9, 0.8])
    samples += [sample("raw", 7, 1000.0), sample("ours", 7, 1.0, spoiled=True)]
    samples += [sample("raw", 8, 1000.0), sample("ours", 8, 1.0, error="Socket errors: read 1")]
    samples += [sample("raw", 9, 1.0, spoiled=True), sample("ours", 9, 1500.0)]
    assert hb.paired_ratios(samples, "c64", "ours") == pytest.approx([0.9, 0.8])


def test_figures_of_goals_are_the_ratios_of_our_server():
    assert hb.goal_figures(rounds_of([0.5, 0.8]), ["c64"]) == {"c64": pytest.approx([0.5, 0.8])}


# --- Contenders ------------------------------------------------------------------------------------------------------

def contenders(build, *arguments):
    return [c.name for c in hb.choose_contenders(hb.parse_options([f"--build={build}", *arguments]))]


def test_uring_takes_part_if_it_or_all_peers_are_asked_for(tmp_path):
    for name in ("raw_epoll", "raw_uring"):
        shutil.copy("/bin/true", tmp_path / name)
    assert "uring" not in contenders(tmp_path)
    assert "uring" in contenders(tmp_path, "--peers")
    assert contenders(tmp_path, "--only=uring") == ["raw", "uring"]


def test_uring_is_left_out_where_it_is_not_built(tmp_path, capsys):
    shutil.copy("/bin/true", tmp_path / "raw_epoll")
    assert contenders(tmp_path, "--only=raw,uring") == ["raw"]
    assert capsys.readouterr().out == f"left out: uring: {tmp_path}/raw_uring is not there: it needs liburing (apt: liburing-dev)\n"
