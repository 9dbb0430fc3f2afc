"""The exercises: run.py exercise|hint|watch|check NN-K, run.py progress,
run.py prove [--part=basics|planted] [--junit=FILE] [NN-K ...], run.py plant NN-K NAME,
run.py mutants [--junit=FILE] [NN-K ...], run.py milestones NN-K, run.py mine [--solutions] [--only=layers|servers|chat] [ARGUMENT ...].

`exercise` ends with 0 once all tests pass, with 3 while one fails, and with 2 if there is no such exercise. (1 is Python's,
when this program itself fails.) With WAIT=60 in the environment, its tests wait 60 s for a debugger. `check` runs nothing: it
only ends with 2 if there is no such exercise.
"""

import os
import sys
import time

import builder
import milestones
import mine
import mutants
import planted
import progress
import prove
import results
import sanitizers
from catalogue import ROOT, Unknown, all_exercises, count, find
from live import Live

POLL_SECONDS = 0.5
RED = 3
STORY = "The story so far:"  # as support/story.cc begins, if the test could not end


def say_compiler_errors(words):
    lines = words.splitlines()
    first = next((i for i, line in enumerate(lines) if "error" in line), 0)
    print("\nIt does not compile yet. The compiler's first error:\n")
    print("\n".join("  " + line for line in lines[max(0, first - 1):first + 8]))


def say_progress(done, total):
    """On a terminal, the line counts."""
    if sys.stdout.isatty():
        print(f"\rBuilding ... {done} of {total}", end="\n" if done == total else "", flush=True)
    elif done == 0:
        print(f"Building {count(total, 'file')}", flush=True)


def say_tests(tests, indent):
    for test in tests:
        print(f"{indent}{'✓' if test.passed else '✗'} {test.name}")


def say_milestones(exercise, outcome):
    """The tests of each milestone, up to the first that is not reached. What comes later was not run."""
    for number, milestone in enumerate(exercise.milestones, 1):
        tests = outcome.of_group(milestone.group)
        if not tests:
            break
        print(f"  Milestone {number} of {len(exercise.milestones)}: {milestone.title} ({milestone.steps})")
        say_tests(tests, "    ")


def say_results(exercise, outcome):
    if exercise.milestones:
        say_milestones(exercise, outcome)
        print(f"\n{outcome.reached(exercise.milestones)} of {count(len(exercise.milestones), 'milestone')}, ", end="")
    else:
        say_tests(outcome.tests, "  ")
        print()
    print(f"{outcome.passed} of {outcome.total} {'test passes' if outcome.total == 1 else 'tests pass'}.")
    others = len(outcome.failed) - 1
    if others > 0:
        print(f"The first that fails is shown below; {others} more {'is' if others == 1 else 'are'} shown once it passes.")


def say_story(exercise, test):
    """What the first failing test tells; the report of a sanitizer in three lines, before the story."""
    print(f"\n{test.name}")
    report = sanitizers.find(test.message, exercise.work)
    if report is None:
        print(test.message)
        return
    text, heading, story = test.message.partition(STORY)
    whole = builder.BUILD / "reports" / f"{exercise.id}.txt"
    whole.parent.mkdir(parents=True, exist_ok=True)
    whole.write_text(text)
    print(f"{text[:report.start]}{report.lines()}\n  The whole report: {whole.relative_to(ROOT)}\n\n{heading}{story}")


def say_where_to_begin(exercise):
    print("The tests are meant to fail now: this is the starter, and your task is to make them pass. Nothing is broken.")
    print(f"Begin with {exercise.begin}. The task is in {exercise.folder.relative_to(ROOT)}/README.md.")
    print(f"make watch EX={exercise.id} runs the tests again whenever you save.")


def try_once(exercise, new, wait=0):
    """Builds and runs the reader's files, which may be new to them. True if all tests pass."""
    files = " ".join(str(file.relative_to(ROOT)) for file in sorted(exercise.work.iterdir()) if file.is_file())
    print(f"{exercise.id}  {exercise.title}  {'★' * exercise.stars}  about {exercise.minutes} min")
    print(f"Your files{', made from the starter just now' if new else ''}: {files}\n", flush=True)
    live = Live(exercise)
    try:
        program = builder.build(exercise, exercise.work, tell=say_progress)
    except builder.DoesNotBuild as words:
        live.end()
        say_compiler_errors(str(words))
        return False
    outcome = results.of_exercise(exercise, program, wait, live.heard)
    solved = outcome.all_passed
    progress.record(exercise, passed=outcome.passed, tests=outcome.total,
                    solved=solved or progress.of(exercise).get("solved", False))
    live.end(outcome)
    say_results(exercise, outcome)
    if solved:
        print(f"Solved. Compare with {exercise.solution.relative_to(ROOT)}/, and see make progress.")
        if exercise.learnt:
            print(exercise.learnt)
        if exercise.layer:
            print("It is a layer of your own Tornado now: make mine runs the chapters' servers on it.")
    elif new:
        say_where_to_begin(exercise)
    else:
        print(f"Stuck? make hint EX={exercise.id} ({progress.of(exercise).get('hints', 0)} of {len(exercise.hints)} seen)")
    if outcome.failed:
        say_story(exercise, outcome.failed[0])
    return solved


