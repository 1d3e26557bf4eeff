"""Banner knowledge in the XML of Rapid7's recog (https://github.com/rapid7/recog): ours, and a user's.

A file says what it reads (`matches="ssh.banner"`) and holds fingerprints in an order: of one origin the first
that fits a text wins. What is on the wire under each of recog's names stands in `data/banner_matches.tsv`. A
`param` takes group `pos` of the pattern, or for 0 its `value`, in which `{other.param}` stands for that
param's value; one that names a missing param says nothing. All patterns of one name are looked for together
(`sentinel._native.Patterns`), in linear time.
"""

import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from functools import cache
from importlib.resources import files
from pathlib import Path
from xml.parsers import expat

from sentinel._native import Patterns
from sentinel.inventory import tables
from sentinel.inventory.fingerprints import LONGEST, Finding
from sentinel.inventory.vendors import canonical

LARGEST = 16 << 20
"""Bytes of a file that is read; recog's largest has under one."""
MOST_FILES = 1000
_REMEMBERED = 16384  # texts whose findings are kept
_CERTAINTY = 0.85  # of an entry that says none
_STATES = 4.0  # weight of a type that is certain
_PLACEHOLDER = re.compile(r"\{([\w.-]+)\}")
_GENERAL = frozenset(("", "general", "desktop", "server"))

Params = tuple[tuple[int, str, str], ...]


@dataclass(frozen=True, slots=True)
class Entry:
    """One fingerprint. `params`: (group, name, value); `examples`: text and what must be found in it."""

    matches: str
    pattern: str
    fold: bool
    dot_all: bool
    description: str
    params: Params
    examples: tuple[tuple[str, dict[str, str]], ...]
    place: str
    """File and line."""

    def says(self, groups: list[str | None]) -> dict[str, str]:
        """Params of a match, with what stands in braces filled in."""
        found: dict[str, str] = {}
        for pos, name, value in self.params:
            taken = value if pos == 0 else (groups[pos] or "") if pos < len(groups) else ""
            if taken.strip():
                found[name] = taken.strip()
        out: dict[str, str] = {}
        for name, value in found.items():
            wanted = _PLACEHOLDER.findall(value) if "{" in value else ()
            if all(other in found for other in wanted):
                out[name] = _PLACEHOLDER.sub(lambda m: found[m[1]], value)
        return out


@dataclass(slots=True)
class Set:
    """All entries of one origin that read one thing, in their order."""

    entries: list[Entry]
    patterns: Patterns

    def first(self, text: str) -> tuple[Entry, dict[str, str]] | None:
        """The entry that fits first, and what it says."""
        hit = self.patterns.first(text)
        if hit is None:
            return None
        entry = self.entries[hit[0]]
        return entry, entry.says(hit[1])


@dataclass(slots=True)
class Reading:
    """How a text of the wire becomes one that a set reads."""

    matches: str
    without: re.Pattern[str] | None
    form: str

    def text(self, value: str) -> str:
        if self.without is not None:
            value = self.without.sub("", value, count=1)
        return self.form.replace("{}", value)


