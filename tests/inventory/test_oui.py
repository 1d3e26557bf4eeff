"""Makers by hardware address, from the shipped registry and from a user's folder."""

from pathlib import Path

import pytest

from sentinel.inventory import oui


@pytest.mark.parametrize(
    ("prefix", "vendor"),
    [
        ("00:1c:06:11:22:33", "Siemens"),
        ("001d9c", "Rockwell Automation"),
        ("00-80-F4", "Schneider Electric"),
        ("28:57:BE", "Hikvision"),
        ("0050c2f71", "RF Code"),
        ("00:0c:29", "VMware"),
        ("52:54:00:12:34:56", None),
        ("70b3d5123", None),
        ("", None),
        ("zz", None),
    ],
)
def test_shipped_registry(prefix: str, vendor: str | None) -> None:
    assert oui.vendors([prefix]) == [vendor]


def test_many_give_what_single_ones_give() -> None:
    prefixes = [f"{i * 4099 % (1 << 24):06x}" for i in range(60)]
    many = oui.Registry(None)
    assert [many.vendor(p) for p in prefixes] == [oui.Registry(None).vendor(p) for p in prefixes]


def test_users_folder(tmp_path: Path) -> None:
    head = "Registry,Assignment,Organization Name,Organization Address\n"
    (tmp_path / "oui.csv").write_text(head + 'MA-L,02AB01,"Example Works GmbH","Street, City"\n')
    (tmp_path / "mam.csv").write_text(head + "MA-M,02AB012,Siemens AG,City\n")
    (tmp_path / "oui36.csv").write_text(head + "MA-S,02AB01234,Moxa Inc.,City\n")
    (tmp_path / "oui.txt").write_text("0A-0B-0C   (hex)\t\tX\n0A0B0C     (base 16)\t\tBeckhoff Automation\n")
    macs = ["02:ab:01:ff:ff:ff", "02:ab:01:2f:ff:ff", "02:ab:01:23:4f:ff", "0a0b0c", "001c06"]
    assert oui.vendors(macs, tmp_path) == ["Example Works", "Siemens", "Moxa", "Beckhoff", None]


def test_flags() -> None:
    assert oui.flags(["00:0c:29:01:02:03", "02:42:ac:11:00:02", "00:00:5e:00:01:07", "00:1c:06", ""]) == [
        ["virtual"],
        ["local", "virtual"],
        ["shared"],
        [],
        [],
    ]
