#!/usr/bin/python3
"""Checks what the house rules say of files, so that nobody has to remember them.

  sizes      files of final/ and tests/ at most 800 lines, of chapters/ 400; functions of final/ at most 60 lines
  tests      none is skipped or disabled
  headers    say what they are in their first line, have #pragma once
  rooms      a room of final/src includes only itself and the rooms before it
  public     public headers include no JSON, regex, TLS, formatting, logging or iostream header
"""

import pathlib
import re
import subprocess
import sys

from cpp_reader import Reader

ROOT = pathlib.Path(__file__).resolve().parent.parent
ROOMS = ("base", "loop", "net", "http", "web")
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
        yield lines, f"{lines} lines; at most {limit}: it has a second reason to change"
    if name.startswith("final/") and name.endswith((".cc", ".h")):
        for function in Reader(source).functions:
            length = function.last_line - function.first_line + 1
            if length > MAX_FUNCTION:
                yield function.first_line, f"a function of {length} lines; at most {MAX_FUNCTION}"


def check_skips(name, source):
    if name.startswith(("tests/", "exercises/")):
        for match in SKIPS.finditer(source):
            yield source.count("\n", 0, match.start()) + 1, f"{match.group(0)}: a test runs or does not exist"


def check_header(name, source):
    if not (name.startswith("final/") and name.endswith(".h")):
        return
    public = name.startswith("final/include/") and "/detail/" not in name
    kind = "Public header" if public else "Internal header"
    if kind not in source.partition("\n")[0]:
        yield 1, f"the first line does not say '{kind}'"
    if "#pragma once" not in source:
        yield 1, "no #pragma once"


def check_includes(name, source):
    room = name.split("/")[2] if name.startswith("final/src/") else None
    public = name.startswith("final/include/") and name not in OPT_IN
    for match in INCLUDE.finditer(source):
        included = match.group(1)
        line = source.count("\n", 0, match.start()) + 1
        other = included.split("/")[0]
        if room in ROOMS and other in ROOMS and ROOMS.index(other) > ROOMS.index(room):
            yield line, f"room {room} includes {included}, which stands on it"
        if public and NOT_PUBLIC.match(included):
            yield line, f"a public header includes <{included}>"


CHECKS = (check_size, check_skips, check_header, check_includes)


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
    names = project_files()
    bad = 0
    for name in names:
        for line, problem in problems(name, (ROOT / name).read_text()):
            print(f"{name}:{line}: {problem}")
            bad += 1
    if bad:
        print(f"error: {bad} breaches of the house rules")
        return 1
    print(f"check_tree: {len(names)} files keep the house rules.")
    return 0


if __name__ == "__main__":
    sys.exit(main())
