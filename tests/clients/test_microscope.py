"""The microscope in a browser: what it draws is what the loop did."""

import json
import os
import pathlib
import re

import pytest
import requests
from chromium import start_browser
from selenium.webdriver import ActionChains, Keys
from selenium.webdriver.common.by import By
from selenium.webdriver.support.ui import WebDriverWait
from wire_server import ROOT, WireServer

BUILD = pathlib.Path(os.environ.get("TORNADO_BUILD", ROOT / "build" / "debug"))
SCREENSHOTS = os.environ.get("SCREENSHOTS")  # a folder to leave them in
MEASURED_AT_MOST = 5  # a time may be that of a moment in which the machine is busy
DESK = {"width": 1280, "height": 900, "deviceScaleFactor": 1, "mobile": False}
PHONE = {"width": 390, "height": 844, "deviceScaleFactor": 2, "mobile": True}


def start(*options):
    return WireServer([str(BUILD / "final" / "demos" / "course" / "course"), "--port=0"], *options)


@pytest.fixture(scope="module")
def site():
    server = start()
    yield server
    server.check_alive()
    server.stop()
    assert "\n[E " not in server.log()


@pytest.fixture(scope="module")
def browser(tmp_path_factory):
    driver = start_browser(tmp_path_factory.mktemp("chromium"))
    yield driver
    driver.quit()


def show(browser, device, scheme):
    browser.execute_cdp_cmd("Emulation.setDeviceMetricsOverride", device)
    browser.execute_cdp_cmd("Emulation.setEmulatedMedia", {"features": [{"name": "prefers-color-scheme", "value": scheme}]})


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
    browser.find_element(By.CSS_SELECTOR, "#ask button").click()
    return wait_for(browser, "return window.microscope.result")


DRAWN = "return window.microscope.timeline.drawn.filter(one => one.lane === arguments[0] && one.t1 > arguments[1])" \
        ".map(one => ({kind: one.kind, t0: one.t0, t1: one.t1, x0: one.x0, x1: one.x1}))"


def drawn(browser, lane, since):
    """What stands on the canvas, with its times in milliseconds."""
    return browser.execute_script(DRAWN, lane, since)


def lengths(boxes, kind):
    return [box["t1"] - box["t0"] for box in boxes if box["kind"] == kind]


def picture(browser, name):
    if SCREENSHOTS:
        assert browser.save_screenshot(str(pathlib.Path(SCREENSHOTS) / f"microscope-{name}.png"))


def test_a_blocked_loop_is_one_long_turn_and_the_page_goes_blind(site, browser):
    open_page(browser, site)
    result = perform(browser, "block")
    turns = lengths(drawn(browser, "loop", result["from"]), "long turn")
    assert len(turns) == 1 and abs(turns[0] - 400) <= 20, turns
    assert max(lengths(drawn(browser, "heard", result["from"]), "silence")) >= 350
    assert "heard nothing from the server for" in browser.find_element(By.ID, "words").text
    assert re.search(r"Measured: the page heard nothing for \d+ ms, and one turn took 4\d\d ms", browser.find_element(By.ID, "ask").text)
    assert browser.get_log("browser") == []


def test_the_pool_blocks_nobody(site, browser):
    open_page(browser, site)
    result = perform(browser, "pool")
    boxes = drawn(browser, "loop", result["from"])
    assert lengths(boxes, "turn") and max(lengths(boxes, "turn")) < 50 and lengths(boxes, "long turn") == []
    jobs = lengths(drawn(browser, "pool", result["from"]), "job")
    assert len(jobs) == 1 and jobs[0] >= 400


