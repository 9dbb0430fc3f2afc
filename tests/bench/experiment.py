"""A chapter's experiment: its servers under the same loads, interleaved, beside what theory says.

    experiment.py 01 [--rounds 3] [--seconds 1] [--guess 40] [--only crowd]
    experiment.py all                       from chapter 01 to the framework, beside Python's Tornado
    experiment.py publish                   all of this in one run, each server once

It asks for your prediction first, then prints a table and draws build/bench/experiment-01.svg. For a chapter that claims
a crowd of idle clients it then does the same for the cost of one: build/bench/crowd-02.svg; for one that asks other servers,
for a handler that asks three times: build/bench/calls-07.svg; for the one with a chat, for clients that wait for a message:
build/bench/polling-08.svg. `publish` writes the results into the lessons, README.md and docs/figures.md.
"""

import argparse
import json
import math
import os
import pathlib
import re
import subprocess
import sys
from collections.abc import Callable
from dataclasses import dataclass

import crowd
import headline
import long_polling
import three_calls
from bench_process import describe_commit, describe_machine, fitting_crowds, raise_file_limit, start_server
from figures import median, publish_in, short

ROOT = pathlib.Path(__file__).resolve().parents[2]
sys.path.insert(0, str(ROOT / "tests" / "chapters" / "wire"))

from declared import declared_servers  # noqa: E402  (found by the line above)

RESULTS = ROOT / "build" / "bench"
CLIENTS = (1, 10, 100)
COLOURS = ("#33415c", "#a33c00", "#2f7d4f", "#7a4fa3")


@dataclass(frozen=True)
class Work:
    """What a handler does with a request."""

    title: str
    path: str
    wait_s: float = 0.0
    cpu_s: float = 0.0


WORKS = (Work("nothing", "/"), Work("computes 1 ms", "/busy?s=0.001", cpu_s=0.001),
         Work("waits 100 ms", "/slow?s=0.1", wait_s=0.1))
WAITS = WORKS[2]
# Servers of earlier chapters that a later chapter's are measured beside.
YARDSTICKS = {"02": ("one", "threads", "pool"), "03": ("one", "threads"), "04": ("threads", "loop"),
              "05": ("threads", "stream"), "06": ("http",), "07": ("handler",), "08": ("handler", "asynchronous")}
# chapter -> the server whose speed the reader is asked to predict, and what it is.
ASKED = {"01": ("pool", "A pool of four threads"), "02": ("select", "One thread with select"),
         "03": ("loop", "One thread with a loop"), "04": ("stream", "One thread with streams"),
         "05": ("http", "The server of this chapter"), "06": ("handler", "The server of this chapter"),
         "07": ("asynchronous", "The server of this chapter"), "08": ("coroutine", "The server of this chapter")}


def at_once(server, clients, cpus, work):
    """How many requests a server works on at the same time; None for a server of which this is not known."""
    loop = 1 if work.cpu_s else clients  # nobody interrupts a callback that computes
    workers = {"one": 1, "select": 1, "handler": 1, "pool": 4, "threads": clients, "loop": loop, "stream": loop,
               "http": loop, "asynchronous": loop, "coroutine": loop}.get(server)
    if workers is None:
        return None
    return min(workers, clients, cpus if work.cpu_s else clients)


def theory(server, work, clients, cpus):
    """Requests per second if only the handler took time; None where the handler takes none."""
    seconds = work.wait_s + work.cpu_s
    parallel = at_once(server, clients, cpus, work)
    return parallel / seconds if seconds and parallel else None


def read_wrk(text):
    """How many answers came, requests per second, p50 and p99 in milliseconds, of what wrk printed. ValueError if it saw
    errors."""
    bad = re.search(r"Socket errors: connect (\d+), read \d+, write (\d+), timeout (\d+)|Non-2xx.*: (\d+)", text)
    if bad and any(int(number or 0) for number in bad.groups()):
        raise ValueError(bad[0])
    units = {"us": 0.001, "ms": 1.0, "s": 1000.0, "m": 60000.0}
    times = {percent: float(number) * units[unit]
             for percent, number, unit in re.findall(r"^\s+(50|99)%\s+([\d.]+)(us|ms|s|m)\s*$", text, re.MULTILINE)}
    return {"answers": int(re.search(r"(\d+) requests in", text)[1]),
            "rate": float(re.search(r"Requests/sec:\s+([\d.]+)", text)[1]), "p50": times["50"], "p99": times["99"]}