@dataclass(slots=True)
class Knowledge:
    """Sets of each origin, the user's before ours, and a line for each thing that could not be used."""

    origins: list[dict[str, Set]] = field(default_factory=list)
    warnings: list[str] = field(default_factory=list)
    _seen: dict[tuple[str, str, str], tuple[Finding, ...]] = field(default_factory=dict)

    def __len__(self) -> int:
        return sum(len(one.patterns) for sets in self.origins for one in sets.values())

    def add(self, entries: Iterable[Entry]) -> None:
        """Adds the entries of one origin."""
        lists: dict[str, list[Entry]] = {}
        for entry in entries:
            lists.setdefault(entry.matches, []).append(entry)
        sets: dict[str, Set] = {}
        for matches, listed in lists.items():
            patterns = Patterns([(entry.pattern, entry.fold, entry.dot_all) for entry in listed])
            sets[matches] = Set(listed, patterns)
            self.warnings += [f"{listed[i].place}: pattern left out: {why}" for i, why in patterns.refused()]
        self.origins.append(sets)

    def find(self, protocol: str, name: str, value: str) -> tuple[Finding, ...]:
        """What is known of a text of the wire: asset keys, `type`, `service.product`, `service.version`."""
        key = (protocol, name, value)
        known = self._seen.get(key)
        if known is None:
            known = tuple(self._find(protocol, name, value[:LONGEST]))
            if len(self._seen) >= _REMEMBERED:
                self._seen.clear()
            self._seen[key] = known
        return known

    def _find(self, protocol: str, name: str, value: str) -> Iterator[Finding]:
        for reading in _readings().get((protocol, name), ()):
            text = reading.text(value)
            for sets in self.origins:
                hit = sets[reading.matches].first(text) if reading.matches in sets else None
                if hit is not None:
                    values, weight = asset_keys(hit[1])
                    if values:
                        yield Finding(tuple(values.items()), weight, models=False)


@cache
def _readings() -> dict[tuple[str, str], tuple[Reading, ...]]:
    out: dict[tuple[str, str], tuple[Reading, ...]] = {}
    for matches, protocols, names, without, form in tables.rows("banner_matches.tsv"):
        reading = Reading(matches, re.compile(without) if without else None, form or "{}")
        for protocol in protocols.split():
            for name in names.split():
                out[protocol, name] = (*out.get((protocol, name), ()), reading)
    return out


@cache
def _devices() -> dict[str, str]:
    return {device.lower(): role for device, role in tables.rows("banner_devices.tsv")}


def asset_keys(said: dict[str, str]) -> tuple[dict[str, str], float]:
    """Params as keys of an asset and of its service, and the weight of a vote for its type.

    What runs on a device of one purpose (`os.device`) is its firmware, and its maker the device's; of a
    general computer they are its system.
    """
    device = said.get("hw.device") or said.get("os.device") or ""
    special = device.lower() not in _GENERAL or "hw.vendor" in said
    out = {
        "vendor": said.get("hw.vendor") or (said.get("os.vendor", "") if special else ""),
        "product": said.get("hw.product") or said.get("hw.family", ""),
        "model": said.get("hw.model", ""),
        "hardware": said.get("hw.version", ""),
        "serial": said.get("hw.serial_number") or said.get("hw.serial", ""),
        "name": said.get("host.name", ""),
        "type": _devices().get(device.lower(), ""),
        "service.product": said.get("service.product", ""),
        "service.version": said.get("service.version", ""),
    }
    if not out["model"] and any(c.isdigit() for c in out["product"]):
        out["model"] = out["product"]
    system, version = said.get("os.product", ""), said.get("os.version", "")
    if special:
        out["firmware"] = version
        named = not system.lower().endswith("firmware") and system not in (out["product"], out["model"])
        out["os"] = system if named else ""
    else:
        out["os"] = f"{system} {version}".strip() if system else ""
    if out["vendor"]:
        out["vendor"] = canonical(out["vendor"])
    certainty = said.get("hw.certainty") or said.get("os.certainty") or ""
    try:
        sure = min(max(float(certainty), 0.0), 1.0) if certainty else _CERTAINTY
    except ValueError:
        sure = _CERTAINTY
    return {key: value for key, value in out.items() if value}, round(_STATES * sure, 2)


@cache
def load(folder: Path | None = None) -> Knowledge:
    """Our knowledge, with that of a folder and those below it before it. A file that cannot be read is left
    out and named in `warnings`."""
    knowledge = Knowledge()
    if folder is not None:
        theirs: list[Entry] = []
        found = sorted(folder.rglob("*.xml")) if folder.is_dir() else []
        for path in found[:MOST_FILES]:
            try:
                if path.stat().st_size > LARGEST:
                    raise ValueError(f"{path}: larger than {LARGEST:,} bytes, left out")
                theirs += parse(path.read_bytes(), str(path))
            except OSError as error:
                knowledge.warnings.append(f"{path}: {error.strerror}, left out")
            except ValueError as error:
                knowledge.warnings.append(str(error))
        if len(found) > MOST_FILES:
            knowledge.warnings.append(f"{folder}: the first {MOST_FILES} of {len(found)} files are used")
        knowledge.add(theirs)
    knowledge.add(shipped())
    return knowledge


