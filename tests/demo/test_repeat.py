"""A capture repeated: other addresses, right checksums, nothing lost."""

from __future__ import annotations

import subprocess
from itertools import pairwise
from pathlib import Path
from struct import pack, unpack_from

import pytest
from hypothesis import given
from hypothesis import strategies as st

from sentinel.demo import pattern
from sentinel.demo.repeat import repeat
from sentinel.errors import UserError

A, B = bytes.fromhex("0080f4010203"), bytes.fromhex("000bab040506")
IP_A, IP_B, GROUP = bytes((192, 168, 1, 7)), bytes((192, 168, 1, 9)), bytes((239, 1, 2, 3))
SERIAL = b"SN-20260001"


def ones(data: bytes) -> int:
    """Checksum of RFC 1071."""
    total: int = sum(unpack_from(f">{(len(data) + 1) // 2}H", data + b"\0" * (len(data) % 2)))
    while total >> 16:
        total = (total & 0xFFFF) + (total >> 16)
    return ~total & 0xFFFF


def ip(src: bytes, dst: bytes, protocol: int, segment: bytes, check: int) -> bytes:
    """An IPv4 packet; `check` is the offset of the segment's checksum."""
    pseudo = src + dst + pack(">BBH", 0, protocol, len(segment))
    right = pack(">H", ones(pseudo + segment))
    segment = segment[:check] + right + segment[check + 2 :]
    head = pack(">BBHHHBBH", 0x45, 0, 20 + len(segment), 1, 0, 64, protocol, 0) + src + dst
    return head[:10] + pack(">H", ones(head)) + head[12:] + segment


def udp(src: bytes, dst: bytes, payload: bytes, port: int = 5000) -> bytes:
    return ip(src, dst, 17, pack(">HHHH", port, port, 8 + len(payload), 0) + payload, 6)


def tcp(src: bytes, dst: bytes, payload: bytes) -> bytes:
    return ip(src, dst, 6, pack(">HHIIBBHHH", 40000, 502, 1, 1, 0x50, 0x18, 512, 0, 0) + payload, 16)


def ether(src: bytes, dst: bytes, kind: int, payload: bytes) -> bytes:
    return dst + src + pack(">H", kind) + payload


