"""The daemon's log: what a line holds, what never stands in one, and what is written once."""

from __future__ import annotations

import io
import json
import logging
import os
from collections.abc import Generator
from pathlib import Path
from typing import Any

import pytest
import structlog
from hypothesis import given
from hypothesis import strategies as st

from sentinel.collector import logging as ours
from sentinel.collector import repeats
from sentinel.config.sections import LogSettings
from sentinel.errors import UserError
from sentinel.fields import fields


class Clock:
    now = 1000.0

    def __call__(self) -> float:
        return self.now


@pytest.fixture(autouse=True)
def _as_before() -> Generator[None]:
    handlers = list(logging.getLogger().handlers)
    yield
    structlog.reset_defaults()
    logging.captureWarnings(False)
    logging.getLogger().handlers[:] = handlers


def made(
    level: str = "info", form: str = "ecs", clock: Clock | None = None, **more: Any
) -> tuple[Any, io.StringIO]:
    stream = io.StringIO()
    settings = LogSettings.model_validate({"format": form, "level": level})
    log = ours.set_up(
        settings, stream=stream, monotonic=clock or Clock(), clock=lambda: 1700000000.25, **more
    )
    return log, stream


def lines(stream: io.StringIO) -> list[dict[str, Any]]:
    return [json.loads(line) for line in stream.getvalue().splitlines()]


def test_a_line_is_of_ecs() -> None:
    log, stream = made(always={"observer.name": "s1"})
    log.warning("store-away", message="Elasticsearch is away", url="https://es:9200", waiting=7)
    (line,) = lines(stream)
    assert list(line)[:4] == ["@timestamp", "log.level", "message", "ecs.version"]
    assert line["@timestamp"] == "2023-11-14T22:13:20.250Z"
    assert (line["log.level"], line["message"]) == ("warning", "Elasticsearch is away")
    assert (line["event.action"], line["service.name"]) == ("store-away", "sentinel")
    assert (line["url.full"], line["sentinel.waiting"], line["observer.name"]) == ("https://es:9200", 7, "s1")
    assert line["process.pid"] == os.getpid()
    assert line["host.name"]


def test_levels() -> None:
    log, stream = made("warning")
    log.info("started")
    log.warning("late")
    log.error("wrong")
    assert [line["log.level"] for line in lines(stream)] == ["warning", "error"]


def test_errors_of_people_have_no_traceback_and_others_do() -> None:
    log, stream = made()
    try:
        raise UserError("eth9: no such interface")
    except UserError as error:
        log.error("interface", error=error)
    try:
        int("x")
    except ValueError:
        log.exception("crash")
    person, crash = lines(stream)
    assert person["message"] == person["error.message"] == "eth9: no such interface"
    assert (person["error.type"], crash["error.type"]) == ("UserError", "ValueError")
    assert "error.stack_trace" not in person
    assert "test_logging.py" in crash["error.stack_trace"]
    assert crash["log.level"] == "error"


@pytest.mark.parametrize("name", [f.name for f in fields().values() if f.secret])
def test_secret_fields_are_masked(name: str) -> None:
    log, stream = made()
    log.info("x", **{name: "swordfish9"}, inner={name: "swordfish9"}, more=[{name: "swordfish9"}])
    assert "swordfish9" not in stream.getvalue()
    assert len(lines(stream)) == 1


@pytest.mark.parametrize(
    "more",
    [
        {"password": "swordfish9"},
        {"api_key": "swordfish9"},
        {"elastic.api_key": "swordfish9"},
        {"url": "https://elastic:swordfish9@es:9200/"},
        {"message": "cannot reach https://elastic:swordfish9@es:9200: refused"},
        {"error": UserError("https://elastic:swordfish9@es:9200: refused")},
        {"answer": b"swordfish9"},
        {"headers": {"Authorization": "swordfish9"}},
        {"message": "syslog to tls://u:swordfish9@[::1]:6514 failed"},
    ],
)
@pytest.mark.parametrize("form", ["ecs", "text"])
def test_secrets_and_payloads_are_not_written(more: dict[str, Any], form: str) -> None:
    log, stream = made(form=form)
    log.warning("x", **more)
    assert "swordfish9" not in stream.getvalue()
    assert stream.getvalue().count("\n") == 1


