#!/usr/bin/python3
"""One message to 10,000 WebSockets: four processes through Redis, beside one process and no Redis. And what clients notice
when a process, or Redis, is killed, and when all processes are restarted.

    make bench CH=cluster      cluster_bench.py [--clients 10000] [--processes 4] [--rounds 5] [--messages 5] [--behind 1000]
                               cluster_bench.py --only restarts

The time is from the send to the moment at which the last client has read the message. Client and servers share the
processors, so the ratio says more than the milliseconds.
"""

import argparse
import asyncio
import contextlib
import pathlib
import statistics
import subprocess
import sys

ROOT = pathlib.Path(__file__).resolve().parents[2]
sys.path[:0] = [str(ROOT / "final" / "demos" / "cluster"), str(ROOT / "tests" / "bench")]

from bench_process import describe_commit, describe_machine, raise_file_limit  # noqa: E402  (found by the line above)
from cluster import LISTENING, Cluster  # noqa: E402
from members import Crowd  # noqa: E402
from stories import kill_a_process, kill_redis, restart_all  # noqa: E402


@contextlib.contextmanager
def one_process(build, log):
    """The port of the demo websocket, with the bus in the process."""
    program = build / "final" / "demos" / "websocket" / "websocket"
    with open(log, "wb") as errors, \
            subprocess.Popen([program, "--port=0"], stdout=subprocess.PIPE, stderr=errors, text=True) as server:
        try:
            yield int(LISTENING.match(server.stdout.readline())[1])
        finally:
            server.kill()


def measure(ports, clients, messages):
    """Seconds to the first and to the last client, of each message."""
    texts = [f"message {number}" for number in range(messages)]
    with Crowd(ports, clients // len(ports)) as crowd:
        found = [crowd.broadcast(text) for text in texts]
        crowd.check(texts)
    return found


def contenders(options):
    """name -> a context manager of the ports."""
    @contextlib.contextmanager
    def local():
        with one_process(options.build, options.build / "cluster_bench.log") as port:
            yield [port]

    @contextlib.contextmanager
    def cluster(processes):
        with Cluster(options.build, processes=processes) as started:
            yield [chat.port for chat in started.chats]

    return {"1 process, LocalBus": local, "1 process, Redis": lambda: cluster(1),
            f"{options.processes} processes, Redis": lambda: cluster(options.processes)}


def table(samples):
    local = next(iter(samples.values()))
    lines = ["| | first, ms | last, ms | last, against LocalBus |", "|---|---|---|---|"]
    for name, found in samples.items():
        first, last = (statistics.median(sample[part] for sample in found) for part in (0, 1))
        ratio = statistics.median(here[1] / there[1] for here, there in zip(found, local))  # each of one round
        lines.append(f"| {name} | {first * 1000:.1f} | {last * 1000:.0f} | {ratio:.2f} |")
    return "\n".join(lines)


def restarts(options):
    """A line."""
    with Cluster(options.build, processes=options.processes) as cluster:
        seen = asyncio.run(restart_all(cluster, options.behind, options.restarts))
    return (f"{options.processes} chat processes restarted in turn, rounds: {options.restarts}. wrk sent {seen['requests']:,} requests "
            f"through nginx; none failed. {options.behind:,} WebSockets were closed {seen['closed']:,} times, each time with code "
            f"1001, and came back. All heard {seen['restarts']} messages once and in order.")


def accidents(options):
    """A line for each."""
    with Cluster(options.build, processes=options.processes) as cluster:
        seen = asyncio.run(kill_a_process(cluster, options.behind, count=100))
    yield (f"kill -9 of one of {options.processes} chat processes: {seen['cut']} of {options.behind:,} clients behind nginx were cut "
           f"off, the last one was back after {seen['back_s'] * 1000:.0f} ms. All heard 100 messages once and in order.")
    with Cluster(options.build, demo="chat", processes=options.processes) as cluster:
        seen = asyncio.run(kill_redis(cluster, count=150))
    yield (f"kill -9 of redis-server: {seen['refused']} messages refused, the first one was taken {seen['back_s'] * 1000:.0f} ms "
           f"after it was ready again. All {seen['acknowledged']} acknowledged ones are there, in order.")


def main(arguments):
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--clients", type=int, default=10_000)
    parser.add_argument("--processes", type=int, default=4)
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--messages", type=int, default=5, help="of each round")
    parser.add_argument("--behind", type=int, default=1000, help="clients behind nginx, when processes end")
    parser.add_argument("--restarts", type=int, default=10, help="how often all processes are restarted")
    parser.add_argument("--only", choices=["restarts"])
    parser.add_argument("--build", type=pathlib.Path, default=ROOT / "build" / "release")
    options = parser.parse_args(arguments)
    files = raise_file_limit()
    if 0 <= files < options.clients + 100:
        sys.exit(f"only {files} open files are allowed: raise the hard limit (ulimit -Hn), or take fewer --clients")
    if options.only:
        print(restarts(options))
        return
    samples = {}
    for number in range(options.rounds):  # interleaved, so that all see the same machine
        for name, start in contenders(options).items():
            print(f"round {number + 1} of {options.rounds}: {name}", file=sys.stderr)
            with start() as ports:
                samples.setdefault(name, []).extend(measure(ports, options.clients, options.messages))
    print(table(samples))
    print(f"\nMedians of {options.rounds * options.messages} messages to {options.clients:,} clients, each heard once and in order. "
          f"{describe_machine()}, commit {describe_commit(ROOT)}.")
    for line in [*accidents(options), restarts(options)]:
        print(f"\n{line}")


if __name__ == "__main__":
    main(sys.argv[1:])
