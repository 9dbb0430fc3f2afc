"""A foreign project finds the installed library, or adds the sources as a subdirectory, and its programs run."""

import contextlib
import json
import os
import pathlib
import re
import shlex
import shutil
import subprocess
import urllib.request

import pytest

HERE = pathlib.Path(__file__).resolve().parent
ROOT = HERE.parent.parent
HELLO = ROOT / "final" / "demos" / "helloworld" / "helloworld.cc"
VERSION = re.search(r"project\(tornado VERSION ([\d.]+)", (ROOT / "CMakeLists.txt").read_text()).group(1)
GREETING = f'{VERSION} "&lt;Hello, package&gt;"\n'
# The build type of the release preset: with a compiler cache the sources are compiled once for all of these builds.
RELEASE = ["-G", "Ninja", "-DCMAKE_BUILD_TYPE=Release"]
SECONDS = 1200  # the first test builds the library, without a compiler cache on one processor in that time
pytestmark = pytest.mark.timeout(SECONDS + 60)


def run(*command, **options):
    done = subprocess.run([str(word) for word in command], text=True, stdin=subprocess.DEVNULL,
                          stdout=subprocess.PIPE, stderr=subprocess.STDOUT, timeout=SECONDS, **options)
    assert done.returncode == 0, f"{shlex.join(map(str, command))}\n{done.stdout}"
    return done.stdout


@pytest.fixture(scope="module")
def prefix(tmp_path_factory):
    """An installed tree, moved after it was installed: nothing in it may name the place it was made for."""
    run(ROOT / "scripts" / "build.sh", "release", "tornado_install_files")
    first = tmp_path_factory.mktemp("first") / "usr local"
    run("cmake", "--install", ROOT / "build" / "release", "--prefix", first)
    moved = tmp_path_factory.mktemp("moved") / "pre fix"
    shutil.move(first, moved)
    return moved


@pytest.mark.parametrize("source", ["loop/poll/poller.cc", "http/message/head_parser.cc"])
def test_optimised_sources_give_no_warning(prefix, source):
    """Those in which g++ 12 at -O3 sees copies that overlap, and there are none."""
    commands = json.loads((ROOT / "build" / "release" / "compile_commands.json").read_text())
    one = next(entry for entry in commands if f"/tornado_{source.partition('/')[0]}.dir/" in entry["command"])
    command = [word if word != one["file"] else str(ROOT / "final" / "src" / source) for word in shlex.split(one["command"])]
    command[command.index("-o") + 1] = os.devnull
    assert "-O3" in command and "-Wall" in command
    run(*command, "-Werror", cwd=one["directory"])


def build_foreign(folder, *options):
    launcher = ["-DCMAKE_CXX_COMPILER_LAUNCHER=ccache"] if shutil.which("ccache") else []
    hello = [f"-DHELLO_SOURCE={HELLO}"] if HELLO.exists() else []
    run("cmake", "-S", HERE, "-B", folder, *RELEASE, *launcher, *hello, *options)
    run("cmake", "--build", folder, "-j", os.cpu_count())
    return folder


def check_programs(folder):
    assert run(folder / "greeting") == GREETING
    if HELLO.exists():
        check_hello(folder / "hello")


@contextlib.contextmanager
def hello_server(program):
    """The address of hello world while it runs."""
    with subprocess.Popen([program, "--port=0"], stdout=subprocess.PIPE, text=True) as server:
        try:
            words = server.stdout.readline()
            address = re.fullmatch(r"listening on (http://127\.0\.0\.1:\d+)\n", words)
            assert address, words
            yield address.group(1) + "/"
        finally:
            server.terminate()


def check_hello(program):
    with hello_server(program) as address, urllib.request.urlopen(address, timeout=20) as answer:
        assert answer.status == 200
        assert b"Hello, world" in answer.read()


def test_find_package(prefix, tmp_path):
    check_programs(build_foreign(tmp_path / "build", f"-DCMAKE_PREFIX_PATH={prefix}"))


# TE-01
def test_find_package_with_the_test_kit(prefix, tmp_path):
    tests = build_foreign(tmp_path / "build", "-DKIT=ON", f"-DCMAKE_PREFIX_PATH={prefix}") / "kit_test"
    assert "[  PASSED  ] 3 tests." in run(tests)
    assert "[  PASSED  ] 2 tests." in run(tests, "--logging=error", "GreeterTest")
    assert "[  PASSED  ] 1 test." in run(tests, "GreeterTest.greets")
    for mistake, says in ("Nobody", "there is no test named Nobody.*"), ("--nothing", "unrecognized command line option"):
        done = subprocess.run([tests, mistake], capture_output=True, text=True, timeout=60)
        assert done.returncode == 1 and says in done.stderr


def shared_libraries(program):
    return {line.split()[0] for line in run("ldd", program).splitlines()}


