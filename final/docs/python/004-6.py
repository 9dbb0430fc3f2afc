"""Text 004, 6: a loop with an await in it. The end comes through the queue, as an item that is no row."""

from tornado.ioloop import IOLoop
from tornado.queues import Queue

from errand import errand


# [loop]
async def produce(rows):
    for name in ("ada", "bob", "eve"):
        await rows.put(await errand(name, 1))
    await rows.put(None)


async def loop_over_rows():
    rows = Queue(1)
    IOLoop.current().spawn_callback(produce, rows)
    while (row := await rows.get()) is not None:
        print("row: " + row)
    print("no more rows")
# [/loop]


if __name__ == "__main__":
    IOLoop.current().run_sync(loop_over_rows)
