"""What the course's pages do while somebody works with them: search, live results, quizzes, plots, copying."""

import json
import os
import pathlib
import re

import pytest
import requests
from course_site import DESK, PHONE, show, start
from selenium.webdriver.common.by import By
from selenium.webdriver.support.ui import WebDriverWait
from test_course import Small, small  # noqa: F401  (a fixture)
from wire_server import ROOT

D3 = pathlib.Path("/usr/share/javascript/d3/d3.min.js")


def until(browser, condition):
    WebDriverWait(browser, 20, 0.02).until(lambda _: condition())


# ---- the search


@pytest.mark.parametrize("query, url, words", [
    ("epoll_wait", "/chapters/03-ioloop/#", "epoll_wait"), ("run_in_executor", "/final/include/tornado/", "run_in_executor"),
    ("back-pressure", "/chapters/04-iostream/#", "pressure"), ("corout", "/chapters/08-coroutines/#", "oroutine"),
    ("misconception quiz 03", "/quiz/03", "A misconception")])
def test_a_search_finds_pages_symbols_and_misconceptions(site, query, url, words):
    page = requests.get(site.url + "/search", params={"q": query}, timeout=60).text
    assert f'<a href="{url}' in page and words in page


@pytest.mark.parametrize("query", ['"', "a AND (", "NEAR(", "*", "title:", "-x", "\x00", "'; DROP TABLE pages; --", "ä" * 3000, "<script>alert(1)</script>", "", "  "])
def test_no_search_breaks_it(site, query):
    page = requests.get(site.url + "/search", params={"q": query}, timeout=60)
    assert page.status_code == 200 and "<script>alert" not in page.text


def test_the_field_keeps_what_was_searched_for(site):
    page = requests.get(site.url + "/search", params={"q": '"a" <b>'}, timeout=60).text
    assert 'type="search" value="&quot;a&quot; &lt;b&gt;"' in page


def test_a_search_leads_to_the_place_and_is_escaped(tmp_path):
    course = Small(tmp_path / "a course")
    assert course.get("/hello").text == "Hello, world"  # it runs, and can be stopped
    course.server.stop()
    course.put("chapters/01-begin/README.md", "# 01 Begin\n\n## Of quarks\n\nA quark is a `lepton<T>`.\n")
    course.server = start(f"--root={course.root}")
    page = course.get("/search?q=quark").text
    assert '<a href="/chapters/01-begin/#of-quarks">Of quarks</a>' in page and "1 result " in page
    assert "A <mark>quark</mark> is a lepton&lt;T&gt;." in page
    assert "0 results" in course.get("/search?q=gluon").text
    course.server.stop()


def test_a_key_begins_a_search(site, browser):
    show(browser, DESK, "light")
    browser.get(site.url + "/chapters/03-ioloop/")
    browser.find_element(By.TAG_NAME, "body").send_keys("/")
    browser.switch_to.active_element.send_keys("eventfd\n")
    until(browser, lambda: "/search?q=eventfd" in browser.current_url)
    until(browser, lambda: browser.find_elements(By.CSS_SELECTOR, ".hits mark"))


# ---- live results


def report(small, state, total, *tests):
    new = small.root / "build/exercises/live/01-1.new"
    new.write_text(json.dumps({"state": state, "total": total, "tests": [{"name": name, "passed": passed} for name, passed in tests]}))
    os.replace(new, new.with_suffix(".json"))


def test_an_exercise_shows_its_tests_while_they_run(small, browser):  # noqa: F811
    show(browser, DESK, "light")
    browser.get(small.server.url + "/exercises/01-1-add/")
    panel = browser.find_element(By.CSS_SELECTOR, ".live")
    assert not panel.is_displayed()
    report(small, "building", 0)
    until(browser, lambda: "Building" in panel.text)
    report(small, "running", 0, ("Sum.one", True), ("Sum.<two>", None))
    until(browser, lambda: "✓ Sum.one" in panel.text and "… Sum.<two>" in panel.text)
    report(small, "done", 2, ("Sum.one", True), ("Sum.<two>", False))
    until(browser, lambda: "1 of 2 tests pass" in panel.text and "✗ Sum.<two>" in panel.text)
    (small.root / "build/exercises/live/01-1.new").write_text("{broken")
    os.replace(small.root / "build/exercises/live/01-1.new", small.root / "build/exercises/live/01-1.json")
    report(small, "broken", 0)
    until(browser, lambda: "does not compile" in panel.text)
    assert browser.get_log("browser") == []


