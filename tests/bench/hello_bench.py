#!/usr/bin/python3
"""Hello world against the floor: what a request, and an idle connection, cost our server, Tornado and nginx.

    python3 tests/bench/hello_bench.py [--rounds 5] [--seconds 3] [--loads c64,c1024,p16,idle] [--only ours,raw]
                                       [--server 'name=PROGRAM {port}'] [--peers] [--check]

The measure is requests per second of server CPU, as a ratio to raw_epoll: see README.md for the method and its limits.
--only=uring compares raw_uring, its twin on io_uring, with it.
"""

import argparse
import contextlib
import dataclasses
import datetime
import json
import os
import re
import shlex
import shutil
import statistics
import subprocess
import sys
import tempfile
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parent))
import bench_process as bp  # noqa: E402
import goals  # noqa: E402
from peers.peers import PEERS  # noqa: E402

HERE = Path(__file__).resolve().parent
ROOT = HERE.parent.parent
BODY = b"Hello, world"
FLOOR = "raw"
URING = "uring"
OURS = "ours"
PYTHON = "/usr/bin/python3"  # Debian's own: python3-tornado is installed for this one
IDLE_CONNECTIONS = 10_000


@dataclasses.dataclass(frozen=True)
class Load:
    title: str
    connections: int
    pipelined: bool = False
    idle: bool = False
    padding: int = 0  # extra header bytes of an idle connection's one request


LOADS = {
    "c64": Load("64 connections, keep-alive", 64),
    "c1024": Load("1024 connections, keep-alive", 1024),
    "p16": Load("64 connections, 16 requests pipelined", 64, pipelined=True),
    "idle": Load(f"{IDLE_CONNECTIONS} idle keep-alive connections", IDLE_CONNECTIONS, idle=True),
    "idle4k": Load(f"{IDLE_CONNECTIONS} idle after a request of 4 KiB", IDLE_CONNECTIONS, idle=True, padding=4096),
}


# --- Reading the tools' output ---------------------------------------------------------------------------------------

UNITS_US = {"us": 1, "ms": 1e3, "s": 1e6, "m": 60e6, "h": 3600e6}


def parse_time_us(text):
    number, unit = re.fullmatch(r"([\d.]+)(us|ms|s|m|h)", text).groups()
    return float(number) * UNITS_US[unit]


def parse_wrk(text):
    """The figures of one wrk report. 'error' is None, or says which requests failed."""
    requests, duration = re.search(r"(\d+) requests in (\S+),", text).groups()
    percentile = lambda p: parse_time_us(re.search(rf"^\s+{p}%\s+(\S+)", text, re.MULTILINE).group(1))
    problems = re.findall(r"^\s*(Socket errors: .+|Non-2xx or 3xx responses: \d+)$", text, re.MULTILINE)
    seconds = parse_time_us(duration) / 1e6
    return {"requests": int(requests), "per_s": int(requests) / seconds, "p50_us": percentile(50),
            "p99_us": percentile(99), "error": "; ".join(problems) or None}


# --- Contenders ------------------------------------------------------------------------------------------------------

class Contender:
    """A server that can be started: name, command for a port, or the reason why it is left out."""

    def __init__(self, name, command, missing=None):
        self.name, self._command, self.missing = name, command, missing

    def start(self, cpu, folder):
        folder = Path(tempfile.mkdtemp(prefix=f"{self.name}-", dir=folder))
        port = bp.free_port()
        return bp.Server(self._command(port, folder), port, cpu, folder / "output.txt")


def program_contender(name, template):
    """A contender given as a command line in which {port} stands for the port."""
    words = shlex.split(template)
    program = words[0] if "/" not in words[0] else str((ROOT / words[0]) if (ROOT / words[0]).exists() else words[0])
    missing = None if shutil.which(program) else f"{words[0]} is not there"
    return Contender(name, lambda port, _folder: [program] + [word.replace("{port}", str(port)) for word in words[1:]],
                     missing)


