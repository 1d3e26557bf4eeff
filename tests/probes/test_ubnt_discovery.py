"""Ubiquiti discovery: messages made here, field by field."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from sentinel.probes.contract import Credential, Fact, HardwareAddress, Observation, Operation
from sentinel.probes.ubnt_discovery import UbntDiscovery

MAC = bytes.fromhex("802aa8000001")


def field(kind: int, value: bytes) -> bytes:
    return bytes((kind,)) + len(value).to_bytes(2, "big") + value


def message(version: int, command: int, *fields: bytes) -> bytes:
    body = b"".join(fields)
    return bytes((version, command)) + len(body).to_bytes(2, "big") + body


def feed(data: bytes) -> list[Observation]:
    return list(UbntDiscovery().feed("client", data, 0, 1, 1))


def facts(found: list[Observation]) -> dict[str, str]:
    return {o.name: o.value for o in found if isinstance(o, Fact)}


def addresses(found: list[Observation]) -> list[tuple[bytes, str | None]]:
    return [(o.mac, o.address) for o in found if isinstance(o, HardwareAddress)]


@pytest.mark.parametrize(("version", "command"), [(1, 0), (2, 6), (2, 9), (2, 11)])
def test_an_announcement_says_who_it_is(version: int, command: int) -> None:
    found = feed(
        message(
            version,
            command,
            field(2, MAC + bytes((192, 168, 1, 20))),
            field(1, MAC),
            field(3, b"XM.ar7240.v5.6.3.28591.151130.1749"),
            field(11, b"mast-7"),
            field(12, b"NanoStation M5\0"),
            field(13, b"plant"),
            field(14, b"\x03"),
            field(16, b"\xe8\x05"),
            field(20, b"NanoStation M5"),
            field(21, b"NSM5"),
            field(22, b"5.6.3"),
            field(23, b"\x01"),
            field(99, b"\xff\xff"),
        )
    )
    assert facts(found) == {
        "interface": "80:2a:a8:00:00:01 192.168.1.20",
        "firmware": "XM.ar7240.v5.6.3.28591",
        "firmware_image": "XM.ar7240.v5.6.3.28591.151130.1749",
        "hostname": "mast-7",
        "platform": "NanoStation M5",
        "essid": "plant",
        "role": "access-point",
        "system_id": "e805",
        "product": "NanoStation M5",
        "model": "NSM5",
        "firmware_version": "5.6.3",
        "factory_default": "yes",
        "vendor": "Ubiquiti",
    }
    assert addresses(found) == [(MAC, "192.168.1.20")]


def test_a_bare_hardware_address_is_the_senders() -> None:
    assert addresses(feed(message(1, 0, field(1, MAC)))) == [(MAC, None)]


@pytest.mark.parametrize("data", [b"\x01\0\0\0", b"\x02\x08\0\0", message(2, 8, field(1, MAC))])
def test_questions(data: bytes) -> None:
    (op,) = feed(data)
    assert isinstance(op, Operation)
    assert (op.name, op.action) == ("discovery_request", "discover")


def test_a_name_that_logs_in() -> None:
    found = feed(message(1, 0, field(6, b"ubnt"), field(7, bytes(16))))
    assert [(o.kind, o.username) for o in found if isinstance(o, Credential)] == [("user", "ubnt")]


def test_a_field_cut_short_ends_the_message() -> None:
    found = feed(message(1, 0, field(11, b"mast-7"), b"\x0c\x00\x09abc"))
    assert facts(found) == {"hostname": "mast-7", "vendor": "Ubiquiti"}


@pytest.mark.parametrize("data", [b"", b"\x01", b"\x03\0\0\0", b"GET /"])
def test_other_data_is_refused(data: bytes) -> None:
    with pytest.raises(ValueError, match="header"):
        feed(data)


@given(st.binary(max_size=120), st.sampled_from([b"", b"\x01\x00\x00\x70", b"\x02\x06\x00\x70"]))
def test_nothing_but_value_error(data: bytes, head: bytes) -> None:
    probe = UbntDiscovery()
    try:
        found = list(probe.feed("server", head + data, 0, 0, 0))
    except ValueError:
        return
    for o in (*found, *probe.end()):
        o.as_tuple()
