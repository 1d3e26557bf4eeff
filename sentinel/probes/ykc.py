"""The "yunkuaichong" protocol, V1.5 and V1.6: charging piles and their platform, over TCP.

Frame: 68 length 1, serial number 2, encryption 1, type 1, body, CRC 2 (MODBUS, from the serial number on).
Odd types come from the pile (the client), even ones from the platform. A pile logs in with its number alone.
The order to update carries server, user and password of an FTP server readable.

Written from the platform's published interface description V1.6; second source the open parser of DaYePython.
No source settles the order of the two CRC bytes: both are taken.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import ClassVar

from sentinel.model.words import Action, Category
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

_ORDERS: dict[int, tuple[str, Action, Category | None]] = {
    0x12: ("read_real_time_data", "read", None),
    0x34: ("remote_start", "start", None),
    0x36: ("remote_stop", "stop", None),
    0x42: ("update_balance", "write", None),
    0x44: ("synchronise_cards", "configure", None),
    0x46: ("clear_cards", "clear", None),
    0x48: ("query_cards", "read", None),
    0x52: ("set_working_parameters", "configure", None),
    0x56: ("set_time", "set-time", None),
    0x58: ("set_billing_model", "configure", None),
    0x62: ("ground_lock_control", "force", None),
    0x92: ("remote_restart", "restart", None),
    0x94: ("remote_update", "firmware", None),
    0xA4: ("remote_parallel_start", "start", None),
}
"""Orders of the platform; the answer's type is one less."""

_RESULT_AT = {0x33: 24, 0x35: 8, 0x41: 7, 0x45: 7, 0x51: 7, 0x57: 7, 0x91: 7, 0x93: 7, 0xA3: 24}
"""Where the result stands in an answer."""

_ZERO_IS_GOOD = (0x41, 0x93)
_PILE_AT = {0x33: 16, 0x34: 16, 0xA3: 16, 0xA4: 16, 0x42: 0}
_UPDATE = {1: "wrong_number", 2: "wrong_model", 3: "download_timeout"}
_TYPES = frozenset(
    (
        0x01, 0x02, 0x03, 0x04, 0x05, 0x06, 0x09, 0x0A, 0x12, 0x13, 0x15, 0x17, 0x19, 0x1B, 0x1D, 0x21, 0x23,
        0x25, 0x31, 0x32, 0x33, 0x34, 0x35, 0x36, 0x3B, 0x3D, 0x40, 0x41, 0x42, 0x43, 0x44, 0x45, 0x46, 0x47,
        0x48, 0x51, 0x52, 0x55, 0x56, 0x57, 0x58, 0x61, 0x62, 0x63, 0x91, 0x92, 0x93, 0x94, 0xA1, 0xA2, 0xA3,
        0xA4,
    )
)  # fmt: skip


def _shape(big_endian: bool) -> Shape:
    return Shape(
        patterns=(Pattern(0, b"\x68"), Pattern(4, b"\x00", b"\xfe")),
        length=Length(offset=1, add=4),
        check=Check("crc16-modbus", back=2, start=2, big_endian=big_endian),
        min_len=13,
        strong=True,
        client=Pattern(5, b"\x01", b"\x01"),
        server=Pattern(5, b"\x00", b"\x01"),
    )


