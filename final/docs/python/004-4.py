"""Text 004, 4: a list or a dictionary of futures is waited for side by side."""

from tornado import gen
from tornado.ioloop import IOLoop

from errand import errand


# [both]
@gen.coroutine
def both_shapes():
    results = yield [errand("slow", 3), errand("quick", 1)]
    print("list: %s, %s" % tuple(results))

    by_name = yield {"a": errand("apple", 2), "b": errand("bread", 1)}
    for name, result in sorted(by_name.items()):
        print("map: %s is %s" % (name, result))
# [/both]


if __name__ == "__main__":
    IOLoop.current().run_sync(both_shapes)