def shipped() -> list[Entry]:
    """The entries that come with the program."""
    folder = files(__package__).joinpath("data", "banners")
    named = sorted((f for f in folder.iterdir() if f.name.endswith(".xml")), key=lambda f: f.name)
    return [entry for file in named for entry in parse(file.read_bytes(), file.name)]


def parse(document: bytes, name: str) -> list[Entry]:
    """Entries of a file. Raises `ValueError` with file and line; a document type is refused, so that no
    entity is ever expanded."""
    reader = _Reader(name)
    try:
        reader.parser.Parse(document, True)
    except expat.ExpatError as error:
        raise ValueError(f"{name}:{error.lineno}: {expat.ErrorString(error.code)}, left out") from None
    return reader.entries


class _Reader:
    """The elements of a file as they come."""

    def __init__(self, name: str) -> None:
        self.parser = expat.ParserCreate()
        self.parser.StartElementHandler = self._start
        self.parser.EndElementHandler = self._end
        self.parser.CharacterDataHandler = self._text
        self.parser.StartDoctypeDeclHandler = self._refuse
        self.parser.buffer_text = True
        self.entries: list[Entry] = []
        self._name, self._matches, self._line = name, "", 0
        self._entry: dict[str, str] | None = None
        self._params: list[tuple[int, str, str]] = []
        self._examples: list[tuple[str, dict[str, str]]] = []
        self._description, self._said = "", ""
        self._example: dict[str, str] = {}

    def _wrong(self, why: str) -> ValueError:
        return ValueError(f"{self._name}:{self.parser.CurrentLineNumber}: {why}, left out")

    def _refuse(self, *_: object) -> None:
        raise self._wrong("a document type is not read")

    def _start(self, tag: str, attributes: dict[str, str]) -> None:
        self._said = ""
        if tag == "fingerprints":
            self._matches = attributes.get("matches", "")
            if not self._matches:
                raise self._wrong("`fingerprints` without `matches`")
        elif not self._matches:
            raise self._wrong(f"`{tag}` where `fingerprints` is expected")
        elif tag == "fingerprint":
            if not attributes.get("pattern"):
                raise self._wrong("`fingerprint` without `pattern`")
            self._entry, self._line = attributes, self.parser.CurrentLineNumber
            self._params, self._examples, self._description = [], [], ""
        elif tag == "param":
            pos, name = attributes.get("pos", ""), attributes.get("name", "")
            if not pos.isdecimal() or not name or self._entry is None:
                raise self._wrong("`param` without a place or a name")
            self._params.append((int(pos), name, attributes.get("value", "")))
        elif tag == "example":
            self._example = attributes

    def _text(self, text: str) -> None:
        self._said += text

    def _end(self, tag: str) -> None:
        if tag == "description":
            self._description = " ".join(self._said.split())
        elif tag == "example":
            self._examples.append((self._said, self._example))
        elif tag == "fingerprint" and self._entry is not None:
            flags = self._entry.get("flags", "").upper()
            self.entries.append(
                Entry(
                    matches=self._matches,
                    pattern=self._entry["pattern"],
                    fold="REG_ICASE" in flags or "IGNORECASE" in flags,
                    dot_all="REG_DOT_NEWLINE" in flags or "REG_MULTILINE" in flags,
                    description=self._description,
                    params=tuple(self._params),
                    examples=tuple(self._examples),
                    place=f"{self._name}:{self._line}",
                )
            )
            self._entry = None
