"""Every lesson has the form of a lesson: its sections in their order, its length, its snippets, its drawings."""

import pathlib
import re
import sys

import pytest

ROOT = pathlib.Path(__file__).resolve().parents[2]
sys.path.insert(0, str(ROOT / "scripts"))

import pages  # noqa: E402  (found by the line above)

LESSONS = [page for page in pages.pages() if page.startswith("chapters/")]
ALSO_LESSONS = [*LESSONS, "final/README.md"]  # the walk through the framework has other sections, and no exercises
SECTIONS = ["Front", "The wall", "Predict", "Invariants", "Build it", "What Tornado does", "Break it", "Measure",
            "Misconceptions", "Checkpoint", "Exercises, and the next wall"]
MAX_SNIPPET = 25
MAX_WORDS = 3600
MEASURED = re.compile(r"<!-- (\w+) -->\n.*?<!-- /\1 -->", re.DOTALL)


def prose(page):
    """What there is to read: without fences, and without the tables that an experiment has written."""
    return MEASURED.sub("", pages.FENCE.sub("", (ROOT / page).read_text()))


@pytest.mark.parametrize("page", LESSONS)
def test_sections_come_in_their_order(page):
    headings = re.findall(r"^## (\d+)\. (.*)$", prose(page), re.MULTILINE)
    assert headings == [(str(number), name) for number, name in enumerate(SECTIONS, 1)]
    assert prose(page).rstrip().rpartition("\n#")[2].startswith("## The next wall")


@pytest.mark.parametrize("page", ALSO_LESSONS)
def test_length_and_snippets(page):
    assert 2000 <= len(prose(page).split()) <= MAX_WORDS
    fences = pages.fences(page)
    assert 15 <= len(fences) <= 35
    for fence in fences:
        assert fence.text.count("\n") <= MAX_SNIPPET, fence.text


@pytest.mark.parametrize("page", ALSO_LESSONS)
def test_drawings(page):
    drawn = len(re.findall(r"!\[[^\]]+\]\([^)]+\.svg\)", prose(page)))
    drawn += sum(fence.kind == "mermaid" for fence in pages.fences(page))
    assert 3 <= drawn <= 6


def section(page, heading):
    """The text below a heading, up to the next of any level."""
    return re.search(rf"^#+ {re.escape(heading)}\n(.*?)(?=^#|\Z)", prose(page), re.MULTILINE | re.DOTALL)[1]


@pytest.mark.parametrize("page", ALSO_LESSONS)
def test_the_recap_is_short_and_answers_every_prediction(page):
    recap = section(page, "Recap")
    assert 5 <= len(re.findall(r"^- ", recap, re.MULTILINE)) <= 8
    predictions = re.findall(r"^(\d)\. ", section(page, "3. Predict"), re.MULTILINE)
    answered = re.findall(r"[Pp]rediction (\d)|\((\d)\)", recap)  # "Prediction 1: ...", "(prediction 2)", and after it "(3)"
    assert sorted(named or short for named, short in answered) == predictions


@pytest.mark.parametrize("page", LESSONS)
def test_the_recap_stands_before_the_next_wall(page):
    assert re.findall(r"^### (.*)$", prose(page), re.MULTILINE)[-2:] == ["Recap", "The next wall"]


@pytest.mark.parametrize("page", LESSONS)
def test_every_exercise_of_the_chapter_is_offered(page):
    chapter = re.search(r"chapters/(\d\d)-", page)[1]
    there = {folder.name[:4] for folder in (ROOT / "exercises").glob(f"{chapter}-*")}
    assert set(re.findall(r"make exercise EX=(\d\d-\d)", prose(page))) == there


@pytest.mark.parametrize("page", ALSO_LESSONS)
def test_no_word_of_advertisement(page):
    found = re.search(r"\b(?:simply|just works|powerful|easily|seamless\w*|robust|let's dive|in this section)\b",
                      prose(page), re.IGNORECASE)
    assert not found, found
