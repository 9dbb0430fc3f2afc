"""Every quiz is one that teaches, and the program that asks it bears with whoever answers."""

import fcntl
import os
import pathlib
import pty
import re
import shutil
import subprocess
import sys
import termios

import pytest

ROOT = pathlib.Path(__file__).resolve().parents[2]
sys.path.insert(0, str(ROOT / "scripts"))

import quiz  # noqa: E402  (found by the line above)

QUIZZES = sorted(ROOT.glob("chapters/*/quiz.toml"))

ANOTHER = """[[question.wrong]]
says = "Another"
misconception = "All that is short is right."
refuted = "It is only short."
"""
TOML = "".join(f"""
[[question]]
asks = "What is {number}?"
right = "R{number}"
because = "So it is written."
answered_in = "Step 1"
[[question.wrong]]
says = "A wrong answer"
misconception = "All that is long is right."
refuted = "It is only long."
{ANOTHER}""" for number in (1, 2, 3, 4))
LESSON = "# A lesson\n\n```text\n# Step 1 in a fence\n```\n\n### Step 1: begin\n\n### Step 2: go on\n"


# ---- the quizzes of the course


@pytest.mark.parametrize("path", QUIZZES, ids=[path.parent.name for path in QUIZZES])
def test_a_quiz_teaches(path):
    assert list(quiz.problems(quiz.load(path), (path.parent / "README.md").read_text())) == []


@pytest.mark.parametrize("path", QUIZZES, ids=[path.parent.name for path in QUIZZES])
def test_what_a_quiz_names_is_there(path):
    """Tests and functions with an underscore, which nobody would write who means a word."""
    folder = path.parent
    sources = [*folder.rglob("*.md"), *folder.rglob("*.cc"), *folder.rglob("*.h"),
               *(ROOT / "tests" / "chapters" / folder.name).rglob("*.cc")]
    text = "\n".join(source.read_text() for source in sources)
    for name in set(re.findall(r"`(?:\w+::)?(\w*_\w*)`", path.read_text())):
        assert name in text, name


@pytest.mark.parametrize("path", QUIZZES, ids=[path.parent.name for path in QUIZZES])
def test_the_lesson_offers_its_quiz(path):
    assert f"make quiz CH={path.parent.name[:2]}" in (path.parent / "README.md").read_text()


# ---- the checks


def questions_of(text, tmp_path):
    path = tmp_path / "quiz.toml"
    path.write_text(text)
    return quiz.load(path)


def test_a_quiz_that_is_one_has_no_problems(tmp_path):
    assert list(quiz.problems(questions_of(TOML, tmp_path), LESSON)) == []


@pytest.mark.parametrize("old, new, problem", [
    ('answered_in = "Step 1"', 'answered_in = "Step 3"', "question 1: 0 headings of the lesson begin with 'Step 3'"),
    ('answered_in = "Step 1"', 'answered_in = "Step"', "question 1: 2 headings"),
    ('"Another"', '"A wrong answer"', "question 1: two answers are the same"),
    ("short is right", "long is right", "question 1: two wrong answers have the same misconception"),
    (ANOTHER, "", "question 1: 1 wrong answer; it needs 2 to 4"),
    ('right = "R', 'right = "A right answer, which is long ', "it can be guessed"),
])
def test_what_keeps_a_quiz_from_teaching_is_found(tmp_path, old, new, problem):
    found = list(quiz.problems(questions_of(TOML.replace(old, new), tmp_path), LESSON))
    assert any(problem in line for line in found), found


def test_a_quiz_has_four_to_six_questions(tmp_path):
    four = questions_of(TOML, tmp_path)
    assert list(quiz.problems(four[:3], LESSON)) == ["3 questions; a quiz has 4 to 6"]
    assert list(quiz.problems(four + four[:3], LESSON)) == ["7 questions; a quiz has 4 to 6"]


@pytest.mark.parametrize("text, complaint", [
    ("", "'question' is missing"),
    ("[[question]", "quiz.toml: "),
    (TOML.replace('because = "So it is written."', ""), "question 1: 'because' is missing"),
    (TOML.replace("So it is written.", "  "), "question 1: 'because' is missing or empty"),
    (TOML.replace("because", "reason", 1), "question 1: 'because'"),
    (TOML.replace("refuted", "refute", 1), "question 1, wrong 1: 'refuted'"),
    (TOML.replace('says = "Another"', 'says = "Another"\nhint = "x"'), "question 1, wrong 2: unknown hint"),
    (TOML.replace('right = "R1"', 'right = 1'), "question 1: 'right'"),
    ('title = "x"\n' + TOML, "unknown title"),
])
def test_a_file_that_is_not_a_quiz_is_named(tmp_path, text, complaint):
    with pytest.raises(quiz.BadQuiz) as error:
        questions_of(text, tmp_path)
    assert complaint in str(error.value)


# ---- the program


@pytest.fixture(scope="module")
def course(tmp_path_factory):
    """A course of one quiz, whose right answers are told by their words: R1, R2 ..."""
    root = tmp_path_factory.mktemp("a course")
    (root / "scripts").mkdir()
    shutil.copy(ROOT / "scripts" / "quiz.py", root / "scripts")
    for chapter, text in [("01-begin", TOML), ("02-broken", "[[question]")]:
        (root / "chapters" / chapter).mkdir(parents=True)
        (root / "chapters" / chapter / "quiz.toml").write_text(text)
    return root


