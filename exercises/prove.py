"""Proves of every exercise what its reader relies on: the starter builds and fails for the declared reason, the solution
passes under the sanitizers, each wrong solution is rejected by the test that names its misconception."""

import concurrent.futures
import functools
import os
import re
import time
import xml.etree.ElementTree as xml

import builder
import planted
import results
from catalogue import count

README_NEEDS = ("## Task", "## Read first")
KINDS = {"rebuild", "extend", "debug", "measure"}
MAX_HINT_WORDS = 150
SHOWN_EVERY = 5


def check_folder(exercise):
    """What can be seen without a compiler."""
    readme = (exercise.folder / "README.md").read_text()
    for heading in README_NEEDS:
        if heading not in readme:
            yield f"README.md has no '{heading}'"
    if f"{'★' * exercise.stars} " not in readme or f"{exercise.minutes} minutes" not in readme:
        yield "README.md does not say the stars and the minutes of exercise.toml"
    if exercise.kind not in KINDS:
        yield f"kind is '{exercise.kind}'"
    if len(exercise.hints) != 3:
        yield "there are not three hints"
    for hint in exercise.hints:
        if not 5 <= len(hint.read_text().split()) <= MAX_HINT_WORDS:
            yield f"{hint.name} is empty or too long"
    if len(exercise.wrong) < 2:
        yield "there are fewer than two wrong solutions"
    declared = {wrong.patch.name for wrong in exercise.wrong}
    present = {file.name for file in (exercise.folder / "wrong").iterdir()}
    if declared != present:
        yield f"wrong/ holds {sorted(present)}, exercise.toml names {sorted(declared)}"


def run_variant(exercise, folder, sanitizer="address", run=results.run):
    """Deletes the program afterwards: those of all variants take 3 GB, and their objects link again in a moment."""
    program = builder.build(exercise, folder, sanitizer)
    try:
        return run(program)
    finally:
        program.unlink()


def flat(text):
    return re.sub(r"\s+", " ", text)


def check_rejected(outcome, test_name, words):
    test = outcome.find(test_name)
    if test is None:
        yield f"there is no test {test_name}"
    elif test.passed:
        yield f"{test_name} passes"
    elif flat(words) not in flat(test.message):
        yield f"{test_name} fails without the words '{words}':\n{test.message}"


def run_starter(exercise, program):
    """What comes after the first failure is not looked at: a test that hangs takes 3 s."""
    return results.of_exercise(exercise, program) if exercise.milestones else results.run_once(program)


def check_starter(exercise):
    outcome = run_variant(exercise, exercise.starter, run=functools.partial(run_starter, exercise))
    yield from check_rejected(outcome, exercise.first_failure, exercise.says)
    if outcome.failed and outcome.failed[0].name != exercise.first_failure:
        yield f"the first test that fails is {outcome.failed[0].name}, not {exercise.first_failure}"


def check_solution(exercise, sanitizer):
    outcome = run_variant(exercise, exercise.solution, sanitizer)
    for test in outcome.failed:
        yield f"{test.name} fails under the {sanitizer} sanitizer:\n{test.message}"
    if not outcome.all_passed:
        yield f"{outcome.passed} of {outcome.total} tests pass"
    groups = list(dict.fromkeys(test.name.partition(".")[0] for test in outcome.tests))
    if exercise.milestones and groups != [milestone.group for milestone in exercise.milestones]:
        yield f"the tests are in the groups {groups}, which are not those of the milestones, in their order"


def check_wrong(exercise, wrong):
    folder = planted.folder_of(exercise, wrong)
    outcome = run_variant(exercise, folder, run=functools.partial(results.run_once, tests=wrong.test))
    yield from check_rejected(outcome, wrong.test, wrong.misconception)


def basics(exercise):
    """(what is proved, a function that yields what is wrong): what a reader meets first."""
    yield "its files", lambda: check_folder(exercise)
    yield "the starter fails for the declared reason", lambda: check_starter(exercise)
    yield "the solution passes", lambda: check_solution(exercise, "address")


def mistakes(exercise):
    """The rest, in the same form: each wrong solution is rejected, and a solution with threads passes under TSan."""
    if exercise.threads:
        yield "the solution passes under TSan", lambda: check_solution(exercise, "thread")
    for wrong in exercise.wrong:
        yield f"wrong/{wrong.name} is rejected by {wrong.test}", lambda wrong=wrong: check_wrong(exercise, wrong)


PARTS = {"basics": [basics], "planted": [mistakes], "all": [basics, mistakes]}


def planted_folders(exercise):
    for wrong in exercise.wrong:
        try:
            yield planted.folder_of(exercise, wrong)
        except planted.DoesNotApply:
            pass  # its proof reports it


def objects(exercise, part):
    """(source, sanitizer, the folder whose headers it sees first) of all that the proofs of this part link."""
    builds = []
    if basics in PARTS[part]:
        builds += [(exercise.starter, "address"), (exercise.solution, "address")]
    if mistakes in PARTS[part]:
        builds += [(folder, "address") for folder in planted_folders(exercise)]
        builds += [(exercise.solution, "thread")] if exercise.threads else []
    for folder, sanitizer in builds:
        yield from ((source, sanitizer, include) for source, include in builder.parts(exercise, folder))


def compile_one(source, sanitizer, include):
    try:
        builder.compile_object(source, sanitizer, include)
    except builder.DoesNotBuild:
        pass  # the proofs that need it report it


def compile_all(exercises, part, pool):
    """Each object once. Proofs of one exercise share most of theirs, and would wait for each other."""
    todo = dict.fromkeys(one for exercise in exercises for one in objects(exercise, part))
    for number, _ in enumerate(pool.map(lambda one: compile_one(*one), todo), 1):
        if number % SHOWN_EVERY == 0:
            print(f"{number} of {len(todo)} files compiled", flush=True)


def prove_one(check):
    try:
        return list(check())
    except builder.DoesNotBuild as words:
        return ["it does not build:\n" + "\n".join(str(words).splitlines()[:20])]
    except planted.DoesNotApply as words:
        return [str(words)]


def write_report(path, proved):
    """The proofs as tests of a JUnit report; an exercise's number is what proves it alone."""
    suite = xml.Element("testsuite", name="exercises", tests=str(len(proved)))
    for exercise, what, problems in proved:
        case = xml.SubElement(suite, "testcase", name=f"{exercise.id} {what}")
        if problems:
            xml.SubElement(case, "failure").text = "\n".join(problems)
    xml.ElementTree(suite).write(path)


def main(exercises, part, report=None):
    start = time.monotonic()
    todo = [(exercise, what, check) for exercise in exercises for proofs in PARTS[part] for what, check in proofs(exercise)]
    proved = []
    with concurrent.futures.ThreadPoolExecutor(os.cpu_count()) as pool:
        compile_all(exercises, part, pool)
        for (exercise, what, _), problems in zip(todo, pool.map(lambda one: prove_one(one[2]), todo)):
            print(f"{exercise.id} {what}: {'NO' if problems else 'ok'}", flush=True)
            for problem in problems:
                print(f"    {problem}")
            proved.append((exercise, what, problems))
    if report:
        write_report(report, proved)
    seconds = time.monotonic() - start
    bad = sum(bool(problems) for _, _, problems in proved)
    if bad:
        print(f"error: {bad} of {len(todo)} proofs failed")
        return 1
    print(f"prove: {count(len(exercises), 'exercise')}, {count(len(todo), 'proof')}, {seconds:.0f} s.")
    return 0
