#!/usr/bin/python3
"""Growth: what a request, a timer, a coroutine and a message cost when there are few of something, and when there are many.

    make bench CH=growth       growth.py [--rounds 5] [--seconds 1] [--only literal,timers] [--quick] [--check]

Each curve is a rate per second of processor time against a size. The program prints the rates, and the slope of each curve
between logarithms, beside the slope in theory; it draws the curves into build/bench/growth.svg. See README.md.
"""

import argparse
import json
import math
import statistics
import subprocess
import sys
import tempfile
from dataclasses import dataclass
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parent))
import bench_process as bp  # noqa: E402
from figures import put, short  # noqa: E402

ROOT = Path(__file__).resolve().parents[2]
OUTPUT = ROOT / "build" / "bench"
NOISE_CPUS = 0.2
TOLERANCE = 0.25  # a slope may be this much worse than theory, because caches make a decade up to 1.8 times as expensive
QUICK_SIZE, QUICK_BYTES = 1_000, 1_000_000
DECADES = (10, 100, 1_000, 10_000, 100_000, 1_000_000)
MANY = (1, *DECADES[:4])
BYTES = (0, 100, *DECADES[2:], 10_000_000, 100_000_000)


# --- What is measured ------------------------------------------------------------------------------------------------

def constant(_size):
    return 1.0


def logarithm(size):
    return math.log2(size)


def linear(size):
    return float(size)


@dataclass(frozen=True)
class Curve:
    """One line of the plot. `theory` is what an item costs at a size, up to a factor. A request takes `path`, with a # for
    the numbers 0 to size - 1, and `keys` of growth_load; in its values, {n} stands for the size."""

    name: str
    panel: str
    item: str
    theory: object
    sizes: tuple
    path: str = "/"
    pattern: str = ""  # of as many routes as the size says
    keys: tuple = ("connections=16",)


CURVES = (
    Curve("connections", "connections", "request", constant, MANY, keys=("connections={n}",)),
    Curve("literal", "routes", "request", constant, MANY, "/literal#/page", "/literal#/page", ("connections=16", "paths={n}")),
    Curve("capture", "routes", "request", constant, MANY, "/capture#/7", "/capture#/([0-9]+)", ("connections=16", "paths={n}")),
    Curve("expression", "routes", "request", constant, MANY, "/expression#/a", "/expression#/(a|b)", ("connections=16", "paths={n}")),
    Curve("fields", "header fields", "request", linear, (1, 3, 10, 30, 100), keys=("connections=16", "fields={n}")),
    Curve("upload", "bytes of a body", "request", linear, BYTES, keys=("body={n}",)),
    Curve("download", "bytes of a body", "request", linear, BYTES, "/body/{n}", keys=("expected={n}",)),
    Curve("timers", "timers", "timer", logarithm, DECADES),
    Curve("timeouts", "timers", "timer", logarithm, DECADES),
    Curve("coroutines", "coroutines", "coroutine", constant, DECADES),
    Curve("subscribers", "subscribers", "message", constant, DECADES[:4]),
)
LOCAL = ("timers", "timeouts", "coroutines")
THEORY = {
    "connections": "the number of open connections changes nothing, because epoll returns only the ready ones",
    "literal": "finding a literal route costs the same for any number of them, because they are kept in a tree of path segments",
    "capture": "routes with a simple capture are in the same tree",
    "expression": "routes that need the regular expression engine are in the same tree, with the text before their first group",
    "fields": "each header field is read once, so the cost is at most proportional",
    "upload": "each byte is read once, so the cost is at most proportional",
    "download": "each byte is written once, so the cost is at most proportional",
    "timers": "a timer costs the logarithm of their number, the height of a heap",
    "timeouts": "setting and removing one more costs the logarithm of the pending timers",
    "coroutines": "a coroutine that waits costs nothing until it is resumed",
    "subscribers": "a message costs each subscriber the same",
}
FRAME = """# Growth

What happens to the cost of a request, a timer, a coroutine or a message when there are ten times as many of something? One figure
cannot tell, so this page shows curves, and compares the slope of each with what theory says. A slope of 0 means that the cost does not
change, -1 that it is proportional to the size. [The method](../tests/bench/README.md#growth) is on a page of its own.

![Rates per second of processor time against size, with what theory says dashed](growth.svg)

<!-- growth -->
<!-- /growth -->
"""