def raw_contender(name, build, *arguments):
    """raw_epoll (FLOOR) or raw_uring (URING), with the arguments after its port."""
    program = build.resolve() / {FLOOR: "raw_epoll", URING: "raw_uring"}[name]
    contender = program_contender(name, shlex.join([str(program), "{port}", *map(str, arguments)]))
    if contender.missing and name == URING:
        contender.missing += ": it needs liburing (apt: liburing-dev)"
    return contender


def tornado_contender():
    missing = None
    if subprocess.run([PYTHON, "-c", "import tornado"], capture_output=True).returncode != 0:
        missing = f"{PYTHON} has no tornado (apt: python3-tornado)"
    return Contender("tornado", lambda port, _folder: [PYTHON, str(HERE / "hello_tornado.py"), str(port)], missing)


def nginx_contender():
    program = shutil.which("nginx", path=os.environ.get("PATH", "") + ":/usr/sbin")

    def command(port, folder):
        config = folder / "nginx.conf"
        user = "user root;" if os.geteuid() == 0 else ""  # else root's worker may not enter the folder
        config.write_text((HERE / "hello_nginx.conf.in").read_text().format(
            port=port, folder=folder, files=bp.raise_file_limit(), user=user))
        return [program, "-p", str(folder), "-c", str(config), "-e", "stderr"]
    return Contender("nginx", command, None if program else "nginx is not installed")


def peer_contender(peer):
    """One of tests/bench/peers. It is compiled, if it must be, when it is first started."""
    def command(port, folder):
        peer.prepare()
        return peer.command(port, folder)
    return Contender(peer.name, command, peer.missing())


def version_of(*command):
    try:
        done = subprocess.run(command, capture_output=True, text=True)
    except FileNotFoundError:
        return None
    return ((done.stdout + done.stderr).strip().splitlines() or [None])[0]


def peer_versions():
    nginx = shutil.which("nginx", path=os.environ.get("PATH", "") + ":/usr/sbin")
    return {"nginx": version_of(nginx, "-v") if nginx else None,
            "tornado": version_of(PYTHON, "-c", "import tornado; print(tornado.version)"),
            "wrk": version_of("wrk", "-v"),
            **{peer.name: version_of("dpkg-query", "-W", "-f=${Version}", peer.package) for peer in PEERS if not peer.missing()}}


# --- Taking samples --------------------------------------------------------------------------------------------------

class Bench:
    """Starts the contenders and takes samples of them, one at a time."""

    def __init__(self, options, contenders, folder):
        self.options, self.contenders, self._folder = options, contenders, folder
        self.server_cpu, self.load_cpu = bp.choose_cpus(os.sched_getaffinity(0))
        self.samples, self.failed = [], {}
        self._running = {}

    def run(self):
        with contextlib.ExitStack() as stack:
            self._start_all(stack)
            for number in range(1, self.options.rounds + 1):
                for load in self.options.loads:
                    # Another order each round: nobody is always the one right after the floor.
                    order = [c for c in self.contenders if c.name not in self.failed]
                    shift = number % len(order) if order else 0
                    for contender in order[shift:] + order[:shift]:
                        self._sample_until_quiet(number, load, contender)

    def _start_all(self, stack):
        for contender in self.contenders:
            try:
                server = stack.enter_context(contender.start(self.server_cpu, self._folder))
                self._require_hello(server)
                self._load_command(server, ["wrk", "-t1", "-c64", "-d1s", "--latency"])  # warm caches and heaps
                self._running[contender.name] = server
            except RuntimeError as error:
                self.failed[contender.name] = str(error)
                print(f"{contender.name}: {error}", flush=True)

    @staticmethod
    def _require_hello(server):
        status, body = server.wait_ready()
        if (status, body) != (200, BODY):
            raise RuntimeError(f"answered {status} {body[:80]!r}, not 200 {BODY!r}")

    def _load_command(self, server, command):
        done = subprocess.run(command + [f"http://127.0.0.1:{server.port}/"], capture_output=True, text=True,
                              preexec_fn=lambda: os.sched_setaffinity(0, {self.load_cpu}))
        if done.returncode != 0:
            raise RuntimeError(f"{command[0]}: {done.stderr.strip()}")
        return done.stdout

    def _sample_until_quiet(self, number, load, contender):
        for attempt in range(self.options.retries + 1):
            try:
                sample = self._sample(load, contender)
            except RuntimeError as error:
                sample = {"error": str(error), "others_cpus": 0.0}
            sample |= {"round": number, "load": load, "contender": contender.name,
                       "spoiled": sample["others_cpus"] > self.options.others}
            self.samples.append(sample)
            print(describe_sample(sample, self.options.rounds), flush=True)
            if usable(sample) or attempt == self.options.retries:
                return
            bp.wait_for_quiet(self.options.others)

    def _sample(self, load, contender):
        if LOADS[load].idle:
            # A fresh process: the heap that an earlier load left behind would hide what the crowd takes.
            with contender.start(self.server_cpu, self._folder) as server:
                self._require_hello(server)
                return self._idle_sample(LOADS[load], server)
        return self._wrk_sample(LOADS[load], self._running[contender.name])

    def _wrk_sample(self, load, server):
        command = ["wrk", "-t1", f"-c{load.connections}", f"-d{self.options.seconds}s", "--latency"]
        if load.pipelined:
            command += ["-s", str(HERE / "pipeline.lua")]
        meter = bp.Meter(server)
        figures = parse_wrk(self._load_command(server, command))
        return figures | with_rate(meter.stop(), figures["requests"])

    def _idle_sample(self, load, server):
        meter = bp.Meter(server)
        done = subprocess.run(
            [str(self.options.build / "hold"), str(server.port), ",".join(map(str, server.pids())),
             str(load.connections), str(load.padding)], capture_output=True, text=True,
            preexec_fn=lambda: os.sched_setaffinity(0, {self.load_cpu}))
        usage = meter.stop()
        if done.returncode != 0:
            raise RuntimeError(done.stderr.strip() or done.stdout.strip())
        return json.loads(done.stdout) | usage | {"error": None}