def load(port, path, clients, seconds):
    """As read_wrk. The p99 is None if fewer were answered than have asked: those who still wait are in nobody's p99."""
    done = subprocess.run(["wrk", "-t1", f"-c{clients}", f"-d{seconds}s", "--timeout", "30s", "--latency",
                           f"http://127.0.0.1:{port}{path}"], capture_output=True, text=True, check=True)
    figures = read_wrk(done.stdout)
    return figures if figures["answers"] >= clients else figures | {"p99": None}


def command_of(declared):
    """The program in the build folder, and its arguments."""
    arguments = [argument for argument in declared.arguments if not argument.startswith("--port")]
    return (declared.program, *arguments, "--port={port}")


def start(declared, build):
    program, *arguments = command_of(declared)
    return start_server([build / program, *arguments], RESULTS / f"{declared.name}.log")


def say(what):
    if sys.stderr.isatty():
        print(f"\r\033[K{what}", end="", file=sys.stderr, flush=True)


def measure(servers, build, rounds, seconds):
    """{(server, work, clients): [sample, ...]}; within a round every contender meets a load before the next load."""
    running = {declared.name: start(declared, build) for declared in servers}
    samples = {}
    try:
        for number in range(rounds):
            for work in WORKS:
                for clients in CLIENTS:
                    for name, server in running.items():
                        say(f"round {number + 1} of {rounds}: {name} {work.title}, {clients} clients")
                        server.wait_ready(seconds=30)  # it still serves those whom the last load left behind
                        sample = load(server.port, work.path, clients, seconds)
                        samples.setdefault((name, work.title, clients), []).append(sample)
    finally:
        say("")
        for server in running.values():
            server.stop()
    return samples


def table(names, samples, cpus):
    lines = ["| handler | clients | " + " | ".join(f"{name}: req/s (theory), p99 ms" for name in names) + " |",
             "|---" * (2 + len(names)) + "|"]
    for work in WORKS:
        for clients in CLIENTS:
            cells = []
            for name in names:
                own = samples[name, work.title, clients]
                expected = short(theory(name, work, clients, cpus))
                cells.append(f"{short(median(own, 'rate'))} ({expected}), {short(median(own, 'p99'))}")
            lines.append(f"| {work.title} | {clients} | " + " | ".join(cells) + " |")
    return "\n".join(lines)


def plot(names, samples, cpus):
    """Requests per second against clients for handlers that wait: measured as dots, theory as dashed lines."""
    def x(clients):
        return 90 + 480 * math.log10(clients) / 2

    def y(rate):
        return 300 - 250 * (math.log10(max(rate, 1)) - 0.5) / 3

    parts = []
    for rate in (10, 100, 1000):
        parts.append(f'<line x1="80" y1="{y(rate):.0f}" x2="590" y2="{y(rate):.0f}" stroke="#ddd8c8"/>'
                     f'<text x="72" y="{y(rate) + 5:.0f}" text-anchor="end">{rate:,}</text>')
    for clients in CLIENTS:
        parts.append(f'<text x="{x(clients):.0f}" y="322" text-anchor="middle">{clients}</text>')
    labels = []
    for name, colour in zip(names, COLOURS):
        expected = [(x(clients), y(theory(name, WAITS, clients, cpus))) for clients in CLIENTS
                    if theory(name, WAITS, clients, cpus)]
        points = " ".join(f"{px:.0f},{py:.0f}" for px, py in expected)
        parts.append(f'<polyline points="{points}" fill="none" stroke="{colour}" stroke-dasharray="6 4"/>')
        for clients in CLIENTS:
            rate = median(samples[name, WAITS.title, clients], "rate")
            parts.append(f'<circle cx="{x(clients):.0f}" cy="{y(rate):.0f}" r="6" fill="{colour}"/>')
        label = y(rate) + 5
        while any(abs(label - other) < 16 for other in labels):
            label += 18
        labels.append(label)
        parts.append(f'<text x="600" y="{label:.0f}" fill="{colour}" font-weight="600">{name}</text>')
    return (f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 720 350" role="img" font-size="14"\n'
            '     font-family="Segoe UI, Helvetica, Arial, sans-serif">\n'
            "  <title>Requests per second against clients; each handler waits 100 ms</title>\n"
            '  <rect width="720" height="350" rx="10" fill="#f7f5ef"/>\n'
            '  <text x="20" y="26" font-weight="600">requests per second; each handler waits 100 ms; dashed: theory</text>\n'
            '  <text x="330" y="342" text-anchor="middle">clients at once</text>\n  ' + "\n  ".join(parts) + "\n</svg>\n")


