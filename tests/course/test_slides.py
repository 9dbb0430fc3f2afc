"""Every deck can be taught from, and in a real browser nothing on a slide of 1280 x 720 overflows."""

import base64
import hashlib
import pathlib
import re
import sys

import pytest

ROOT = pathlib.Path(__file__).resolve().parents[2]
sys.path.insert(0, str(ROOT / "scripts"))
sys.path.insert(0, str(ROOT / "tests" / "clients"))

import slides  # noqa: E402  (found by the lines above)
from chromium import start_browser  # noqa: E402, F401  (the same; a fixture)

DECKS = sorted((ROOT / "slides").glob("*.md"))
NAMES = [deck.stem for deck in DECKS]

# For each slide: what sticks out of it, and whether a code block is wider than its box.
MEASURE = """
const found = [];
document.querySelectorAll('section').forEach((slide, i) => {
  show(i);
  const inner = slide.getBoundingClientRect();
  const scale = inner.width / 1280;
  for (const part of slide.querySelectorAll('h1, h2, p, li, table, pre, svg')) {
    const box = part.getBoundingClientRect();
    if (box.right > inner.right - 40 * scale || box.bottom > inner.bottom - 30 * scale || part.scrollWidth > part.clientWidth + 1)
      found.push((i + 1) + ': ' + part.tagName + ' ' + part.textContent.slice(0, 60));
  }
});
return found;
"""


@pytest.fixture(scope="module")
def browser(start_browser):  # noqa: F811
    driver = start_browser()
    driver.set_window_size(1280, 900)
    yield driver
    driver.quit()


def measure(browser, page):
    browser.get(page.as_uri())
    return browser.execute_script(MEASURE)


@pytest.mark.parametrize("deck", DECKS, ids=NAMES)
def test_nothing_overflows(browser, deck):
    assert measure(browser, slides.build(deck)) == []


@pytest.mark.parametrize("width, height", [(844, 390), (1280, 720), (1920, 1080)])
def test_a_slide_is_as_large_as_its_window_and_a_tap_turns_it(browser, width, height):
    browser.execute_cdp_cmd("Emulation.setDeviceMetricsOverride",
                            {"width": width, "height": height, "deviceScaleFactor": 1, "mobile": width < 1000})
    try:
        browser.get(slides.build(DECKS[0]).as_uri())
        box = browser.execute_script("return document.querySelector('section.shown').getBoundingClientRect().toJSON()")
        assert box["width"] == pytest.approx(min(width, height * 1280 / 720), abs=1)
        assert 0 <= box["left"] + 0.5 and box["right"] <= width + 0.5 and box["bottom"] <= height + 0.5
        for x, shown in [(0.9, "2"), (0.5, "3"), (0.1, "2")]:
            browser.execute_script("document.body.dispatchEvent(new MouseEvent('click', "
                                   "{bubbles: true, clientX: arguments[0]}))", x * width)
            assert browser.execute_script("return location.hash") == "#" + shown
    finally:
        browser.execute_cdp_cmd("Emulation.clearDeviceMetricsOverride", {})


def keys(browser, *pressed):
    for key in pressed:
        browser.execute_script("document.body.dispatchEvent(new KeyboardEvent('keydown', {key: arguments[0], bubbles: true}))", key)


def test_a_deck_follows_its_address_and_its_keys(browser):
    last = len(slides.split_deck(DECKS[0].read_text()))
    browser.get(slides.build(DECKS[0]).as_uri() + "#3")
    shown = "return [...document.querySelectorAll('section')].findIndex(one => one.classList.contains('shown')) + 1"
    assert browser.execute_script(shown) == 3
    history = browser.execute_script("return history.length")
    for pressed, number in [("ArrowRight", 4), ("End", last), ("Home", 1), ("PageDown", 2), ("ArrowLeft", 1)]:
        keys(browser, pressed)
        assert browser.execute_script(shown) == number and browser.execute_script("return location.hash") == f"#{number}"
    assert browser.execute_script("return history.length") == history
    browser.execute_async_script("addEventListener('hashchange', () => setTimeout(arguments[0])); location.hash = '#5'")
    assert browser.execute_script(shown) == 5
    keys(browser, "?")
    assert browser.execute_script("return document.querySelector('dialog').open")


