"""Chromium's developer tools read the traces: the file that the microscope saves, and the one of --trace=FILE.

Perfetto has no package in Debian. Both programs read the same format, trace-event JSON.
"""

import json

import requests
from course_site import start
from test_microscope import open_page, perform

READ = """
const [events, done] = arguments;
(async () => {
  const {TraceModel} = await import('devtools://devtools/bundled/models/trace/trace.js');
  const model = TraceModel.Model.createWithAllHandlers();
  await model.parse(events);
  const {data} = model.parsedTrace(0);
  const threads = [...data.Renderer.processes.values()].flatMap(one => [...one.threads.values()]);
  return threads.map(one => ({name: one.name, entries: one.entries.length, depth: one.tree.maxDepth}));
})().then(done, error => done(String(error)));
"""


def read_by_chromium(browser, events):
    browser.get("devtools://devtools/bundled/devtools_app.html")
    threads = browser.execute_async_script(READ, events)
    assert isinstance(threads, list), threads
    return {thread["name"]: thread for thread in threads}


def complete(events, thread):
    """The events of a thread that have a begin and an end."""
    numbers = {event["tid"] for event in events if event["ph"] == "M" and event["args"].get("name") == thread}
    return [event for event in events if event["ph"] == "X" and event["tid"] in numbers]


def assert_nested(events):
    """On a thread, of two events one contains the other, or they do not touch: else neither program can draw them."""
    ends = []
    for event in sorted(events, key=lambda one: (one["ts"], -one["dur"])):
        while ends and ends[-1] <= event["ts"] + 0.001:  # microseconds; the clock counts nanoseconds
            ends.pop()
        end = event["ts"] + event["dur"]
        assert not ends or end <= ends[-1] + 0.001, event
        ends.append(end)


def test_chromium_reads_what_the_microscope_saves(site, browser):
    open_page(browser, site)
    perform(browser, "slow")
    events = json.loads(browser.execute_async_script("""
        const done = arguments[arguments.length - 1];
        import(document.querySelector('script[src*=microscope]').src.replace('microscope.js', 'loop_trace.js'))
            .then(module => done(JSON.stringify(module.traceOf(window.microscope.model))), error => done(String(error)));"""))
    turns = complete(events, "IOLoop")
    assert len(turns) > 100
    assert_nested(turns)
    read = read_by_chromium(browser, events)
    assert read["IOLoop"]["entries"] == len(turns)


def test_chromium_reads_the_file_of_a_program(browser, tmp_path):
    file = tmp_path / "trace.json"
    server = start(f"--trace={file}")
    for _ in range(20):
        assert requests.get(server.url + "/hello", timeout=60).text == "Hello, world"
    server.stop()
    written = json.loads(file.read_text())
    events = written["traceEvents"] if isinstance(written, dict) else written
    # The site runs several loops, whose names come in any order. This one served the requests.
    names = {event["args"]["name"] for event in events if event["ph"] == "M" and event["name"] == "thread_name"}
    name = max(names, key=lambda one: len(complete(events, one)))
    turns = complete(events, name)
    assert len(turns) > 40
    assert_nested(turns)
    assert read_by_chromium(browser, events)[name]["entries"] == len(turns)
