#!/usr/bin/python3
"""What operating a service costs: the hop through nginx or HAProxy, two processes instead of one, and the metrics.

    python3 tests/bench/operations_bench.py [--rounds 5] [--seconds 3] [--build build/release]
    python3 tests/bench/operations_bench.py --only metrics     # counts instructions, with valgrind
    python3 tests/bench/operations_bench.py --only restarts    # counts requests that fail while processes are restarted

The service is final/demos/service, the proxies run deploy/'s configurations. wrk asks over 64 kept connections. Everyone has
a turn in each round, and each ratio divides samples of one round. The first table counts requests per second of processor
time, of the service and of what is in front of it together; the second, requests per second with everything on all
processors, wrk included. The machine's other work is shown, because it changes the second table.
"""

import argparse
import contextlib
import json
import os
import re
import signal
import statistics
import subprocess
import sys
import tempfile
import threading
import time
from pathlib import Path

HERE = Path(__file__).resolve().parent
ROOT = HERE.parent.parent
sys.path[:0] = [str(HERE), str(ROOT / "tests" / "deploy")]

import bench_process as bp  # noqa: E402
import goals  # noqa: E402
import deployed  # noqa: E402
from hello_bench import parse_wrk  # noqa: E402


# Between two restarts. A proxy must have noticed the first: one that waits for a processor, or HAProxy's check once a second.
PAUSE_SECONDS = 2


class Contender:
    """One way to reach the service: its ports, and the processes that work for a request."""

    def __init__(self, name, ports, processes):
        self.name, self.ports, self.processes = name, ports, processes

    def cpu_s(self):
        """Of each process."""
        return [sum(bp.process_tree(one.pid).values()) for one in self.processes]


def load(port, seconds):
    done = subprocess.run(["wrk", "-t1", "-c64", f"-d{seconds}s", "--latency", f"http://127.0.0.1:{port}/"],
                          capture_output=True, text=True, check=True)
    figures = parse_wrk(done.stdout)
    if figures["error"]:
        raise RuntimeError(figures["error"])
    return figures["requests"]


def load_all(ports, seconds):
    """Several ports at once, as two processes on one port would share a load."""
    counts = []
    threads = [threading.Thread(target=lambda port=port: counts.append(load(port, seconds))) for port in ports]
    for one in threads:
        one.start()
    for one in threads:
        one.join()
    if len(counts) != len(ports):
        raise RuntimeError("a load has failed")
    return sum(counts)


def sample(contender, seconds):
    busy, before = bp.machine_busy_s(), contender.cpu_s()
    requests = load_all(contender.ports, seconds)
    used = [now - then for now, then in zip(contender.cpu_s(), before)]
    return {"per_s": requests / seconds, "per_cpu_s": requests / sum(used), "per_busiest_s": requests / max(used), "busy": (bp.machine_busy_s() - busy) / seconds}


def ratios(samples, one, other, measure):
    return statistics.median(a[measure] / b[measure] for a, b in zip(samples[one], samples[other]))


def compare(options, build):
    with contextlib.ExitStack() as stack:
        folder = Path(stack.enter_context(tempfile.TemporaryDirectory()))
        services = stack.enter_context(deployed.running(*(deployed.Service(build, "--xheaders", "--logging=warning") for _ in range(2))))
        nginx = stack.enter_context(deployed.nginx(folder / "nginx", services))
        haproxy = stack.enter_context(deployed.haproxy(folder / "haproxy", services))
        one, both = services[0].process, [service.process for service in services]
        contenders = [Contender("one process", [services[0].port], [one]),
                      Contender("two processes", [service.port for service in services], both),
                      Contender("nginx, two processes", nginx.ports, [nginx.process, *both]),
                      Contender("HAProxy, two processes", haproxy.ports[:1], [haproxy.process, *both])]
        samples = {contender.name: [] for contender in contenders}
        for number in range(options.rounds):
            shift = number % len(contenders)
            for contender in contenders[shift:] + contenders[:shift]:
                samples[contender.name].append(sample(contender, options.seconds))
    print("| way | requests per CPU-s | ÷ one process | requests per s | ÷ one process |\n|---|---|---|---|---|")
    for name, taken in samples.items():
        middle = {measure: statistics.median(one[measure] for one in taken) for measure in ("per_cpu_s", "per_s")}
        print(f"| {name} | {middle['per_cpu_s']:,.0f} | {ratios(samples, name, 'one process', 'per_cpu_s'):.2f} "
              f"| {middle['per_s']:,.0f} | {ratios(samples, name, 'one process', 'per_s'):.2f} |")
    busy = statistics.median(one["busy"] for taken in samples.values() for one in taken)
    print(f"\n{options.rounds} rounds of {options.seconds} s on {os.cpu_count()} processors, of which {busy:.1f} were busy.")
    # What the busier of the two takes decides how many they would serve if each had a processor of its own.
    two = [a["per_busiest_s"] / b["per_busiest_s"] for a, b in zip(samples["two processes"], samples["one process"])]
    return goals.finish("operations", options, {"two processes": two}, samples=samples)


def kernel_bytes():
    """What the kernel keeps for itself and cannot give back: sockets among other things."""
    return 1024 * int(re.search(r"^SUnreclaim:\s+(\d+) kB$", Path("/proc/meminfo").read_text(), re.M)[1])