def show_hint(exercise):
    seen = progress.of(exercise).get("hints", 0)
    shown = min(seen + 1, len(exercise.hints))
    for number, path in enumerate(exercise.hints[:shown], 1):
        print(f"Hint {number} of {len(exercise.hints)}\n\n{path.read_text()}")
    if seen == len(exercise.hints):
        print(f"These are all the hints. The solution is in {exercise.solution.relative_to(ROOT)}/.")
    progress.record(exercise, hints=shown)


def stamps(folder):
    return {file: file.stat().st_mtime_ns for file in folder.rglob("*") if file.is_file()}


def watch(exercise):
    """Runs again whenever a file in work/ has changed, until all tests pass or Ctrl-C."""
    new = exercise.make_work()
    while True:
        before = stamps(exercise.work)  # before the run: what is saved meanwhile counts
        if try_once(exercise, new):
            return
        new = False
        print("\nWatching your files; Ctrl-C ends it.", flush=True)
        while stamps(exercise.work) == before:
            time.sleep(POLL_SECONDS)
        print("\n" + "=" * 72)


def split(names, *known):
    """(the options of a command: {"part": "basics"}, the exercises that it names). Raises Unknown, also for an option that is
    not known."""
    given = [name for name in names if name.startswith("-")]
    for name in given:
        if not name.startswith(tuple(f"--{option}=" for option in known)):
            raise Unknown(f"there is no option '{name}' here; run.py --help lists the options")
    return dict(name[2:].split("=", 1) for name in given), [find(name) for name in names if name not in given]


def main(arguments):
    verb, names = (arguments[0], arguments[1:]) if arguments else ("", [])
    try:
        if {"-h", "--help"} & set(arguments[:2]):
            print(mine.__doc__ if verb == "mine" else __doc__)
        elif verb == "prove":
            options, named = split(names, "part", "junit")
            if (part := options.get("part", "all")) not in prove.PARTS:
                raise Unknown(f"there is no part '{part}'; use --part= with one of: {' '.join(prove.PARTS)}")
            return prove.main(named or all_exercises(), part, options.get("junit"))
        elif verb == "progress" and not names:
            print("\n".join(progress.lines(all_exercises())))
        elif verb == "plant" and len(names) == 2:
            planted.plant(find(names[0]), names[1])
        elif verb == "mine":
            return mine.main(all_exercises(), names, say_progress)
        elif verb == "milestones":
            named = split(names)[1]
            if whole := [exercise.id for exercise in named if not exercise.milestones]:
                known = " ".join(exercise.id for exercise in all_exercises() if exercise.milestones)
                raise Unknown(f"exercise {whole[0]} has no milestones; use one of: {known}")
            return milestones.main(named or all_exercises())
        elif verb == "mutants":
            options, named = split(names, "junit")
            return mutants.main(named or mutants.listed(all_exercises()), options.get("junit"))
        elif verb == "check":
            find(" ".join(names))
        elif verb == "hint":
            show_hint(find(" ".join(names)))
        elif verb == "watch":
            watch(find(" ".join(names)))
        elif verb == "exercise":
            exercise = find(" ".join(names))
            wait = os.environ.get("WAIT", "0")
            if not wait.isdecimal():
                print(f"error: WAIT is '{wait}', not a number of seconds to wait for a debugger, as in WAIT=60", file=sys.stderr)
                return 2
            return 0 if try_once(exercise, exercise.make_work(), int(wait)) else RED
        else:
            raise Unknown(f"run.py has no command of the form '{' '.join(arguments)}'; run.py --help lists them")
        return 0
    except Unknown as unknown:
        print(f"error: {unknown}", file=sys.stderr)
        return 2
    except KeyboardInterrupt:
        print()
        return 130


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
