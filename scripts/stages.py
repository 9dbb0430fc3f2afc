"""Runs the stages of run_tests.py: their commands with a limit, their progress, what they counted, what was remembered.

A stage's tests are counted from the JUnit reports that ctest and pytest write, so that nothing depends on how they
word their last line. A stage that passed is not run again until one of its inputs changes.
"""

import hashlib
import json
import os
import pathlib
import re
import selectors
import shutil
import signal
import subprocess
import sys
import threading
import time
import xml.etree.ElementTree as xml
from dataclasses import dataclass, field, replace

ROOT = pathlib.Path(__file__).resolve().parent.parent
LOGS = ROOT / "build" / "logs"
MEMORY = ROOT / "build" / "passed.json"
MEMORY_LOCK = threading.Lock()
BAR = 20
HEARTBEAT_SECONDS = 30
GRACE_SECONDS = 10
RUNNING = set()  # processes
SHOWN_FAILURES = 8
SHOWN_LINES = 25
# Reports name functions and lines where llvm-symbolizer is not installed, too.
SANITIZERS = {"ASAN_OPTIONS": "allow_addr2line=1", "UBSAN_OPTIONS": "print_stacktrace=1:allow_addr2line=1",
              "TSAN_OPTIONS": "halt_on_error=1:allow_addr2line=1"}
# The zone and the language of whoever started the run, and that make did: a test may call make itself.
NOT_INHERITED = {"TZ", "LANG", "MAKEFLAGS", "MFLAGS", "MAKELEVEL"}

# ninja, ctest, pytest and the proofs each say how far they are.
PARTS = [re.compile(r"^\[(\d+)/(\d+)\] (.*)"), re.compile(r"^ *(\d+)/(\d+) Test +#\d+: (\S+)"),
         re.compile(r"^(\d+) of (\d+) (.*)")]
PERCENT = re.compile(r"\[ *(\d+)%\]")


@dataclass
class Command:
    words: list
    junit: bool = False  # writes its tests to a file: {junit} in `words` is replaced by its name
    alone: str = ""  # the command that runs one of its tests, {} for the test's name
    environment: dict = field(default_factory=dict)


@dataclass
class Stage:
    name: str
    about: str
    commands: list
    minutes: int  # its limit: for what hangs, so it leaves room for a slow or busy machine
    inputs: list = field(default_factory=list)  # globs; none: it always runs
    programs: list = field(default_factory=list)  # globs of test programs: only those that changed run, by ctest's labels
    independent: bool = False  # a command that fails does not stop the next
    beside: str = ""  # a stage that often waits: this one runs at the same time


@dataclass
class Failure:
    test: str
    story: str
    alone: str


@dataclass
class Result:
    stage: Stage
    seconds: float = 0.0
    passed: int = 0
    failures: list = field(default_factory=list)
    ok: bool = True
    remembered: bool = False
    note: str = ""


# ---- what was remembered


def stamp(files):
    """Changes with the files' sizes and times."""
    seen = hashlib.sha256()
    for file in files:
        if file.is_file() and "__pycache__" not in file.parts:
            status = file.stat()
            seen.update(f"{file}\0{status.st_size}\0{status.st_mtime_ns}\n".encode())
    return seen.hexdigest()


def matching(patterns):
    return sorted({file for pattern in patterns for file in ROOT.glob(pattern)})


def fingerprint(stage):
    """Changes when a file among the stage's inputs, or an installed package, does."""
    commands = repr([command.words for command in stage.commands])
    return commands + stamp([pathlib.Path("/var/lib/dpkg/status"), *matching(stage.inputs)])


def program_stamps(stage):
    return {program.name: stamp([program]) for program in matching(stage.programs) if os.access(program, os.X_OK)}


def read_memory():
    try:
        return json.loads(MEMORY.read_text())
    except (FileNotFoundError, ValueError):
        return {}


def change_memory(name, what):
    """What is known of the stage `name`; None forgets it."""
    with MEMORY_LOCK:
        memory = read_memory()
        memory[name] = what
        MEMORY.parent.mkdir(exist_ok=True)
        MEMORY.write_text(json.dumps({name: what for name, what in memory.items() if what}, indent=1))


def recall(stage):
    """(tests that passed and need not run again, the test programs that must run: None for all)"""
    known = read_memory().get(stage.name)
    if not known or known["inputs"] != fingerprint(stage):
        return 0, None
    old, new = known["programs"], program_stamps(stage)
    changed = sorted(name for name in new if old.get(name, {}).get("stamp") != new[name])
    kept = sum(old[name]["passed"] for name in new if name not in changed)
    return kept if stage.programs else known["passed"], changed


