#!/usr/bin/python3
"""A file of 1 KB and one of 1 MB, from our server and from nginx: requests per second of server CPU.

    python3 tests/bench/static_bench.py [--rounds 7] [--seconds 3] [--only ours,nginx] [--build build/release/tests/bench] [--check]

The measure is a ratio of samples of the same round: ours to nginx and, if --only names raw, everyone to raw. raw and uring
are raw_epoll and raw_uring with a file: see README.md.
"""

import argparse
import contextlib
import os
import shutil
import statistics
import subprocess
import sys
import tempfile
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parent))
import bench_process as bp  # noqa: E402
import goals  # noqa: E402
import hello_bench as hb  # noqa: E402

HERE = Path(__file__).resolve().parent
ROOT = HERE.parent.parent
FILES = {"1k.txt": 1_000, "1m.txt": 1_000_000}
CONNECTIONS = 16


# Each starts a server that is to serve one file, under its name. `folder` is the server's own.

def start_ours(options, file, cpu, folder):
    program = options.build.resolve() / "static_server"
    if not program.exists():
        sys.exit(f"static_bench: {program} is not built: configure with -DTORNADO_BUILD_BENCHES=ON")
    port = bp.free_port()
    return bp.Server([str(program), f"--port={port}", f"--folder={file.parent}", "--logging=warning"], port, cpu,
                     folder / "ours.txt")


def start_nginx(_options, file, cpu, folder):
    program = shutil.which("nginx", path=os.environ.get("PATH", "") + ":/usr/sbin")
    if program is None:
        sys.exit("static_bench: nginx is not installed (apt: nginx-light)")
    port = bp.free_port()
    config = folder / "nginx.conf"
    user = "user root;" if os.geteuid() == 0 else ""  # else root's worker may not enter the folder
    config.write_text((HERE / "static_nginx.conf.in").read_text().format(
        port=port, folder=folder, root=file.parent, files=bp.raise_file_limit(), user=user))
    return bp.Server([program, "-p", str(folder), "-c", str(config), "-e", "stderr"], port, cpu, folder / "nginx.txt")


def start_raw(name):
    def start(options, file, cpu, folder):
        contender = hb.raw_contender(name, options.build, 0, file)
        if contender.missing:
            sys.exit(f"static_bench: {contender.missing}")
        return contender.start(cpu, folder)
    return start


CONTENDERS = {"ours": start_ours, "nginx": start_nginx, hb.FLOOR: start_raw(hb.FLOOR), hb.URING: start_raw(hb.URING)}


def require_file(server, file):
    status, body = server.wait_ready("/" + file.name)
    if (status, body) != (200, file.read_bytes()):
        raise RuntimeError(f"{file.name}: answered {status} and {len(body)} bytes")


def take_sample(server, name, seconds, cpu):
    meter = bp.Meter(server)
    done = subprocess.run(
        ["wrk", "-t1", f"-c{CONNECTIONS}", f"-d{seconds}s", "--latency", f"http://127.0.0.1:{server.port}/{name}"],
        capture_output=True, text=True, check=True, preexec_fn=lambda: os.sched_setaffinity(0, {cpu}))
    usage = meter.stop()
    figures = hb.parse_wrk(done.stdout)
    if figures["error"]:
        raise RuntimeError(f"{name}: {figures['error']}")
    return {"per_cpu_s": figures["requests"] / usage["server_cpu_s"], "per_s": figures["per_s"],
            "others_cpus": usage["others_cpus"]}


def take_samples(options, folder):
    """{(server, file): samples in the order of the rounds}."""
    server_cpu, load_cpu = bp.choose_cpus(os.sched_getaffinity(0))
    root = folder / "root"
    root.mkdir()
    for name, size in FILES.items():
        (root / name).write_bytes(os.urandom(size))
    samples = {(who, name): [] for who in options.only for name in FILES}
    with contextlib.ExitStack() as stack:
        servers = {}
        for who, name in samples:
            own = folder / f"{who}-{name}"
            own.mkdir()
            servers[who, name] = stack.enter_context(CONTENDERS[who](options, root / name, server_cpu, own))
            require_file(servers[who, name], root / name)
        for number in range(options.rounds):
            for name in FILES:
                for who in options.only[::-1] if number % 2 == 1 else options.only:
                    samples[who, name].append(take_sample(servers[who, name], name, options.seconds, load_cpu))
    return samples


def compare(name, who, other, samples):
    """(ratios, line) of two contenders' requests per CPU-second for one file, of the samples in the order of the rounds."""
    rates = {one: [sample["per_cpu_s"] for sample in samples[one, name]] for one in (who, other)}
    ratios = [a / b for a, b in zip(rates[who], rates[other])]
    ratio = statistics.median(ratios)
    others = statistics.median(one["others_cpus"] for one in samples[who, name] + samples[other, name])
    return ratios, (f"median {ratio:.2f} ({min(ratios):.2f} to {max(ratios):.2f} in {len(ratios)} rounds), "
                   f"best ÷ best {max(rates[who]) / max(rates[other]):.2f}; "
                   f"{who} {statistics.median(rates[who]):.0f}, {other} {statistics.median(rates[other]):.0f}; "
                   f"others used {others:.2f} CPUs")


def beside_floor(samples):
    """A line for each file and contender beside the floor, if that was measured."""
    return [f"{name}: {who} ÷ {hb.FLOOR}, requests per CPU-second: {compare(name, who, hb.FLOOR, samples)[1]}"
            for who, name in samples if who != hb.FLOOR and (hb.FLOOR, name) in samples]


def parse_options(arguments):
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--rounds", type=int, default=7)
    parser.add_argument("--seconds", type=int, default=3, help="length of a sample")
    parser.add_argument("--build", type=Path, default=ROOT / "build/release/tests/bench", help="folder of the servers")
    goals.add_options(parser, "static")
    parser.add_argument("--only", default="ours,nginx", help=f"of {', '.join(CONTENDERS)} (default: ours,nginx)")
    options = parser.parse_args(arguments)
    options.only = options.only.split(",")
    if unknown := [who for who in options.only if who not in CONTENDERS]:
        parser.error(f"no contender named {', '.join(unknown)}: choose from {', '.join(CONTENDERS)}")
    has_goals = {"ours", "nginx"} <= set(options.only)
    if options.check and not has_goals:
        parser.error("--check judges ours beside nginx: --only must name both")
    if not has_goals and (hb.FLOOR not in options.only or len(options.only) < 2):
        parser.error(f"nothing to compare: --only must name ours and nginx, or {hb.FLOOR} and another")
    return options


def main(arguments):
    options = parse_options(arguments)
    circumstances = {"machine": bp.describe_machine(), "commit": bp.describe_commit(ROOT),
                     "niceness": bp.try_priority(), "load": os.getloadavg()[0]}
    for key, value in circumstances.items():
        print(f"{key:<10} {value}")
    with tempfile.TemporaryDirectory(prefix="static_bench-") as folder:
        samples = take_samples(options, Path(folder))
    compared = {name: compare(name, "ours", "nginx", samples) for name in FILES} if {"ours", "nginx"} <= set(options.only) else {}
    print("\n".join([f"{name}: {line}" for name, (_, line) in compared.items()] + beside_floor(samples)))
    named = {f"{who} {name}": taken for (who, name), taken in samples.items()}
    return goals.finish("static", options, {name: ratios for name, (ratios, _) in compared.items()}, **circumstances, samples=named)


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