def ask(guess, question):
    """The reader's prediction: `guess` if there is one, else what they type; None without a terminal or a number."""
    if guess is None and question and sys.stdin.isatty():
        answer = input(question + " ")
        guess = float(answer) if re.fullmatch(r"[\d.]+", answer) else None
    return guess


def publish(chapter, mark, words, drawing):
    folder = next((ROOT / "chapters").glob(f"{chapter}-*"))
    (folder / "drawings" / f"{mark}.svg").write_text(drawing)
    publish_in(folder / "README.md", mark, words)


def publish_headline(root, story, report, where, drawing):
    """The picture and its story go into README.md, the table into docs/figures.md."""
    (root / "docs" / "headline.svg").write_text(drawing)
    publish_in(root / "README.md", "headline", story)
    longer = (f"From {headline.MANY:,} clients on, each sample lasts {headline.LONGER_S} s longer. A dash: there were fewer "
              "responses than clients, so nobody knows how long the slowest would have taken.")
    publish_in(root / "docs" / "figures.md", "figures", f"{report}\n\n{where} {longer}\n")


def keep(stem, report, where, samples, drawing):
    """Prints the table, and leaves plot and samples in build/bench."""
    print(report, where, sep="\n\n")
    (RESULTS / stem).with_suffix(".svg").write_text(drawing)
    (RESULTS / stem).with_suffix(".json").write_text(json.dumps(
        {"where": where, "samples": [[*key, own] for key, own in samples.items()]}, indent=1))
    print(f"\nThe plot: build/bench/{stem}.svg; every sample: {stem}.json beside it.\n")


@dataclass(frozen=True)
class Run:
    build: pathlib.Path
    rounds: int
    seconds: int
    where: str  # on which machine, and how


def servers_of(chapter):
    beside = YARDSTICKS.get(chapter, ())
    return [server.name for server in declared_servers()
            if server.chapter == chapter or (server.chapter < chapter and server.name in beside)]


def measure_servers(names, run):
    servers = [server for server in declared_servers() if server.name in names]
    return measure(servers, run.build, run.rounds, run.seconds)


def show_servers(names, samples):
    cpus = len(os.sched_getaffinity(0))
    return table(names, samples, cpus), plot(names, samples, cpus)


def measure_crowd(names, run):
    return crowd.measure(names, run.build, RESULTS / "crowd.log", run.rounds,
                         lambda port: load(port, WORKS[0].path, 1, run.seconds), say)


def seconds_of_calls(run):
    return max(2, run.seconds)  # less is a few requests only, where each takes 300 ms


def measure_three_calls(names, run):
    seconds = seconds_of_calls(run)
    return three_calls.measure(names, run.build, RESULTS, run.rounds, seconds,
                               lambda port, path, clients: load(port, path, clients, seconds), say)


def measure_polling(names, run):
    contenders = [one for one in long_polling.CONTENDERS if one.name in names]
    sizes = fitting_crowds(long_polling.SIZES, raise_file_limit())
    return long_polling.measure(contenders, sizes, run.build, RESULTS, run.rounds, say)


