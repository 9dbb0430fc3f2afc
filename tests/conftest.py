"""Ends a test that exceeds its limit (pytest.ini): its processes are killed, and it fails with the stack where it was.

And marks the tests that open a browser."""

import contextlib
import os
import pathlib
import signal
import threading

import pytest

OLDER = set()  # processes that were there before the test: servers that others use too


def descendants():
    """The processes below this one."""
    parents = {}
    for name in filter(str.isdecimal, os.listdir("/proc")):
        with contextlib.suppress(FileNotFoundError, ProcessLookupError):  # it ended while we looked
            parents[int(name)] = int(pathlib.Path("/proc", name, "stat").read_text().rpartition(")")[2].split()[1])
    found, new = set(), {os.getpid()}
    while new:
        new = {pid for pid, parent in parents.items() if parent in new} - found
        found |= new
    return found


def remember_processes():
    OLDER.clear()
    OLDER.update(descendants())


@pytest.hookimpl(hookwrapper=True)
def pytest_timeout_set_timer():
    """Lets pytest-timeout's signal kill first: a test that waits for a process in a `finally` would go on waiting."""
    remember_processes()
    yield
    if threading.current_thread() is not threading.main_thread():
        return  # a worker of xdist's, now and then: there pytest-timeout ends the worker, with the stacks of its threads
    fail = signal.getsignal(signal.SIGALRM)

    def end_test(number, frame):
        for pid in descendants() - OLDER:
            with contextlib.suppress(ProcessLookupError):
                os.kill(pid, signal.SIGKILL)
        fail(number, frame)

    signal.signal(signal.SIGALRM, end_test)


@pytest.hookimpl(tryfirst=True)  # before -m chooses
def pytest_collection_modifyitems(items):
    for item in items:
        if "start_browser" in getattr(item, "fixturenames", ()):
            item.add_marker("browser")


@pytest.hookimpl(tryfirst=True)
def pytest_runtest_call():
    """Spares what the test's fixtures have started: they stop it themselves."""
    remember_processes()
