"""Parsers of RFC 5424 and CEF by their grammars, strict, apart from the encoders."""

from __future__ import annotations

import re
from dataclasses import dataclass

_HEADER = re.compile(
    rb"<(0|[1-9][0-9]{0,2})>1 "
    rb"(-|[0-9]{4}-[0-9]{2}-[0-9]{2}T[0-9]{2}:[0-9]{2}:[0-9]{2}(?:\.[0-9]{1,6})?Z) "
    rb"([!-~]{1,255}) ([!-~]{1,48}) ([!-~]{1,128}) ([!-~]{1,32}) "
)
_NAME = re.compile(rb"[!#-<>-\\^-~]{1,32}")


@dataclass(frozen=True)
class Syslog:
    priority: int
    time: str
    host: str
    program: str
    process: str
    kind: str
    elements: dict[str, dict[str, list[str]]]
    text: str
    marked: bool
    size: int

    @property
    def data(self) -> dict[str, list[str]]:
        (name,) = (name for name in self.elements if name.startswith("sentinel@"))
        return self.elements[name]


def parse_syslog(raw: bytes) -> Syslog:
    """One message (RFC 5424, section 6). Raises `ValueError` for what is none."""
    head = _HEADER.match(raw)
    if head is None:
        raise ValueError(f"no header: {raw[:80]!r}")
    priority, time, host, program, process, kind = head.groups()
    if int(priority) > 191:
        raise ValueError("PRI")
    at = head.end()
    elements: dict[str, dict[str, list[str]]] = {}
    if raw[at : at + 1] == b"-":
        at += 1
    else:
        while raw[at : at + 1] == b"[":
            name, at, values = _element(raw, at + 1)
            if name in elements:
                raise ValueError("an SD-ID twice")
            elements[name] = values
    rest = raw[at:]
    if rest and rest[:1] != b" ":
        raise ValueError(f"no space before the message: {rest[:20]!r}")
    text = rest[1:]
    marked = text.startswith(b"\xef\xbb\xbf")
    return Syslog(
        int(priority), time.decode(), host.decode(), program.decode(), process.decode(), kind.decode(),
        elements, text.removeprefix(b"\xef\xbb\xbf").decode(), marked, len(raw),
    )  # fmt: skip


def _element(raw: bytes, at: int) -> tuple[str, int, dict[str, list[str]]]:
    id, at = _name(raw, at)
    values: dict[str, list[str]] = {}
    while raw[at : at + 1] == b" ":
        name, at = _name(raw, at + 1)
        if raw[at : at + 2] != b'="':
            raise ValueError(f"no value: {raw[at : at + 20]!r}")
        value, at = bytearray(), at + 2
        while (octet := raw[at : at + 1]) != b'"':
            if octet in (b"", b"]"):
                raise ValueError("a value has no end, or ] in it")
            if octet == b"\\" and raw[at + 1 : at + 2] in (b'"', b"\\", b"]"):
                at += 1
                octet = raw[at : at + 1]
            value += octet
            at += 1
        at += 1
        values.setdefault(name, []).append(value.decode())
    if raw[at : at + 1] != b"]":
        raise ValueError("an element has no end")
    return id, at + 1, values


def _name(raw: bytes, at: int) -> tuple[str, int]:
    found = _NAME.match(raw, at)
    if found is None:
        raise ValueError(f"no name: {raw[at : at + 20]!r}")
    return found[0].decode(), found.end()


@dataclass(frozen=True)
class Cef:
    version: str
    vendor: str
    product: str
    release: str
    class_id: str
    name: str
    severity: int
    fields: dict[str, str]


def parse_cef(text: str) -> Cef:
    """One line of CEF. Raises `ValueError` for what is none."""
    parts = re.split(r"(?<!\\)(?:\\\\)*\|", text)
    parts, at, part = [], 0, ""
    while len(parts) < 7:
        if at >= len(text):
            raise ValueError("no header of seven parts")
        if text[at] == "\\":
            if text[at + 1] not in "\\|":
                raise ValueError("an escape that is none")
            part, at = part + text[at + 1], at + 2
        elif text[at] == "|":
            parts.append(part)
            part, at = "", at + 1
        else:
            part, at = part + text[at], at + 1
    if "\n" in text or "\r" in text or parts[0] != "CEF:0":
        raise ValueError("no line of CEF:0")
    # a pair begins with a key at the start or behind a space, and its = has no backslash before it
    starts = list(re.finditer(r"(?:^| )([A-Za-z0-9]+)=", text[at:]))
    fields: dict[str, str] = {}
    rest = text[at:]
    for n, start in enumerate(starts):
        end = starts[n + 1].start() if n + 1 < len(starts) else len(rest)
        value = rest[start.end() : end]
        if re.search(r"(?<!\\)(?:\\\\)*(=|\\(?![\\=nr]))", re.sub(r"\\\\", "", value)):
            raise ValueError(f"not escaped: {value!r}")
        if start[1] in fields:
            raise ValueError(f"{start[1]} twice")
        fields[start[1]] = re.sub(r"\\(.)", r"\1", value)
    return Cef(parts[0], parts[1], parts[2], parts[3], parts[4], parts[5], int(parts[6]), fields)
