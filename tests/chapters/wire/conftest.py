"""Starts the servers of the chapters. --chapter=01 runs those of one chapter only."""

import os
import pathlib
import resource
import sys

import pytest

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[2] / "clients"))

from wire_server import WireServer  # noqa: E402  (found by the line above)

from declared import ROOT, declared_servers  # noqa: E402


def pytest_addoption(parser):
    parser.addoption("--chapter", help="two digits: the servers of this chapter only")


def pytest_generate_tests(metafunc):
    if "declared" in metafunc.fixturenames:
        chapter = metafunc.config.getoption("--chapter")
        servers = [server for server in declared_servers() if chapter in (None, server.chapter)]
        assert servers, f"no server is declared for chapter {chapter}"
        metafunc.parametrize("declared", servers, ids=[server.title.replace(" ", "-") for server in servers],
                             scope="module")


@pytest.fixture(scope="session")
def open_files():
    """As many as the system allows, for the servers that are started later: a user begins with 1,024."""
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    resource.setrlimit(resource.RLIMIT_NOFILE, (hard, hard))
    yield
    resource.setrlimit(resource.RLIMIT_NOFILE, (soft, hard))


@pytest.fixture(scope="module")
def server(declared, open_files):
    build = pathlib.Path(os.environ.get("TORNADO_BUILD", ROOT / "build" / "debug"))
    started = WireServer([str(build / declared.program), *declared.arguments])
    yield started
    started.stop()


@pytest.fixture(autouse=True)
def server_survives(server):
    """Whatever a test did, the server lives and still answers."""
    yield
    from checks import assert_answers
    server.check_alive()
    assert_answers(server, patience=10)
