"""The microscope in a browser: what it draws is what the loop did."""

import json
import os
import pathlib
import re

import pytest
import requests
from course_site import DESK, PHONE, show
from selenium.common.exceptions import TimeoutException
from selenium.webdriver import ActionChains, Keys
from selenium.webdriver.common.by import By
from selenium.webdriver.support.ui import WebDriverWait
from wire_server import wait_until

SCREENSHOTS = os.environ.get("SCREENSHOTS")  # a folder to leave them in


def wait_for(browser, script, seconds=20):
    return WebDriverWait(browser, seconds, 0.02).until(lambda _: browser.execute_script(script))


def open_page(browser, site, device=DESK, scheme="light"):
    show(browser, device, scheme)
    browser.get_log("browser")
    browser.get(site.url + "/loop")
    wait_for(browser, "return window.microscope?.model.turns.length > 3")


def perform(browser, name):
    """Starts an experiment as a reader does, with a prediction, and returns what was measured."""
    browser.execute_script("window.microscope.result = null")
    browser.find_element(By.CSS_SELECTOR, f"[data-experiment={name}]").click()
    choose_first(browser)
    return result_of(browser)


def choose_first(browser):
    """Commits to the first choice, once the question has replaced the last one, whose buttons are disabled."""
    wait_for(browser, "return document.querySelector('#ask button:enabled')").click()


def result_of(browser):
    """Waits for the end of the experiment. If it does not come, says what the page says."""
    try:
        return wait_for(browser, "return window.microscope.result", 60)
    except TimeoutException:
        pytest.fail(f"no result; the page says {browser.find_element(By.ID, 'ask').text!r}, the console {browser.get_log('browser')}")


DRAWN = "return window.microscope.timeline.drawn.filter(one => one.lane === arguments[0] && one.t1 > arguments[1])" \
        ".map(one => ({kind: one.kind, t0: one.t0, t1: one.t1, x0: one.x0, x1: one.x1}))"


def drawn(browser, lane, since):
    """What stands on the canvas, with its times in milliseconds."""
    return browser.execute_script(DRAWN, lane, since)


def lengths(boxes, kind):
    return [box["t1"] - box["t0"] for box in boxes if box["kind"] == kind]


def long_turns(browser, result):
    """The loop's turns of 50 ms and more, the longest last. A busy machine may add some."""
    turns = [box for box in drawn(browser, "loop", result["from"]) if box["kind"] == "long turn"]
    return sorted(turns, key=lambda box: box["t1"] - box["t0"])


def picture(browser, name):
    if SCREENSHOTS:
        assert browser.save_screenshot(str(pathlib.Path(SCREENSHOTS) / f"microscope-{name}.png"))


def perform_and_count(browser, site, name):
    """(what perform() returns, milliseconds that the server waited for a processor meanwhile: next to nothing on a quiet machine)"""
    before = site.seconds_without_processor()
    result = perform(browser, name)
    return result, 1000 * (site.seconds_without_processor() - before)


@pytest.mark.alone
def test_a_blocked_loop_is_one_long_turn_and_the_page_goes_blind(site, browser):
    open_page(browser, site)
    result, taken = perform_and_count(browser, site, "block")
    *others, longest = long_turns(browser, result)
    assert all(box["t1"] - box["t0"] <= 50 + taken for box in others), (others, taken)
    t0, t1 = longest["t0"], longest["t1"]
    assert 380 <= t1 - t0 <= 420 + taken, (t1 - t0, taken, result["result"]["said"])
    silences = [box for box in drawn(browser, "heard", result["from"]) if box["kind"] == "silence"]
    assert max(min(box["t1"], t1) - max(box["t0"], t0) for box in silences) >= 350, (silences, t0, t1)  # of the turn, in one piece
    assert "heard nothing from the server for" in browser.find_element(By.ID, "words").text
    assert re.search(r"Measured: the page heard nothing for \d+ ms, and one turn took \d+ ms", browser.find_element(By.ID, "ask").text)
    assert browser.get_log("browser") == []


@pytest.mark.alone
def test_the_pool_blocks_nobody(site, browser):
    open_page(browser, site)
    result, taken = perform_and_count(browser, site, "pool")
    boxes = drawn(browser, "loop", result["from"])
    assert lengths(boxes, "turn") and max(lengths(boxes, "turn") + lengths(boxes, "long turn")) < 50 + taken
    jobs = lengths(drawn(browser, "pool", result["from"]), "job")
    assert len(jobs) == 1 and jobs[0] >= 400


CHOSEN = """
const chosen = window.microscope.model.waits
  .filter(wait => wait.t0 > arguments[1] && wait.t1 !== null && window.microscope.model.nameOf(wait.name).text.includes(arguments[0]));"""
