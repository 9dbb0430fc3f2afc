"""deploy/Dockerfile's second stage, built with buildah on a fresh Debian: the image, and the service that runs in it.

The first stage would compile the library once more. What it leaves behind, the program, comes from this build instead.
"""

import json
import os
import pathlib
import re
import shutil
import signal
import subprocess
import sys

import pytest
from deployed import ADMIN, DEPLOY, ROOT, build_folder, wait_until
from dockerfile import packages_of

sys.path.insert(0, str(ROOT / "tests" / "package"))

from test_new import SYSTEM, base_system, buildah, import_image, need_network, run  # noqa: E402, F401  (two are fixtures)

pytestmark = pytest.mark.timeout(900)


def processes_of(program):
    """The processes that run this program, with the ids of their users."""
    found = {}
    for entry in pathlib.Path("/proc").iterdir():
        if entry.name.isdigit():
            try:
                if os.readlink(entry / "exe").endswith(program):
                    found[int(entry.name)] = int(re.search(r"^Uid:\s+(\d+)", (entry / "status").read_text(), re.M)[1])
            except (FileNotFoundError, ProcessLookupError, PermissionError):
                pass  # it ended while we looked
    return found


def test_the_image_runs_as_a_user_without_rights_and_is_healthy(base_system, buildah, tmp_path):  # noqa: F811
    assert SYSTEM["ID"] == "debian", "the Dockerfile is Debian's, so this test runs on Debian only"
    name = f"docker.io/library/debian:{SYSTEM['VERSION_ID']}"
    import_image(buildah, base_system, name, name + "-slim")
    program = build_folder() / "final" / "demos" / "service" / "service"
    left = tmp_path / "left" / "build"
    (left / "final" / "demos" / "service").mkdir(parents=True)
    shutil.copy(program, left / "final" / "demos" / "service")
    (left / "packages").write_text("\n".join(packages_of(program)))
    buildah(lambda *words, **options: need_network("The image could not be built", *words, **options), "build", "--pull-never",
            "--network=host", "--format=docker", f"--build-arg=DEBIAN={SYSTEM['VERSION_ID']}",
            f"--build-context=build={tmp_path / 'left'}", f"--file={DEPLOY / 'Dockerfile'}", "--tag=service", DEPLOY)
    image = json.loads(buildah(run, "inspect", "--type=image", "service"))["Docker"]["config"]
    container = buildah(run, "from", "--pull-never", "service").strip()
    inside = ("run", "--network=host", container, "--")
    entry = [*image["Entrypoint"], "--port=0", "--admin-port=0"]

    def start(*words, **options):
        return subprocess.Popen([str(word) for word in words], stdout=subprocess.PIPE, text=True, **options)

    with buildah(start, *inside, *entry) as started:
        assert started.stdout.readline().startswith("listening on ")
        port = ADMIN.match(started.stdout.readline())[1]
        ((process, user),) = processes_of("/usr/local/bin/service").items()
        assert user == 10001
        check = [word.replace("9888", port) for word in image["Healthcheck"]["Test"][1:]]
        assert buildah(run, *inside, *check) == ""
        os.kill(process, signal.SIGTERM)
        wait_until(lambda: started.poll() is not None, "the service ends", 20)
    assert started.returncode == 0