# HC-24
def test_only_the_component_curl_loads_libcurl(prefix, tmp_path):
    folder = build_foreign(tmp_path / "build", "-DCURL=ON", f"-DCMAKE_PREFIX_PATH={prefix}")
    assert shared_libraries(folder / "fetching") == shared_libraries(folder / "hello")
    assert not any("curl" in name for name in shared_libraries(folder / "fetching"))
    assert any("libcurl" in name for name in shared_libraries(folder / "fetching_with_curl"))
    with hello_server(folder / "hello") as address:
        for program in "fetching", "fetching_with_curl":
            assert "Hello, world" in run(folder / program, address)


def test_find_package_without_a_component_that_is_there(prefix, tmp_path):
    (tmp_path / "CMakeLists.txt").write_text(
        "cmake_minimum_required(VERSION 3.25)\nproject(p LANGUAGES CXX)\n"
        "find_package(tornado CONFIG COMPONENTS nothing)\n"
        "if(tornado_FOUND)\n  message(FATAL_ERROR \"found\")\nendif()\n")
    said = run("cmake", "-S", tmp_path, "-B", tmp_path / "build", *RELEASE, f"-DCMAKE_PREFIX_PATH={prefix}")
    assert "the component nothing of tornado" in said


def test_find_package_refuses_another_minor_version(prefix, tmp_path):
    (tmp_path / "CMakeLists.txt").write_text(
        "cmake_minimum_required(VERSION 3.25)\nproject(p LANGUAGES CXX)\nfind_package(tornado 0.99 CONFIG)\n"
        "if(tornado_FOUND)\n  message(FATAL_ERROR \"found\")\nendif()\n")
    run("cmake", "-S", tmp_path, "-B", tmp_path / "build", *RELEASE, f"-DCMAKE_PREFIX_PATH={prefix}")


def test_pkg_config(prefix, tmp_path):
    (metadata,) = prefix.rglob("tornado.pc")
    environment = {**os.environ, "PKG_CONFIG_PATH": str(metadata.parent)}
    assert run("pkg-config", "--modversion", "tornado", env=environment).strip() == VERSION
    flags = shlex.split(run("pkg-config", "--static", "--cflags", "--libs", "tornado", env=environment))
    program = tmp_path / "greeting"
    run("g++", "-std=c++20", HERE / "greeting.cc", "-o", program, *flags)
    assert run(program) == GREETING
    flags = shlex.split(run("pkg-config", "--static", "--cflags", "--libs", "tornado-curl", env=environment))
    run("g++", "-std=c++20", "-DWITH_CURL", HERE / "fetching.cc", "-o", tmp_path / "fetching", *flags)
    assert any("libcurl" in name for name in shared_libraries(tmp_path / "fetching"))


def test_the_component_wsgi(prefix, tmp_path):
    folder = build_foreign(tmp_path / "build", f"-DCMAKE_PREFIX_PATH={prefix}", "-DWSGI=ON")
    assert run(folder / "hosting").startswith("200 OK Hello world!\n")
    asked = ("import hosted; said = []; "
             "body = hosted.application({'REQUEST_METHOD': 'GET', 'PATH_INFO': '/', 'SERVER_PROTOCOL': 'HTTP/1.1', "
             "'SERVER_NAME': 'h', 'SERVER_PORT': '80', 'wsgi.url_scheme': 'http', 'wsgi.multithread': False, "
             "'wsgi.multiprocess': False, 'wsgi.run_once': True}, lambda *said_now: said.extend(said_now)); "
             "print(said[0], b''.join(body).decode())")
    assert run("/usr/bin/python3", "-c", asked, cwd=folder) == "200 OK Hello, Python\n"


def test_a_component_that_is_not_there(prefix, tmp_path):
    (tmp_path / "CMakeLists.txt").write_text(
        "cmake_minimum_required(VERSION 3.25)\nproject(p LANGUAGES CXX)\n"
        "find_package(tornado CONFIG COMPONENTS wings)\nif(tornado_FOUND)\n  message(FATAL_ERROR \"found\")\nendif()\n")
    run("cmake", "-S", tmp_path, "-B", tmp_path / "build", *RELEASE, f"-DCMAKE_PREFIX_PATH={prefix}")


def test_subdirectory_as_a_shared_library(tmp_path):
    # Without a build type, and in batches: both are a project's to choose, and the build is short.
    folder = build_foreign(tmp_path / "build", f"-DTORNADO_SOURCE={ROOT}", "-DBUILD_SHARED_LIBS=ON",
                           "-DCMAKE_BUILD_TYPE=", "-DCMAKE_UNITY_BUILD=ON")
    assert list(folder.rglob("libtornado.so.*")) and not list(folder.rglob("libtornado.a"))
    check_programs(folder)
