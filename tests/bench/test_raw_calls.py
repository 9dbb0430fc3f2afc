"""Counts system calls with strace: what raw_calls.py reads from a trace, and what it finds."""

import os
import sys
from pathlib import Path

import pytest

sys.path.insert(0, str(Path(__file__).resolve().parent))
import raw_calls  # noqa: E402

BUILD = Path(os.environ["TORNADO_BUILD"]) / "tests" / "bench"
CALLS_OF_8 = {"raw_epoll": {"epoll_wait": 1, "recvfrom": 8, "sendto": 8}, "raw_uring": {"io_uring_enter": 2}}
BUILT = [name for name in CALLS_OF_8 if name == "raw_epoll" or (BUILD / name).exists()]
TRACE = """sendto(5, "before", 6, 0, NULL, 0) = 6
epoll_wait(3, 0x7ffc, 1024, -1) = -1 EINTR (Interrupted system call)
--- SIGSTOP {si_signo=SIGSTOP, si_code=SI_USER, si_pid=1, si_uid=0} ---
--- stopped by SIGSTOP ---
--- SIGCONT {si_signo=SIGCONT, si_code=SI_USER, si_pid=1, si_uid=0} ---
epoll_wait(3, [{events=EPOLLIN, data={u32=5, u64=5}}], 1024, -1) = 1
recvfrom(5, "GET / HTTP/1.1\\r\\n\\r\\n", 65536, 0, NULL, NULL) = 18
recvfrom(6, 0x7ffc, 65536, 0, NULL, NULL) = -1 EAGAIN (Resource temporarily unavailable)
epoll_wait(3,  <unfinished ...>)        = ?
+++ killed by SIGKILL +++
"""


def test_only_complete_calls_after_the_stop_are_counted():
    assert raw_calls.calls_after_stop(TRACE) == {"epoll_wait": 1, "recvfrom": 2}


def test_a_state_that_a_process_never_reaches_is_named_in_the_error():
    with pytest.raises(TimeoutError, match=r"was not in state T or t within 0\.05 s; its state is R"):
        raw_calls.wait_for_state(os.getpid(), "Tt", seconds=0.05)


@pytest.mark.parametrize("name", BUILT)
def test_calls_for_requests_that_arrive_at_once(name, tmp_path):
    assert raw_calls.count_calls(BUILD / name, 8, tmp_path) == CALLS_OF_8[name]


def test_a_server_that_is_not_built_ends_the_program(tmp_path):
    with pytest.raises(SystemExit, match="raw_epoll is not there"):
        raw_calls.main([f"--build={tmp_path}"])
