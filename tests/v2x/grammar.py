"""Random values of a grammar, for two codecs that have to agree on them.

Values are those of asn1tools; `json_of` turns one into the form of the JSON encoding rules (X.697) that
the native codec takes. A generator of our own: each option, size at its bounds, extension of a range and
alternative comes up, and a number of values is repeated exactly from its seed.
"""

from __future__ import annotations

from functools import cache
from pathlib import Path
from random import Random
from typing import Any

import asn1tools

FOLDER = Path(__file__).parent
OUTERMOST = {"day1": ("MessageFrame",), "etsi": ("CAM", "DENM")}
IA5 = "".join(map(chr, range(128)))
DIGITS = " 0123456789"
TEXTS = {"IA5String": IA5, "NumericString": DIGITS, "UTF8String": "aZ0 é中国🚗"}


class Grammar:
    """One ASN.1 file beside this one: its codec, and random values of its types."""

    def __init__(self, name: str) -> None:
        path = str(FOLDER / f"{name}.asn")
        self.codec = asn1tools.compile_files(path, "uper")
        (module,) = asn1tools.parse_files(path).values()
        self.types: dict[str, Any] = module["types"]
        self.name = name

    def value(self, of: str | dict[str, Any], random: Random) -> Any:
        """A random value of a type, by its name or description."""
        kind, about = self._resolved(of)
        match kind:
            case "INTEGER":
                return _integer(*about["restricted-to"], random=random)
            case "BOOLEAN":
                return random.random() < 0.5
            case "ENUMERATED":
                return random.choice([value for value in about["values"] if value is not None])[0]
            case "BIT STRING":
                # asn1tools has no sizes beyond an extension mark for bits.
                bits = _size(about["size"][:1], random)
                octets = bytearray(random.randbytes((bits + 7) // 8))
                if bits % 8:
                    octets[-1] &= 0xFF00 >> bits % 8
                return bytes(octets), bits
            case "OCTET STRING":
                return random.randbytes(_size(about["size"], random))
            case "SEQUENCE OF":
                count = _size(about["size"], random)
                return [self.value(about["element"], random) for _ in range(count)]
            case "CHOICE":
                member = random.choice([member for member in about["members"] if member is not None])
                return member["name"], self.value(member, random)
            case "SEQUENCE":
                return {
                    member["name"]: self.value(member, random)
                    for member in about["members"]
                    if member is not None and not (_optional(member) and random.random() < 0.5)
                }
        return "".join(random.choices(TEXTS[kind], k=_size(about["size"], random)))

    def json_of(self, of: str | dict[str, Any], value: Any) -> Any:
        """The value as the JSON encoding rules write it."""
        kind, about = self._resolved(of)
        match kind:
            case "BIT STRING":
                octets, bits = value
                # Of fixed size and always there: rasn 0.30 forgets the size of what is optional.
                fixed = about["size"] == [bits] and not (isinstance(of, dict) and of.get("optional"))
                return octets.hex().upper() if fixed else {"value": octets.hex().upper(), "length": bits}
            case "OCTET STRING":
                return value.hex().upper()
            case "SEQUENCE OF":
                return [self.json_of(about["element"], element) for element in value]
            case "CHOICE":
                name, inner = value
                return {name: self.json_of(_member(about, name), inner)}
            case "SEQUENCE":
                return {name: self.json_of(_member(about, name), inner) for name, inner in value.items()}
        return value

    def frame(self, random: Random) -> tuple[str, str, Any]:
        """A random message: its kind, the outermost type, the value."""
        outer = random.choice(OUTERMOST[self.name])
        value = self.value(outer, random)
        if outer == "MessageFrame":
            return value[0].removesuffix("Frame"), outer, value
        # The header says which of the two it is; the codec reads it.
        value["header"]["messageID"] = {"CAM": 2, "DENM": 1}[outer]
        return outer.lower(), outer, value

    def fields(self, outer: str, value: Any) -> Any:
        """The message's fields as the native codec has them: without the frame."""
        written = self.json_of(outer, value)
        return next(iter(written.values())) if outer == "MessageFrame" else written

    def _resolved(self, of: str | dict[str, Any]) -> tuple[str, dict[str, Any]]:
        about = self.types[of] if isinstance(of, str) else of
        while about["type"] in self.types:
            about = self.types[about["type"]]
        return about["type"], about


@cache
def grammar(name: str) -> Grammar:
    return Grammar(name)


def _optional(member: dict[str, Any]) -> bool:
    return bool(member.get("optional")) or "default" in member


def _member(about: dict[str, Any], name: str) -> dict[str, Any]:
    found: dict[str, Any] = next(
        member for member in about["members"] if member is not None and member["name"] == name
    )
    return found


def _integer(bounds: list[int], *more: None, random: Random) -> int:
    low, high = bounds
    if more and random.random() < 0.3:
        return random.choice(
            [high + 1, high + random.randrange(1, 1 << 40), low - 1, low - random.randrange(1, 1 << 20)]
        )
    return random.choice([low, high, random.randint(low, high), random.randint(low, high)])


def _size(sizes: list[Any], random: Random) -> int:
    first, *more = sizes
    low, high = (first, first) if isinstance(first, int) else first
    if more and random.random() < 0.3:
        return high + random.choice([1, 2, 20, 300])
    # Lists in lists would grow without end: mostly short, now and then full.
    if random.random() < 1 / 60:
        return int(high)
    return min(int(high), int(low) + random.choice([0, 0, 1, 1, 2, 5]))
