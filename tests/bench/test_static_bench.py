"""Proves the harness of static files, not the servers: how it reckons, and that nginx serves what it is to serve."""

import argparse
import os
import sys
from pathlib import Path

import pytest

sys.path.insert(0, str(Path(__file__).resolve().parent))
import static_bench as sb  # noqa: E402


def samples(*rates):
    return [{"per_cpu_s": rate, "per_s": rate, "others_cpus": 0.5} for rate in rates]


def test_the_verdict_is_the_median_of_the_ratios_of_rounds():
    met, line = sb.judge("1k.txt", samples(60, 160, 90), samples(100, 200, 100))
    assert met
    assert "median 0.80 (0.60 to 0.90 in 3 rounds), best ÷ best 0.80" in line and "others used 0.50 CPUs" in line


def test_nginx_serves_the_files(tmp_path):
    root = tmp_path / "root"
    root.mkdir()
    for name, size in sb.FILES.items():
        (root / name).write_bytes(b"x" * size)
    with sb.start_nginx(argparse.Namespace(), root, min(os.sched_getaffinity(0)), tmp_path) as server:
        sb.require_files(server, root)
        (root / "1k.txt").write_bytes(b"changed")
        assert server.fetch("/1k.txt") == (200, b"changed")


def test_a_server_with_other_files_is_refused(tmp_path):
    class Wrong:
        def wait_ready(self, _path):
            return 200, b"something else"

    for name in sb.FILES:
        (tmp_path / name).write_bytes(b"x")
    with pytest.raises(RuntimeError, match="1k.txt: answered 200 and 14 bytes"):
        sb.require_files(Wrong(), tmp_path)
