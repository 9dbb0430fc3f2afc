"""What a client sees of a server, in a form in which two servers can be compared."""

from raw import Closed, ProtocolError, connect

WAIT = 1.0  # seconds; an answer on this machine comes within milliseconds, one that never comes is "waits"


def get(path, *fields, method="GET", version="1.1", body=b"", host="h"):
    lines = [f"{method} {path} HTTP/{version}", f"Host: {host}", *fields, "", ""]
    return "\r\n".join(lines).encode("latin-1") + body


def outcome(port, request, probe, probe_body):
    """The answer to the bytes of a request but for Date and Server, and whether the connection stays open: whether
    it then answers a GET of `probe` with `probe_body`."""
    method = request.split(b" ", 1)[0].decode("latin-1")
    with connect(port, timeout=WAIT) as client:
        try:
            client.send(request)
            response = client.read_response(method)
        except (Closed, ConnectionResetError, BrokenPipeError):
            return "closed without an answer", client.buffer
        except TimeoutError:
            return "waits", client.buffer
        fields = [field for field in response.fields if field[0] not in ("Date", "Server")]
        answer = (response.status, response.reason, fields, response.body, response.chunks)
        if response.status == 100:
            return answer
        return *answer, stays_open(client, probe, probe_body)


def stays_open(client, probe, probe_body):
    try:
        return "open" if client.get(probe).body == probe_body else "closed"
    except ProtocolError:
        return "but what follows is not HTTP"
    except (Closed, ConnectionResetError, BrokenPipeError):
        return "closed"
