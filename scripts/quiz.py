#!/usr/bin/python3
"""Asks the questions of chapters/NN-name/quiz.toml in the terminal: quiz.py NN.

A quiz is 4 to 6 of these:

  [[question]]
  asks = "..."                    what is asked; `code` stands between backticks
  code = '''...'''                may be left out: lines to look at
  right = "..."                   the right answer
  because = "..."                 why
  answered_in = "Step 3"          the heading of the lesson that answers it, or how that heading begins
  [[question.wrong]]              two to four
  says = "..."                    a wrong answer
  misconception = "..."           what somebody who gives it believes
  refuted = "..."                 what shows that it is not so, without the right answer: the reader tries again

The answers are shown in an order of their own, the same each time. Who answers is a person at a terminal, or lines on
standard input.
"""

import argparse
import os
import pathlib
import re
import shutil
import sys
import textwrap
import tomllib
import zlib
from dataclasses import dataclass

ROOT = pathlib.Path(__file__).resolve().parent.parent
HEADING = re.compile(r"^#{1,3} (.+)$", re.MULTILINE)
FENCE = re.compile(r"^```.*?^```$", re.MULTILINE | re.DOTALL)
LETTERS = "abcde"
WIDTH = 100


class BadQuiz(Exception):
    """The file is no quiz; the text says where."""


@dataclass
class Answer:
    says: str
    right: bool
    why: str  # of the right one: because; of a wrong one: refuted
    misconception: str = ""


@dataclass
class Question:
    asks: str
    code: str
    answered_in: str
    answers: list  # in the order in which they are shown


# ---- reading


def take(table, name, where, kind=str):
    value = table.pop(name, None)
    if isinstance(value, str):
        value = value.strip()
    if not isinstance(value, kind) or not value:
        raise BadQuiz(f"{where}: '{name}' is missing or empty")
    return value


def parse_question(table, where):
    asks = take(table, "asks", where)
    code = take(table, "code", where) if "code" in table else ""
    answers = [Answer(take(table, "right", where), True, take(table, "because", where))]
    answered_in = take(table, "answered_in", where)
    for number, wrong in enumerate(take(table, "wrong", where, list), 1):
        place = f"{where}, wrong {number}"
        answers.append(Answer(take(wrong, "says", place), False, take(wrong, "refuted", place),
                              take(wrong, "misconception", place)))
        if wrong:
            raise BadQuiz(f"{place}: unknown {', '.join(wrong)}")
    if table:
        raise BadQuiz(f"{where}: unknown {', '.join(table)}")
    return Question(asks, code, answered_in, sorted(answers, key=lambda answer: zlib.crc32(answer.says.encode())))


def load(path):
    try:
        table = tomllib.loads(path.read_text())
    except ValueError as error:
        raise BadQuiz(f"{path.name}: {error}") from None
    questions = take(table, "question", path.name, list)
    if table:
        raise BadQuiz(f"{path.name}: unknown {', '.join(table)}")
    return [parse_question(question, f"question {number}") for number, question in enumerate(questions, 1)]


def headings(lesson):
    return HEADING.findall(FENCE.sub("", lesson))


def problems(questions, lesson):
    """What keeps these questions from being a quiz on this lesson: one line each."""
    if not 4 <= len(questions) <= 6:
        yield f"{len(questions)} questions; a quiz has 4 to 6"
    for number, question in enumerate(questions, 1):
        wrong = [answer for answer in question.answers if not answer.right]
        if not 2 <= len(wrong) <= 4:
            yield f"question {number}: {len(wrong)} wrong answer{'s' * (len(wrong) != 1)}; it needs 2 to 4"
        if len({answer.says for answer in question.answers}) < len(question.answers):
            yield f"question {number}: two answers are the same"
        if len({answer.misconception for answer in wrong}) < len(wrong):
            yield f"question {number}: two wrong answers have the same misconception"
        named = [heading for heading in headings(lesson) if heading.startswith(question.answered_in)]
        if len(named) != 1:
            yield f"question {number}: {len(named)} headings of the lesson begin with '{question.answered_in}'"
    guessed = sum(max(question.answers, key=lambda answer: len(answer.says)).right for question in questions)
    if guessed > len(questions) / 2:
        yield f"the right answer is the longest one in {guessed} of {len(questions)} questions, so it can be guessed"


# ---- asking


def say(text, indent=""):
    width = min(WIDTH, shutil.get_terminal_size().columns)
    for line in text.split("\n"):
        print(textwrap.fill(line, width, initial_indent=indent, subsequent_indent=" " * len(indent),
                            break_long_words=False, break_on_hyphens=False))


def read_letter(letters):
    """One of the letters, or "q", which is also the end of the input."""
    while True:
        print("> ", end="", flush=True)
        line = sys.stdin.readline()
        if not sys.stdin.isatty():
            print(line.rstrip("\n"))  # a terminal has shown what was typed
        word = line.strip().lower() if line else "q"
        if word == "q" or (len(word) == 1 and word in letters):
            return word
        print(f"Answer with one of {', '.join(letters)}; q ends the quiz.")


def ask(question):
    """How often it was answered, until the right answer was given; 0 if the reader left."""
    say(question.asks)
    if question.code:
        print("\n" + textwrap.indent(question.code, "    "))
    print()
    letters = LETTERS[:len(question.answers)]
    for letter, answer in zip(letters, question.answers):
        say(answer.says, f"  {letter}) ")
    print()
    tries = 0
    while (letter := read_letter(letters)) != "q":
        tries += 1
        answer = question.answers[letters.index(letter)]
        if answer.right:
            say(f"Right. {answer.why}")
            print(f"The lesson: {question.answered_in}\n")
            return tries
        say(f"No. The assumption behind it: {answer.misconception}")
        say(f"{answer.why}\nTry again.")
    return 0


def run(chapter, questions):
    print(f"Chapter {chapter}, {len(questions)} questions. Answer with a letter; q ends the quiz.\n")
    at_once = 0
    for number, question in enumerate(questions, 1):
        print(f"{number} of {len(questions)}")
        tries = ask(question)
        if tries == 0:
            print(f"Ended at question {number}. Right on the first try so far: {at_once} of {number - 1}.")
            return
        at_once += tries == 1
    print(f"Right on the first try: {at_once} of {len(questions)}.")


def quizzes():
    """The quizzes there are: chapter -> file."""
    return {path.parent.name[:2]: path for path in sorted((ROOT / "chapters").glob("[0-9][0-9]-*/quiz.toml"))}


def main(arguments):
    parser = argparse.ArgumentParser(description="Asks the questions of a chapter's quiz in the terminal.")
    parser.add_argument("chapter", nargs="?", default="", metavar="NN", help="the chapter's two digits")
    chapter = parser.parse_args(arguments).chapter
    there = quizzes()
    if chapter not in there:
        what = f"there is no quiz for chapter '{chapter}'" if chapter else "no chapter is named"
        print(f"error: {what}; use CH= with one of: {' '.join(there)}", file=sys.stderr)
        return 2
    if sys.stdin is None:  # closed: nobody will answer
        sys.stdin = open(os.devnull)
    sys.stdin.reconfigure(errors="replace")  # bytes that are not text are a wrong answer, not an error
    try:
        run(chapter, load(there[chapter]))
        sys.stdout.flush()
    except BrokenPipeError:  # the reader has seen enough: `make quiz CH=01 | head`
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())  # the rest is written at exit
    except BadQuiz as error:
        print(f"error: {there[chapter].relative_to(ROOT)}: {error}", file=sys.stderr)
        return 1
    except KeyboardInterrupt:
        print()
        return 130
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
