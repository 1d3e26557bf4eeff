"""Each scheme finds the password its line was made from, and no other."""

from __future__ import annotations

from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from sentinel._native import crack, crack_scheme, listed
from tests.crack.lines import LINES
from tests.crack.primitives import md4

PASSWORD = "Kühl17w"
"""Eight octets: VNC takes no more, SNMPv3 and WPA no fewer."""
WORDS = ["", "administrator", "kühl17w", "Kuhl_17w", "Kühl17", PASSWORD, "Kühl17x", "rootroot"]


def found(mode: int | None, line: str, words: list[str]) -> str | None:
    (password,), _ = crack([(mode, line, [])], words)
    return password


def test_md4_of_the_test() -> None:
    assert md4(b"").hex() == "31d6cfe0d16ae931b73c59d7e0c089c0"  # RFC 1320, A.5
    assert md4(b"message digest").hex() == "d9130a8164549fe818874806e1c7014b"
    assert md4(b"1234567890" * 8).hex() == "e33b4ddc9c38f2199c3e7b164fcc0536"


@pytest.mark.parametrize("name", LINES)
def test_finds_its_password(name: str) -> None:
    mode, line = LINES[name](PASSWORD)
    assert crack_scheme(mode, line) == name.split()[0]
    assert found(mode, line, WORDS) == PASSWORD
    assert found(mode, line, [word for word in WORDS if word != PASSWORD]) is None


@pytest.mark.parametrize("name", LINES)
@given(data=st.data())
def test_damaged_lines_do_no_harm(name: str, data: st.DataObject) -> None:
    mode, line = LINES[name](PASSWORD)
    if any(slow in name for slow in ("aes", "scram", "snmp", "wpa", "isapi")):
        mode = None if data.draw(st.booleans()) else mode
    at = data.draw(st.integers(0, len(line) - 1))
    cut = data.draw(st.integers(0, 4))
    other = line[:at] + data.draw(st.text(max_size=4)) + line[at + cut :]
    if other.casefold() != line.casefold():
        crack([(mode, other, ["x"])], ["y"])


@given(st.one_of(st.none(), st.integers(0, 40000)), st.text())
def test_any_text_is_no_harm(mode: int | None, line: str) -> None:
    crack([(mode, line, [])], ["y"])


def test_counts_and_order(tmp_path: Path) -> None:
    mode, line = LINES["netntlmv2"](PASSWORD)
    path = tmp_path / "list"
    path.write_text(f"a\n{'x' * 300}\nname:{PASSWORD}\r\nb\n", encoding="utf-8")
    passwords, counts = crack([(mode, line, ["own"]), (9999, "x", [])], ["c"], path)
    assert passwords == [PASSWORD, None]
    assert dict(counts) == {"lines": 1, "unknown": 1, "tried": 6, "found": 1, "unfinished": 0, "long": 1}


def test_budget(tmp_path: Path) -> None:
    path = tmp_path / "list"
    path.write_text("".join(f"word{n}\n" for n in range(200_000)) + PASSWORD, encoding="utf-8")
    mode, line = LINES["netntlmv2"](PASSWORD)
    passwords, counts = crack([(mode, line, [])], [], path, seconds=0.2)
    assert passwords == [None]
    assert dict(counts)["unfinished"] == 1
    assert dict(counts)["tried"] < 200_000
    again = crack([(mode, line, [])], [], path, seconds=0.2, threads=2)
    assert dict(again[1])["tried"] > 0
    assert crack([(mode, line, [])], [], path, seconds=60)[0] == [PASSWORD]


@pytest.mark.parametrize("threads", [1, 2, 5])
def test_threads_find_the_same(tmp_path: Path, threads: int) -> None:
    names = ["netntlmv1", "netntlmv2", "digest-md5", "mysql-native", "cram-md5", "krb5tgs-rc4", "siemens-s7"]
    lines: list[tuple[int | None, str, list[str]]]
    lines = [(*LINES[name](f"word{n * 997}"), []) for n, name in enumerate(names)]
    path = tmp_path / "list"
    path.write_text("".join(f"word{n}\n" for n in range(20_000)), encoding="utf-8")
    passwords, _ = crack(lines, [], path, seconds=1000, threads=threads)
    assert passwords == [f"word{n * 997}" for n in range(len(names))]


def test_no_list(tmp_path: Path) -> None:
    with pytest.raises(OSError, match="No such file"):
        crack([], [], tmp_path / "none")
    with pytest.raises(OSError, match="No such file"):
        listed(tmp_path / "none", [])


def test_listed(tmp_path: Path) -> None:
    path = tmp_path / "list"
    path.write_bytes(b"alpha\r\n\nbob:beta\n" + b"y" * 100_000 + b"\n\xff\xfe\ngamma")
    asked = [
        (None, "alpha"),
        ("bob", "beta"),
        ("eve", "beta"),
        (None, "gamma"),
        (None, ""),
        (None, "bob:beta"),
    ]
    assert listed(path, asked) == [True, True, False, True, False, True]
