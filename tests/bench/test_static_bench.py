"""Proves the harness of static files, not the servers: how it reckons, and that nginx serves what it is to serve."""

import argparse
import os
import sys
from pathlib import Path

import pytest

sys.path.insert(0, str(Path(__file__).resolve().parent))
import static_bench as sb  # noqa: E402

BUILD = Path(os.environ["TORNADO_BUILD"]) / "tests" / "bench"
BUILT_RAW = ["raw"] + ["uring"] * (BUILD / "raw_uring").exists()


def samples(*rates):
    return [{"per_cpu_s": rate, "per_s": rate, "others_cpus": 0.5} for rate in rates]


def test_the_line_has_the_median_of_the_ratios_of_rounds():
    ratios, line = sb.compare("1k.txt", "ours", "nginx", {("ours", "1k.txt"): samples(60, 160, 90), ("nginx", "1k.txt"): samples(100, 200, 100)})
    assert ratios == pytest.approx([0.6, 0.8, 0.9])
    assert "median 0.80 (0.60 to 0.90 in 3 rounds), best ÷ best 0.80" in line and "others used 0.50 CPUs" in line


def test_everyone_is_compared_with_the_floor_if_that_was_measured():
    taken = {("raw", "1k.txt"): samples(100, 200), ("uring", "1k.txt"): samples(110, 260), ("ours", "1k.txt"): samples(90, 180)}
    uring, ours = sb.beside_floor(taken)
    assert uring.startswith("1k.txt: uring ÷ raw, requests per CPU-second: median 1.20 (1.10 to 1.30 in 2 rounds)")
    assert ours.startswith("1k.txt: ours ÷ raw, requests per CPU-second: median 0.90 ")
    assert sb.beside_floor({key: value for key, value in taken.items() if key[0] != "raw"}) == []


@pytest.mark.parametrize("arguments, message", [
    (["--only=raw,apache"], "no contender named apache: choose from ours, nginx, raw, uring"),
    (["--only=uring"], "nothing to compare: --only must name ours and nginx, or raw and another"),
    (["--only=raw,uring", "--check"], "--check judges ours beside nginx: --only must name both"),
])
def test_a_choice_that_compares_nothing_is_an_error(arguments, message, capsys):
    with pytest.raises(SystemExit):
        sb.parse_options(arguments)
    assert message in capsys.readouterr().err


def test_nginx_serves_the_file(tmp_path):
    file = tmp_path / "1k.txt"
    file.write_bytes(b"x" * 1000)
    with sb.start_nginx(argparse.Namespace(), file, min(os.sched_getaffinity(0)), tmp_path) as server:
        sb.require_file(server, file)
        file.write_bytes(b"changed")
        assert server.fetch("/1k.txt") == (200, b"changed")


def test_a_server_with_another_file_is_refused(tmp_path):
    class Wrong:
        def wait_ready(self, _path):
            return 200, b"something else"

    (tmp_path / "1k.txt").write_bytes(b"x")
    with pytest.raises(RuntimeError, match="1k.txt: answered 200 and 14 bytes"):
        sb.require_file(Wrong(), tmp_path / "1k.txt")


@pytest.mark.parametrize("name", BUILT_RAW)
def test_a_raw_server_serves_the_file(name, tmp_path):
    file = tmp_path / "1m.txt"
    file.write_bytes(os.urandom(1_000_000))
    options = sb.parse_options([f"--build={BUILD}", "--only=raw,uring"])
    with sb.CONTENDERS[name](options, file, min(os.sched_getaffinity(0)), tmp_path) as server:
        sb.require_file(server, file)


def test_uring_is_refused_where_it_is_not_built(tmp_path):
    options = sb.parse_options([f"--build={tmp_path}", "--only=raw,uring"])
    with pytest.raises(SystemExit, match=r"raw_uring is not there: it needs liburing \(apt: liburing-dev\)"):
        sb.CONTENDERS["uring"](options, tmp_path / "1m.txt", 0, tmp_path)