class Ykc(Dialogue):
    """Orders are paired with answers by type and pile."""

    name: ClassVar[str] = "ykc"
    title: ClassVar[str] = "Yunkuaichong charging pile"
    signature: ClassVar[Signature] = Signature(
        transports=("tcp",), ports=(8767,), rank=120, shapes=(_shape(False), _shape(True))
    )
    facts: ClassVar[tuple[str, ...]] = (
        "role",
        "id:pile",
        "id:sim",
        "firmware",
        "charger_type",
        "protocol_version",
    )
    credentials: ClassVar[tuple[str, ...]] = ("user", "password")
    operations: ClassVar[tuple[str, ...]] = tuple(sorted({n for n, *_ in _ORDERS.values()} | {"pile_login"}))
    source: ClassVar[str] = "Yunkuaichong platform interface V1.5, V1.6"
    level: ClassVar[int] = 5
    mark: ClassVar[bytes] = b"\x68"
    most: ClassVar[int] = 259

    def size(self, data: bytes) -> int | None:
        """By the length field, if encryption flag and type are known ones."""
        if (len(data) > 4 and data[4] > 1) or (len(data) > 5 and data[5] not in _TYPES):
            return 0
        return data[1] + 4 if len(data) > 5 else None

    def sound(self, frame: bytes) -> bool:
        """The checksum is right, in one order or the other."""
        crc = crc16(frame[2:-2])
        return int.from_bytes(frame[-2:], "little") == crc or int.from_bytes(frame[-2:]) == crc

    def message(self, side: Side, frame: bytes, stamp: Stamp) -> Iterator[Observation]:
        """What one frame says."""
        kind, body = frame[5], frame[6:-2]
        if frame[4]:
            return  # enciphered
        start = _PILE_AT.get(kind, 0)
        pile = body[start : start + 7].hex()
        if kind == 0x01 and len(body) >= 18:
            yield from _login(side, body, pile)
            credential = Credential(kind="user", username=pile, cleartext=True)
            operation = Operation(name="pile_login", action="authenticate", code=kind, unit=pile)
            yield from self.ask((0x02, pile), side, stamp, operation, (credential,))
        elif kind == 0x02 and len(body) >= 8:
            good = body[7] == 0
            refused = None if good else (body[7], "login_failed")
            yield from self.settle((kind, pile), side, "accepted" if good else "refused", refused)
        elif kind in _ORDERS:
            name, action, category = _ORDERS[kind]
            credentials, target = _update(body) if kind == 0x94 else ((), None)
            operation = Operation(
                name=name,
                action=action,
                category=category,
                code=kind,
                unit=pile,
                target=target,
                notable=action != "read",
            )
            yield from self.ask((kind - 1, pile), side, stamp, operation, credentials)
        else:
            at = _RESULT_AT.get(kind)
            if kind == 0x42 or at is None or at >= len(body):
                if kind in (0x13, 0x55):
                    pile = body[16:23].hex() if kind == 0x13 else pile
                    yield from self.settle((kind, pile), side, "accepted")
                return
            result = body[at]
            good = result == 0 if kind in _ZERO_IS_GOOD else result == 1
            reason = body[at + 1] if kind in (0x33, 0x35, 0xA3) and at + 1 < len(body) else result
            refused = None if good else (reason, _UPDATE.get(reason, "failed") if kind == 0x93 else "failed")
            yield from self.settle((kind, pile), side, "accepted" if good else "refused", refused)


def _login(side: Side, body: bytes, pile: str) -> Iterator[Observation]:
    """Number 7, type 1, guns 1, version of the protocol 1, program 8, network 1, SIM 10, operator 1."""
    yield Fact(side=side, name="role", value="charger", field="frame type 01")
    yield Fact(side=side, name="id:pile", value=pile, field="pile number")
    kind = {0: "DC", 1: "AC"}.get(body[7])
    if kind:
        yield Fact(side=side, name="charger_type", value=kind, field="pile type")
    yield Fact(side=side, name="protocol_version", value=f"{body[9] / 10:.1f}", field="protocol version")
    program = text(body[10:18], "ascii")
    if program:
        yield Fact(side=side, name="firmware", value=program, field="program version")
    sim = body[19:29].hex().strip("0")
    if sim.isdigit():
        yield Fact(side=side, name="id:sim", value=body[19:29].hex(), field="SIM card")


def _update(body: bytes) -> tuple[tuple[Credential, ...], str | None]:
    """Number 7, model 1, power 2, server 16, port 2, user 16, password 16, path 32, when 1, time limit 1."""
    if len(body) < 92:
        return (), None
    server, user, secret = text(body[10:26]), text(body[28:44]), text(body[44:60])
    port = int.from_bytes(body[26:28], "little")
    target = f"{server}:{port}{text(body[60:92])}" if server else None
    if not secret:
        return (), target
    credential = Credential(
        kind="password", username=user or None, secret=secret, cleartext=True, detail={"server": server}
    )
    return (credential,), target
