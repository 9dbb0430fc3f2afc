"""A WebSocket peer on somebody else's library, for test_websocket_peers.py.

    peer.py websockets|tornado serve deflate|plain         an echo server on a free port, which it prints
    peer.py websockets|tornado talk deflate|plain URL      says the lines, checks the echo, prints what was agreed on
"""

import asyncio
import json
import sys

LINES = ["", "text", "grüße, 😀", "x" * 125, "x" * 126, "long " * 30_000, b"", b"\x00\xff" * 40_000, "again", "again"]


def announce(port):
    print(f"listening on http://127.0.0.1:{port}", flush=True)


def report(extensions, code):
    print(json.dumps({"extensions": extensions, "code": code}))


async def websockets_serve(compression):
    import websockets

    async def echo(socket):
        async for message in socket:
            await socket.send(message)

    async with websockets.serve(echo, "127.0.0.1", 0, compression=compression, max_size=None) as server:
        announce(server.sockets[0].getsockname()[1])
        await asyncio.Future()


def headers_of(socket):
    """The response's fields: websockets 10 and 15, of Debian 12 and 13, keep them in different places."""
    return socket.response.headers if hasattr(socket, "response") else socket.response_headers


async def websockets_talk(compression, url):
    import websockets

    async with websockets.connect(url, compression=compression, max_size=None) as socket:
        for line in LINES:
            await socket.send(line)
            assert await socket.recv() == line
        await (await socket.ping(b"?"))
        await socket.close(4000, "done")
        report(headers_of(socket).get("Sec-WebSocket-Extensions", ""), socket.close_code)


async def tornado_serve(compression):
    import tornado.web
    import tornado.websocket

    class Echo(tornado.websocket.WebSocketHandler):
        def on_message(self, message):
            self.write_message(message, binary=isinstance(message, bytes))

        def get_compression_options(self):
            return {} if compression else None

    server = tornado.web.Application([("/", Echo)]).listen(0, "127.0.0.1")
    announce(next(iter(server._sockets.values())).getsockname()[1])
    await asyncio.Future()


async def tornado_talk(compression, url):
    import tornado.websocket

    socket = await tornado.websocket.websocket_connect(url, compression_options={} if compression else None)
    for line in LINES:
        await socket.write_message(line, binary=isinstance(line, bytes))
        assert await socket.read_message() == line
    socket.close(4000, "done")
    assert await socket.read_message() is None
    report(socket.headers.get("Sec-WebSocket-Extensions", ""), socket.close_code)


def main():
    library, job, kind, *url = sys.argv[1:]
    asyncio.run(globals()[f"{library}_{job}"]("deflate" if kind == "deflate" else None, *url))


main()
