"""deploy/Dockerfile, read: its steps, one by one, on this Debian. test_image.py builds it."""

import json
import re
import subprocess

from deployed import ROOT, Service, build_folder, program, running
from dockerfile import BUILD, RUNTIME, TEXT, instructions, packages_of

INSTALL = re.compile(r"apt-get install -y --no-install-recommends ((?:\$\(.*?\)|[^&\n])+)")


def test_its_commands_are_sound_shell():
    for command in instructions("RUN"):
        checked = subprocess.run([program("shellcheck"), "-s", "sh", "-e", "SC2046", "-"], input=command + "\n", text=True,
                                 capture_output=True)
        assert checked.returncode == 0, checked.stdout


def test_the_build_stage_installs_what_the_build_needs():
    shell = INSTALL.search(BUILD)[1].strip()
    listed = subprocess.run(["sh", "-c", f"echo {shell}"], cwd=ROOT, capture_output=True, text=True, check=True).stdout.split()
    assert {"g++", "cmake", "ninja-build", "prometheus-cpp-dev"} <= set(listed)
    known = subprocess.run(["apt-cache", "show", "--no-all-versions", *listed], capture_output=True, text=True)
    assert known.returncode == 0, known.stderr


def test_the_build_stage_lists_the_packages_of_the_libraries_that_the_program_loads():
    listed = packages_of(build_folder() / "final" / "demos" / "service" / "service")
    assert {"libc6", "libstdc++6", "zlib1g", "libsystemd0"} <= set(listed)
    known = subprocess.run(["dpkg-query", "--show", *listed], capture_output=True, text=True)
    assert known.returncode == 0, known.stderr


def test_it_runs_as_a_user_without_rights_after_all_steps_that_need_them():
    user = RUNTIME.index("\nUSER 10001")
    assert all(RUNTIME.index(f"RUN {command}") < user for command in instructions("RUN", RUNTIME))
    assert RUNTIME.index("useradd") < user < RUNTIME.index("\nENTRYPOINT")


def test_its_health_check_passes_while_the_service_runs_and_fails_afterwards():
    words = json.loads(re.search(r"^HEALTHCHECK .*? CMD (\[.*\])$", TEXT, re.M)[1])
    started = Service(build_folder())
    check = [words[0], *[word.replace("9888", str(started.admin_port)) for word in words[1:]]]
    assert check != words
    with running(started):
        assert subprocess.run(check).returncode == 0
    assert subprocess.run(check, capture_output=True).returncode != 0


def test_its_command_line_is_one_that_the_service_takes():
    options = json.loads(instructions("CMD")[-1])
    given = [option for option in options if "port=" not in option and "address=" not in option]
    with running(Service(build_folder(), *given)) as (started,):
        assert started.ask_admin("/ready").status == 200
    assert {option.split("=")[0] for option in options} >= {"--port", "--admin-port", "--admin-address"}
