"""Something that takes time."""

from tornado import gen


async def errand(name, ticks):
    await gen.sleep(ticks / 100)
    return name