class Bench:
    """Takes samples: {"items", "cpu_s", "others_cpus"}."""

    def __init__(self, build, seconds, folder):
        self.build, self.seconds, self._folder = build, seconds, folder
        self.server_cpu, self.load_cpu = bp.choose_cpus(bp.os.sched_getaffinity(0))

    def sample(self, curve, size):
        if curve.name in LOCAL:
            command = [str(self.build / "growth_local"), curve.name, str(size), str(self.seconds)]
            return self._metered(lambda: self._run(command, self.server_cpu))
        if curve.name == "subscribers":
            return self._broadcast(size)
        return self._requests(curve, size)

    def _requests(self, curve, size):
        options = [f"--pattern={curve.pattern}", f"--routes={size}"] if curve.pattern else []
        with self._server("growth_server", *options) as server:
            server.wait_ready(seconds=60)  # it makes its routes first
            (pid,) = server.pids()
            keys = [key.format(n=size) for key in curve.keys]
            command = [str(self.build / "growth_load"), str(server.port), str(pid), curve.path.format(n=size),
                       f"seconds={self.seconds}", *keys]
            return self._metered(lambda: self._run(command, self.load_cpu), server)

    def _broadcast(self, size):
        messages = max(2, round(100_000 * self.seconds / size))
        with self._server("websocket_server", "--crowd=true") as server:
            server.wait_ready()
            (pid,) = server.pids()
            command = [str(self.build / "websocket_load"), "crowd", *map(str, (server.port, size, messages, pid))]
            sample = self._metered(lambda: self._run(command, self.load_cpu), server)
        return sample | {"items": messages * size, "cpu_s": sample["server_cpu_s"]}

    def _server(self, program, *options):
        port = bp.free_port()
        return bp.Server([str(self.build / program), f"--port={port}", *options], port, self.server_cpu,
                         self._folder / "output.txt")

    def _metered(self, run, server=None):
        meter = bp.Meter(server or Nobody())
        told = json.loads(run())
        return told | {"others_cpus": meter.stop()["others_cpus"]}

    @staticmethod
    def _run(command, cpu):
        done = subprocess.run(["taskset", "-c", str(cpu), *command], capture_output=True, text=True)
        if done.returncode != 0:
            raise SystemExit(f"growth: {' '.join(command)}: {done.stderr.strip()}")
        return done.stdout


class Nobody:
    """Stands for the server where there is none: the meter then takes a child's time for the load's."""

    @staticmethod
    def cpu_s():
        return 0.0


def measure(bench, curves, rounds, retries, quick):
    """{(curve, size): [sample, ...]}. In a round each curve is measured at all its sizes. A sample that others have spoiled is
    taken again, at most `retries` times."""
    samples = {}
    for number in range(rounds):
        for curve in curves:
            for size in sizes_of(curve, quick):
                if sys.stderr.isatty():
                    print(f"\r\033[Kround {number + 1} of {rounds}: {curve.name} {size:,}", end="", file=sys.stderr, flush=True)
                sample = bench.sample(curve, size)
                for _ in range(retries):
                    if sample["others_cpus"] <= NOISE_CPUS:
                        break
                    bp.wait_for_quiet(NOISE_CPUS)
                    sample = bench.sample(curve, size)
                samples.setdefault((curve.name, size), []).append(sample)
    if sys.stderr.isatty():
        print("\r\033[K", end="", file=sys.stderr)
    return samples


def sizes_of(curve, quick):
    most = (QUICK_BYTES if "bytes" in curve.panel else QUICK_SIZE) if quick else math.inf
    return [size for size in curve.sizes if size <= most]


# --- Arithmetic ------------------------------------------------------------------------------------------------------

def rate(own):
    """Items per second of processor time: the median."""
    return statistics.median(sample["items"] / sample["cpu_s"] for sample in own)


def slope(points):
    """Of the straight line through the logarithms: -1 is a rate that halves when the size doubles."""
    return statistics.linear_regression([math.log(x) for x, _ in points], [math.log(y) for _, y in points]).slope


def last_decade(points):
    """The largest size, and those from a tenth of it on."""
    return [(x, y) for x, y in points if x >= points[-1][0] / 10]


@dataclass(frozen=True)
class Verdict:
    """Slopes of a curve: over all sizes, in the last decade, and there in theory."""

    curve: Curve
    points: list  # (size, rate)
    whole: float
    last: float
    theory: float

    @property
    def worse(self):
        return self.last < self.theory - TOLERANCE

    def line(self):
        (first, _), (last, _) = self.points[0], self.points[-1]
        judged = "WORSE THAN THEORY" if self.worse else "no worse than theory"
        return (f"{self.curve.name}: slope {self.whole:+.2f} from {first:,} to {last:,}, {self.last:+.2f} in the last decade; "
                f"theory {self.theory:+.2f}: {judged}")


def judge(curve, samples, quick):
    """Size 0 has no logarithm, and is only in the table."""
    points = [(size, rate(samples[curve.name, size])) for size in sizes_of(curve, quick) if size > 0]
    ideal = [(size, 1 / curve.theory(size)) for size, _ in last_decade(points)]
    return Verdict(curve, points, slope(points), slope(last_decade(points)), slope(ideal))


