"""Rules reloaded while they are at work: a pack that is broken keeps its old rules, and says so.

A pack is taken over whole or not at all: a folder with a `pack.yml`, or what else one path of the user
holds. Correlations whose definition is the same go on with what is in their windows.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from sentinel.rules import loader
from sentinel.rules.engine import Rules
from sentinel.rules.loader import RuleFile

Fault = tuple[str, int, str]
"""File, line or 0, reason: as the engine refuses."""


@dataclass(frozen=True, slots=True)
class Reloaded:
    """What a reload did, packs by name (a path for those of the user)."""

    kept: list[str]
    """Packs whose old rules stay at work, as the new ones are broken."""
    refused: list[str]
    """One line for each fault by which they are."""
    changed: list[str]
    """Packs that are other ones now, came or went."""


def reload(rules: Rules, paths: Sequence[Path] = (), *, packs: bool = True) -> Reloaded:
    """Read the packs and the user's paths again and put what is right in them to work.

    A pack with a rule that is refused, a file that cannot be read or that is no YAML keeps what it had,
    unless the same was refused before. One that is new and broken does not come in.
    """
    found = loader.grouped(paths, shipped=packs)
    roots = [group.name for group in found]
    old: dict[str, list[RuleFile]] = {root: [] for root in roots}
    gone: list[RuleFile] = []
    for file in rules.files:
        root = _root(file[0], roots)
        (gone if root is None else old[root]).append(file)
    new = {group.name: old[group.name] if group.fault else group.files for group in found}
    kept = [group.name for group in found if group.fault]
    refused = [group.fault for group in found if group.fault]
    before = {_same(fault) for fault in rules.watch.refused()}
    while True:
        changed = [root for root in roots if new[root] != old[root]]
        if not changed:
            break
        faults = [f for f in _check(new) if _same(f) not in before]
        if not faults:
            break
        guilty = {root for f in faults if (root := _root(f[0], roots)) in changed}
        guilty = guilty or _without(new, old, changed, faults)
        refused += [loader.place(*fault) for fault in faults]
        kept += [root for root in roots if root in guilty]
        new |= {root: old[root] for root in guilty}
    if changed or gone:
        rules.reload([file for root in roots for file in new[root]])
    return Reloaded(kept, refused, changed + sorted({str(Path(name).parent) for name, _ in gone}))


def _check(packs: dict[str, list[RuleFile]]) -> list[Fault]:
    return Rules([file for files in packs.values() for file in files]).watch.refused()


def _without(
    new: dict[str, list[RuleFile]], old: dict[str, list[RuleFile]], changed: list[str], faults: list[Fault]
) -> set[str]:
    """The changed packs by which rules of others are refused: as each was, not all faults are there."""
    told = {_same(fault) for fault in faults}
    guilty = {root for root in changed if told - {_same(f) for f in _check(new | {root: old[root]})}}
    return guilty or set(changed)


def _same(fault: Fault) -> tuple[str, str]:
    """What makes two faults the same: a line moves as others come before it."""
    return fault[0], fault[2]


def _root(name: str, roots: Sequence[str]) -> str | None:
    """The pack a file belongs to, by its name: the deepest that holds it."""
    holding = [root for root in roots if name == root or Path(name).is_relative_to(root)]
    return max(holding, key=lambda root: len(Path(root).parts), default=None)
