"""scripts/need.sh installs what is missing and nothing else, in a system made of fakes."""

import os
import pathlib
import pty
import shutil
import subprocess

import pytest

ROOT = pathlib.Path(__file__).resolve().parent.parent.parent
REAL_TOOLS = ["sh", "awk", "sort", "dirname", "mktemp", "rm", "env", "cat", "flock"]
TABLE = "# a comment\nbuild g++      compiles everything\nbuild ninja    runs the compilers\ntest  pytest   the tests\n" \
    "test-build gtest  the C++ tests\n"


class System:
    """A tree with need.sh and a PATH of fakes that write down how they were called."""

    def __init__(self, folder):
        self.root = folder / "a clone"
        self.bin = folder / "bin"
        self.calls_file = folder / "calls"
        self.bin.mkdir()
        (self.root / "scripts").mkdir(parents=True)
        shutil.copy(ROOT / "scripts" / "need.sh", self.root / "scripts")
        (self.root / "scripts" / "packages.txt").write_text(TABLE)
        for tool in REAL_TOOLS:
            (self.bin / tool).symlink_to(shutil.which(tool))
        self.fake("id", "echo 0")
        self.fake("ls", "exit 0")
        self.fake("cmake", "exit 1")
        self.installed("g++")

    def fake(self, name, script):
        program = self.bin / name
        program.write_text(f'#!/bin/sh\n{script}\n')
        program.chmod(0o755)

    def recorded(self, name, script="exit 0"):
        self.fake(name, f'echo "{name} $*" >>"{self.calls_file}"\n{script}')

    def installed(self, *packages):
        lines = "".join(f"{package} installed\\n" for package in packages)
        self.fake("dpkg-query", f"printf '{lines}removed config-files\\n'; exit 1")

    def need(self, *groups, stdin=subprocess.DEVNULL):
        return subprocess.run([self.root / "scripts" / "need.sh", *groups], env={"PATH": str(self.bin)},
                              stdin=stdin, capture_output=True, text=True, timeout=60)

    def calls(self):
        return self.calls_file.read_text().splitlines() if self.calls_file.exists() else []


@pytest.fixture
def system(tmp_path):
    return System(tmp_path)


APT = "apt-get -o DPkg::Lock::Timeout=600 -o APT::Status-Fd=1 -qq "
INSTALL = APT + "-y --no-install-recommends install "


def test_says_nothing_and_calls_nothing_if_all_is_there(system):
    system.installed("g++", "ninja")
    system.recorded("apt-get")
    done = system.need("build")
    assert (done.returncode, done.stdout, done.stderr, system.calls()) == (0, "", "", [])


def test_installs_only_what_the_groups_lack_and_says_why(system):
    system.recorded("apt-get")
    done = system.need("build", "test")
    assert done.returncode == 0
    assert system.calls() == [INSTALL + "ninja pytest"]
    assert "ninja" in done.stdout and "runs the compilers" in done.stdout and "g++" not in done.stdout


SAYS = "echo 'Unpacking ninja ...'; echo 'dlstatus:1:51.0:Retrieving file'; for part in 0 10.5 26 49 100.0; do " \
    "echo \"pmstatus:ninja:$part:Installing\"; done; echo 'E: it broke' >&2"


def test_prints_how_far_it_is_and_not_what_apt_says(system):
    system.fake("apt-get", SAYS)
    done = system.need("build")
    assert done.returncode == 0 and "Unpacking" not in done.stdout and done.stderr == ""
    assert [line for line in done.stdout.splitlines() if "%" in line] == ["    50 % downloaded", "    25 % installed", "   100 % installed"]


def test_prints_what_apt_says_if_it_fails(system):
    system.fake("apt-get", SAYS + "; exit 100")
    done = system.need("build")
    assert done.returncode == 1 and "Unpacking ninja" in done.stderr and "E: it broke" in done.stderr


def test_fetches_the_lists_first_if_there_are_none(system):
    system.fake("ls", "exit 2")
    system.recorded("apt-get")
    assert system.need("build").returncode == 0
    assert system.calls() == [APT + "update", INSTALL + "ninja"]


def test_fetches_the_lists_and_tries_again_if_installing_fails(system):
    mark = system.root / "updated"
    system.recorded("apt-get", f'case "$*" in *update) : >"{mark}";; *) [ -e "{mark}" ];; esac')
    assert system.need("build").returncode == 0
    assert system.calls() == [INSTALL + "ninja", APT + "update", INSTALL + "ninja"]


def test_uses_sudo_if_not_root(system):
    system.fake("id", "echo 1000")
    system.recorded("sudo")
    system.recorded("apt-get")
    assert system.need("build").returncode == 0
    assert system.calls() == ["sudo -n env DEBIAN_FRONTEND=noninteractive flock /tmp " + INSTALL + "ninja"]


def test_lets_sudo_ask_for_a_password_at_a_terminal(system):
    system.fake("id", "echo 1000")
    system.recorded("sudo")
    system.recorded("apt-get")
    ours, terminal = pty.openpty()
    assert system.need("build", stdin=terminal).returncode == 0
    os.close(ours)
    os.close(terminal)
    assert system.calls() == ["sudo env DEBIAN_FRONTEND=noninteractive flock /tmp " + INSTALL + "ninja"]


def test_without_root_and_sudo_prints_the_command(system):
    system.fake("id", "echo 1000")
    system.recorded("apt-get")
    done = system.need("build")
    assert done.returncode == 1 and system.calls() == []
    assert "apt-get install ninja" in done.stderr and "runs the compilers" in done.stderr


def test_without_apt_prints_the_list(system):
    os.unlink(system.bin / "dpkg-query")
    done = system.need("build")
    assert done.returncode == 1
    assert "g++" in done.stderr and "ninja" in done.stderr and "no apt-get" in done.stderr


def test_without_apt_goes_on_if_the_build_finds_everything(system):
    system.recorded("cmake")
    done = system.need("build")
    assert (done.returncode, done.stderr) == (0, "")
    assert "going on without: ninja" in done.stdout
    assert "-DTORNADO_BUILD_TESTS=OFF" in system.calls()[0]


def test_for_the_tests_the_build_must_find_the_test_libraries_too(system):
    system.recorded("cmake", "exit 1")
    assert system.need("build", "test-build").returncode == 1
    assert "-DTORNADO_BUILD_TESTS=ON" in system.calls()[0]


def test_what_only_one_demo_needs_is_installed_for_that_demo(system):
    shutil.copy(ROOT / "scripts" / "packages.txt", system.root / "scripts")
    every, demo, tests = (set(system.need("--missing", *groups).stdout.split())
                          for groups in (["build"], ["demo-wsgi"], ["test-build", "test"]))
    assert demo == {"python3-dev", "pybind11-dev", "python3-flask", "python3-django"}
    assert every and not every & demo and demo <= tests
    asked = [subprocess.run(["make", "-n", "-C", ROOT, *goal], capture_output=True, text=True, timeout=60).stdout
             for goal in (["run"], ["demo", "DEMO=wsgi"])]
    assert "need.sh build\n" in asked[0] and 'need.sh build "demo-wsgi"\n' in asked[1]


def test_missing_lists_and_changes_nothing(system):
    system.recorded("apt-get")
    assert system.need("--missing", "build", "test").stdout.split() == ["ninja", "pytest"]
    assert system.calls() == []
