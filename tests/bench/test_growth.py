"""The curves of growth.py: how slopes are reckoned and judged, what the load accepts (compiled here with ASan and UBSan), and
a short run of the whole."""

import http.server
import json
import os
import re
import subprocess
import sys
import threading
import xml.dom.minidom
from pathlib import Path

import growth
import pytest

BUILD = Path(os.environ["TORNADO_BUILD"]) / "tests" / "bench"


def samples_of(name, rates):
    return {(name, size): [{"items": number, "cpu_s": 1.0, "others_cpus": 0.0}] for size, number in rates.items()}


def curve_named(name):
    return next(curve for curve in growth.CURVES if curve.name == name)


def test_slopes_are_those_of_powers():
    for power in (0, -0.5, -1, -2):
        points = [(size, 7 * size ** power) for size in (1, 10, 100, 1000)]
        assert growth.slope(points) == pytest.approx(power)
    assert growth.last_decade([(1, 9), (30, 8), (100, 7), (300, 6)]) == [(30, 8), (100, 7), (300, 6)]


@pytest.mark.parametrize("name, last, worse", [
    ("literal", 60, False),  # slope -0.22, and theory 0
    ("literal", 50, True),  # slope -0.30
    ("upload", 10, False),  # slope -1, as in theory
    ("upload", 5, True),
])
def test_only_the_last_decade_is_judged(name, last, worse):
    sizes = [size for size in growth.sizes_of(curve_named(name), quick=True) if size > 0]
    rates = dict.fromkeys(sizes, 100) | {sizes[0]: 100_000, sizes[-1]: last}
    verdict = growth.judge(curve_named(name), samples_of(name, rates), quick=True)
    assert verdict.worse is worse and verdict.whole < -0.5
    assert ("WORSE THAN THEORY" in verdict.line()) is worse


def test_size_0_is_in_the_table_and_in_no_slope():
    samples = samples_of("upload", {0: 5, **{size: 1e9 / size for size in growth.BYTES if size > 0}})
    upload = curve_named("upload")
    verdict = growth.judge(upload, samples, quick=False)
    assert (verdict.whole, verdict.last) == (pytest.approx(-1), pytest.approx(-1))
    assert growth.table([upload], samples, quick=False).splitlines()[2] == "| 0 | 5.0 |"


class Replies(http.server.BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    wbufsize = 1 << 16  # head and body leave together: Nagle's algorithm would hold the second write back

    def do_POST(self):
        self.server.posted.append(len(self.rfile.read(int(self.headers["Content-Length"]))))
        self.do_GET()

    def do_GET(self):
        self.server.paths.append((self.path, len(self.headers)))
        status, body = self.server.reply
        self.send_response(status)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, *_words):
        pass


class Listening(http.server.ThreadingHTTPServer):
    def handle_error(self, _request, _address):
        pass  # the load leaves by reset


@pytest.fixture
def server():
    with Listening(("127.0.0.1", 0), Replies) as listening:
        listening.paths, listening.posted, listening.reply = [], [], (200, b"Hello, world")
        thread = threading.Thread(target=listening.serve_forever)
        thread.start()
        yield listening
        listening.shutdown()
        thread.join()


@pytest.fixture(scope="module")
def program(tmp_path_factory):
    path = tmp_path_factory.mktemp("programs") / "growth_load"
    subprocess.run([os.environ.get("CXX", "g++"), "-std=c++20", "-O1", "-g", "-fsanitize=address,undefined",
                    "-fno-sanitize-recover=undefined", str(Path(__file__).with_name("growth_load.cc")), "-o", str(path)],
                   check=True, timeout=100)
    return path


def load(program, server, path, *keys):
    return subprocess.run([program, str(server.server_port), str(os.getpid()), path, "seconds=0.05", *keys],
                          capture_output=True, text=True, timeout=60)


