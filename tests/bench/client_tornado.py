#!/usr/bin/python3
"""The same load on python3-tornado's simple client, which opens a connection for each request:
`client_tornado.py URL CONCURRENCY SECONDS` prints what client_bench prints."""

import asyncio
import sys
import time

from tornado.httpclient import AsyncHTTPClient


async def main():
    url, concurrency, seconds = sys.argv[1], int(sys.argv[2]), float(sys.argv[3])
    client = AsyncHTTPClient(force_instance=True, max_clients=concurrency)
    count = 0
    start = time.monotonic()

    async def worker():
        nonlocal count
        while time.monotonic() < start + seconds:
            response = await client.fetch(url)
            assert response.body == b"Hello, world"
            count += 1

    await asyncio.gather(*(worker() for _ in range(concurrency)))
    print(count, f"{time.monotonic() - start:.3f}")


asyncio.run(main())
