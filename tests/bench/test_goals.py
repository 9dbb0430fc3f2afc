"""The goals: how they are judged, kept and shown."""

import argparse

import goals
import pytest


def run(folder, figures, check=True):
    options = argparse.Namespace(json=folder / "hello.json", check=check)
    return goals.finish("hello", options, figures)


@pytest.mark.parametrize("figure, values, result", [
    ("c64", [0.1, 0.91, 0.9], "reached"), ("c64", [2.0, 0.89, 0.8], "MISSED"), ("c64", [2.0, 2.0], "NOT SHOWN"), ("c64", [], "NOT SHOWN"),
    ("idle", [256, 900, 200], "reached"), ("idle", [257, 900, 200], "MISSED")])
def test_a_goal_is_judged_by_the_median_of_three_rounds_at_least(figure, values, result, tmp_path, capsys):
    assert run(tmp_path, {figure: values}) == (result != "reached")
    assert capsys.readouterr().out.splitlines()[1].startswith(result + "  ")
    assert run(tmp_path, {figure: values}, check=False) == 0
    row = next(line for line in goals.report(tmp_path).splitlines() if line.startswith(f"| {'hello' if figure == 'c64' else 'an idle keep'}"))
    assert (f"| {result} |" in row) == bool(values) and ("not measured" in row) == (not values)


def test_every_goal_is_in_the_page():
    page = goals.PAGE.read_text()
    assert [goal for goal in goals.GOALS if f"| {goal} |" not in page] == []
