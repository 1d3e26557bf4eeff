"""Regular expressions of Sigma in Lucene's syntax, over text that is indexed in lower case.

Lucene's are anchored, know no flags and no classes like `\\d`, and have operators of their own (`#`, `@`,
`&`, `<`, `>`, `~`, `"`: Lucene, RegExp). Sigma's are not anchored and tell case apart: over lower case the
result finds what the original finds, and what differs from that in case only.
"""

from __future__ import annotations

import re

_CLASSES = {
    "d": "0-9",
    "w": "a-z0-9_",
    "s": " \t\n\r\f\v",
}
_OWN = frozenset('#@&<>~"')
_QUANTIFIER = re.compile(r"(?:[*+?]|\{\d*,?\d*\})")


def lucene(pattern: str) -> str:
    """A regular expression for `field:/…/` and `regexp` queries. Raises `ValueError` for what Lucene's cannot
    say: look-around, back-references, word boundaries, anchors inside groups."""
    head = re.match(r"\(\?[ims]+\)", pattern)
    if head is not None:
        pattern = pattern[head.end() :]
    return "|".join(_anchored(part) for part in _alternatives(pattern))


def _alternatives(pattern: str) -> list[str]:
    """Parts between `|` outside of groups and classes."""
    parts, depth, at, begin = [], 0, 0, 0
    while at < len(pattern):
        char = pattern[at]
        if char == "\\":
            at += 1
        elif char == "[":
            at = _class_end(pattern, at)
        elif char in "()":
            depth += 1 if char == "(" else -1
        elif char == "|" and depth == 0:
            parts.append(pattern[begin:at])
            begin = at + 1
        at += 1
    return [*parts, pattern[begin:]]


def _anchored(part: str) -> str:
    begins, ends = part.startswith("^"), part.endswith("$") and not part.endswith("\\$")
    inner = _translated(part[begins : len(part) - ends])
    return ("" if begins else ".*") + inner + ("" if ends else ".*")


def _translated(pattern: str) -> str:
    out, at = [], 0
    while at < len(pattern):
        char = pattern[at]
        if char == "\\":
            out.append(_escaped(pattern[at + 1 : at + 2]))
            at += 2
        elif char == "[":
            end = _class_end(pattern, at)
            out.append(_class(pattern[at + 1 : end]))
            at = end + 1
        elif char == "(":
            at += 1
            if pattern.startswith("?:", at):
                at += 2
            elif pattern.startswith("?", at):
                raise ValueError(f"Lucene's regular expressions know no ({pattern[at : at + 3]}")
            out.append("(")
        elif char in "^$":
            raise ValueError(f"Lucene's regular expressions know no {char} inside")
        elif found := _QUANTIFIER.match(pattern, at):
            out.append(found[0])
            at = found.end()
            # which of several matches is found does not matter
            at += pattern.startswith("?", at)
        else:
            out.append(char if char in ".|)" else _literal(char))
            at += 1
    return "".join(out)


def _escaped(char: str) -> str:
    if char.lower() in _CLASSES:
        return f"[{'^' if char.isupper() else ''}{_CLASSES[char.lower()]}]"
    if char in "nrtfv":
        return {"n": "\n", "r": "\r", "t": "\t", "f": "\f", "v": "\v"}[char]
    if char.isalnum() or not char:
        raise ValueError(f"Lucene's regular expressions know no \\{char}")
    return _literal(char)


def _literal(char: str) -> str:
    """One character that stands for itself."""
    plain = char.isalnum() or char in " _-,:;='!%\t\n\r\f\v" or not char.isascii()
    # a / is escaped by who puts the expression between two of them
    return char.lower() if char == "/" or (plain and char not in _OWN) else f"\\{char}"


def _class_end(pattern: str, at: int) -> int:
    """Where the class that begins at a place ends."""
    end = at + 1
    if pattern.startswith("^", end):
        end += 1
    if pattern.startswith("]", end):
        end += 1
    while end < len(pattern) and pattern[end] != "]":
        end += 2 if pattern[end] == "\\" else 1
    if end >= len(pattern):
        raise ValueError("a class has no end")
    return end


def _class(inner: str) -> str:
    negated = inner.startswith("^")
    rest, out, at = inner[negated:], [], 0
    while at < len(rest):
        char = rest[at]
        if char == "\\":
            char = rest[at + 1 : at + 2]
            at += 1
            if char in _CLASSES:
                out.append(_CLASSES[char])
            elif char.isalnum():
                raise ValueError(f"Lucene's regular expressions know no \\{char} in a class")
            else:
                out.append(char if char == "/" else f"\\{char}")
        elif char in '[]^"\\' or (char in _OWN):
            out.append(f"\\{char}")
        else:
            out.append(char.lower())
        at += 1
    return f"[{'^' if negated else ''}{''.join(out)}]"
