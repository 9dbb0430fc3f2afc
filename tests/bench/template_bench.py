#!/usr/bin/python3
"""A page with a table of 1,000 rows of 10 cells: milliseconds of processor time, beside python3-tornado and Jinja2.

    python3 tests/bench/template_bench.py [build/release/tests/bench/template_bench] [--rounds 9] [--check]

All three render the same rows with autoescape on, and their pages must be equal. They take turns within a round; a
round's ratio is theirs to ours, and the median over the rounds is the result.
"""
import argparse
import json
import pathlib
import statistics
import subprocess
import sys
import tempfile
import time

import jinja2
from tornado import template

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parent))
import goals  # noqa: E402

TORNADO = "<table>{% for row in rows %}<tr>{% for cell in row %}<td>{{ cell }}</td>{% end %}</tr>{% end %}</table>"
JINJA = TORNADO.replace("{% end %}", "{% endfor %}")
ROWS = [[number * 10 + column if column % 2 else f"cell {number} & <{column}>" for column in range(10)]
        for number in range(1000)]


def checksum(page):
    value = 2166136261
    for byte in page.encode():
        value = ((value ^ byte) * 16777619) & 0xFFFFFFFF
    return value


class Ours:
    def __init__(self, program, folder):
        (folder / "table.html").write_text(TORNADO)
        (folder / "rows.json").write_text(json.dumps(ROWS))
        self.process = subprocess.Popen([program, folder / "table.html", folder / "rows.json"], text=True,
                                        stdin=subprocess.PIPE, stdout=subprocess.PIPE)
        self.size, self.sum = map(int, self.process.stdout.readline().split())

    def seconds(self, times):
        print(times, file=self.process.stdin, flush=True)
        return float(self.process.stdout.readline())


def timed(render, times):
    start = time.process_time()
    for _ in range(times):
        render()
    return time.process_time() - start


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("program", nargs="?", default=str(goals.ROOT / "build/release/tests/bench/template_bench"))
    parser.add_argument("--rounds", type=int, default=9)
    goals.add_options(parser, "template")
    options = parser.parse_args()
    if not pathlib.Path(options.program).is_file():
        parser.error(f"{options.program} is not built: scripts/build.sh release -DTORNADO_BUILD_BENCHES=ON template_bench")

    # python3-tornado's page differs from ours in &#39; only, and there is none in the table.
    loaded = template.Template(TORNADO, "table.html")
    jinja = jinja2.Environment(autoescape=True).from_string(JINJA)
    others = {"python3-tornado": lambda: loaded.generate(rows=ROWS), "Jinja2": lambda: jinja.render(rows=ROWS)}
    pages = {"python3-tornado": loaded.generate(rows=ROWS).decode(), "Jinja2": jinja.render(rows=ROWS)}

    with tempfile.TemporaryDirectory() as folder:
        ours = Ours(options.program, pathlib.Path(folder))
        for name, page in pages.items():
            if (len(page.encode()), checksum(page)) != (ours.size, ours.sum):
                sys.exit(f"error: {name} makes another page")
        samples = {name: [] for name in ("ours", *others)}
        for _ in range(options.rounds):
            samples["ours"].append(ours.seconds(40) / 40)
            for name, render in others.items():
                samples[name].append(timed(render, 4) / 4)
        ours.process.stdin.close()
        ours.process.wait()

    print(f"a page of {ours.size} bytes, {options.rounds} rounds")
    print("| | ms per page, median | best | times ours, median of the rounds |\n|---|---|---|---|")
    figures = {}
    for name, values in samples.items():
        figures[name] = [value / own for value, own in zip(values, samples["ours"])]
        print(f"| {name} | {statistics.median(values) * 1e3:.3f} | {min(values) * 1e3:.3f} | {statistics.median(figures[name]):.1f} |")
    return goals.finish("template", options, figures)


if __name__ == "__main__":
    sys.exit(main())
