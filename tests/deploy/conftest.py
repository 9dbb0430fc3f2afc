"""The service behind the proxies, for each test."""

import deployed
import pytest


@pytest.fixture
def services():
    """Two processes for HTTP, and one that expects the PROXY protocol."""
    build = deployed.build_folder()
    with deployed.running(deployed.Service(build, "--xheaders"), deployed.Service(build, "--xheaders"),
                          deployed.Service(build, "--proxy-protocol")) as started:
        yield started


@pytest.fixture
def nginx(tmp_path, services):
    with deployed.nginx(tmp_path / "nginx", services) as started:
        yield started


@pytest.fixture
def haproxy(tmp_path, services):
    with deployed.haproxy(tmp_path / "haproxy", services) as started:
        yield started


@pytest.fixture(params=["nginx", "haproxy"])
def proxy(request):
    return request.getfixturevalue(request.param)
