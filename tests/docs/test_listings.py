"""The listings of final/docs/hardening.md and middleware.md compile, and each page quotes all of its file's."""

import pathlib
import re
import subprocess

import pytest

ROOT = pathlib.Path(__file__).resolve().parents[2]
PAGES = [ROOT / "final" / "docs" / name for name in ("hardening.md", "middleware.md")]
WARNINGS = ["-Wall", "-Wextra", "-Wpedantic", "-Wshadow", "-Wconversion", "-Werror"]


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.stem)
@pytest.mark.parametrize("compiler", ["g++", "clang++-19"])
def test_the_listings_compile(compiler, page):
    command = [compiler, "-std=c++20", "-fsyntax-only", *WARNINGS, "-I", ROOT / "final" / "include", page.with_suffix(".cc")]
    done = subprocess.run(command, text=True, capture_output=True)
    assert done.returncode == 0 and not done.stderr, done.stderr


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.stem)
def test_every_listing_is_on_the_page(page):
    source = page.with_suffix(".cc")
    regions = re.findall(r"^ *// \[(\w+)\]$", source.read_text(), re.MULTILINE)
    assert regions
    assert [region for region in regions if f"file=final/docs/{source.name}#{region}\n" not in page.read_text()] == []
