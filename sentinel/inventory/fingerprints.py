"""What banners, descriptions, titles and names give away: patterns kept as data, see `data/fingerprints/`.

A rule names the protocols it reads, a literal its text must hold (lower case, so that most rules cost one
substring test), a pattern, and what a match gives. Named groups of the pattern give the value of that key:
vendor, product, model, firmware, hardware, serial, os, name; constants stand in `gives`. Patterns are
searched without regard to case in the first `LONGEST` characters. Every rule carries an example and what it
must give; the tests run all of them.
"""

import re
import tomllib
from dataclasses import dataclass
from functools import cache

from sentinel.inventory import tables
from sentinel.inventory.vendors import canonical

LONGEST = 512  # characters of a text that are looked at: what identifies a device stands at its beginning
_REMEMBERED = 16384  # texts whose findings are kept
_DEFAULT_WEIGHT = 4.0

_FILES: dict[str, tuple[str, ...]] = {
    "description": tuple("snmp lldp cdp".split()),
    "http": tuple("http upnp ssdp onvif isapi ws-discovery rtsp tr069".split()),
    "banner": tuple("ssh ftp telnet sip rtsp smtp pop3 imap vnc".split()),
    "naming": tuple("dhcp dhcpv6 mdns dns llmnr nbns ssdp upnp ws-discovery smb ntlm mqtt".split()),
    "certificate": tuple("tls tlcp quic opcua".split()),
}
_MODELS = ("model-siemens", "model-automation", "model-energy-building", "model-network", "model-it")
# Facts that hold a model number or a product's name. Free text is searched for order numbers only, since
# the names of products are ordinary words ("Eagle", "Galaxy", "Spyder").
_MODEL_NAMES = frozenset("model product module platform product_name order_number catalog brand".split())
_FREE_TEXT: dict[str, tuple[str, ...]] = {
    "description": _MODELS,
    "vendor_class": _MODELS,
    "name": ("model-siemens",),
    "firmware": ("model-network",),
}
_HAS = 'has = "'
_SURE = 5.0  # weight from which a model rule is one of order numbers
# Names of facts whose value is no text to search in.
_OPAQUE = frozenset(
    """
    vendor_id serial firmware mac location user username dhcp_fingerprint ja3 ja4 ja3s hassh hasshserver
    tcp_syn tcp_syn_ack mtu
    tls.ja3s tls.sha256 tls.sha1 tls.serial tls.not_before tls.not_after tls.cipher tls.version tls.key
    tls.signature ssh.hasshserver ssh.host_key ssh.kex ssh.cipher url path vlan uptime port_id
    """.split()
)
# Groups that are no result themselves: `v` stands for {v} in constants, `nt` and `build` name a Windows.
_HELPERS = frozenset(("v", "nt", "build"))


@cache
def _windows() -> dict[tuple[str, str], str]:
    return {(nt, build): name for nt, build, name in tables.rows("windows.tsv")}


def windows(nt: str, build: str = "") -> str | None:
    """Name of a Windows release by its NT version ("6.1") and build ("7601"); None if unknown."""
    return _windows().get((nt, build)) or _windows().get((nt, ""))


@dataclass(frozen=True, slots=True)
class Entry:
    """A rule as its data file writes it: constant results, names of facts it reads (None: all but opaque
    ones), and the weight of a vote for its type."""

    match: re.Pattern[str]
    gives: tuple[tuple[str, str], ...]
    names: frozenset[str] | None
    weight: float
    example: str
    expect: dict[str, str]


class Rule:
    """One rule. Most texts hold none of its literal, so the entry is read only when one does."""

    __slots__ = ("_entry", "_source", "file", "has")

    def __init__(self, file: str, source: str) -> None:
        self.file = file
        self.has = source.split(_HAS, 1)[1].split('"', 1)[0]
        self._source = source
        self._entry: Entry | None = None

    @property
    def entry(self) -> Entry:
        if self._entry is None:
            written = tomllib.loads(self._source)
            names = written.get("names")
            self._entry = Entry(
                match=re.compile(written["match"], re.IGNORECASE),
                gives=tuple(written.get("gives", {}).items()),
                names=frozenset(names) if names else None,
                weight=float(written.get("weight", _DEFAULT_WEIGHT)),
                example=written["example"],
                expect=dict(written["expect"]),
            )
        return self._entry

    def reads(self, name: str) -> bool:
        """True if the rule is meant for facts of this name."""
        entry = self.entry
        if entry.names is not None:
            return name in entry.names
        return self.file not in _MODELS or name in _MODEL_NAMES or entry.weight >= _SURE

    def found(self, text: str) -> list[tuple[str, str]]:
        """Keys and values it finds in a text, the named groups before the constants."""
        match = self.entry.match.search(text)
        if match is None:
            return []
        groups = {key: " ".join(value.strip(" ,;").split()) for key, value in match.groupdict("").items()}
        out = [(key, value) for key, value in groups.items() if key not in _HELPERS and value.strip("-_. ")]
        given = {key for key, _ in out}
        for key, value in self.entry.gives:
            if key not in given:
                out.append((key, value.replace("{v}", groups.get("v", "")).strip()))
        if "nt" in groups:
            name = windows(groups["nt"], groups.get("build", ""))
            if name:
                out.append(("os", name))
        return [(key, canonical(value)) if key == "vendor" else (key, value) for key, value in out]


@dataclass(frozen=True, slots=True)
class Finding:
    """What one rule found in one text. `models`: from knowledge of model numbers, not from a banner."""

    values: tuple[tuple[str, str], ...]
    weight: float
    models: bool


@cache
def rules(file: str) -> tuple[Rule, ...]:
    """The rules of one data file."""
    _, *sources = tables.text(f"fingerprints/{file}.toml").split("[[rule]]\n")
    return tuple(Rule(file, source) for source in sources)


def files() -> tuple[str, ...]:
    """Names of all data files."""
    return (*_FILES, *_MODELS)


@cache
def _applicable(protocol: str, name: str) -> tuple[Rule, ...]:
    """Rules that may say something about a fact of this protocol and name."""
    if name.startswith("id:"):
        return ()
    read = _MODELS if name in _MODEL_NAMES else _FREE_TEXT.get(name, ())
    if name not in _OPAQUE:
        read = (*(file for file, protocols in _FILES.items() if protocol in protocols), *read)
    return tuple(rule for file in read for rule in rules(file))


_seen: dict[tuple[str, str, str], tuple[Finding, ...]] = {}


def find(protocol: str, name: str, value: str) -> tuple[Finding, ...]:
    """All that the rules find in one fact, in the order of the data files."""
    key = (protocol, name, value)
    known = _seen.get(key)
    if known is None:
        known = _find(protocol, name, value[:LONGEST])
        if len(_seen) >= _REMEMBERED:
            _seen.clear()
        _seen[key] = known
    return known


def _find(protocol: str, name: str, text: str) -> tuple[Finding, ...]:
    candidates = _applicable(protocol, name)
    if not candidates:
        return ()
    folded = text.lower()
    out = []
    for rule in candidates:
        if rule.has in folded and rule.reads(name):
            values = rule.found(text)
            if values:
                out.append(Finding(tuple(values), rule.entry.weight, rule.file in _MODELS))
    return tuple(out)
