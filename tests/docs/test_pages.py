"""What the pages show is what the sources hold, the programs print and the Makefile offers."""

import os
import pathlib
import re
import subprocess
import sys
import time

import pytest

ROOT = pathlib.Path(__file__).resolve().parents[2]
sys.path.insert(0, str(ROOT / "scripts"))

import compatibility  # noqa: E402  (found by the line above)
import pages  # noqa: E402

PAGES = pages.pages()
MEASURED_AT_MOST = 5  # times
LINK = re.compile(r"\]\(([^)#:]+)(?:#[^)]*)?\)")
ROW_LINK = re.compile(r"\[([A-Z][A-Z0-9]+-\d\d)\]\([^)]*COMPATIBILITY\.md#([^)]+)\)")
ANCHORED = re.compile(r"\]\(([^)#:]*)#([^)]+)\)")
NAMED_TEST = re.compile(r"\[`(\w+)`\]\(([^)#:]*tests/[^)#:]+)\)")
CHAPTERS_WORDS = {word for header in ROOT.glob("chapters/*/**/*.h") for word in re.findall(r"\w+", header.read_text())}
IMAGE = re.compile(r'<img [^>]*src="([^"]+)"')


def shown(chosen):
    return [pytest.param(fence, id=f"{page}-{number}") for page in PAGES
            for number, fence in enumerate(pages.fences(page), 1) if chosen(fence)]


@pytest.mark.parametrize("page", PAGES)
def test_every_fence_names_its_source_or_is_plain_text(page):
    for fence in pages.fences(page):
        assert fence.free or fence.is_code or fence.is_replayed or set(fence.named) == {"demo"}, fence


@pytest.mark.parametrize("fence", shown(lambda fence: fence.is_code))
def test_code_is_what_the_file_holds(fence):
    assert fence.text == pages.quote(fence.named["file"])


@pytest.mark.parametrize("fence", shown(lambda fence: fence.is_replayed))
def test_commands_print_what_is_shown(fence):
    if not pages.can_replay(fence):
        return  # nothing can be compared on a machine that lets no process trace another, or has another compiler
    for _ in range(MEASURED_AT_MOST):
        printed = pages.replay(fence)
        # Words are wrong once and for all; a time may be that of a moment in which the machine is busy.
        if not pages.same_words(fence.text, printed) or pages.same_console(fence.text, printed):
            break
    assert pages.same_console(fence.text, printed), printed


@pytest.mark.parametrize("fence", shown(lambda fence: "demo" in fence.named))
def test_output_is_the_demos(fence):
    demo = fence.named["demo"]
    program = pathlib.Path(os.environ["TORNADO_BUILD"]) / "final" / "demos" / demo / demo
    done = subprocess.run([program, "--minute=0.05"], capture_output=True, text=True, timeout=60)
    assert (done.returncode, done.stderr) == (0, "")
    *printed, minutes = done.stdout.splitlines()
    assert printed == fence.text.splitlines()[:-1]
    # 3 together and 1; one after the other it would be 7.
    assert 3.9 <= float(minutes.removesuffix(" minutes")) < 7


@pytest.mark.parametrize("page", PAGES)
def test_links_and_images_lead_somewhere(page):
    text = pages.FENCE.sub("", (ROOT / page).read_text())  # [](int i) in a fence is C++
    for target in LINK.findall(text) + IMAGE.findall(text):
        assert ((ROOT / page).parent / target).exists(), target


def headings(page):
    """The anchors of a page's headings, as the repository's web page makes them."""
    text = pages.FENCE.sub("", page.read_text())
    plain = [re.sub(r"[^\w -]", "", heading.lower()) for heading in re.findall(r"^#+ (.*)$", text, re.MULTILINE)]
    return {heading.replace(" ", "-") for heading in plain}


@pytest.mark.parametrize("page", PAGES)
def test_links_to_a_heading_lead_to_one(page):
    for target, anchor in ANCHORED.findall((ROOT / page).read_text()):
        file = (ROOT / page).parent / target if target else ROOT / page
        assert anchor in headings(file), f"{target}#{anchor}"


@pytest.mark.parametrize("page", PAGES)
def test_a_test_that_is_named_with_its_file_is_in_it(page):
    for name, target in NAMED_TEST.findall((ROOT / page).read_text()):
        file = (ROOT / page).parent / target
        assert name == file.stem or name in file.read_text(), f"{target} has no {name}"


@pytest.mark.parametrize("page", PAGES)
def test_a_name_in_the_chapters_name_space_stands_in_their_headers(page):
    named = set(re.findall(r"\bmini::(\w+)", (ROOT / page).read_text()))
    assert named <= CHAPTERS_WORDS, named - CHAPTERS_WORDS


@pytest.mark.parametrize("page", PAGES)
def test_a_row_that_is_linked_stands_in_that_section(page):
    modules = compatibility.read_rows((ROOT / compatibility.ROWS).read_text())
    sections = {row.id: compatibility.anchor(module.name) for module in modules for row in module.rows}
    for row, section in ROW_LINK.findall((ROOT / page).read_text()):
        assert sections.get(row) == section, row