def with_rate(usage, requests):
    return usage | {"per_cpu_s": requests / usage["server_cpu_s"] if usage["server_cpu_s"] > 0 else None}


def usable(sample):
    return sample["error"] is None and not sample["spoiled"]


# --- Arithmetic ------------------------------------------------------------------------------------------------------

def paired_ratios(samples, load, contender, measure="per_cpu_s"):
    """contender ÷ floor, round by round, for the rounds in which both samples are usable."""
    by_round = lambda name: {s["round"]: s[measure] for s in samples
                             if s["load"] == load and s["contender"] == name and usable(s)}
    ours, floor = by_round(contender), by_round(FLOOR)
    return [ours[number] / floor[number] for number in sorted(ours.keys() & floor.keys())]


def summarise(samples, load, contender):
    """Medians of the usable samples, and the ratios to the floor. None where there is nothing to tell."""
    mine = [s for s in samples if s["load"] == load and s["contender"] == contender and usable(s)]
    floor = [s for s in samples if s["load"] == load and s["contender"] == FLOOR and usable(s)]
    median = lambda key: statistics.median(s[key] for s in mine) if mine else None
    if LOADS[load].idle:
        keys = ("bytes_per_connection", "seconds", "alone_p50_us", "crowd_p50_us", "alone_p99_us", "crowd_p99_us",
                "rss_before_kib", "rss_after_kib")
        return {"n": len(mine)} | {key: median(key) for key in keys} | {
            "best_seconds": min((s["seconds"] for s in mine), default=None)}
    ratios = paired_ratios(samples, load, contender)
    best = lambda some: max((s["per_cpu_s"] for s in some), default=None)
    keys = ("per_s", "per_cpu_s", "server_cpus", "load_cpus", "p50_us", "p99_us")
    return {"n": len(mine)} | {key: median(key) for key in keys} | {
        "best_per_cpu_s": best(mine),
        "ratio": statistics.median(ratios) if ratios else None,
        "pairs": len(ratios),
        "best_ratio": best(mine) / best(floor) if mine and floor else None}


