"""The servers of other projects that hello_bench.py --peers measures beside ours: how each is made, and started.

All are of Debian's packages, group `peers` of scripts/packages.txt. A peer whose packages are missing is left out, with the
reason. Those of a compiled language are compiled when they are first measured, into build/bench/peers.
"""

import os
import shutil
import subprocess
from dataclasses import dataclass
from pathlib import Path

HERE = Path(__file__).resolve().parent
BUILT = HERE.parents[2] / "build" / "bench" / "peers"


@dataclass(frozen=True)
class Peer:
    """`package` is Debian's; `tool` its program. `compiler` is a command that makes `source` a program; without one, `tool`
    runs the source."""

    name: str
    package: str
    tool: str
    source: str
    header: str = ""
    compiler: tuple = ()

    def missing(self):
        """Why it cannot be measured; None if it can."""
        there = shutil.which(self.tool) and (not self.header or (Path("/usr/include") / self.header).exists())
        return None if there else f"{self.package} is not installed"

    def prepare(self):
        """Compiles the source, unless that is done already. RuntimeError with the compiler's words if it fails."""
        program, source = BUILT / self.name, HERE / self.source
        if not self.compiler or program.exists() and program.stat().st_mtime >= source.stat().st_mtime:
            return
        BUILT.mkdir(parents=True, exist_ok=True)
        command = [str(word).format(source=source, program=program) for word in self.compiler]
        done = subprocess.run(command, capture_output=True, text=True)
        if done.returncode != 0:
            raise RuntimeError(f"{' '.join(command)}: {done.stderr.strip()}")

    def command(self, port, folder):
        """What starts it on a port. `folder` is its own, for what it needs beside."""
        if self.compiler:
            return [str(BUILT / self.name), str(port)]
        if self.source.endswith(".in"):
            return [shutil.which(self.tool), "-c", str(self._configured(port, folder))]
        return [shutil.which(self.tool), str(HERE / self.source), str(port)]

    def _configured(self, port, folder):
        (folder / "files").mkdir()
        (folder / "files" / "index.html").write_text("Hello, world")
        config = folder / self.source.removesuffix(".in")
        user = "user: root" if os.geteuid() == 0 else ""  # else root's server becomes nobody, and may not enter the folder
        config.write_text((HERE / self.source).read_text().format(port=port, folder=folder, user=user))
        return config


CXX = ("g++", "-std=c++20", "-O3", "-DNDEBUG", "{source}", "-o", "{program}")  # -O3 -DNDEBUG: as our release build
PEERS = (
    Peer("h2o", "h2o", "h2o", "h2o.conf.in"),
    Peer("evhttp", "libevent-dev", "g++", "evhttp.cc", "event2/http.h", (*CXX, "-levent")),
    Peer("beast", "libboost-dev", "g++", "beast.cc", "boost/beast.hpp", (*CXX, "-pthread")),
    Peer("node", "nodejs", "node", "node.js"),
    Peer("go", "golang-go", "go", "go.go", compiler=("go", "build", "-o", "{program}", "{source}")),
)
