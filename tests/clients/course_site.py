"""The course's site, and a browser that reads it: one of each for all tests of a worker, because starting them takes seconds."""

import os
import pathlib
import sys

import pytest
from chromium import start_browser
from wire_server import ROOT, WireServer

sys.path.insert(0, str(ROOT / "scripts"))

import slides  # noqa: E402  (found by the line above)

DESK = {"width": 1280, "height": 900, "deviceScaleFactor": 1, "mobile": False}
PHONE = {"width": 390, "height": 844, "deviceScaleFactor": 2, "mobile": True}


def start(*options):
    build = pathlib.Path(os.environ.get("TORNADO_BUILD", ROOT / "build" / "debug"))
    return WireServer([str(build / "final" / "demos" / "course" / "course"), "--port=0"], *options)


def show(browser, device, scheme):
    browser.execute_cdp_cmd("Emulation.setDeviceMetricsOverride", device)
    browser.execute_cdp_cmd("Emulation.setEmulatedMedia", {"features": [{"name": "prefers-color-scheme", "value": scheme}]})


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
def chromium(tmp_path_factory):
    driver = start_browser(tmp_path_factory.mktemp("chromium"))
    yield driver
    driver.quit()


@pytest.fixture
def browser(chromium):
    """The browser with an empty console. Its page is left at the end: some pages draw for as long as they are open."""
    chromium.get_log("browser")
    yield chromium
    chromium.get("about:blank")