def tests_of_programs(build):
    """How many tests of ctest each program has. Its label is its name."""
    listed = subprocess.run(["ctest", "--test-dir", build, "--show-only=json-v1"], cwd=ROOT, capture_output=True, check=True)
    count = {}
    for test in json.loads(listed.stdout)["tests"]:
        for one in test["properties"]:
            if one["name"] == "LABELS":
                count[one["value"][0]] = count.get(one["value"][0], 0) + 1
    return count


def remember(stage, passed):
    counts = tests_of_programs("build/debug") if stage.programs else {}
    programs = {name: {"stamp": was, "passed": counts.get(name, 0)} for name, was in program_stamps(stage).items()}
    change_memory(stage.name, {"inputs": fingerprint(stage), "passed": passed, "programs": programs})


# ---- progress


class Progress:
    """A bar on a terminal; elsewhere a line once in a while that the work goes on. Of two stages, only one has it."""

    running = []  # the first one is shown

    def __init__(self, stage):
        Progress.running.insert(len(Progress.running) if stage.beside else 0, self)
        self.stage, self.start, self.last = stage, time.monotonic(), time.monotonic()
        self.terminal = sys.stdout.isatty()
        self.done, self.doing = 0.0, ""

    def read(self, line):
        for pattern in PARTS:
            if match := pattern.match(line):
                self.done, self.doing = int(match[1]) / max(1, int(match[2])), match[3]
        if match := PERCENT.search(line):
            self.done, self.doing = int(match[1]) / 100, line.split()[-1]
        self.show()

    def show(self):
        now = time.monotonic()
        if Progress.running[0] is not self or (not self.terminal and now - self.last < HEARTBEAT_SECONDS):
            return
        self.last = now
        filled = round(self.done * BAR)
        line = f"  {self.stage.name:13} {'#' * filled}{'.' * (BAR - filled)} {now - self.start:5.0f} s  {self.doing}"
        if self.terminal:
            print("\r\033[K" + line[:shutil.get_terminal_size().columns - 1], end="", flush=True)
        else:
            print(line[:100], flush=True)

    def end(self):
        Progress.running.remove(self)
        if self.terminal:
            print("\r\033[K", end="", flush=True)


# ---- running


def environment(command):
    """What a test may rely on, however the run was started."""
    settings = {"PYTHONDONTWRITEBYTECODE": "1", **SANITIZERS,
                "CLICOLOR_FORCE": "0", "LC_ALL": "C.UTF-8", "HOME": os.environ.get("HOME") or str(ROOT / "build"),
                "TORNADO_BUILD": str(ROOT / "build" / "debug"), **command.environment}
    kept = {name: value for name, value in os.environ.items() if name not in NOT_INHERITED}
    return {**kept, **settings}


def ordinary_process():
    """As a shell in a terminal starts it: `nohup make test &` leaves signals ignored, and tests that send them waiting."""
    for ignored in (signal.SIGINT, signal.SIGQUIT, signal.SIGHUP):
        signal.signal(ignored, signal.SIG_DFL)
    os.umask(0o022)


def end(process, how):
    try:
        os.killpg(process.pid, how)
    except ProcessLookupError:
        pass


def name_what_hangs(process, log, progress):
    """Lists what still runs, and has the interpreters among it print their stacks."""
    running = subprocess.run(["ps", "-s", str(process.pid), "-o", "pid,etime,args", "--cols", "150"], capture_output=True,
                             text=True)
    log.write("Over its limit. Still running:\n" + running.stdout)
    end(process, signal.SIGABRT)
    follow(process, log, progress, time.monotonic() + GRACE_SECONDS)


def follow(process, log, progress, deadline):
    """Copies what `process` prints to the log. False if the deadline came first."""
    with selectors.DefaultSelector() as selector:
        selector.register(process.stdout, selectors.EVENT_READ)
        rest = b""
        while time.monotonic() < deadline:
            if not selector.select(1):
                progress.show()
                continue
            piece = os.read(process.stdout.fileno(), 65536)
            if not piece:
                return True
            *lines, rest = (rest + piece).split(b"\n")
            for line in lines:
                text = line.decode(errors="replace")
                log.write(text + "\n")
                progress.read(text)
    return False


