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


def sample(per_s, p99_ms, peak_mb=28, error=None):
    return {"per_s": per_s, "p99_us": p99_ms * 1e3, "peak_mb": peak_mb, "error": error}


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


@pytest.mark.parametrize("taken, met", [
    ([sample(50_000, 220, 60)], True),
    ([sample(49_999, 220, 60)], False),
    ([sample(50_000, 221, 60)], False),
    ([sample(50_000, 220, 61)], False),
    ([sample(40_000, 300), sample(51_000, 200), sample(52_000, 190)], True),
    ([sample(0, 0, error="Socket errors: connect 8000")], False),
])
def test_the_verdict_is_of_medians(taken, met):
    assert wb.judge(8000, taken)[0] is met
