"""The reader's own Tornado: the chapters' servers, built on the layers that the reader has solved.

    run.py mine                       shows the layers, builds the servers, and runs the tests of the grid on them
    run.py mine --only=layers         shows which layers are yours, and which are borrowed
    run.py mine --only=servers        builds the servers to build/mine
    run.py mine --only=chat ARGUMENT  builds and runs the server of chapter 08, which has the chat
    run.py mine --solutions ...       takes the solutions for the reader's work; none of them may be borrowed

A layer is an exercise with a `layer` in its exercise.toml. It is yours once all its tests pass; until then the chapter's own
files stand in. The servers are in build/mine as CMake has them in build/release. Ends with 0 if each server does what the
chapter's own does, and with 3 if one does not.
"""

import concurrent.futures
import os
import resource
import sys
from dataclasses import dataclass

import builder
import results
from catalogue import ROOT, count

sys.path[:0] = [str(ROOT / "tests" / "clients"), str(ROOT / "tests" / "chapters" / "wire")]

BUILD = ROOT / "build" / "mine"
BENEATH = "01"  # the chapter that all layers use
LIBRARIES = {"06": "re2"}  # chapter: what it and those after it are linked with
PATIENCE_S = 10.0
RED = 3
SHOWN_CHARACTERS = 300


@dataclass
class Layer:
    exercise: object
    folder: object  # the solved files; None: borrowed
    why: str  # it is borrowed

    @property
    def chapter(self):
        return self.exercise.chapter

    @property
    def files(self):
        return sorted(file for file in self.folder.iterdir() if file.suffix in (".cc", ".h")) if self.folder else []


def examine(exercise, folder, tell):
    """The layer, after its tests have been run on the files in `folder`."""
    if not folder.exists():
        return Layer(exercise, None, "not begun")
    try:
        outcome = results.of_exercise(exercise, builder.build(exercise, folder, tell=tell))
    except builder.DoesNotBuild:
        return Layer(exercise, None, "yours does not compile")
    if outcome.all_passed:
        return Layer(exercise, folder, "")
    return Layer(exercise, None, f"yours passes {outcome.passed} of {count(outcome.total, 'test')}")


def say_layers(layers):
    own = sum(layer.folder is not None for layer in layers)
    print(f"\n{own} of {count(len(layers), 'layer')} {'is' if own == 1 else 'are'} yours:\n")
    for layer in layers:
        whose = "yours" if layer.folder else f"borrowed: {layer.why} (make exercise EX={layer.exercise.id})"
        print(f"  {layer.chapter}  {layer.exercise.layer:38} {whose}")
    print(flush=True)


# ---- building


def sources(layers, chapter):
    """(source, include) of the library of this chapter, with the reader's files in place of the chapter's."""
    own = {builder.chapter_file(file.name, [layer.chapter, *later(layers, layer)]): file
           for layer in layers for file in layer.files}
    headers = [file for original, file in own.items() if file.suffix == ".h" and chapter_of(original) <= chapter]
    every = [layer.chapter for layer in layers]
    include = (builder.stand_ins(headers, every, f"mine-{chapter}"),) if headers else ()
    folder = next((ROOT / "chapters").glob(f"{chapter}-*"))
    return [(own.get(source, source), include) for source in sorted(folder.glob("*.cc"))], include


def later(layers, layer):
    """The chapters above this layer's: a file may stand in for one of them."""
    return [other.chapter for other in layers if other.chapter > layer.chapter]


def chapter_of(file):
    return file.parent.name.partition("-")[0]


def parts(layers, server):
    """What a server is made of: [(source, flavour, include)]."""
    made = []
    for chapter in [BENEATH, *(layer.chapter for layer in layers if layer.chapter <= server.chapter)]:
        library, include = sources(layers, chapter)
        made += [(source, "release", include) for source, include in library]
    folder, name = server.program.rsplit("/", 1)
    return [*made, (ROOT / folder / "demo" / f"{name}.cc", "release", include)]


def build_servers(layers, servers, tell):
    """Builds to BUILD/PROGRAM what CMake builds to build/release/PROGRAM."""
    made = {server.program: parts(layers, server) for server in servers}
    builder.compile_stale(list(dict.fromkeys(one for each in made.values() for one in each)), tell)
    for server in servers:
        program = BUILD / server.program
        program.parent.mkdir(parents=True, exist_ok=True)
        objects = [builder.compile_object(*one) for one in made[server.program]]
        builder.link(program, objects, "release", [name for chapter, name in LIBRARIES.items() if chapter <= server.chapter])


