"""Lines that look right and could not work are refused by both compilers, and the error says why."""

import re

import pytest

BEGIN = "".join(f"#include <{header}>\n" for header in (
    "tornado/gen.h", "tornado/httpclient.h", "tornado/netutil.h", "tornado/queues.h", "tornado/web.h", "tornado/websocket.h",
    "chrono")) + "using namespace tornado;\n"
# What each is, the program's lines, and a part of what g++ and clang say.
REFUSED = [
    ("a handler that forgot co_await and co_return",
     'struct Story : web::RequestHandler { Future<void> get() { write("x"); } };\n'
     'web::URLSpec story() { return web::url<Story>("/"); }',
     ("no return statement in function returning non-void", "non-void function does not return a value")),
    ("a branch that returns no future",
     "Future<int> half(bool yes) { if (yes) return {}; }",
     ("control reaches end of non-void function", "non-void function does not return a value in all control paths")),
    ("an application that is gone in the same line",
     "void serve() { web::Application().listen(8888); }",
     ("use of deleted function", "call to deleted member function")),
    ("an accept handler that is a coroutine",
     "Future<void> serve(netutil::Socket, const netutil::Address&) { co_return; }\n"
     "auto accept(const netutil::Socket& socket) { return netutil::add_accept_handler(socket, &serve); }",
     ("static assertion failed: an accept handler cannot be a coroutine",
      "static assertion failed due to requirement '!core::is_future")),
    ("a WebSocket client's callback that is a coroutine and borrows its message",
     "Future<void> hear(const std::optional<websocket::Message>&) { co_return; }\n"
     "auto options() { websocket::WebSocketConnectOptions o; o.on_message_callback = [](const std::optional<websocket::Message>& m) "
     "{ return hear(m); }; return o; }",
     ("static assertion failed: a coroutine takes its arguments by value",
      "static assertion failed due to requirement 'takes_values")),
]


@pytest.mark.parametrize("lines,says", [line[1:] for line in REFUSED], ids=[line[0] for line in REFUSED])
def test_refused(precompiled, lines, says):
    done = precompiled.compile_whole(lines)
    assert done.returncode == 1
    assert f"error: {says[0]}" in done.stderr or f"error: {says[1]}" in done.stderr, done.stderr


@pytest.mark.parametrize("precompiled", ["clang++-19"], indirect=True)
def test_a_coroutine_without_its_value_is_refused_by_clang(precompiled):
    done = precompiled.compile("Future<int> later(Future<> ready) { co_await ready; }")
    assert done.returncode == 1
    assert "error: non-void coroutine does not return a value" in done.stderr, done.stderr


def test_a_whole_coroutine_is_not_refused(precompiled):
    done = precompiled.compile("Future<int> later(Future<> ready) { co_await ready; co_return 1; }\n"
                               "Future<int> now() { return later({}); }")
    assert done.returncode == 0 and not done.stderr, done.stderr


CALLS = ["gen::sleep(1)", "client.fetch(\"/\")", "gen::with_timeout(1s, future)", "gen::multi(future)",
         "event.wait()", "queue.put(1)", "queue.get()", "work()"]
CALLING = """using namespace std::chrono_literals;
Future<void> work() { co_await gen::sleep(1); }
void run(httpclient::AsyncHTTPClient& client, Future<> future, locks::Event& event, queues::Queue<int>& queue) {
  (void)client, (void)future, (void)event, (void)queue;
  %s
}"""


def test_a_forgotten_future_is_a_warning(precompiled):
    done = precompiled.compile(CALLING % "\n  ".join(f'\n#line {number} "call"\n{call};' for number, call in enumerate(CALLS, 1)))
    assert done.returncode == 0, done.stderr
    for number, call in enumerate(CALLS, 1):
        said = re.search(rf"^call:{number}:.*warning: ignoring return.*$", done.stderr, re.MULTILINE)
        assert said and "pass it to gen::spawn" in said[0], f"{call}: {done.stderr}"


def test_a_spawned_future_is_not(precompiled):
    done = precompiled.compile(CALLING % "\n  ".join(f"gen::spawn({call});" for call in CALLS))
    assert done.returncode == 0 and not done.stderr, done.stderr


def test_what_sends_may_be_left_alone(precompiled):
    done = precompiled.compile('struct Story : web::RequestHandler { void get() { flush(); finish("x"); } };\n'
                               "struct Room : websocket::WebSocketHandler { void on_message(std::string text) { write_message(text); } };\n"
                               "Future<void> get(Story& story) { return story.finish(); }\n"
                               "auto all(Story& story) { return gen::multi(story.flush(), gen::sleep(1)); }\n"
                               'Future<void> wait(Room& room) { co_await room.write_message("x"); }\n')
    assert done.returncode == 0 and not done.stderr, done.stderr
