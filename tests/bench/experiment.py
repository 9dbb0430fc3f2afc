"""A chapter's experiment: its servers under the same loads, interleaved, beside what theory says.

    experiment.py 01 [--rounds 3] [--seconds 2] [--guess 40] [--publish]

It asks for your prediction first, then prints a table and draws build/bench/experiment-01.svg. --publish puts both into
the chapter's lesson.
"""

import argparse
import json
import math
import os
import pathlib
import re
import statistics
import subprocess
import sys
from dataclasses import dataclass

from bench_process import Server, describe_commit, describe_machine, free_port

ROOT = pathlib.Path(__file__).resolve().parents[2]
sys.path.insert(0, str(ROOT / "tests" / "chapters" / "wire"))

from declared import declared_servers  # noqa: E402  (found by the line above)

RESULTS = ROOT / "build" / "bench"
CLIENTS = (1, 10, 100)
COLOURS = ("#33415c", "#a33c00", "#2f7d4f", "#7a4fa3")
PLACE = re.compile(r"(?<=<!-- measured -->\n).*?(?=<!-- /measured -->)", re.DOTALL)


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
YARDSTICKS = {"03": ("one", "threads"), "04": ("threads", "loop")}
ASKED = {"pool": "A pool of four threads", "loop": "One thread with a loop"}


def at_once(server, clients, cpus, work):
    """How many requests a server works on at the same time; None for a server of which this is not known."""
    loop = 1 if work.cpu_s else clients  # nobody interrupts a callback that computes
    workers = {"one": 1, "pool": 4, "threads": clients, "loop": loop, "stream": loop}.get(server)
    if workers is None:
        return None
    return min(workers, clients, cpus if work.cpu_s else clients)


def theory(server, work, clients, cpus):
    """Requests per second if only the handler took time; None where the handler takes none."""
    seconds = work.wait_s + work.cpu_s
    parallel = at_once(server, clients, cpus, work)
    return parallel / seconds if seconds and parallel else None


def read_wrk(text):
    """Requests per second, p50 and p99 in milliseconds, of what wrk printed. ValueError if it saw errors."""
    bad = re.search(r"Socket errors: connect (\d+), read \d+, write (\d+), timeout (\d+)|Non-2xx.*: (\d+)", text)
    if bad and any(int(number or 0) for number in bad.groups()):
        raise ValueError(bad[0])
    units = {"us": 0.001, "ms": 1.0, "s": 1000.0, "m": 60000.0}
    times = {percent: float(number) * units[unit]
             for percent, number, unit in re.findall(r"^\s+(50|99)%\s+([\d.]+)(us|ms|s|m)\s*$", text, re.MULTILINE)}
    return {"rate": float(re.search(r"Requests/sec:\s+([\d.]+)", text)[1]), "p50": times["50"], "p99": times["99"]}


def load(port, work, clients, seconds):
    done = subprocess.run(["wrk", "-t1", f"-c{clients}", f"-d{seconds}s", "--timeout", "30s", "--latency",
                           f"http://127.0.0.1:{port}{work.path}"], capture_output=True, text=True, check=True)
    return read_wrk(done.stdout)


def start(declared, build):
    port = free_port()
    arguments = [argument for argument in declared.arguments if not argument.startswith("--port")]
    command = [str(build / declared.program), *arguments, f"--port={port}"]
    server = Server(command, port, 0, RESULTS / f"{declared.name}.log")
    os.sched_setaffinity(server.pids()[0], os.sched_getaffinity(0))  # these servers may use every processor
    server.wait_ready()
    return server


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
                        sample = load(server.port, work, clients, seconds)
                        samples.setdefault((name, work.title, clients), []).append(sample)
    finally:
        say("")
        for server in running.values():
            server.stop()
    return samples


def median(samples, key):
    return statistics.median(sample[key] for sample in samples)


def short(number):
    return "–" if number is None else f"{number:,.0f}" if number >= 100 else f"{number:.1f}"


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
    return (f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 700 350" role="img" font-size="14"\n'
            '     font-family="Segoe UI, Helvetica, Arial, sans-serif">\n'
            "  <title>Requests per second against clients; each handler waits 100 ms</title>\n"
            '  <rect width="700" height="350" rx="10" fill="#f7f5ef"/>\n'
            '  <text x="20" y="26" font-weight="600">requests per second; each handler waits 100 ms; dashed: theory</text>\n'
            '  <text x="330" y="342" text-anchor="middle">clients at once</text>\n  ' + "\n  ".join(parts) + "\n</svg>\n")


def ask(guess, asked):
    question = f"{ASKED.get(asked)}, 100 clients, each handler waits 100 ms. How many requests per second? "
    if guess is None and asked and sys.stdin.isatty():
        answer = input(question)
        guess = float(answer) if re.fullmatch(r"[\d.]+", answer) else None
    return guess


def publish(chapter, text, drawing):
    folder = next((ROOT / "chapters").glob(f"{chapter}-*"))
    (folder / "drawings" / "measured.svg").write_text(drawing)
    lesson = folder / "README.md"
    lesson.write_text(PLACE.sub(lambda _: text, lesson.read_text()))


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("chapter")
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--seconds", type=int, default=2, help="of load for each sample")
    parser.add_argument("--guess", type=float, help="your prediction, instead of being asked")
    parser.add_argument("--publish", action="store_true", help="into the chapter's lesson")
    arguments = parser.parse_args()
    beside = YARDSTICKS.get(arguments.chapter, ())
    servers = [server for server in declared_servers()
               if server.chapter == arguments.chapter or (server.chapter < arguments.chapter and server.name in beside)]
    names = [server.name for server in servers]
    asked = next((name for name in names if name in ASKED), None)
    guess = ask(arguments.guess, asked)
    RESULTS.mkdir(parents=True, exist_ok=True)
    busy = os.getloadavg()[0]
    samples = measure(servers, ROOT / "build" / "release", arguments.rounds, arguments.seconds)
    cpus = len(os.sched_getaffinity(0))
    report = table(names, samples, cpus)
    where = (f"{describe_machine()}, commit {describe_commit(ROOT)}, "
             f"`make bench CH={arguments.chapter}` with {arguments.rounds} rounds of {arguments.seconds} s; medians. "
             f"Load average before: {busy:.1f}.")
    print(report, where, sep="\n\n")
    if guess is not None and asked:
        rate = median(samples[asked, WAITS.title, 100], "rate")
        print(f"\nYou said {guess:g} requests per second for the {asked}; it did {rate:.1f}.")
    drawing = plot(names, samples, cpus)
    stem = RESULTS / f"experiment-{arguments.chapter}"
    stem.with_suffix(".svg").write_text(drawing)
    stem.with_suffix(".json").write_text(json.dumps(
        {"where": where, "samples": [[*key, own] for key, own in samples.items()]}, indent=1))
    print(f"\nThe plot: {stem.relative_to(ROOT)}.svg; every sample: {stem.name}.json beside it.")
    if arguments.publish:
        publish(arguments.chapter, f"{report}\n\n{where}\n", drawing)


if __name__ == "__main__":
    main()