# ---- asking


def raise_file_limit():
    """For the questions with a crowd; the servers inherit it."""
    _, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    resource.setrlimit(resource.RLIMIT_NOFILE, (hard, hard))


def ask(server):
    """{question: why the server does not do what it is asked; "" if it does}: what the chapter's own server can do."""
    from checks import CAPABILITIES, assert_answers
    from wire_server import WireServer
    asked = {}
    for name in (name for name in CAPABILITIES if name not in server.not_yet):
        try:
            running = WireServer([str(BUILD / server.program), *server.arguments])
            try:
                CAPABILITIES[name](running, PATIENCE_S)
                running.check_alive()
                assert_answers(running, PATIENCE_S)
            finally:
                running.stop()
            asked[name] = ""
        except Exception as error:  # whatever it is, the server did not do it
            asked[name] = f"{type(error).__name__}: {error}"[:SHOWN_CHARACTERS]
    return asked


def say_grid(servers, answers):
    """The rows of the grid for these servers, and a column for the reader's."""
    from checks import CAPABILITIES
    print("  " + "  ".join(server.chapter for server in servers) + "  yours")
    for name, check in CAPABILITIES.items():
        cells = ["–" if name in server.not_yet else "✓" for server in servers]
        failed = [server.chapter for server in servers if answers[server.chapter].get(name)]
        yours = f"✗ {' '.join(failed)}" if failed else "✓"
        print("  " + "   ".join(cells) + f"   {yours:6} {check.__doc__.splitlines()[0]}")
    print("\nThe columns 03 to 08 are the chapters' own servers, as in docs/grid.md. ✓ under yours: the same servers on your layers "
          "do what theirs do.")


def say_failures(servers, answers):
    for server in servers:
        for name, why in answers[server.chapter].items():
            if why:
                print(f"\n{server.title} on your layers fails at {name}:\n  {why}\n"
                      f"  Start it: {(BUILD / server.program).relative_to(ROOT)} {' '.join(server.arguments)}")


def ask_all(servers):
    """Returns 0 if each server did what it was asked."""
    raise_file_limit()
    print(f"Running the tests of the grid on {count(len(servers), 'server')} ...\n", flush=True)
    with concurrent.futures.ThreadPoolExecutor(os.cpu_count()) as pool:
        answers = dict(zip((server.chapter for server in servers), pool.map(ask, servers)))
    say_grid(servers, answers)
    say_failures(servers, answers)
    return RED if any(why for asked in answers.values() for why in asked.values()) else 0


def run_chat(server, arguments):
    """Puts the server in this process's place."""
    print("Chapter 08's chat on these layers: open /chat. Ctrl-C ends it.", flush=True)
    program = str(BUILD / server.program)
    os.execv(program, [program, *arguments])


def examine_all(exercises, solutions, tell):
    layers = []
    for exercise in (exercise for exercise in exercises if exercise.layer):
        print(f"Testing {exercise.id} ...", flush=True)
        layers.append(examine(exercise, exercise.solution if solutions else exercise.work, tell))
    return layers


def main(exercises, arguments, tell):
    only = next((one.partition("=")[2] for one in arguments if one.startswith("--only=")), "")
    rest = [one for one in arguments if one != "--solutions" and not one.startswith("--only=")]
    if only not in ("", "layers", "servers", "chat"):
        print(f"error: '{only}' does not run on your layers; DEMO=chat IMPL=mine does", file=sys.stderr)
        return 2
    if rest and only != "chat":
        print(f"error: '{rest[0]}' is no argument of run.py mine; run.py mine --help lists them", file=sys.stderr)
        return 2
    solutions = "--solutions" in arguments
    layers = examine_all(exercises, solutions, tell)
    say_layers(layers)
    if solutions and not all(layer.folder for layer in layers):
        print("error: a solution does not pass its own tests", file=sys.stderr)
        return 1
    if only == "layers":
        return 0
    if not any(layer.folder for layer in layers):
        print(f"Nothing is yours yet. Begin with make exercise EX={layers[0].exercise.id}.")
        return 2 if only else 0
    from declared import declared_servers
    servers = [server for server in declared_servers() if server.chapter in {layer.chapter for layer in layers}]
    build_servers(layers, servers, tell)
    if only == "servers":
        return 0
    if only == "chat":
        run_chat(servers[-1], rest)
    return ask_all(servers)
