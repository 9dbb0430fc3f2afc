"""deploy/systemd: the unit files, read by systemd's own tools, and a demo that takes its port from them."""

import configparser
import os
import pathlib
import re
import shutil
import signal
import socket
import subprocess

import pytest
from raw import Connection
from wire_server import ROOT

BUILD = pathlib.Path(os.environ.get("TORNADO_BUILD", ROOT / "build" / "debug"))
UNITS = ROOT / "deploy" / "systemd"


def setting(unit, section, name):
    parser = configparser.ConfigParser(strict=False, interpolation=None)
    parser.optionxform = str
    parser.read(UNITS / unit)
    return parser[section][name]


def test_systemd_accepts_the_unit_files(tmp_path):
    for kind in ("service", "socket"):
        text = (UNITS / f"tornado@.{kind}").read_text()
        # The program need not be installed where the tests run.
        (tmp_path / f"tornado@chat.{kind}").write_text(text.replace("/opt/tornado/bin/%i", "/bin/true"))
    command = ["systemd-analyze", "verify", "./tornado@chat.service", "./tornado@chat.socket"]
    done = subprocess.run(command, cwd=tmp_path, capture_output=True, text=True, timeout=60)
    assert (done.returncode, done.stdout + done.stderr) == (0, "")


def test_systemd_waits_longer_than_the_programs_grace():
    header = (ROOT / "final" / "include" / "tornado" / "httpserver.h").read_text()
    grace = float(re.search(r"run_until_signal\(httpserver::HTTPServer& server, double grace = (\d+)\)", header)[1])
    assert float(setting("tornado@.service", "Service", "TimeoutStopSec")) > grace


@pytest.mark.parametrize("name", ["chat", "websocket"])
def test_a_demo_takes_its_socket_from_systemd(tmp_path, name):
    path = tmp_path / "http.sock"
    program = BUILD / "final" / "demos" / name / name
    command = [shutil.which("systemd-socket-activate"), f"--listen={path}", "--fdname=http", str(program)]
    process = subprocess.Popen(command, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL)
    try:
        with socket.socket(socket.AF_UNIX) as client:
            while client.connect_ex(str(path)) != 0:
                assert process.poll() is None
            client.settimeout(20)
            connection = Connection(client)
            assert connection.get("/").status == 200
        process.send_signal(signal.SIGTERM)
        assert process.wait(20) == 0
    finally:
        process.kill()
        process.wait()
        process.stdout.close()
