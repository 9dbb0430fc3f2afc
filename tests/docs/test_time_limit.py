"""A test in Python that hangs is ended, named, and shown with the stack where it was."""

import errno
import importlib.util
import os
import pathlib
import subprocess
import sys

import pytest

ROOT = pathlib.Path(__file__).resolve().parents[2]

HANGS = """
import pathlib, subprocess, pytest

@pytest.fixture(scope="module")
def server():
    with subprocess.Popen(["cat"], stdin=subprocess.PIPE, stdout=subprocess.PIPE) as process:
        yield process
        process.stdin.close()

def test_before():
    pass

@pytest.mark.timeout(1)
def test_reads(server):
    with subprocess.Popen(["sleep", "1000"], stdout=subprocess.PIPE) as process:
        pathlib.Path("pid").write_text(str(process.pid))
        process.stdout.read()

def test_after(server):
    server.stdin.write(b"well")
    server.stdin.flush()
    assert server.stdout.read(4) == b"well"
"""


@pytest.mark.parametrize("workers", [(), ("-n", "1")], ids=["alone", "in-a-worker"])
def test_a_test_that_hangs_is_ended_with_its_processes_and_the_next_runs(tmp_path, workers):
    (tmp_path / "test_hangs.py").write_text(HANGS)
    command = [sys.executable, "-m", "pytest", "-c", ROOT / "pytest.ini", "--rootdir", tmp_path, "-p", "conftest", "-p", "no:cacheprovider",
               *workers, "test_hangs.py"]
    done = subprocess.run(command, cwd=tmp_path, env={**os.environ, "PYTHONPATH": str(ROOT / "tests")},
                          capture_output=True, text=True, timeout=60)
    assert done.returncode == 1 and "1 failed, 2 passed" in done.stdout, done.stdout + done.stderr
    assert "process.stdout.read()" in done.stdout and "test_hangs.py::test_reads - Failed: Timeout >1.0s" in done.stdout
    assert not pathlib.Path("/proc", (tmp_path / "pid").read_text()).exists()


def test_a_process_that_ends_while_proc_is_read_is_left_out(monkeypatch):
    spec = importlib.util.spec_from_file_location("time_limit", ROOT / "tests" / "conftest.py")
    time_limit = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(time_limit)
    real = os.stat
    with subprocess.Popen(["cat"], stdin=subprocess.PIPE) as child, subprocess.Popen(["cat"], stdin=subprocess.PIPE) as other:

        def ended(path, *arguments, **options):
            if str(path) == f"/proc/{child.pid}/stat":
                raise ProcessLookupError(errno.ESRCH, "No such process", str(path))
            return real(path, *arguments, **options)

        monkeypatch.setattr(os, "stat", ended)
        assert other.pid in time_limit.descendants()
        other.stdin.close()
        child.stdin.close()
