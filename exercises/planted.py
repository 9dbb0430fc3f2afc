"""Planted mistakes: exercises/NN-K-name/wrong/NAME.patch turns the solution into a wrong one. Lines above the patch's
first `---` are a note: what somebody who writes this believes."""

import pathlib
import shutil
import subprocess
import tempfile

import builder
from catalogue import ROOT

WRONG = builder.BUILD / "wrong"
DESK = builder.BUILD / "plant"  # a mistake is here while somebody edits it


class DoesNotApply(Exception):
    """The patch is missing, or does not fit the solution; the text says how to make it anew."""


def _texts(folder):
    return {str(file.relative_to(folder)): file.read_bytes() for file in folder.rglob("*") if file.is_file()}


def _replace(folder, texts):
    """Makes `texts` the files of `folder`. Does not touch a file that is right already, so that its object stays fresh."""
    folder.mkdir(parents=True, exist_ok=True)
    before = _texts(folder)
    for name in before.keys() - texts.keys():
        (folder / name).unlink()
    for name, text in texts.items():
        if before.get(name) != text:
            (folder / name).write_bytes(text)


def _apply(patch, folder, *options):
    command = ["patch", "--strip=1", "--batch", "--forward", "--no-backup-if-mismatch", "--reject-file=-", *options,
               f"--directory={folder}", f"--input={patch}"]
    return subprocess.run(command, capture_output=True, text=True)


def _said(done):
    return (done.stdout + done.stderr).rstrip()


def folder_of(exercise, wrong):
    """The folder in build/ that holds the solution with this mistake. Raises DoesNotApply."""
    how = f"  /usr/bin/python3 exercises/run.py plant {exercise.id} {wrong.name}"
    name = wrong.patch.relative_to(exercise.folder)
    if not wrong.patch.exists():
        raise DoesNotApply(f"There is no {name}. Make it:\n{how}")
    folder = WRONG / exercise.id / wrong.name
    with tempfile.TemporaryDirectory() as scratch:
        shutil.copytree(exercise.solution, scratch, dirs_exist_ok=True)
        done = _apply(wrong.patch, scratch, "--fuzz=0")
        if done.returncode != 0:
            raise DoesNotApply(f"{name} does not apply to solution/. Make it anew:\n{how}\n{_said(done)}")
        _replace(folder, _texts(pathlib.Path(scratch)))
    return folder


def _note(patch):
    return patch.read_text().partition("--- solution/")[0] if patch.exists() else ""


def _diff(exercise, desk):
    for name in sorted(_texts(exercise.solution)):
        command = ["diff", "--unified", "--suppress-blank-empty", f"--label=solution/{name}", f"--label=wrong/{name}",
                   exercise.solution / name, desk / name]
        yield subprocess.run(command, capture_output=True, text=True).stdout


def plant(exercise, name):
    """In two calls: the first copies the solution, with as much of the patch as applies, to a folder and says where to
    edit it. The second writes the patch, keeps its note, and removes the folder."""
    patch = exercise.folder / "wrong" / f"{name}.patch"
    desk = DESK / exercise.id / name
    if desk.exists():
        patch.parent.mkdir(exist_ok=True)
        patch.write_text(_note(patch) + "".join(_diff(exercise, desk)))
        shutil.rmtree(desk)
        print(f"Wrote {patch.relative_to(ROOT)}.")
        return
    shutil.copytree(exercise.solution, desk)
    if patch.exists():
        print(_said(_apply(patch, desk, "--merge")))
    print(f"Plant the mistake in {desk.relative_to(ROOT)}/, then run this once more: it writes the patch.")
