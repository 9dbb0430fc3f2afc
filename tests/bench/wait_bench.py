#!/usr/bin/python3
"""Handlers that wait 100 ms: how many requests a second one thread answers while each of them waits.

    python3 tests/bench/wait_bench.py [--rounds 3] [--seconds 5] [--clients 1000,8000] [--only ours,raw] [--check]

Each client asks again as soon as it has its answer, so that the ideal is clients x 10 requests a second. The server has
one CPU and the load the other; contenders take turns. raw is raw_epoll with a timer queue: what the machine can do. uring,
which takes part if --only names it, is the same on io_uring.
"""

import argparse
import shlex
import statistics
import sys
import tempfile
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parent))
import bench_process as bp  # noqa: E402
import goals  # noqa: E402
import hello_bench as hb  # noqa: E402

CLIENTS = (1000, 8000)  # goals.py has goals for these
NOISE_CPUS = 0.2


def peak_mb(pids):
    """The most memory the processes have held, in MB, summed."""
    total = 0
    for pid in pids:
        for line in Path(f"/proc/{pid}/status").read_text().splitlines():
            if line.startswith("VmHWM:"):
                total += int(line.split()[1])
    return total / 1024


class WaitBench(hb.Bench):
    """One sample is one run of wrk against a fresh server: its peak of memory is of this load alone."""

    def sample(self, contender, clients):
        with contender.start(self.server_cpu, self._folder) as server:
            self._require_hello(server)
            command = ["wrk", "-t1", f"-c{clients}", f"-d{self.options.seconds}s", "--latency"]
            meter = bp.Meter(server)
            figures = hb.parse_wrk(self._load_command(server, command))
            return figures | meter.stop() | {"peak_mb": peak_mb(server.pids())}


def row(name, samples):
    good = [s for s in samples if s["error"] is None]
    if not good:
        return f"| {name} | failed: {samples[0]['error']} | | | | | |"
    median = lambda key: statistics.median(s[key] for s in good)
    return (f"| {name} | {median('per_s'):.0f} | {median('p50_us') / 1e3:.0f} | {median('p99_us') / 1e3:.0f} "
            f"| {median('server_cpus'):.2f} | {median('per_s') / median('server_cpus') / 1e3:.1f} | {median('peak_mb'):.0f} |")


def figures_of(clients, samples):
    """Of our server: {figure of goals.py: [value of each round, ...]}."""
    good = [s for s in samples["ours"] if s["error"] is None]
    pairs = [(a, b) for a, b in zip(samples["ours"], samples.get(hb.FLOOR, [])) if not a["error"] and not b["error"]]
    quiet = [(a, b) for a, b in pairs if max(a["others_cpus"], b["others_cpus"]) <= NOISE_CPUS]
    rate = lambda s: s["per_s"] / s["server_cpus"]
    return {f"{clients} ratio": [rate(a) / rate(b) for a, b in quiet], f"{clients} per_s": [s["per_s"] for s in good],
            f"{clients} p99": [s["p99_us"] / 1e3 for s in good], f"{clients} peak": [s["peak_mb"] for s in good]}


def parse_options(arguments):
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--rounds", type=int, default=3, help="interleaved rounds (default 3)")
    parser.add_argument("--seconds", type=int, default=5, help="length of a sample (default 5)")
    parser.add_argument("--clients", default="1000,8000", help=f"of {', '.join(map(str, CLIENTS))}")
    parser.add_argument("--only", default="ours,raw,tornado", help="contenders (default: ours,raw,tornado; there is also uring)")
    parser.add_argument("--build", type=Path, default=hb.ROOT / "build/release/tests/bench",
                        help="folder of raw_epoll and wait_server")
    goals.add_options(parser, "wait")
    options = parser.parse_args(arguments)
    if options.check and "ours" not in options.only.split(","):
        parser.error("--check judges our server: --only must name ours")
    known = {str(clients): clients for clients in CLIENTS}
    if unknown := set(options.clients.split(",")) - known.keys():
        parser.error(f"no goal for {', '.join(sorted(unknown))} clients: choose from {', '.join(known)}")
    options.clients = [known[text] for text in options.clients.split(",")]
    return options


def choose_contenders(options):
    """Those asked for. One that is not built ends the program: a table without it would tell nothing."""
    build = options.build.resolve()
    everyone = [
        hb.program_contender("ours", f"{shlex.quote(str(build / 'wait_server'))} --port={{port}} --logging=warning"),
        hb.raw_contender(hb.FLOOR, build, 100),
        hb.raw_contender(hb.URING, build, 100),
        hb.program_contender("tornado", f"{hb.PYTHON} {shlex.quote(str(hb.HERE / 'wait_tornado.py'))} {{port}}"),
    ]
    chosen = hb.contenders_named(options.only, everyone)
    for contender in chosen:
        if contender.missing:
            sys.exit(f"wait_bench: {contender.missing}: run make bench, or name the folder with --build")
    return chosen


def main(arguments):
    options = parse_options(arguments)
    bp.raise_file_limit()
    bp.try_priority()
    contenders = choose_contenders(options)
    kept, figures = {}, {}
    print(f"{bp.describe_machine()}, commit {bp.describe_commit(hb.ROOT)}")
    with tempfile.TemporaryDirectory() as folder:
        bench = WaitBench(options, contenders, folder)
        for clients in options.clients:
            samples = {c.name: [] for c in contenders}
            for _ in range(options.rounds):
                for contender in contenders:
                    samples[contender.name].append(bench.sample(contender, clients))
            print(f"\n### {clients} clients, 100 ms\n\n| server | requests/s | p50 ms | p99 ms | CPUs | kreq per CPU-s | peak MB |"
                  "\n|---|---|---|---|---|---|---|")
            for name, taken in samples.items():
                print(row(name, taken), flush=True)
            if "ours" in samples:
                figures |= figures_of(clients, samples)
            kept[clients] = samples
    return goals.finish("wait", options, figures, samples=kept)


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