def test_64_waits_take_as_long_as_one(site, browser):
    open_page(browser, site)
    for _ in range(MEASURED_AT_MOST):
        result = perform(browser, "slow")
        seconds = result["result"]["seconds"]
        assert len(seconds) == 64 and result["result"]["failed"] == 0
        if max(seconds) < 0.7:
            break
    assert 0.5 <= max(seconds) < 0.7
    waits = lengths(drawn(browser, "coroutines", result["from"]), "wait")
    assert len([length for length in waits if 480 < length < 700]) >= 32  # a request has two rows, and 64 rows are drawn


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
    bar = next(box for box in drawn(browser, "loop", result["from"]) if box["kind"] == "long turn")
    canvas = browser.find_element(By.ID, "timeline")
    size = canvas.size
    ActionChains(browser).move_to_element_with_offset(canvas, int((bar["x0"] + bar["x1"]) / 2 - size["width"] / 2), int(36 - size["height"] / 2)).click().perform()
    lit = browser.find_element(By.CSS_SELECTOR, "#iteration .now")
    assert "poll_and_dispatch" in lit.text and "bad" in lit.get_attribute("class")


def test_the_specimen_pauses_between_iterations_and_steps(site, browser):
    open_page(browser, site)
    browser.find_element(By.CSS_SELECTOR, "[data-view=specimen]").click()
    perform(browser, "slow")  # something to see
    browser.find_element(By.CSS_SELECTOR, "[data-control=pause]").click()
    browser.execute_script("document.querySelector('#freeze').click()")  # live again
    browser.find_element(By.CSS_SELECTOR, "[data-experiment=slow]").click()
    browser.find_element(By.CSS_SELECTOR, "#ask button").click()
    # Its client waits, and no iteration runs until the reader presses step or resume.
    stopped = browser.execute_async_script("""
        const done = arguments[arguments.length - 1];
        const before = window.microscope.model.n;
        setTimeout(() => done([before, window.microscope.model.n]), 400);""")
    assert stopped[0] == stopped[1]
    browser.find_element(By.CSS_SELECTOR, "[data-control=step]").click()
    wait_for(browser, f"return window.microscope.model.n === {stopped[1] + 1}")
    browser.execute_script("window.microscope.result = null")
    browser.find_element(By.CSS_SELECTOR, "[data-control=resume]").click()
    assert len(wait_for(browser, "return window.microscope.result")["result"]["seconds"]) == 64


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


@pytest.mark.parametrize(("device", "scheme"), [(DESK, "light"), (DESK, "dark"), (PHONE, "light"), (PHONE, "dark")])
def test_the_page_fits(site, browser, device, scheme):
    open_page(browser, site, device, scheme)
    perform(browser, "both")
    assert browser.execute_script("return document.documentElement.scrollWidth <= innerWidth")
    assert browser.execute_script("return [...document.querySelectorAll('button')].every(one => one.hidden || one.closest('[hidden]') || one.offsetHeight >= 24)")
    picture(browser, f"{device['width']}-{scheme}")
    browser.execute_script("scrollTo(0, document.body.scrollHeight)")
    picture(browser, f"{device['width']}-{scheme}-end")
    assert browser.get_log("browser") == []


# ---- what is asked of it


def test_experiments_need_the_token_and_a_known_name(site):
    assert requests.post(site.url + "/loop/experiment", data={"name": "block"}, timeout=20).status_code == 403
    session = requests.Session()
    session.get(site.url + "/loop", timeout=20)
    token = {"X-XSRFToken": session.cookies["_xsrf"]}
    assert session.post(site.url + "/loop/experiment", data={"name": "nothing"}, headers=token, timeout=20).status_code == 400
    elsewhere = {**token, "Host": "example.com"}  # a name that leads here: not the reader's own page
    assert session.post(site.url + "/loop/experiment", data={"name": "block"}, headers=elsewhere, timeout=20).status_code == 403
    done = session.post(site.url + "/loop/experiment", data={"name": "pool", "loop": "specimen"}, headers=token, timeout=20)
    assert done.status_code == 200 and len(done.json()["seconds"]) == 1


def test_nobody_can_ask_the_handlers_of_the_experiments(site):
    for name in ["slow", "block", "pool"]:
        for key in ["", "?key=", "?key=0", "?key=1"]:
            assert requests.get(f"{site.url}/loop/asked/{name}{key}", timeout=20).status_code == 403


def test_a_place_is_shown_only_if_a_record_has_it(site):
    for number in [0, 60000, 65535, 99999]:
        assert requests.get(f"{site.url}/loop/source/{number}", timeout=20).status_code == 404
