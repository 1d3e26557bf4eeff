"""Query text to its tree."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import get_args

from sentinel.errors import UserError
from sentinel.query.nodes import And, Compare, Exists, In, Node, Not, Op, Or, Scalar

MAX_LENGTH = 65_536
"""Characters of a query."""
MAX_DEPTH = 64
"""Parentheses and NOT inside each other."""

_TOKEN = re.compile(
    r"""(?P<space>\s+)
      | (?P<mark>[(),])
      | (?P<op>!=|<=|>=|=|<|>)
      | (?P<quoted>"(?:[^"\\]|\\.)*"|'(?:[^'\\]|\\.)*')
      | (?P<bare>[^\s()=!<>,"']+)""",
    re.VERBOSE | re.DOTALL,
)
_FIELD = re.compile(r"[A-Za-z_@][A-Za-z0-9_@.-]*")
_OPS: tuple[str, ...] = get_args(Op)
_WORDS = ("AND", "OR", "NOT", "IN", "EXISTS")


class QueryError(UserError):
    """A query that cannot be read: says what, and at which character (counted from 1)."""

    def __init__(self, message: str, at: int) -> None:
        super().__init__(f"query: {message} at character {at + 1}", exit_code=2)
        self.at = at


@dataclass(frozen=True, slots=True)
class _Token:
    kind: str
    text: str
    at: int

    @property
    def word(self) -> str:
        """The key word this is, "" if none."""
        upper = self.text.upper()
        return upper if self.kind == "bare" and upper in _WORDS else ""

    @property
    def shown(self) -> str:
        return "the end" if self.kind == "end" else self.text


def parse(text: str) -> Node:
    """The tree of a query. Raises `QueryError` (exit code 2) that names the place."""
    if len(text) > MAX_LENGTH:
        raise QueryError(f"longer than {MAX_LENGTH} characters", MAX_LENGTH)
    parser = _Parser(_tokens(text))
    node = parser.either(0)
    rest = parser.token
    if rest.kind != "end":
        raise QueryError(f"expected AND, OR or the end, found {rest.shown}", rest.at)
    return node


def _tokens(text: str) -> list[_Token]:
    tokens: list[_Token] = []
    at = 0
    while at < len(text):
        found = _TOKEN.match(text, at)
        if found is None:
            what = "text without its closing quote" if text[at] in "\"'" else f"unexpected {text[at]}"
            raise QueryError(what, at)
        if found.lastgroup != "space":
            tokens.append(_Token(str(found.lastgroup), found.group(), at))
        at = found.end()
    tokens.append(_Token("end", "", len(text)))
    return tokens


class _Parser:
    """Recursive descent over the tokens; the last one is always the end."""

    def __init__(self, tokens: list[_Token]) -> None:
        self._tokens = tokens
        self._at = 0

    @property
    def token(self) -> _Token:
        return self._tokens[self._at]

    def _take(self) -> _Token:
        token = self.token
        if token.kind != "end":
            self._at += 1
        return token

    def either(self, depth: int) -> Node:
        items = [self._both(depth)]
        while self.token.word == "OR":
            self._take()
            items.append(self._both(depth))
        return items[0] if len(items) == 1 else Or(tuple(items))

    def _both(self, depth: int) -> Node:
        items = [self._one(depth)]
        while self.token.word == "AND":
            self._take()
            items.append(self._one(depth))
        return items[0] if len(items) == 1 else And(tuple(items))

    def _one(self, depth: int) -> Node:
        token = self.token
        if depth >= MAX_DEPTH:
            raise QueryError(f"nested deeper than {MAX_DEPTH}", token.at)
        if token.word == "NOT":
            self._take()
            return Not(self._one(depth + 1))
        if token.text == "(" and token.kind == "mark":
            self._take()
            node = self.either(depth + 1)
            self._expect(")")
            return node
        return self._comparison()

    def _comparison(self) -> Node:
        token = self._take()
        if token.kind != "bare" or token.word or _FIELD.fullmatch(token.text) is None:
            raise QueryError(f"expected the name of a field, found {token.shown}", token.at)
        field, then = token.text, self._take()
        if then.word == "EXISTS":
            return Exists(field)
        if then.word == "IN":
            self._expect("(")
            values = [self._value()]
            while self.token.text == "," and self.token.kind == "mark":
                self._take()
                values.append(self._value())
            self._expect(")")
            return In(field, tuple(values))
        for op in _OPS:
            if then.kind == "op" and then.text == op:
                return Compare(field, op, self._value())  # type: ignore[arg-type]
        raise QueryError(f"expected {' '.join(_OPS)} IN or EXISTS after {field}, found {then.shown}", then.at)

    def _value(self) -> Scalar:
        token = self._take()
        if token.kind == "quoted":
            return _unquote(token.text)
        if token.kind == "bare" and not token.word:
            return _bare(token.text)
        raise QueryError(f"expected a value, found {token.shown}", token.at)

    def _expect(self, mark: str) -> None:
        token = self._take()
        if token.kind != "mark" or token.text != mark:
            raise QueryError(f"expected {mark}, found {token.shown}", token.at)


def _unquote(text: str) -> str:
    """The inside of quoted text: only the quote itself loses its backslash, the rest is the pattern's."""
    quote, inside = text[0], text[1:-1]
    return re.sub(r"\\(.)", lambda m: quote if m[1] == quote else m[0], inside, flags=re.DOTALL)


def _bare(text: str) -> Scalar:
    """A bare word: a number or boolean if that spells back the same, so that 007 and 1.10 stay text."""
    if text in ("true", "false"):
        return text == "true"
    for kind in (int, float):
        try:
            value = kind(text)
        except ValueError:
            continue
        if repr(value) == text and abs(value) < 2**63:
            return value
    return text
