"""The daemon's own log: one line a message on standard error, JSON in the Elastic Common Schema or text.

`log.warning("store-away", message="Elasticsearch is away: …", url=…)`: the first argument is the kind of
message (`event.action`), one of few words that never change; `message` is for people. Payloads and secrets
are never written: values of fields that the field table marks as secret are masked, and so are passwords in
URLs; bytes are told by their length alone.
"""

from __future__ import annotations

import logging
import os
import re
import socket
import sys
import threading
import time
import traceback
from collections.abc import Callable, Mapping, MutableMapping
from datetime import UTC, datetime
from functools import cache
from typing import Any, TextIO

import msgspec
import structlog

from sentinel import __version__
from sentinel.collector.repeats import Repeats
from sentinel.config.sections import LogSettings
from sentinel.errors import UserError
from sentinel.fields import fields
from sentinel.inventory.masking import DOTS

ECS = "8.17.0"
"""Version of the Elastic Common Schema whose names are used."""

LONGEST = 8192
"""Characters of one text; what is longer is cut."""

NAMES = {
    "url": "url.full",
    "file": "file.path",
    "interface": "observer.ingress.interface.name",
    "sensor": "observer.name",
    "rule": "rule.name",
    "duration": "event.duration",
}
"""Names of ECS for words used in calls. Others without a dot get `sentinel.` before them."""

_LEVELS = {"debug": 10, "info": 20, "warning": 30, "error": 40, "critical": 50}
_SYSLOG = {"debug": 7, "info": 6, "warning": 4, "error": 3, "critical": 2}  # sd-daemon(3), "Log Levels"
_SECRET_WORDS = re.compile(
    r"(^|[._-])(password|passwd|secret|token|api_?key|authorization|cookie)s?$", re.IGNORECASE
)
_IN_URL = re.compile(r"(?P<head>\b[A-Za-z][A-Za-z0-9+.-]{0,30}://[^\s:/@?#]{0,256}:)[^\s/?#]+@")
_CONTROLS = re.compile(r"[\x00-\x1f\x7f-\x9f\u2028\u2029]")
_LINE_ENDS = re.compile(r"[\x7f-\x9f\u2028\u2029]")

Fields = MutableMapping[str, Any]


def set_up(
    settings: LogSettings,
    *,
    stream: TextIO | None = None,
    always: Mapping[str, Any] | None = None,
    environ: Mapping[str, str] | None = None,
    clock: Callable[[], float] = time.time,
    monotonic: Callable[[], float] = time.monotonic,
) -> structlog.typing.FilteringBoundLogger:
    """Make the log, for this process: `structlog.get_logger()` gives it too, and what other packages log
    from warnings on goes through it. `always` are fields of every line (`observer.name` for one).

    `flush` tells of messages held back that nobody repeated since.
    """
    stream = sys.stderr if stream is None else stream
    output = _Output(stream, levels=_journal(stream, os.environ if environ is None else environ))
    everywhere = {
        "service.name": "sentinel",
        "service.version": __version__,
        "host.name": socket.gethostname(),
        "process.pid": os.getpid(),
        **(always or {}),
    }
    chain: list[structlog.typing.Processor] = [
        Repeats(monotonic),
        _Stamp(clock),
        _errors,
        _Ecs(everywhere),
        mask,
        _json if settings.format == "ecs" else _text,
    ]
    structlog.configure(
        processors=chain,
        wrapper_class=structlog.make_filtering_bound_logger(_LEVELS[settings.level]),
        logger_factory=lambda *_: output,
        cache_logger_on_first_use=False,
    )
    log: structlog.typing.FilteringBoundLogger = structlog.get_logger()
    _adopt(log, max(_LEVELS[settings.level], logging.WARNING))
    return log


def flush(*, end: bool = False) -> None:
    """Tell of messages that were held back as repeats. Call it now and then, with `end` at the end."""
    chain = structlog.get_config()["processors"]
    if chain and isinstance(chain[0], Repeats):
        for level, action, more in chain[0].due(end=end):
            getattr(structlog.get_logger(), level)(action, **more)


