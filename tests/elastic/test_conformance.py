"""The store in Elasticsearch does what every store must."""

from __future__ import annotations

import itertools
from collections.abc import Iterator
from pathlib import Path
from typing import Literal

import pytest

from sentinel.config.sections import ElasticSettings
from sentinel.model.store import Store
from sentinel.store.elastic.client import Client
from sentinel.store.elastic.store import ElasticStore
from tests.elastic.server import Access
from tests.store.conformance import Conformance

pytestmark = pytest.mark.elastic
_numbers = itertools.count()


class Stores:
    """Stores of one server, each with a prefix of its own."""

    def __init__(self, access: Access, folder: Path) -> None:
        self._access, self._folder = access, folder
        self.made: list[ElasticStore] = []

    def new(self, part: Literal["hour", "day"] = "day") -> Store:
        return self._opened(f"test-{self._folder.name.lower()}-{next(_numbers)}", part)

    def again(self, store: Store) -> Store:
        assert isinstance(store, ElasticStore)
        return self._opened(store.settings.prefix, "day")

    def settle(self, store: Store) -> None:
        assert isinstance(store, ElasticStore)
        store.client.json("POST", f"/{store.settings.prefix}-*/_refresh")

    def _opened(self, prefix: str, part: Literal["hour", "day"]) -> ElasticStore:
        settings = ElasticSettings(prefix=prefix, refresh=600)
        store = ElasticStore(
            self._access.url, settings, part=part, sensor="one", folder=self._folder, create=True
        )
        self.made.append(store)
        return store

    def remove(self) -> None:
        client = Client(self._access.url, ElasticSettings())
        for prefix in {store.settings.prefix for store in self.made}:
            indices = client.maybe("GET", f"/{prefix}-*/_alias")
            if indices:
                client.json("DELETE", f"/{','.join(indices)}")
            client.maybe("DELETE", f"/_index_template/{prefix}-*")
        client.close()
        for store in self.made:
            store.close()


@pytest.fixture(scope="module")
def stores(elastic: Access, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Stores]:
    made = Stores(elastic, tmp_path_factory.mktemp("elastic"))
    yield made
    made.remove()


class TestElastic(Conformance):
    """All of it."""
