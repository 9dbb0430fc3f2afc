"""The demo visits: what the loops of a process share, and what processes do not."""

import contextlib
import os
import pathlib
import re
import signal
import subprocess
import urllib.request

import pytest
from wire_server import ROOT, WireServer, wait_until

PROGRAM = pathlib.Path(os.environ.get("TORNADO_BUILD", ROOT / "build" / "debug")) / "final" / "demos" / "visits" / "visits"
RESPONSE = re.compile(r"process (\d+), loop (\d+): visit (\d+), (\d+) in the process; note: (.*)\n")
VISITS = 60  # on two sockets, the kernel gives all of them to one once in 2^59 runs


def workers(server):
    """The pids of the processes, as soon as there are two: the first may serve before the parent has forked the second."""
    children = pathlib.Path(f"/proc/{server.pid}/task/{server.pid}/children")
    return wait_until(lambda: len(found := children.read_text().split()) == 2 and [int(pid) for pid in found], "two processes")


def runs(pid):
    """Whether the process listens and has set its handler of SIGTERM, which it does last. Before, SIGTERM kills it."""
    caught = re.search(r"^SigCgt:\s*(\w+)", pathlib.Path(f"/proc/{pid}/status").read_text(), re.MULTILINE)[1]
    return int(caught, 16) >> (signal.SIGTERM - 1) & 1


@contextlib.contextmanager
def visits(*options):
    server = WireServer([str(PROGRAM)], "--port=0", "--logging=none", *options)
    try:
        pids = workers(server) if "--processes=2" in options else [server.pid]
        wait_until(lambda: all(runs(pid) for pid in pids), "all processes run")
        yield server
        server.check_alive()
    finally:
        server.stop()


def ask(server, path="/", data=None, timeout=10):
    """On a connection of its own, as each of them is for the kernel's choice."""
    with urllib.request.urlopen(server.url + path, data, timeout) as response:
        return response.read().decode()


def visit(server):
    """process, loop, visit, visits of the process, note"""
    *numbers, note = RESPONSE.fullmatch(ask(server)).groups()
    return (*map(int, numbers), note)


def notes(server):
    """place -> its note, of all places that answer."""
    return {(process, loop): note for process, loop, _, _, note in (visit(server) for _ in range(VISITS))}


def test_loops_count_by_themselves_and_have_a_total():
    with visits("--loops=2") as server:
        seen = [visit(server) for _ in range(VISITS)]
    assert [total for _, _, _, total, _ in seen] == list(range(1, VISITS + 1))
    own = {loop: count for _, loop, count, _, _ in seen}
    assert set(own) == {0, 1} and sum(own.values()) == VISITS


def test_processes_have_a_total_each():
    with visits("--processes=2") as server:
        seen = [visit(server) for _ in range(VISITS)]
    totals = {process: total for process, _, _, total, _ in seen}
    assert set(totals) == {0, 1} and sum(totals.values()) == VISITS
    assert all(count == total for _, _, count, total, _ in seen)


def test_a_note_reaches_all_loops_of_a_process_and_no_other_process():
    with visits("--loops=2", "--processes=2") as server:
        ask(server, "/note", b"text=hello")
        wait_until(lambda: sorted(notes(server).values()) == ["hello", "hello", "none", "none"], "a note in two places of four")
        found = notes(server)
    assert found[0, 0] == found[0, 1] and found[1, 0] == found[1, 1]


def is_lost(server, seconds):
    """Whether there is no response in time. The kernel accepts the connection in any case."""
    try:
        ask(server, timeout=seconds)
    except TimeoutError:
        return True
    return False


def test_a_process_that_hangs_keeps_the_clients_of_its_own_socket():
    with visits("--processes=2") as server:
        stopped = workers(server)[0]
        os.kill(stopped, signal.SIGSTOP)
        try:
            assert any(is_lost(server, 0.3) for _ in range(VISITS))
        finally:
            os.kill(stopped, signal.SIGCONT)


def test_a_process_that_hangs_keeps_nobody_from_a_socket_that_others_accept_from():
    with visits("--processes=2", "--inherit") as server:
        stopped = workers(server)[0]
        os.kill(stopped, signal.SIGSTOP)
        try:
            assert {visit(server)[0] for _ in range(VISITS)} == {1}
        finally:
            os.kill(stopped, signal.SIGCONT)


def test_a_killed_process_is_replaced_and_has_forgotten_its_visits():
    with visits("--processes=2", "--inherit") as server:
        before = workers(server)
        os.kill(before[1], signal.SIGSTOP)
        counted = [visit(server)[3] for _ in range(5)]
        os.kill(before[1], signal.SIGCONT)
        os.kill(before[0], signal.SIGKILL)
        wait_until(lambda: set(workers(server)) - set(before), "a new process")
        os.kill(before[1], signal.SIGSTOP)
        try:
            again = visit(server)
        finally:
            os.kill(before[1], signal.SIGCONT)
    assert counted == [1, 2, 3, 4, 5] and again[0] == 0 and again[3] == 1


@pytest.mark.parametrize("options, words", [(["--loops=0"], "1 or more"), (["--inherit", "--loops=2"], "goes with one loop")])
def test_wrong_options_are_one_clear_line(options, words):
    done = subprocess.run([PROGRAM, "--port=0", *options], capture_output=True, text=True, timeout=30)
    assert done.returncode == 2 and done.stderr.startswith("error: ") and words in done.stderr
