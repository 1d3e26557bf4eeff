"""Rule files: the packs that come with the program, and those of a user's folders.

Files are found and read here; what they say is judged by the engine, rule by rule.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from importlib.resources import files
from pathlib import Path
from typing import Any

from sentinel.errors import UserError

SUFFIXES = frozenset({".yml", ".yaml"})
PACK = "pack.yml"
"""What describes a pack stands beside its rules under this name and is no rule."""

RuleFile = tuple[str, bytes]
"""Name to be shown, and text."""


def packs_folder() -> Path:
    """Where the packs that come with the program stand."""
    return Path(str(files("sentinel.rules"))) / "packs"


def packs() -> list[str]:
    """Names of the packs that come with the program."""
    folder = packs_folder()
    return sorted(path.parent.name for path in folder.glob(f"*/{PACK}")) if folder.is_dir() else []


def pack_rules(names: Iterable[str] | None = None) -> list[RuleFile]:
    """Rules of packs (all of them unless named), under the names `pack/rule.yml`."""
    folder = packs_folder()
    out = []
    for name in packs() if names is None else names:
        if not (folder / name / PACK).is_file():
            raise UserError(f"pack '{name}': there is none; there are {', '.join(packs()) or 'none'}")
        out += [(str(path.relative_to(folder)), path.read_bytes()) for path in rule_paths(folder / name)]
    return out


@dataclass(frozen=True, slots=True)
class Group:
    """Rules that are taken over together: a pack by its name, or what else a path of the user holds. With
    `fault`, one line, they could not be read."""

    name: str
    files: list[RuleFile]
    fault: str = ""


def grouped(paths: Iterable[Path] = (), *, shipped: bool = True) -> list[Group]:
    """Rules of the packs that come with the program and of a user's paths, by what they belong to. A folder
    with a `pack.yml` below a path is a pack of its own; what cannot be read is the fault of its group."""
    folder = packs_folder()
    out = [_group(name, rule_paths(folder / name), folder) for name in (packs() if shipped else ())]
    for path in paths:
        if not path.is_dir():
            out.append(_group(str(path), [path]))
            continue
        inner = sorted({file.parent for file in path.rglob(PACK)} - {path})
        of: dict[Path, list[Path]] = {one: [] for one in (path, *inner)}
        for file in rule_paths(path):
            of[max(one for one in of if file.is_relative_to(one))].append(file)
        found = [_group(str(one), files) for one, files in of.items() if files]
        out += found or [Group(str(path), [], f"{path}: no .yml or .yaml file is in it")]
    return out


def _group(name: str, files: Iterable[Path], below: Path | None = None) -> Group:
    try:
        return Group(
            name, [(str(file.relative_to(below) if below else file), _bytes(file)) for file in files]
        )
    except UserError as error:
        return Group(name, [], str(error))


def place(file: str, line: int, reason: str) -> str:
    """A fault as one line."""
    return f"{file}:{line}: {reason}" if line else f"{file}: {reason}"


def read(paths: Iterable[Path]) -> list[RuleFile]:
    """Rules of files and folders, folders with all below them, in the order of their names."""
    out = []
    for path in paths:
        if not path.exists():
            raise UserError(f"{path}: no such file or folder of rules")
        found = list(rule_paths(path)) if path.is_dir() else [path]
        if not found:
            raise UserError(f"{path}: no .yml or .yaml file is in it")
        out += [(str(one), _bytes(one)) for one in found]
    return out


def rule_paths(folder: Path) -> Iterator[Path]:
    """Rule files below a folder, sorted; hidden ones and descriptions of packs are left out."""
    for path in sorted(folder.rglob("*")):
        hidden = any(part.startswith(".") for part in path.relative_to(folder).parts)
        if path.suffix in SUFFIXES and path.name != PACK and not hidden and path.is_file():
            yield path


def documents(text: bytes) -> Iterator[dict[str, Any]]:
    """The documents of a rule file that are mappings, up to the first that is no YAML: what is wrong with
    that one the engine says."""
    import yaml

    loader = getattr(yaml, "CSafeLoader", yaml.SafeLoader)
    try:
        for document in yaml.load_all(text, Loader=loader):
            if isinstance(document, dict):
                yield document
    except (yaml.YAMLError, RecursionError, ValueError):
        return


def pipelines() -> list[RuleFile]:
    """Field pipelines that come with the program."""
    folder = Path(str(files("sentinel.rules"))) / "pipelines"
    return [(path.name, path.read_bytes()) for path in sorted(folder.glob("*.yml"))]


def _bytes(path: Path) -> bytes:
    try:
        return path.read_bytes()
    except OSError as error:
        raise UserError(f"{path}: cannot be read: {error.strerror}") from None
