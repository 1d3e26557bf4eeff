"""The corpus as a list of files, and captures taken apart and put together again."""

from __future__ import annotations

import struct
from pathlib import Path

from sentinel.sources.files import CAPTURES, SQUEEZED

MAGIC = {
    b"\xd4\xc3\xb2\xa1": "<",
    b"\x4d\x3c\xb2\xa1": "<",
    b"\xa1\xb2\xc3\xd4": ">",
    b"\xa1\xb2\x3c\x4d": ">",
}
"""First bytes of a pcap file and the byte order they tell (microseconds and nanoseconds)."""


def captures(folder: Path) -> list[Path]:
    """Every capture below `folder`, in order of name. Zeek's traces end in `.trace`."""
    return sorted(
        path
        for path in folder.rglob("*")
        if path.is_file()
        and path.name.lower().endswith((*(end + more for end in CAPTURES for more in SQUEEZED), ".trace"))
    )


def records(data: bytes) -> list[bytes] | None:
    """The records of a pcap file, each with its header of 16 bytes; None if it is none, or is damaged."""
    order = MAGIC.get(data[:4])
    if order is None:
        return None
    found = []
    at = 24
    while at < len(data):
        if at + 16 > len(data):
            return None
        size = 16 + int(struct.unpack_from(order + "I", data, at + 8)[0])
        if at + size > len(data):
            return None
        found.append(data[at : at + size])
        at += size
    return found


def swapped(data: bytes) -> bytes:
    """The same pcap file in the other byte order."""
    old = MAGIC[data[:4]]
    new = ">" if old == "<" else "<"
    out = [struct.pack(new + "IHHiIII", *struct.unpack_from(old + "IHHiIII", data))]
    for record in records(data) or []:
        out.append(struct.pack(new + "IIII", *struct.unpack_from(old + "IIII", record)) + record[16:])
    return b"".join(out)


def zstd(data: bytes) -> bytes:
    """`data` in a Zstandard frame of raw blocks (RFC 8878, 3.1.1), window of 128 KiB."""
    out = [b"\x28\xb5\x2f\xfd", b"\x00\x38"]
    pieces = [data[at : at + 65536] for at in range(0, len(data), 65536)] or [b""]
    for number, piece in enumerate(pieces):
        head = len(piece) << 3 | (number == len(pieces) - 1)
        out.append(head.to_bytes(3, "little") + piece)
    return b"".join(out)
