"""The course's site, and a browser that reads it: one of each for all tests of a worker, because starting them takes seconds."""

import os
import pathlib
import re
import sys

import pytest
from wire_server import ROOT, WireServer

sys.path.insert(0, str(ROOT / "scripts"))

import slides  # noqa: E402  (found by the line above)

DESK = {"width": 1280, "height": 900, "deviceScaleFactor": 1, "mobile": False}
PHONE = {"width": 390, "height": 844, "deviceScaleFactor": 2, "mobile": True}
SCREENSHOTS = os.environ.get("SCREENSHOTS")  # a folder to leave them in

MEASURE = """
const wide = [...document.querySelectorAll('body *')].filter(one => {
  const box = one.getBoundingClientRect();
  return box.width > 0 && box.right > innerWidth + 1 && !one.closest('pre, .scroll, .drawing, details:not([open])');
});
return {
  fits: document.documentElement.scrollWidth <= innerWidth,
  wide: wide.map(one => one.tagName + ' ' + one.textContent.slice(0, 60)),
  broken: [...document.images].filter(one => !(one.complete && one.naturalWidth)).map(one => one.src),
  ground: getComputedStyle(document.body).backgroundColor,
};
"""


def start(*options):
    build = pathlib.Path(os.environ.get("TORNADO_BUILD", ROOT / "build" / "debug"))
    return WireServer([str(build / "final" / "demos" / "course" / "course"), "--port=0"], *options)


def show(browser, device, scheme):
    browser.execute_cdp_cmd("Emulation.setDeviceMetricsOverride", device)
    browser.execute_cdp_cmd("Emulation.setEmulatedMedia", {"features": [{"name": "prefers-color-scheme", "value": scheme}]})


def screenshot(browser, name):
    if SCREENSHOTS:
        assert browser.save_screenshot(str(pathlib.Path(SCREENSHOTS) / f"course-{name}.png"))


def brightness(colour):
    return sum(int(number) for number in re.findall(r"\d+", colour)[:3]) / 3


def assert_fits(site, browser, path):
    """The page fits a phone and a desk, by day and by night; its images are there; the console says nothing."""
    browser.get_log("browser")
    for device, scheme in [(DESK, "light"), (DESK, "dark"), (PHONE, "light"), (PHONE, "dark")]:
        show(browser, device, scheme)
        if scheme == "light":
            browser.get(site.url + path)
        found = browser.execute_script(MEASURE)
        place = (path, device["width"], scheme)
        assert found["fits"] and found["wide"] == [] and found["broken"] == [], (place, found)
        if path != "/hello" and not path.startswith("/deck/"):
            assert (brightness(found["ground"]) < 64) == (scheme == "dark"), (place, found["ground"])
        screenshot(browser, f"{path.strip('/').replace('/', '-') or 'map'}-{device['width']}-{scheme}")
    assert browser.get_log("browser") == []


@pytest.fixture(scope="session")
def site():
    """The site on this repository, with its decks."""
    for deck in sorted((ROOT / "slides").glob("*.md")):
        slides.build(deck)
    server = start()
    yield server
    server.check_alive()
    before = server.log()
    server.stop()
    ended = server.log()[len(before):]  # the shutdown ends long polls of pages that are still open with a 503
    assert [line for line in before.splitlines() + ended.splitlines() if line.startswith("[E ")
            and not (line in ended and "] 503 POST /chat/" in line)] == []


@pytest.fixture(scope="session")
def chromium(start_browser):
    driver = start_browser()
    yield driver
    driver.quit()


@pytest.fixture
def browser(chromium):
    """The browser with an empty console. Its page is left at the end: some pages draw for as long as they are open."""
    chromium.get_log("browser")
    yield chromium
    chromium.get("about:blank")