def show_polling(names, samples):
    contenders = [one for one in long_polling.CONTENDERS if one.name in names]
    sizes = sorted({clients for _, clients in samples})
    return long_polling.table(contenders, sizes, samples), long_polling.plot(contenders, sizes, samples)


@dataclass(frozen=True)
class Part:
    """A kind of measurement, and the chapters whose lessons show it."""

    mark: str  # of the table in the lesson, and the name of the drawing
    stem: str  # of the files in build/bench
    contenders: Callable  # chapter -> their names; none: its lesson has no such part
    measure: Callable  # (names, run) -> samples
    show: Callable  # (names, samples) -> (table, plot)
    note: Callable = lambda run: ""  # what else is said below the table


PARTS = {
    "servers": Part("measured", "experiment", servers_of, measure_servers, show_servers),
    "crowd": Part("crowd", "crowd", lambda chapter: crowd.CONTENDERS.get(chapter, ()), measure_crowd,
                  lambda names, samples: (crowd.table(names, samples), crowd.plot(names, samples))),
    "calls": Part("calls", "calls", lambda chapter: three_calls.CONTENDERS.get(chapter, ()), measure_three_calls,
                  lambda names, samples: (three_calls.table(names, samples), three_calls.plot(names, samples)),
                  lambda run: f" Each sample here lasts {seconds_of_calls(run)} s."),
    "polling": Part("polling", "polling", lambda chapter: long_polling.CHAPTERS.get(chapter, ()), measure_polling, show_polling)}


def compare(part, chapter, guess, samples):
    """What the reader has predicted beside what was measured."""
    if part == "servers":
        asked = ASKED[chapter][0]
        rate = median(samples[asked, WAITS.title, 100], "rate")
        print(f"You predicted {guess:g} requests per second for {asked}; it answered {rate:.1f}.\n")
    if part == "polling":
        clients = max(clients for _, clients in samples)
        took = median(samples[long_polling.ASKED, clients], "wake_ms")
        print(f"You predicted {guess:g} ms for {clients:,} clients; it took {took:.0f} ms.\n")


def measure_chapter(chapter, only, run, guess):
    """Asks for all predictions before it measures."""
    parts = [name for name, part in PARTS.items() if only in (None, name) and part.contenders(chapter)]
    guesses = {name: ask(guess if number == 0 else None, question(name, chapter)) for number, name in enumerate(parts)}
    for name in parts:
        part = PARTS[name]
        names = part.contenders(chapter)
        samples = part.measure(names, run)
        report, drawing = part.show(names, samples)
        keep(f"{part.stem}-{chapter}", report, run.where + part.note(run), samples, drawing)
        if guesses[name] is not None:
            compare(name, chapter, guesses[name], samples)


def measure_lessons(run):
    """Measures each contender once, so that two lessons show the same figures of the same server."""
    for part in PARTS.values():
        contenders = {chapter: names for chapter in chapters() if (names := part.contenders(chapter))}
        together = list(dict.fromkeys(name for names in contenders.values() for name in names))
        samples = part.measure(together, run)
        for chapter, names in contenders.items():
            report, drawing = part.show(names, samples)
            where = run.where.replace("CHAPTER", chapter) + part.note(run)
            keep(f"{part.stem}-{chapter}", report, where, samples, drawing)
            publish(chapter, part.mark, f"{report}\n\n{where}\n", drawing)


def headline_contenders(mine):
    """With `mine`, also chapter 08's server on the reader's layers."""
    return (*headline.CONTENDERS, headline.YOURS) if mine else headline.CONTENDERS


def headline_commands(contenders=headline.CONTENDERS):
    """{contender: its program in the build folder, and its arguments}."""
    commands = {server.name: command_of(server) for server in declared_servers()} | headline.OTHERS
    program, *arguments = commands[headline.YOURS.like]
    commands[headline.YOURS.name] = (str(ROOT / "build" / "mine" / program), *arguments)
    return {one.name: commands[one.name] for one in contenders}


