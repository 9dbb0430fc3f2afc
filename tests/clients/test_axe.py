"""axe-core, the checker of web accessibility, finds nothing in the course's pages, by day and by night, on a desk and on a phone.

Debian has no package of it. It is fetched from npm's registry into build/axe, once, and used by no page."""

import base64
import hashlib
import io
import os
import tarfile
import urllib.request

import pytest
from course_site import DESK, PHONE, ROOT, show

VERSION = "4.14.1"
SHA512 = "FHfa+lmNjQZfJz1q8wKqIDwC6DExcHt/pkjNQb09a3NPjCKg2rhu5qb2S4r76ASyFNNtuFooJpZe37OgudVGtQ=="  # as npm states it
PATHS = ["/", "/chapters/03-ioloop/", "/exercises/03-1-core-of-the-loop/", "/quiz/03", "/final/src/loop/loop_state.cc", "/search?q=epoll", "/chat/",
         "/deck/03-ioloop", "/loop"]


@pytest.fixture(scope="module")
def axe():
    """The text of axe-core's script."""
    script = ROOT / "build" / "axe" / f"axe-{VERSION}.js"
    if not script.exists():
        with urllib.request.urlopen(f"https://registry.npmjs.org/axe-core/-/axe-core-{VERSION}.tgz", timeout=60) as response:
            packed = response.read()
        assert base64.b64encode(hashlib.sha512(packed).digest()).decode() == SHA512
        with tarfile.open(fileobj=io.BytesIO(packed)) as archive:
            text = archive.extractfile("package/axe.min.js").read()
        script.parent.mkdir(parents=True, exist_ok=True)
        part = script.with_suffix(f".{os.getpid()}")  # another worker may read meanwhile
        part.write_bytes(text)
        part.rename(script)
    return script.read_text()


def violations(browser, axe):
    """Each rule that is broken, with the first elements that break it."""
    # The debugger's eval, because a page's policy allows no other script.
    browser.execute_script(axe)
    found = browser.execute_async_script("axe.run(document, {resultTypes: ['violations']}).then(arguments[0])")
    return [(one["id"], [node["html"][:120] for node in one["nodes"][:3]]) for one in found["violations"]]


def test_axe_sees_what_is_wrong(site, browser, axe):
    browser.get(site.url + "/")
    browser.execute_script("document.querySelector('h1').style.color = '#ddd'; document.querySelector('main').append(new Image())")
    assert {rule for rule, _ in violations(browser, axe)} >= {"color-contrast", "image-alt"}


@pytest.mark.parametrize("path", PATHS)
def test_axe_finds_nothing(site, browser, axe, path):
    browser.get_log("browser")
    for device in (DESK, PHONE):
        for scheme in ("light", "dark"):
            show(browser, device, scheme)
            if scheme == "light":
                browser.get(site.url + path)
            assert violations(browser, axe) == [], (path, device["width"], scheme)
    assert browser.get_log("browser") == []
