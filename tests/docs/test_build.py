"""scripts/build.sh configures when it has to, and says what is off, with a CMake that is a fake. The real one has no warning."""

import fcntl
import os
import pathlib
import shutil
import subprocess

import pytest

ROOT = pathlib.Path(__file__).resolve().parent.parent.parent


class Tree:
    """A clone of nothing but build.sh. What the fake CMake finds when it configures are the files named `finds`."""

    def __init__(self, folder):
        self.root = folder / "a clone"
        self.build = self.root / "build" / "release"
        self.calls_file = folder / "calls"
        (self.root / "scripts").mkdir(parents=True)
        shutil.copy(ROOT / "scripts" / "build.sh", self.root / "scripts")
        self.bin = folder / "bin"
        self.bin.mkdir()
        self.finds = folder / "finds"
        cmake = self.bin / "cmake"
        cmake.write_text(f"""#!/bin/sh
echo "$1 $2" >>"{self.calls_file}"
if [ "$1" = --list-presets ]; then printf 'Available configure presets:\\n\\n  "debug"   - a\\n  "release" - b, "c"\\n'; fi
[ "$1" = --preset ] || exit 0
mkdir -p "{self.build}"
echo "CMAKE_HOME_DIRECTORY:INTERNAL=$(pwd -P)" >"{self.build}/CMakeCache.txt"
{{ echo "build all: phony x"; cat "{self.finds}"; }} >"{self.build}/build.ninja"
grep -q demo_wsgi "{self.finds}" || echo "-- Off: the demo wsgi (needs pybind11)"
""")
        cmake.chmod(0o755)
        self.finds.write_text("")

    def run(self, *arguments):
        self.calls_file.unlink(missing_ok=True)
        return self.run_preset("release", *arguments)

    def run_preset(self, *arguments):
        """(exit code, standard error, what CMake was told to do, besides listing its presets)"""
        done = subprocess.run([self.root / "scripts" / "build.sh", *arguments], capture_output=True, text=True,
                              env={"PATH": f"{self.bin}:{os.environ['PATH']}"}, timeout=60)
        return done.returncode, done.stderr, [call for call in self.calls_file.read_text().splitlines() if call != LISTS]


    def start(self):
        """The script as a process whose output is a pipe."""
        return subprocess.Popen([self.root / "scripts" / "build.sh", "release"], stdout=subprocess.PIPE, text=True,
                                env={"PATH": f"{self.bin}:{os.environ['PATH']}"})


LISTS, CONFIGURES, BUILDS = "--list-presets ", "--preset release", "--build build/release"


@pytest.fixture
def tree(tmp_path):
    return Tree(tmp_path)


def test_configures_the_first_time_and_then_no_more(tree):
    assert tree.run() == (0, "", [CONFIGURES, BUILDS])
    assert tree.run("all") == (0, "", [BUILDS])


def test_options_are_for_a_new_configuration(tree):
    tree.run()
    assert tree.run("-DTORNADO_WERROR=ON", "all") == (0, "", [CONFIGURES, BUILDS])


def test_configures_anew_for_a_target_whose_needs_were_installed_since(tree):
    tree.run()
    tree.finds.write_text("build demo_wsgi: phony wsgi\n")
    assert tree.run("demo_wsgi") == (0, "", [CONFIGURES, BUILDS])
    assert tree.run("demo_wsgi") == (0, "", [BUILDS])


def test_a_target_whose_needs_are_missing_is_an_error_that_says_what_is_off(tree):
    code, said, calls = tree.run("demo_wsgi")
    assert (code, calls) == (1, [CONFIGURES])
    assert "off: the demo wsgi (needs pybind11)" in said and "cannot make demo_wsgi" in said
    assert tree.run("all") == (0, "", [BUILDS])


def test_a_preset_that_is_not_there_is_an_error_that_names_those_that_are(tree):
    assert tree.run_preset("relase") == (2, "error: there is no preset 'relase'; use one of: debug release\n", [])
    assert not (tree.root / "build").exists()


def test_without_a_list_of_presets_cmake_itself_complains(tree):
    (tree.bin / "cmake").write_text('#!/bin/sh\necho "$1 $2" >>"%s"\necho "CMake is broken." >&2\nexit 1\n' % tree.calls_file)
    code, said, calls = tree.run()
    assert (code, calls) == (1, [CONFIGURES]) and "CMake is broken." in said


def test_a_build_of_another_folder_is_made_anew(tree):
    tree.run()
    (tree.build / "CMakeCache.txt").write_text("CMAKE_HOME_DIRECTORY:INTERNAL=/somewhere\n")
    (tree.build / "old").write_text("")
    assert tree.run() == (0, "", [CONFIGURES, BUILDS])
    assert not (tree.build / "old").exists()


def test_a_second_build_in_a_folder_waits_for_the_first(tree):
    tree.run()
    with open(tree.root / "build" / "release.lock", "w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        with tree.start() as second:
            assert second.stdout.readline() == "Another command builds in build/release. Waiting until it has ended ...\n"
            assert tree.calls_file.read_text().splitlines().count(BUILDS) == 1
            fcntl.flock(lock, fcntl.LOCK_UN)
            assert second.stdout.readline() == "Building all in build/release ...\n"
        assert second.returncode == 0
    assert tree.calls_file.read_text().splitlines().count(BUILDS) == 2


@pytest.mark.timeout(310)
def test_the_project_is_configured_without_a_warning(tmp_path):
    """CMake's own warnings differ from version to version: that of Debian 13 warns of an empty TEST_PREFIX."""
    done = subprocess.run(["cmake", "--preset", "debug", "-B", tmp_path], cwd=ROOT, text=True, stdout=subprocess.PIPE,
                          stderr=subprocess.STDOUT, timeout=300)
    assert done.returncode == 0 and "Warning" not in done.stdout, done.stdout
