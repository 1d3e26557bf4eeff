"""The embedded store does what every store must."""

from __future__ import annotations

from itertools import count
from pathlib import Path
from typing import Literal

import pytest

from sentinel.model.store import Store
from sentinel.store import open_store
from sentinel.store.sqlite import SqliteStore
from tests.store.conformance import Conformance


class Folders:
    """Makes embedded stores in a folder."""

    def __init__(self, folder: Path) -> None:
        self._folder, self._numbers = folder, count()

    def new(self, part: Literal["hour", "day"] = "day") -> Store:
        return SqliteStore(self._folder / str(next(self._numbers)), create=True, part=part)

    def again(self, store: Store) -> Store:
        return open_store(store.url)

    def settle(self, store: Store) -> None:
        """What was written is found at once."""


@pytest.fixture(scope="module")
def stores(tmp_path_factory: pytest.TempPathFactory) -> Folders:
    return Folders(tmp_path_factory.mktemp("stores"))


class TestSqlite(Conformance):
    """All of it."""