def test_the_load_takes_each_path_and_counts_what_it_timed(program, server):
    done = load(program, server, "/page#/x", "paths=5", "fields=4")
    told = json.loads(done.stdout)
    assert done.returncode == 0 and told["cpu_s"] > 0
    assert told["items"] == len(server.paths) - 1  # the connection has had a response before the time is taken
    paths = [path for path, _ in server.paths]
    assert set(paths) <= {f"/page{i}/x" for i in range(5)}
    assert all(len(set(paths[i:i + 5])) == 5 for i in range(len(paths) - 4))  # each comes once before one comes again
    assert {fields for _, fields in server.paths} == {5}  # Host is the fifth


def test_the_load_sends_and_takes_large_bodies(program, server):
    server.reply = (200, b"x" * 3_000_000)
    done = load(program, server, "/", "body=5000000", "expected=3000000")
    assert (done.returncode, set(server.posted)) == (0, {5_000_000})
    assert json.loads(done.stdout)["items"] == len(server.posted) - 1


@pytest.mark.parametrize("status, body", [(500, b"Hello, world"), (200, b"Hello"), (200, b"Hello, world!")])
def test_the_load_refuses_a_wrong_response(program, server, status, body):
    server.reply = (status, body)
    done = load(program, server, "/")
    assert (done.returncode, done.stdout) == (1, "") and "growth_load: wrong response: HTTP/1.1" in done.stderr


def test_the_load_refuses_a_key_that_it_does_not_know(program, server):
    done = load(program, server, "/", "field=3")
    assert (done.returncode, server.paths) == (2, []) and "keys: body connections expected fields" in done.stderr


def test_a_quick_run_of_the_whole(tmp_path, monkeypatch, capsys):
    monkeypatch.setattr(growth, "OUTPUT", tmp_path)
    assert growth.main(["--quick", "--seconds=0.05", f"--build={BUILD}"]) == 0
    report = capsys.readouterr().out
    for curve in growth.CURVES:
        assert re.search(rf"^{curve.name}: slope [+-]\d\.\d\d from [\d,]+ to [\d,]+, [+-]\d\.\d\d in the last decade; "
                         r"theory [+-]\d\.\d\d: ", report, re.MULTILINE), curve.name
    told = json.loads((tmp_path / "growth.json").read_text())["samples"]
    assert len(told) == sum(len(growth.sizes_of(curve, quick=True)) for curve in growth.CURVES)
    rates = {(name, size): growth.rate(own) for name, size, own in told}
    assert all(number > 0 for number in rates.values())
    # The one curve that must fall here.
    assert rates["upload", growth.QUICK_BYTES] < 0.6 * rates["upload", 100]
    picture = xml.dom.minidom.parse(str(tmp_path / "growth.svg"))
    assert len(picture.getElementsByTagName("circle")) == sum(1 for _, size in rates if size > 0)


def test_a_published_run_writes_a_page_and_renews_it(tmp_path):
    assert growth.THEORY.keys() == {curve.name for curve in growth.CURVES}
    verdict = growth.judge(curve_named("literal"), samples_of("literal", {1: 100, 10: 100, 100: 100, 1000: 60}), quick=True)
    for report in ("| first |", "| second |"):
        growth.publish(tmp_path, [verdict], report, "The machine.")
    page = (tmp_path / "growth.md").read_text()
    assert "| first |" not in page and "\n<!-- growth -->\n| second |\n\n- **literal**: In theory, finding a literal route" in page
    assert f"{verdict.line()}.\n\nThe machine.\n<!-- /growth -->\n" in page
    xml.dom.minidom.parse(str(tmp_path / "growth.svg"))


@pytest.mark.parametrize("argument, said", [("--only=timers,x", "no curve named x"), (f"--build={Path(__file__).parent}", "is not built")])
def test_what_cannot_be_measured_is_rejected(argument, said):
    done = subprocess.run([sys.executable, Path(growth.__file__), argument], capture_output=True, text=True, timeout=60)
    assert done.returncode != 0 and said in done.stderr.splitlines()[-1]
