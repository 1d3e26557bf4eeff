"""Public rules and their events, read in place from the archives beside the evaluation captures."""

from __future__ import annotations

import json
import tarfile
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pytest
import yaml


@dataclass(frozen=True, slots=True)
class Regression:
    """Events that rules have to fit: at least one of each file."""

    name: str
    rules: tuple[str, ...]
    events: list[dict[str, Any]] = field(repr=False)


def _members(archive: Path) -> Iterator[tuple[str, bytes]]:
    with tarfile.open(archive) as tar:
        for member in tar:
            file = tar.extractfile(member) if member.isfile() else None
            if file is not None:
                yield member.name, file.read()


@pytest.fixture(scope="session")
def sigma_folder(corpus: Path) -> Path:
    """Folder of the archives of public rules."""
    folder = corpus.parent / "sigma"
    if not folder.is_dir():
        pytest.skip(f"no archives of rules in {folder}")
    return folder


@pytest.fixture(scope="session")
def sigmahq(sigma_folder: Path) -> list[tuple[str, bytes]]:
    """SigmaHQ's rules: (name, YAML)."""
    return [(n, t) for n, t in _members(sigma_folder / "sigmahq-rules.tar.gz") if n.endswith(".yml")]


@pytest.fixture(scope="session")
def regressions(sigma_folder: Path) -> list[Regression]:
    """SigmaHQ's regression events."""
    members = dict(_members(sigma_folder / "sigmahq-regression.tar.gz"))
    out = []
    for name, text in sorted(members.items()):
        folder, _, file = name.rpartition("/")
        if file.endswith(".json"):
            info = yaml.safe_load(members[f"{folder}/info.yml"])
            rules = tuple(rule["id"] for rule in info["rule_metadata"])
            out.append(Regression(name, rules, list(_documents(text.decode()))))
    return out


def _documents(text: str) -> Iterator[dict[str, Any]]:
    """JSON documents that stand one behind the other."""
    decoder, at = json.JSONDecoder(), 0
    while (rest := text[at:].lstrip()) != "":
        at = len(text) - len(rest)
        found, at = decoder.raw_decode(text, at)
        yield found
