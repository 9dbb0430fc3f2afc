"""Applications for wsgi_python_test, by the path that is asked for; each is PEP 3333 and nothing else."""

import sys
import threading
import wsgiref.validate

TEXT = [("Content-Type", "text/plain; charset=utf-8")]


def answer(start_response, text, status="200 OK", headers=()):
    start_response(status, TEXT + list(headers))
    return [text.encode()]


def environ(env, start_response):
    for name in ("wsgi.input", "wsgi.errors"):
        assert hasattr(env[name], "read" if name == "wsgi.input" else "write"), name
    assert type(env) is dict and all(type(name) is str for name in env)
    shown = {name: value for name, value in env.items() if name not in ("wsgi.input", "wsgi.errors")}
    return answer(start_response, "\n".join(f"{name}={value!r}" for name, value in sorted(shown.items())))


def body(env, start_response):
    stream = env["wsgi.input"]
    parts = [stream.read(3), stream.readline(), b"".join(stream), stream.read(1)]
    return answer(start_response, f"{type(stream).__name__} {[len(part) for part in parts]} {parts[0]!r} {parts[2][-5:]!r}")


class Body:
    """An iterable that tells whether it was closed."""

    def __init__(self, blocks):
        self.blocks = iter(blocks)

    def __iter__(self):
        return self

    def __next__(self):
        return next(self.blocks)

    def close(self):
        closed.append(1)


closed = []


def count_closed(env, start_response):
    return answer(start_response, str(len(closed)))


def iterable(env, start_response):
    start_response("200 OK", TEXT)
    return Body([b"", b"one ", b"two ", b"three"])


def generator(env, start_response):
    start_response("200 OK", TEXT)
    yield b"gen"
    yield b"erator"


def empty(env, start_response):
    start_response("200 OK", TEXT)
    return iter(())


def written(env, start_response):
    write = start_response("200 OK", TEXT)
    write(b"written ")
    return (b"and ", b"returned")


def endless(env, start_response):
    start_response("200 OK", TEXT)

    def blocks():
        while True:
            yield b"x" * 50_000

    return Body(blocks())


def broken(env, start_response):
    raise ValueError("no <such> thing")


def broken_in_body(env, start_response):
    start_response("200 OK", TEXT)

    def blocks():
        yield b"part"
        raise ValueError("in the body")

    return Body(blocks())


def broken_in_close(env, start_response):
    start_response("200 OK", TEXT)

    class Broken(Body):
        def close(self):
            raise ValueError("in close()")

    return Broken([b"all"])


def exits(env, start_response):
    sys.exit(3)


def interrupts(env, start_response):
    raise KeyboardInterrupt


def no_start(env, start_response):
    return [b"body"]


def no_start_iterable(env, start_response):
    return iter([b"body"])


def text_body(env, start_response):
    start_response("200 OK", TEXT)
    return ["text"]


def replaced(env, start_response):
    start_response("200 OK", TEXT)
    try:
        raise ValueError("first")
    except ValueError:
        start_response("503 Not Now", TEXT, sys.exc_info())
    return [b"sorry"]


def too_late(env, start_response):
    write = start_response("200 OK", TEXT)
    write(b"sent")
    try:
        raise ValueError("after the headers")
    except ValueError:
        start_response("500 Oh", TEXT, sys.exc_info())
    return [b"never"]


def bad_start(env, start_response):
    """What start_response refuses, and how."""
    bad = [
        ("200", TEXT, None), (b"200 OK", TEXT, None), (200, TEXT, None), ("200 \u20ac", TEXT, None),
        ("200 OK", [("A", "\u20ac")], None), ("200 OK", [("A", b"b")], None), ("200 OK", [("A",)], None),
        ("200 OK", [("A", "b\r\nC: d")], None), ("200 OK", [("Connection", "close")], None), ("200 OK", 5, None),
        ("200 OK", TEXT, (None, None, None)),
    ]
    said = []
    for status, headers, exc_info in bad:
        try:
            start_response(status, headers, exc_info)
            said.append("fine")
        except Exception as error:
            said.append(type(error).__name__)
    return answer(start_response, " ".join(said)) if said[-1] != "fine" else [" ".join(said).encode()]


def latin1(env, start_response):
    """PEP 3333's strings: bytes that look like Latin-1 text."""
    path = env["PATH_INFO"].encode("latin-1")
    field = env["HTTP_X_NAME"].encode("latin-1")
    return answer(start_response, f"{path!r} {field!r}", headers=[("X-Name", "\xe9")])


locals_of_thread = threading.local()


def thread(env, start_response):
    locals_of_thread.count = getattr(locals_of_thread, "count", 0) + 1
    return answer(start_response, str(locals_of_thread.count))


arrived = threading.Event()
released = threading.Event()


def slow(env, start_response):
    arrived.set()
    assert released.wait(20)
    return answer(start_response, "at last")


def release(env, start_response):
    released.set()
    return answer(start_response, str(arrived.is_set()))


def errors(env, start_response):
    env["wsgi.errors"].write("")
    env["wsgi.errors"].flush()
    return answer(start_response, "written")


kept = []


def keep_write(env, start_response):
    kept.append(start_response("200 OK", TEXT))
    kept.append(start_response)
    return [b"kept"]


def use_kept(env, start_response):
    said = []
    for call in (lambda: kept[0](b"more"), lambda: kept[1]("200 OK", TEXT)):
        try:
            call()
            said.append("nothing")
        except Exception as error:
            said.append(type(error).__name__)
    return answer(start_response, " ".join(said))


# Raises an AssertionError for every violation of PEP 3333 by this server.
validated = wsgiref.validate.validator(generator)


def application(env, start_response):
    name = env["PATH_INFO"].split("/")[1]
    return globals()[name](env, start_response)


def make(greeting="made"):
    return lambda env, start_response: answer(start_response, greeting)


class Site:
    application = make("site")


no_application = 5
