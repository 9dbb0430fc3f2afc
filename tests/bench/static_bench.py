#!/usr/bin/python3
"""A file of 1 KB and one of 1 MB, from our server and from nginx: requests per second of server CPU.

    python3 tests/bench/static_bench.py [--rounds 7] [--seconds 3] [--build build/release/tests/bench] [--check]

The measure is a ratio to nginx, of samples of the same round: see README.md.
"""

import argparse
import contextlib
import json
import os
import shutil
import statistics
import subprocess
import sys
import tempfile
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parent))
import bench_process as bp  # noqa: E402
from hello_bench import parse_wrk  # noqa: E402

HERE = Path(__file__).resolve().parent
ROOT = HERE.parent.parent
FILES = {"1k.txt": 1_000, "1m.txt": 1_000_000}
GOALS = {"1k.txt": 0.7, "1m.txt": 0.9}  # of nginx's requests per CPU-second
CONNECTIONS = 16


def start_ours(options, root, cpu, folder):
    program = options.build.resolve() / "static_server"
    if not program.exists():
        sys.exit(f"static_bench: {program} is not built: configure with -DTORNADO_BUILD_BENCHES=ON")
    port = bp.free_port()
    return bp.Server([str(program), f"--port={port}", f"--folder={root}", "--logging=warning"], port, cpu,
                     folder / "ours.txt")


def start_nginx(_options, root, cpu, folder):
    program = shutil.which("nginx", path=os.environ.get("PATH", "") + ":/usr/sbin")
    if program is None:
        sys.exit("static_bench: nginx is not installed (apt: nginx-light)")
    port = bp.free_port()
    config = folder / "nginx.conf"
    user = "user root;" if os.geteuid() == 0 else ""  # else root's worker may not enter the folder
    config.write_text((HERE / "static_nginx.conf.in").read_text().format(
        port=port, folder=folder, root=root, files=bp.raise_file_limit(), user=user))
    return bp.Server([program, "-p", str(folder), "-c", str(config), "-e", "stderr"], port, cpu, folder / "nginx.txt")


CONTENDERS = {"ours": start_ours, "nginx": start_nginx}


def require_files(server, root):
    for name in FILES:
        status, body = server.wait_ready("/" + name)
        if (status, body) != (200, (root / name).read_bytes()):
            raise RuntimeError(f"{name}: answered {status} and {len(body)} bytes")


def take_sample(server, name, seconds, cpu):
    meter = bp.Meter(server)
    done = subprocess.run(
        ["wrk", "-t1", f"-c{CONNECTIONS}", f"-d{seconds}s", "--latency", f"http://127.0.0.1:{server.port}/{name}"],
        capture_output=True, text=True, check=True, preexec_fn=lambda: os.sched_setaffinity(0, {cpu}))
    usage = meter.stop()
    figures = parse_wrk(done.stdout)
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
    samples = {(who, name): [] for who in CONTENDERS for name in FILES}
    with contextlib.ExitStack() as stack:
        servers = {who: stack.enter_context(start(options, root, server_cpu, folder))
                   for who, start in CONTENDERS.items()}
        for server in servers.values():
            require_files(server, root)
        for number in range(options.rounds):
            for name in FILES:
                for who in sorted(servers, reverse=number % 2 == 1):
                    samples[who, name].append(take_sample(servers[who], name, options.seconds, load_cpu))
    return samples


def judge(name, ours, nginx):
    """(met, line) for one file, of the samples in the order of the rounds."""
    rates = {"ours": [one["per_cpu_s"] for one in ours], "nginx": [one["per_cpu_s"] for one in nginx]}
    ratios = [a / b for a, b in zip(rates["ours"], rates["nginx"])]
    ratio = statistics.median(ratios)
    others = statistics.median(one["others_cpus"] for one in ours + nginx)
    met = ratio >= GOALS[name]
    return met, (f"{'met   ' if met else 'MISSED'} {name}: goal ≥ {GOALS[name]} of nginx's requests per CPU-second: "
                 f"median {ratio:.2f} ({min(ratios):.2f} to {max(ratios):.2f} in {len(ratios)} rounds), "
                 f"best ÷ best {max(rates['ours']) / max(rates['nginx']):.2f}; "
                 f"ours {statistics.median(rates['ours']):.0f}, nginx {statistics.median(rates['nginx']):.0f}; "
                 f"others used {others:.2f} CPUs")


def save(path, circumstances, samples):
    path.parent.mkdir(parents=True, exist_ok=True)
    named = {f"{who} {name}": taken for (who, name), taken in samples.items()}
    path.write_text(json.dumps({**circumstances, "samples": named}, indent=1) + "\n")


def main(arguments):
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--rounds", type=int, default=7)
    parser.add_argument("--seconds", type=int, default=3, help="length of a sample")
    parser.add_argument("--build", type=Path, default=ROOT / "build/release/tests/bench", help="folder of static_server")
    parser.add_argument("--json", type=Path, default=ROOT / "build/bench/static.json", help="where the samples go")
    parser.add_argument("--check", action="store_true", help="exit code 1 if a goal is missed")
    options = parser.parse_args(arguments)
    circumstances = {"machine": bp.describe_machine(), "commit": bp.describe_commit(ROOT),
                     "niceness": bp.try_priority(), "load": os.getloadavg()[0]}
    for key, value in circumstances.items():
        print(f"{key:<10} {value}")
    with tempfile.TemporaryDirectory(prefix="static_bench-") as folder:
        samples = take_samples(options, Path(folder))
    save(options.json, circumstances, samples)
    verdicts = [judge(name, samples["ours", name], samples["nginx", name]) for name in FILES]
    print("\n".join(line for _met, line in verdicts))
    return 1 if options.check and not all(met for met, _line in verdicts) else 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
