"""Where the inventory and the events are kept: one contract (`sentinel.model.store`), several stores."""

from __future__ import annotations

import os
from contextlib import AbstractContextManager
from pathlib import Path
from typing import TYPE_CHECKING, Literal, cast

from sentinel.errors import UserError

if TYPE_CHECKING:
    from sentinel.config.sections import Settings
    from sentinel.model.store import Store, Writer


def state_folder() -> Path:
    """`sentinel` in the XDG state folder."""
    state = os.environ.get("XDG_STATE_HOME") or str(Path.home() / ".local" / "state")
    return Path(state) / "sentinel"


def default_url() -> str:
    """`sqlite://` and the store's folder under the XDG state folder."""
    return f"sqlite://{state_folder() / 'store'}"


def open_store(
    url: str | None = None,
    *,
    create: bool = False,
    part: Literal["hour", "day"] | None = None,
    sync: Literal["normal", "full"] = "normal",
    settings: Settings | None = None,
    away: bool = False,
) -> Store:
    """The store of a URL: `sqlite:///path/folder`, `sqlite://folder` from the current folder, or
    `https://user@host:9200` for an Elasticsearch, reached as the settings say (those of the files and the
    environment, unless some are given).

    With `create` it is made if it is not there, with files or indices of events of a `part` each; `sync`
    "full" has events of an embedded one survive a power cut. With `away` a server that does not answer is no
    error yet: whatever is asked of it raises `StoreAwayError`. Raises `UserError` for another kind of URL,
    a folder or server that is no store, and a store of a newer version.
    """
    if settings is None and url is not None and not create and url.startswith("sqlite://"):
        return _embedded(url)  # nothing of the settings is about reading one: they are not loaded
    if settings is None:
        from sentinel.config import load

        settings = load().settings
    url = url or settings.store.url or default_url()
    scheme, mark, rest = url.partition("://")
    if mark and scheme in ("http", "https") and rest.strip("/"):
        from sentinel.store.elastic.store import ElasticStore

        return ElasticStore(
            url,
            settings.elastic,
            part=part or settings.store.part,
            sensor=settings.collect.sensor,
            folder=state_folder(),
            create=create,
            away=away,
        )
    return _embedded(url, create=create, part=part or settings.store.part, sync=sync)


def _embedded(
    url: str,
    *,
    create: bool = False,
    part: Literal["hour", "day"] = "day",
    sync: Literal["normal", "full"] = "normal",
) -> Store:
    scheme, mark, rest = url.partition("://")
    if not mark or scheme != "sqlite" or not rest.strip("/"):
        raise UserError(
            f"--store {url}: no such kind of store; write sqlite:///path/folder or https://user@host:9200"
        )
    from sentinel.store.sqlite import SqliteStore

    path = "/" + rest.lstrip("/") if rest.startswith("/") else rest
    return SqliteStore(Path(path), create=create, part=part, sync=sync)


def open_writer(store: Store, settings: Settings, folder: Path) -> AbstractContextManager[Writer]:
    """The writer of a daemon: in front of an Elasticsearch a spool, in the folder the settings name or in
    `spool` of this one."""
    from sentinel.store.sqlite import SqliteStore

    if isinstance(store, SqliteStore):
        return store.writer()
    from sentinel.store.spool import Spool
    from sentinel.store.spooled import SpooledWriter

    return cast(
        "AbstractContextManager[Writer]",
        SpooledWriter(store.writer, Spool(settings.spool.folder or folder / "spool", settings.spool.bytes)),
    )
