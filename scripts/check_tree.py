#!/usr/bin/python3
"""Checks what the house rules say of files, so that nobody has to remember them.

  sizes      files of final/ and tests/ at most 800 lines, of chapters/ 400; functions of final/ at most 60 lines
  tests      none is skipped or disabled
  headers    say what they are in their first line, have #pragma once
  rooms      a room of final/src includes only itself and the rooms before it, a sub-room what SUB_ROOMS says
  circles    no file includes itself by way of others, where a header and its source count as one
  public     public headers include no JSON, regex, TLS, formatting, logging or iostream header
"""

import argparse
import pathlib
import re
import subprocess
import sys

from cpp_reader import Reader

ROOT = pathlib.Path(__file__).resolve().parent.parent
ROOMS = ("base", "loop", "net", "http", "web")
# What each sub-room may include besides base: rooms, sub-rooms, and (".") what lies outside of the sub-rooms of its room.
SUB_ROOMS = {
    "base/text": (),
    "base/json": ("base/text",),
    "base/log": ("base/text",),
    "base/options": ("base/text",),
    "loop/bus": (".",),
    "loop/poll": (),
    "loop/probe": (),
    "loop/tornado4": (".",),
    "net/stream": (".", "loop"),
    "net/tls": (".", "loop", "net/stream"),
    "net/resolve": (".", "loop"),
    "net/tcp": (".", "loop", "net/stream", "net/tls", "net/resolve"),
    "net/process": ("loop",),
    "net/redis": ("loop",),
    "http/message": (),
    "http/websocket": ("http/message",),
    "http/server": ("loop", "net", "http/message"),
    "http/client": ("loop", "net", "http/message"),
    "http/curl": ("loop", "http/message", "http/client"),
    "web/routing": (),
    "web/template": ("http/message",),
    "web/locale": (),
    "web/handler": (".", "loop", "http", "web/routing"),
    "web/middleware": (),
    "web/static": (".", "http"),
    "web/page": (".", "web/template", "web/handler"),
    "web/app": (".", "web/routing", "web/handler", "web/static"),
    "web/websocket": (".", "loop", "http", "web/handler"),
    "web/auth": ("http/message", "http/client", "web/handler"),
    "web/wsgi": ("loop", "http", "web/app", "web/handler"),
    "web/python": (),
    "web/metrics": ("loop",),
}
# Files that are parts of one thing, and therefore know each other.
PARTS_OF_ONE = (
    {"loop/loop_state", "loop/signals"},
    {"net/stream/stream", "net/stream/stream_parts"},
    {"net/tls/ssl_context", "net/tls/host_certificates"},
    {"http/server/connection", "http/server/exchange", "http/server/decompressed_body", "http/server/shutdown"},
    {"http/client/simple_client", "http/client/simple_fetch", "http/client/connection", "http/client/connection_pool"},
    {"http/client/client_core", "http/client/client_fetch"},
    {"http/curl/core", "http/curl/fetch"},
    {"http/curl/transfer", "http/curl/upload"},
    {"tornado/web", "tornado/core/stock_handlers"},
)
MAX_LINES = {"final": 800, "tests": 800, "chapters": 400, "exercises": 400}
MAX_FUNCTION = 60
SKIPS = re.compile(r"\bGTEST_SKIP\b|\bDISABLED_\w|pytest\.mark\.(?:skip|xfail)|pytest\.skip\(|unittest\.skip")
INCLUDE = re.compile(r'^\s*#\s*include\s+[<"]([^">]+)[">]', re.MULTILINE)
NOT_PUBLIC = re.compile(r"^(?:nlohmann/|re2/|openssl/|fmt/|spdlog/|zlib\.h|regex$|iostream$)")
OPT_IN = {"final/include/tornado/json.h"}  # includes a JSON library by its purpose


def check_size(name, source):
    lines = source.count("\n")
    limit = MAX_LINES[name.split("/")[0]]
    if lines > limit:
        yield lines, f"{lines} lines, and the limit is {limit}: split the file, it does more than one thing"
    if name.startswith("final/") and name.endswith((".cc", ".h")):
        for function in Reader(source).functions:
            length = function.last_line - function.first_line + 1
            if length > MAX_FUNCTION:
                yield function.first_line, f"a function of {length} lines, and the limit is {MAX_FUNCTION}: split it"