def write(path: Path, frames: list[tuple[int, bytes]]) -> Path:
    records = (pack("<IIII", us // 1_000_000, us % 1_000_000, len(f), len(f)) + f for us, f in frames)
    path.write_bytes(pack("<IHHiIII", 0xA1B2C3D4, 2, 4, 0, 0, 65535, 1) + b"".join(records))
    return path


def read(path: Path) -> list[tuple[int, bytes]]:
    data, at, found = path.read_bytes(), 24, []
    while at < len(data):
        seconds, micros, size, _ = unpack_from("<IIII", data, at)
        found.append((seconds * 1_000_000 + micros, data[at + 16 : at + 16 + size]))
        at += 16 + size
    return found


def right(frame: bytes, at: int = 14) -> bool:
    """The checksums of an IPv4 frame are right."""
    packet = frame[at:]
    pseudo = packet[12:20] + pack(">BBH", 0, packet[9], len(packet) - 20)
    return ones(packet[:20]) == 0 and ones(pseudo + packet[20:]) == 0


SCENE = [
    (5_000_000, ether(A, B, 0x0800, tcp(IP_A, IP_B, b"100 % " + SERIAL + b" odd " + A.hex(":").encode()))),
    (5_300_000, ether(B, A, 0x8100, b"\0\x05\x08\0" + udp(IP_B, IP_A, b"at an odd place:" + A))),
    (6_100_000, ether(A, b"\x01\0\x5e\x01\x02\x03", 0x0800, udp(IP_A, GROUP, b"all"))),
    (6_200_000, ether(A, b"\xff" * 6, 0x0806, b"\0\1\x08\0\6\4\0\1" + A + IP_A + bytes(6) + IP_B)),
    (6_900_000, ether(A, b"\xff" * 6, 0x0800, udp(IP_A, b"\xff" * 4, b"lease " + IP_A + A, 67))),
]


@pytest.fixture
def copies(tmp_path: Path) -> list[tuple[int, bytes]]:
    source, target = write(tmp_path / "a.pcap", SCENE), tmp_path / "b.pcap"
    assert repeat(source, target, 48, [SERIAL]) == 10
    return read(target)


def test_as_many_as_asked_for_in_order_of_time(copies: list[tuple[int, bytes]]) -> None:
    assert len(copies) == 48
    times = [time for time, _ in copies]
    assert times == sorted(times)
    assert times[0] == SCENE[0][0]


def test_checksums_stay_right(copies: list[tuple[int, bytes]]) -> None:
    assert all(right(frame) for _, frame in copies if frame[12:14] == b"\x08\0")
    tagged = [frame for _, frame in copies if frame[12:14] == b"\x81\0"]
    assert tagged
    assert all(right(frame, 18) for frame in tagged)


def test_a_wrong_checksum_stays_wrong(tmp_path: Path) -> None:
    time, frame = SCENE[0]
    source = write(tmp_path / "a.pcap", [(time, frame[:-1] + b"?")])
    repeat(source, tmp_path / "b.pcap", 3)
    assert not any(right(frame) for _, frame in read(tmp_path / "b.pcap"))


def test_copies_share_no_device(copies: list[tuple[int, bytes]]) -> None:
    talk = [frame for _, frame in copies if frame[23:24] == b"\x06"]
    assert len(talk) == len({frame[26:34] for frame in talk}) == 10
    assert len({frame[:12] for frame in talk}) == 10
    for frame in talk:
        assert frame[26] == frame[30] == 10
        assert (frame[:3], frame[6:9]) == (B[:3], A[:3])
        assert frame.endswith(frame[6:12].hex(":").encode())
        assert b"100 % SN-20" in frame
    assert len({frame[60:71] for frame in talk}) == 10


def test_groups_keep_their_addresses_and_payloads_follow(copies: list[tuple[int, bytes]]) -> None:
    frames = [frame for _, frame in copies]
    for frame in frames:
        if frame[30:34] == GROUP:
            assert frame[:6] == b"\x01\0\x5e\x01\x02\x03"
        if frame[12:14] == b"\x08\x06":
            assert (frame[22:28], frame[28]) == (frame[6:12], 10)
            assert frame[32:38] == bytes(6)
        if frame[12:14] == b"\x81\0":
            assert frame.endswith(frame[:6])
        if frame[30:34] == b"\xff" * 4:
            assert frame.endswith(frame[26:30] + frame[6:12])


def test_same_arguments_same_bytes(tmp_path: Path) -> None:
    source = write(tmp_path / "a.pcap", SCENE)
    outcomes = set()
    for name in ("b", "c"):
        repeat(source, tmp_path / name, 30, [SERIAL])
        outcomes.add((tmp_path / name).read_bytes())
    assert len(outcomes) == 1


@pytest.mark.parametrize(
    ("data", "line"),
    [
        (b"\x0a\x0d\x0d\x0a" + bytes(40), "only a pcap file with microseconds and Ethernet can be repeated"),
        (b"", "only a pcap file"),
        (pack("<IHHiIII", 0xA1B2C3D4, 2, 4, 0, 0, 65535, 1), "holds no packets to repeat"),
    ],
)
def test_other_sources_are_one_line(tmp_path: Path, data: bytes, line: str) -> None:
    source = tmp_path / "a.pcap"
    source.write_bytes(data)
    with pytest.raises(UserError, match=line):
        repeat(source, tmp_path / "b.pcap", 10)


def test_more_than_the_addresses_there_are_is_one_line(tmp_path: Path) -> None:
    source = write(tmp_path / "a.pcap", SCENE)
    with pytest.raises(UserError, match="there are not that many addresses"):
        repeat(source, tmp_path / "b.pcap", 50_000_000)


@given(st.binary(max_size=80), st.sampled_from((b"", b"\x08\0", b"\x08\0\x45", b"\x08\x06\0\1\x08\0\6\4")))
def test_any_bytes_have_a_layout(tail: bytes, kind: bytes) -> None:
    frame = B + A + kind + tail
    for cut in (frame, frame[: len(tail)]):
        place = pattern.layout(cut)
        slots = pattern.found(cut, place, [("mac", A), ("ip", IP_A)])
        assert all(cut[slot.at :].startswith(slot.value[1]) for slot in slots)
        assert all(a.at + len(a.value[1]) <= b.at for a, b in pairwise(slots))


@pytest.mark.tshark
def test_tshark_finds_the_plant_many_times(tmp_path: Path, tshark: str) -> None:
    pytest.importorskip("scapy")
    from sentinel.demo.plant import build

    build(tmp_path / "plant.pcap")
    repeat(tmp_path / "plant.pcap", tmp_path / "many.pcap", 20_000)
    command = [tshark, "-r", str(tmp_path / "many.pcap")]
    for layer in ("ip", "tcp", "udp"):
        command += ["-o", f"{layer}.check_checksum:TRUE"]
    wrong = " || ".join(f"{layer}.checksum.status == 0" for layer in ("ip", "tcp", "udp"))
    bad = f"_ws.malformed || {wrong} || tcp.analysis.lost_segment || tcp.analysis.retransmission"
    done = subprocess.run([*command, "-Y", bad], capture_output=True, text=True, check=True)
    assert done.stdout == ""
