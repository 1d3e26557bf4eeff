"""A capture repeated with other addresses until it is as long as wanted: many plants from one.

Every copy has its own IPv4 addresses (10.x.y.z in order of allocation, none given twice), its own lower
halves of hardware addresses (the maker's half stays) and its own serial numbers. IP, TCP and UDP checksums
follow by the difference, so a right one stays right and a wrong one wrong. Copies begin at even distances and
overlap, so that their flows interleave: the outcome lasts twice as long as the source. Same arguments, same
bytes.
"""

from __future__ import annotations

from bisect import bisect_left
from collections.abc import Iterable, Iterator
from itertools import pairwise
from pathlib import Path
from struct import Struct, pack
from typing import NamedTuple

from sentinel.demo import pattern
from sentinel.demo.pattern import Value
from sentinel.errors import UserError

SECOND = 1_000_000
RECORD = Struct("<IIII")
WORDS = tuple(pack(">H", n) for n in range(65_536))
TAIL = 6
"""Characters at the end of an identity that count the copies."""
MAX_MACS = 1 << 24
MAX_ADDRESSES = 254 << 16


class Group(NamedTuple):
    """Frames that differ from copy to copy in the same way: the values before the IP checksum, between it
    and the layer-4 one, behind that; and those each of the two covers, with whether at an odd offset."""

    parts: tuple[tuple[Value, ...], ...]
    header: tuple[Value, ...]
    covered: tuple[tuple[Value, bool], ...]


class Frame(NamedTuple):
    """A frame of the source, `%b` where the copies differ. Checksums are None where there is none."""

    time: int
    group: int
    ip: int | None
    l4: int | None
    udp: bool
    text: bytes


class Filled(NamedTuple):
    """A group in one copy: its values, and what the two checksums grow by."""

    head: tuple[bytes, ...]
    middle: tuple[bytes, ...]
    tail: tuple[bytes, ...]
    ip: int
    l4: int


