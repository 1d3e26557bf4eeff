"""Judges for what the certificate authority makes (see `oracles/fixtures.py`), and CAs to try things on."""

from __future__ import annotations

import shutil
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from tests.ca.oracles.fixtures import bouncycastle, gmsm, openssl

__all__ = ["bouncycastle", "gmsm", "openssl"]

PASSPHRASE = "a passphrase for tests"
BASE = "http://pki.plant.example"


@pytest.fixture(scope="session", autouse=True)
def _cheap_passphrases() -> Iterator[None]:
    """Key files that tests write ask for little work; `x509/test_keys.py` tries what is shipped."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr("sentinel.ca.keys.pkcs8._N", 1 << 10)
        yield


@pytest.fixture(scope="session")
def passphrase_file(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A file with the passphrase of every key that tests make."""
    path = tmp_path_factory.mktemp("passphrase") / "passphrase"
    path.write_text(PASSPHRASE + "\n", encoding="utf-8")
    return path


@pytest.fixture(scope="session")
def _founded(tmp_path_factory: pytest.TempPathFactory) -> Callable[[str], Path]:
    from sentinel.ca import founding
    from sentinel.ca.keys.passphrases import Passphrases

    made: dict[str, Path] = {}

    def found(algorithm: str) -> Path:
        if algorithm not in made:
            folder = tmp_path_factory.mktemp("ca") / "ca"
            plan = founding.Plan("Plant", algorithm, base_url=BASE, who="tester")
            founding.found(folder, plan, Passphrases(PASSPHRASE))
            made[algorithm] = folder
        return made[algorithm]

    return found


@pytest.fixture
def ca(_founded: Callable[[str], Path], tmp_path: Path) -> Callable[[str], Path]:
    """A CA's folder by the algorithm of its keys, for this test alone."""

    def copied(algorithm: str) -> Path:
        folder = tmp_path / f"ca-{algorithm}"
        if not folder.exists():
            shutil.copytree(_founded(algorithm), folder)
        return folder

    return copied