WAITS = CHOSEN + "return chosen.map(wait => [wait.t0, wait.t1]);"
CALLED = CHOSEN + "return chosen.map(wait => wait.cause.t0);"


@pytest.mark.alone
def test_64_waits_take_as_long_as_one(site, browser):
    open_page(browser, site)
    result, taken = perform_and_count(browser, site, "slow")
    seconds = result["result"]["seconds"]  # from the first request to each response
    assert len(seconds) == 64 and result["result"]["failed"] == 0 and max(seconds) <= 0.7 + taken / 1000, (max(seconds), taken)
    waits = browser.execute_script(WAITS, "SlowHandler::get", result["from"])
    # From when each handler was called: between the clock's reading for a timer and the record of its wait, the thread may lose the processor.
    called = browser.execute_script(CALLED, "SlowHandler::get", result["from"])
    assert len(waits) == len(called) == 64 and min(end - call for call, (_, end) in zip(called, waits, strict=True)) >= 499.5
    # The last has begun to wait before the first ends: at that moment all of them wait, on one thread.
    assert max(begin for begin, _ in waits) < min(end for _, end in waits)
    assert max(end for _, end in waits) - min(begin for begin, _ in waits) <= 700 + taken, (waits, taken)
    shown = lengths(drawn(browser, "coroutines", result["from"]), "wait")
    assert len([length for length in shown if length > 480]) >= 32  # a request has two rows, and 64 rows are drawn
    assert re.search(r"Measured: the last of 64 responses came after \d+\.\d\d s", browser.find_element(By.ID, "ask").text)


def test_64_long_polls_wait_for_one_event(site, browser):
    open_page(browser, site)
    result = perform(browser, "poll")
    assert len(result["result"]["seconds"]) == 65 and result["result"]["failed"] == 0
    waits = browser.execute_script(WAITS, "PollHandler::get", result["from"])
    assert len(waits) == 64 and max(begin for begin, _ in waits) < min(end for _, end in waits)
    # Nothing ran for them in the meantime: their wait ends in one turn, that of the news.
    turns = browser.execute_script("""
        const {model} = window.microscope;
        return [...new Set(arguments[0].map(([, t1]) => model.turns.findIndex(turn => turn.t0 <= t1 && t1 <= turn.t1)))];""", waits)
    assert len(turns) == 1 and turns[0] >= 0
    assert re.search(r"Measured: while they waited the loop was busy for [\d.]+ %", browser.find_element(By.ID, "ask").text)


def test_the_race_is_drawn_from_real_responses(site, browser):
    open_page(browser, site)
    one, each, loop = perform(browser, "race")["result"]
    for server in one, each, loop:
        assert len(server["seconds"]) == 64 and server["failed"] == 0 and min(server["seconds"]) >= 0.05
    assert max(one["seconds"]) >= 64 * 0.05  # one after the other
    for server in each, loop:
        assert max(server["seconds"]) < max(one["seconds"])
    lanes = [lane.text for lane in browser.find_elements(By.CSS_SELECTOR, "#race li")]
    assert [re.search(r"with (\d+) thread", lane)[1] for lane in lanes] == ["1", "64", "1"]
    assert browser.execute_script("return document.querySelectorAll('#race .come').length") == 3 * 64
    assert browser.get_log("browser") == []


def test_a_prediction_is_made_before_anything_runs(site, browser):
    open_page(browser, site)
    box = browser.find_element(By.ID, "ask")
    for name in ["slow", "block", "pool", "both", "poll", "race"]:
        browser.find_element(By.CSS_SELECTOR, f"[data-experiment={name}]").click()
        choices = box.find_elements(By.TAG_NAME, "button")
        assert box.text.startswith("Predict:") and len(choices) >= 3 and "Measured" not in box.text
        assert browser.switch_to.active_element == choices[0]
    assert browser.execute_script("return window.microscope.result") is None
    browser.find_element(By.CSS_SELECTOR, "[data-experiment=pool]").click()
    box.find_elements(By.TAG_NAME, "button")[1].send_keys(Keys.ENTER)
    wait_for(browser, "return window.microscope.result")
    assert "You said: 400 ms. Measured: " in box.text
    assert not any(choice.is_enabled() for choice in box.find_elements(By.TAG_NAME, "button"))


