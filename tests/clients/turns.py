"""Keeps the workers of a run away from a test that measures times: it is marked `alone`."""

import contextlib
import fcntl
import pathlib

FOLDER = pathlib.Path(__file__).resolve().parent.parent.parent / "build"


@contextlib.contextmanager
def turn(alone, folder=FOLDER):
    """Waits until no test that is alone runs; with `alone`, until no test runs."""
    folder.mkdir(exist_ok=True)
    with (folder / "tests.gate").open("w") as gate, (folder / "tests.lock").open("w") as lock:
        fcntl.flock(gate, fcntl.LOCK_EX)  # one waits for the lock at a time, so that new ones do not pass a test that would be alone
        fcntl.flock(lock, fcntl.LOCK_EX if alone else fcntl.LOCK_SH)
        fcntl.flock(gate, fcntl.LOCK_UN)
        yield