def hold_idle(options, build):
    """The memory of idle connections: a server's own, and the kernel's for both ends of each."""
    hello = [str(build / "final" / "demos" / "helloworld" / "helloworld"), "--port=0", "--logging=warning"]
    server = deployed.WireServer(hello)
    try:
        before = most = kernel_bytes()
        holder = subprocess.Popen([build / "tests" / "bench" / "hold", str(server.port), str(server.pid), str(options.idle), "0"],
                                  stdout=subprocess.PIPE, text=True)
        while holder.poll() is None:
            most = max(most, kernel_bytes())
            time.sleep(0.02)
        figures = holder.stdout.read()
        if holder.returncode != 0:
            raise RuntimeError("hold has failed")
    finally:
        server.kill()
    figures = json.loads(figures)
    print(f"{options.idle:,} idle connections: {figures['bytes_per_connection']:,.0f} bytes of the server for each, "
          f"{(most - before) / options.idle:,.0f} bytes of the kernel for both ends of each.")


def echo_messages(_options, build):
    """The service's processor time for a WebSocket message, one at a time: 5 bytes in, 5 bytes out."""
    count, rounds = 10_000, []
    with deployed.running(deployed.Service(build, "--logging=warning")) as (service,), \
            deployed.connect(service.port) as client:
        client.send(b"GET /echo HTTP/1.1\r\nHost: h\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n"
                    b"Sec-WebSocket-Version: 13\r\nSec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n\r\n")
        client.read_head()
        for _ in range(5):
            before = service.cpu_seconds()
            for _ in range(count):
                client.send(b"\x81\x85\0\0\0\0hello")
                client.read_bytes(7)
            rounds.append((service.cpu_seconds() - before) / count)
    print(f"{1e6 * statistics.median(rounds):.1f} us of the service's processor for a WebSocket message and its echo.")


def instructions(build, requests, *settings):
    """All instructions of a service that responds to so many requests, and ends."""
    command = ["valgrind", "--tool=cachegrind", "--cache-sim=no", "--cachegrind-out-file=/dev/null"]
    service = deployed.Service(build, "--logging=warning", *settings, wrapper=command)
    with deployed.running(service), deployed.connect(service.port) as client:
        for _ in range(requests):
            client.send(b"GET / HTTP/1.1\r\nHost: h\r\n\r\n")
            client.read_response()
    log = service.log()
    return int(re.search(r"I\s+refs:\s+([\d,]+)", log)[1].replace(",", ""))


def count_metrics(_options, build):
    few, many = 1000, 3000
    results = {}
    for setting in "false", "true":
        counted = [instructions(build, count, f"--metrics={setting}") for count in (few, many)]
        results[setting] = (counted[1] - counted[0]) / (many - few)
    off, on = results["false"], results["true"]
    print(f"Instructions for a request: {off:,.0f} without metrics, {on:,.0f} with them, {on / off - 1:+.1%}.")


def under_load(port, work):
    """(Requests during `work`, how many of them failed): GETs and POSTs, because no proxy sends a POST a second time."""
    address = f"http://127.0.0.1:{port}"
    commands = [["wrk", "-t1", "-c16", "-d1h", "--timeout", "1m", *words]
                for words in ([f"{address}/"], ["-s", str(HERE / "post.lua"), f"{address}/tick"])]
    loads = [subprocess.Popen(command, stdout=subprocess.PIPE, text=True) for command in commands]
    try:
        work()
        for one in loads:
            one.send_signal(signal.SIGINT)  # it ends with its report
        reports = [one.communicate()[0] for one in loads]
    finally:
        for one in loads:
            one.kill()
            one.wait()
    sent = sum(int(re.search(r"(\d+) requests in ", report)[1]) for report in reports)
    problems = re.findall(r"^\s*(?:Socket errors: |Non-2xx or 3xx responses: ).+", "\n".join(reports), re.MULTILINE)
    return sent, sum(int(number) for line in problems for number in re.findall(r"\b\d+\b", line))


def restart_services(options, build):
    def restart_all():
        for number in list(range(len(services))) * options.restarts:
            services[number].stop()
            services[number] = services[number].successor()
            time.sleep(PAUSE_SECONDS)

    for start in deployed.nginx, deployed.haproxy:
        services = [deployed.Service(build, "--xheaders", "--logging=warning") for _ in range(2)]
        try:
            with tempfile.TemporaryDirectory() as folder, start(Path(folder) / "proxy", services) as proxy:
                sent, failed = under_load(proxy.ports[0], restart_all)
        finally:
            for one in services:
                one.kill()
        print(f"{proxy.name}: two processes restarted in turn, rounds: {options.restarts}. {sent:,} requests, {failed} failed.")


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--seconds", type=int, default=3)
    parser.add_argument("--build", type=Path, default=ROOT / "build" / "release")
    parser.add_argument("--idle", type=int, default=10_000, help="idle connections to hold")
    parser.add_argument("--restarts", type=int, default=10, help="how often both processes are restarted")
    parser.add_argument("--only", choices=("compare", "idle", "messages", "metrics", "restarts"))
    goals.add_options(parser, "operations")
    options = parser.parse_args()
    bp.raise_file_limit()
    code = 0
    for name, run in (("compare", compare), ("idle", hold_idle), ("messages", echo_messages), ("metrics", count_metrics),
                      ("restarts", restart_services)):
        if options.only in (None, name):
            code |= run(options, options.build) or 0
    return code


if __name__ == "__main__":
    sys.exit(main())