def measure_headline(run, guess, mine=False, published=False):
    contenders, sizes = headline_contenders(mine), fitting_crowds(headline.CLIENTS, raise_file_limit())
    asked = min(headline.ASKED, sizes[-1])
    samples = headline.measure(contenders, sizes, headline_commands(contenders), run.build, RESULTS / "headline.log",
                               run.rounds, run.seconds, load, say)
    report, drawing = headline.table(contenders, sizes, samples), headline.plot(contenders, sizes, samples)
    keep("headline-mine" if mine else "headline", report, run.where, samples, drawing)
    story = headline.story(samples, asked)
    print(story)
    if guess is not None:
        rate = median(samples["final", asked], "rate")
        print(f"You predicted {guess:g} requests per second for final; it answered {rate:.0f}.\n")
    if published:
        publish_headline(ROOT, story, report, run.where, drawing)


def question(part, chapter):
    """What the reader is asked to predict; None for a part of which the lesson asks."""
    if part == "servers" and chapter in ASKED:
        return f"{ASKED[chapter][1]}, 100 clients, each handler waits 100 ms. How many requests per second?"
    return {"polling": long_polling.QUESTION}.get(part)


def chapters():
    return sorted(folder.name[:2] for folder in (ROOT / "chapters").glob("[0-9][0-9]-*"))


def targets(what):
    """What scripts/build.sh has to build for an experiment."""
    of_headline = [command[0] for command in headline_commands().values() if not command[0].startswith("/")]
    all_chapters = ["-DTORNADO_BUILD_BENCHES=ON", *dict.fromkeys(pathlib.Path(program).name for program in of_headline)]
    if what == "all":
        return all_chapters
    if what == "publish":
        return [*all_chapters, *(target for chapter in chapters() for target in targets(chapter))]
    return [f"chapter_{what}", *long_polling.TARGETS.get(what, ())]


def parse_options():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("what", choices=[*chapters(), "all", "publish"], metavar="what",
                        help="a chapter's two digits; all: one load from chapter 01 to the framework; publish: everything, "
                        "into the lessons, README.md and docs/figures.md")
    parser.add_argument("--rounds", type=int, help="interleaved rounds (default 3; for all: 2)")
    parser.add_argument("--seconds", type=int, help="length of a sample (default 1; for all: 2)")
    parser.add_argument("--guess", type=float, help="your prediction, instead of being asked")
    parser.add_argument("--only", choices=PARTS, help="measure only this part of a chapter's experiment")
    parser.add_argument("--mine", action="store_true", help="all: also the server on your layers, which run.py mine has built")
    parser.add_argument("--targets", action="store_true", help="only print what scripts/build.sh must build")
    arguments = parser.parse_args()
    if arguments.mine and arguments.what != "all":
        parser.error("--mine goes with all")
    if arguments.what == "publish" and (arguments.only or arguments.guess):
        parser.error("publish measures everything, and asks for no prediction")
    return arguments


def new_run(arguments, how, default_rounds, default_seconds):
    """`how`: the command that measures the same once more."""
    rounds, seconds = arguments.rounds or default_rounds, arguments.seconds or default_seconds
    where = (f"{describe_machine()}, commit {describe_commit(ROOT)}, {how}: {rounds} rounds of {seconds} s, medians. "
             f"Load average before: {os.getloadavg()[0]:.1f}.")
    return Run(ROOT / "build" / "release", rounds, seconds, where)


def main():
    arguments = parse_options()
    if arguments.targets:
        print(*targets(arguments.what))
        return
    RESULTS.mkdir(parents=True, exist_ok=True)
    raise_file_limit()  # the servers inherit it
    of_all = new_run(arguments, "`make bench CH=all`", 2, 2)
    if arguments.what == "publish":
        measure_lessons(new_run(arguments, "`make bench CH=CHAPTER` in one run with all chapters", 3, 1))
        measure_headline(of_all, None, published=True)
    elif arguments.what == "all":
        measure_headline(of_all, ask(arguments.guess, headline.QUESTION), arguments.mine)
    else:
        measure_chapter(arguments.what, arguments.only, new_run(arguments, f"`make bench CH={arguments.what}`", 3, 1), arguments.guess)


if __name__ == "__main__":
    main()
