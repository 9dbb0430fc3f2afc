"""Reads C++ just far enough to tell statements apart: what the checkers of this folder build on.

It knows comments, strings, brackets, lambdas, control statements, classes and functions. It knows no types and no
macros: a preprocessor line is blank to it.
"""

import re
from dataclasses import dataclass, field

_OPEN = {"(": ")", "[": "]", "{": "}"}
_CONTROL = {"if", "for", "while", "switch", "catch"}
_BLOCK_WORDS = {"else", "do", "try"}
_SCOPE_WORDS = {"namespace", "class", "struct", "union", "enum", "extern"}
_AFTER_PARAMETERS = {")", "const", "noexcept", "override", "final", "mutable", "try", "&", "&&"}

_NOISE = re.compile(
    r"""//(?:[^\n\\]|\\.|\\\n)*            # line comment
      | /\*.*?\*/                          # block comment
      | (?:u8|[uUL])?R"([^\s()\\]{0,16})\(.*?\)\1"   # raw string
      | (?:u8|[uUL])?"(?:[^"\\\n]|\\.)*"   # string
      | (?<![0-9a-fA-F])(?:u8|[uUL])?'(?:[^'\\\n]|\\.)+'   # character; 1'000 is a number
      | ^[ \t]*\#(?:[^\n\\]|\\.|\\\n)*     # preprocessor line
    """,
    re.VERBOSE | re.DOTALL | re.MULTILINE,
)
_TOKEN = re.compile(r"[A-Za-z_]\w*|[0-9](?:[\w.']|[eE][+-])*|::|->|&&|\|\||[-+*/%&|^=!<>]=|\"\"|[^\w\s]")


@dataclass
class Token:
    text: str
    line: int


@dataclass
class Lambda:
    """A lambda inside a statement. Its body is no part of the statement."""

    captures: list
    line: int


@dataclass
class Statement:
    """One expression, declaration, or part of a control statement's parentheses."""

    tokens: list = field(default_factory=list)
    lambdas: list = field(default_factory=list)


@dataclass
class Function:
    first_line: int
    last_line: int


def _blank(match):
    text = match.group(0)
    kept = '""' if '"' in text[:4] or text.lstrip("uUL8").startswith("'") else " "
    return kept + "\n" * text.count("\n")


def tokenize(source):
    """The tokens of a source with comments, strings and preprocessor lines taken out; lines stay right."""
    line = 1
    tokens = []
    end = 0
    text = _NOISE.sub(_blank, source)
    for match in _TOKEN.finditer(text):
        line += text.count("\n", end, match.start())
        end = match.start()
        tokens.append(Token(match.group(0), line))
    return tokens