def end_all():
    """Ends what the stages have started and not ended yet."""
    for process in list(RUNNING):
        end(process, signal.SIGKILL)


def run_command(command, log, progress, deadline, report):
    words = [word.replace("{junit}", str(report)) for word in command.words]
    log.write(f"$ {' '.join(words)}\n")
    log.flush()
    process = subprocess.Popen(words, cwd=ROOT, env=environment(command), stdin=subprocess.DEVNULL, stdout=subprocess.PIPE,
                               stderr=subprocess.STDOUT, start_new_session=True,
                               preexec_fn=ordinary_process)
    RUNNING.add(process)
    try:
        if not follow(process, log, progress, deadline):
            name_what_hangs(process, log, progress)
            return "took longer than its limit"
        code = process.wait()
        return f"{words[0]} ended with {code}" if code else ""
    finally:
        end(process, signal.SIGKILL)
        process.wait()
        process.stdout.close()
        RUNNING.discard(process)


def read_report(report, command, result):
    """Adds the tests of a JUnit report. One that was skipped or not run is a failure."""
    for case in xml.parse(report).iter("testcase"):
        name = case.get("name")
        if case.get("classname") not in (None, name):  # pytest: tests.clients.test_x and test_y
            name = case.get("classname").replace(".", "/") + ".py::" + name
        bad = [part for part in case if part.tag in ("failure", "error", "skipped")]
        if not bad and case.get("status", "run") == "run":
            result.passed += 1
            continue
        output = case.findtext("system-out") or ""
        words = "\n".join(filter(None, (part.text or part.get("message") for part in bad)))
        story = words if len(words) > len("Failed") else output
        named = name.split()[0] if "prove" in command.words else name
        result.failures.append(Failure(name, story.strip(), command.alone.replace("{}", named)))


def run_commands(stage, changed, log, progress, result):
    deadline = progress.start + 60 * stage.minutes
    for number, command in enumerate(stage.commands):
        report = LOGS / f"{stage.name}-{number}.xml"
        report.unlink(missing_ok=True)
        if changed:
            command = replace(command, words=[*command.words, "-L", f"^({'|'.join(changed)})$"])
        problem = run_command(command, log, progress, deadline, report)
        if command.junit and report.exists():
            read_report(report, command, result)
        elif command.junit:
            problem = problem or "wrote no report"
        if problem:
            result.ok, result.note = False, problem
            if not stage.independent:
                return


def run(stage, fresh=False):
    """Runs what has changed of the stage since it last passed."""
    result = Result(stage)
    kept, changed = (0, None) if fresh or not stage.inputs else recall(stage)
    if changed == []:
        result.passed, result.remembered = kept, True
        return result
    change_memory(stage.name, None)
    LOGS.mkdir(parents=True, exist_ok=True)
    progress = Progress(stage)
    with (LOGS / f"{stage.name}.log").open("w") as log:
        run_commands(stage, changed, log, progress, result)
    result.passed += kept
    result.ok = result.ok and not result.failures
    result.seconds = time.monotonic() - progress.start
    progress.end()
    if result.ok and stage.inputs:
        remember(stage, result.passed)
    return result


# ---- what the reader sees


def print_line(result):
    count = f"{result.passed:,} passed" if result.passed else "done"
    if not result.ok:
        count = f"{len(result.failures)} FAILED" if result.failures else f"FAILED: {result.note}"
    elif result.remembered:
        count += ", and nothing has changed since"
    print(f"  {result.stage.name:13} {result.seconds:6.0f} s  {count:16}  {result.stage.about}", flush=True)


def print_failures(result):
    """What a reader needs to go on: each test's name, its story, and the command that runs it alone."""
    log = LOGS / f"{result.stage.name}.log"
    for failure in result.failures[:SHOWN_FAILURES]:
        lines = failure.story.splitlines()
        print(f"\n{result.stage.name}: {failure.test}")
        print("\n".join("    " + line for line in lines[-SHOWN_LINES:]))
        if failure.alone:
            print(f"  Run it alone: {failure.alone}")
    if len(result.failures) > SHOWN_FAILURES:
        print(f"\n({len(result.failures) - SHOWN_FAILURES} more failures in {result.stage.name})")
    if not result.failures:
        print(f"\n{result.stage.name}: {result.note}. The end of {log.relative_to(ROOT)}:")
        print("\n".join("    " + line for line in log.read_text(errors="replace").splitlines()[-SHOWN_LINES:]))
    sys.stdout.flush()
