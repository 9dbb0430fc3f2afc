#!/usr/bin/python3
"""Builds the preset coverage, runs the C++ tests, and prints how many lines of final/src they run, room by room.

    coverage.py [--least=95] [--files]

Fails below --least percent. --files also lists the files below it, with the lines that did not run. The optional parts are off in
this build, and not counted: CaresResolver, the components curl, metrics, redis and wsgi, and what talks to systemd.
"""

import argparse
import collections
import json
import os
import pathlib
import subprocess
import sys

ROOT = pathlib.Path(__file__).resolve().parent.parent
BUILD = ROOT / "build" / "coverage"
SOURCES = "final/src/"
# Stubs of the optional parts, which only throw.
LEFT_OUT = ("cares_missing.cc", "systemd_missing.cc")


def run_tests():
    subprocess.run(["scripts/build.sh", "coverage", "tested"], cwd=ROOT, check=True)
    for counts in BUILD.rglob("*.gcda"):  # of earlier runs
        counts.unlink()
    subprocess.run(["ctest", "--test-dir", str(BUILD), "--output-on-failure", "--no-tests=error", "-j",
                    str(os.cpu_count() or 2)], cwd=ROOT, check=True)


def read_counts():
    """{file: {line: how often it ran}}. A line of a header is in several objects, and gcovr adds them up."""
    report = subprocess.run(["gcovr", "--root", str(ROOT), "--filter", SOURCES, "--json", "-", str(BUILD)], cwd=ROOT, check=True,
                            capture_output=True, text=True).stdout
    files = {}
    for file in json.loads(report)["files"]:
        if not file["file"].endswith(LEFT_OUT):
            files[file["file"]] = {line["line_number"]: line["count"] for line in file["lines"] if not line["gcovr/noncode"]}
    return files


def room_of(file):
    """`http/server` of final/src/http/server/connection.cc."""
    return file.removeprefix(SOURCES).rpartition("/")[0]


def ranges(numbers):
    """`3-5 9` of 3, 4, 5, 9."""
    found = []
    for number in numbers:
        if found and found[-1][1] == number - 1:
            found[-1][1] = number
        else:
            found.append([number, number])
    return " ".join(f"{first}" if first == last else f"{first}-{last}" for first, last in found)


def percent(ran, lines):
    return 100 * ran / lines if lines else 100.0


def table(files):
    """The lines of the table, and the percentage of all."""
    lines, ran = collections.Counter(), collections.Counter()
    for file, counts in files.items():
        for name in (room_of(file), "total"):
            lines[name] += len(counts)
            ran[name] += sum(count > 0 for count in counts.values())
    rows = [f"{'room':16} {'lines':>7} {'not run':>8} {'covered':>9}"]
    for name in [*sorted(set(lines) - {"total"}), "total"]:
        rows.append(f"{name:16} {lines[name]:7,} {lines[name] - ran[name]:8,} {percent(ran[name], lines[name]):8.1f} %")
    return rows, percent(ran["total"], lines["total"])


def gaps(files, least):
    """The files below `least` percent, with the lines that did not run."""
    rows = []
    for file, counts in sorted(files.items()):
        missed = sorted(line for line, count in counts.items() if count == 0)
        if percent(len(counts) - len(missed), len(counts)) < least:
            rows.append(f"{file} {percent(len(counts) - len(missed), len(counts)):.1f} %: {ranges(missed)}")
    return rows


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--least", type=float, default=95, help="percent of the lines that must run")
    parser.add_argument("--files", action="store_true", help="list the files below that")
    arguments = parser.parse_args()
    run_tests()
    files = read_counts()
    if not files:
        sys.exit(f"error: gcovr found no counted line of {SOURCES} in {BUILD}")
    rows, total = table(files)
    print("\n".join(rows))
    if arguments.files:
        print("\n".join(["", *gaps(files, arguments.least)]))
    if total < arguments.least:
        sys.exit(f"error: {total:.1f} % of the lines of {SOURCES} ran; {arguments.least:g} % must. With --files, the lines are listed")


if __name__ == "__main__":
    main()
