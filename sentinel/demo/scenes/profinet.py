"""PROFINET DCP: engineering software asks all stations who they are (IEC 61158-6-10, 4.3)."""

from __future__ import annotations

from struct import pack

from sentinel.demo.cast import ENGINEERING, S7, Actor
from sentinel.demo.wire import Wire

SECOND = 1_000_000
GROUP = "01:0e:cf:00:00:00"
ETHERTYPE = 0x8892
ASK, ANSWER = 0xFEFE, 0xFEFF
XID = 0x0100_0007


def discovery(wire: Wire) -> None:
    """Identify all; the S7 controller answers, the Modicon does not speak PROFINET."""
    us = 29 * SECOND
    wire.ether(us, ENGINEERING.mac, GROUP, ETHERTYPE, _frame(ASK, 0, b"\xff\xff\0\0"))
    blocks = [
        _block(2, 1, b"S7-300"),
        _block(2, 2, (S7.name or "").lower().encode()),
        _block(2, 3, pack(">HH", 0x002A, 0x0101)),  # Siemens, CPU 300
        _block(2, 4, b"\x02\0"),  # role: controller
        _block(1, 2, _address(S7) + bytes((255, 255, 0, 0)) + bytes(4), info=1),
    ]
    wire.ether(us + 12_400, S7.mac, ENGINEERING.mac, ETHERTYPE, _frame(ANSWER, 1, b"".join(blocks)))


def _address(actor: Actor) -> bytes:
    return bytes(map(int, actor.ip.split(".")))


def _block(option: int, suboption: int, data: bytes, info: int = 0) -> bytes:
    """A block of an answer, padded to an even length."""
    body = pack(">H", info) + data
    return pack(">BBH", option, suboption, len(body)) + body + bytes(len(body) % 2)


def _frame(frame_id: int, kind: int, blocks: bytes) -> bytes:
    """Service 5 is Identify. An Ethernet frame carries 46 bytes at least."""
    delay = 1 if kind == 0 else 0
    return (pack(">HBBIHH", frame_id, 5, kind, XID, delay, len(blocks)) + blocks).ljust(46, b"\0")
