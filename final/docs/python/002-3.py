"""Text 002, 3: a future in the place of a callback, which hands on the result or the error."""

from tornado.concurrent import Future
from tornado.httpclient import AsyncHTTPClient, HTTPClientError
from tornado.ioloop import IOLoop

from serving import elsewhere


# [function]
def async_fetch_future(url):
    http_client = AsyncHTTPClient()
    my_future = Future()

    def hand_on(f):
        if f.exception():
            my_future.set_exception(f.exception())
        else:
            my_future.set_result(f.result().body)

    http_client.fetch(url).add_done_callback(hand_on)
    return my_future
# [/function]


async def main():
    other = elsewhere()
    print((await async_fetch_future(other + "/one")).decode())
    try:
        await async_fetch_future(other + "/missing")
    except HTTPClientError as error:
        print(error)


if __name__ == "__main__":
    IOLoop.current().run_sync(main)
