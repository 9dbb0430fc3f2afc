"""tornado_check() finds each wrong use of coroutines at its line, and nothing in the demos, where clang warns of nothing either."""

import os
import pathlib
import re
import shutil
import subprocess
import sys

import pytest

HERE = pathlib.Path(__file__).resolve().parent
ROOT = HERE.parent.parent
sys.path.insert(0, str(ROOT / "scripts"))

import check_lifetimes  # noqa: E402

CLANG_QUERY = "clang-query-19"
MARK = re.compile(r"// wrong: ([\w-]+)$")
SAMPLES = {"wrong.cc": HERE / "wrong.cc.txt", "wrong_header.h": HERE / "wrong_header.h.txt"}
MARKED = sorted((name, number, mark[1]) for name, file in SAMPLES.items()
                for number, line in enumerate(file.read_text().splitlines(), 1) if (mark := MARK.search(line)))
PROJECT = f"""
cmake_minimum_required(VERSION 3.25)
project(samples LANGUAGES CXX)
enable_testing()
include("{ROOT}/cmake/TornadoCheck.cmake")
add_library(samples STATIC wrong.cc)
target_compile_features(samples PRIVATE cxx_std_20)
target_include_directories(samples PRIVATE "{ROOT}/final/include")
target_compile_options(samples PRIVATE -Wall -Wextra -Werror -Wno-error=unused-result)
tornado_check(samples)
"""
pytestmark = pytest.mark.timeout(300)


def run(*command, code=0, **options):
    done = subprocess.run([str(word) for word in command], stdin=subprocess.DEVNULL, capture_output=True, text=True, **options)
    assert done.returncode == code, f"{command}\n{done.stdout}{done.stderr}"
    return done.stdout + done.stderr


def check(build, target, *options, code=0, root=ROOT):
    return run("/usr/bin/python3", ROOT / "scripts" / "check_lifetimes.py", f"--build={build}", f"--target={target}",
               f"--root={root}", *options, code=code)


@pytest.fixture(scope="module")
def project(tmp_path_factory):
    folder = tmp_path_factory.mktemp("samples")
    for name, file in SAMPLES.items():
        shutil.copy(file, folder / name)
    (folder / "CMakeLists.txt").write_text(PROJECT)
    run("cmake", "-S", folder, "-B", folder / "build", "-G", "Ninja", "-DCMAKE_CXX_COMPILER=g++")
    return folder


@pytest.fixture(scope="module")
def said(project):
    return check(project / "build", "samples", f"--clang-query={CLANG_QUERY}", "--gcc12", code=1, root=project)


def found_in(said, folder):
    lines = re.findall(r"^(\S+):(\d+):\d+: .* \[tornado-([\w-]+)\]$", said, re.M)
    return sorted((str(pathlib.Path(file).relative_to(folder)), int(line), kind) for file, line, kind in lines)


@pytest.mark.parametrize("kind", check_lifetimes.KINDS)
def test_each_kind_is_found_and_its_neighbours_are_not(kind, said, project):
    expected = [one for one in MARKED if one[2] == kind]
    assert expected and [one for one in found_in(said, project) if one[2] == kind] == expected


def test_nothing_else_is_found(said, project):
    assert found_in(said, project) == MARKED
    assert f"tornado_check: 1 source of samples, {len(MARKED)} findings." in said


def test_a_forgotten_future_gets_the_same_advice_as_from_the_compiler(said):
    lines = [line for line in said.splitlines() if line.endswith("[tornado-forgotten-future]")]
    assert lines and [line for line in lines if "pass it to gen::spawn" not in line] == []


def test_the_compiler_warns_of_forgotten_futures_only(project):
    run("cmake", "--build", project / "build")


def test_ctest_runs_it(project):
    said = run("ctest", "--test-dir", project / "build", "--output-on-failure", code=8)
    assert "tornado_check_samples" in said and "[tornado-temporary-closure]" in said


def test_lines_of_other_projects_are_left_alone(project):
    assert "no findings" in check(project / "build", "samples", f"--clang-query={CLANG_QUERY}", "--gcc12", root=project / "build")


def test_without_clang_the_statements_for_gcc_12_are_found(project):
    said = check(project / "build", "samples", "--gcc12", code=1, root=project)
    assert found_in(said, project) == [one for one in MARKED if one[2] == "gcc12"]


def test_a_source_that_clang_cannot_read_is_an_error(project, tmp_path):
    text = (project / "build" / "compile_commands.json").read_text()
    (tmp_path / "compile_commands.json").write_text(text.replace("/final/include", "/final/elsewhere"))
    assert "'tornado/concurrent.h' file not found" in check(tmp_path, "samples", f"--clang-query={CLANG_QUERY}", code=1)


def test_warnings_are_errors_if_asked_for(project, tmp_path):
    text = (project / "build" / "compile_commands.json").read_text()
    (tmp_path / "compile_commands.json").write_text(text.replace("-Wno-error=unused-result", ""))
    assert "[-Werror,-Wunused-result]" in check(tmp_path, "samples", f"--clang-query={CLANG_QUERY}", "--warnings", code=1)


def test_a_target_without_sources_is_an_error(project):
    assert "has no source of the target nothing" in check(project / "build", "nothing", "--gcc12", code=1)


# ---- the demos


@pytest.fixture(scope="module")
def demos(tmp_path_factory):
    """The demos' compile commands. Sources in batches: their common headers are read once."""
    build = tmp_path_factory.mktemp("demos")
    run("cmake", "--preset", "release", "-B", build, cwd=ROOT)
    return build


def names_of_demos():
    declared = "\n".join(file.read_text() for file in sorted((ROOT / "final" / "demos").glob("*/CMakeLists.txt")))
    return re.findall(r"^tornado_demo\((\w+) ", declared, re.M)


@pytest.mark.parametrize("name", names_of_demos())
def test_nothing_is_found_in_a_demo(name, demos):
    assert "no findings" in check(demos, f"demo_{name}", f"--clang-query={CLANG_QUERY}", "--warnings", "--gcc12")
