"""axe-core, the checker of web accessibility, finds nothing in the course's pages, by day and by night, on a desk and on a phone.

It comes from npm, because Debian has no package of it, into build/axe, and is used by no page."""

import shutil
import subprocess

import pytest
from chromium import start_browser
from test_course import DAY_AND_DESK, PHONE, ROOT, show, site  # noqa: F401  (fixtures)

VERSION = "4.14.1"
FOLDER = ROOT / "build" / "axe"
PATHS = ["/", "/chapters/03-ioloop/", "/exercises/03-1-core-of-the-loop/", "/quiz/03", "/final/src/loop/loop_state.cc", "/search?q=epoll", "/chat/",
         "/deck/03-ioloop"]


@pytest.fixture(scope="module")
def axe():
    """The text of axe-core's script."""
    script = FOLDER / "node_modules" / "axe-core" / "axe.min.js"
    if not (script.exists() and f"axe v{VERSION}" in script.read_text()[:200]):
        npm = shutil.which("npm")
        assert npm, "npm is not installed; it gets axe-core for this test"
        subprocess.run([npm, "install", "--no-save", "--ignore-scripts", "--no-audit", "--no-fund", f"--prefix={FOLDER}", f"axe-core@{VERSION}"],
                       check=True, timeout=100)
    return script.read_text()


@pytest.fixture(scope="module")
def browser(tmp_path_factory):
    driver = start_browser(tmp_path_factory.mktemp("chromium"))
    yield driver
    driver.quit()


def violations(browser, axe):
    """Each rule that is broken, with the first elements that break it."""
    # The debugger's eval, because a page's policy allows no other script.
    browser.execute_script(axe)
    found = browser.execute_async_script("axe.run(document, {resultTypes: ['violations']}).then(arguments[0])")
    return [(one["id"], [node["html"][:120] for node in one["nodes"][:3]]) for one in found["violations"]]


def test_axe_sees_what_is_wrong(site, browser, axe):  # noqa: F811
    browser.get(site.url + "/")
    browser.execute_script("document.querySelector('h1').style.color = '#ddd'; document.querySelector('main').append(new Image())")
    assert {rule for rule, _ in violations(browser, axe)} >= {"color-contrast", "image-alt"}


@pytest.mark.parametrize("path", PATHS)
def test_axe_finds_nothing(site, browser, axe, path):  # noqa: F811
    browser.get_log("browser")
    for device in (DAY_AND_DESK, PHONE):
        for scheme in ("light", "dark"):
            show(browser, device, scheme)
            if scheme == "light":
                browser.get(site.url + path)
            assert violations(browser, axe) == [], (path, device["width"], scheme)
    assert browser.get_log("browser") == []
