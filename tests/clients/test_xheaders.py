"""Section 2.6 of the behaviour list, HS-03: what a proxy in front tells of its client. Both our server and Python's
Tornado must say the same."""

import pytest
from raw import connect
from wire_server import WireServer, our_command, twin_command, wait_until

SERVERS = {"ours": our_command("wire_web_layer"), "Tornado": twin_command("web_layer.py")}


@pytest.fixture(scope="module", params=SERVERS)
def proxied(request):
    """A server behind proxies, one of which it knows."""
    server = WireServer(SERVERS[request.param], "--xheaders=true", "--trusted_downstream=10.0.0.9")
    yield server
    server.stop()


@pytest.fixture(scope="module", params=SERVERS)
def direct(request):
    """A server that nobody is in front of."""
    server = WireServer(SERVERS[request.param])
    yield server
    server.stop()


def seen(server, *fields):
    """Protocol and address that the handler sees."""
    with connect(server.port) as client:
        return tell(client, *fields)


def tell(client, *fields):
    client.send("\r\n".join(["GET /client HTTP/1.1", "Host: h", *fields, "", ""]).encode("latin-1"))
    return client.read_response("GET").body.decode()


@pytest.mark.parametrize("fields, expected", [
    ([], "http 127.0.0.1"),
    # the address
    (["X-Real-Ip: 192.0.2.7"], "http 192.0.2.7"),
    (["X-Real-Ip: 2001:db8::1"], "http 2001:db8::1"),
    (["X-Forwarded-For: 192.0.2.7"], "http 192.0.2.7"),
    (["X-Forwarded-For: 192.0.2.1, 192.0.2.2,192.0.2.3"], "http 192.0.2.3"),
    (["X-Forwarded-For: 192.0.2.1", "X-Forwarded-For: 192.0.2.2"], "http 192.0.2.2"),
    (["X-Real-Ip: 192.0.2.7", "X-Forwarded-For: 192.0.2.8"], "http 192.0.2.7"),
    (["X-Real-Ip: 192.0.2.7<script>"], "http 127.0.0.1"),
    (["X-Real-Ip: localhost"], "http 127.0.0.1"),
    (["X-Forwarded-For: 192.0.2.1, unknown"], "http 127.0.0.1"),
    # proxies that are known are not clients
    (["X-Forwarded-For: 192.0.2.1, 10.0.0.9"], "http 192.0.2.1"),
    (["X-Forwarded-For: 192.0.2.1, 10.0.0.9, 10.0.0.9"], "http 192.0.2.1"),
    (["X-Forwarded-For: 192.0.2.1, 10.0.0.8"], "http 10.0.0.8"),
    (["X-Forwarded-For: 10.0.0.9"], "http 10.0.0.9"),
    # the protocol
    (["X-Scheme: https"], "https 127.0.0.1"),
    (["X-Forwarded-Proto: https"], "https 127.0.0.1"),
    (["X-Forwarded-Proto: http, https"], "https 127.0.0.1"),
    (["X-Forwarded-Proto: https, http"], "http 127.0.0.1"),
    (["X-Scheme: https", "X-Forwarded-Proto: http"], "https 127.0.0.1"),
    (["X-Scheme: HTTPS"], "http 127.0.0.1"),
    (["X-Scheme: ftp"], "http 127.0.0.1"),
    (["X-Scheme: https;x"], "http 127.0.0.1"),
    (["X-Real-Ip: 192.0.2.7", "X-Scheme: https"], "https 192.0.2.7"),
])
def test_2_6_what_a_proxy_says_of_its_client(proxied, fields, expected):
    assert seen(proxied, *fields) == expected


def test_2_6_it_is_forgotten_with_the_next_request(proxied):
    with connect(proxied.port) as client:
        assert tell(client, "X-Real-Ip: 192.0.2.7", "X-Scheme: https") == "https 192.0.2.7"
        assert tell(client) == "http 127.0.0.1"
        assert tell(client, "X-Scheme: https") == "https 127.0.0.1"


def test_2_6_the_access_log_has_the_clients_address(proxied):
    assert seen(proxied, "X-Real-Ip: 192.0.2.77") == "http 192.0.2.77"
    # Tornado writes the line after the response.
    wait_until(lambda: "GET /client (192.0.2.77)" in proxied.log(), "the access line")


@pytest.mark.parametrize("field", ["X-Real-Ip: 192.0.2.7", "X-Forwarded-For: 192.0.2.7", "X-Scheme: https",
                                   "X-Forwarded-Proto: https"])
def test_2_6_without_xheaders_nobody_is_believed(direct, field):
    assert seen(direct, field) == "http 127.0.0.1"