class Template:
    """The source taken to pieces."""

    def __init__(self, source: Path, identities: Iterable[bytes]) -> None:
        records = list(_read(source))
        if not records:
            raise UserError(f"{source}: holds no packets to repeat")
        self.start = records[0][0]
        layouts = [pattern.layout(frame) for _, _, frame in records]
        known = dict.fromkeys(slot.value for place in layouts for slot in place.slots)
        self.macs = [value for kind, value in known if kind == "mac"]
        self.addresses = [value for kind, value in known if kind == "ip"]
        colons = (mac.hex(":").encode() for mac in self.macs)
        self.texts = [("text", text) for text in identities if len(text) > TAIL]
        self.colons = [("colons", form) for mac in colons for form in dict.fromkeys((mac, mac.upper()))]
        every = [*known, *self.colons, *self.texts]
        groups: dict[Group, int] = {}
        self.frames = []
        for (time, head, frame), place in zip(records, layouts, strict=True):
            group, text = _pattern(head, frame, place, pattern.found(frame, place, every))
            number = groups.setdefault(group, len(groups))
            ip, l4 = (int.from_bytes(frame[at : at + 2]) if at else None for at in place[1:3])
            self.frames.append(Frame(time - self.start, number, ip, l4, place.udp, text))
        self.frames.sort(key=lambda frame: frame.time)
        self.groups = list(groups)

    def values(self, copy: int) -> dict[Value, bytes]:
        """What every value is in a copy."""
        new: dict[Value, bytes] = {}
        for n, mac in enumerate(self.macs, copy * len(self.macs)):
            new["mac", mac] = mac[:3] + (n % MAX_MACS).to_bytes(3)
        for n, ip in enumerate(self.addresses, copy * len(self.addresses)):
            new["ip", ip] = b"\x0a" + (n // 254).to_bytes(2) + bytes((n % 254 + 1,))
        for value in self.colons:
            mac = new["mac", bytes.fromhex(value[1].decode().replace(":", ""))].hex(":").encode()
            new[value] = mac.upper() if value[1].isupper() else mac
        for value in self.texts:
            new[value] = value[1][:-TAIL] + b"%06d" % (copy % 10**TAIL)
        return new

    def fill(self, copy: int) -> list[Filled]:
        """Every group in a copy."""
        new = self.values(copy)
        filled = []
        for parts, header, covered in self.groups:
            head, middle, tail = (tuple(new[value] for value in part) for part in parts)
            ip = sum(pattern.difference(value[1], new[value], odd=False) for value in header)
            l4 = sum(pattern.difference(value[1], new[value], odd=odd) for value, odd in covered)
            filled.append(Filled(head, middle, tail, ip, l4))
        return filled


def repeat(source: Path, target: Path, packets: int, identities: Iterable[bytes] = ()) -> int:
    """Write copies of `source` until there are `packets` frames. Returns the number of copies.

    The source is a pcap file (little-endian, microseconds, Ethernet). `identities` are texts of at least
    seven characters that stand for one device (serial numbers): their ends count the copies. Memory grows
    with the number of copies, about 30 kB each for the demo plant. Raises `UserError` for another source or
    what cannot be written.
    """
    template = Template(source, identities)
    copies = -(-packets // len(template.frames))
    if copies * len(template.addresses) > MAX_ADDRESSES or copies * len(template.macs) > MAX_MACS:
        raise UserError(f"{packets:,} packets: there are not that many addresses in 10.0.0.0/8")
    left = packets
    try:
        with target.open("wb") as out:
            out.write(pack("<IHHiIII", 0xA1B2C3D4, 2, 4, 0, 0, 262_144, 1))
            for records in _merged(template, copies):
                out.write(b"".join(records[:left]))
                left -= min(left, len(records))
    except OSError as error:
        raise UserError(f"{target}: cannot be written: {error.strerror}") from None
    return copies


def _merged(template: Template, copies: int) -> Iterator[list[bytes]]:
    """Records of all copies in order of time, those of a second at once."""
    frames, times = template.frames, [frame.time for frame in template.frames]
    length = times[-1] + 1
    begins = [copy * length // copies for copy in range(copies)]
    filled = [template.fill(copy) for copy in range(copies)]
    for begin in range(0, 2 * length, SECOND):
        end, found = begin + SECOND, list[tuple[int, bytes]]()
        for copy in range(bisect_left(begins, begin - length), bisect_left(begins, end)):
            low, high = (bisect_left(times, time - begins[copy]) for time in (begin, end))
            found.extend(_copied(frames[low:high], filled[copy], template.start + begins[copy]))
        found.sort()
        yield [record for _, record in found]


def _copied(frames: list[Frame], filled: list[Filled], begin: int) -> Iterator[tuple[int, bytes]]:
    """Frames of one copy with their times. This runs once a packet: five million times in a benchmark."""
    for time, number, ip, l4, udp, text in frames:
        head, middle, tail, ip_by, l4_by = filled[number]
        time += begin
        stamp = pack("<II", time // SECOND, time % SECOND)
        if ip is None:
            yield time, text % (stamp, *head)
        elif l4 is None:
            yield time, text % (stamp, *head, WORDS[(ip + ip_by) % 65_535], *middle)
        else:
            check = (l4 + l4_by) % 65_535
            word = WORDS[65_535 if udp and not check else check]
            yield time, text % (stamp, *head, WORDS[(ip + ip_by) % 65_535], *middle, word, *tail)


def _pattern(
    head: bytes, frame: bytes, place: pattern.Layout, slots: list[pattern.Slot]
) -> tuple[Group, bytes]:
    """The group of a frame and the frame with its places open."""
    checks = [at for at in (place.ip_check, place.l4_check) if at]
    ends = [(slot.at, slot.at + len(slot.value[1])) for slot in slots] + [(at, at + 2) for at in checks]
    text, done = [b"%b", head.replace(b"%", b"%%")], 0
    for at, end in sorted(ends):
        text += frame[done:at].replace(b"%", b"%%"), b"%b"
        done = end
    text.append(frame[done:].replace(b"%", b"%%"))
    bounds = [0, *checks, len(frame), *[len(frame)] * (2 - len(checks))]
    parts = (tuple(slot.value for slot in slots if low <= slot.at < high) for low, high in pairwise(bounds))
    header = (slot.value for slot in slots if place.ip_check < slot.at < place.ip_check + 10 and checks)
    covered = ((slot.value, slot.odd) for slot in slots if slot.odd is not None and place.l4_check)
    return Group(tuple(parts), tuple(header), tuple(covered)), b"".join(text)


def _read(source: Path) -> Iterator[tuple[int, bytes, bytes]]:
    """Time in microseconds, the two lengths as they are in the file, and the frame."""
    data = source.read_bytes()
    if data[:4] != b"\xd4\xc3\xb2\xa1" or data[20:24] != b"\x01\0\0\0":
        raise UserError(f"{source}: only a pcap file with microseconds and Ethernet can be repeated")
    at = 24
    while at + RECORD.size <= len(data):
        seconds, micros, size, _ = RECORD.unpack_from(data, at)
        frame = data[at + 16 : at + 16 + size]
        if len(frame) == size:
            yield seconds * SECOND + micros, data[at + 8 : at + 16], frame
        at += 16 + size
