"""Every page of the course fits a phone and a desk, by day and by night. tests/clients opens one of each kind."""

import pathlib
import sys

import pytest

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[1] / "clients"))
sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[2] / "scripts"))
import quiz  # noqa: E402  (found by the lines above)
from course_site import ROOT, assert_fits, browser, chromium, site  # noqa: E402, F401  (the same; fixtures)


FOLDERS = sorted([*ROOT.glob("chapters/*/README.md"), *ROOT.glob("exercises/*/README.md"), *ROOT.glob("final/demos/*/README.md")])
DOCUMENTS = sorted(file for pattern in ("*.md", "docs/*.md", "final/*.md", "final/docs/*.md", "final/src/*/README.md") for file in ROOT.glob(pattern))
PAGES = ["/", "/reference/", "/hello", "/chat/", "/chapters/", "/final/demos/", "/final/src/", "/final/demos/course/handlers.cc", "/LICENSE",
         *(f"/{path.parent.relative_to(ROOT)}/" for path in FOLDERS), *(f"/{path.relative_to(ROOT)}" for path in DOCUMENTS),
         *(f"/quiz/{number}" for number in quiz.quizzes()), *(f"/deck/{path.stem}" for path in sorted(ROOT.glob("slides/*.md")))]


@pytest.mark.parametrize("path", PAGES)
def test_fits(site, browser, path):  # noqa: F811
    assert_fits(site, browser, path)
