"""Scripts and make's targets answer --help, and reject bad input with one clear line. Neither changes or installs anything."""

import os
import pathlib
import shutil
import subprocess

import pytest

ROOT = pathlib.Path(__file__).resolve().parents[2]
BUSY = ["apt-get", "clang-format-19", "cmake", "mmdebstrap", "ninja", "run-clang-tidy-19", "sudo"]  # no script may call them here
PYTHON = "/usr/bin/python3"
IN_PYTHON = [path for pattern in ("scripts/*.py", "exercises/run.py", "tests/bench/*.py", "tests/soak/*.py", "tests/cluster/*.py",
                                  "final/demos/*/*.py")
             for path in sorted(ROOT.glob(pattern)) if "__main__" in path.read_text()]
SCRIPTS = [str(path.relative_to(ROOT)) for path in [*sorted(ROOT.glob("scripts/*.sh")), *IN_PYTHON]]


class Tree:
    """The project, with its scripts as copies, on a system that has no package and whose busy tools write down that they ran."""

    def __init__(self, folder):
        self.root = folder / "a clone"
        self.root.mkdir()
        for path in ROOT.iterdir():
            if path.name not in (".git", "build", "exercises", "scripts"):
                (self.root / path.name).symlink_to(path)
        shutil.copytree(ROOT / "scripts", self.root / "scripts", ignore=shutil.ignore_patterns("__pycache__"))
        (self.root / "exercises").mkdir()
        for path in (ROOT / "exercises").iterdir():
            if path.suffix == ".py":
                shutil.copy(path, self.root / "exercises")
            elif path.name != "__pycache__":
                (self.root / "exercises" / path.name).symlink_to(path)
        self.calls = folder / "calls"
        self.bin = folder / "bin"
        self.bin.mkdir()
        for name in BUSY:
            self.fake(name, f'echo "{name} $*" >>"{self.calls}"')
        self.fake("dpkg-query", "")

    def fake(self, name, script):
        program = self.bin / name
        program.write_text(f"#!/bin/sh\n{script}\nexit 1\n")
        program.chmod(0o755)

    def listing(self):
        return {(str(path), path.lstat().st_mtime_ns) for path in self.root.rglob("*") if path.name != "__pycache__"}

    def run(self, *command):
        """Returns exit code, standard output and standard error of a command, which must leave everything as it is."""
        files = self.listing()
        done = self.start(*command)
        assert self.called() == ""
        assert self.listing() == files
        return done

    def start(self, *command):
        environment = {"PATH": f"{self.bin}:{os.environ['PATH']}", "LANG": "C.UTF-8", "PYTHONDONTWRITEBYTECODE": "1"}
        done = subprocess.run(command, cwd=self.root, env=environment, stdin=subprocess.DEVNULL, capture_output=True,
                              text=True, timeout=60)
        return done.returncode, done.stdout, done.stderr

    def called(self):
        """Returns the calls of the busy tools since the last call of this."""
        text = self.calls.read_text() if self.calls.exists() else ""
        self.calls.unlink(missing_ok=True)
        return text

    def script(self, name, *arguments):
        return self.run(*([PYTHON] if name.endswith(".py") else []), str(self.root / name), *arguments)


@pytest.fixture(scope="module")
def tree(tmp_path_factory):
    return Tree(tmp_path_factory.mktemp("usage"))


def test_the_scripts_are_found():
    assert {"scripts/build.sh", "scripts/quiz.py", "exercises/run.py", "tests/bench/experiment.py"} <= set(SCRIPTS)


@pytest.mark.parametrize("name", SCRIPTS)
def test_help_is_the_usage(tree, name):
    code, out, err = tree.script(name, "--help")
    assert (code, err) == (0, "") and pathlib.Path(name).name in out.splitlines()[0]
    assert tree.script(name, "-h") == (code, out, err)


