#!/usr/bin/python3
"""Our HTTP client beside python3-tornado's and libcurl's: responses per second from nginx on the other CPU.

    python3 tests/bench/client_bench.py [--rounds 5] [--seconds 3] [--concurrency 100] [--build build/release]

Each round runs everyone once, so that a slow minute of the machine is everyone's. The table shows the median, and the
median of the ratios to python3-tornado and to libcurl within a round. Believe no difference under 15 %.
"""

import argparse
import os
import shutil
import statistics
import subprocess
import sys
import tempfile
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parent))
import bench_process as bp  # noqa: E402

HERE = Path(__file__).resolve().parent
ROOT = HERE.parent.parent


def contenders(build):
    programs = build / "tests" / "bench"
    return {
        "ours": [str(programs / "client_bench")],
        "ours, a connection each": [str(programs / "client_bench"), "close"],
        "libcurl multi": [str(programs / "client_curl")],
        "libcurl multi, a connection each": [str(programs / "client_curl"), "close"],
        "python3-tornado": ["/usr/bin/python3", str(HERE / "client_tornado.py")],
    }


def run_once(command, url, concurrency, seconds, cpu):
    """Responses per second, and per second of the client's own processor time."""
    before = os.times()
    done = subprocess.run([command[0], *([command[1]] if command[1:] and command[1].endswith(".py") else []), url,
                           str(concurrency), str(seconds), *[word for word in command[1:] if word == "close"]],
                          capture_output=True, text=True, check=True,
                          preexec_fn=lambda: os.sched_setaffinity(0, {cpu}))
    after = os.times()
    count, wall = done.stdout.split()
    used = after.children_user + after.children_system - before.children_user - before.children_system
    return int(count) / float(wall), int(count) / used


def nginx_command(folder, port):
    config = Path(folder) / "nginx.conf"
    user = "user root;" if os.geteuid() == 0 else ""
    text = (HERE / "hello_nginx.conf.in").read_text()
    config.write_text(text.format(folder=folder, port=port, files=20000, user=user))
    return [shutil.which("nginx") or "/usr/sbin/nginx", "-c", str(config), "-p", str(folder)]


def measure(arguments):
    server_cpu, client_cpu = bp.choose_cpus(os.sched_getaffinity(0))
    samples = {name: [] for name in contenders(arguments.build)}
    bp.raise_file_limit()
    bp.try_priority()
    with tempfile.TemporaryDirectory() as folder:
        port = bp.free_port()
        with bp.Server(nginx_command(folder, port), port, server_cpu, Path(folder) / "log") as server:
            server.wait_ready()
            for _ in range(arguments.rounds):
                for name, command in contenders(arguments.build).items():
                    sample = run_once(command, f"http://127.0.0.1:{port}/", arguments.concurrency,
                                      arguments.seconds, client_cpu)
                    samples[name].append(sample)
    return samples


def ratio(samples, name, to, figure):
    return statistics.median(a[figure] / b[figure] for a, b in zip(samples[name], samples[to]))


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--seconds", type=float, default=3)
    parser.add_argument("--concurrency", type=int, default=100)
    parser.add_argument("--build", type=Path, default=ROOT / "build" / "release")
    arguments = parser.parse_args()
    samples = measure(arguments)
    print(f"{bp.describe_machine()}; commit {bp.describe_commit(ROOT)}; {arguments.concurrency} at once, "
          f"{arguments.rounds} rounds of {arguments.seconds:g} s")
    print(f"{'client':34} {'per s':>8} {'per CPU-s':>10} {'/ tornado':>10} {'/ libcurl':>10}   (ratios of per s)")
    for name, rows in samples.items():
        per_s, per_cpu = (statistics.median(row[i] for row in rows) for i in (0, 1))
        print(f"{name:34} {per_s:8.0f} {per_cpu:10.0f} {ratio(samples, name, 'python3-tornado', 0):10.2f} "
              f"{ratio(samples, name, 'libcurl multi', 0):10.2f}")


if __name__ == "__main__":
    main()
