"""The checker of co_await statements finds each bad sample at its line, and nothing else."""

import pathlib
import sys

import pytest

HERE = pathlib.Path(__file__).resolve().parent
ROOT = HERE.parent.parent
sys.path.insert(0, str(ROOT / "scripts"))

import check_await  # noqa: E402

SAMPLES = HERE / "await_samples"
MARK = "// bad: "


def expected(source):
    marked = []
    for number, line in enumerate(source.splitlines(), 1):
        if MARK in line and not line.startswith("//"):
            marked += [(number, pattern) for pattern in line.split(MARK)[1].split(", ")]
    return sorted(marked)


def test_bad_samples_are_found_at_their_lines():
    source = (SAMPLES / "bad.cc.txt").read_text()
    assert check_await.findings(source) == expected(source)


def test_good_samples_are_not_found():
    assert check_await.findings((SAMPLES / "good.cc.txt").read_text()) == []


@pytest.mark.parametrize("line", [l for l in (SAMPLES / "bad.cc.txt").read_text().splitlines()
                                  if MARK in l and l.rstrip().count(";") and l.startswith("  co_")])
def test_each_bad_statement_is_found_alone(line):
    source = "Future<void> f() {\n" + line + "\n}\n"
    assert check_await.findings(source) == expected(source)


def test_comments_and_strings_hide_nothing_after_them():
    source = 'void f() { /* " */ co_await g({1}); /* " */ }'
    assert check_await.findings(source) == [(1, check_await.BRACES)]


def test_a_listed_trap_is_left_alone_and_a_stale_one_is_an_error(tmp_path, monkeypatch, capsys):
    code = tmp_path / "trap.cc"
    code.write_text("Future<void> f() {\n  co_await g({1});\n}\n")
    traps = tmp_path / "traps.txt"
    monkeypatch.setattr(check_await, "ROOT", tmp_path)
    monkeypatch.setattr(check_await, "TRAPS", traps)
    monkeypatch.setattr(check_await, "project_files", lambda: [code])

    assert check_await.main([]) == 1
    assert "trap.cc:2: braced list" in capsys.readouterr().out

    traps.write_text("# shows the trap\ntrap.cc: co_await g({1});\n")
    assert check_await.main([]) == 0

    code.write_text("Future<void> f() {}\n")
    capsys.readouterr()
    assert check_await.main([]) == 1
    assert "this trap is gone" in capsys.readouterr().out
