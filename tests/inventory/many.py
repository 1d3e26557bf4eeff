"""A capture of many devices, and what an inventory of them costs:
`python -m tests.inventory.many DEVICES STRANGERS` measures one checkpoint where little changed."""

from __future__ import annotations

import struct
import sys
import time
from collections.abc import Iterator
from pathlib import Path

HEAD = struct.pack("<IHHiIII", 0xA1B2C3D4, 2, 4, 0, 0, 65535, 1)
START = 1_768_200_000
CLIENT = bytes((10, 0, 0, 1))
MASTER = bytes.fromhex("020000000001")


def device(number: int) -> tuple[bytes, bytes]:
    """Hardware and IP address of a device."""
    return b"\x00\x80\xf4" + number.to_bytes(3, "big"), bytes((10, 1 + (number >> 16))) + struct.pack(
        ">H", number & 0xFFFF
    )


def ethernet(src: bytes, dst: bytes, kind: int, payload: bytes) -> bytes:
    return dst + src + struct.pack(">H", kind) + payload


def ip(src: bytes, dst: bytes, protocol: int, payload: bytes, ttl: int = 64) -> bytes:
    head = struct.pack(">BBHHHBBH", 0x45, 0, 20 + len(payload), 1, 0, ttl, protocol, 0)
    return head + src + dst + payload


def tcp(sport: int, dport: int, seq: int, ack: int, flags: int, payload: bytes = b"") -> bytes:
    return struct.pack(">HHIIBBHHH", sport, dport, seq, ack, 0x50, flags, 8192, 0, 0) + payload


def udp(sport: int, dport: int, payload: bytes) -> bytes:
    return struct.pack(">HHHH", sport, dport, 8 + len(payload), 0) + payload


def frames(number: int, strangers: int) -> Iterator[bytes]:
    """A device says where it is, is asked who it is and what it reads, and asks strangers in vain."""
    mac, address = device(number)
    arp = struct.pack(">HHBBH", 1, 0x0800, 6, 4, 2) + mac + address + MASTER + CLIENT
    yield ethernet(mac, MASTER, 0x0806, arp)
    port = 20_000 + number % 40_000

    def there(*more: object) -> bytes:
        return ethernet(MASTER, mac, 0x0800, ip(CLIENT, address, 6, tcp(port, 502, *more)))  # type: ignore[arg-type]

    def back(*more: object) -> bytes:
        return ethernet(mac, MASTER, 0x0800, ip(address, CLIENT, 6, tcp(502, port, *more)))  # type: ignore[arg-type]

    yield there(100, 0, 0x02)
    yield back(500, 101, 0x12)
    read = bytes.fromhex("000100000006010300000002")
    yield there(101, 501, 0x18, read)
    answer = bytes.fromhex("000100000007010304000a000b")
    yield back(501, 101 + len(read), 0x18, answer)
    who = bytes.fromhex("000200000005012b0e0100")
    yield there(101 + len(read), 501 + len(answer), 0x18, who)
    said = [b"Maker", b"M-%d" % (number % 10), b"V1.0"]
    objects = b"".join(bytes((i, len(text))) + text for i, text in enumerate(said))
    body = bytes.fromhex("012b0e01010000") + bytes((len(said),)) + objects
    yield back(
        501 + len(answer), 101 + len(read) + len(who), 0x18, struct.pack(">HHH", 2, 0, len(body)) + body
    )
    for n in range(strangers):
        other = struct.pack(">I", 0x2000_0000 + number * strangers + n)
        yield ethernet(mac, MASTER, 0x0800, ip(address, other, 17, udp(40_000, 9_999, b"hello")))


def write(path: Path, devices: int, strangers: int = 0, begin: int = START, first: int = 1) -> Path:
    """Devices numbered from `first`, with so many strangers in all, in one hour."""
    each = strangers // devices
    step = 3_600_000_000 // devices
    with path.open("wb") as out:
        out.write(HEAD)
        for n in range(devices):
            at = begin * 1_000_000 + n * step
            for frame in frames(first + n, each):
                out.write(
                    struct.pack("<IIII", at // 1_000_000, at % 1_000_000, len(frame), len(frame)) + frame
                )
                at += 10
    return path


def main(devices: int, strangers: int, folder: Path) -> None:
    from sentinel._native import Inventory, Scan
    from sentinel.inventory.meaning import describe_all
    from sentinel.inventory.oui import vendors
    from sentinel.pipeline import RECORDS, Options, assess

    total = Inventory()

    def spent(what: str, begin: float) -> float:
        now = time.process_time()
        print(f"{what:40} {now - begin:6.2f} s")
        return time.process_time()

    asked = 0

    def describe(profiles: bytes) -> bytes:
        nonlocal asked
        asked += profiles.count(b'"mac_flags"')
        return describe_all(profiles)

    def makers(macs: list[bytes]) -> list[str | None]:
        return list(vendors([m.hex()[:9] for m in macs]))

    def scan(path: Path) -> Inventory:
        run = Scan([path], events="none")
        while not run.step(10):
            pass
        return run.finish()

    def checkpoint() -> None:
        nonlocal asked
        now = begin = time.process_time()
        asked = 0
        total.update(describe, makers)
        now = spent(f"assets ({asked} profiles asked)", now)
        changed = 0
        for kind in RECORDS:
            docs, gone = total.records_changed(kind)
            total.kept(kind)
            changed += len(docs) + len(gone)
        now = spent(f"records ({changed} changed)", now)
        size = len(total.observations())
        spent(f"observations ({size / 1e6:.1f} MB)", now)
        spent("all", begin)

    for round_, (n, others) in enumerate(((devices, strangers), (20, 0), (20, 0))):
        harvest = scan(write(folder / f"{round_}.pcap", n, others, START + 3600 * round_))
        assess(harvest, Options(key=b"k" * 32))
        now = time.process_time()
        total.absorb(harvest)
        spent(f"absorb {n} devices", now)
        checkpoint()
    print(f"{total.totals()} {total.bytes() / 1e6:.0f} MB held")


if __name__ == "__main__":
    import tempfile

    with tempfile.TemporaryDirectory() as name:
        main(int(sys.argv[1]), int(sys.argv[2]), Path(name))
