"""Operating systems: which signs say what, how they add up, and that they contradict each other openly."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from sentinel.inventory import tables
from sentinel.inventory.meaning import describe
from sentinel.inventory.profile import Fact, Meaning, Profile
from sentinel.inventory.systems import ENOUGH, by_order, by_stack, family


def of(*facts: tuple[str, str, str]) -> Meaning:
    return describe(Profile(facts=[Fact(name, value, protocol) for protocol, name, value in facts]))


@pytest.mark.parametrize(
    ("name", "signature", "os"),
    [
        ("tcp_syn", "64:MSTNW:mss*44:7:D", "Linux 4.19 or later"),
        ("tcp_syn", "64:MSTNW:mss*4:2:D", "Linux 2.4 or 2.6"),
        ("tcp_syn", "64:MNWNNTSE:65535:6:DZ", "Apple macOS 10.14 or later, or iOS 12 or later"),
        ("tcp_syn", "128:MNWNNS:mss*44:8:D", "Windows 10, 11 or Server 2016 or later"),
        ("tcp_syn", "128:MNWNNS:8192:2:D", "Windows Vista to 8.1 or Server 2008 to 2012"),
        ("tcp_syn", "128:MNNS:65535:-:D", "Windows 2000, XP or Server 2003"),
        ("tcp_syn", "255:M:4128:-:", "Cisco IOS"),
        ("tcp_syn_ack", "64:MSTNW:65160:7:DZ", "Linux 4.19 or later"),
        ("tcp_syn_ack", "128:MNWNNS:8192:8:D", "Windows Vista to 8.1 or Server 2008 to 2012"),
        ("tcp_syn", "64:MSTNW", None),
        ("tcp_syn", "64:M:1024:-:", None),
        ("tcp_syn_ack", "", None),
    ],
)
def test_a_stack(name: str, signature: str, os: str | None) -> None:
    hit = by_stack(name, signature)
    assert (hit and hit[0]) == os


def test_the_tables_are_sound() -> None:
    families = {row[1] for row in tables.rows("systems.tsv")}
    for *_, os, sure in (*tables.rows("stacks.tsv"), *tables.rows("dhcp_options.tsv")):
        assert 0 < float(sure) < 0.9
        assert family(os) in families
    orders = [row[0] for row in tables.rows("dhcp_options.tsv")]
    assert len(set(orders)) == len(orders)
    assert all(number.isdecimal() for order in orders for number in order.split(","))
    assert {row[0] for row in tables.rows("stacks.tsv")} == {"syn", "ack"}
    rows = [tuple(row[:5]) for row in tables.rows("stacks.tsv")]
    assert len(set(rows)) == len(rows)


def test_signs_that_agree_add_up() -> None:
    stack = ("tcp", "tcp_syn", "64:MNWNNTSE:65535:6:D")
    order = ("dhcp", "dhcp_fingerprint", "1,121,3,6,15,119,252")
    alone, both = of(stack), of(stack, order)
    assert [s.confidence for s in alone.systems] == [0.75]
    assert [(s.os, s.confidence) for s in both.systems] == [("iOS", 0.95)]
    assert both.systems[0].because == ["f0", "f1"]
    assert both.os == "iOS"
    assert both.because["os"] == ["f1"]


def test_one_stack_is_one_witness() -> None:
    two = of(("tcp", "tcp_syn", "64:MSTNW:mss*20:7:D"), ("tcp", "tcp_syn_ack", "64:MSTNW:mss*20:7:D"))
    assert [s.confidence for s in two.systems] == [0.65]


def test_what_a_protocol_names_is_the_system_and_the_stack_supports_it() -> None:
    meaning = of(
        ("tcp", "tcp_syn", "64:MSTNW:mss*44:7:D"), ("ssh", "banner", "SSH-2.0-OpenSSH_9.6p1 Ubuntu-3ubuntu13")
    )
    assert meaning.os is not None
    assert meaning.os.startswith("Ubuntu")
    (system,) = meaning.systems
    assert system.os.startswith("Ubuntu")
    assert system.confidence > 0.85


def test_signs_that_contradict_each_other_are_both_told() -> None:
    meaning = of(("tcp", "tcp_syn", "64:MSTNW:mss*44:7:D"), ("tcp", "tcp_syn", "128:MNWNNS:64240:8:D"))
    assert {family(s.os) for s in meaning.systems} == {"Linux", "Windows"}
    assert all(s.confidence < ENOUGH for s in meaning.systems)
    assert meaning.os is None


def test_a_weak_sign_names_no_system() -> None:
    meaning = of(("tcp", "tcp_syn", "128:MNWNNTSNN:8192:8:D"))
    assert [s.confidence for s in meaning.systems] == [0.4]
    assert meaning.os is None


def test_an_order_nobody_has_says_nothing() -> None:
    assert by_order("1,2,3") is None
    assert of(("dhcp", "dhcp_fingerprint", "1,2,3")).systems == []


@given(st.text(max_size=60), st.sampled_from(["tcp_syn", "tcp_syn_ack", "dhcp_fingerprint", "os"]))
def test_any_value_is_answered(value: str, name: str) -> None:
    for system in of(("tcp", name, value)).systems:
        assert 0 <= system.confidence <= 1
