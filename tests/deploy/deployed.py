"""Starts the service of final/demos/service, and the proxies of deploy/ in front of it, on free ports of 127.0.0.1."""

import contextlib
import os
import pathlib
import re
import shutil
import signal
import socket
import subprocess
import sys

ROOT = pathlib.Path(__file__).resolve().parents[2]
DEPLOY = ROOT / "deploy"
sys.path.insert(0, str(ROOT / "tests" / "clients"))

from raw import connect  # noqa: E402  (found by the line above)
from wire_server import WireServer, wait_until  # noqa: E402, F401

ADMIN = re.compile(r"admin on http://127\.0\.0\.1:(\d+)")


def build_folder():
    return pathlib.Path(os.environ.get("TORNADO_BUILD", ROOT / "build" / "debug"))


class Service(WireServer):
    """One process of the service."""

    def __init__(self, build, *options, wrapper=(), ports=(0, 0)):
        program = build / "final" / "demos" / "service" / "service"
        super().__init__([*wrapper, str(program), f"--port={ports[0]}", f"--admin-port={ports[1]}", "--address=127.0.0.1",
                          "--log-format=json"], *options)
        self.build, self.options = build, options
        self.admin_port = int(ADMIN.match(self.process.stdout.readline())[1])

    def successor(self):
        """Another one on the same ports, when this one has ended."""
        return Service(self.build, *self.options, ports=(self.port, self.admin_port))

    def has_served(self):
        return b'handler="MainHandler"' in self.ask_admin("/metrics").body

    def ask_admin(self, path):
        with connect(self.admin_port) as client:
            client.send(f"GET {path} HTTP/1.1\r\nHost: h\r\n\r\n".encode())
            return client.read_response()

    def metric(self, name):
        """The value of a metric without labels."""
        return float(re.search(rf"^{name} (\S+)$", self.ask_admin("/metrics").body.decode(), re.M)[1])


@contextlib.contextmanager
def running(*services):
    try:
        yield services
    finally:
        for one in services:
            if one.process.returncode is None:  # else somebody has killed it
                one.stop()


def program(name):
    found = shutil.which(name, path=os.environ.get("PATH", "") + ":/usr/sbin")
    assert found, f"{name} is not installed: see scripts/packages.txt"
    return found


def listener():
    """A socket that the proxy inherits: nobody else can take its port."""
    return socket.create_server(("127.0.0.1", 0), backlog=4096)


def replaced(text, *pairs):
    """`text` with each first replaced by its second. What is not there any more would be tested no more."""
    for old, new in pairs:
        assert text.count(old) == 1, f"{old!r} is {text.count(old)} times in the configuration"
        text = text.replace(old, new)
    return text


class Proxy:
    """A proxy that has inherited its listening sockets."""

    def __init__(self, name, command, sockets, log, **environment):
        self.name, self.log = name, log
        self.ports = [one.getsockname()[1] for one in sockets]
        with log.open("wb") as output:
            self.process = subprocess.Popen(command, pass_fds=[one.fileno() for one in sockets], stdin=subprocess.DEVNULL,
                                            stdout=output, stderr=output, env={**os.environ, **environment})
        for one in sockets:
            one.close()

    def connect(self, number=0):
        return connect(self.ports[number])

    def request(self, target, *fields, method="GET"):
        with self.connect() as client:
            head = "".join(f"{line}\r\n" for line in (f"{method} {target} HTTP/1.1", "Host: example.org:81", *fields))
            client.send((head + "\r\n").encode())
            return client.read_response(method)

    def wait_ready(self):
        wait_until(lambda: self.request("/").status == 200, "the proxy passes on requests", 20)

    def stop(self):
        self.process.send_signal(signal.SIGTERM)
        code = self.process.wait(timeout=20)
        assert code in (0, 128 + signal.SIGTERM, -signal.SIGTERM), f"it ended with {code}\n{self.log.read_text()[-4000:]}"


@contextlib.contextmanager
def nginx(folder, services):
    """nginx in front of two services."""
    folder.mkdir()
    (folder / "files").mkdir()
    (folder / "files" / "report.txt").write_text("a file of nginx\n")
    here = listener()
    kinds = ("client_body", "proxy", "fastcgi", "uwsgi", "scgi")
    inserted = "    access_log off;\n" + "".join(f"    {kind}_temp_path {folder}/{kind};\n" for kind in kinds)
    config = folder / "nginx.conf"
    config.write_text(replaced(
        (DEPLOY / "nginx.conf").read_text(), ("127.0.0.1:8001", f"127.0.0.1:{services[0].port}"),
        ("127.0.0.1:8002", f"127.0.0.1:{services[1].port}"),
        ("listen 127.0.0.1:8080;", f"listen 127.0.0.1:{here.getsockname()[1]};"),
        ("/srv/service/files/", f"{folder}/files/"), ("http {\n", "http {\n" + inserted)))
    user = "user root; " if os.geteuid() == 0 else ""  # else root's worker may not enter the folder
    settings = f"{user}daemon off; pid {folder}/pid; error_log stderr notice;"
    proxy = Proxy("nginx", [program("nginx"), "-p", str(folder), "-c", str(config), "-g", settings], [here],
                  folder / "log.txt", NGINX=f"{here.fileno()};")
    try:
        proxy.wait_ready()
        yield proxy
    finally:
        proxy.stop()


@contextlib.contextmanager
def haproxy(folder, services):
    """HAProxy in front of two services, and of a third one that expects the PROXY protocol."""
    folder.mkdir()
    here, raw = listener(), listener()
    config = folder / "haproxy.cfg"
    config.write_text(replaced(
        (DEPLOY / "haproxy.cfg").read_text(),
        ("127.0.0.1:8001 port 9001", f"127.0.0.1:{services[0].port} port {services[0].admin_port}"),
        ("127.0.0.1:8002 port 9002", f"127.0.0.1:{services[1].port} port {services[1].admin_port}"),
        ("127.0.0.1:8003", f"127.0.0.1:{services[-1].port}"),
        ("bind 127.0.0.1:8080", f"bind fd@{here.fileno()}"), ("bind 127.0.0.1:8081", f"bind fd@{raw.fileno()}")))
    proxy = Proxy("HAProxy", [program("haproxy"), "-db", "-f", str(config)], [here, raw], folder / "log.txt")
    try:
        proxy.wait_ready()
        yield proxy
    finally:
        proxy.stop()
