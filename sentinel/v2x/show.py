"""A decoded message as plain data in SI units, for people and other programs.

Numbers are in the unit that `fields.toml` names (degrees for angles, fractions for shares), unknown is
None; bits are the list of their names, Chinese text is text. Names stay those of the standard.
"""

from __future__ import annotations

from typing import Any

from sentinel import _native
from sentinel.v2x.messages import Family
from sentinel.v2x.units import bits, numbers


def show(payload: bytes, family: Family = "day1") -> dict[str, Any]:
    """The message's kind and its fields.

    Raises:
        ValueError: the octets are no whole message of the family; one line.
    """
    kind = _native.v2x_message_kind(payload, family)
    return {"kind": kind, **plain(kind, _native.v2x_message_decode(payload, kind))}


def plain(kind: str, fields: dict[str, Any]) -> dict[str, Any]:
    """Fields of a message, as `_native.v2x_message_decode` has them, in SI units."""
    family: Family = "etsi" if kind in ("cam", "denm") else "day1"
    return {name: _plain(family, kind, name, value) for name, value in fields.items()}


def _plain(family: Family, within: str, name: str, value: Any) -> Any:
    if isinstance(value, list):
        # What encloses an element is the list.
        return [_element(family, within, name, element) for element in value]
    if names := bits(family).get(name):
        return _named(names, value)
    if isinstance(value, dict):
        if value.keys() == {"value", "length"}:
            return _binary(value)
        return {inner: _plain(family, name, inner, content) for inner, content in value.items()}
    if name == "textGB2312":
        return bytes.fromhex(value).decode("gb2312", "replace")
    if isinstance(value, int) and not isinstance(value, bool):
        units = numbers(family)
        unit = units.get(f"{within}.{name}") or units.get(name)
        return unit.to(value) if unit else value
    return value


def _element(family: Family, within: str, name: str, element: Any) -> Any:
    if isinstance(element, dict):
        return {inner: _plain(family, name, inner, content) for inner, content in element.items()}
    return _plain(family, within, name, element)


def _named(names: list[str], value: Any) -> list[str]:
    """Names of the bits that are set; those beyond the known, and reserved ones, by number."""
    written = _binary(value) if isinstance(value, dict) else f"{int(value, 16):0{len(value) * 4}b}"
    return [
        (names[index] if index < len(names) else "") or str(index)
        for index, bit in enumerate(written)
        if bit == "1"
    ]


def _binary(value: dict[str, Any]) -> str:
    """Bits as text of 0 and 1."""
    octets: str = value["value"]
    return f"{int(octets, 16):0{len(octets) * 4}b}"[: value["length"]] if octets else ""