def test_the_installed_tornado_new_has_that_name_in_its_usage(tree):
    installed = tree.bin / "tornado-new"
    shutil.copy(ROOT / "scripts" / "new.sh", installed)
    code, out, err = tree.run("tornado-new", "--help")
    assert (code, err) == (0, "") and out.startswith("usage: tornado-new NAME [FOLDER]: makes a project") and "#" not in out


@pytest.mark.parametrize("name", SCRIPTS)
def test_an_unknown_option_is_an_error(tree, name):
    code, out, err = tree.script(name, "--nonsense")
    assert (code, out) == (2, "") and "error: " in err.splitlines()[-1] and "Traceback" not in err


@pytest.mark.parametrize("arguments, said", [
    ("scripts/build.sh", "must be a preset"),
    ("scripts/build.sh debug --help", "no option '--help'"),
    ("scripts/chapter.sh 9", "no chapter '9'; use CH= with one of: 01 02"),
    ("scripts/debian13.sh -x", "no option '-x'"),
    ("scripts/demo.sh", "no demo is named; use DEMO= with one of: blog chat"),
    ("scripts/demo.sh x", "no demo 'x'; use DEMO= with one of: blog chat"),
    ("scripts/demo.sh ../demos", "no demo '../demos'"),
    ("scripts/demo.sh echo/x", "no demo 'echo/x'"),
    ("scripts/demo.sh guide", "no demo 'guide'"),
    ("scripts/demo.sh guide/x", "no demo 'guide/x'"),
    ("scripts/doctor.sh x", "no argument, but got 'x'"),
    ("scripts/format.sh x", "only --check, but got 'x'"),
    ("scripts/fuzz.sh", "SECONDS is ''"),
    ("scripts/fuzz.sh 1s", "SECONDS is '1s'"),
    ("scripts/fuzz.sh 1 x", "no fuzz program 'x'; use NAME= with one of: chunked client client_url"),
    ("scripts/lint.sh x", "no argument, but got 'x'"),
    ("scripts/need.sh", "no group of packages is named"),
    ("scripts/need.sh --missing", "no group of packages is named"),
    ("scripts/need.sh build lesson", "no group 'lesson'"),
    ("scripts/new.sh a b c", "'c' is one argument too many"),
    ("scripts/quiz.py", "no chapter is named; use CH= with one of: 01 02"),
    ("scripts/quiz.py 9", "no quiz for chapter '9'; use CH= with one of: 01 02"),
])
def test_a_wrong_argument_is_one_line(tree, arguments, said):
    code, out, err = tree.script(*arguments.split())
    assert (code, out) == (2, "") and err.startswith("error: ") and err.count("\n") == 1 and said in err


@pytest.mark.parametrize("arguments, said", [
    ("scripts/check_await.py x.cc", "there is no file x.cc"),
    ("scripts/check_lifetimes.py --build=x --target=y --root=z", "x has no compile_commands.json"),
    ("scripts/check_tree.py x", "unrecognized arguments: x"),
    ("scripts/compatibility.py --tests=IOL-999", "no row IOL-999"),
    ("scripts/doxygen_filter.py x.h", "there is no file x.h"),
    ("scripts/pages.py --update x.md", "there is no page x.md"),
    ("scripts/reference.py x y", "unrecognized arguments: y"),
    ("scripts/quiz.py 01 02", "unrecognized arguments: 02"),
    ("scripts/run_tests.py --chapter=99", "invalid choice: '99'"),
    ("scripts/slides.py x.md", "there is no deck x.md"),
    ("tests/bench/experiment.py 99", "invalid choice: '99'"),
    ("tests/bench/growth.py --only=x", "no curve named x: choose from connections, literal"),
    ("tests/bench/template_bench.py x", "x is not built"),
    ("tests/bench/wait_bench.py --clients=many", "no goal for many clients: choose from 1000, 8000"),
    ("tests/bench/websocket_bench.py --loads=e1,x", "no load named x: choose from e1, e16, idle, crowd"),
])
def test_a_wrong_argument_is_the_last_line_after_the_usage(tree, arguments, said):
    code, out, err = tree.script(*arguments.split())
    assert (code, out) == (2, "") and err.startswith("usage: ") and "error: " in err.splitlines()[-1] and said in err.splitlines()[-1]


