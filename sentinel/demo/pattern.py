"""Frames as patterns: where addresses and identities stand in them, and how checksums follow a change.

Where addresses stand: Ethernet (behind VLAN tags too), IPv4 and ARP; in payloads hardware addresses in binary
and in written form, and IPv4 addresses in binary in DHCP, LLDP and PROFINET DCP. IPv6 addresses and written
IPv4 addresses are left as they are, and so are payloads of fragments.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from struct import unpack_from
from typing import NamedTuple

Value = tuple[str, bytes]
"""What differs from copy to copy: its kind (mac, ip, colons, text) and the bytes it is in the source."""

TAGS = (0x8100, 0x88A8, 0x9100)
ARP, IPV4, LLDP, PROFINET = 0x0806, 0x0800, 0x88CC, 0x8892
TCP, UDP = 6, 17
DHCP_PORTS = frozenset((67, 68))


class Slot(NamedTuple):
    """A place of a value. `odd` is None where the layer-4 checksum does not cover it."""

    at: int
    value: Value
    odd: bool | None = None


class Layout(NamedTuple):
    """What of a frame changes. Checksums by their offsets, 0 where there is none."""

    slots: list[Slot]
    ip_check: int
    l4_check: int
    udp: bool
    payload: int
    """Offset of what is searched for known values; the frame's length where nothing is."""
    addresses: bool
    """IPv4 addresses in binary stand in the payload."""
    l4: int


def layout(frame: bytes) -> Layout:
    """Headers of an Ethernet frame."""
    slots = [Slot(at, ("mac", frame[at : at + 6])) for at in (0, 6) if _own_mac(frame[at : at + 6])]
    at, size = 12, len(frame)
    while at + 6 <= size and _word(frame, at) in TAGS:
        at += 4
    kind, at = (_word(frame, at), at + 2) if at + 2 <= size else (0, size)
    if kind == ARP and frame[at : at + 6] == b"\0\x01\x08\0\x06\x04" and at + 28 <= size:
        for name, offset, length in (("mac", 8, 6), ("ip", 14, 4), ("mac", 18, 6), ("ip", 24, 4)):
            value = frame[at + offset : at + offset + length]
            if _own_mac(value) if name == "mac" else own_ip(value):
                slots.append(Slot(at + offset, (name, value)))
    elif kind == IPV4 and at + 20 <= size:
        return _ipv4(frame, at, slots)
    payload = at if kind in (LLDP, PROFINET) else size
    return Layout(slots, 0, 0, False, payload, True, 0)


def _ipv4(frame: bytes, at: int, slots: list[Slot]) -> Layout:
    addresses = ((offset, frame[offset : offset + 4]) for offset in (at + 12, at + 16))
    slots += (Slot(offset, ("ip", ip), odd=False) for offset, ip in addresses if own_ip(ip))
    protocol, fragment = frame[at + 9], _word(frame, at + 6) & 0x3FFF
    l4, size = at + (frame[at] & 15) * 4, len(frame)
    check, payload, dhcp = 0, size, False
    if fragment & 0x1FFF == 0 and protocol == TCP and l4 + 20 <= size:
        check, payload = l4 + 16, l4 + (frame[l4 + 12] >> 4) * 4
    elif fragment & 0x1FFF == 0 and protocol == UDP and l4 + 8 <= size:
        check, payload = (l4 + 6 if _word(frame, l4 + 6) else 0), l4 + 8
        dhcp = bool(DHCP_PORTS & {_word(frame, l4), _word(frame, l4 + 2)})
    return Layout(slots, at + 10, check, protocol == UDP, size if fragment else payload, dhcp, l4)


def found(frame: bytes, place: Layout, known: Iterable[Value]) -> list[Slot]:
    """All places of values in a frame, in order, none over another."""
    slots = list(place.slots)
    if place.payload < len(frame):
        for value in known:
            kind, written = value
            if kind == "ip" and not place.addresses:
                continue
            at = frame.find(written, place.payload)
            while at >= 0:
                slots.append(Slot(at, value, bool((at - place.l4) & 1) if place.l4 else None))
                at = frame.find(written, at + len(written))
    slots.sort(key=lambda slot: (slot.at, -len(slot.value[1])))
    return list(_apart(slots))


def _apart(slots: list[Slot]) -> Iterator[Slot]:
    end = 0
    for slot in slots:
        if slot.at >= end:
            end = slot.at + len(slot.value[1])
            yield slot


def difference(old: bytes, new: bytes, *, odd: bool) -> int:
    """What a checksum over `old` grows by if `new` stands there (RFC 1624), modulo 65,535."""
    pad = b"\0" if odd else b""
    return (_total(pad + old) - _total(pad + new)) % 65_535


def _total(data: bytes) -> int:
    return int.from_bytes(data + b"\0" * (len(data) % 2)) % 65_535


def _word(frame: bytes, at: int) -> int:
    return int(unpack_from(">H", frame, at)[0])


def _own_mac(mac: bytes) -> bool:
    """One device's, not a group's."""
    return len(mac) == 6 and not mac[0] & 1 and any(mac)


def own_ip(ip: bytes) -> bool:
    """One device's: no group, broadcast, loopback, link-local or unspecified address."""
    return ip[0] not in (0, 127) and ip[0] < 224 and ip[:2] != b"\xa9\xfe"
