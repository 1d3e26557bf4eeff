"""DL/T 698.45-2017: object-oriented meters and terminals, over TCP, UDP or serial servers.

Frame: [FE]* 68 length 2 C SA CA HCS 2 APDU FCS 2 16. The length counts all but the two ends; SA is a byte
for its kind and length and the address (BCD, low byte first); HCS covers the head, FCS all before itself
(both CRC of ISO/IEC 13239). C: bit 7 from the server, bit 5 a segment, bit 3 the APDU is sent with 33H
added. A segmented APDU is not put together.

Written from DL/T 698.45-2017 (6, 7 and annex A); second source open implementations of collectors.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import ClassVar

from sentinel.model.words import Action, Outcome
from sentinel.probes.contract import (
    Check,
    Credential,
    Fact,
    Length,
    Observation,
    Operation,
    Pattern,
    Shape,
    Side,
    Signature,
    Stamp,
)
from sentinel.probes.dialogue import Dialogue, crc16, text

_SERVER, _SEGMENT, _SCRAMBLED = 0x80, 0x20, 0x08
_BLANK = bytes(6)

_METHODS: dict[tuple[int, int], tuple[str, Action]] = {
    (0x8000, 127): ("trigger_alarm", "force"),
    (0x8000, 128): ("release_alarm", "force"),
    (0x8000, 129): ("trip", "disconnect-load"),
    (0x8000, 130): ("close", "reconnect-load"),
    (0x8001, 127): ("keep_power", "lock"),
    (0x8001, 128): ("keep_power_release", "unlock"),
    (0x8001, 129): ("automatic_keep_power_release", "unlock"),
    (0x4300, 1): ("reset", "restart"),
    (0x4300, 3): ("initialise_data", "clear"),
    (0x4300, 4): ("factory_reset", "factory-reset"),
    (0x4300, 5): ("initialise_events", "clear"),
    (0x4300, 6): ("initialise_demand", "clear"),
    (0x4000, 127): ("broadcast_time", "set-time"),
    (0xF001, 4): ("delete_file", "file-delete"),
    (0xF001, 7): ("start_transfer", "firmware"),
    (0xF001, 8): ("write_file", "file-write"),
    (0xF001, 9): ("read_file", "file-read"),
}
"""Methods of objects that change something."""

_SETTINGS: dict[int, tuple[str, Action]] = {
    0x4000: ("set_time", "set-time"),
    0x4001: ("set_communication_address", "set-address"),
    0x4401: ("set_authentication_password", "configure"),
}
_TEXTS = {
    0x4103: ("asset_code", "asset management code"),
    0x410B: ("model", "meter model"),
    0x410C: ("model", "reactive meter model"),
}
"""Attributes that hold text."""

_CONNECT = {
    1: "password_error",
    2: "symmetric_decryption_error",
    3: "asymmetric_decryption_error",
    4: "signature_error",
    5: "protocol_version_mismatch",
    255: "other_error",
}
_DAR = {
    1: "hardware_failure",
    2: "temporary_failure",
    3: "read_write_denied",
    4: "object_undefined",
    5: "object_class_inconsistent",
    6: "object_unavailable",
    7: "type_mismatch",
    8: "scope_violated",
    9: "data_block_unavailable",
    18: "security_check_failed",
    22: "password_error_or_unauthorised",
    255: "other",
}
_AUTHENTICATION = ("null", "password", "symmetric", "signature")


class Dlt698(Dialogue):
    """Requests and answers are paired by service, address and the number in PIID."""

    name: ClassVar[str] = "dlt698"
    title: ClassVar[str] = "DL/T 698.45 meter and terminal"
    industrial: ClassVar[bool] = True
    signature: ClassVar[Signature] = Signature(
        transports=("tcp", "udp"),
        rank=113,
        shapes=(
            Shape(
                patterns=(Pattern(0, b"\x68"), Pattern(2, b"\x00", b"\x80")),
                skip=(0xFE, 16),
                length=Length(offset=1, width=2, mask=0x3FFF, add=2),
                check=Check("crc16-x25", back=3, start=1),
                last=0x16,
                min_len=12,
                strong=True,
                client=Pattern(3, b"\x00", b"\x80"),
                server=Pattern(3, b"\x80", b"\x80"),
            ),
        ),
    )
    facts: ClassVar[tuple[str, ...]] = (
        "id:meter", "vendor_code", "firmware", "firmware_date", "hardware", "hardware_date", "model",
        "asset_code", "serial",
    )  # fmt: skip
    credentials: ClassVar[tuple[str, ...]] = ("password",)
    operations: ClassVar[tuple[str, ...]] = tuple(
        sorted(
            {n for n, _ in (*_METHODS.values(), *_SETTINGS.values())}
            | {"connect", "release", "get", "set", "action", "proxy", "security_request"}
        )
    )
    source: ClassVar[str] = "DL/T 698.45-2017"
    level: ClassVar[int] = 5
    mark: ClassVar[bytes] = b"\x68"
    filler: ClassVar[bytes] = b"\xfe"
    most: ClassVar[int] = 4096

    def size(self, data: bytes) -> int | None:
        """By the length field."""
        if len(data) < 3:
            return None
        length = int.from_bytes(data[1:3], "little")
        return 0 if length & 0x8000 or length & 0x3FFF < 10 else (length & 0x3FFF) + 2

    def sound(self, frame: bytes) -> bool:
        """Both checksums and the end are right."""
        head = 5 + _address_length(frame)
        return (
            frame[-1] == 0x16
            and len(frame) >= head + 6
            and _fcs(frame[1 : head + 1]) == frame[head + 1 : head + 3]
            and _fcs(frame[1:-3]) == frame[-3:-1]
        )

    def message(self, side: Side, frame: bytes, stamp: Stamp) -> Iterator[Observation]:
        """What one frame says."""
        control, length = frame[3], _address_length(frame)
        address = frame[5 : 5 + length][::-1].hex().upper()
        apdu = frame[8 + length : -3]
        if control & _SCRAMBLED:
            apdu = bytes((b - 0x33) & 0xFF for b in apdu)
        if control & _SERVER and frame[4] >> 6 == 0 and address.isdigit() and address.strip("0"):
            yield Fact(side=side, name="id:meter", value=address, field="SA")
        if control & _SEGMENT or len(apdu) < 3:
            return
        if apdu[0] in (0x10, 0x90) and apdu[1] == 0:
            inner, _ = _octets(apdu, 2)
            if len(inner) < 3:
                return
            apdu = inner
        if apdu[0] & 0x80:
            yield from self._response(side, address, apdu)
        else:
            yield from self._request(side, address, apdu, stamp)

    def _request(self, side: Side, address: str, apdu: bytes, stamp: Stamp) -> Iterator[Observation]:
        service, kind = apdu[0], apdu[1]
        piid = apdu[1 if service in (0x02, 0x03) else 2] & 0x3F
        key = (service, piid, address)
        credentials: tuple[Credential, ...] = ()
        operation = Operation(name="get", action="read", code=service, unit=address)
        if service == 0x02 and len(apdu) > 39:
            mechanism = apdu[39]
            name = _AUTHENTICATION[mechanism] if mechanism < 4 else str(mechanism)
            operation = Operation(
                name="connect",
                action="authenticate",
                code=service,
                unit=address,
                detail={"authentication": name},
            )
            secret = text(_octets(apdu, 40)[0], "ascii") if mechanism == 1 else ""
            if secret:
                credentials = (
                    Credential(kind="password", secret=secret, cleartext=True, detail={"meter": address}),
                )
        elif service == 0x03:
            operation = Operation(name="release", action="other", code=service, unit=address)
        elif service == 0x05 and len(apdu) >= 7:
            operation = Operation(
                name="get", action="read", code=service, unit=address, target=_object(apdu, kind)
            )
        elif service == 0x06 and len(apdu) >= 7:
            operation, credentials = _set(address, apdu, kind)
        elif service == 0x07 and len(apdu) >= 7:
            operation = _action(address, apdu, kind)
        elif service == 0x09:
            operation = Operation(name="proxy", action="other", code=service, unit=address)
        elif service == 0x10:
            operation = Operation(name="security_request", action="other", code=service, unit=address)
        else:
            return
        yield from self.ask(key, side, stamp, operation, credentials)

    def _response(self, side: Side, address: str, apdu: bytes) -> Iterator[Observation]:
        service, kind = apdu[0] & 0x7F, apdu[1]
        piid = apdu[1 if service in (0x02, 0x03) else 2] & 0x3F
        key = (service, piid, address)
        outcome: tuple[Outcome, tuple[int, str] | None] = ("accepted", None)
        if apdu[0] == 0xEE:
            for asked in list(self._open):
                if isinstance(asked.key, tuple) and asked.key[1:] == (apdu[1] & 0x3F, address):
                    yield from self.settle(asked.key, side, "refused", (apdu[2], "error_response"))
                    return
            return
        if service == 0x02 and len(apdu) > 71:
            result = apdu[71]
            if result:
                outcome = ("refused", (result, _CONNECT.get(result, f"error_{result}")))
            yield from _factory(side, apdu[2:34])
        elif service == 0x05 and kind == 1 and len(apdu) >= 8:
            if apdu[7] == 0 and len(apdu) > 8:
                outcome = _dar(apdu[8])
            else:
                yield from _attribute(side, apdu)
        elif service in (0x06, 0x07) and len(apdu) >= 8:
            # normal: object, result; list: how many, then each
            at = 7 if kind == 1 else 8
            if kind in (1, 2) and at < len(apdu):
                outcome = _dar(apdu[at])
        yield from self.settle(key, side, *outcome)


def _address_length(frame: bytes) -> int:
    return (frame[4] & 0x0F) + 1 if len(frame) > 4 else 1


def _fcs(data: bytes) -> bytes:
    return (crc16(data, 0x8408) ^ 0xFFFF).to_bytes(2, "little")


def _dar(code: int) -> tuple[Outcome, tuple[int, str] | None]:
    return ("refused", (code, _DAR.get(code, f"error_{code}"))) if code else ("accepted", None)


def _octets(data: bytes, at: int) -> tuple[bytes, int]:
    """Bytes behind their length at `at`, and where they end. A length above 127 takes more bytes."""
    if at >= len(data):
        return b"", at
    length, at = data[at], at + 1
    if length & 0x80:
        wide = min(length & 0x7F, 3)
        length, at = int.from_bytes(data[at : at + wide]), at + wide
    return data[at : at + length], at + length


def _object(apdu: bytes, kind: int) -> str:
    """The object of a request, the first of a list."""
    return apdu[3 if kind == 1 else 4 :][:4].hex().upper()


def _set(address: str, apdu: bytes, kind: int) -> tuple[Operation, tuple[Credential, ...]]:
    target = _object(apdu, kind)
    identifier = int(target[:4] or "0", 16)
    name, action = _SETTINGS.get(identifier, ("set", "write"))
    data = apdu[7 if kind == 1 else 8 :]
    credentials: tuple[Credential, ...] = ()
    value: str | None = data[:64].hex() or None
    if identifier == 0x4401:
        value = None
        secret = text(_octets(data, 1)[0], "ascii") if data[:1] in (b"\x0a", b"\x09") else ""
        if secret:
            credentials = (
                Credential(kind="password", secret=secret, cleartext=True, detail={"meter": address}),
            )
    operation = Operation(
        name=name, action=action, code=0x06, unit=address, target=target, value=value, notable=True
    )
    return operation, credentials


def _action(address: str, apdu: bytes, kind: int) -> Operation:
    target = _object(apdu, kind)
    raw = bytes.fromhex(target) if len(target) == 8 else _BLANK
    name, action = _METHODS.get((int.from_bytes(raw[:2]), raw[2]), ("action", "other"))
    return Operation(
        name=name,
        action=action,
        category="control" if action == "other" else None,
        code=0x07,
        unit=address,
        target=target,
        notable=True,
    )


def _factory(side: Side, version: bytes) -> Iterator[Observation]:
    """FactoryVersion: vendor 4, software 4 and its date 6, hardware 4 and its date 6, more 8."""
    places = (
        ("vendor_code", 0, 4),
        ("firmware", 4, 8),
        ("firmware_date", 8, 14),
        ("hardware", 14, 18),
        ("hardware_date", 18, 24),
    )
    for name, start, end in places:
        value = text(version[start:end], "ascii")
        if value:
            yield Fact(side=side, name=name, value=value, field="FactoryVersion")


def _attribute(side: Side, apdu: bytes) -> Iterator[Observation]:
    """Text, or the meter's number, in an answer to a read."""
    identifier, data = int.from_bytes(apdu[3:5]), apdu[8:]
    if not data or apdu[7] != 1:
        return
    raw, _ = _octets(data, 1)
    if identifier in _TEXTS and data[0] in (0x0A, 0x0C):
        name, field = _TEXTS[identifier]
        value = text(raw)
        if value:
            yield Fact(side=side, name=name, value=value, field=field)
    elif identifier == 0x4002 and data[0] == 0x09 and raw.hex().isdigit() and raw.strip(b"\0"):
        yield Fact(side=side, name="serial", value=raw.hex(), field="meter number")
