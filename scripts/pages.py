#!/usr/bin/python3
"""The pages of the project and their fences: what a page quotes is what the sources hold and the programs print.

    pages.py --update PAGE ...     writes into the fences what the sources hold and the programs print now

  ```cpp file=PATH              the whole file
  ```cpp file=PATH#NAME         what stands between `// [NAME]` and `// [/NAME]` in it, without such lines; python: `# [NAME]`
  ```console chapter=01 ...     the commands after `$ ` are run, one after the other in one shell, at the root:
        server="pool --workers=2"   against the chapter's server, started with these arguments
        needs=ptrace                only on machines that allow it
        needs=gcc12,ptrace          and where g++ is the one whose faults are shown
  ```console final ...          the same; with final=NAME server="ARGS" against the program of final/demos/NAME;
                              final=FOLDER/NAME if the folder has several
        Either begins with what a reader has to start or build first, as comments: they are made of the words above.
  ```console demo=NAME          what the program of final/demos/NAME prints
  ```text, cmake, mermaid       nothing is compared

In commands port 8888 stands for the port that is used, build/release for the build folder, and
$(pgrep -n NAME) for the server's process. A number with a decimal point may come out between a quarter
and three times as large, as the load of the machine has it; the rest must be as it stands.
"""

import argparse
import contextlib
import os
import pathlib
import re
import shlex
import signal
import socket
import subprocess
import sys
import textwrap
from dataclasses import dataclass

ROOT = pathlib.Path(__file__).resolve().parent.parent
FENCE = re.compile(r"^```([^\n`]*)\n(.*?)^```$", re.MULTILINE | re.DOTALL)
REGION_LINE = re.compile(r"^[ \t]*(?://|#) \[/?\w+\]\n", re.MULTILINE)
DECIMAL = re.compile(r"\d+\.\d+")
PADDED = re.compile(" *(?:" + DECIMAL.pattern + ")")
PROGRAM = re.compile(r"\bbuild/(release|debug)/((?:[\w.-]+/)+(\w+))")
SERVER_PROCESS = re.compile(r"\$\(pgrep -n \w+\)")
FREE_KINDS = {"text", "cmake", "mermaid"}
SECONDS = 120


def pages():
    """Every page that quotes, from the root."""
    found = [ROOT / name for name in ("README.md", "CONTRIBUTING.md", "CHANGELOG.md", "SECURITY.md")]
    for pattern in ("chapters/*/README.md", "exercises/*/README.md", "slides/*.md", "final/README.md",
                    "final/src/*/README.md", "final/docs/*.md", "final/docs/guide/*.md", "docs/*.md"):
        found += sorted(ROOT.glob(pattern))
    return [str(page.relative_to(ROOT)) for page in found]


@dataclass
class Fence:
    kind: str  # "cpp"
    named: dict  # "file" -> "PATH"
    text: str
    on_slide: bool = False  # the speaker has started the server and built the programs

    @property
    def free(self):
        return self.kind in FREE_KINDS and not self.named

    @property
    def is_code(self):
        return "file" in self.named

    @property
    def is_replayed(self):
        return self.kind == "console" and ("chapter" in self.named or "final" in self.named)

    @property
    def commands(self):
        return [line[2:] for line in self.text.splitlines() if line.startswith("$ ")]

    @property
    def program(self):
        """The source of the server that a console talks to."""
        if "chapter" in self.named:
            return next(ROOT.glob(f"chapters/{self.named['chapter']}-*/demo/*.cc"))
        folder, _, name = self.named["final"].rpartition("/")
        return ROOT / "final" / "demos" / (folder or name) / f"{name}.cc"


def parse_head(head):
    kind, *words = shlex.split(head) or [""]
    return kind, dict(word.partition("=")[::2] for word in words)


def make_fence(page, head, text):
    return Fence(*parse_head(head), text, page.startswith("slides/"))


def fences(page):
    return [make_fence(page, head, text) for head, text in FENCE.findall((ROOT / page).read_text())]


# ---- code


def quote(named_file):
    """The text that `PATH` or `PATH#NAME` names. ValueError if there is no such region."""
    path, _, region = named_file.partition("#")
    text = (ROOT / path).read_text()
    if region:
        mark = r"^[ \t]*(?://|#) "
        match = re.search(rf"{mark}\[{region}\]\n(.*?){mark}\[/{region}\]$", text, re.MULTILINE | re.DOTALL)
        if not match:
            raise ValueError(f"{path} has no region [{region}]")
        text = textwrap.dedent(match[1])
    return REGION_LINE.sub("", text).strip("\n") + "\n"


# ---- consoles


def build_folder():
    return pathlib.Path(os.environ.get("TORNADO_BUILD", ROOT / "build" / "debug"))


def build_folder_in_commands():
    """From the root, as a reader types it: the path of a clone may have blanks, which a command may have quoted or not."""
    folder = build_folder()
    return str(folder.relative_to(ROOT)) if folder.is_relative_to(ROOT) else shlex.quote(str(folder))


def free_port():
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return probe.getsockname()[1]


def ptrace_works():
    return subprocess.run(["strace", "-o", "/dev/null", "true"], capture_output=True).returncode == 0


def compiler_is_gcc12():
    said = subprocess.run(["g++", "-dumpversion"], capture_output=True, text=True)
    return said.stdout.strip().split(".")[0] == "12"


NEEDS = {"ptrace": ptrace_works, "gcc12": compiler_is_gcc12}


