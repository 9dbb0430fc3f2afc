"""Compiles an exercise: the files of one folder (the reader's, the solution's, a wrong one's), the tests, and the
chapters beneath. What did not change is not compiled again.

A file of the folder stands in for the file of that name in a chapter. For a header, a folder of stand-ins is searched before
chapters/: its 07-futures/future.h only includes the reader's future.h."""

import concurrent.futures
import functools
import hashlib
import json
import os
import pathlib
import re
import shutil
import subprocess
import threading
import time

from catalogue import ROOT

BUILD = ROOT / "build" / "exercises"
SUPPORT = ROOT / "exercises" / "support"
FRAMEWORK = ROOT / "final"
FRAMEWORK_BUILD = ROOT / "build" / "debug"
COMMON = ["-std=c++20", "-g1", "-Wall", "-Wextra", "-Wshadow", "-fmax-errors=3", "-pthread", "-D_GLIBCXX_ASSERTIONS", f"-I{ROOT}", f"-I{ROOT}/chapters",
          f"-I{ROOT}/exercises"]
FLAGS = {
    "address": ["-fsanitize=address,undefined", "-fno-sanitize-recover=undefined", "-fno-omit-frame-pointer"],
    "thread": ["-fsanitize=thread"],
    "release": ["-O3", "-DNDEBUG"],  # as the servers of the chapters are built to be measured
}
_locks: dict[pathlib.Path, threading.Lock] = {}
_locks_lock = threading.Lock()


class DoesNotBuild(Exception):
    """What the compiler or the linker said."""


def _lock(path):
    with _locks_lock:
        return _locks.setdefault(path, threading.Lock())


def _run(command):
    done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True)
    if done.returncode != 0:
        raise DoesNotBuild(done.stderr or done.stdout)


def _compiler():
    return ["ccache", "g++"] if shutil.which("ccache") else ["g++"]


def _dependencies(depfile):
    """The files of a rule as the compiler writes it for make: a blank has a backslash before it, a dollar another."""
    text = depfile.read_text().replace("\\\n", " ")
    words = re.findall(r"(?:\\.|\S)+", text.partition(": ")[2])
    return [pathlib.Path(re.sub(r"\\(.)", r"\1", word).replace("$$", "$")) for word in words]


def _stamp(command, dependencies):
    """Changes with whatever `command` read: a file that was put in another's place may well be older than it."""
    read = [[str(file), file.stat().st_mtime_ns, file.stat().st_size] for file in dependencies]
    return json.dumps([command, read])


def _is_fresh(output, command, dependencies):
    stamp = output.with_suffix(".stamp")
    try:
        return output.exists() and stamp.read_text() == _stamp(command, dependencies())
    except FileNotFoundError:
        return False


def _make(output, command, dependencies):
    with _lock(output):
        if not _is_fresh(output, command, dependencies):
            output.parent.mkdir(parents=True, exist_ok=True)
            stamp = output.with_suffix(".stamp")
            stamp.unlink(missing_ok=True)
            start = time.time_ns()
            _run(command)
            read = dependencies()
            if all(file.stat().st_mtime_ns < start for file in read):  # else one was saved meanwhile
                stamp.write_text(_stamp(command, read))
    return output


def chapter_file(name, chapters):
    """The file of one of these chapters that a file of this name stands in for; None if there is none."""
    found = (file for chapter in chapters for file in (ROOT / "chapters").glob(f"{chapter}-*/{name}"))
    return next(found, None)


def stand_ins(headers, chapters, name):
    """A folder in which 07-futures/future.h is the reader's, for each header that stands in for one of these chapters. What is
    there already is not touched, so that the objects made with it stay fresh."""
    folder = BUILD / "stand-ins" / name
    wanted = {}
    for header in headers:
        if original := chapter_file(header.name, chapters):
            wanted[folder / original.relative_to(ROOT / "chapters")] = f'#include "{header}"\n'
    with _lock(folder):
        for place in folder.rglob("*.h"):
            if place not in wanted:
                place.unlink()
        for place, text in wanted.items():
            place.parent.mkdir(parents=True, exist_ok=True)
            if not place.exists() or place.read_text() != text:
                place.write_text(text)
    return folder


def _precompiled(source, sanitizer):
    """The header in `SUPPORT` that is compiled once for sources like this one; None if it includes all by itself, as a reader's
    file does: what it forgets has to be told."""
    if source.parent.name == "work" or sanitizer == "release":
        return None
    return SUPPORT / ("test_headers.h" if source.parent.name == "tests" else "standard_headers.h")


def _precompiled_place(header, sanitizer):
    return BUILD / sanitizer / "precompiled" / header.name


@functools.cache
def _precompile(header, sanitizer):
    """Each source is then compiled in two thirds of the time."""
    place = _precompiled_place(header, sanitizer)
    output, depfile = place.with_name(f"{place.name}.gch"), place.with_suffix(".d")
    place.parent.mkdir(parents=True, exist_ok=True)
    if not place.exists():
        place.write_text(f'#include "{header}"\n')  # for a compiler that cannot use the other
    _make(output, ["g++", *COMMON, *FLAGS[sanitizer], "-MD", "-MF", str(depfile), "-x", "c++-header", str(header), "-o", str(output)],
          lambda: _dependencies(depfile))


