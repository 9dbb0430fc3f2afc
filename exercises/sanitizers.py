"""Folds the report of a sanitizer into three lines: what happened, where in the reader's code, and what it means."""

import re
from dataclasses import dataclass

ADDRESS = re.compile(r"(?:AddressSanitizer:DEADLYSIGNAL\n)?=+\n==\d+==ERROR: AddressSanitizer: (attempting [\w-]+|[\w-]+)")
UNDEFINED = re.compile(r"^.*:\d+:\d+: runtime error: (.+)", re.MULTILINE)
ACCESS = re.compile(r"^(READ|WRITE) of size (\d+)", re.MULTILINE)
FRAME = re.compile(r"^ *#\d+ \S+ in (?P<function>.+?) (?P<file>/\S.*?):(?P<line>\d+)", re.MULTILINE)
MEANS = {
    "heap-use-after-free": "the object had been freed already: who owns it, and until when?",
    "buffer-overflow": "this is outside the array or the allocated memory: check the index and the size.",
    "container-overflow": "this is after the last element of the container: check the index and the size.",
    "stack-use-after-return": "a local variable was used after its function had returned: was it captured by reference?",
    "stack-use-after-scope": "a local variable was used after its block had ended: was it captured by reference?",
    "stack-overflow": "the calls filled the stack: a function calls itself without end.",
    "attempting double-free": "the same memory was freed twice: it has two owners.",
    "SEGV": "the pointer does not point to an object: it is null, or its object is gone.",
    "null pointer": "there is no object: check the pointer before you follow it.",
    "out of bounds": "the array has no such element: check the index.",
    "integer overflow": "the result does not fit into the type.",
}
OTHERWISE = "the language does not define what happens here, so anything may."


@dataclass
class Report:
    start: int  # where in the output it begins
    kind: str
    place: str  # "" if no frame is in the reader's code
    meaning: str

    def lines(self):
        where = f"  at {self.place}\n" if self.place else ""
        return f"  {self.kind}\n{where}  That means: {self.meaning}"


def _meaning(kind):
    return next((text for key, text in MEANS.items() if key in kind), OTHERWISE)


def _place(report, folder):
    for frame in FRAME.finditer(report):
        if frame["file"].startswith(f"{folder}/"):
            return f"{frame['file'].removeprefix(f'{folder.parent}/')}:{frame['line']}, in {frame['function']}"
    return ""


def find(output, folder):
    """The first report in what a test program printed; `folder` holds the reader's files. None if there is none."""
    match = ADDRESS.search(output) or UNDEFINED.search(output)
    if match is None:
        return None
    report = output[match.start():]
    kind = match[1]
    if access := ACCESS.search(report):
        kind += f", a {access[1].lower()} of {access[2]} bytes"
    return Report(match.start(), kind, _place(report, folder), _meaning(kind))
