"""`make new` makes a project that builds and passes at once, on the host and, with the library's Debian package, in a
fresh Debian."""

import contextlib
import os
import pathlib
import re
import resource
import shutil
import signal
import socket
import subprocess
import urllib.request

import pytest

ROOT = pathlib.Path(__file__).resolve().parent.parent.parent
SECONDS = 1200  # the library may have to be built
SYSTEM = dict(re.findall(r'^(\w+)="?([^"\n]*)', pathlib.Path("/etc/os-release").read_text(), re.M))
pytestmark = pytest.mark.timeout(SECONDS + 60)


def start(*command, **options):
    return subprocess.run([str(word) for word in command], text=True, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE,
                          stderr=subprocess.STDOUT, timeout=SECONDS, **options)


def run(*command, **options):
    done = start(*command, **options)
    assert done.returncode == 0, f"{command}\n{done.stdout}"
    return done.stdout


def make(*words):
    return run("make", *words, cwd=ROOT, env={**os.environ, "MAKEFLAGS": ""})


@contextlib.contextmanager
def running(*command):
    """A server's process and its port, while it runs."""
    with subprocess.Popen([str(word) for word in command], stdout=subprocess.PIPE, text=True) as server:
        try:
            words = server.stdout.readline()
            assert re.fullmatch(r"listening on http://127\.0\.0\.1:\d+\n", words), words
            yield server, int(words.rpartition(":")[2])
        finally:
            server.terminate()


def check_page(*command):
    with running(*command) as (_, port), urllib.request.urlopen(f"http://127.0.0.1:{port}/?name=Ada", timeout=20) as response:
        page = response.read().decode()
    assert "<title>guest-book</title>" in page and "Hello, Ada" in page


def check_end(*command):
    """SIGTERM and Ctrl-C let a client finish the request that it has begun."""
    for number in signal.SIGTERM, signal.SIGINT:
        with running(*command) as (server, port), socket.create_connection(("127.0.0.1", port), 20) as client:
            client.sendall(b"GET / HTTP/1.1\r\nHost: h\r\n\r\nGET /?name=Ada HTTP/1.1\r\n")
            said = client.recv(1 << 16)
            assert said.startswith(b"HTTP/1.1 200 "), said
            server.send_signal(number)
            while socket.socket().connect_ex(("127.0.0.1", port)) == 0:
                os.sched_yield()
            client.sendall(b"Host: h\r\n\r\n")
            while piece := client.recv(1 << 16):
                said += piece
            assert b"Hello, Ada" in said and server.wait(timeout=20) == 0, said


def build_and_check(project, **options):
    said = run("cmake", "--workflow", "--preset", "debug", cwd=project, **options)
    assert "tornado_check_guest-book_lib" in said and "100% tests passed, 0 tests failed out of 2" in said
    check_page(project / "build" / "debug" / "guest-book", "--port=0")
    check_end(project / "build" / "debug" / "guest-book", "--port=0")


@pytest.fixture(scope="module")
def project(tmp_path_factory):
    folder = tmp_path_factory.mktemp("a project") / "guest book"
    told = make("new", "NAME=guest-book", f"DIR={folder}")
    assert f'cd "{folder}" && cmake --workflow --preset debug' in told
    return folder


def test_a_project_builds_and_passes_at_once(project):
    build_and_check(project)
    sources = [file for file in project.rglob("*") if file.is_file() and "build" not in file.relative_to(project).parts]
    assert len(sources) >= 10 and [file for file in sources if "myapp" in file.read_text()] == []


def test_the_installed_command_makes_a_project(project, tmp_path):
    run("cmake", "--install", ROOT / "build" / "release", "--prefix", tmp_path / "usr")
    run(tmp_path / "usr" / "bin" / "tornado-new", "guest-book", tmp_path / "book")
    assert not (tmp_path / "book" / "local.cmake").exists()
    build_and_check(tmp_path / "book", env={**os.environ, "CMAKE_PREFIX_PATH": str(tmp_path / "usr")})


@pytest.mark.parametrize("name, why", [
    ("", "the project has no name"), ("Book", "'Book' cannot be used"), ("1st", "'1st' cannot be used"),
    ("a/b", "'a/b' cannot be used"), ("a b", "'a b' cannot be used"), ("a;b", "'a;b' cannot be used"), ("test", "'test' is taken"),
])
def test_a_bad_name_is_refused(name, why, tmp_path):
    done = start(ROOT / "scripts" / "new.sh", name, tmp_path / "book")
    assert done.returncode == 2 and why in done.stdout
    assert not (tmp_path / "book").exists()