def _object(source, sanitizer, include):
    """(the object file of `source`, the command that makes it, a function that returns what it read)"""
    first = [f"-I{folder}" for folder in include]
    if header := _precompiled(source, sanitizer):
        first += ["-include", str(_precompiled_place(header, sanitizer))]
    name = hashlib.sha1(" ".join([str(source), *first]).encode()).hexdigest()[:12]
    output = BUILD / sanitizer / f"{source.stem}-{name}.o"
    depfile = output.with_suffix(".d")
    variables = ["-g"] if source.parent.name == "work" else []  # a debugger prints those of the reader's files
    command = [*_compiler(), *first, *COMMON, *FLAGS[sanitizer], *variables, "-MMD", "-MF", str(depfile), "-c", str(source),
               "-o", str(output)]
    return output, command, lambda: _dependencies(depfile)


def compile_object(source, sanitizer, include=()):
    """The object file of `source`. `include` are folders whose headers come first."""
    if header := _precompiled(source, sanitizer):
        _precompile(header, sanitizer)
    return _make(*_object(source, sanitizer, include))


def _chapter_sources(exercise):
    for chapter in exercise.chapters:
        for folder in (ROOT / "chapters").glob(f"{chapter}-*"):
            yield from (source for source in sorted(folder.glob("*.cc")) if source.name not in exercise.replaces)


def _made_once(exercise, source):
    """The solution's file, if `source` is a copy of it: its object is made once for all copies. A reader's file is never
    replaced, because the compiler names the file it reads."""
    original = exercise.solution / source.name
    if source.parent.name == "work" or not original.exists() or original.read_bytes() != source.read_bytes():
        return source
    return original


def parts(exercise, folder):
    """What the test program of `exercise` with the files of `folder` is made of: (source, the folders whose headers it sees
    first). A folder without headers shares the objects of the tests, and of sources that are the solution's, with all others
    of that kind."""
    headers = sorted(folder.rglob("*.h"))
    include = (stand_ins(headers, exercise.chapters, f"{exercise.id}-{folder.name}"), folder) if headers else ()
    include += (FRAMEWORK / "include",) if exercise.framework else ()
    yield from ((source if headers else _made_once(exercise, source), include) for source in sorted(folder.glob("*.cc")))
    yield from ((source, include) for source in sorted((exercise.folder / "tests").glob("*.cc")))
    yield SUPPORT / "story.cc", ()
    yield from ((source, ()) for source in _chapter_sources(exercise))


def compile_stale(objects, tell):
    """Compiles what has changed of these (source, sanitizer, include), and calls tell(how many are done, of how many) before
    the first and after each. Raises DoesNotBuild."""
    stale = [one for one in objects if not _is_fresh(*_object(*one))]
    if not stale:
        return
    tell(0, len(stale))
    with concurrent.futures.ThreadPoolExecutor(os.cpu_count()) as pool:
        running = [pool.submit(compile_object, *one) for one in stale]
        for number, done in enumerate(concurrent.futures.as_completed(running), 1):
            if done.exception():
                pool.shutdown(cancel_futures=True)
            done.result()
            tell(number, len(stale))


@functools.cache
def _build_framework():
    """(the framework's library, what a program on it links besides). Builds it first if it has to be."""
    print("The framework comes first; the first time, it takes a few minutes.", flush=True)
    if subprocess.run(["scripts/build.sh", "debug", "tornado"], cwd=ROOT).returncode != 0:
        raise DoesNotBuild("scripts/build.sh debug tornado failed; its output is above")
    needs = subprocess.run(["pkg-config", "--static", "--libs-only-l", "--libs-only-other",
                            "./tornado.pc"],  # pkg-config splits a path at a blank
                           cwd=FRAMEWORK_BUILD, capture_output=True, text=True, check=True)
    return FRAMEWORK_BUILD / "final" / "libtornado.a", [word for word in needs.stdout.split() if word != "-ltornado"]


@functools.cache
def _linker():
    """lld, if it is installed, takes a third of the time."""
    return ["-fuse-ld=lld"] if shutil.which("ld.lld") else []


def link(program, objects, sanitizer, libraries, framework=False):
    """`framework` says whether the program is linked with final/, too."""
    needs = []
    if framework:
        with _lock(FRAMEWORK_BUILD):
            library, needs = _build_framework()
        objects = [*objects, library]
    command = ["g++", *_linker(), *FLAGS[sanitizer], "-pthread", *map(str, objects), *needs, *(f"-l{name}" for name in libraries),
               "-o", str(program)]
    return _make(program, command, lambda: objects)


def build(exercise, folder, sanitizer="address", tell=None):
    """The test program of `exercise` with the files of `folder`. Raises DoesNotBuild."""
    made = [(source, sanitizer, include) for source, include in parts(exercise, folder)]
    if tell:
        compile_stale(made, tell)
    objects = [compile_object(*one) for one in made]
    program = BUILD / sanitizer / f"{exercise.folder.name}-{folder.name}.program"
    return link(program, objects, sanitizer, [*exercise.libraries, "gtest", "gtest_main"], exercise.framework)
