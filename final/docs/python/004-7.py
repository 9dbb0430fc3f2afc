"""Text 004, 7: coroutines that nobody waits for."""

from tornado import gen
from tornado.ioloop import IOLoop
from tornado.locks import Event

from errand import errand


# [tick]
async def tick_loop(three):
    tick = 0
    while True:
        tick += 1
        next_one = gen.sleep(0.02)
        await errand("work", 1)
        print("tick %d" % tick)
        if tick == 3:
            three.set()
        await next_one
# [/tick]


async def divide(a, b):
    await gen.sleep(0)
    if b == 0:
        raise ZeroDivisionError("division by zero")
    print("%d / %d is %d" % (a, b, a // b))


# [spawn]
def in_the_background():
    loop = IOLoop.current()
    three = Event()
    loop.spawn_callback(tick_loop, three)
    loop.spawn_callback(divide, 6, 3)
    loop.spawn_callback(divide, 1, 0)
    loop.run_sync(three.wait)
# [/spawn]


if __name__ == "__main__":
    in_the_background()