def test_a_deck_scrolls_on_a_phone_and_prints_a_slide_a_page(browser):
    page = slides.build(DECKS[2])
    browser.get(page.as_uri())
    pages = base64.b64decode(browser.execute_cdp_cmd("Page.printToPDF", {"preferCSSPageSize": True})["data"])
    assert len(re.findall(rb"/Type\s*/Page\b", pages)) == len(slides.split_deck(DECKS[2].read_text()))
    browser.execute_cdp_cmd("Emulation.setDeviceMetricsOverride", {"width": 390, "height": 844, "deviceScaleFactor": 1, "mobile": True})
    try:
        browser.get(page.as_uri())
        sizes = browser.execute_script("return [...document.querySelectorAll('section')].map(one => [one.clientWidth, one.clientHeight])")
        assert {width for width, _ in sizes} == {390} and min(height for _, height in sizes) > 120
        assert browser.execute_script("return document.documentElement.scrollWidth") == 390
        text = browser.execute_script("return parseFloat(getComputedStyle(document.querySelector('section p')).fontSize)")
        assert text >= 16
    finally:
        browser.execute_cdp_cmd("Emulation.clearDeviceMetricsOverride", {})


def test_code_on_a_slide_has_colours():
    html = slides.block('```cpp\n#include <template.h>\nauto s = "return";  // while <b>\n```', ROOT)
    assert '<span class="directive">#include</span> <span class="string">&lt;template.h&gt;</span>' in html
    assert '<span class="keyword">auto</span> s = <span class="string">&quot;return&quot;</span>;' in html
    assert '<span class="comment">// while &lt;b&gt;</span>' in html and html.count("keyword") == 1
    assert '<span class="command">$ ls\n</span>a' in slides.block("```console\n$ ls\na\n```", ROOT)


def test_a_deck_says_what_a_browser_may_run(tmp_path):
    page = slides.render(DECKS[0])
    for tag in ("style", "script"):
        text = re.search(rf"<{tag}>(.*?)</{tag}>", page, re.DOTALL)[1]
        digest = base64.b64encode(hashlib.sha256(text.encode()).digest()).decode()
        assert f"{tag}-src 'sha256-{digest}'" in page
    assert "default-src 'none'" in page and "unsafe" not in page


@pytest.mark.parametrize("deck", DECKS, ids=NAMES)
def test_a_deck_has_the_form_of_a_deck(deck):
    parts = slides.split_deck(deck.read_text())
    assert 8 <= len(parts) <= 14
    for part in parts:
        assert slides.minutes(part) > 0, part
        assert part.count("\n# ") == 1, part
    assert "make exercise EX=" in parts[-1]


@pytest.mark.parametrize("deck", DECKS, ids=NAMES)
def test_a_deck_leads_back_to_its_page(deck):
    page = re.search(r'<nav class="ways"[^>]*><a href="/([^"]+)"', slides.render(deck))[1]
    assert (ROOT / page).exists()


def test_there_is_a_deck_for_every_lesson():
    assert {deck.stem for deck in DECKS} >= {page.parent.name for page in (ROOT / "chapters").glob("*/README.md")}


@pytest.mark.parametrize("content", ["\n".join(f"- line {i}" for i in range(30)), "```text\n" + "x" * 200 + "\n```"])
def test_what_overflows_is_found(browser, tmp_path, content):
    deck = tmp_path / "wide.md"
    deck.write_text(f"---\nmarp: true\n---\n\n# Too much\n\n{content}\n")
    page = tmp_path / "wide.html"
    page.write_text(slides.render(deck))
    assert measure(browser, page) != []


def test_markdown_becomes_html_and_is_escaped():
    assert slides.inline("a < b, **c** and `d<e>`") == "a &lt; b, <strong>c</strong> and <code>d&lt;e&gt;</code>"
    assert slides.block("- a\n  b\n- c", ROOT) == "<ul><li>a b</li><li>c</li></ul>"
    assert slides.block("| a | b |\n|---|---|\n| 1 | 2 |", ROOT).count("<td>") == 2
