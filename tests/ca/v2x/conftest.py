"""Domains that are founded once and copied for each test."""

from __future__ import annotations

import shutil
from collections.abc import Callable
from pathlib import Path

import pytest

from tests.ca.v2x import made


@pytest.fixture(scope="session")
def _founded(tmp_path_factory: pytest.TempPathFactory) -> Callable[[str], Path]:
    known: dict[str, Path] = {}

    def found(profile: str) -> Path:
        if profile not in known:
            known[profile] = made.domain(tmp_path_factory.mktemp("v2x") / "domain", profile)
        return known[profile]

    return found


@pytest.fixture
def domain(_founded: Callable[[str], Path], tmp_path: Path) -> Callable[[str], Path]:
    """A domain's folder by its profile, for this test alone."""

    def copied(profile: str) -> Path:
        folder = tmp_path / f"domain-{profile}"
        if not folder.exists():
            shutil.copytree(_founded(profile), folder)
        return folder

    return copied