def test_keys_freeze_step_and_zoom_and_a_coroutine_says_where_it_waits(site, browser):
    open_page(browser, site)
    result = perform(browser, "slow")
    keys = ActionChains(browser)
    browser.execute_script("document.activeElement.blur()")
    keys.send_keys(Keys.ESCAPE).perform()
    assert browser.execute_script("return window.microscope.frozen") is None
    ActionChains(browser).send_keys(Keys.SPACE).perform()
    frozen = browser.execute_script("return window.microscope.frozen")
    assert frozen is not None and browser.find_element(By.ID, "freeze").get_attribute("aria-pressed") == "true"
    # Back to the turn in which the 64 coroutines resumed: before it, the table lists them as suspended.
    found = None
    for _ in range(120):
        ActionChains(browser).send_keys(Keys.ARROW_LEFT).perform()
        found = next((row for row in browser.find_elements(By.CSS_SELECTOR, "#waits button") if re.match(r"\d\d × SlowHandler::get", row.text)), None)
        if found:
            break
    assert found, browser.find_element(By.ID, "waits").text
    assert result["from"] < browser.execute_script("return window.microscope.turn.t0") < frozen
    span = browser.execute_script("return window.microscope.span")
    ActionChains(browser).send_keys("+").perform()
    assert browser.execute_script("return window.microscope.span") == span - 1
    found.send_keys(Keys.ENTER)
    lit = WebDriverWait(browser, 20, 0.02).until(lambda _: browser.find_element(By.CSS_SELECTOR, "#place pre .now"))
    assert lit.text.strip() == "co_await gen::sleep(kSlowSeconds);"
    place = browser.find_element(By.ID, "place").text
    assert "SlowHandler::get" in place and "final/demos/course/experiment.cc:" in place and "began to wait" in place
    ActionChains(browser).send_keys(Keys.ESCAPE).perform()
    assert browser.execute_script("return window.microscope.frozen") is None
    assert browser.get_log("browser") == []


def test_a_click_on_a_bar_lights_the_line_of_its_step(site, browser):
    open_page(browser, site)
    result = perform(browser, "block")
    bar = long_turns(browser, result)[-1]
    # As on a busy loop, the turn before ends in the moment in which this one begins.
    browser.execute_script("const turns = window.microscope.model.turns; turns[turns.findIndex(one => one.t0 === arguments[0]) - 1].t1 = arguments[0]", bar["t0"])
    canvas = browser.find_element(By.ID, "timeline")
    size = canvas.size
    ActionChains(browser).move_to_element_with_offset(canvas, int((bar["x0"] + bar["x1"]) / 2 - size["width"] / 2), int(36 - size["height"] / 2)).click().perform()
    lit = browser.find_element(By.CSS_SELECTOR, "#iteration .now")
    assert "poll_and_dispatch" in lit.text and "bad" in lit.get_attribute("class")


CONTROL = """
const done = arguments[arguments.length - 1];
const token = document.cookie.match(/_xsrf=([^;]*)/)[1];
fetch('/loop/specimen', {method: 'POST', headers: {'X-XSRFToken': token}, body: new URLSearchParams({do: arguments[0]})})
    .then(answer => answer.json()).then(said => done(said.iteration), error => done(String(error)));"""


def test_the_specimen_pauses_between_iterations_and_steps(site, browser):
    open_page(browser, site)
    browser.find_element(By.CSS_SELECTOR, "[data-view=specimen]").click()
    perform(browser, "slow")  # something to see
    before = browser.execute_async_script(CONTROL, "pause")  # the loop is held before this iteration
    browser.execute_script("document.querySelector('#freeze').click(); window.microscope.result = null")  # live again
    browser.find_element(By.CSS_SELECTOR, "[data-experiment=slow]").click()
    choose_first(browser)
    # Its client waits; on a slow machine six iterations are enough for it. Each step runs one iteration: if another ran between two steps, a number would be missing.
    assert [browser.execute_async_script(CONTROL, "step") for _ in range(5)] == [before + i for i in range(5)]
    wait_for(browser, f"return window.microscope.model.n === {before + 4}")
    browser.find_element(By.CSS_SELECTOR, "[data-control=step]").click()
    wait_for(browser, f"return window.microscope.model.n === {before + 5}")
    browser.find_element(By.CSS_SELECTOR, "[data-control=resume]").click()
    assert len(result_of(browser)["result"]["seconds"]) == 64


def test_a_paused_specimen_goes_on_when_its_last_viewer_leaves(site, browser):
    open_page(browser, site)
    browser.find_element(By.CSS_SELECTOR, "[data-view=specimen]").click()
    wait_for(browser, "return window.microscope.view === 'specimen' && window.microscope.model.base !== null")
    assert browser.execute_async_script(CONTROL, "pause") > 0
    browser.get("about:blank")
    done = start_experiment(site, loop="specimen", name="slow")
    assert done.status_code == 200 and len(done.json()["seconds"]) == 64


