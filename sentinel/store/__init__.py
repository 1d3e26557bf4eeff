"""Where the inventory and the events are kept: one contract (`sentinel.model.store`), several stores."""

from __future__ import annotations

import os
from pathlib import Path
from typing import TYPE_CHECKING, Literal

from sentinel.errors import UserError

if TYPE_CHECKING:
    from sentinel.model.store import Store


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
    part: Literal["hour", "day"] = "day",
    sync: Literal["normal", "full"] = "normal",
) -> Store:
    """The store of a URL: `sqlite:///path/folder`, or `sqlite://folder` from the current folder.

    With `create` the folder is made if it is not there, with files of events of a `part` each; `sync`
    "full" has events survive a power cut. Raises `UserError` for another kind of URL, a folder that is no
    store, and a store of a newer version.
    """
    from sentinel.store.sqlite import SqliteStore

    url = url or default_url()
    scheme, mark, rest = url.partition("://")
    if not mark or scheme != "sqlite" or not rest.strip("/"):
        raise UserError(f"--store {url}: no such kind of store; write sqlite:///path/folder")
    path = "/" + rest.lstrip("/") if rest.startswith("/") else rest
    return SqliteStore(Path(path), create=create, part=part, sync=sync)