def test_a_folder_that_exists_is_left_alone(tmp_path):
    done = start(ROOT / "scripts" / "new.sh", "book", tmp_path)
    assert done.returncode == 2 and f"{tmp_path} exists already" in done.stdout
    assert list(tmp_path.iterdir()) == []
    done = start(ROOT / "scripts" / "new.sh", "book", tmp_path / "no" / "book")
    assert done.returncode == 2 and f"there is no folder {tmp_path / 'no'}" in done.stdout


# ---- the Debian package


def need_network(what, *command, **options):
    done = start(*command, **options)
    assert done.returncode == 0, f"{what}. It fetches packages, so it needs a network and a Debian mirror.\n{done.stdout[-4000:]}"
    return done.stdout


@pytest.fixture(scope="module")
def base_system():
    """A Debian of the release that runs here, with nothing in it, in a file that is made once."""
    file = ROOT / "build" / "debian" / f"{SYSTEM['VERSION_CODENAME']}.tar"
    if not file.exists():
        file.parent.mkdir(parents=True, exist_ok=True)
        unfinished = file.with_suffix(".new.tar")
        need_network("A fresh Debian could not be made", "mmdebstrap", "--quiet", "--variant=minbase", SYSTEM["VERSION_CODENAME"],
                     unfinished)
        unfinished.rename(file)
    return file


@pytest.fixture
def buildah(tmp_path):
    """A function that runs buildah on a storage of its own, in chroots, so that it needs no daemon.

    The containers get limits that every process can set: the usual ones of buildah 1.39 may be above its own, and buildah 1.28
    lowers its own to 32,768 processes."""
    limits = {name: min(resource.getrlimit(which)[1] % (1 << 63), 16_384)  # "unlimited" is -1
              for name, which in (("nofile", resource.RLIMIT_NOFILE), ("nproc", resource.RLIMIT_NPROC))}
    settings = tmp_path / "containers.conf"
    settings.write_text(f"[containers]\ndefault_ulimits = {[f'{name}={limit}:{limit}' for name, limit in limits.items()]}\n")
    environment = {**os.environ, "BUILDAH_ISOLATION": "chroot", "STORAGE_DRIVER": "vfs", "TMPDIR": str(tmp_path),
                   "CONTAINERS_CONF": str(settings)}
    command = ["buildah", "--root", tmp_path / "images", "--runroot", tmp_path / "run"]
    yield lambda how, *words, **options: how(*command, *words, env=environment, **options)
    run(*command, "rm", "--all", env=environment)
    run(*command, "rmi", "--all", "--force", env=environment)


def import_image(buildah, base_system, *names):
    container = buildah(run, "from", "scratch").strip()
    buildah(run, "add", "--quiet", container, base_system, "/")
    buildah(run, "config", "--env", "PATH=/usr/sbin:/usr/bin:/sbin:/bin", container)
    buildah(run, "commit", "--quiet", container, names[0])
    for name in names[1:]:
        buildah(run, "tag", names[0], name)


def test_the_package_and_the_dockerfile_in_a_fresh_system(project, base_system, buildah, tmp_path):
    """The Dockerfile installs the package with apt, builds the project, runs its tests, and makes an image of the program."""
    assert SYSTEM["ID"] == "debian", "the package is Debian's, so this test runs on Debian only"
    written = make("package").split("Wrote ")[1].strip()
    shutil.copy(written, project)
    name = f"docker.io/library/debian:{SYSTEM['VERSION_ID']}"
    import_image(buildah, base_system, name, name + "-slim")

    said = buildah(lambda *words, **options: need_network("The Dockerfile's image could not be built", *words, **options),
                   "bud", "--pull-never", "--network=host", "--tag", "guest-book", project)
    assert "100% tests passed, 0 tests failed out of 1" in said
    container = buildah(run, "from", "--pull-never", "guest-book").strip()
    assert buildah(start, "run", container, "--", "test", "-e", "/usr/bin/g++").returncode == 1
    entry = buildah(run, "inspect", "--type=image", "--format={{range .OCIv1.Config.Entrypoint}}{{.}} {{end}}", "guest-book").split()
    buildah(check_in_container, "run", container, "--", *entry, "--port=0")


def check_in_container(*command, env):
    settings = ("BUILDAH_ISOLATION", "STORAGE_DRIVER", "TMPDIR", "CONTAINERS_CONF")
    check_page("env", *(f"{name}={env[name]}" for name in settings), *command)
