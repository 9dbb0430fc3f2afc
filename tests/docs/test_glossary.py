"""The glossary is in order, and each of its words stands in the chapter that the entry names."""

import pathlib
import re

import pytest

ROOT = pathlib.Path(__file__).resolve().parents[2]
GLOSSARY = ROOT / "docs" / "glossary.md"
WORDS, OTHER_WORDS = GLOSSARY.read_text().split("\n## ")
ENTRY = re.compile(r"^- (.*(?:\n  .*)*)", re.MULTILINE)
FORM = re.compile(r"\*\*([^*]+)\*\*: (.+[.?]) \[(\d\d|final)\]\(([^)]+)\)")
SENTENCES = 3  # at most


def entries(text):
    return [" ".join(entry.split()) for entry in ENTRY.findall(text)]


def uses(text, word):
    """Whether the text has the word: with any ending, or in capitals as it stands ("FIN" is not in "find")."""
    text = " ".join(text.split())
    if word == word.lower():
        return re.search(rf"\b{re.escape(word)}", text, re.IGNORECASE) is not None
    return re.search(rf"\b{re.escape(word)}\b", text) is not None


@pytest.mark.parametrize("entry", entries(WORDS) + entries(OTHER_WORDS))
def test_an_entry_has_a_word_an_explanation_and_its_chapter(entry):
    form = FORM.fullmatch(entry)
    assert form, "wanted: **word**: up to three sentences. [NN](../chapters/NN-name/README.md)"
    _, explanation, chapter, target = form.groups()
    assert re.fullmatch(rf"\.\./(?:chapters/{chapter}-[\w-]+|{chapter})/README\.md", target)
    assert len(re.findall(r"[.?](?: |$)", explanation)) <= SENTENCES


@pytest.mark.parametrize("entry", entries(WORDS))
def test_the_chapter_uses_the_word(entry):
    word, _, _, target = FORM.fullmatch(entry).groups()
    assert uses((GLOSSARY.parent / target).read_text(), word), target


@pytest.mark.parametrize("part", [WORDS, OTHER_WORDS], ids=["words", "other words"])
def test_words_are_in_alphabetical_order_and_each_stands_once(part):
    words = [FORM.fullmatch(entry)[1].lower() for entry in entries(part)]
    assert words == sorted(set(words))


def test_there_are_sixty_words_or_more():
    assert len(entries(WORDS)) >= 60


@pytest.mark.parametrize("text, word, used", [
    ("a reader\ncan starve others, or be starved", "starve", True), ("interest\nlist", "interest list", True),
    ("I find it", "FIN", False), ("it sends FIN.", "FIN", True), ("a trace", "race", False)])
def test_a_word_is_found_with_its_ending_but_not_inside_another(text, word, used):
    assert uses(text, word) is used