class Reader:
    """Walks the tokens of one file. Afterwards `statements` and `functions` hold what it met."""

    def __init__(self, source):
        self.tokens = tokenize(source)
        self.at = 0
        self.statements = []
        self.functions = []
        while self.at < len(self.tokens):
            self._declarations()
            self.at += 1  # an unmatched brace, made by a macro: skip it

    def _text(self, offset=0):
        place = self.at + offset
        return self.tokens[place].text if 0 <= place < len(self.tokens) else ""

    def _take(self):
        self.at += 1
        return self.tokens[self.at - 1]

    # Namespaces and classes hold declarations.

    def _declarations(self):
        while self.at < len(self.tokens) and self._text() != "}":
            self._declaration()

    def _declaration(self):
        statement = Statement()
        state = {"scope": False, "assigned": False, "members": False}
        while self.at < len(self.tokens):
            text = self._text()
            if text == "}":
                break
            if text == ";" or (text == ":" and self._text(-1) in {"public", "private", "protected"}):
                self.at += 1
                break
            if text == "{" and self._opens_body(statement, state):
                self._body(state["scope"])
                break
            if text in _SCOPE_WORDS and self._text(-1) == ")" and statement.tokens:
                break  # after a macro that was called without a semicolon
            if text in _SCOPE_WORDS and not statement.tokens:
                state["scope"] = True
            if text == "=" and self._text(-1) != "operator":
                state["assigned"] = True
            if text == ":" and self._text(-1) in _AFTER_PARAMETERS:
                state["members"] = True
            if text == "template" or (text == "<" and self._text(-1) == "template"):
                self._template_head()
                continue
            self._element(statement)
        self.statements.append(statement)

    def _template_head(self):
        self.at += 1
        if self._text() != "<":
            return
        depth = 0
        while self.at < len(self.tokens):
            text = self._take().text
            depth += {"<": 1, ">": -1}.get(text, 0)
            if depth == 0:
                return

    def _opens_body(self, statement, state):
        """Whether the `{` here opens a body; the alternative is an initializer."""
        words = [token.text for token in statement.tokens]
        before = words[-1] if words else ""
        if state["assigned"]:
            return False
        if state["scope"] or not words:
            return True
        if state["members"]:
            return before in {")", "}"}
        return before in _AFTER_PARAMETERS or "->" in words or "requires" in words

    def _body(self, scope):
        first = self._take().line
        if scope:
            self._declarations()
        else:
            self._code()
            self.functions.append(Function(first, self.tokens[min(self.at, len(self.tokens) - 1)].line))
        self.at += 1

    # Functions hold code.

    def _code(self):
        while self.at < len(self.tokens) and self._text() != "}":
            self._code_statement()

    def _code_statement(self):
        text = self._text()
        if text == "{":
            self.at += 1
            self._code()
            self.at += 1
        elif text in _CONTROL:
            self._control()
        elif text in _BLOCK_WORDS:
            self.at += 1
        elif text in {"case", "default"}:
            while self.at < len(self.tokens) and self._take().text != ":":
                pass
        elif text in _SCOPE_WORDS:
            self._declaration()
        else:
            self._expression_statement()

    def _control(self):
        self.at += 1
        while self._text() in {"constexpr", "consteval", "!", "co_await"}:
            self.at += 1
        if self._text() != "(":
            return
        self.at += 1
        while self.at < len(self.tokens) and self._text() != ")":
            statement = Statement()
            while self.at < len(self.tokens) and self._text() not in {")", ";"}:
                self._element(statement)
            self.statements.append(statement)
            if self._text() == ";":
                self.at += 1
        self.at += 1

    def _expression_statement(self):
        statement = Statement()
        while self.at < len(self.tokens) and self._text() != "}":
            if self._text() == ";":
                self.at += 1
                break
            self._element(statement)
        self.statements.append(statement)

    # One element of a statement: a token, a bracketed group, or a lambda.

    def _element(self, statement):
        text = self._text()
        if text == "[" and self._starts_lambda():
            self._lambda(statement)
            return
        statement.tokens.append(self._take())
        if text in _OPEN:
            while self.at < len(self.tokens) and self._text() != _OPEN[text]:
                self._element(statement)
            if self.at < len(self.tokens):
                statement.tokens.append(self._take())

    def _starts_lambda(self):
        if self._text(1) == "[":
            return False  # an attribute
        before = self._text(-1)
        if before in {"&", "&&"} and self._text(-2) == "auto":
            return False  # a structured binding
        if before in {"auto", "delete", ")", "]", "[", '""', "operator"}:
            return False
        return not re.match(r"\w", before) or before in {
            "return", "co_return", "co_await", "co_yield", "case", "else", "do", "throw"}

    def _lambda(self, statement):
        line = self._take().line
        captures = []
        part = Statement()
        while self.at < len(self.tokens) and self._text() != "]":
            if self._text() == ",":
                self.at += 1
                captures.append(part)
                part = Statement()
            else:
                self._element(part)
        captures.append(part)
        self.at += 1
        if self._text() == "<":
            self.at -= 1
            self._template_head()
        head = Statement()
        while self.at < len(self.tokens) and self._text() not in {"{", ";", ")", "}"}:
            self._element(head)
        if self._text() == "{":
            self.at += 1
            self._code()
            self.at += 1
        words = [[token.text for token in capture.tokens] for capture in captures if capture.tokens]
        statement.lambdas.append(Lambda(words, line))
        for capture in captures:
            statement.tokens += capture.tokens
            statement.lambdas += capture.lambdas
