"""Twenty clients that are slow at everything at once, and one that goes on working: whatever it asks is answered.

The server's limits are small, so that the twenty alone use them up."""

import contextlib

from raw import connect

CROWD = 20
ROUNDS = 10
GET = b"GET / HTTP/1.1\r\nHost: h\r\n\r\n"
BODY = b"x" * 300_000
POST = b"POST /echo HTTP/1.1\r\nHost: h\r\nContent-Length: %d\r\n\r\n"


class SlowClient:
    """Holds one connection of each kind. The server may close any of them when it needs the room."""

    def __init__(self, port, stack):
        def open_one(**options):
            return stack.enter_context(connect(port, **options))

        self.silent = open_one()
        self.head = open_one()
        self.head.send(b"GET / HTTP/1.1\r\nHost: h\r\nX: ")
        self.body = open_one()
        self.body.send(POST % 1_000_000 + BODY)
        self.unread = open_one(receive_buffer=4096)
        self.unread.send(b"GET /big?n=8000000 HTTP/1.1\r\nHost: h\r\n\r\n")

    def drip(self):
        for connection in (self.head, self.body):
            with contextlib.suppress(OSError):  # it was closed
                connection.send(b"x")


def test_twenty_slow_clients_do_not_hurt_an_active_one(start_server):
    server = start_server("--max_connections=60", "--max_buffered_total=2000000")
    with contextlib.ExitStack() as stack:
        slow = [SlowClient(server.port, stack) for _ in range(CROWD)]
        active = stack.enter_context(connect(server.port))
        for _ in range(ROUNDS):
            for client in slow:
                client.drip()
            assert active.ask(GET).body == b"Hello, world"
            assert active.ask(POST % len(BODY) + BODY).body.endswith(BODY)
            with connect(server.port) as another:
                assert another.ask(GET).status == 200
    log = server.log()
    assert "max_buffered_total" in log, "the crowd did not fill the memory for bodies"
    assert "Closed a new connection" not in log
