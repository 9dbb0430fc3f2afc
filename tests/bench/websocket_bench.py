#!/usr/bin/python3
"""WebSocket echo against the floor: what a message, an idle WebSocket and a broadcast cost.

    python3 tests/bench/websocket_bench.py [--rounds 5] [--seconds 3] [--loads e1,e16,idle,crowd] [--check]

The measure is messages per second of server CPU, as a ratio to websocket_raw of the same round: see README.md.
"""

import argparse
import json
import socket
import statistics
import subprocess
import sys
import tempfile
import time
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parent))
import bench_process as bp  # noqa: E402
import goals  # noqa: E402

HERE = Path(__file__).resolve().parent
ROOT = HERE.parent.parent
PYTHON = "/usr/bin/python3"  # Debian's own: python3-tornado is installed for this one
CONNECTIONS = 100
CROWD = 10_000
IN_FLIGHT = {"e1": 1, "e16": 16}
NOISE_CPUS = 0.2
ATTEMPTS = 4


def contenders(programs):
    return {
        "raw": lambda port: [str(programs / "websocket_raw"), str(port)],
        "ours": lambda port: [str(programs / "websocket_server"), f"--port={port}"],
        "tornado": lambda port: [PYTHON, str(HERE / "websocket_tornado.py"), str(port)],
    }


class Bench:
    def __init__(self, programs, folder):
        self.programs, self.folder = programs, Path(folder)
        self.server_cpu, self.load_cpu = bp.choose_cpus(bp.os.sched_getaffinity(0))

    def start(self, command):
        port = bp.free_port()
        server = bp.Server(command(port), port, self.server_cpu, self.folder / "output.txt")
        deadline = time.monotonic() + 10
        while True:
            try:
                socket.create_connection(("127.0.0.1", port), 1).close()
                return server
            except OSError:
                if time.monotonic() > deadline:
                    server.stop()
                    raise
                time.sleep(0.02)

    def load(self, *words):
        command = ["taskset", "-c", str(self.load_cpu), str(self.programs / "websocket_load"), *map(str, words)]
        done = subprocess.run(command, capture_output=True, text=True, timeout=300)
        if done.returncode != 0:
            raise RuntimeError(f"{' '.join(command)}: {done.stderr.strip()}")
        return json.loads(done.stdout)

    def echo_sample(self, command, in_flight, seconds):
        """Messages per second of server CPU. A sample that others have spoiled is repeated."""
        for _ in range(ATTEMPTS):
            bp.wait_for_quiet(NOISE_CPUS)
            with self.start(command) as server:
                self.load("echo", server.port, CONNECTIONS, in_flight, 0.3)
                meter = bp.Meter(server)
                told = self.load("echo", server.port, CONNECTIONS, in_flight, seconds)
                used = meter.stop()
            sample = {"per_cpu_s": told["messages"] / used["server_cpu_s"], "per_s": told["messages"] / told["seconds"],
                      "others_cpus": used["others_cpus"], "quiet": used["others_cpus"] <= NOISE_CPUS}
            if sample["quiet"]:
                break
        return sample


def echo_table(bench, programs, load, rounds, seconds):
    samples = {name: [] for name in programs}
    for number in range(rounds):
        for name, command in programs.items():
            samples[name].append(bench.echo_sample(command, IN_FLIGHT[load], seconds))
            print(f"  {load} round {number + 1} {name:8} {samples[name][-1]['per_cpu_s'] / 1e3:8.1f} k per CPU-s, "
                  f"others {samples[name][-1]['others_cpus']:.2f} CPUs", file=sys.stderr, flush=True)
    return samples


def ratios(samples, floor):
    """Of the rounds in which others disturbed neither."""
    return [ours["per_cpu_s"] / other["per_cpu_s"] for ours, other in zip(samples["ours"], samples[floor])
            if ours["quiet"] and other["quiet"]]


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--seconds", type=float, default=3)
    parser.add_argument("--loads", default="e1,e16,idle,crowd")
    parser.add_argument("--programs", type=Path, default=ROOT / "build" / "release" / "tests" / "bench")
    goals.add_options(parser, "websocket")
    options = parser.parse_args()
    loads = options.loads.split(",")
    if unknown := set(loads) - {*IN_FLIGHT, "idle", "crowd"}:
        parser.error(f"no load named {', '.join(sorted(unknown))}: choose from {', '.join([*IN_FLIGHT, 'idle', 'crowd'])}")
    bp.raise_file_limit()
    bp.try_priority()
    samples, figures = {}, {}
    with tempfile.TemporaryDirectory() as folder:
        bench = Bench(options.programs, folder)
        programs = contenders(options.programs)
        for load in (load for load in loads if load in IN_FLIGHT):
            taken_by = samples[load] = echo_table(bench, programs, load, options.rounds, options.seconds)
            for name, taken in taken_by.items():
                print(f"{load:4} {name:8} {statistics.median(one['per_cpu_s'] for one in taken) / 1e3:8.1f} k messages per CPU-s, "
                      f"{statistics.median(one['per_s'] for one in taken) / 1e3:8.1f} k per s")
            figures |= {load: ratios(taken_by, "raw"), f"{load} tornado": ratios(taken_by, "tornado")}
        if "idle" in loads:
            samples["idle"] = []
            for _ in range(options.rounds):
                with bench.start(programs["ours"]) as server:
                    samples["idle"].append(bench.load("idle", server.port, CROWD, server.pids()[0]))
            figures["idle"] = [told["bytes_each"] for told in samples["idle"]]
        if "crowd" in loads:
            samples["crowd"] = []
            for _ in range(options.rounds):
                with bench.start(lambda port: [*programs["ours"](port), "--crowd=true"]) as server:
                    samples["crowd"].append(bench.load("crowd", server.port, CROWD, 9, server.pids()[0]))
            figures["crowd"] = [told["median_seconds"] * 1e3 for told in samples["crowd"]]
    return goals.finish("websocket", options, figures, samples=samples)


if __name__ == "__main__":
    sys.exit(main())
