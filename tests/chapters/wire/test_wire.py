"""What each chapter's server does, and what it does not do yet: the same questions to all of them. The grid in
docs/grid.md is made from the same declarations (scripts/grid.py)."""

import shutil
import socket
import subprocess

import pytest
from checks import CAPABILITIES

PATIENT = 10.0
IMPATIENT = 0.5  # what is declared not to work need not be waited for any longer


@pytest.mark.parametrize("name", CAPABILITIES)
def test_capability(declared, server, name):
    check = CAPABILITIES[name]
    if name not in declared.not_yet:
        check(server, PATIENT)
        return
    try:
        check(server, IMPATIENT)
    except (AssertionError, ConnectionError, socket.timeout):
        return
    pytest.fail(f"{declared.title} can do this: take '{name}' out of its [not_yet]")


def test_declarations_name_capabilities(declared, server):
    assert set(declared.not_yet) <= set(CAPABILITIES)


def test_an_unknown_argument_is_named(declared, server):
    done = subprocess.run([server.process.args[0], "--prot=1"], capture_output=True, text=True, timeout=30)
    assert done.returncode == 1 and "prot" in done.stderr


@pytest.mark.browser
def test_a_browser_shows_the_page(declared, server, tmp_path):
    command = [shutil.which("chromium"), "--headless=new", "--no-sandbox", "--disable-gpu", "--no-first-run",
               "--disable-dev-shm-usage", "--disable-background-networking", "--disable-component-update",
               "--no-proxy-server", f"--user-data-dir={tmp_path}", "--dump-dom", server.url + "/"]
    done = subprocess.run(command, capture_output=True, text=True, timeout=60, check=True)
    assert "Hello, world" in done.stdout
