"""JT/T 808-2013 and -2019: terminals of road vehicles and their platform, over TCP or UDP.

Frame: 7E content 7E, escaped with 7D; content is message id 2, properties 2 (bits 0-9 length of the body,
10-12 encryption, 13 sub-packets, 14 the edition of 2019), [edition 1], phone number (6 bytes BCD, 10 in
2019), serial number 2, [packets 2, number 2], body, XOR of all. The terminal is the client; what the
platform orders is answered by 0001 or by a message of its own. The messages of JT/T 1078 (9101-9306)
are of the same form.

Written from JT/T 808-2019 (4.4, 8 and annex A), JT/T 808-2013, JT/T 1078-2016; second source the open
implementations of emqx and SmallChi.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from typing import ClassVar

from sentinel.model.words import Action, Category, Outcome
from sentinel.probes.contract import (
    Check,
    Credential,
    Escape,
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
from sentinel.probes.dialogue import Dialogue, text, xor

MAX_TERMINALS = 64
"""Phone numbers of one flow whose facts are told: a forwarder speaks for many."""
MAX_PARTS = 64
"""Sub-packets of one message that are put together, and messages in the making (4)."""

_ORDERS: dict[int, tuple[str, Action, Category | None]] = {
    0x8103: ("set_terminal_parameters", "configure", None),
    0x8104: ("query_terminal_parameters", "read", None),
    0x8106: ("query_specified_parameters", "read", None),
    0x8107: ("query_terminal_attributes", "identify", None),
    0x8108: ("send_upgrade_package", "firmware", None),
    0x8201: ("query_location", "read", None),
    0x8202: ("track_location", "subscribe", None),
    0x8300: ("send_text", "write", None),
    0x8301: ("set_events", "configure", None),
    0x8302: ("ask_question", "write", None),
    0x8303: ("set_information_menu", "configure", None),
    0x8304: ("information_service", "write", None),
    0x8400: ("call_back", "other", "control"),
    0x8401: ("set_phone_book", "configure", None),
    0x8500: ("vehicle_control", "force", None),
    0x8600: ("set_circular_area", "configure", None),
    0x8601: ("delete_circular_area", "configure", None),
    0x8602: ("set_rectangular_area", "configure", None),
    0x8603: ("delete_rectangular_area", "configure", None),
    0x8604: ("set_polygonal_area", "configure", None),
    0x8605: ("delete_polygonal_area", "configure", None),
    0x8606: ("set_route", "configure", None),
    0x8607: ("delete_route", "configure", None),
    0x8700: ("recorder_data", "read", None),
    0x8701: ("set_recorder_parameters", "configure", None),
    0x8801: ("take_picture", "start", None),
    0x8802: ("search_media", "read", None),
    0x8803: ("upload_media", "file-read", None),
    0x8804: ("record_sound", "start", None),
    0x8805: ("upload_one_media", "file-read", None),
    0x8900: ("transparent_data", "write", None),
    0x9003: ("query_av_attributes", "identify", None),
    0x9101: ("real_time_video", "subscribe", None),
    0x9102: ("real_time_video_control", "subscribe", None),
    0x9201: ("video_playback", "read", None),
    0x9202: ("video_playback_control", "read", None),
    0x9205: ("query_recordings", "read", None),
    0x9206: ("upload_recording", "file-read", None),
    0x9207: ("upload_recording_control", "file-read", None),
    0x9301: ("ptz_rotate", "write", None),
    0x9302: ("ptz_focus", "write", None),
    0x9303: ("ptz_aperture", "write", None),
    0x9304: ("ptz_wiper", "write", None),
    0x9305: ("ptz_infrared", "write", None),
    0x9306: ("ptz_zoom", "write", None),
}
_CONTROL: dict[int, tuple[str, Action]] = {
    1: ("wireless_upgrade", "firmware"),
    2: ("connect_to_server", "configure"),
    3: ("terminal_power_off", "stop"),
    4: ("terminal_reset", "restart"),
    5: ("factory_reset", "factory-reset"),
    6: ("close_data_link", "stop"),
    7: ("close_wireless", "stop"),
}
"""Command words of 8105."""

_OWN_ANSWERS = {
    0x0104: (0x8104, 0x8106),
    0x0201: (0x8201,),
    0x0500: (0x8500,),
    0x0700: (0x8700,),
    0x0802: (0x8802,),
    0x0805: (0x8801,),
    0x1205: (0x9205,),
}
"""Answers that begin with the serial number of the order."""

_RESULTS = {1: "failure", 2: "message_error", 3: "not_supported"}
_REGISTRATION = {
    1: "vehicle_already_registered",
    2: "vehicle_not_in_database",
    3: "terminal_already_registered",
    4: "terminal_not_in_database",
}
_ESCAPE = Escape(0x7E, 0x7D, ((0x01, 0x7D), (0x02, 0x7E)))


def _shape(flags: int, add: int) -> Shape:
    return Shape(
        patterns=(Pattern(2, bytes((flags,)), b"\xe0"),),
        length=Length(offset=2, width=2, big_endian=True, mask=0x3FF, add=add),
        check=Check("xor8", back=1),
        escape=_ESCAPE,
        min_len=add,
        strong=True,
        client=Pattern(0, b"\x00", b"\x80"),
        server=Pattern(0, b"\x80", b"\x80"),
    )


@dataclass(frozen=True, slots=True)
class _Message:
    code: int
    edition: int
    phone: str
    serial: int
    part: tuple[int, int] | None
    """(number of packets, which of them)"""
    encrypted: bool
    body: bytes


class Jt808(Dialogue):
    """Orders are paired with their answer by serial number; registration and authentication likewise."""

    name: ClassVar[str] = "jt808"
    title: ClassVar[str] = "JT/T 808 vehicle terminal"
    signature: ClassVar[Signature] = Signature(
        transports=("tcp", "udp"),
        ports=(808, 6808, 7611),
        rank=115,
        shapes=(_shape(0x00, 13), _shape(0x20, 17), _shape(0x40, 18), _shape(0x60, 22)),
    )
    facts: ClassVar[tuple[str, ...]] = (
        "role", "id:phone", "vendor_code", "model", "serial", "plate", "id:vin", "id:imei", "id:iccid",
        "hardware", "firmware", "region",
    )  # fmt: skip
    credentials: ClassVar[tuple[str, ...]] = ("auth-code", "password")
    operations: ClassVar[tuple[str, ...]] = tuple(
        sorted(
            {name for name, _, _ in _ORDERS.values()}
            | {name for name, _ in _CONTROL.values()}
            | {"terminal_registration", "terminal_authentication", "terminal_deregistration"}
        )
    )
    source: ClassVar[str] = "JT/T 808-2013, JT/T 808-2019, JT/T 1078-2016"
    level: ClassVar[int] = 5
    mark: ClassVar[bytes] = b"\x7e"
    most: ClassVar[int] = 2300
    """A body of 1023 bytes, a header of 22, all of it escaped."""
    head: ClassVar[int] = most

    def __init__(self) -> None:
        super().__init__()
        self._told: set[str] = set()
        self._parts: dict[tuple[Side, int, str, int], dict[int, bytes]] = {}

    def size(self, data: bytes) -> int | None:
        """Up to the next mark."""
        end = data.find(b"\x7e", 1)
        return None if end < 0 and len(data) < self.most else 0 if end <= 1 else end + 1

    def sound(self, frame: bytes) -> bool:
        """Escapes, checksum and length are right."""
        return _read(frame) is not None

    def message(self, side: Side, frame: bytes, stamp: Stamp) -> Iterator[Observation]:
        """What one frame says."""
        m = _read(frame)
        if m is None:
            return
        if m.part is not None:
            body = self._join(side, m)
            if body is None and (m.code != 0x8108 or m.part[1] != 1):
                return
            m = _Message(m.code, m.edition, m.phone, m.serial, None, m.encrypted, body or m.body)
        if m.code & 0x8000:
            yield from self._platform(side, m, stamp)
        else:
            yield from self._terminal(side, m, stamp)

    def _join(self, side: Side, m: _Message) -> bytes | None:
        total, number = m.part or (0, 0)
        key = (side, m.code, m.phone, total)
        if not 0 < number <= total <= MAX_PARTS:
            return None
        parts = self._parts.setdefault(key, {})
        if number == 1:
            parts.clear()
        parts[number] = m.body
        if len(parts) == total:
            del self._parts[key]
            return b"".join(parts[n] for n in sorted(parts))
        if len(self._parts) > 4:
            self._parts.pop(next(iter(self._parts)))
        return None

    def _terminal(self, side: Side, m: _Message, stamp: Stamp) -> Iterator[Observation]:
        if m.phone not in self._told and len(self._told) < MAX_TERMINALS:
            self._told.add(m.phone)
            yield Fact(side=side, name="role", value="vehicle-terminal", field="message id")
            if m.phone.strip("0"):
                yield Fact(
                    side=side, name="id:phone", value=m.phone.lstrip("0"), field="terminal phone number"
                )
        if m.encrypted:
            return
        key = ("terminal", m.serial)
        match m.code:
            case 0x0001 if len(m.body) >= 5:
                result = m.body[4]
                asked = (int.from_bytes(m.body[2:4]), int.from_bytes(m.body[:2]))
                yield from self.settle(asked, side, *_outcome(result, _RESULTS))
            case 0x0100:
                yield from self.ask(key, side, stamp, _login(m, "terminal_registration"))
                yield from _registered(side, m)
            case 0x0102:
                code, facts = _authentication(side, m)
                credential = Credential(
                    kind="auth-code", username=m.phone.lstrip("0") or None, secret=code, cleartext=True
                )
                operation = _login(m, "terminal_authentication")
                yield from self.ask(key, side, stamp, operation, (credential,) if code else ())
                yield from facts
            case 0x0003:
                yield from self.ask(key, side, stamp, _login(m, "terminal_deregistration"))
            case 0x0107:
                yield from self._oldest((0x8107,), side)
                yield from _attributes(side, m)
            case code if code in _OWN_ANSWERS and len(m.body) >= 2:
                serial = int.from_bytes(m.body[:2])
                for order in _OWN_ANSWERS[code]:
                    yield from self.settle((order, serial), side, "accepted")

    def _oldest(self, codes: tuple[int, ...], side: Side) -> Iterator[Observation]:
        """An answer without the serial number of its order."""
        for asked in self._open:
            if isinstance(asked.key, tuple) and asked.key[0] in codes:
                yield from self.settle(asked.key, side, "accepted")
                return

    def _platform(self, side: Side, m: _Message, stamp: Stamp) -> Iterator[Observation]:
        if m.encrypted:
            return
        if m.code == 0x8001 and len(m.body) >= 5:
            serial, result = int.from_bytes(m.body[:2]), m.body[4]
            yield from self.settle(("terminal", serial), side, *_outcome(result, _RESULTS))
        elif m.code == 0x8100 and len(m.body) >= 3:
            serial, result = int.from_bytes(m.body[:2]), m.body[2]
            yield from self.settle(("terminal", serial), side, *_outcome(result, _REGISTRATION))
            code = text(m.body[3:])
            if result == 0 and code:
                yield Credential(
                    kind="auth-code",
                    username=m.phone.lstrip("0") or None,
                    secret=code,
                    outcome="success",
                    cleartext=True,
                    detail={"message": "registration answer"},
                )
        elif m.code == 0x8105 and m.body:
            name, action = _CONTROL.get(m.body[0], (f"terminal_control_{m.body[0]}", "other"))
            operation = Operation(
                name=name,
                action=action,
                category="control" if action == "other" else None,
                code=m.code,
                unit=m.phone.lstrip("0"),
                detail={"command": m.body[0]},
                notable=True,
            )
            yield from self.ask((m.code, m.serial), side, stamp, operation, tuple(_dial_up(m.body)))
        elif m.code in _ORDERS:
            named, does, category = _ORDERS[m.code]
            operation = Operation(
                name=named,
                action=does,
                category=category,
                code=m.code,
                unit=m.phone.lstrip("0"),
                notable=does not in ("read", "identify", "subscribe"),
                **_content(m),  # type: ignore[arg-type]
            )
            yield from self.ask((m.code, m.serial), side, stamp, operation)


def _read(frame: bytes) -> _Message | None:
    content = bytearray()
    at = iter(frame[1:-1])
    for byte in at:
        if byte == 0x7D:
            byte = {1: 0x7D, 2: 0x7E}.get(next(at, 0), -1)
            if byte < 0:
                return None
        content.append(byte)
    if len(content) < 13 or xor(bytes(content[:-1])) != content[-1]:
        return None
    properties = int.from_bytes(content[2:4])
    new, split = properties & 0x4000, properties & 0x2000
    start = 5 if new else 4
    phone = bytes(content[start : start + (10 if new else 6)])
    after = start + len(phone) + 2
    body = after + (4 if split else 0)
    if properties & 0x8000 or len(content) != body + (properties & 0x3FF) + 1 or not phone.hex().isdigit():
        return None
    return _Message(
        code=int.from_bytes(content[:2]),
        edition=2019 if new else 2013,
        phone=phone.hex(),
        serial=int.from_bytes(content[after - 2 : after]),
        part=(int.from_bytes(content[after : after + 2]), int.from_bytes(content[after + 2 : after + 4]))
        if split
        else None,
        encrypted=properties & 0x1C00 != 0,
        body=bytes(content[body:-1]),
    )


def _outcome(result: int, names: dict[int, str]) -> tuple[Outcome, tuple[int, str] | None]:
    if result in names:
        return "refused", (result, names[result])
    return "accepted", None


def _login(m: _Message, name: str) -> Operation:
    return Operation(name=name, action="authenticate", code=m.code, unit=m.phone.lstrip("0"))


def _named(side: Side, fields: Iterable[tuple[str, bytes, str]]) -> Iterator[Fact]:
    for name, raw, field in fields:
        value = text(raw)
        if value:
            yield Fact(side=side, name=name, value=value, field=field)


def _widths(m: _Message) -> tuple[int, int, int]:
    """Bytes of the maker's number, the model and the terminal's number. The edition of 2011 had a
    model of 8 bytes."""
    if m.edition == 2019:
        return 11, 30, 30
    return 5, 20 if m.code == 0x0107 or len(m.body) >= 37 else 8, 7


def _registered(side: Side, m: _Message) -> Iterator[Observation]:
    """0100: province 2, city 2, maker, model, terminal, colour of the plate 1, plate or (no colour) VIN."""
    maker, model, terminal = _widths(m)
    at = 4 + maker + model + terminal
    if len(m.body) < at + 1:
        return
    region = f"{int.from_bytes(m.body[:2]):02d}{int.from_bytes(m.body[2:4]):04d}"
    if region.strip("0"):
        yield Fact(side=side, name="region", value=region, field="province and city")
    yield from _named(
        side,
        (
            ("vendor_code", m.body[4 : 4 + maker], "manufacturer id"),
            ("model", m.body[4 + maker : 4 + maker + model], "terminal model"),
            ("serial", m.body[4 + maker + model : at], "terminal id"),
            ("plate" if m.body[at] else "id:vin", m.body[at + 1 :], "vehicle identification"),
        ),
    )


def _authentication(side: Side, m: _Message) -> tuple[str, list[Observation]]:
    """0102: the code; in 2019 its length 1, the code, IMEI 15, software version 20."""
    if m.edition == 2013 or not m.body:
        return text(m.body), []
    end = 1 + m.body[0]
    rest = m.body[end:]
    fields = (("id:imei", rest[:15], "IMEI"), ("firmware", rest[15:35], "software version"))
    return text(m.body[1:end]), list(_named(side, fields))


def _attributes(side: Side, m: _Message) -> Iterator[Observation]:
    """0107: type 2, maker, model, terminal, ICCID (10 bytes BCD), hardware and firmware behind a length."""
    maker, model, terminal = _widths(m)
    at = 2 + maker + model + terminal
    yield from _named(
        side,
        (
            ("vendor_code", m.body[2 : 2 + maker], "manufacturer id"),
            ("model", m.body[2 + maker : 2 + maker + model], "terminal model"),
            ("serial", m.body[2 + maker + model : at], "terminal id"),
        ),
    )
    iccid = m.body[at : at + 10].hex().upper()
    if len(iccid) == 20 and iccid.strip("0"):
        yield Fact(side=side, name="id:iccid", value=iccid.rstrip("F"), field="SIM ICCID")
    at += 10
    for name, field in (("hardware", "hardware version"), ("firmware", "firmware version")):
        length = m.body[at] if at < len(m.body) else 0
        yield from _named(side, ((name, m.body[at + 1 : at + 1 + length], field),))
        at += 1 + length


def _dial_up(body: bytes) -> Iterator[Credential]:
    """What 8105 carries for the way to a server, between semicolons.

    1 address; access point; user; password …, 2 control; authentication code; access point; user; password …
    """
    if body[0] not in (1, 2):
        return
    fields = [f.strip() for f in body[1:].decode("gbk", "replace").split(";")]
    skip = 2 if body[0] == 2 else 1
    if body[0] == 2 and len(fields) > 1 and fields[1]:
        yield Credential(
            kind="auth-code", secret=fields[1], cleartext=True, detail={"message": "connect_to_server"}
        )
    if len(fields) > skip + 2 and fields[skip + 2]:
        yield Credential(
            kind="password",
            username=fields[skip + 1] or None,
            secret=fields[skip + 2],
            cleartext=True,
            detail={"access_point": fields[skip]},
        )


def _content(m: _Message) -> dict[str, object]:
    """What of an order's body is worth telling."""
    if m.code == 0x8300 and len(m.body) > 1:
        return {"value": text(m.body[2 if m.edition == 2019 else 1 :])[:200] or None}
    if m.code == 0x8500 and m.body:
        return {"value": m.body.hex()}
    if m.code == 0x8103 and m.body:
        names: list[str] = []
        at = 1
        while at + 5 <= len(m.body) and len(names) < 32:
            names.append(m.body[at : at + 4].hex().upper())
            at += 5 + m.body[at + 4]
        return {"target": ",".join(names) or None}
    if m.code == 0x8108 and len(m.body) > 7:
        length = m.body[6]
        return {"target": text(m.body[7 : 7 + length]) or None, "detail": {"upgrade_type": m.body[0]}}
    return {}