def test_a_saved_trace_is_one_that_perfetto_opens(site, browser):
    open_page(browser, site)
    perform(browser, "slow")
    events = json.loads(browser.execute_async_script("""
        const done = arguments[arguments.length - 1];
        import(document.querySelector('script[src*=microscope]').src.replace('microscope.js', 'loop_trace.js'))
            .then(module => done(JSON.stringify(module.traceOf(window.microscope.model))), error => done(String(error)));"""))
    last, arrows = {}, {}
    for event in events:
        assert event["ph"] in "MXsfbe" and {"name", "cat", "pid", "tid", "ts"} <= event.keys()
        if event["ph"] == "M":
            continue
        assert event["ts"] >= last.get(event["tid"], 0)
        last[event["tid"]] = event["ts"]
        assert event["ph"] != "X" or event["dur"] >= 0
        if event["ph"] in "sf":
            arrows.setdefault(event["id"], []).append(event["ph"])
    assert len(arrows) > 64 and {tuple(pair) for pair in arrows.values()} == {("s", "f")}


CUT = """
const {timeline, frozen} = window.microscope;
const {pen, canvas} = timeline;
const [cut, said] = [[], []];
pen.fillText = (text, x) => {
  said.push(text);
  if (x < 0 || x + pen.measureText(text).width > canvas.clientWidth) cut.push(text);
};
timeline.draw(frozen, 2000, null, null);
delete pen.fillText;
return {cut, said};"""


@pytest.mark.parametrize(("device", "scheme"), [(DESK, "light"), (DESK, "dark"), (PHONE, "light"), (PHONE, "dark")])
def test_the_page_fits(site, browser, device, scheme):
    open_page(browser, site, device, scheme)
    perform(browser, "both")
    assert browser.execute_script("return document.documentElement.scrollWidth <= innerWidth")
    assert browser.execute_script("return [...document.querySelectorAll('button')].every(one => one.hidden || one.closest('[hidden]') || one.offsetHeight >= 24)")
    assert browser.execute_script("return document.querySelector('header').offsetHeight") < 60  # one line
    texts = browser.execute_script(CUT)
    assert texts["cut"] == [] and any("ms late" in text for text in texts["said"]), texts
    picture(browser, f"{device['width']}-{scheme}")
    browser.execute_script("scrollTo(0, document.body.scrollHeight)")
    picture(browser, f"{device['width']}-{scheme}-end")
    assert browser.get_log("browser") == []


# ---- what is asked of it


def start_experiment(site, path="/loop/experiment", headers=None, **fields):
    session = requests.Session()
    session.get(site.url + "/loop", timeout=20)
    return session.post(site.url + path, data=fields, headers={"X-XSRFToken": session.cookies["_xsrf"], **(headers or {})}, timeout=60)


@pytest.mark.parametrize("path", ["/loop/experiment", "/loop/race", "/loop/specimen"])
def test_experiments_need_the_token_and_the_readers_own_machine(site, path):
    assert requests.post(site.url + path, data={"name": "block", "do": "pause"}, timeout=20).status_code == 403
    elsewhere = {"Host": "example.com"}  # a name that leads here: not the reader's own page
    assert start_experiment(site, path, elsewhere, name="block", do="pause").status_code == 403


def test_an_experiment_has_a_known_name_and_a_known_loop(site):
    assert start_experiment(site, name="nothing").status_code == 400
    assert start_experiment(site, name="pool", loop="nothing").status_code == 400
    assert start_experiment(site, "/loop/race", loop="nothing").status_code == 400
    assert start_experiment(site, "/loop/specimen", do="nothing").status_code == 400
    done = start_experiment(site, name="pool", loop="specimen")
    assert done.status_code == 200 and len(done.json()["seconds"]) == 1


def test_a_race_can_be_left_and_another_one_starts_after_it(site):
    lines = start_experiment(site, "/loop/race").text.splitlines()
    assert sorted(json.loads(line)["server"] for line in lines) == [0] * 64 + [1] * 64 + [2] * 64
    session = requests.Session()
    session.get(site.url + "/loop", timeout=20)
    token = {"X-XSRFToken": session.cookies["_xsrf"]}
    with session.post(site.url + "/loop/race", headers=token, stream=True, timeout=60) as race:
        assert json.loads(next(race.iter_lines()))["failed"] is False
    assert start_experiment(site, name="pool").status_code == 409  # it goes on without its reader
    wait_until(lambda: start_experiment(site, name="pool").status_code == 200, "the race ends", 30)


def test_nobody_can_ask_the_handlers_of_the_experiments(site):
    for name in ["slow", "block", "pool", "poll", "news", "racing"]:
        for key in ["", "?key=", "?key=0", "?key=1"]:
            assert requests.get(f"{site.url}/loop/asked/{name}{key}", timeout=20).status_code == 403


def test_a_place_is_shown_only_if_a_record_has_it(site):
    for number in [0, 60000, 65535, 99999]:
        assert requests.get(f"{site.url}/loop/source/{number}", timeout=20).status_code == 404
