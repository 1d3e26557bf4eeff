"""The judges by fixture. One that the machine cannot have is skipped with the reason."""

from __future__ import annotations

import shutil
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from tests.ca.oracles import programs
from tests.ca.oracles.openssl import OpenSsl
from tests.ca.oracles.programs import Oracle, OracleMissingError


def _running(start: Callable[[Path], Oracle], folder: Path) -> Iterator[Oracle]:
    try:
        oracle = start(folder)
    except OracleMissingError as missing:
        pytest.skip(str(missing))
    yield oracle
    oracle.close()


@pytest.fixture(scope="session")
def bouncycastle(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Oracle]:
    """Bouncy Castle, built on first use."""
    yield from _running(programs.bouncycastle, tmp_path_factory.mktemp("bouncycastle"))


@pytest.fixture(scope="session")
def gmsm(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Oracle]:
    """emmansun/gmsm, built on first use."""
    yield from _running(programs.gmsm, tmp_path_factory.mktemp("gmsm"))


@pytest.fixture(scope="session")
def openssl(tmp_path_factory: pytest.TempPathFactory) -> OpenSsl:
    """OpenSSL's command line."""
    found = shutil.which("openssl")
    if found is None:
        pytest.skip("openssl is not installed: certificates are not verified by OpenSSL")
    return OpenSsl(found, tmp_path_factory.mktemp("openssl"))