def test_a_traceback_shows_no_password_of_a_url() -> None:
    log, stream = made()
    try:
        raise RuntimeError("https://u:swordfish9@es refused")
    except RuntimeError:
        log.exception("crash")
    assert "swordfish9@" not in stream.getvalue()


def test_what_repeats_is_counted() -> None:
    clock = Clock()
    log, stream = made(clock=clock)
    for n in range(5):
        log.warning("store-away", message=f"try {n}", url="a", waiting=n)
    log.warning("store-away", url="b")
    assert [line["url.full"] for line in lines(stream)] == ["a", "b"]
    clock.now += repeats.WINDOW
    log.warning("store-away", message="again", url="a")
    assert lines(stream)[-1]["sentinel.repeated"] == 4
    log.warning("store-away", url="a")
    clock.now += repeats.WINDOW
    ours.flush()
    last = lines(stream)[-1]
    assert (last["event.action"], last["url.full"], last["sentinel.repeated"]) == ("store-away", "a", 1)
    ours.flush()
    ours.flush(end=True)
    assert len(lines(stream)) == 4


def test_kinds_that_repeat_are_bounded_and_none_is_lost() -> None:
    clock = Clock()
    log, stream = made(clock=clock)
    for n in range(repeats.MOST + 100):
        log.warning("x", who=str(n))
        log.warning("x", who=str(n))
    ours.flush()
    told = [line for line in lines(stream) if "sentinel.repeated" in line]
    assert len(told) == 100
    ours.flush(end=True)
    told = [line for line in lines(stream) if "sentinel.repeated" in line]
    assert len({line["sentinel.who"] for line in told}) == repeats.MOST + 100


def test_debug_is_never_held_back() -> None:
    log, stream = made("debug")
    for _ in range(50):
        log.debug("x")
    assert len(lines(stream)) == 50


def test_libraries_log_through_ours() -> None:
    _, stream = made()
    logging.getLogger("some.library").warning("careful: %s", "https://u:swordfish9@h/")
    logging.getLogger("some.library").info("chatter")
    (line,) = lines(stream)
    assert (line["log.logger"], line["log.level"]) == ("some.library", "warning")
    assert "swordfish9" not in line["message"]


def test_text_is_for_people_and_one_line() -> None:
    log, stream = made(form="text")
    log.info("log-found", message="follows\n/var/log/x", file="/var/log/a b", lines=3)
    assert stream.getvalue() == (
        '2023-11-14T22:13:20.250Z info    log-found: follows\\n/var/log/x (file.path="/var/log/a b" lines=3)\n'
    )


def test_the_journal_is_told_the_level(tmp_path: Path) -> None:
    with (tmp_path / "journal").open("w+", encoding="utf-8") as stream:
        there = os.fstat(stream.fileno())
        environ = {"JOURNAL_STREAM": f"{there.st_dev}:{there.st_ino}"}
        log = ours.set_up(LogSettings(), stream=stream, environ=environ)
        log.warning("x")
        log.error("y")
        stream.seek(0)
        assert [line[:4] for line in stream] == ["<4>{", "<3>{"]


def test_a_pipe_nobody_reads_stops_nothing() -> None:
    read, write = os.pipe()
    os.close(read)
    stream = os.fdopen(write, "w", encoding="utf-8")
    log = ours.set_up(LogSettings(), stream=stream)
    log.warning("x")
    with pytest.raises(BrokenPipeError):
        stream.close()


@given(
    st.dictionaries(
        st.text(min_size=1).filter(lambda name: name not in ("event", "exc_info", "self")),
        st.recursive(
            st.none() | st.booleans() | st.integers() | st.floats() | st.text(st.characters()) | st.binary(),
            lambda inner: st.lists(inner) | st.dictionaries(st.text(), inner),
            max_leaves=8,
        ),
    ),
    st.sampled_from(["ecs", "text"]),
)
def test_whatever_is_logged_is_one_valid_line(more: dict[str, Any], form: str) -> None:
    log, stream = made(form=form)
    log.warning("x", **more)
    text = stream.getvalue()
    text.encode("utf-8")
    assert text.count("\n") == 1 + text.count("\nTraceback")
    if form == "ecs":
        assert lines(stream)[0]["event.action"] == "x"
