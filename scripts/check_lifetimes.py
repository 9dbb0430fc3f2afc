#!/usr/bin/python3
"""Finds coroutines that outlive what they use, and futures that nobody waits for.

    check_lifetimes.py --build=FOLDER --target=NAME --root=FOLDER [--clang-query=PROGRAM] [--warnings] [--gcc12]

Checks the sources of a target of CMake, and the headers that they include, as far as they are below --root. The CMake
function tornado_check() makes a test of this. With --clang-query it asks clang for the mistakes of lifetimes.query, and with
--warnings for what it warns of under the target's own -W options. With --gcc12 it also looks for the statements that
g++ 12 compiles wrongly (check_await.py). A line that is right as it is says so in a comment: // NOLINT(tornado-KIND), with
the kind that the finding names.
"""

import argparse
import concurrent.futures
import json
import os
import pathlib
import re
import shlex
import subprocess
import sys

import check_await

HERE = pathlib.Path(__file__).resolve().parent
QUERY = HERE / "lifetimes.query"
KINDS = {
    "parameter": "this parameter of a coroutine refers to something that may be gone after the first co_await: take it by value",
    "temporary-closure": "this lambda is destroyed at the end of the statement, and its captures with it, but the coroutine goes "
                         "on: name the lambda and keep it, or pass parameters by value instead of capturing",
    "returned-closure": "this lambda is destroyed when the function returns, and its captures with it, but the coroutine goes on: "
                        "pass parameters by value instead of capturing, or await the call here",
    "borrowed-variable": "this lambda refers to a local variable, which may be gone when the lambda is called: capture by value",
    "temporary-object": "this object is destroyed at the end of the statement, but its coroutine goes on: name the object and keep "
                        "it, or await the call here",
    "forgotten-future": "nobody waits for this future, so the function goes on before the work is done: co_await it, or "
                        "pass it to gen::spawn if that is meant",
    "gcc12": "g++ 12 compiles this statement wrongly",
}
FOUND = re.compile(r'^(.*):(\d+):(\d+): note: "(' + "|".join(KINDS) + r')" binds here$')
# The options with a value that every compiler needs to read the source; others may be g++'s alone.
WITH_VALUE = ("-I", "-isystem", "-iquote", "-idirafter", "-include", "-D", "-U")


def flags_of(words, warnings):
    """The flags of a compiler's command that decide what its source means, and with `warnings` what is an error."""
    kept = ["-Werror", "-Wno-unknown-warning-option"] if warnings else ["-w"]
    for at, word in enumerate(words):
        if word in WITH_VALUE:
            kept += words[at:at + 2]
        elif word.startswith("-std=") or (word.startswith(("-I", "-D", "-U")) and len(word) > 2):
            kept.append(word)
        elif warnings and word.startswith("-W"):
            kept.append(word)
    return kept


def commands_of(build, target, warnings):
    """(source, folder to run in, flags) for each source of the target."""
    database = pathlib.Path(build) / "compile_commands.json"
    mine = f"CMakeFiles/{target}.dir/"
    found = []
    for entry in json.loads(database.read_text()):
        words = entry.get("arguments") or shlex.split(entry["command"])
        if mine in words[words.index("-o") + 1]:
            found.append((entry["file"], entry["directory"], flags_of(words, warnings)))
    return found


def ask_clang(program, source, folder, flags):
    """(file, line, column, kind) for each mistake. Throws RuntimeError if the source, or the query, is an error to clang."""
    done = subprocess.run([program, "-f", str(QUERY), source, "--", *flags], cwd=folder, capture_output=True, text=True)
    said = (done.stdout + done.stderr).splitlines()
    errors = [line for line in said if re.search(r"\berror: ", line)]
    answers = sum(bool(re.fullmatch(r"\d+ match(es)?\.", line)) for line in said)
    asked = sum(line.startswith("match ") for line in QUERY.read_text().splitlines())
    if done.returncode or errors or answers != asked:
        raise RuntimeError(f"{program} cannot read {source}:\n" + "\n".join(errors or said[-10:]))
    matches = filter(None, map(FOUND.match, said))
    return [(os.path.join(folder, found[1]), int(found[2]), int(found[3]), found[4]) for found in matches]


def included_files(source, folder, flags, root):
    """The source, and the headers below `root` that it includes with quotes, and they in turn."""
    folders = [pathlib.Path(folder, flags[at + 1] if flag == "-I" else flag[2:])
               for at, flag in enumerate(flags) if flag.startswith("-I")]
    seen, to_read = set(), [pathlib.Path(source)]
    while to_read:
        file = to_read.pop().resolve()
        if file in seen or not file.is_relative_to(root) or not file.is_file():
            continue
        seen.add(file)
        names = re.findall(r'^\s*#\s*include\s*"([^"]+)"', file.read_text(), re.M)
        to_read += [parent / name for name in names for parent in (file.parent, *folders)]
    return seen


def findings(commands, root, clang_query, gcc12):
    """(file, line, column, kind, text) for each mistake, in order."""
    root = pathlib.Path(root).resolve()
    found = set()
    if clang_query:
        with concurrent.futures.ThreadPoolExecutor(os.cpu_count()) as pool:
            for matches in pool.map(lambda command: ask_clang(clang_query, *command), commands):
                for file, line, column, kind in matches:
                    file = pathlib.Path(file).resolve()
                    if file.is_relative_to(root):
                        found.add((file, line, column, kind, KINDS[kind]))
    if gcc12:
        for file in {file for command in commands for file in included_files(*command, root)}:
            for line, pattern in check_await.findings(file.read_text()):
                found.add((file, line, 1, "gcc12", f"{KINDS['gcc12']} ({pattern}): name it, then await it"))
    return sorted(one for one in found if f"NOLINT(tornado-{one[3]})" not in one[0].read_text().splitlines()[one[1] - 1])


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--build", required=True, help="the build folder, with compile_commands.json")
    parser.add_argument("--target", required=True)
    parser.add_argument("--root", required=True, help="only files below this folder are checked")
    parser.add_argument("--clang-query", default="", metavar="PROGRAM")
    parser.add_argument("--warnings", action="store_true", help="what clang warns of is an error")
    parser.add_argument("--gcc12", action="store_true")
    arguments = parser.parse_args()
    if not (pathlib.Path(arguments.build) / "compile_commands.json").is_file():
        parser.error(f"{arguments.build} has no compile_commands.json: configure it with -DCMAKE_EXPORT_COMPILE_COMMANDS=ON")
    commands = commands_of(arguments.build, arguments.target, arguments.warnings)
    if not commands:
        sys.exit(f"error: compile_commands.json in {arguments.build} has no source of the target {arguments.target}")
    try:
        found = findings(commands, arguments.root, arguments.clang_query, arguments.gcc12)
    except RuntimeError as error:
        sys.exit(f"error: {error}")
    for file, line, column, kind, text in found:
        print(f"{file}:{line}:{column}: {text} [tornado-{kind}]")
    print(f"tornado_check: {len(commands)} source{'s' * (len(commands) != 1)} of {arguments.target}, "
          f"{len(found) or 'no'} finding{'s' * (len(found) != 1)}.")
    return 1 if found else 0


if __name__ == "__main__":
    sys.exit(main())
