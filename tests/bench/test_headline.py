"""The experiment from chapter 01 to the framework: a short run of the whole, and what its longest run depends on."""

import os
import pathlib
import xml.dom.minidom

import experiment
import headline
from bench_process import raise_file_limit

BUILD = pathlib.Path(os.environ["TORNADO_BUILD"])
CHOSEN = [one for one in headline.CONTENDERS if one.name in ("one", "loop", "tornado")]
SIZES = (1, 8)


def figures(rate, p99, mb):
    return {"rate": rate, "p99": p99, "mb": mb, "threads": 1}


def test_the_server_on_the_readers_layers_is_one_more_line_where_it_is_asked_for():
    contenders = experiment.headline_contenders(mine=True)
    assert experiment.headline_contenders(mine=False) == headline.CONTENDERS == contenders[:-1]
    program, *arguments = experiment.headline_commands(contenders)["yours"]
    assert program == str(experiment.ROOT / "build/mine/chapters/08-coroutines/coroutine_server")
    assert (arguments, headline.YOURS.path) == (["--port={port}"], "/slow?s=0.1")
    made = {(one.name, clients): [figures(5.0, 100.0, 2.0)] for one in contenders for clients in SIZES}
    assert headline.table(contenders, SIZES, made).splitlines()[-1] == "| yours | 5.0; 100; 2.0 | 5.0; 100; 2.0 |"
    drawing = headline.plot(contenders, SIZES, made)
    assert drawing.count('class="key"') == len(contenders) and f'fill="{headline.YOURS.colour}"' in drawing


def test_a_short_run_of_the_whole(tmp_path):
    taken = headline.measure(CHOSEN, SIZES, experiment.headline_commands(), BUILD, tmp_path / "log", 1, 1, experiment.load,
                             lambda what: None)
    assert set(taken) == {(one.name, clients) for one in CHOSEN for clients in SIZES}
    rates = {key: own[0]["rate"] for key, own in taken.items()}
    for name in ("one", "loop", "tornado"):
        assert rates[name, 1] <= 10.5
        assert all(one["mb"] > 0 and one["threads"] >= 1 for clients in SIZES for one in taken[name, clients])
    assert rates["one", 8] <= 10.5 < rates["loop", 8]
    assert rates["tornado", 8] > 10.5
    taken["loop", 8] = [{"refused": "answers 503"}]
    lines = headline.table(CHOSEN, SIZES, taken).splitlines()
    assert len(lines) == 3 + len(CHOSEN) and lines[4].endswith("| refuses |")
    xml.dom.minidom.parseString(headline.plot(CHOSEN, SIZES, taken))


def test_select_refuses_more_clients_than_it_can_name(tmp_path):
    raise_file_limit()
    (select,) = [one for one in headline.CONTENDERS if one.name == "select"]

    def take(clients):
        return headline.sample(select, experiment.headline_commands()["select"], BUILD, tmp_path / "log", clients, 0.1,
                               lambda port, path, clients, seconds: {"rate": 10.0, "p99": 101.0})

    assert take(1000)["rate"] == 10.0
    assert take(1024) == {"refused": "answers 503"}


def test_a_published_run_replaces_the_story_the_table_and_the_picture(tmp_path):
    (tmp_path / "docs").mkdir()
    for page in ("README.md", "docs/figures.md"):
        (tmp_path / page).write_text((experiment.ROOT / page).read_text())
    experiment.publish_headline(tmp_path, "the story\n", "| the table |", "The machine.", "<svg/>")
    assert "\n<!-- headline -->\nthe story\n<!-- /headline -->\n" in (tmp_path / "README.md").read_text()
    assert "\n<!-- figures -->\n| the table |\n\nThe machine. From 1,024" in (tmp_path / "docs" / "figures.md").read_text()
    assert (tmp_path / "docs" / "headline.svg").read_text() == "<svg/>"
