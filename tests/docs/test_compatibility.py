"""The page of Tornado's surface: its rows, the tests that prove them, and contradictions."""

import pathlib
import re
import sys

import pytest

ROOT = pathlib.Path(__file__).resolve().parents[2]
sys.path.insert(0, str(ROOT / "scripts"))

import compatibility  # noqa: E402  (found by the line above)

# The rows of these tests begin with ZZ, so that the project's own check takes none of them for its own.
ROWS = """
[queues]
ZZ-01 = { name = "`Queue`" }
ZZ-02 = { name = "`get`", here = "`co_await queue.get()`" }
ZZ-03 = { name = "a|b", differs = "is b|a" }
[other]
ZY-01 = { name = "gone", left_out = "nobody wants it" }
ZY-02 = { name = "later", not_yet = "to come" }
"""
CPP = """// Rows ZZ-01 to ZZ-03.
#include <gtest/gtest.h>

int helper() {
  return 1;
}

// ZZ-03: what differs.
// In two lines.
TEST_F(Queues,
       ZZ01_ZZ02_put_waits) {
  EXPECT_EQ(helper(), 1);
}

TEST_P(Queues, nothing_special) {
  // As in ZZ-02.
  EXPECT_EQ(helper(), 1);
}
"""
PYTHON = '''"""ZZ-01 and others."""
# ZZ-01
TABLE = [
    1,  # ZZ-02
]
OTHER = [3]  # ZY-01


# ZZ-03
@decorated(TABLE)
def test_one():
    assert OTHERS


class TestGroup:
    async def test_ZZ01_two(self):
        assert OTHER


def helper_ZZ02():
    pass
'''


def rows(text=ROWS):
    return compatibility.read_rows(text)


def named(*files):
    return compatibility.named_rows(compatibility.row_pattern(rows()), files)


def names(proofs):
    return {row: [test.name for test in tests] for row, tests in proofs.items()}


def problems(*files):
    proofs, mentions = named(*files)
    return list(compatibility.problems(rows(), proofs, mentions))


def test_a_row_is_done_unless_it_says_otherwise():
    queues, other = rows()
    assert [(row.id, row.state, row.note) for row in queues.rows + other.rows] == [
        ("ZZ-01", "done", ""), ("ZZ-02", "done", "`co_await queue.get()`"), ("ZZ-03", "differs", "is b|a"),
        ("ZY-01", "left_out", "nobody wants it"), ("ZY-02", "not_yet", "to come")]


@pytest.mark.parametrize("entry", [
    '{ here = "no name" }', '{ name = "x", state = "done" }', '{ name = "x", differs = "a", not_yet = "b" }',
    '{ name = "x", here = "a", left_out = "b" }', '{ name = "x", differs = "" }',
])
def test_a_row_that_contradicts_itself_is_an_error(entry):
    with pytest.raises(ValueError, match="ZZ-01"):
        rows(f"[queues]\nZZ-01 = {entry}\n")


def test_a_test_in_cpp_proves_what_its_name_and_its_comments_say():
    proofs, _ = named(("tests/x.cc", CPP))
    assert names(proofs) == {"ZZ-01": ["Queues.ZZ01_ZZ02_put_waits"],
                             "ZZ-02": ["Queues.ZZ01_ZZ02_put_waits", "Queues.nothing_special"],
                             "ZZ-03": ["Queues.ZZ01_ZZ02_put_waits"]}
    assert proofs["ZZ-01"][0].line == 10


def test_a_test_in_python_proves_what_its_tables_say_too():
    proofs, _ = named(("tests/x.py", PYTHON))
    assert names(proofs) == {"ZZ-01": ["test_one", "test_ZZ01_two"], "ZZ-02": ["test_one"], "ZZ-03": ["test_one"],
                             "ZY-01": ["test_ZZ01_two"]}


