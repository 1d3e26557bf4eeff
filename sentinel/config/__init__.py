"""Settings: what may be set, and from where.

Weakest first: defaults, `/etc/sentinel/sentinel.toml`, `~/.config/sentinel/sentinel.toml` (under
`XDG_CONFIG_HOME` where that is set), variables `SENTINEL_SECTION__KEY`, flags. An unknown key is an
error that names the place, the key and the nearest known one. Secrets are never settings: a setting
names the file that holds one.
"""

from __future__ import annotations

import difflib
import json
import os
import tomllib
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, get_origin

from pydantic import ValidationError

from sentinel.config.sections import Section, Settings
from sentinel.errors import UserError

SYSTEM_FILE = Path("/etc/sentinel/sentinel.toml")
PREFIX = "SENTINEL_"
DELIMITER = "__"
DEFAULT = "default"
"""Origin of a value that nobody set."""


@dataclass(frozen=True, slots=True)
class Loaded:
    """Settings in force, with the origin of each value and the files that were read."""

    settings: Settings
    origins: Mapping[str, str]
    files: tuple[Path, ...]

    def rows(self) -> Iterator[tuple[str, str, str]]:
        """(section.key, value as text, origin), in the order of the model."""
        for name in known_keys():
            section, key = name.split(".")
            value = getattr(getattr(self.settings, section), key)
            yield name, _shown(value), self.origins.get(name, DEFAULT)


def _shown(value: Any) -> str:
    if value is None:
        return "(not set)"
    if isinstance(value, tuple):
        each = (
            item.model_dump_json(exclude_unset=True) if isinstance(item, Section) else str(item)
            for item in value
        )
        return "[" + ", ".join(each) + "]"
    return str(value)


def known_keys() -> list[str]:
    """Every setting as `section.key`, in the order of the model."""
    return [f"{section}.{key}" for section, model in sections() for key in model.model_fields]


def sections() -> list[tuple[str, type[Section]]]:
    """Every section's name and model."""
    return [(name, type(field.get_default())) for name, field in Settings.model_fields.items()]


def user_file(environ: Mapping[str, str]) -> Path:
    """The user's own settings file, whether it is there or not."""
    base = environ.get("XDG_CONFIG_HOME") or ""
    folder = Path(base) if base.startswith("/") else Path(environ.get("HOME") or "~").expanduser() / ".config"
    return folder / "sentinel" / "sentinel.toml"


def load(
    flags: Mapping[str, Any] | None = None,
    *,
    file: Path | None = None,
    environ: Mapping[str, str] | None = None,
    system_file: Path = SYSTEM_FILE,
) -> Loaded:
    """Read all sources and check them.

    `flags` holds `section.key` with the value given on the command line, None where it was not given.
    `file` (from `--config`) stands in the place of the two files and must be there.
    Raises `UserError` with exit code 1, or 2 where a flag's value is wrong.
    """
    environ = os.environ if environ is None else environ
    paths = (file,) if file is not None else (system_file, user_file(environ))
    values: dict[str, Any] = {}
    origins: dict[str, str] = {}
    read: list[Path] = []

    def take(found: Mapping[str, Any], origin: str | None) -> None:
        for name, value in found.items():
            values[name] = value
            origins[name] = origin or _variable(name)

    for path in paths:
        found = _from_file(path, required=file is not None)
        if found is not None:
            read.append(path)
            take(found, str(path))
    take(_from_environ(environ), None)
    take({name: value for name, value in (flags or {}).items() if value is not None}, "flag")
    return Loaded(_validate(values, origins), origins, tuple(read))


def _variable(name: str) -> str:
    return PREFIX + name.replace(".", DELIMITER).upper()


def _unknown(where: str, shown: str, name: str, known: Mapping[str, str]) -> UserError:
    """An error for an unknown key; `known` says how each key that `name` may have meant is written there."""
    close = difflib.get_close_matches(name, known, n=1)
    hint = f", did you mean {known[close[0]]}?" if close else " (`sentinel config show` lists all)"
    return UserError(f"{where}: unknown setting {shown}{hint}")


def _from_file(path: Path, *, required: bool) -> dict[str, Any] | None:
    """`section.key` to value as the file has it; None where there is no file and none is required."""
    try:
        text = path.read_bytes().decode("utf-8")
        tables = tomllib.loads(text)
    except (FileNotFoundError, NotADirectoryError):
        if required:
            raise UserError(f"{path}: no such settings file") from None
        return None
    except UnicodeDecodeError as error:
        raise UserError(f"{path}: is not UTF-8 text (byte {error.start})") from None
    except tomllib.TOMLDecodeError as error:
        raise UserError(f"{path}: is not valid TOML: {error}") from None
    except OSError as error:
        raise UserError(f"{path}: cannot be read: {error.strerror}") from None
    found: dict[str, Any] = {}
    models = dict(sections())
    for section, table in tables.items():
        if section not in models:
            raise _unknown(str(path), section, section, {name: f"[{name}]" for name in models})
        if not isinstance(table, dict):
            raise UserError(f"{path}: {section} is a section: write [{section}] and its settings below")
        known = {key: f"{section}.{key}" for key in models[section].model_fields}
        for key, value in table.items():
            if key not in known:
                raise _unknown(str(path), f"{section}.{key}", key, known)
            found[known[key]] = value
    return found


def _from_environ(environ: Mapping[str, str]) -> dict[str, Any]:
    """`section.key` to text of every variable `SENTINEL_SECTION__KEY`; without `__` it is no setting."""
    names = {_variable(name): name for name in known_keys()}
    found: dict[str, Any] = {}
    for variable, value in environ.items():
        if not variable.startswith(PREFIX) or DELIMITER not in variable:
            continue
        if variable not in names:
            bare = {known.removeprefix(PREFIX): known for known in names}
            raise _unknown("environment", variable, variable.removeprefix(PREFIX), bare)
        found[names[variable]] = _listed(names[variable], value)
    return found


def _listed(name: str, text: str) -> Any:
    """A variable's text; where the setting is a list, a JSON array or words with commas between them."""
    section, _, key = name.partition(".")
    if get_origin(dict(sections())[section].model_fields[key].annotation) is not tuple:
        return text
    if text.lstrip().startswith("["):
        try:
            return json.loads(text)
        except ValueError:
            raise UserError(f"environment: {_variable(name)}: is no JSON array") from None
    return [part.strip() for part in text.split(",") if part.strip()]


def _validate(values: Mapping[str, Any], origins: Mapping[str, str]) -> Settings:
    tree: dict[str, dict[str, Any]] = {}
    for name, value in values.items():
        section, _, key = name.partition(".")
        tree.setdefault(section, {})[key] = value
    try:
        return Settings.model_validate(tree)
    except ValidationError as error:
        first = error.errors(include_url=False, include_context=False)[0]
        name = ".".join(str(part) for part in first["loc"][:2])
        place = ".".join(str(part) for part in first["loc"])
        origin = origins.get(name, DEFAULT)
        reason = first["msg"][:1].lower() + first["msg"][1:]
        raise UserError(
            f"{origin}: {place} = {first['input']!r}: {reason}", 2 if origin == "flag" else 1
        ) from None
