"""Where the inventory and the events are kept. One contract, one embedded store."""

from __future__ import annotations

import os
from pathlib import Path
from typing import TYPE_CHECKING

from sentinel.errors import UserError

if TYPE_CHECKING:
    from sentinel.store.sqlite import SqliteStore


def state_folder() -> Path:
    """`sentinel` in the XDG state folder."""
    state = os.environ.get("XDG_STATE_HOME") or str(Path.home() / ".local" / "state")
    return Path(state) / "sentinel"


def default_url() -> str:
    """`sqlite://` and the store's folder under the XDG state folder."""
    return f"sqlite://{state_folder() / 'store'}"


def open_store(url: str | None = None, *, create: bool = False) -> SqliteStore:
    """The store of a URL: `sqlite:///path/folder`, or `sqlite://folder` from the current folder.

    With `create` the folder is made if it is not there. Raises `UserError` for another kind of URL,
    a folder that is no store, and a store of a newer version.
    """
    from sentinel.store.sqlite import SqliteStore

    url = url or default_url()
    scheme, mark, rest = url.partition("://")
    if not mark or scheme != "sqlite" or not rest.strip("/"):
        raise UserError(f"--store {url}: no such kind of store; write sqlite:///path/folder")
    path = "/" + rest.lstrip("/") if rest.startswith("/") else rest
    return SqliteStore(Path(path), create=create)
