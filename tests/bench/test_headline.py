"""The experiment from chapter 01 to the framework: its arithmetic, its table and its picture, and a short run of the whole."""

import os
import pathlib
import re
import xml.dom.minidom

import experiment
import headline
import pytest
from bench_process import raise_file_limit

BUILD = pathlib.Path(os.environ["TORNADO_BUILD"])
CHOSEN = [one for one in headline.CONTENDERS if one.name in ("one", "loop", "tornado")]
SIZES = (1, 8)


def figures(rate, p99, mb):
    return {"rate": rate, "p99": p99, "mb": mb, "threads": 1}


def samples():
    """one does not come round with 8, select refuses them, the others do what theory says."""
    made = {(one.name, clients): [figures(10.0 * clients, 101.0, 4.0)] * 2
            for one in headline.CONTENDERS for clients in (*SIZES, headline.ASKED)}
    made["one", 8] = [figures(9.5, 800.0, 3.0), figures(9.5, None, 3.0)]
    made["one", headline.ASKED] = [figures(9.5, None, 3.0)]
    made["select", 8] = [figures(9.5, 800.0, 3.0), {"refused": "Non-2xx or 3xx responses: 7"}]
    return made


def test_every_contender_has_a_program():
    commands = experiment.headline_commands()
    assert list(commands) == [one.name for one in headline.CONTENDERS]
    assert all("{port}" in " ".join(command) for command in commands.values())
    assert commands["pool"] == ("chapters/01-blocking-server/blocking_server", "pool", "--port={port}")


def test_the_server_on_the_readers_layers_is_one_more_line_where_it_is_asked_for():
    contenders = experiment.headline_contenders(mine=True)
    assert experiment.headline_contenders(mine=False) == headline.CONTENDERS == contenders[:-1]
    program, *arguments = experiment.headline_commands(contenders)["yours"]
    assert program == str(experiment.ROOT / "build/mine/chapters/08-coroutines/coroutine_server")
    assert (arguments, headline.YOURS.path) == (["--port={port}"], "/slow?s=0.1")
    made = samples() | {("yours", clients): [figures(5.0, 100.0, 2.0)] for clients in SIZES}
    assert headline.table(contenders, SIZES, made).splitlines()[-1] == "| yours | 5.0; 100; 2.0 | 5.0; 100; 2.0 |"
    drawing = headline.plot(contenders, SIZES, made)
    assert drawing.count('class="key"') == len(contenders) and f'fill="{headline.YOURS.colour}"' in drawing


def test_what_has_to_be_built_is_every_program_once():
    option, *programs = experiment.targets("all")
    assert option == "-DTORNADO_BUILD_BENCHES=ON"
    assert len(programs) == len(set(programs)) == 6
    assert {"blocking_server", "wait_server"} < set(programs)
    assert experiment.targets("03") == ["chapter_03"]


def test_theory_is_what_all_clients_get_who_wait_at_once():
    assert headline.ideal(1) == pytest.approx(10)
    assert headline.ideal(1024) == pytest.approx(10240)


def test_table_says_who_refuses_and_who_was_not_seen_to_answer_all():
    lines = headline.table(headline.CONTENDERS, SIZES, samples()).splitlines()
    assert lines[0] == "| req/s; p99 ms; MB | 1 client | 8 clients |"
    assert lines[2] == "| theory, if all wait at once | 10.0; 100 | 80.0; 100 |"
    assert lines[3] == "| 01 one at a time | 10.0; 101; 4.0 | 9.5; –; 3.0 |"
    assert lines[6] == "| 02 select | 10.0; 101; 4.0 | refuses |"
    assert len(lines) == 3 + len(headline.CONTENDERS)


def test_picture_has_a_line_for_everybody_a_cross_where_one_refuses_and_the_theory():
    drawing = headline.plot(headline.CONTENDERS, SIZES, samples())
    xml.dom.minidom.parseString(drawing)
    everybody = len(headline.CONTENDERS)
    assert drawing.count('class="key"') == everybody
    assert drawing.count('r="4"') == 3 * 2 * everybody - 1 - 3  # one has no p99 with 8 clients, select nothing
    assert drawing.count('class="wall"') == 1
    assert drawing.count("stroke-dasharray") == 4
    assert all(0 <= float(x) <= headline.WIDTH and 0 <= float(y) <= headline.HEIGHT
               for x, y in re.findall(r'cx="([\d.]+)" cy="([\d.]+)"', drawing))


def test_the_sentences_say_the_figures_and_no_more():
    story = " ".join(headline.story(samples(), headline.ASKED).split())
    assert "serves one client at a time, answers 9.5 requests a second." in story
    assert "ends with also has one thread, and answers 10,240 requests a second in 4.0 MB;" in story
    refusing = samples() | {("threads", headline.ASKED): [{"refused": "503"}]}
    assert "a thread for each client refuses them. Python's Tornado" in " ".join(headline.story(refusing, headline.ASKED).split())


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
    assert headline.table(CHOSEN, SIZES, taken).count("\n") == 2 + len(CHOSEN)
    xml.dom.minidom.parseString(headline.plot(CHOSEN, SIZES, taken))


def test_a_server_that_refuses_under_the_load_is_said_to(tmp_path):
    (one,) = [one for one in headline.CONTENDERS if one.name == "one"]

    def load(port, path, clients, seconds):
        raise ValueError("Non-2xx or 3xx responses: 3")

    taken = headline.sample(one, experiment.headline_commands()["one"], BUILD, tmp_path / "log", 1, 0, load)
    assert taken == {"refused": "Non-2xx or 3xx responses: 3"}


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
