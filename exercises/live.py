"""What make exercise and make watch do at this moment, in build/exercises/live/NN-K.json, for the course in a browser."""

import json
import os

from catalogue import ROOT
from results import END, RUN

FOLDER = ROOT / "build" / "exercises" / "live"


class Live:
    """The report on one run. A report that cannot be written is none: the terminal has it all."""

    def __init__(self, exercise):
        self._file = FOLDER / f"{exercise.id}.json"
        self._report = {"state": "building", "tests": [], "total": 0}
        self._write()

    def heard(self, line):
        """A line of the test program's output."""
        tests = self._report["tests"]
        if begun := RUN.match(line):
            tests.append({"name": begun[1], "passed": None})
        elif tests and (end := END.match(line)) and end[2] == tests[-1]["name"]:
            tests[-1]["passed"] = end[1] == "OK"
        else:
            return
        self._report["state"] = "running"
        self._write()

    def end(self, outcome=None):
        """The results; without them, it did not compile."""
        if outcome is None:
            self._report["state"] = "broken"
        else:
            self._report = {"state": "done", "total": outcome.total,
                            "tests": [{"name": test.name, "passed": test.passed} for test in outcome.tests]}
        self._write()

    def _write(self):
        try:
            FOLDER.mkdir(parents=True, exist_ok=True)
            new = self._file.with_suffix(".new")
            new.write_text(json.dumps(self._report))
            os.replace(new, self._file)
        except OSError:
            pass
