"""What the reader has done, in .progress.json at the root, which git ignores."""

import json

from catalogue import ROOT

FILE = ROOT / ".progress.json"
BAR = 20


def load():
    try:
        return json.loads(FILE.read_text())
    except FileNotFoundError:
        return {}
    except ValueError:
        broken = FILE.with_suffix(".broken.json")
        FILE.rename(broken)
        print(f"note: {FILE.name} could not be read. It was renamed to {broken.name}, and a new one begins.")
        return {}


def record(exercise, **fields):
    progress = load()
    progress.setdefault(exercise.id, {}).update(fields)
    FILE.write_text(json.dumps(progress, indent=1, sort_keys=True) + "\n")


def of(exercise):
    return load().get(exercise.id, {})


def bar(done, total):
    filled = BAR * done // total if total else 0
    return "█" * filled + "░" * (BAR - filled)


def lines(exercises):
    """A bar per chapter, then its exercises."""
    progress = load()
    for chapter in sorted({exercise.chapter for exercise in exercises}):
        own = [exercise for exercise in exercises if exercise.chapter == chapter]
        done = sum(progress.get(exercise.id, {}).get("solved", False) for exercise in own)
        yield f"{'final' if chapter == 'F' else f'chapter {chapter}':10}  {bar(done, len(own))}  {done} of {len(own)}"
        for exercise in own:
            state = progress.get(exercise.id, {})
            if state.get("solved"):
                word = "solved"
            elif "passed" in state:
                word = f"{state['passed']} of {state['tests']} tests"
            else:
                word = ""
            stars = "★" * exercise.stars
            yield f"    {exercise.id}  {stars:3}  {exercise.title:46} {exercise.minutes:3} min  {word}".rstrip()