class _Output:
    """Writes finished lines. What cannot be written (nobody reads the pipe any more) is counted: a log
    that fails must not stop what it tells of."""

    def __init__(self, stream: TextIO, *, levels: bool) -> None:
        self._stream, self._levels, self._lock = stream, levels, threading.Lock()
        self.lost = 0

    def _write(self, level: str, line: str) -> None:
        if self._levels:
            line = f"<{_SYSLOG[level]}>{line}"
        with self._lock:
            try:
                self._stream.write(line + "\n")
                self._stream.flush()
            except (OSError, ValueError):
                self.lost += 1

    def debug(self, line: str) -> None:
        self._write("debug", line)

    def info(self, line: str) -> None:
        self._write("info", line)

    def warning(self, line: str) -> None:
        self._write("warning", line)

    def error(self, line: str) -> None:
        self._write("error", line)

    def critical(self, line: str) -> None:
        self._write("critical", line)


def _journal(stream: TextIO, environ: Mapping[str, str]) -> bool:
    """Whether the stream is the journal's, which takes a level in front of a line: systemd.exec(5),
    `$JOURNAL_STREAM`."""
    try:
        there = os.fstat(stream.fileno())
    except (OSError, ValueError, AttributeError):
        return False
    return environ.get("JOURNAL_STREAM") == f"{there.st_dev}:{there.st_ino}"


class _Stamp:
    """Time of the message, unless it brings its own."""

    def __init__(self, clock: Callable[[], float]) -> None:
        self._clock = clock

    def __call__(self, _: Any, level: str, event: Fields) -> Fields:
        now = datetime.fromtimestamp(self._clock(), UTC).isoformat(timespec="milliseconds")
        event.setdefault("@timestamp", now.replace("+00:00", "Z"))
        event["log.level"] = "error" if level == "exception" else level
        return event


def _errors(_: Any, __: str, event: Fields) -> Fields:
    """`error=` or `exc_info=` become `error.*`. A `UserError` says all in its message; of others the
    place is told too."""
    error = event.pop("error", None)
    caught = event.pop("exc_info", None)
    if error is None and caught:
        error = caught if isinstance(caught, BaseException) else sys.exc_info()[1]
    if isinstance(error, BaseException):
        event["error.type"] = type(error).__qualname__
        event["error.message"] = str(error)
        if not isinstance(error, UserError) and error.__traceback__ is not None:
            event["error.stack_trace"] = "".join(traceback.format_exception(error))
    elif error is not None:
        event["error.message"] = str(error)
    return event


class _Ecs:
    """Names of ECS, in the order its loggers keep: time, level, message, version, the rest."""

    def __init__(self, always: Mapping[str, Any]) -> None:
        self._always = dict(always)

    def __call__(self, _: Any, __: str, event: Fields) -> Fields:
        action = str(event.pop("event"))
        message = event.pop("message", None) or event.get("error.message") or action.replace("-", " ")
        out: dict[str, Any] = {
            "@timestamp": event.pop("@timestamp"),
            "log.level": event.pop("log.level"),
            "message": message,
            "ecs.version": ECS,
            "event.action": action,
            **self._always,
        }
        for name, value in event.items():
            out[name if "." in name else NAMES.get(name, f"sentinel.{name}")] = value
        return out


def mask(_: Any, __: str, event: Fields) -> Fields:
    """Mask values of secret fields, passwords in URLs and bytes; cut what is too long."""
    return {_clean(name): _shown(name, value) for name, value in event.items()}


@cache
def _secrets() -> frozenset[str]:
    return frozenset(field.name for field in fields().values() if field.secret)


def _is_secret(name: str) -> bool:
    """Whether a name, or what stands behind any dot of it, is that of a secret."""
    parts = name.split(".")
    if any(".".join(parts[n:]) in _secrets() for n in range(len(parts))):
        return True
    return _SECRET_WORDS.search(name) is not None


