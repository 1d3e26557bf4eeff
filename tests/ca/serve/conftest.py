"""Served CAs for the tests of this folder: made once, each server a thread of this process."""

from __future__ import annotations

import shutil
from collections.abc import Iterator

import pytest

from tests.ca.serve.made import Served


@pytest.fixture(scope="package", params=["sm2", "p256"])
def served(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Served]:
    """A CA of each kind, and its server."""
    with Served(tmp_path_factory.mktemp("ca"), request.param) as made:
        yield made


def _program(name: str) -> str:
    found = shutil.which(name)
    if found is None:
        pytest.skip(f"{name} is not installed")
    return found


@pytest.fixture
def curl() -> str:
    return _program("curl")


@pytest.fixture
def strace() -> str:
    return _program("strace")
