"""Documents as syslog messages of RFC 5424, and how they are framed.

The header names host, program and kind (`MSGID` alert or chain); the structured data hold the document's own
fields under their names, a list as one parameter for each value (section 6.3.3 allows that); the message is
one sentence. It begins with the byte order mark where it is more than ASCII (section 6.4).
"""

from __future__ import annotations

import os
import re
from dataclasses import dataclass

from sentinel import __version__
from sentinel.collector.forward.message import Document, Item
from sentinel.collector.forward.text import clipped, texts, told

FACILITY = 16
"""local0 (RFC 5424, table 1)."""
PRIORITIES = (6, 6, 5, 4, 3, 2)
"""Severity of syslog (RFC 5424, table 2) by ours, 1 to 5: informational, notice, warning, error, critical."""

SD_ID = "sentinel@32473"
"""32473 is the enterprise number of examples (RFC 5612): this project has none of its own."""

MOST_DATAGRAM = 2048
"""Octets of a message in a datagram: what every receiver should take (RFC 5424, 6.1; RFC 5426, 3.2)."""
MOST_STREAM = 8192
"""Octets of a message in a stream: what every receiver should take (RFC 5425, 4.3.1)."""

_BOM = "\ufeff"
_CUT = "…"
_NOT_NAME = re.compile(r"[^!#-<>-\\^-~]")
"""What SD-NAME may not have: all but printable ASCII, and = ] \" and space (RFC 5424, 6.3.3)."""
_TIME = re.compile(r"[0-9]{4}-[0-9]{2}-[0-9]{2}T[0-9]{2}:[0-9]{2}:[0-9]{2}(\.[0-9]{1,6})?Z")
"""Section 6.2.3: at most six digits behind the point."""
_NOT_HEADER = re.compile(r"[^!-~]")

_FIRST = (
    "event.id", "event.severity", "rule.id", "rule.name", "rule.level", "rule.ruleset", "source.ip",
    "source.port", "destination.ip", "destination.port", "network.transport", "network.protocol",
    "event.action", "event.outcome", "user.name", "threat.tactic.id", "threat.technique.id", "ot.protocol",
    "ot.action", "ot.function.name", "ot.asset.type", "id", "score", "severity", "state", "merged_into",
    "first", "last", "alert_count", "tactics", "techniques",
)  # fmt: skip
"""Fields that come first, so that what a size limit takes away are others."""
_LEFT_OUT = frozenset(
    ("@timestamp", "event.kind", "event.reason", "title", "steps", "path", "explanation", "entities")
)


@dataclass(frozen=True, slots=True)
class Written:
    """A message, and whether something was left out of it for its size."""

    text: bytes
    cut: bool


def header(item: Item, document: Document, host: str) -> str:
    """From the priority to the space before the structured data."""
    severity = document.get("event.severity" if item.kind == "alert" else "severity")
    level = PRIORITIES[severity] if isinstance(severity, int) and 1 <= severity <= 5 else 5
    time = document.get("@timestamp" if item.kind == "alert" else "last")
    stamp = time if isinstance(time, str) and _TIME.fullmatch(time) else "-"
    name = _NOT_HEADER.sub("_", host)[:255] or "-"
    return f"<{FACILITY * 8 + level}>1 {stamp} {name} sentinel {os.getpid()} {item.kind} "


def message(item: Item, host: str, most: int) -> Written:
    """A message of at most `most` octets: parameters go first, from the last on, then the end of the text."""
    document = item.document()
    head = header(item, document, host)
    origin = f'[origin software="sentinel" swVersion="{__version__}"]'
    parameters = _parameters(document)
    said = told(item.kind, document)
    text = _marked(said)
    room = most - len(head) - len(origin) - len(f'[{SD_ID} cut="{len(parameters)}"] ')
    sizes = [len(p.encode()) + 1 for p in parameters]
    # a third of the room, at least, is the text's if it needs it
    for_text = max(min(len(text.encode()), room // 3), room - sum(sizes))
    kept, used = 0, 0
    while kept < len(sizes) and used + sizes[kept] <= room - min(for_text, len(text.encode())):
        used += sizes[kept]
        kept += 1
    cut = kept < len(parameters)
    shown = [*parameters[:kept], *([f'cut="{len(parameters) - kept}"'] if cut else ())]
    if len(text.encode()) > room - used:
        cut = True
        text = _marked(clipped(said, room - used - len((_BOM + _CUT).encode())) + _CUT)
    return Written(f"{head}{origin}[{' '.join((SD_ID, *shown))}] {text}".encode(), cut)


def _marked(text: str) -> str:
    return text if text.isascii() else _BOM + text


def _parameters(document: Document) -> list[str]:
    names = [name for name in _FIRST if name in document]
    names += [name for name in document if name not in _FIRST and name not in _LEFT_OUT]
    out = []
    for name in names:
        shown = _NOT_NAME.sub("_", name)
        if not shown or len(shown) > 32:
            continue
        for value in texts(document[name]):
            escaped = re.sub(r'(["\\\]])', r"\\\1", value)
            out.append(f'{shown}="{escaped}"')
    return out


def framed(text: bytes) -> bytes:
    """A message in a stream, with its length before it (RFC 6587, 3.4.1; RFC 5425, 4.3)."""
    return b"%d %s" % (len(text), text)
