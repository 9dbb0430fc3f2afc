"""The experiment of the three calls: its contenders do what they are measured for."""

import contextlib
import os
import pathlib
import socket

import pytest
import three_calls

CONTENDERS = sorted({name for names in three_calls.CONTENDERS.values() for name in names})


def build_folder():
    return pathlib.Path(os.environ["TORNADO_BUILD"])


@contextlib.contextmanager
def started(name, folder, upstream=0):
    server = three_calls.start(name, build_folder(), folder / f"{name}.log", upstream)
    try:
        yield server
    finally:
        server.stop()


@pytest.mark.parametrize("name", CONTENDERS)
@pytest.mark.parametrize("path", [path for path, _, _ in three_calls.WORKS])
def test_a_contender_answers_with_what_the_three_calls_brought(tmp_path, name, path):
    with started("upstream", tmp_path) as upstream, started(name, tmp_path, upstream.port) as server:
        assert server.fetch(path) == (200, b"123")


@pytest.mark.parametrize("name", CONTENDERS)
@pytest.mark.parametrize("path", [path for path, _, _ in three_calls.WORKS])
def test_a_call_that_fails_is_an_error_page(tmp_path, name, path):
    with socket.socket() as nobody:  # bound, and does not listen
        nobody.bind(("127.0.0.1", 0))
        with started(name, tmp_path, nobody.getsockname()[1]) as server:
            assert server.wait_ready(path)[0] == 500


def test_a_sample_is_taken_of_the_middle_of_a_load(tmp_path):
    with started("upstream", tmp_path) as server:
        came = three_calls.sample(server, "/1", 1, 0.02, lambda port, path, clients: {"rate": 10.0, "p99": 101.0, "p50": 1})
    assert came["threads"] == 1
    assert came["mb"] > 0
    assert came["cpu_ms"] >= 0
