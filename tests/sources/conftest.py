"""The demo plant's capture, made once."""

from __future__ import annotations

from pathlib import Path

import pytest


@pytest.fixture(scope="session")
def plant(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Ten minutes, 6,000 frames."""
    from sentinel.demo.plant import build

    path = tmp_path_factory.mktemp("plant") / "plant.pcap"
    build(path)
    return path