def check_skips(name, source):
    if name.startswith(("tests/", "exercises/")):
        for match in SKIPS.finditer(source):
            yield source.count("\n", 0, match.start()) + 1, f"{match.group(0)}: no test is skipped; fix it or remove it"


def check_header(name, source):
    if not (name.startswith("final/") and name.endswith(".h")):
        return
    public = name.startswith("final/include/") and "/core/" not in name
    kind = "Public header" if public else "Internal header"
    if kind not in source.partition("\n")[0]:
        yield 1, f"the first line does not say '{kind}'"
    if "#pragma once" not in source:
        yield 1, "no #pragma once"


def sub_room(path):
    """The sub-room of a file of final/src, and "." for one that lies in none."""
    room, *folders, _ = path.split("/")
    return f"{room}/{folders[0]}" if folders else "."


def may_include(path, included):
    """Whether a file of a sub-room may include another, both as they are written in an include."""
    here, there = sub_room(path), sub_room(included)
    if here in (there, "."):
        return True
    room, other = path.split("/")[0], included.split("/")[0]
    return there in SUB_ROOMS[here] or (room != other and other in ("base", *SUB_ROOMS[here]))


def check_includes(name, source):
    path = name.removeprefix("final/src/")
    room = path.split("/")[0] if path != name else None
    if room in ROOMS and sub_room(path) not in (".", *SUB_ROOMS):
        yield 1, f"{sub_room(path)} is missing in the table SUB_ROOMS of scripts/check_tree.py"
        return
    public = name.startswith("final/include/") and name not in OPT_IN
    for match in INCLUDE.finditer(source):
        included = match.group(1)
        line = source.count("\n", 0, match.start()) + 1
        other = included.split("/")[0]
        if room in ROOMS and other in ROOMS and ROOMS.index(other) > ROOMS.index(room):
            yield line, f"room {room} includes {included}, of a room above it"
        elif room in ROOMS and other in ROOMS and not may_include(path, included):
            yield line, f"{sub_room(path)} includes {included}, which it may not"
        if public and NOT_PUBLIC.match(included):
            yield line, f"a public header includes <{included}>"


CHECKS = (check_size, check_skips, check_header, check_includes)


def unit(name):
    """Where a file belongs: a header and its source are one. As an include names it, without its ending."""
    for folder in ("final/src/", "final/include/"):
        if name.startswith(folder) and name.endswith((".h", ".cc")):
            return name.removeprefix(folder).rpartition(".")[0]
    return None


def circles(sources):
    """(name, line, what is wrong) of each include that leads back to its own file. `sources` by name."""
    units = {unit(name) for name in sources} - {None}
    includes = {}  # unit -> unit -> (name, line)
    for name, source in sources.items():
        here = unit(name)
        for match in INCLUDE.finditer(source) if here else ():
            there = match.group(1).rpartition(".")[0]
            if there in units and there != here and not any({here, there} <= parts for parts in PARTS_OF_ONE):
                includes.setdefault(here, {})[there] = (name, source.count("\n", 0, match.start()) + 1)

    def reached(start):
        seen, left = set(), [start]
        while left:
            new = set(includes.get(left.pop(), ())) - seen
            seen |= new
            left += new
        return seen

    for here, theres in includes.items():
        for there, (name, line) in theres.items():
            if here in reached(there):
                yield name, line, f"{here} includes {there}, which leads back to it"


def problems(name, source):
    """(line, what is wrong) of one file, whose name is its path from the root."""
    for check in CHECKS:
        yield from check(name, source)


def project_files():
    names = subprocess.run(
        ["git", "-C", str(ROOT), "ls-files", "-z", "-co", "--exclude-standard", "--", *MAX_LINES],
        check=True, capture_output=True, text=True).stdout.split("\0")
    return sorted(n for n in names if n.endswith((".h", ".cc", ".py")) and (ROOT / n).exists())


def main():
    argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter).parse_args()
    sources = {name: (ROOT / name).read_text() for name in project_files()}
    found = [(name, *problem) for name, source in sources.items() for problem in problems(name, source)]
    found += circles(sources)
    for name, line, problem in found:
        print(f"{name}:{line}: {problem}")
    if found:
        print(f"error: {len(found)} breach{'es' * (len(found) != 1)} of the house rules")
        return 1
    print(f"check_tree: {len(sources)} files keep the house rules.")
    return 0


if __name__ == "__main__":
    sys.exit(main())
