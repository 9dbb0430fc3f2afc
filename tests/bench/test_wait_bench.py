"""Proves the harness of wait_bench.py, not the servers: whom it measures, and how it judges."""

import shutil
import sys
from pathlib import Path

import pytest

sys.path.insert(0, str(Path(__file__).resolve().parent))
import wait_bench as wb  # noqa: E402


@pytest.fixture
def build(tmp_path):
    """A folder with a blank in its path, and in it the servers."""
    folder = tmp_path / "a clone"
    folder.mkdir()
    for name in ("wait_server", "raw_epoll", "raw_uring"):
        shutil.copy("/bin/true", folder / name)
    return folder


def choose(build, *arguments):
    return wb.choose_contenders(wb.parse_options([f"--build={build}", *arguments]))


def sample(per_s, others=0.0, error=None):
    return {"per_s": per_s, "server_cpus": 1.0, "others_cpus": others, "p99_us": 1e5, "peak_mb": 28, "error": error}


def test_servers_in_a_folder_with_a_blank_are_found(build):
    assert [contender.name for contender in choose(build, "--only=ours,raw")] == ["ours", "raw"]


def test_a_server_that_is_not_built_ends_the_program(build):
    (build / "wait_server").unlink()
    with pytest.raises(SystemExit, match="wait_server is not there: run make bench"):
        choose(build, "--only=ours,raw")


def test_uring_takes_part_if_it_is_named(build):
    assert "uring" not in [contender.name for contender in choose(build)]
    assert [contender.name for contender in choose(build, "--only=raw,uring")] == ["raw", "uring"]
    (build / "raw_uring").unlink()
    with pytest.raises(SystemExit, match=r"raw_uring is not there: it needs liburing \(apt: liburing-dev\): run make bench"):
        choose(build, "--only=raw,uring")


def test_figures_leave_out_failed_samples_and_disturbed_ratios():
    ours = [sample(90), sample(80, others=0.5), sample(70, error="Socket errors: connect 8000")]
    figures = wb.figures_of(8000, {"ours": ours, "raw": [sample(100)] * 3})
    assert figures["8000 ratio"] == [pytest.approx(0.9)] and figures["8000 per_s"] == [90, 80]