def run(course, *arguments, answers=""):
    done = subprocess.run([sys.executable, str(course / "scripts" / "quiz.py"), *arguments], input=answers,
                          capture_output=True, text=True, timeout=60)
    return done.returncode, done.stdout, done.stderr


def letters(number):
    """The letters of question `number`: the right one first."""
    question = quiz.parse_question(quiz.tomllib.loads(TOML)["question"][number - 1], "")
    return sorted("abc", key=lambda letter: not question.answers["abc".index(letter)].right)


def test_right_answers_are_counted_and_explained(course):
    code, out, err = run(course, "01", answers="".join(letters(number)[0] + "\n" for number in (1, 2, 3, 4)))
    assert (code, err) == (0, "") and out.count("Right. So it is written.") == 4
    assert out.count("The lesson: Step 1") == 4 and out.endswith("Right on the first try: 4 of 4.\n")


def test_a_wrong_answer_shows_its_misconception_and_the_question_again(course):
    right, wrong, other = letters(1)
    code, out, _ = run(course, "01", answers=f"{wrong}\n{other}\n{right}\nq\n")
    assert code == 0 and out.count("No. The assumption behind it: All that is") == 2 and out.count("Try again.") == 2
    assert out.index("Try again.") < out.index("Right. So it is written.")
    assert out.endswith("Ended at question 2. Right on the first try so far: 0 of 1.\n")


@pytest.mark.parametrize("word", ["", "  ", "d", "z", "ab", "1", "é", "\t"])
def test_anything_but_an_answer_is_asked_again(course, word):
    _, out, err = run(course, "01", answers=f"{word}\n {letters(1)[0].upper()} \nq\n")
    assert err == "" and out.count("Answer with one of a, b, c; q ends the quiz.") == 1 and out.count("Right. So") == 1


@pytest.mark.parametrize("answers", ["", "q\n", "Q", "zz"])
def test_the_end_of_the_answers_ends_the_quiz(course, answers):
    code, out, err = run(course, "01", answers=answers)
    assert (code, err) == (0, "") and "Ended at question 1. Right on the first try so far: 0 of 0." in out


def test_a_closed_input_ends_the_quiz(course):
    done = subprocess.run(["sh", "-c", 'exec "$@" <&-', "sh", sys.executable, str(course / "scripts" / "quiz.py"), "01"],
                          capture_output=True, text=True, timeout=60)
    assert (done.returncode, done.stderr) == (0, "") and "Ended at question 1." in done.stdout


def test_bytes_that_are_no_text_are_no_answer(course):
    done = subprocess.run([sys.executable, str(course / "scripts" / "quiz.py"), "01"], input=b"\xff\xfe\nq\n",
                          capture_output=True, timeout=60)
    assert done.returncode == 0 and b"Traceback" not in done.stderr and b"Answer with one of" in done.stdout


def test_a_reader_who_has_seen_enough_ends_the_quiz_quietly(course):
    closed, output = os.pipe()
    os.close(closed)
    done = subprocess.run([sys.executable, str(course / "scripts" / "quiz.py"), "01"], stdin=subprocess.DEVNULL,
                          stdout=output, stderr=subprocess.PIPE, text=True, timeout=60)
    os.close(output)
    assert (done.returncode, done.stderr) == (0, "")


@pytest.mark.parametrize("name, complaint", [
    ((), "error: no chapter is named; use CH= with one of: 01 02"), (("03",), "error: there is no quiz for chapter '03'; use CH="),
    (("../01",), "there is no quiz for chapter '../01'"), (("1",), "there is no quiz for chapter '1'")])
def test_a_chapter_without_a_quiz_is_one_clear_line(course, name, complaint):
    code, out, err = run(course, *name)
    assert (code, out) == (2, "") and complaint in err and err.count("\n") == 1


def test_a_broken_file_is_one_clear_line(course):
    code, out, err = run(course, "02")
    assert (code, out) == (1, "") and err.startswith("error: chapters/02-broken/quiz.toml: ") and err.count("\n") == 1


@pytest.fixture
def terminal():
    """Both ends of a terminal, and what makes a child the one who sits at it."""
    ours, theirs = pty.openpty()
    yield ours, theirs, lambda: fcntl.ioctl(theirs, termios.TIOCSCTTY, 0)
    os.close(ours)
    os.close(theirs)


def test_at_a_terminal_answers_are_not_shown_twice_and_ctrl_c_ends(course, terminal):
    ours, theirs, sit_down = terminal
    # `nohup make test &` in a script ignores SIGINT, and so would what it starts.
    command = ["env", "--default-signal=INT", sys.executable, str(course / "scripts" / "quiz.py"), "01"]
    with subprocess.Popen(command, stdin=theirs, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True,
                          start_new_session=True, preexec_fn=sit_down) as process:
        os.write(ours, b"x\n")
        for line in process.stdout:
            assert not line.startswith("> x")
            if "Answer with one of" in line:
                break
        os.write(ours, b"\x03")  # Ctrl-C, as a terminal sends it
        _, err = process.communicate(timeout=60)
    assert process.returncode == 130 and "Traceback" not in err
