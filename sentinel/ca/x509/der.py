"""DER (ITU-T X.690): a writer of values and a strict reader.

The writer gives the octets of one whole value (tag, length, contents) for each call, so values are
put together by joining. The reader takes what the writer writes and nothing else: one-octet tags,
shortest lengths, nothing left over. What it refuses is a `DerError` that says where.
"""

from __future__ import annotations

from datetime import UTC, datetime
from functools import lru_cache

BOOLEAN, INTEGER, BIT_STRING, OCTET_STRING, NULL, OID, ENUMERATED = 1, 2, 3, 4, 5, 6, 10
UTF8, PRINTABLE, IA5, UTC_TIME, GENERALIZED_TIME = 12, 19, 22, 23, 24
SEQUENCE, SET = 0x30, 0x31

NEVER = datetime(9999, 12, 31, 23, 59, 59, tzinfo=UTC)
"""99991231235959Z: no end is known (RFC 5280, 4.1.2.5; IEEE 802.1AR, 8.7)."""

MOST_DEPTH = 32
"""Levels of values in values that `check` follows."""


class DerError(ValueError):
    """Octets that are not DER, or not the value that was asked for."""


def tlv(tag: int, contents: bytes) -> bytes:
    """A value: its tag, the length in the shortest form, the contents."""
    size = len(contents)
    if size < 128:
        return bytes((tag, size)) + contents
    if size < 256:
        return bytes((tag, 0x81, size)) + contents
    if size < 65536:
        return bytes((tag, 0x82, size >> 8, size & 255)) + contents
    length = size.to_bytes((size.bit_length() + 7) // 8, "big")
    return bytes((tag, 0x80 | len(length))) + length + contents


def sequence(*parts: bytes) -> bytes:
    return tlv(SEQUENCE, b"".join(parts))


def set_of(*parts: bytes) -> bytes:
    """SET OF: members in ascending order of their octets (X.690, 11.6)."""
    return tlv(SET, b"".join(sorted(parts)))


def integer(value: int) -> bytes:
    return tlv(
        INTEGER, value.to_bytes((value if value >= 0 else ~value).bit_length() // 8 + 1, "big", signed=True)
    )


def enumerated(value: int) -> bytes:
    return tlv(ENUMERATED, integer(value)[2:])


def boolean(value: bool) -> bytes:
    return b"\x01\x01\xff" if value else b"\x01\x01\x00"


def null() -> bytes:
    return b"\x05\x00"


def octets(value: bytes) -> bytes:
    return tlv(OCTET_STRING, value)


def bits(value: bytes, unused: int = 0) -> bytes:
    """BIT STRING of whole octets, the last `unused` bits of which do not count."""
    return tlv(BIT_STRING, bytes((unused,)) + value)


def named_bits(*places: int) -> bytes:
    """BIT STRING of a list of named bits: bit 0 is the first; no zero bits at its end (X.690, 11.2.2)."""
    if not places:
        return bits(b"")
    last = max(places)
    value = bytearray(last // 8 + 1)
    for place in places:
        value[place // 8] |= 0x80 >> place % 8
    return bits(bytes(value), 7 - last % 8)


@lru_cache(maxsize=1024)
def oid(dotted: str) -> bytes:
    """OBJECT IDENTIFIER from its dotted form."""
    arcs = [int(arc) for arc in dotted.split(".")]
    if len(arcs) < 2 or arcs[0] > 2 or (arcs[0] < 2 and arcs[1] > 39) or min(arcs) < 0:
        raise DerError(f"{dotted}: no object identifier")
    out = bytearray()
    for arc in (arcs[0] * 40 + arcs[1], *arcs[2:]):
        group = [arc & 0x7F]
        while arc := arc >> 7:
            group.append(arc & 0x7F | 0x80)
        out += bytes(reversed(group))
    return tlv(OID, bytes(out))


def utf8(value: str) -> bytes:
    return tlv(UTF8, value.encode())


def printable(value: str) -> bytes:
    return tlv(PRINTABLE, value.encode("ascii"))


def ia5(value: str) -> bytes:
    return tlv(IA5, value.encode("ascii"))


def time(moment: datetime) -> bytes:
    """Time of X.509: UTCTime until 2049, GeneralizedTime after, to the second in UTC (RFC 5280, 4.1.2.5)."""
    at = moment.astimezone(UTC)
    text = f"{at.year:04}{at.month:02}{at.day:02}{at.hour:02}{at.minute:02}{at.second:02}Z"
    if 1950 <= at.year < 2050:
        return tlv(UTC_TIME, text[2:].encode())
    return tlv(GENERALIZED_TIME, text.encode())


def generalized_time(moment: datetime) -> bytes:
    at = moment.astimezone(UTC)
    return tlv(
        GENERALIZED_TIME,
        f"{at.year:04}{at.month:02}{at.day:02}{at.hour:02}{at.minute:02}{at.second:02}Z".encode(),
    )


def explicit(number: int, *parts: bytes) -> bytes:
    """`[number] EXPLICIT`, and `[number] IMPLICIT` of a constructed value given by its members."""
    return tlv(0xA0 | number, b"".join(parts))


def implicit(number: int, contents: bytes) -> bytes:
    """`[number] IMPLICIT` of a primitive value, given by its contents."""
    return tlv(0x80 | number, contents)


class Reader:
    """Values of DER, one after the other.

    `read(tag)` gives the contents of the next value, `raw(tag)` the whole of it, `enter(tag)` a reader
    of its contents; each is refused if the next value has another tag. `end()` refuses what is left.
    """

    __slots__ = ("_at", "_data", "_end")

    def __init__(self, data: bytes, start: int = 0, end: int | None = None) -> None:
        self._data = data
        self._at = start
        self._end = len(data) if end is None else end

    def _header(self) -> tuple[int, int, int]:
        """Tag, start and end of the contents of the next value."""
        data, at, end = self._data, self._at, self._end
        if at + 2 > end:
            raise DerError(f"octet {at}: a value is missing")
        tag, size = data[at], data[at + 1]
        if tag & 0x1F == 0x1F:
            raise DerError(f"octet {at}: tag of several octets")
        start = at + 2
        if size >= 128:
            count = size & 0x7F
            if count == 0 or count > 4 or start + count > end:
                raise DerError(f"octet {at}: length of {count} octets" if count else f"octet {at}: no length")
            size = int.from_bytes(data[start : start + count], "big")
            start += count
            if size < 128 or size >> 8 * (count - 1) == 0:
                raise DerError(f"octet {at}: length not in the shortest form")
        if start + size > end:
            raise DerError(f"octet {at}: value of {size} octets, {end - start} are there")
        return tag, start, start + size

    def peek(self) -> int | None:
        """Tag of the next value, None at the end."""
        return self._data[self._at] if self._at < self._end else None

    def _next(self, tag: int | None) -> tuple[int, int, int]:
        at, data = self._at, self._data
        if at + 2 <= self._end and data[at] == tag and data[at + 1] < 128:
            # most values: the tag that is due (its callers ask for none of several octets), a short length
            end = at + 2 + data[at + 1]
            if end <= self._end:
                return tag, at + 2, end
        found, start, end = self._header()
        if tag is not None and found != tag:
            raise DerError(f"octet {self._at}: tag {found:#04x} where {tag:#04x} is due")
        return found, start, end

    def read(self, tag: int | None = None) -> bytes:
        _, start, self._at = self._next(tag)
        return self._data[start : self._at]

    def raw(self, tag: int | None = None) -> bytes:
        begin = self._at
        _, _, self._at = self._next(tag)
        return self._data[begin : self._at]

    def enter(self, tag: int = SEQUENCE) -> Reader:
        _, start, self._at = self._next(tag)
        return Reader(self._data, start, self._at)

    def end(self) -> None:
        if self._at != self._end:
            raise DerError(f"octet {self._at}: {self._end - self._at} octets left over")

    def integer(self) -> int:
        value = self.read(INTEGER)
        if not value or (len(value) > 1 and (value[0], value[1] >> 7) in ((0, 0), (255, 1))):
            raise DerError(f"octet {self._at}: integer not in the shortest form")
        return int.from_bytes(value, "big", signed=True)

    def boolean(self) -> bool:
        value = self.read(BOOLEAN)
        if value not in (b"\x00", b"\xff"):
            raise DerError(f"octet {self._at}: boolean {value.hex()}")
        return value == b"\xff"

    def bits(self) -> bytes:
        """Contents of a BIT STRING of whole octets."""
        value = self.read(BIT_STRING)
        if not value or value[0] != 0:
            raise DerError(f"octet {self._at}: bit string that does not end with an octet")
        return value[1:]

    def oid(self) -> str:
        return dotted(self.read(OID))

    def time(self) -> datetime:
        """UTCTime or GeneralizedTime as RFC 5280 has them: to the second, ending in Z."""
        tag = self.peek()
        text = self.read()
        try:
            if tag == UTC_TIME and len(text) == 13 and text[12:] == b"Z" and text[:12].isdigit():
                year = int(text[:2])
                digits = f"{year + (1900 if year >= 50 else 2000)}{text[2:12].decode()}"
            elif tag == GENERALIZED_TIME and len(text) == 15 and text[14:] == b"Z" and text[:14].isdigit():
                digits = text[:14].decode()
            else:
                raise ValueError
            return datetime.strptime(digits, "%Y%m%d%H%M%S").replace(tzinfo=UTC)
        except ValueError:
            raise DerError(f"octet {self._at}: no time of X.509: {text[:20]!r}") from None


@lru_cache(maxsize=1024)
def dotted(contents: bytes) -> str:
    """The dotted form of an OBJECT IDENTIFIER's contents."""
    if not contents or contents[-1] & 0x80:
        raise DerError("object identifier is cut")
    arcs: list[int] = []
    arc, fresh = 0, True
    for octet in contents:
        if fresh and octet == 0x80:
            raise DerError("object identifier not in the shortest form")
        arc = arc << 7 | octet & 0x7F
        fresh = not octet & 0x80
        if fresh:
            arcs.append(arc)
            arc = 0
    first = min(arcs[0] // 40, 2)
    return ".".join(map(str, (first, arcs[0] - 40 * first, *arcs[1:])))


def check(data: bytes) -> None:
    """Refuse octets that are not one value of DER all the way down."""
    outer = Reader(data)
    _check(outer, MOST_DEPTH)
    outer.end()


def _check(values: Reader, depth: int) -> None:
    tag = values.peek()
    if tag is None or not tag & 0x20:
        values.read()
        return
    if depth == 0:
        raise DerError(f"more than {MOST_DEPTH} levels of values in values")
    inner = values.enter(tag)
    while inner.peek() is not None:
        _check(inner, depth - 1)
