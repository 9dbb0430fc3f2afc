"""Text 004, 3: a function that blocks runs in a thread of an executor."""

import time
from concurrent.futures import ThreadPoolExecutor

from tornado.ioloop import IOLoop, PeriodicCallback


def blocking_sum(first, last):
    time.sleep(0.05)
    return sum(range(first, last + 1))


# [call_it]
async def call_it():
    executor = ThreadPoolExecutor(1)
    ticks = []
    ticker = PeriodicCallback(lambda: ticks.append(1), 1)
    ticker.start()
    total = await IOLoop.current().run_in_executor(executor, blocking_sum, 1, 100)
    print("the sum is %d" % total)
    print("the loop %s meanwhile" % ("ran" if ticks else "stood still"))
# [/call_it]


if __name__ == "__main__":
    IOLoop.current().run_sync(call_it)