def goal_figures(samples, loads):
    """Of our server: {figure of goals.py: [value of each usable round, ...]}."""
    figures = {load: paired_ratios(samples, load, OURS) for load in loads if not LOADS[load].idle}
    if "idle" in loads:
        mine = [s for s in samples if s["load"] == "idle" and s["contender"] == OURS and usable(s)]
        figures |= {"idle": [s["bytes_per_connection"] for s in mine], "idle seconds": [s["seconds"] for s in mine]}
    return figures


# --- Report ----------------------------------------------------------------------------------------------------------

def describe_sample(sample, rounds):
    head = f"round {sample['round']}/{rounds}  {sample['load']:<6} {sample['contender']:<8}"
    if sample["error"]:
        return f"{head} FAILED: {sample['error']}"
    noise = f"  SPOILED: others used {sample['others_cpus']:.2f} CPU" if sample["spoiled"] else ""
    if "bytes_per_connection" in sample:
        return f"{head} {sample['bytes_per_connection']:8.0f} B/connection, {sample['seconds']:.2f} s{noise}"
    return f"{head} {sample['per_s'] / 1e3:8.1f} kreq/s {sample['per_cpu_s'] / 1e3:8.1f} kreq per CPU-s{noise}"


def cell(value, form, scale=1):
    return "–" if value is None else format(value / scale, form)


def table(samples, load, names):
    """One load as a Markdown table."""
    rows = [f"### {load}: {LOADS[load].title}", ""]
    if LOADS[load].idle:
        rows += ["| server | bytes / connection | all answered, s | best | active p50 µs alone → crowd "
                 "| p99 µs alone → crowd | RSS MB before → after | n |", "|---|---|---|---|---|---|---|---|"]
    else:
        rows += ["| server | kreq/s | kreq per CPU-s | best | **÷ raw** | best ÷ best | CPU server / wrk "
                 "| p50 µs | p99 µs | n |", "|---|---|---|---|---|---|---|---|---|---|"]
    for name in names:
        s = summarise(samples, load, name)
        if LOADS[load].idle:
            arrow = lambda a, b, scale=1: f"{cell(s[a], '.0f', scale)} → {cell(s[b], '.0f', scale)}"
            rows.append(f"| {name} | {cell(s['bytes_per_connection'], '.0f')} | {cell(s['seconds'], '.2f')} "
                        f"| {cell(s['best_seconds'], '.2f')} | {arrow('alone_p50_us', 'crowd_p50_us')} "
                        f"| {arrow('alone_p99_us', 'crowd_p99_us')} "
                        f"| {arrow('rss_before_kib', 'rss_after_kib', 1024)} | {s['n']} |")
            continue
        # Under pipelining wrk times the first answer of a row only: the figure would mean nothing.
        p50, p99 = (None, None) if LOADS[load].pipelined else (s["p50_us"], s["p99_us"])
        rows.append(f"| {name} | {cell(s['per_s'], '.1f', 1e3)} | {cell(s['per_cpu_s'], '.1f', 1e3)} "
                    f"| {cell(s['best_per_cpu_s'], '.1f', 1e3)} | **{cell(s['ratio'], '.2f')}** "
                    f"| {cell(s['best_ratio'], '.2f')} | {cell(s['server_cpus'], '.2f')} / "
                    f"{cell(s['load_cpus'], '.2f')} | {cell(p50, '.0f')} | {cell(p99, '.0f')} | {s['n']} |")
    return "\n".join(rows) + "\n"


# --- Front -----------------------------------------------------------------------------------------------------------

def parse_options(arguments):
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--rounds", type=int, default=5, help="interleaved rounds (default 5)")
    parser.add_argument("--seconds", type=int, default=3, help="length of a wrk sample (default 3)")
    parser.add_argument("--loads", default="c64,c1024,p16,idle", help=f"of {', '.join(LOADS)}")
    parser.add_argument("--only", help="names of the contenders to run, the floor always (default: all)")
    parser.add_argument("--server", action="append", default=[], metavar="NAME=COMMAND",
                        help="one more contender; {port} in the command stands for the port")
    parser.add_argument("--peers", action="store_true", help="also raw_uring and the servers of tests/bench/peers, those that can be had here")
    parser.add_argument("--build", type=Path, default=ROOT / "build/release/tests/bench",
                        help="folder of raw_epoll and hold")
    parser.add_argument("--others", type=float, default=0.2,
                        help="CPUs that other programs may use before a sample is spoiled (default 0.2)")
    parser.add_argument("--retries", type=int, default=3, help="repeats of a spoiled sample (default 3)")
    goals.add_options(parser, "hello")
    options = parser.parse_args(arguments)
    options.loads = options.loads.split(",")
    if unknown := [load for load in options.loads if load not in LOADS]:
        parser.error(f"no load named {', '.join(unknown)}: choose from {', '.join(LOADS)}")
    if options.check and options.rounds < 5:
        parser.error("--check needs at least 5 rounds: fewer do not tell a difference from noise")
    if bad := [text for text in options.server if not re.match(r"\w+=\S", text)]:
        parser.error(f"--server {bad[0]!r} is not NAME=COMMAND")
    return options


