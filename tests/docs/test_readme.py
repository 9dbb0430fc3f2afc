"""What the front pages show is what the sources hold, the programs print and the Makefile offers."""

import os
import pathlib
import re
import subprocess

import pytest

ROOT = pathlib.Path(__file__).resolve().parent.parent.parent
PAGES = ["README.md", "CONTRIBUTING.md", "CHANGELOG.md"]
FENCE = re.compile(r"^```([^\n]*)\n(.*?)^```$", re.MULTILINE | re.DOTALL)
LINK = re.compile(r"\]\(([^)#:]+)(?:#[^)]*)?\)")
FREE_KINDS = {"text", "cmake"}


def fences(page):
    return FENCE.findall((ROOT / page).read_text())


def shown(kind):
    """(what the fence names, its text) of every fence of the pages that begins with `kind`."""
    return [(head.removeprefix(kind), body) for page in PAGES for head, body in fences(page) if head.startswith(kind)]


@pytest.mark.parametrize("page", PAGES)
def test_every_fence_names_its_source_or_is_plain_text(page):
    for head, _ in fences(page):
        assert head in FREE_KINDS or re.match(r"cpp file=|console demo=", head), head


@pytest.mark.parametrize("file, code", shown("cpp file="))
def test_code_is_the_file(file, code):
    assert code == (ROOT / file).read_text()


@pytest.mark.parametrize("demo, output", shown("console demo="))
def test_output_is_the_programs(demo, output):
    program = pathlib.Path(os.environ["TORNADO_BUILD"]) / "final" / "demos" / demo / demo
    done = subprocess.run([program, "--minute=0.05"], capture_output=True, text=True, timeout=60)
    assert (done.returncode, done.stderr) == (0, "")
    *printed, minutes = done.stdout.splitlines()
    assert printed == output.splitlines()[:-1]
    # 3 together and 1; one after the other it would be 7.
    assert 3.9 <= float(minutes.removesuffix(" minutes")) < 7


@pytest.mark.parametrize("page", PAGES)
def test_links_lead_somewhere(page):
    for target in LINK.findall((ROOT / page).read_text()):
        assert (ROOT / target).exists(), target


@pytest.mark.parametrize("page", PAGES)
def test_make_commands_exist(page):
    targets = set(re.findall(r"^([a-z]+):", (ROOT / "Makefile").read_text(), re.MULTILINE))
    text = (ROOT / page).read_text()
    commands = set(re.findall(r"(?:`|^)make ([a-z]+)", text, re.MULTILINE))
    assert commands <= targets


def test_make_alone_lists_every_target():
    makefile = (ROOT / "Makefile").read_text()
    targets = set(re.search(r"^\.PHONY: (.*)$", makefile, re.MULTILINE).group(1).split())
    listed = subprocess.run(["make", "-C", ROOT], capture_output=True, text=True, check=True).stdout
    assert set(re.findall(r"^  make ([a-z]+)", listed, re.MULTILINE)) == targets