# --- Report ----------------------------------------------------------------------------------------------------------

def table(curves, samples, quick):
    """The rates of each curve, in thousands per CPU-second: a row for each size."""
    lines = []
    for panel in dict.fromkeys(curve.panel for curve in curves):
        own = [curve for curve in curves if curve.panel == panel]
        lines += ["", f"| {panel} | " + " | ".join(f"{curve.name}: {curve.item}s per CPU-s" for curve in own) + " |",
                  "|---" * (1 + len(own)) + "|"]
        lines += [f"| {size:,} | " + " | ".join(short(rate(samples[curve.name, size])) for curve in own) + " |"
                  for size in sizes_of(own[0], quick)]
    return "\n".join(lines[1:])


COLOURS = ("#33519c", "#b03a00", "#2f7d4f")
ACROSS, WIDTH, HEIGHT = 3, 320, 300
LEFT, RIGHT, TOP, BOTTOM = 66, 306, 84, 250  # of the plot within a panel


def powers(numbers):
    """The powers of ten from below the smallest number to above the largest: exponents, two at least."""
    low = math.floor(math.log10(min(numbers)))
    return range(low, max(math.ceil(math.log10(max(numbers))), low + 1) + 1)


def power_name(exponent):
    return f"{10 ** exponent:,}" if 0 <= exponent <= 3 else f'10<tspan dy="-5" font-size="9">{exponent}</tspan>'


class Panel:
    """One plot: both axes are logarithmic."""

    def __init__(self, number, title, verdicts):
        self.x0, self.y0 = number % ACROSS * WIDTH, 40 + number // ACROSS * HEIGHT
        self.title, self.verdicts = title, verdicts
        self.across = powers([size for verdict in verdicts for size, _ in verdict.points])
        self.up = powers([number for verdict in verdicts for _, number in verdict.points])

    def place(self, size, number):
        x = LEFT + (RIGHT - LEFT) * (math.log10(size) - self.across[0]) / (self.across[-1] - self.across[0])
        y = BOTTOM - (BOTTOM - TOP) * (math.log10(number) - self.up[0]) / (self.up[-1] - self.up[0])
        return f"{self.x0 + x:.0f},{self.y0 + min(max(y, TOP), BOTTOM):.0f}"

    def drawn(self):
        items = " and ".join(dict.fromkeys(f"{verdict.curve.item}s" for verdict in self.verdicts))
        parts = [f'<text x="{self.x0 + 14}" y="{self.y0 + 30}" font-weight="600">{items} per CPU-s</text>',
                 f'<text x="{self.x0 + (LEFT + RIGHT) / 2:.0f}" y="{self.y0 + BOTTOM + 38}" text-anchor="middle">{self.title}</text>']
        for exponent in self.up:
            x, y = self.place(10 ** self.across[0], 10 ** exponent).split(",")
            parts.append(f'<path d="M{x} {y} h{RIGHT - LEFT}" stroke="#ddd8c8"/>'
                         f'<text x="{int(x) - 6}" y="{int(y) + 4}" text-anchor="end" font-size="12">{power_name(exponent)}</text>')
        for exponent in self.across:
            x, y = self.place(10 ** exponent, 10 ** self.up[0]).split(",")
            parts.append(f'<text x="{x}" y="{int(y) + 18}" text-anchor="middle" font-size="12">{power_name(exponent)}</text>')
        for number, verdict in enumerate(self.verdicts):
            parts += self._line(number, verdict)
        return parts

    def _line(self, number, verdict):
        colour = COLOURS[number]
        shown = [self.place(*point) for point in verdict.points]
        size, start = last_decade(verdict.points)[0]
        end = verdict.points[-1][0]
        ideal = start * verdict.curve.theory(size) / verdict.curve.theory(end)
        return [f'<polyline points="{self.place(size, start)} {self.place(end, ideal)}" fill="none" stroke="{colour}" '
                'stroke-dasharray="5 4" class="theory"/>',
                f'<polyline points="{" ".join(shown)}" fill="none" stroke="{colour}" stroke-width="2"/>',
                *(f'<circle cx="{point.split(",")[0]}" cy="{point.split(",")[1]}" r="3.5" fill="{colour}"/>' for point in shown),
                f'<text x="{self.x0 + 14 + 98 * number}" y="{self.y0 + 52}" fill="{colour}" font-size="12" font-weight="600">'
                f"{verdict.curve.name} {verdict.last:+.2f}</text>"]