def contenders_named(names, contenders):
    """Those asked for. A name that is nobody's ends the program: a table without it would tell nothing."""
    wanted = names.split(",")
    if unknown := set(wanted) - {c.name for c in contenders}:
        sys.exit(f"no contender named {', '.join(sorted(unknown))}: there are {', '.join(c.name for c in contenders)}")
    return [c for c in contenders if c.name in wanted]


def choose_contenders(options):
    given = dict(text.split("=", 1) for text in options.server)
    given.setdefault(OURS, "build/release/final/demos/helloworld/helloworld --port={port} --logging=warning")
    everyone = [raw_contender(FLOOR, options.build)]
    everyone += [program_contender(name, command) for name, command in given.items()]
    everyone += [nginx_contender(), tornado_contender()]
    if options.peers:
        everyone += [peer_contender(peer) for peer in PEERS]
    if options.peers or URING in (options.only or "").split(","):
        everyone.append(raw_contender(URING, options.build))
    if options.only:
        named = contenders_named(options.only, everyone)
        everyone = [c for c in everyone if c in named or c.name == FLOOR]
    for contender in everyone:
        if contender.missing:
            print(f"left out: {contender.name}: {contender.missing}")
    return [c for c in everyone if not c.missing]


def require_tools(options):
    for tool in ("raw_epoll", "hold"):
        if not (options.build / tool).exists():
            sys.exit(f"hello_bench: {options.build / tool} is not built: run make bench, or configure with "
                     "-DTORNADO_BUILD_BENCHES=ON and name the folder with --build")
    if not shutil.which("wrk"):
        sys.exit("hello_bench: wrk is not installed (apt: wrk)")


def main(arguments):
    options = parse_options(arguments)
    require_tools(options)
    circumstances = {
        "machine": bp.describe_machine(), "commit": bp.describe_commit(ROOT), "versions": peer_versions(),
        "command": shlex.join(["hello_bench.py", *arguments]), "open_files": bp.raise_file_limit(),
        "niceness": bp.try_priority(), "date": datetime.datetime.now(datetime.timezone.utc).isoformat("T", "seconds")}
    for key, value in circumstances.items():
        print(f"{key:<10} {value}")
    contenders = choose_contenders(options)
    names = [contender.name for contender in contenders]
    with tempfile.TemporaryDirectory(prefix="hello_bench-") as folder:
        bench = Bench(options, contenders, folder)
        if bench.server_cpu == bench.load_cpu:
            print("WARNING: one CPU for server and load: only kreq per CPU-s means something")
        print(f"server on CPU {bench.server_cpu}, load on CPU {bench.load_cpu}\n", flush=True)
        bench.run()
    print()
    for load in options.loads:
        print(table(bench.samples, load, names))
    figures = goal_figures(bench.samples, options.loads) if OURS in names or options.check else {}
    summary = {load: {name: summarise(bench.samples, load, name) for name in names} for load in options.loads}
    code = goals.finish("hello", options, figures, **circumstances, failed=bench.failed, summary=summary, samples=bench.samples)
    broken = [name for name in names
              if name in bench.failed or not any(s["contender"] == name and not s["error"] for s in bench.samples)]
    if broken:
        print(f"hello_bench: no figures of {', '.join(broken)}: see above", file=sys.stderr)
        return 1
    return code


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