def can_replay(fence):
    """Whether this machine has what the fence needs."""
    return all(NEEDS[need]() for need in fence.named.get("needs", "").split(",") if need)


class NoServer:
    """For commands that start what they need themselves."""

    def __init__(self):
        self.port, self.pid = free_port(), 0

    def __enter__(self):
        return self

    def __exit__(self, *_):
        pass


class Server:
    def __init__(self, source, arguments):
        folder = source.parent.parent if source.parent.name == "demo" else source.parent
        program = build_folder() / folder.relative_to(ROOT) / source.stem
        if not program.exists():
            raise FileNotFoundError(f"{program} is not built: scripts/build.sh debug {source.stem}")
        self._process = subprocess.Popen([str(program), *shlex.split(arguments), "--port=0"], text=True,
                                         stdout=subprocess.PIPE)
        self.port = int(self._process.stdout.readline().rpartition(":")[2])
        self.pid = self._process.pid

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self._process.terminate()
        self._process.communicate(timeout=20)


def shell_script(commands, server):
    """One script for all commands, so that what one starts the next can use. Output is split at the marks."""
    hexadecimal = f":{server.port:04X} 00000000:0000 0A"
    # With their children: a program outlives the strace that runs it.
    lines = ["trap 'for job in $(jobs -p); do pkill -P $job; kill $job; done 2>/dev/null' EXIT"]
    for number, command in enumerate(commands):
        command = command.replace("8888", str(server.port)).replace("build/release", build_folder_in_commands())
        lines.append(f"echo; echo '<<{number}>>'")
        lines.append(SERVER_PROCESS.sub(str(server.pid), command))
        if command.rstrip().endswith("&"):  # until it listens, and then for the line that it prints
            lines.append(f"for _ in {{1..500}}; do grep -q '{hexadecimal}' /proc/net/tcp && break; sleep 0.02; done; sleep 0.2")
    return "\n".join(lines)


def needed_first(fence):
    """Comments that tell a reader what the commands need: a server in another terminal, programs that are built."""
    if fence.on_slide:
        return ""
    lines = ""
    if "server" in fence.named:
        what = f"chapter CH={fence.named['chapter']}" if "chapter" in fence.named else f"demo DEMO={fence.named['final']}"
        arguments = fence.named["server"]
        words = f" ARGS={shlex.quote(arguments)}" if arguments else ""
        lines += f"# in another terminal: make {what}{words}\n".replace("'", '"')
    built = {}
    for preset, path, program in PROGRAM.findall("\n".join(fence.commands)):
        # A demo and a program of the guide may have the same name: then the path names the target.
        shared = (ROOT / "final/demos" / program).is_dir() and (ROOT / "final/demos/guide" / f"{program}.cc").exists()
        built.setdefault(preset, []).append(path if shared else program)
    for preset, programs in built.items():
        lines += f"# once, to build it: scripts/build.sh {preset} {' '.join(dict.fromkeys(programs))}\n"
    return lines


def run_script(script):
    """What it prints. Nothing that it has started outlives it: gdb may take a while to end, and write to the end."""
    with subprocess.Popen(["bash", "-c", script], cwd=ROOT, text=True, start_new_session=True,
                          stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.STDOUT) as shell:
        try:
            return shell.communicate(timeout=SECONDS)[0]
        finally:
            with contextlib.suppress(ProcessLookupError):
                os.killpg(shell.pid, signal.SIGKILL)


def replay(fence):
    """The fence's text with what its commands print now."""
    commands = fence.commands
    server = Server(fence.program, fence.named["server"]) if "server" in fence.named else NoServer()
    with server:
        printed = run_script(shell_script(commands, server))
    outputs = re.split(r"\n?<<\d+>>\n", printed)[1:]
    text = needed_first(fence)
    for command, output in zip(commands, outputs):
        output = output.replace("\r", "").replace(str(server.port), "8888")
        for folder in str(build_folder()), build_folder_in_commands():
            output = output.replace(folder, "build/release")
        text += f"$ {command}\n" + (output.strip("\n") + "\n" if output.strip("\n") else "")
    return text


def same_words(shown, printed):
    """Equal, but for decimal numbers, and the blanks before them: in a column, 9.80 has one more than 10.20."""
    return PADDED.sub(" N", shown) == PADDED.sub(" N", printed)


def same_console(shown, printed):
    """The same words, and numbers that differ no more than the load of a machine makes them differ."""
    if not same_words(shown, printed):
        return False
    pairs = zip(DECIMAL.findall(shown), DECIMAL.findall(printed))
    return all(float(a) / 4 <= float(b) <= 3 * float(a) + 0.2 for a, b in pairs)


# ---- writing


def updated(page):
    def renew(match):
        found = make_fence(page, match[1], match[2])
        text = found.text
        if found.is_code:
            text = quote(found.named["file"])
        elif found.is_replayed:
            text = replay(found)
        return f"```{match[1]}\n{text}```"
    return FENCE.sub(renew, (ROOT / page).read_text())


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--update", nargs="+", metavar="PAGE", required=True,
                        help="renew the code and the output that the page quotes")
    pages = parser.parse_args().update
    if missing := [page for page in pages if not (ROOT / page).is_file()]:
        parser.error(f"there is no page {missing[0]}; name it as seen from the project's folder, as docs/grid.md")
    for page in pages:
        new = updated(page)
        (ROOT / page).write_text(new)
        print(f"{page}: {len(fences(page))} fences match their sources.")


if __name__ == "__main__":
    sys.exit(main())