def test_a_vector_is_a_test_named_by_its_heading():
    proofs, _ = named(("tests/vectors/x.md", "# ZZ-01\n\n## ZZ-02 a folded line\nZZ-03\n"))
    assert names(proofs) == {"ZZ-02": ["ZZ-02 a folded line"]}


@pytest.mark.parametrize("text", ["XZZ-01", "ZZ-011", "ZZ-01x", "ZZ01X", "zz-01", "ZZ_01", "ZZ-1"])
def test_what_only_looks_like_a_row(text):
    assert compatibility.ids(compatibility.row_pattern(rows()), text) == []


def test_all_that_is_here_has_a_test():
    assert problems(("tests/x.cc", CPP)) == []
    assert problems(("tests/x.cc", "TEST(Queues, ZZ01_ZZ02) {\n}\n")) == [
        "tests/compatibility.toml: ZZ-03 is marked as here (differs), but no test names it"]


def test_an_unknown_row_is_reported_with_its_place():
    assert problems(("tests/x.cc", CPP + "\n// ZZ-77\n")) == [
        "tests/x.cc:20: ZZ-77 is not a row of tests/compatibility.toml"]


def test_what_is_not_yet_here_cannot_have_a_test():
    assert problems(("tests/x.cc", CPP + "TEST(Later, ZY02_comes) {\n}\n")) == [
        "tests/compatibility.toml: ZY-02 is marked as not yet here, but tests/x.cc tests it"]


def test_the_page():
    proofs, _ = named(("tests/queues_test.cc", CPP), ("tests/other_test.cc", "TEST(Other, ZZ02) {\n}\n"))
    page = compatibility.make_page(rows(), proofs)
    assert "| [queues](#queues) | 2 | 1 |  |  |\n| [other](#other) |  |  | 1 | 1 |\n" in page
    assert "| **all** | **2** | **1** | **1** | **1** |\n" in page
    assert ("| ZZ-02 | `get` | done | `co_await queue.get()` | [queues_test](../tests/queues_test.cc), "
            "[other_test](../tests/other_test.cc) |\n") in page
    assert "| ZZ-03 | a\\|b | differs | is b\\|a | [queues_test](../tests/queues_test.cc) |\n" in page
    assert "| ZY-01 | gone | left out | nobody wants it |  |\n" in page


@pytest.fixture
def project(tmp_path, monkeypatch):
    monkeypatch.setattr(compatibility, "ROOT", tmp_path)
    (tmp_path / "final").mkdir()
    (tmp_path / "tests" / "final").mkdir(parents=True)
    (tmp_path / "tests" / "compatibility.toml").write_text(ROWS)
    (tmp_path / "tests" / "final" / "queues_test.cc").write_text(CPP)
    return tmp_path


def test_check_tells_a_page_that_is_missing_or_old(project, capsys):
    assert compatibility.main(["--check"]) == 1
    assert "COMPATIBILITY.md does not match" in capsys.readouterr().out
    assert compatibility.main([]) == 0
    assert compatibility.main(["--check"]) == 0
    (project / "tests" / "final" / "more_test.cc").write_text("TEST(More, ZZ01) {\n}\n")
    page = (project / "final" / "COMPATIBILITY.md").read_text()
    assert compatibility.main(["--check"]) == 1
    assert (project / "final" / "COMPATIBILITY.md").read_text() == page


def test_the_tests_of_a_row_are_printed(project, capsys):
    assert compatibility.main(["--tests", "ZZ-03"]) == 0
    assert capsys.readouterr().out == "tests/final/queues_test.cc:10: Queues.ZZ01_ZZ02_put_waits\n"
    assert compatibility.main(["--tests", "ZY-01"]) == 1


def test_the_pages_links_lead_to_its_headings():
    modules = compatibility.read_rows((ROOT / compatibility.ROWS).read_text())
    anchors = [compatibility.anchor(module.name) for module in modules]
    assert len(set(anchors)) == len(anchors)
    assert all(re.fullmatch(r"[a-z0-9_-]+", anchor) for anchor in anchors)
