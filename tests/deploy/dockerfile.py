"""The parts of deploy/Dockerfile."""

import re
import shlex
import subprocess

from deployed import DEPLOY

TEXT = (DEPLOY / "Dockerfile").read_text()
_comment, BUILD, RUNTIME = TEXT.split("\nFROM ")


def instructions(name, text=TEXT):
    return re.findall(rf"^{name} (.*)$", text, re.M)


def packages_of(program):
    """What the Dockerfile's own command lists for this program: the packages of the libraries that it loads."""
    (command,) = (one for one in instructions("RUN", BUILD) if one.startswith("ldd "))
    loaded, _, listed = command.removeprefix("ldd ").partition(" | ")
    assert loaded == "/build/final/demos/service/service" and listed.endswith(" >/build/packages")
    here = f"ldd {shlex.quote(str(program))} | {listed.removesuffix(' >/build/packages')}"
    return subprocess.run(["sh", "-c", here], capture_output=True, text=True, check=True).stdout.split()