@pytest.mark.parametrize("goal, said", [
    ("bench CH=9", "no chapter '9'"),
    ("bench CH=01 IMPL=mine", "IMPL=mine goes with CH=all"),
    ("bench CH=all IMPL=theirs", "IMPL is 'theirs'"),
    ("chapter", "no chapter is named"),
    ("chapter CH=9", "no chapter '9'"),
    ("chapter CH=01 PORT=x", "PORT is 'x', but must be a whole number from 0 to 65535"),
    ("demo", "no demo is named"),
    ("demo DEMO=x", "no demo 'x'"),
    ("demo DEMO=chat IMPL=theirs", "IMPL is 'theirs'"),
    ("demo DEMO=blog IMPL=mine", "IMPL=mine goes with DEMO=chat"),
    ("demo IMPL=mine", "IMPL=mine goes with DEMO=chat"),
    ("exercise", "no exercise is named; use EX= with one of: 01-1"),
    ("exercise EX=99-9", "no exercise '99-9'; use EX= with one of: 01-1"),
    ("faults ARGS=--seed=1", "ARGS has '--seed=1'; use --scenario=NAME, --every=N, --point=N or --prove"),
    ("faults ARGS=--every=0", "ARGS has '--every=0'"),
    ("fuzz NAME=x", "no fuzz program 'x'"),
    ("fuzz SECONDS=x", "SECONDS is 'x'"),
    ("hint", "no exercise is named"),
    ("hint EX=x", "no exercise 'x'"),
    ("mine IMPL=theirs", "IMPL is 'theirs'"),
    ("new", "the project has no name"),
    ("new NAME=A", "the name 'A' cannot be used"),
    ("quiz", "no chapter is named"),
    ("quiz CH=x", "no quiz for chapter 'x'"),
    ("run PORT=99999", "PORT is '99999'"),
    ("run PORT=-1", "PORT is '-1'"),
    ("run PORT=", "PORT is ''"),
    ("simulate SEEDS=-1", "SEEDS is '-1', but must be a whole number from 1"),
    ("simulate SEEDS=0", "SEEDS is '0'"),
    ("simulate SEEDS=1.5", "SEEDS is '1.5'"),
    ("simulate FIRST=x", "FIRST is 'x'"),
    ("soak MINUTES=x", "MINUTES is 'x', but must be a number from 0.1"),
    ("soak MINUTES=0", "MINUTES is '0'"),
    ("test CH=9", "no chapter '9'"),
    ("watch", "no exercise is named"),
    ("watch EX=x", "no exercise 'x'"),
])
def test_make_rejects_a_wrong_variable_before_it_installs_anything(tree, goal, said):
    code, out, err = tree.run("make", *goal.split())
    lines = err.splitlines()
    assert (code, out) == (2, "") and said in lines[0] and lines[0].startswith("error: ")
    assert len(lines) == 2 and lines[1].startswith("make: *** ")


@pytest.mark.parametrize("goal", ["demo DEMO=echo", "demo DEMO=guide/hello", "demo DEMO=chat IMPL=mine", "exercise EX=01-1",
                                  "watch EX=F-1", "fuzz NAME=cookie", "bench CH=01", "bench CH=growth", "bench CH=peers", "bench CH=all IMPL=mine",
                                  "mine", "run", "run PORT=0", "run PORT=65535", "chapter CH=01", "faults", "faults ARGS=--scenario=upload",
                                  "simulate", "simulate SEEDS=1 FIRST=4711", "soak", "soak MINUTES=0.5"])
def test_make_installs_if_the_variables_are_right(tree, goal):
    code, out, _ = tree.start("make", *goal.split())
    assert code == 2 and out.startswith("Installing with apt-get:") and "apt-get" in tree.called()