def test_the_claims_of_the_texts_name_all_their_programs():
    text = (ROOT / "docs" / "seeds.md").read_text()
    programs = (ROOT / "final" / "demos" / "seeds").glob("0*.cc")
    assert [program.name for program in programs if f"seeds/{program.name})" not in text] == []


@pytest.mark.parametrize("page", PAGES)
def test_make_commands_exist(page):
    targets = set(re.findall(r"^([a-z]+):", (ROOT / "Makefile").read_text(), re.MULTILINE))
    text = (ROOT / page).read_text()
    commands = set(re.findall(r"(?:`|^)make ([a-z]+)", text, re.MULTILINE))
    assert commands <= targets


def test_make_alone_lists_every_target():
    makefile = (ROOT / "Makefile").read_text()
    targets = set(re.search(r"^\.PHONY: (.*)$", makefile, re.MULTILINE).group(1).split())
    listed = subprocess.run(["make", "-C", ROOT], capture_output=True, text=True, check=True, timeout=60).stdout
    assert set(re.findall(r"^  make ([a-z]+)", listed, re.MULTILINE)) == targets


# ---- the checker itself


def test_a_region_is_quoted_without_its_marks_and_indentation(tmp_path, monkeypatch):
    monkeypatch.setattr(pages, "ROOT", tmp_path)
    (tmp_path / "a.cc").write_text("// [a]\nint a;\n// [b]\n  int b;\n  // [/a]\n// [/b]\n")
    assert pages.quote("a.cc#a") == "int a;\n  int b;\n"
    assert pages.quote("a.cc#b") == "int b;\n"
    with pytest.raises(ValueError):
        pages.quote("a.cc#c")


def test_commands_share_a_shell_and_their_output_is_separated():
    fence = pages.Fence("console", {"chapter": "01"}, "$ a=5\n$ echo $a\nold\n$ echo x; echo 8888\n")
    assert pages.replay(fence) == "$ a=5\n$ echo $a\n5\n$ echo x; echo 8888\nx\n8888\n"


def test_a_clone_may_lie_in_a_folder_with_a_blank(tmp_path, monkeypatch):
    root = tmp_path / "a clone"
    program = root / "build" / "debug" / "hello"
    program.parent.mkdir(parents=True)
    program.write_text("#!/bin/sh\necho hello from build/debug and $PWD/build/debug\n")
    program.chmod(0o755)
    monkeypatch.setattr(pages, "ROOT", root)
    monkeypatch.setenv("TORNADO_BUILD", str(root / "build" / "debug"))
    text = "$ build/release/hello\nhello from build/release and build/release\n"
    text += "$ sh -c 'build/release/hello; echo $?'\nhello from build/release and build/release\n0\n"
    assert pages.replay(pages.Fence("console", {"chapter": "01"}, text)) == text


def is_alive(pid):
    try:
        return pathlib.Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0] != "Z"
    except (FileNotFoundError, ProcessLookupError):
        return False


def test_nothing_that_was_started_outlives_a_fence(tmp_path):
    file = tmp_path / "pid"
    stubborn = f"trap '' TERM; echo $$ > {file}; exec sleep 300"
    command = f'sh -c "{stubborn}" > /dev/null 2>&1 & until [ -s {file} ]; do :; done'.replace("$$", r"\$\$")
    pages.replay(pages.Fence("console", {"chapter": "01"}, f"$ {command}\n"))
    deadline = time.monotonic() + 20
    while is_alive(int(file.read_text())):  # SIGKILL is on its way
        assert time.monotonic() < deadline
        os.sched_yield()


@pytest.mark.parametrize("page, head, command, told", [
    ("chapters/01/README.md", 'console chapter=01 server="pool --workers=4"', "curl x",
     '# in another terminal: make chapter CH=01 ARGS="pool --workers=4"\n'),
    ("chapters/02/README.md", 'console chapter=02 server=""', "curl x", "# in another terminal: make chapter CH=02\n"),
    ("final/README.md", "console final=helloworld server=--logging=none", "curl x",
     "# in another terminal: make demo DEMO=helloworld ARGS=--logging=none\n"),
    ("chapters/01/README.md", "console chapter=01", "build/release/chapters/01-a/lab 8888 & build/release/chapters/01-a/lab",
     "# once, to build it: scripts/build.sh release lab\n"),
    ("slides/01.md", "console chapter=01 server=one", "curl x", ""),
    ("chapters/01/README.md", "console chapter=01", "curl x", "")])
def test_a_reader_is_told_what_to_start_and_to_build_first(page, head, command, told):
    assert pages.needed_first(pages.make_fence(page, head, f"$ {command}\n")) == told


@pytest.mark.parametrize("shown_text, printed, same", [
    ("0.20 s\n", "0.25 s\n", True), ("at   9.80 s\n", "at  10.20 s\n", True), ("0.20 s\n", "1.95 s\n", False),
    ("1.0 a\n", "1.0 b\n", False), ("7\n", "8\n", False)])
def test_only_decimal_numbers_may_differ_and_not_by_much(shown_text, printed, same):
    assert pages.same_console(shown_text, printed) is same
