"""Proves the harness, not the servers: what it reads from wrk and /proc, and how it reckons ratios and goals."""

import os
import subprocess
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


@pytest.mark.parametrize("text, microseconds", [("12.50us", 12.5), ("1.25ms", 1250), ("2.00s", 2e6), ("1.50m", 90e6)])
def test_wrk_times_have_units(text, microseconds):
    assert hb.parse_time_us(text) == pytest.approx(microseconds)


# --- CPU accounting --------------------------------------------------------------------------------------------------

def test_stat_of_a_process_with_brackets_and_spaces_in_its_name():
    line = "4711 (a) b (c) S 42 4711 4711 0 -1 4194560 100 0 0 0 250 150 7 7 20 0 1 0 1 1 1"
    assert bp.parse_stat(line) == {"parent": 42, "cpu_s": 400 / bp.TICKS}


def test_busy_time_leaves_out_idle_and_iowait_and_counts_stolen_time():
    line = "cpu  10 20 30 4000 5000 6 7 8 900 1000\ncpu0 1 1 1 1 1 1 1 1 0 0\n"
    assert bp.parse_busy(line) == (10 + 20 + 30 + 6 + 7 + 8) / bp.TICKS


def test_cpu_time_of_a_server_includes_its_children(tmp_path):
    # The parent only waits; the child burns half a second of CPU time, prints a line and stays.
    child = "import time\nwhile time.process_time() < 0.5: pass\nprint('burnt', flush=True)\ntime.sleep(60)"
    parent = f"import subprocess, sys; subprocess.run([sys.executable, '-c', {child!r}])"
    with bp.Server([sys.executable, "-c", parent], 0, min(os.sched_getaffinity(0)), tmp_path / "out") as server:
        while "burnt" not in (tmp_path / "out").read_text():
            os.sched_yield()
        assert len(server.pids()) == 2
        assert 0.5 <= server.cpu_s() < 2.0


def test_meter_separates_the_load_from_the_server(tmp_path):
    cpu = min(os.sched_getaffinity(0))
    with bp.Server([sys.executable, "-c", "import time; time.sleep(60)"], 0, cpu, tmp_path / "out") as server:
        meter = bp.Meter(server)
        subprocess.run([sys.executable, "-c", "import time\nwhile time.process_time() < 0.4: pass"], check=True)
        usage = meter.stop()
    assert usage["load_cpus"] * usage["wall_s"] >= 0.4
    assert usage["server_cpu_s"] < 0.4


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


def test_server_and_load_get_different_cpus_where_there_are_two():
    assert bp.choose_cpus({3, 1, 2}) == (1, 3)
    assert bp.choose_cpus({5}) == (5, 5)


# --- Ratios and goals ------------------------------------------------------------------------------------------------

def sample(contender, number, per_cpu_s, load="c64", spoiled=False, error=None):
    return {"contender": contender, "round": number, "load": load, "spoiled": spoiled, "error": error,
            "per_cpu_s": per_cpu_s, "per_s": per_cpu_s, "server_cpus": 1.0, "load_cpus": 1.0, "p50_us": 1.0,
            "p99_us": 2.0}


def idle_sample(contender, number, size, seconds=0.3):
    return {"contender": contender, "round": number, "load": "idle", "spoiled": False, "error": None,
            "bytes_per_connection": size, "seconds": seconds, "alone_p50_us": 1, "crowd_p50_us": 1,
            "alone_p99_us": 1, "crowd_p99_us": 1, "rss_before_kib": 1, "rss_after_kib": 1}


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


def test_best_ratio_compares_the_best_of_each_whatever_the_round():
    samples = [sample("raw", 1, 100.0), sample("ours", 1, 60.0), sample("raw", 2, 80.0), sample("ours", 2, 70.0)]
    assert hb.summarise(samples, "c64", "ours")["best_ratio"] == pytest.approx(0.7)


def test_spoiled_and_failed_samples_are_left_out_with_their_pair():
    samples = rounds_of([0.9, 0.8])
    samples += [sample("raw", 7, 1000.0), sample("ours", 7, 1.0, spoiled=True)]
    samples += [sample("raw", 8, 1000.0), sample("ours", 8, 1.0, error="Socket errors: read 1")]
    samples += [sample("raw", 9, 1.0, spoiled=True), sample("ours", 9, 1500.0)]
    assert hb.paired_ratios(samples, "c64", "ours") == pytest.approx([0.9, 0.8])


def test_loads_do_not_mix():
    samples = rounds_of([0.9], "c64") + rounds_of([0.5], "c1024")
    assert hb.summarise(samples, "c64", "ours")["ratio"] == pytest.approx(0.9)


def test_summary_without_samples_tells_nothing():
    summary = hb.summarise([], "c64", "ours")
    assert summary["n"] == 0
    assert all(value is None for key, value in summary.items() if key not in ("n", "pairs"))
    assert "| ours | – |" in hb.table([], "c64", ["ours"])
    assert "| ours | – |" in hb.table([], "idle", ["ours"])


GOAL = hb.Goal("c64", "ratio", True, 0.85, "of the floor")


@pytest.mark.parametrize("ratio, met", [(0.86, True), (0.84, False)])
def test_goal_is_judged_by_the_median(ratio, met):
    result, line = hb.judge(GOAL, rounds_of([0.1, ratio, ratio, ratio, 3.0]))
    assert result is met
    assert line.startswith("met" if met else "MISSED")


def test_goal_without_enough_samples_is_not_met():
    result, line = hb.judge(GOAL, rounds_of([2.0, 2.0]))
    assert result is False
    assert line.startswith("NOT SHOWN")


def test_goal_of_memory_is_an_upper_limit():
    goal = next(g for g in hb.GOALS if g.measure == "bytes_per_connection")
    assert hb.judge(goal, [idle_sample("ours", i, 1024) for i in range(3)])[0] is True
    assert hb.judge(goal, [idle_sample("ours", i, 1025) for i in range(3)])[0] is False


def test_goals_are_the_project_s():
    assert {(g.load, g.measure): g.limit for g in hb.GOALS} == {
        ("c64", "ratio"): 0.85, ("c1024", "ratio"): 0.80, ("p16", "ratio"): 0.40,
        ("idle", "bytes_per_connection"): 1024, ("idle", "seconds"): 0.4}


# --- Options ---------------------------------------------------------------------------------------------------------

@pytest.mark.parametrize("arguments", [["--check", "--rounds", "4"], ["--loads", "c64,c65"], ["--server", "nothing"]])
def test_options_that_cannot_mean_anything_are_refused(arguments, capsys):
    with pytest.raises(SystemExit) as refusal:
        hb.parse_options(arguments)
    assert refusal.value.code == 2
    assert "error:" in capsys.readouterr().err


def test_a_contender_that_is_not_there_is_named_as_left_out(capsys):
    options = hb.parse_options(["--only", "mine", "--server", "mine=/nowhere/server {port}"])
    assert "mine" not in [c.name for c in hb.choose_contenders(options)]
    assert "left out: mine: /nowhere/server is not there" in capsys.readouterr().out