def _own(name: str) -> str:
    """A field's name without the part that this module puts before it."""
    return name.removeprefix("sentinel.")


def _shown(name: str, value: Any, depth: int = 4) -> Any:
    if value is None or isinstance(value, bool):
        return value
    if _is_secret(name):
        return DOTS
    if isinstance(value, int | float):
        # beyond 64 bits no reader takes a number
        return value if not isinstance(value, int) or -(1 << 63) <= value < 1 << 63 else str(value)
    if isinstance(value, bytes | bytearray | memoryview):
        return f"({len(value)} bytes)"
    if depth and isinstance(value, Mapping):
        inner = list(value.items())[:64]
        return {_clean(str(key)): _shown(f"{name}.{key}", item, depth - 1) for key, item in inner}
    if depth and isinstance(value, list | tuple | set | frozenset):
        return [_shown(name, item, depth - 1) for item in list(value)[:64]]
    return _IN_URL.sub(rf"\g<head>{DOTS}@", _clean(str(value)))


def _clean(text: str) -> str:
    """Text that is valid Unicode and not too long."""
    if len(text) > LONGEST:
        text = text[:LONGEST] + "…"
    return text.encode("utf-8", "backslashreplace").decode("utf-8")


def _json(_: Any, __: str, event: Fields) -> str:
    # line ends of Unicode are escaped too: some readers split there
    return _LINE_ENDS.sub(lambda found: f"\\u{ord(found[0]):04x}", msgspec.json.encode(event).decode("utf-8"))


_UNSAID = frozenset(
    {"@timestamp", "log.level", "message", "ecs.version", "event.action", "error.stack_trace"}
)


def _text(_: Any, __: str, event: Fields) -> str:
    """`time level action: message (name=value …)`, always one line but for a traceback."""
    said = str(event["message"])
    more = {
        name: value
        for name, value in event.items()
        if name not in _UNSAID and not name.startswith(("service.", "host.", "process."))
    }
    if more.get("error.message") == said:
        del more["error.message"]
    rest = " ".join(f"{_own(name)}={_plain(value)}" for name, value in more.items())
    line = f"{event['@timestamp']} {event['log.level']:7} {event['event.action']}: {said}"
    line = _CONTROLS.sub(_escaped, f"{line} ({rest})" if rest else line)
    trace = event.get("error.stack_trace")
    return line if trace is None else f"{line}\n{trace.rstrip()}"


def _escaped(found: re.Match[str]) -> str:
    return found[0].encode("unicode_escape").decode("ascii")


def _plain(value: Any) -> str:
    text = value if isinstance(value, str) else msgspec.json.encode(value).decode("utf-8")
    return msgspec.json.encode(text).decode("utf-8") if re.search(r"[\s()=]", text) else text


class _Adopted(logging.Handler):
    """Hands over what other packages log with the standard library."""

    def __init__(self, log: structlog.typing.FilteringBoundLogger, level: int) -> None:
        super().__init__(level)
        self._log = log

    def emit(self, record: logging.LogRecord) -> None:
        if record.name.startswith("elastic") and record.levelno < logging.ERROR:
            return  # the client tells of each try; the store tells what came of them
        level = "error" if record.levelno >= logging.ERROR else "warning"
        try:
            message = record.getMessage()
        except (TypeError, ValueError):
            message = str(record.msg)
        getattr(self._log, level)(
            "library",
            message=message,
            error=record.exc_info and record.exc_info[1],
            **{"log.logger": record.name},
        )


def _adopt(log: structlog.typing.FilteringBoundLogger, level: int) -> None:
    root = logging.getLogger()
    for old in [handler for handler in root.handlers if isinstance(handler, _Adopted)]:
        root.removeHandler(old)
    root.addHandler(_Adopted(log, level))
    logging.captureWarnings(True)