def test_the_map_fills_while_it_is_open(small, browser):  # noqa: F811
    show(browser, DESK, "light")
    browser.get(small.server.url + "/")
    assert "0 of 1 exercises solved" in browser.find_element(By.CSS_SELECTOR, ".total").text
    small.put(".progress.json", json.dumps({"01-1": {"passed": 2, "tests": 2, "solved": True}}))

    def filled():
        report(small, "done", 2)
        return "1 of 1 exercises solved" in browser.execute_script("return document.querySelector('.total').textContent")

    until(browser, filled)
    assert browser.get_log("browser") == []


# ---- the strip on the map


@pytest.mark.alone
def test_the_map_shows_the_loop_that_serves_it_and_can_block_it(site, browser):
    for device in DESK, PHONE:
        show(browser, device, "light")
        browser.get(site.url + "/")
        until(browser, lambda: browser.execute_script("return window.liveStrip?.model.turns.length > 3"))
        browser.find_element(By.CSS_SELECTOR, "#strip button").click()
        said = browser.find_element(By.CSS_SELECTOR, "#strip output")
        until(browser, lambda: "This page heard nothing for" in said.text)
        # The page redraws its canvas later, and then the long turn is in it.
        until(browser, lambda: browser.execute_script("""
            return window.liveStrip.timeline.drawn.some(one => one.kind === 'long turn' && one.t1 - one.t0 >= 400);"""))
        assert int(re.search(r"for (\d+) ms", said.text)[1]) >= 350
        lanes = browser.execute_script("return [...new Set(window.liveStrip.timeline.drawn.map(one => one.lane))].sort()")
        assert lanes == ["heard", "loop"]
    assert browser.get_log("browser") == []


# ---- quizzes, plots, copying


def test_the_map_keeps_the_scores_of_quizzes_and_what_was_read(site, browser):
    show(browser, DESK, "light")
    browser.get(site.url + "/quiz/02")
    questions = browser.execute_script("""
        for (const right of document.querySelectorAll('[data-right=yes]')) right.open = true;
        return document.querySelectorAll('.question').length;""")
    until(browser, lambda: f"{questions} of {questions}." in browser.find_element(By.ID, "score").text)
    browser.get(site.url + "/chapters/02-select/")
    browser.get(site.url + "/")
    assert f"{questions}/{questions}" in browser.find_element(By.ID, "chapter-02").text
    assert "Last read: 02 select" in browser.find_element(By.CSS_SELECTOR, ".go").text


def test_a_command_is_copied_without_its_prompt(site, browser):
    show(browser, DESK, "light")
    browser.get(site.url + "/exercises/03-1-core-of-the-loop/")
    copied = browser.execute_async_script("""
        const done = arguments[0];
        navigator.clipboard.writeText = async text => done(text);
        document.querySelector('.work .copy').click();""")
    assert copied == "make watch EX=03-1\n"


def last_rate_of_final():
    """As the plot says it: the first figure of the last cell in the framework's row."""
    (row,) = re.findall(r"^\| final \|.*\| ([\d,]+);[^|]*\|$", (ROOT / "docs" / "figures.md").read_text(), re.MULTILINE)
    return f"final: {row}"


@pytest.mark.parametrize("path, value", [("/docs/figures.md", last_rate_of_final()), ("/chapters/03-ioloop/", "")],
                         ids=["figures", "lesson"])
def test_a_table_of_measurements_becomes_a_plot(site, browser, path, value):
    show(browser, PHONE, "dark")
    browser.get(site.url + path)
    if not D3.exists():  # the page names the package instead
        until(browser, lambda: "libjs-d3" in browser.find_element(By.TAG_NAME, "article").text)
        return
    until(browser, lambda: browser.find_elements(By.CSS_SELECTOR, ".plot circle"))
    first = browser.find_element(By.CSS_SELECTOR, ".plot ul").text
    assert value in first
    heights = browser.execute_script("return [...document.querySelectorAll('.plot circle')].map(one => one.getAttribute('cy'))")
    browser.execute_script("""
        const form = document.querySelector('.plot form');
        form.log.checked = false;
        form.at.value = 0;
        form.dispatchEvent(new Event('input'));""")
    assert browser.find_element(By.CSS_SELECTOR, ".plot ul").text != first
    assert browser.execute_script("return [...document.querySelectorAll('.plot circle')].map(one => one.getAttribute('cy'))") != heights
    assert browser.get_log("browser") == []
