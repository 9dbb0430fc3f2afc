"""The reference of the public headers is written without a warning, and says what the headers say."""

import html
import pathlib
import re
import subprocess
import sys

import pytest

ROOT = pathlib.Path(__file__).resolve().parents[2]
sys.path.insert(0, str(ROOT / "scripts"))

import doxygen_filter  # noqa: E402  (found by the line above)


def run_doxygen(output, *settings):
    """Writes the reference into `output`; the settings are lines that come last, and count."""
    lines = [(ROOT / "docs" / "Doxyfile").read_text(), f"OUTPUT_DIRECTORY = {output}", *settings]
    return subprocess.run(["doxygen", "-"], input="\n".join(lines), cwd=ROOT, capture_output=True, text=True, timeout=120)


@pytest.fixture(scope="module")
def reference(tmp_path_factory):
    folder = tmp_path_factory.mktemp("reference")
    done = run_doxygen(folder, "SEARCHENGINE = NO")
    assert (done.returncode, done.stdout + done.stderr) == (0, "")
    return folder / "docs"


def words(page):
    return " ".join(html.unescape(re.sub(r"<[^>]*>", "", page.read_text())).split())


def test_a_comment_before_and_one_after_are_there(reference):
    page = words(reference / "classtornado_1_1ioloop_1_1IOLoop.html")
    assert "ask the poller for events (epoll_wait);" in page
    assert "Runs until stop(). Throws std::runtime_error if a loop already runs on this thread" in page
    options = words(reference / "structtornado_1_1ioloop_1_1IOLoopOptions.html")
    assert "empty: the best one here" in options


def test_every_public_header_has_a_page_and_says_what_it_is(reference):
    files = words(reference / "files.html")
    for header in (ROOT / "final" / "include" / "tornado").glob("*.h"):
        assert header.name in files
    assert "Public header: IOLoop, one thread's event loop, and PeriodicCallback" in files


def test_what_is_internal_is_not_in_it(reference):
    assert not [*reference.glob("*detail*"), *reference.glob("*tornado_1_1core*")]


def test_a_comment_that_doxygen_does_not_understand_fails(tmp_path):
    (tmp_path / "wrong.h").write_text("/// Adds.\n/// @param nobody is not there\nint add(int a);\n")
    done = run_doxygen(tmp_path, f"INPUT = {tmp_path}/wrong.h", "FILTER_PATTERNS =")
    assert done.returncode != 0
    assert "nobody" in done.stderr


@pytest.mark.parametrize("header, shown", [
    ("// Public header: x.\n// More.\n#pragma once\n", "/// @file\n/// Public header: x.\n/// More.\n#pragma once\n"),
    ("#pragma once\n\n// Gives <b>@it</b>, as `@it`.\nint f();\n", "#pragma once\n\n/// Gives \\<b\\>\\@it\\</b\\>, as `@it`.\nint f();\n"),
    ("#pragma once\nint a = 1;  // one\n            // of them\n// Two.\nint b;\n",
     "#pragma once\nint a = 1;  ///< one\n            ///< of them\n/// Two.\nint b;\n"),
    ("#pragma once\nvoid f() {\n  // inside\n  g();  // too\n}\n", "#pragma once\nvoid f() {\n  // inside\n  g();  // too\n}\n"),
    ("#pragma once\n// ---- part ----------\nint a;\n", "#pragma once\n\nint a;\n"),
    ('#pragma once\nconst char* a = "http://x";\n', '#pragma once\nconst char* a = "http://x";\n'),
])
def test_what_doxygen_is_shown(header, shown):
    assert doxygen_filter.filtered(header) == shown
