"""Whether the daemon could start with its settings: everything is looked at, nothing is begun.

`sentinel config check` and the daemon's start use the same checks; each fault is one line.
"""

from __future__ import annotations

import os
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import TYPE_CHECKING, TypeVar

from sentinel.collector.checkpoint import NAME as CHECKPOINT
from sentinel.errors import StoreAwayError, UserError

if TYPE_CHECKING:
    from sentinel.config.sections import CollectSettings, Settings

T = TypeVar("T")
NET = Path("/sys/class/net")


def state_folder(settings: CollectSettings) -> Path:
    """The folder of the daemon's state."""
    if settings.state is not None:
        return settings.state
    from sentinel.store import state_folder as base

    return base() / "collector"


def centre_folder(settings: CollectSettings) -> Path:
    """The folder of a centre's state: beside a sensor's on the same machine, unless it is named."""
    if settings.state is not None:
        return settings.state
    from sentinel.store import state_folder as base

    return base() / "centre"


def sensor_name(settings: CollectSettings) -> str:
    """The name of this sensor: as set, or the host's."""
    import socket

    return settings.sensor or socket.gethostname().partition(".")[0]


def faults(settings: Settings, *, correlate: bool = False) -> list[str]:
    """What keeps the daemon (or with `correlate` the centre) from starting, one line each; nothing if it
    can start."""
    checks: tuple[Callable[[Settings], Iterator[str]], ...]
    if correlate:
        checks = (_files, _zones, _forward, _shared, _centre_state)
    else:
        checks = (_sources, _files, _rules, _forward, _store, _state)
    return [line for check in checks for line in check(settings)]


def _sources(settings: Settings) -> Iterator[str]:
    collect = settings.collect
    if not collect.interfaces and not collect.logs:
        yield "collect.interfaces and collect.logs: nothing to listen to; name an interface or a log"
    known = sorted(path.name for path in NET.iterdir()) if NET.is_dir() else []
    for number, name in enumerate(collect.interfaces):
        if name in collect.interfaces[:number]:
            yield f"collect.interfaces: {name} is named twice"
        elif name not in known:
            yield f"collect.interfaces: {name}: no such network interface (there are {', '.join(known)})"
    if collect.interfaces:
        yield from _told(_may_listen, "collect.interfaces")
    for path in collect.logs:
        base = _fixed(path)
        if not base.exists():
            yield f"collect.logs: {base}: no such file or folder"
        elif not os.access(base, os.R_OK | (os.X_OK if base.is_dir() else 0)):
            yield f"collect.logs: {base}: may not be read by this user"
    wanted = collect.filter
    if wanted is not None:
        yield from _told(lambda: _filter(wanted), "collect.filter")


def _may_listen() -> None:
    import socket

    try:
        socket.socket(socket.AF_PACKET, socket.SOCK_RAW, 0).close()
    except PermissionError:
        raise UserError(
            "collect.interfaces: listening needs CAP_NET_RAW: run it as a service with that capability, or "
            "as root (it gives the rest up)"
        ) from None


def _fixed(path: Path) -> Path:
    """The part of a pattern before its first wildcard; the folder of a file that may come later."""
    for number, part in enumerate(path.parts):
        if any(mark in part for mark in "*?["):
            return Path(*path.parts[:number]) if number else Path()
    return path if path.exists() else path.parent


def _filter(text: str) -> None:
    from sentinel._native import check_filter

    check_filter(text)


def _files(settings: Settings) -> Iterator[str]:
    for name, path in (
        ("collect.passwords", settings.collect.passwords),
        ("elastic.ca", settings.elastic.ca),
        ("elastic.password", settings.elastic.password),
        ("elastic.api_key", settings.elastic.api_key),
    ):
        if path is None:
            continue
        try:
            with path.open("rb") as file:
                file.read(1)
        except OSError as error:
            yield f"{name}: {path}: {error.strerror}"
    known = settings.collect.known
    if known is not None and not known.is_dir():
        yield f"collect.known: {known}: no such folder"


def _rules(settings: Settings) -> Iterator[str]:
    from sentinel.rules import zones
    from sentinel.rules.engine import Rules, load

    collect = settings.collect

    def rules() -> None:
        made = Rules(load(collect.rules, packs=collect.packs))
        if made.refused and collect.rules:
            own = [line for line in made.refused if line.startswith(tuple(str(p) for p in collect.rules))]
            if own:
                raise UserError(own[0])

    yield from _told(rules, "collect.rules")
    if collect.zones is not None:
        where = collect.zones
        yield from _told(lambda: zones.load(where), "collect.zones")


def _zones(settings: Settings) -> Iterator[str]:
    from sentinel.rules import zones

    where = settings.collect.zones
    if where is not None:
        yield from _told(lambda: zones.load(where), "collect.zones")


def _shared(settings: Settings) -> Iterator[str]:
    """The store of a centre is one that several sensors can write to."""
    url = settings.store.url
    if url is None or not url.startswith(("http://", "https://")):
        yield (
            f"store.url: {url or 'not set'}: a centre needs the Elasticsearch its sensors write to; write "
            "https://user@host:9200"
        )
        return
    from sentinel.store import open_store

    yield from _told(
        lambda: patiently(lambda: open_store(url, create=True, settings=settings)).close(), "store.url"
    )


def patiently(do: Callable[[], T], seconds: float = 10.0) -> T:
    """Do it, again while the store is away: one that is just being made, by another, is there soon."""
    end = time.monotonic() + seconds
    while True:
        try:
            return do()
        except StoreAwayError:
            if time.monotonic() >= end:
                raise
            time.sleep(0.5)


def _forward(settings: Settings) -> Iterator[str]:
    from sentinel.collector.forward import check

    yield from _told(lambda: check(settings.forward), "forward.to")


def _store(settings: Settings) -> Iterator[str]:
    from sentinel.store import open_store

    # a daemon that has run goes on without one that is away; what it has is looked at when it starts
    away = (state_folder(settings.collect) / CHECKPOINT).exists()

    def opened() -> None:
        open_store(settings.store.url, create=True, settings=settings, away=away).close()

    yield from _told(opened, "store.url")


def _state(settings: Settings) -> Iterator[str]:
    yield from _writable(state_folder(settings.collect))


def _centre_state(settings: Settings) -> Iterator[str]:
    yield from _writable(centre_folder(settings.collect))


def _writable(folder: Path) -> Iterator[str]:
    at = folder
    while not at.exists() and at != at.parent:
        at = at.parent
    if not at.is_dir():
        yield f"collect.state: {at}: is no folder"
    elif not os.access(at, os.W_OK | os.X_OK):
        yield f"collect.state: {folder}: may not be written by this user"


def _told(check: Callable[[], object], setting: str) -> Iterator[str]:
    try:
        check()
    except UserError as error:
        yield error.message if setting in error.message else f"{setting}: {error.message}"
    except ValueError as error:
        yield f"{setting}: {error}"
