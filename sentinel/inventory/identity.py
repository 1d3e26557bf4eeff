"""Who a device is: the best value of each key, by who said it and how specific the protocol is.

A value the device says of itself beats one that others say of it; then the protocol's rank decides
(`data/protocols.tsv`: an order number read from a controller before a web server's banner), then the order
of the profile. What a pattern takes out of a text counts a little less than what a protocol states in a field
of its own, and the maker of the network card counts least.
"""

import re
from collections.abc import Iterator
from dataclasses import dataclass, field
from functools import cache

from sentinel.inventory import fingerprints, tables
from sentinel.inventory.banners import Knowledge
from sentinel.inventory.profile import Meaning, Profile
from sentinel.inventory.protocols import protocol
from sentinel.inventory.vendors import canonical, is_known

KEYS = ("vendor", "product", "model", "firmware", "hardware", "serial", "os", "name", "location")

_CERTIFICATES = frozenset(("tls", "tlcp", "quic"))
_OTHER = -100  # rank added to what others say
_FOUND = -6  # rank added to what a pattern takes out of a text
_IMPLIED = -3  # rank added to what a model number implies: it names the maker for certain
_FAMILY = -30  # rank added to the product family a model number implies
_OUI_RANK = 10
_CARD = "network card made by "
_SERVICE = "service."  # begins what is said of a service, not of the device
_LONGEST = 160  # characters of a value that are kept
_KEPT_CONFLICTS = 4
_CONTROL = re.compile(r"[\x00-\x1f\x7f-\x9f\u200b-\u200f\u202a-\u202e\u2066-\u2069\ufeff]+")
_CONSTANT_SERIAL = re.compile(r"^(.)\1+$|^0?123456789?0?$|^[0\s.-]+$")
_NT = re.compile(
    r"^(?:(?:Microsoft )?Windows )?(?:NT )?(\d{1,2}\.\d)"
    r"(?:\.(\d{3,5})|[ ,(]+[Bb]uild[ :]+(\d{3,5})\)?)?[\d.)]*$"
)
_VENDOR_IDS = {
    "enip": "cip_vendors.tsv",
    "cip": "cip_vendors.tsv",
    "pccc": "cip_vendors.tsv",
    "bacnet": "bacnet_vendors.tsv",
    "profinet-dcp": "profinet_vendors.tsv",
    "profinet-io": "profinet_vendors.tsv",
    "hart-ip": "hart_vendors.tsv",
    "ethercat": "ethercat_vendors.tsv",
}
# Names under which probes report a value of one of the keys.
_ALIASES = {
    "manufacturer": "vendor",
    "vendor_name": "vendor",
    "product_name": "product",
    "order_number": "model",
    "catalog": "model",
    "firmware_version": "firmware",
    "software_version": "firmware",
    "hardware_version": "hardware",
    "serial_number": "serial",
    "station": "name",
    "station_name": "name",
    "system_name": "name",
}


@dataclass(slots=True)
class Text:
    """A text of the profile with where it stands: a fact, or a property of a service."""

    name: str
    value: str
    protocol: str
    own: bool
    ref: str


@dataclass(slots=True)
class Candidate:
    """A value for a key, with the rank it is chosen by."""

    value: str
    rank: int
    own: bool
    ref: str


@dataclass(slots=True)
class Identity:
    """What was gathered from a profile: candidates by key, and votes for types found on the way."""

    candidates: dict[str, list[Candidate]] = field(default_factory=dict)
    votes: list[tuple[str, float, str, str]] = field(default_factory=list)
    """Role, weight, evidence, and what makes the vote distinct: one rule votes once."""
    services: dict[str, dict[str, str]] = field(default_factory=dict)
    """By protocol, what banners say of the program that serves it: product, version."""
    public: bool = False

    def add(self, key: str, value: str, rank: int, own: bool, ref: str) -> None:
        value = clean(value)
        if value.lower() in _blank() or (key == "serial" and _CONSTANT_SERIAL.match(value)):
            return
        self.candidates.setdefault(key, []).append(Candidate(value, rank if own else rank + _OTHER, own, ref))

    def best(self, key: str) -> Candidate | None:
        found = self.candidates.get(key)
        return max(found, key=_by_rank) if found else None


@cache
def _blank() -> frozenset[str]:
    """What devices say where nobody wrote anything."""
    return frozenset(("", *tables.lines("blank_values.txt")))


def _by_rank(candidate: Candidate) -> int:
    return candidate.rank


def clean(value: str) -> str:
    """Text without control and direction characters, blanks folded, bounded."""
    return " ".join(_CONTROL.sub(" ", value[:_LONGEST]).split())


