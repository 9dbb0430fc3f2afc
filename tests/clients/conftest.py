"""The server under test, one for the session; every test ends with the question whether it is still well."""

import resource

import pytest
from chromium import start_browser  # noqa: F401  (a fixture)
from course_site import browser, chromium, site  # noqa: F401  (fixtures)
from raw import Connection, connect
from turns import turn
from wire_server import WireServer, command_under_test

RUNNING = []
FILES = 4096  # an ordinary user's process may open 1,024, and a thousand clients are more


@pytest.fixture(scope="session", autouse=True)
def files():
    """Lets these tests, and what they start, open some thousand files, if the system allows it."""
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    allowed = FILES if hard == resource.RLIM_INFINITY else min(FILES, hard)
    if soft != resource.RLIM_INFINITY and soft < allowed:
        resource.setrlimit(resource.RLIMIT_NOFILE, (allowed, hard))


@pytest.hookimpl(hookwrapper=True)
def pytest_runtest_protocol(item):
    """Lets a test wait for its turn. Its limit begins after the wait, because this comes before pytest-timeout's wrapper."""
    with turn(item.get_closest_marker("alone") is not None):
        yield


def start(*options):
    server = WireServer(command_under_test(), *options)
    RUNNING.append(server)
    return server


def end(server):
    RUNNING.remove(server)
    server.stop()


@pytest.fixture(scope="session")
def server():
    """The application with its default limits."""
    started = start()
    yield started
    end(started)


@pytest.fixture
def start_server():
    """A function that starts a server with other options; it is stopped, and looked at, after the test."""
    started = []

    def start_one(*options):
        started.append(start(*options))
        return started[-1]

    yield start_one
    for one in started:
        end(one)


@pytest.fixture
def client(server):
    with connect(server.port) as connection:
        yield connection


@pytest.fixture
def new_client(server):
    """A function that opens one more connection to the server."""
    connections: list[Connection] = []

    def open_one(**options):
        connections.append(connect(server.port, **options))
        return connections[-1]

    yield open_one
    for connection in connections:
        connection.close()


@pytest.fixture(autouse=True)
def servers_survive():
    """Whatever a test did, the server lives and still answers."""
    yield
    for server in RUNNING:
        server.check_alive()
        with connect(server.port) as connection:
            connection.send(b"GET / HTTP/1.1\r\nHost: h\r\n\r\n")
            assert connection.read_response().body == b"Hello, world"
