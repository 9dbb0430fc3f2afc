"""One handler that asks another server three times, 100 ms each: in turn and at once, written in the ways that the
chapters know. experiment.py measures it for the chapters named here, and puts table and plot into their lessons."""

import math
import threading
import time

from bench_process import start_server, status_field
from figures import median, short

CLIENTS = (1, 10, 100)
CALLS = 3
CALL_S = 0.1
# The path of the handler, what it does, and how long it takes if only the calls take time.
WORKS = (("/in-turn", "in turn", CALLS * CALL_S), ("/at-once", "at once", CALL_S))
PROGRAM = "chapters/07-futures/three_calls"
# chapter -> its contenders; a contender's program and first argument.
CONTENDERS = {"07": ("callbacks", "futures", "threads"), "08": ("callbacks", "futures", "coroutines", "threads")}
PROGRAMS = {name: (PROGRAM, name) for name in ("upstream", "callbacks", "futures", "threads")}
PROGRAMS["coroutines"] = ("chapters/08-coroutines/three_calls_coroutines", "coroutines")
COLOURS = {"callbacks": "#33415c", "futures": "#2f7d4f", "threads": "#a33c00", "coroutines": "#7a4fa3"}
SETTLE_S = 0.3  # connections of the load before are still being closed


def start(name, build, log, upstream=0):
    program, argument = PROGRAMS[name]
    return start_server([build / program, argument, "--port={port}", f"--upstream={upstream}"], log)


def sample(server, path, clients, seconds, load):
    """{"rate", "p99" in ms, "cpu_ms" a request, "threads" and "mb" in the middle of the load}."""
    (pid,) = server.pids()
    middle = {}

    def look():
        middle.update(threads=status_field(pid, "Threads"), mb=status_field(pid, "VmRSS") / 1024)

    timer = threading.Timer(seconds / 2, look)
    used, begin = server.cpu_s(), time.monotonic()
    timer.start()
    result = load(server.port, path, clients)
    took = time.monotonic() - begin
    timer.join()
    used = server.cpu_s() - used
    return {**middle, "rate": result["rate"], "p99": result["p99"], "cpu_ms": 1000 * used / (result["rate"] * took)}


def measure(names, build, results, rounds, seconds, load, say):
    """{(contender, path, clients): [sample, ...]}; within a round every contender meets a load before the next load.
    `load(port, path, clients)` lasts `seconds`."""
    upstream = start("upstream", build, results / "upstream.log")
    running, samples = {}, {}
    try:
        for name in names:
            running[name] = start(name, build, results / f"three-calls-{name}.log", upstream.port)
        for number in range(rounds):
            for path, title, _ in WORKS:
                for clients in CLIENTS:
                    for name, server in running.items():
                        say(f"round {number + 1} of {rounds}: {name}, three calls {title}, {clients} clients")
                        samples.setdefault((name, path, clients), []).append(
                            sample(server, path, clients, seconds, load))
                        time.sleep(SETTLE_S)
    finally:
        say("")
        for server in [upstream, *running.values()]:
            server.stop()
    return samples


def held(name, samples):
    """What a contender takes with the most clients: threads, memory, and processor time for a request."""
    own = [samples[name, path, CLIENTS[-1]] for path, _, _ in WORKS]
    threads = max(median(one, "threads") for one in own)
    times = " and ".join(f"{median(one, 'cpu_ms'):.2f}" for one in own)
    return (f"{threads:,.0f} thread{'' if threads == 1 else 's'}, {max(median(one, 'mb') for one in own):.1f} MB, "
            f"{times} ms CPU")


def table(names, samples):
    lines = ["| three calls | clients | theory, req/s | "
             + " | ".join(f"{name}: req/s, p99 ms" for name in names) + " |", "|---" * (3 + len(names)) + "|"]
    for path, title, wait in WORKS:
        for clients in CLIENTS:
            cells = [", ".join(short(median(samples[name, path, clients], key)) for key in ("rate", "p99"))
                     for name in names]
            lines.append(f"| {title} | {clients} | {short(clients / wait)} | " + " | ".join(cells) + " |")
    lines.append(f"| what it takes | {CLIENTS[-1]} | – | " + " | ".join(held(name, samples) for name in names) + " |")
    return "\n".join(lines)


def panel(left, title, path, wait, names, samples):
    """Requests per second against clients for one way to ask: measured as dots, theory as a dashed line."""
    def x(clients):
        return left + 60 + 100 * math.log10(clients)

    def y(rate):
        return 280 - 230 * math.log10(max(rate, 1)) / 3.2

    parts = [f'<text x="{left + 10}" y="30" font-weight="600">{title}</text>']
    for rate in (1, 10, 100, 1000):
        parts.append(f'<line x1="{left + 45}" y1="{y(rate):.0f}" x2="{left + 280}" y2="{y(rate):.0f}" stroke="#ddd8c8"/>'
                     f'<text x="{left + 40}" y="{y(rate) + 5:.0f}" text-anchor="end">{rate:,}</text>')
    parts += [f'<text x="{x(clients):.0f}" y="302" text-anchor="middle">{clients}</text>' for clients in CLIENTS]
    points = " ".join(f"{x(clients):.0f},{y(clients / wait):.0f}" for clients in CLIENTS)
    parts.append(f'<polyline points="{points}" fill="none" stroke="#8a8a80" stroke-dasharray="6 4"/>')
    for number, name in enumerate(names):
        for clients in CLIENTS:
            shift = 7 * (number - (len(names) - 1) / 2)  # the contenders would hide each other
            parts.append(f'<circle cx="{x(clients) + shift:.0f}" cy="{y(median(samples[name, path, clients], "rate")):.0f}"'
                         f' r="5" fill="{COLOURS[name]}"/>')
    return parts


def plot(names, samples):
    parts = []
    for left, (path, title, wait) in zip((12, 322), WORKS):
        parts += panel(left, f"three calls {title}", path, wait, names, samples)
    for number, name in enumerate(names):
        parts.append(f'<text x="620" y="{60 + 22 * number}" fill="{COLOURS[name]}" font-weight="600">{name}</text>')
    parts.append(f'<text x="620" y="{60 + 22 * len(names)}" fill="#6d6d64">dashed: theory</text>')
    return ('<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 750 340" role="img" font-size="14"\n'
            '     font-family="Segoe UI, Helvetica, Arial, sans-serif">\n'
            "  <title>Requests per second against clients, for a handler that asks three times</title>\n"
            '  <rect width="750" height="340" rx="10" fill="#f7f5ef"/>\n'
            '  <text x="310" y="328" text-anchor="middle">clients at once</text>\n  ' + "\n  ".join(parts) + "\n</svg>\n")