def plot(verdicts):
    panels = {}
    for verdict in verdicts:
        panels.setdefault(verdict.curve.panel, []).append(verdict)
    width, height = ACROSS * WIDTH, 50 + HEIGHT * math.ceil(len(panels) / ACROSS)
    parts = []
    for number, (title, own) in enumerate(panels.items()):
        parts += Panel(number, title, own).drawn()
    return (f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {width} {height}" role="img" font-size="14"\n'
            '     font-family="Segoe UI, Helvetica, Arial, sans-serif" fill="#1d2433">\n'
            "  <title>Rates per second of processor time against size; both axes are logarithmic</title>\n"
            f'  <rect width="{width}" height="{height}" rx="10" fill="#f7f5ef"/>\n'
            '  <text x="14" y="28">Beside each name: the slope of its last decade. Dashed: that decade in theory.</text>\n  '
            + "\n  ".join(parts) + "\n</svg>\n")


# --- Front -----------------------------------------------------------------------------------------------------------

def parse_options(arguments):
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--rounds", type=int, help="interleaved rounds (default 5; with --quick: 1)")
    parser.add_argument("--seconds", type=float, help="length of a sample (default 1; with --quick: 0.1)")
    parser.add_argument("--only", help=f"of {', '.join(curve.name for curve in CURVES)} (default: all)")
    parser.add_argument("--retries", type=int, help="repeats of a sample that others have spoiled (default 3; with --quick: 0)")
    parser.add_argument("--quick", action="store_true", help="small sizes, in under a minute: shows that all works, and no figure to keep")
    parser.add_argument("--publish", action="store_true", help="write docs/growth.md and docs/growth.svg")
    parser.add_argument("--check", action="store_true", help="exit code 1 if a curve is worse than theory, or a sample was spoiled")
    parser.add_argument("--build", type=Path, default=ROOT / "build/release/tests/bench", help="folder of the programs")
    options = parser.parse_args(arguments)
    if options.publish and options.only:
        parser.error("--publish writes a page of all curves: leave out --only")
    options.rounds = options.rounds or (1 if options.quick else 5)
    options.seconds = options.seconds or (0.1 if options.quick else 1)
    if options.retries is None:
        options.retries = 0 if options.quick else 3
    names = [curve.name for curve in CURVES]
    wanted = options.only.split(",") if options.only else names
    if unknown := [name for name in wanted if name not in names]:
        parser.error(f"no curve named {', '.join(unknown)}: choose from {', '.join(names)}")
    options.curves = [curve for curve in CURVES if curve.name in wanted]
    return options


def publish(folder, verdicts, report, where):
    """Writes docs/growth.svg and, between the marks of docs/growth.md, tables and a sentence for each curve."""
    page = folder / "growth.md"
    sentences = [f"- **{verdict.curve.name}**: In theory, {THEORY[verdict.curve.name]}. Measured: {verdict.line()}." for verdict in verdicts]
    words = "\n".join([report, "", *sentences, "", where, ""])
    page.write_text(put(page.read_text() if page.exists() else FRAME, "growth", words))
    (folder / "growth.svg").write_text(plot(verdicts))


def main(arguments):
    options = parse_options(arguments)
    for program in ("growth_server", "growth_local", "growth_load", "websocket_server", "websocket_load"):
        if not (options.build / program).exists():
            raise SystemExit(f"growth: {options.build / program} is not built: run make bench CH=growth")
    bp.raise_file_limit()
    bp.try_priority()
    with tempfile.TemporaryDirectory(prefix="growth-") as folder:
        samples = measure(Bench(options.build, options.seconds, Path(folder)), options.curves, options.rounds,
                          options.retries, options.quick)
    verdicts = [judge(curve, samples, options.quick) for curve in options.curves]
    spoiled = sum(sample["others_cpus"] > NOISE_CPUS for own in samples.values() for sample in own)
    where = (f"{bp.describe_machine()}, commit {bp.describe_commit(ROOT)}, `make bench CH=growth{' ARGS=--quick' * options.quick}`: {options.rounds} rounds of "
             f"{options.seconds:g} s; medians. Of {sum(map(len, samples.values()))} samples, {spoiled} were spoiled by other programs.")
    print(table(options.curves, samples, options.quick), "\n".join(verdict.line() for verdict in verdicts), where, sep="\n\n")
    OUTPUT.mkdir(parents=True, exist_ok=True)
    (OUTPUT / "growth.svg").write_text(plot(verdicts))
    (OUTPUT / "growth.json").write_text(json.dumps(
        {"where": where, "samples": [[*key, own] for key, own in samples.items()]}, indent=1))
    if options.publish:
        publish(ROOT / "docs", verdicts, table(options.curves, samples, options.quick), where)
    print("\nThe plot: build/bench/growth.svg; every sample: growth.json beside it.")
    return 1 if options.check and (spoiled or any(verdict.worse for verdict in verdicts)) else 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
