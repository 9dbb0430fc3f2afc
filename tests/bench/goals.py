#!/usr/bin/python3
"""The goals for speed and memory: what was measured, and whether it reached them.

    make bench CH=goals ARGS="--measure --publish"      goals.py [--measure [NAME ...]] [--rounds 9] [--publish]

Prints a table of the figures that the programs below keep in build/bench. --measure runs these programs first, all or those
named; --publish writes the table into tests/bench/README.md.
"""

import argparse
import json
import shlex
import statistics
import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parent))
import bench_process as bp  # noqa: E402
from figures import publish_in  # noqa: E402

HERE = Path(__file__).resolve().parent
ROOT = HERE.parent.parent
OUTPUT = ROOT / "build" / "bench"
PAGE = HERE / "README.md"
FEWEST = 3  # with fewer undisturbed rounds, a median means nothing
# The programs with goals, and who has to take part.
PROGRAMS = {"hello": ["--only=ours"], "websocket": [], "wait": ["--only=ours,raw"], "template": [], "operations": ["--only=compare"],
            "static": []}
FLOOR = "of the floor's requests per CPU-second"
MESSAGES = "of the floor's messages per CPU-second"


@dataclass(frozen=True)
class Goal:
    """A limit for the median of a figure, of which the program `bench` measures one in each round."""

    bench: str
    figure: str
    what: str
    sign: str  # ≥ or ≤
    limit: float
    unit: str

    def __str__(self):
        return f"{self.what}: {self.sign} {number(self.limit)} {self.unit}"

    def result(self, values):
        if len(values) < FEWEST:
            return "NOT SHOWN"
        median = statistics.median(values)
        return "reached" if (median >= self.limit if self.sign == "≥" else median <= self.limit) else "MISSED"


GOALS = (
    Goal("hello", "c64", "hello world, 64 connections", "≥", 0.90, FLOOR),
    Goal("hello", "c1024", "1,024 connections", "≥", 0.85, FLOOR),
    Goal("hello", "p16", "16 requests pipelined", "≥", 0.50, FLOOR),
    Goal("hello", "idle", "an idle keep-alive connection", "≤", 256, "bytes of RSS"),
    Goal("hello", "idle seconds", "10,000 connections accepted and answered", "≤", 0.4, "s"),
    Goal("websocket", "e1", "WebSocket echo, one message at a time", "≥", 0.97, MESSAGES),
    Goal("websocket", "e16", "16 messages under way", "≥", 0.90, MESSAGES),
    Goal("websocket", "e1 tornado", "one message at a time", "≥", 6, "times Python's Tornado"),
    Goal("websocket", "e16 tornado", "16 messages under way", "≥", 6, "times Python's Tornado"),
    Goal("websocket", "idle", "an idle WebSocket", "≤", 512, "bytes of RSS"),
    Goal("websocket", "crowd", "broadcast to 10,000 WebSockets", "≤", 90, "ms"),
    Goal("wait", "1000 per_s", "1,000 clients, handlers that wait 100 ms", "≥", 9_650, "requests a second"),
    Goal("wait", "1000 p99", "the same, p99", "≤", 110, "ms"),
    Goal("wait", "8000 ratio", "8,000 clients, handlers that wait 100 ms", "≥", 0.90, FLOOR),
    Goal("wait", "8000 per_s", "the same", "≥", 50_000, "requests a second"),
    Goal("wait", "8000 p99", "the same, p99", "≤", 220, "ms"),
    Goal("wait", "8000 peak", "the same, peak memory", "≤", 60, "MB"),
    Goal("template", "python3-tornado", "a page of 1,000 rows", "≥", 30, "times as fast as Python's Tornado"),
    Goal("template", "Jinja2", "a page of 1,000 rows", "≥", 10, "times as fast as Jinja2"),
    Goal("operations", "two processes", "two processes, each with a processor", "≥", 1.8, "times the requests of one"),
    Goal("static", "1k.txt", "a file of 1,000 bytes", "≥", 0.7, "of nginx's requests per CPU-second"),
    Goal("static", "1m.txt", "a file of 1,000,000 bytes", "≥", 0.9, "of nginx's requests per CPU-second"),
)


def number(value):
    return f"{value:,.0f}" if value >= 100 else f"{value:.3g}"


# --- For the programs ------------------------------------------------------------------------------------------------

def add_options(parser, bench):
    parser.add_argument("--json", type=Path, default=OUTPUT / f"{bench}.json", help="where the figures go")
    parser.add_argument("--check", action="store_true", help="exit code 1 if a goal is missed, or not shown")


def finish(bench, options, figures, **details):
    """Keeps the figures, {name: [value of a round, ...]}, and prints which goals they reach. Returns the exit code."""
    told = {"machine": bp.describe_machine(), "commit": bp.describe_commit(ROOT),
            "command": shlex.join([Path(sys.argv[0]).name, *sys.argv[1:]]), "figures": figures, **details}
    options.json.parent.mkdir(parents=True, exist_ok=True)
    options.json.write_text(json.dumps(told, indent=1) + "\n")
    print(f"figures: {options.json}")
    results = []
    for goal in GOALS:
        if goal.bench == bench and goal.figure in figures:
            values = figures[goal.figure]
            results.append(goal.result(values))
            median = f"median {number(statistics.median(values))} ({number(min(values))} to {number(max(values))})" if values else "nothing"
            print(f"{results[-1]:<9}  {goal}; {median} in {len(values)} rounds")
    return 1 if options.check and set(results) != {"reached"} else 0


# --- The table -------------------------------------------------------------------------------------------------------

def row(goal, told):
    values = told["figures"].get(goal.figure, []) if told else []
    if not values:
        return f"| {goal} | – | not measured | `{goal.bench}_bench.py` | – | – |"
    return (f"| {goal} | {number(statistics.median(values))} | {goal.result(values)} | `{told['command']}` | {len(values)} "
            f"| {told['commit']} |")


def report(folder):
    """The table, and the machines below it."""
    told = {bench: json.loads(path.read_text()) for bench in PROGRAMS if (path := folder / f"{bench}.json").exists()}
    rows = [row(goal, told.get(goal.bench)) for goal in GOALS]
    machines = dict.fromkeys(f"{one['machine']}." for one in told.values())
    return "\n".join(["| goal | measured | result | command | rounds | commit |", "|---|---|---|---|---|---|", *rows, "", *machines]).strip()


def measure(benches, rounds):
    """Runs the programs. Those that failed leave no figures, and are named at the end."""
    failed = []
    for bench in benches:
        (OUTPUT / f"{bench}.json").unlink(missing_ok=True)
        command = [f"{HERE.relative_to(ROOT)}/{bench}_bench.py", *PROGRAMS[bench], f"--rounds={rounds}"]
        print(f"\n## {shlex.join(command)}\n", flush=True)
        if subprocess.run([sys.executable, *command], cwd=ROOT).returncode != 0:
            failed.append(bench)
    return failed


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--measure", nargs="*", choices=PROGRAMS, metavar="NAME", help=f"of {', '.join(PROGRAMS)} (default: all)")
    parser.add_argument("--rounds", type=int, default=9, help="rounds of each program that is run (default 9)")
    parser.add_argument("--publish", action="store_true", help="write the table into tests/bench/README.md")
    options = parser.parse_args()
    failed = measure(options.measure or PROGRAMS, options.rounds) if options.measure is not None else []
    table = report(OUTPUT)
    print("", table, sep="\n")
    if options.publish:
        publish_in(PAGE, "goals", table + "\n")
    if failed:
        sys.exit(f"goals: no figures of {', '.join(failed)}: see above")


if __name__ == "__main__":
    main()