def texts(profile: Profile) -> Iterator[Text]:
    """Every text of a profile: facts, then what its services tell of themselves."""
    for i, fact in enumerate(profile.facts):
        name = fact.name if fact.name.startswith("id:") else fact.name.replace("-", "_")
        yield Text(_ALIASES.get(name, name), fact.value, fact.protocol, fact.by != "other", f"f{i}")
    for i, service in enumerate(profile.services):
        for name, value in service.info.items():
            if isinstance(value, str):
                yield Text(name, value, service.protocol, True, f"s{i}")


def gather(profile: Profile, known: Knowledge | None = None) -> Identity:
    """All candidates of a profile, by our patterns and by banner knowledge."""
    found = Identity(public=profile.address.v4 == "public")
    for text in texts(profile):
        rank = protocol(text.protocol).rank
        if text.ref[0] == "f":
            _stated(found, text, rank)
        findings = fingerprints.find(text.protocol, text.name, text.value)
        if known is not None:
            findings += known.find(text.protocol, text.name, text.value)
        for finding in findings:
            for key, value in finding.values:
                if key == "type":
                    found.votes.append((value, finding.weight, text.ref, f"says:{text.protocol}"))
                    continue
                if key.startswith(_SERVICE):
                    if text.own:
                        found.services.setdefault(text.protocol, {}).setdefault(key[len(_SERVICE) :], value)
                    continue
                lowered = _FOUND
                if finding.models:
                    lowered = _IMPLIED if key == "vendor" else _FAMILY if key == "product" else _FOUND
                found.add(key, value, rank + lowered, text.own, text.ref)
    for i, maker in enumerate(profile.oui):
        found.add("vendor", canonical(maker), _OUI_RANK - i, True, f"{_CARD}{maker}")
    return found


def _stated(found: Identity, text: Text, rank: int) -> None:
    """What a fact states in a field of its own."""
    key, value = text.name, text.value
    if key == "vendor" and not value.strip().isdigit():
        name = canonical(clean(value))
        # A free text in a vendor field ("Generic", a person's name) does not beat a maker that is known.
        found.add(key, name, rank if is_known(value) else rank - 20, text.own, text.ref)
    elif key in ("vendor_id", "vendor"):
        by_id = vendor_by_id(text.protocol, value)
        if by_id:
            found.add("vendor", by_id, rank - 1, text.own, text.ref)
    elif key == "os":
        found.add(key, _os(clean(value)), rank, text.own, text.ref)
    elif key == "serial" and text.protocol in _CERTIFICATES:
        # In certificates of companies the subject's serialNumber is the company's registration.
        if not found.public:
            found.add(key, value, rank, text.own, text.ref)
    elif key in KEYS:
        found.add(key, value, rank, text.own, text.ref)
    elif key == "platform":
        found.add("model", value, rank - 20, text.own, text.ref)
    elif key == "hostname" and not value.startswith("*"):  # a certificate's wildcard names no host
        found.add("name", _short(value), rank - 40, text.own, text.ref)
    elif key == "device_type":
        _device_type(found, text)


def vendor_by_id(protocol_name: str, value: str) -> str | None:
    """Maker by the number a registry gave it; None for unknown numbers and protocols without a registry."""
    table = _VENDOR_IDS.get(protocol_name)
    if table is None:
        return None
    try:
        number = int(value.strip(), 0)
    except ValueError:
        return None
    return tables.numbered(table).get(number)


def _os(value: str) -> str:
    match = _NT.match(value)
    if match is None:
        return value
    return fingerprints.windows(match[1], match[2] or match[3] or "") or value


def _short(hostname: str) -> str:
    name = hostname.strip().rstrip(".")
    return name.removesuffix(".local")


def _device_type(found: Identity, text: Text) -> None:
    """CIP device profile, as its number or its name: a vote for a type."""
    if text.protocol not in ("enip", "cip"):
        return
    value = text.value.strip().lower()
    for number, name, role, score in tables.rows("cip_device_types.tsv"):
        if value in (number, f"{int(number):#x}", f"0x{int(number):04x}", name.lower()):
            found.votes.append((role, float(score), text.ref, "cip-profile"))
            return


def fill(meaning: Meaning, profile: Profile, found: Identity) -> None:
    """Sets the best values, why they were chosen, and what else the device said of itself."""
    for i, service in enumerate(profile.services):
        if service.protocol in found.services:
            meaning.services[f"s{i}"] = {k: clean(v) for k, v in found.services[service.protocol].items()}
    for key in KEYS:
        best = found.best(key)
        if best is None:
            continue
        setattr(meaning, key, best.value)
        same = [c.ref for c in found.candidates[key] if c.value == best.value]
        meaning.because[key] = list(dict.fromkeys([best.ref, *same]))
        ranked = sorted(found.candidates[key], key=_by_rank, reverse=True)
        others = [
            c.value
            for c in ranked
            if c.own and not c.ref.startswith(_CARD) and c.value.lower() != best.value.lower()
        ]
        if others and key not in ("product", "name"):
            meaning.conflicts[key] = list(dict.fromkeys(others))[:_KEPT_CONFLICTS]
