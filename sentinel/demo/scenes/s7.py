"""S7 communication over ISO on TCP (RFC 1006, ISO 8073), as a 300 series controller speaks it."""

from __future__ import annotations

from struct import pack

from sentinel.demo.cast import Actor
from sentinel.demo.wire import Tcp, Wire

JOB, ACK, USERDATA = 1, 3, 7
BLOCK = b"_0800001P"
"""OB1 in the passive file system."""
OB1 = bytes.fromhex("7070010108080001") + bytes(range(64)) + b"\x65\0"
"""Head of a block and what stands for its code."""


def pdu(kind: int, number: int, parameters: bytes, data: bytes = b"") -> bytes:
    """One S7 PDU in a COTP data TPDU in a TPKT."""
    error = b"\0\0" if kind == ACK else b""
    s7 = pack(">BBHHHH", 0x32, kind, 0, number, len(parameters), len(data)) + error + parameters + data
    return pack(">BBH", 3, 0, len(s7) + 7) + b"\x02\xf0\x80" + s7


class Session:
    """A connection to a controller with its negotiated PDU size, jobs numbered."""

    def __init__(self, wire: Wire, us: int, client: Actor, server: Actor) -> None:
        self.tcp: Tcp = wire.tcp(us, client, server, 102)
        self._number = 0x100
        ends = bytes.fromhex("c0010ac1020100c2020102")
        self.tcp.client(b"\x03\0\0\x16\x11\xe0\0\0\0\x01\0" + ends)
        self.tcp.server(b"\x03\0\0\x16\x11\xd0\0\x01\0\x02\0" + ends)
        self.job(bytes.fromhex("f0000001000101e0"), bytes.fromhex("f0000001000100f0"))

    def job(self, parameters: bytes, answer: bytes, data: bytes = b"", answered: bytes = b"") -> None:
        """A job and its acknowledgement."""
        self._number += 1
        self.tcp.client(pdu(JOB, self._number, parameters, data))
        self.tcp.server(pdu(ACK, self._number, answer, answered), 2_100)

    def pulled(self, parameters: bytes, answer: bytes, answered: bytes = b"") -> None:
        """A job of the controller to the client, as in a download."""
        self._number += 1
        self.tcp.server(pdu(JOB, self._number, parameters), 1_500)
        self.tcp.client(pdu(ACK, self._number, answer, answered))

    def read(self, db: int, start: int, values: bytes) -> None:
        """Read bytes of a data block."""
        item = (
            bytes.fromhex("120a1002") + pack(">HHB", len(values), db, 0x84) + (start * 8).to_bytes(3, "big")
        )
        self.job(b"\x04\x01" + item, b"\x04\x01", b"", pack(">BBH", 0xFF, 4, len(values) * 8) + values)

    def system_list(self, number: int, index: int, size: int, records: list[bytes]) -> None:
        """Read a part of the system status list."""
        self._number += 1
        ask = pack(">BBHHH", 0xFF, 9, 4, number, index)
        self.tcp.client(pdu(USERDATA, self._number, bytes.fromhex("0001120411440100"), ask))
        body = pack(">HHHH", number, index, size, len(records)) + b"".join(records)
        answer = pack(">BBH", 0xFF, 9, len(body)) + body
        self.tcp.server(pdu(USERDATA, self._number, bytes.fromhex("000112081284010100000000"), answer), 2_600)

    def identify(self, plc: Actor) -> None:
        """Read order number, firmware, names and serial number, as engineering software does first."""
        order = (plc.model or "").ljust(20).encode()
        major, minor, patch = (int(n) for n in (plc.firmware or "V0.0.0")[1:].split("."))
        self.system_list(0x0011, 0, 28, [
            pack(">H20sHHH", 1, order, 0xC0, 4, 1),
            pack(">H20sHHH", 6, order, 0xC0, 4, 1),
            pack(">H20sHBBBB", 7, order, 0xC0, 0x56, major, minor, patch),
        ])  # fmt: skip
        self.system_list(0x001C, 0, 34, [
            pack(">H32s", 1, (plc.name or "").encode()),
            pack(">H32s", 2, b"CPU 315-2 PN/DP"),
            pack(">H32s", 3, b"bottling hall"),
            pack(">H32s", 4, b"Original Siemens Equipment"),
            pack(">H32s", 5, (plc.serial or "").encode()),
            pack(">H32s", 7, b"CPU 315-2 PN/DP"),
        ])  # fmt: skip

    def download(self, code: bytes) -> None:
        """Load a block: the client asks, the controller pulls, then it is activated."""
        lengths = b"\x0d1" + f"{len(code) + 78:06}{len(code):06}".encode()
        name = bytes((len(BLOCK),)) + BLOCK
        self.job(b"\x1a\0\x01\0\0\0\0\0" + name + lengths, b"\x1a")
        self.pulled(b"\x1b\0\x01\0\0\0\0\0" + name, b"\x1b\0", pack(">HH", len(code), 0x00FB) + code)
        self.pulled(b"\x1c\0\x01\0\0\0\0\0" + name, b"\x1c")
        self.job(b"\x28\0\0\0\0\0\0\xfd\0\x0a\x01\0" + BLOCK[1:] + b"\x05_INSE", b"\x28")

    def upload(self, code: bytes) -> None:
        """Save a block: the client asks for a handle and fetches by it."""
        handle = b"\0\0\0\x07"
        name = bytes((len(BLOCK),)) + BLOCK
        length = b"\x07" + f"{len(code):07}".encode()
        self.job(b"\x1d\0\0\0\0\0\0\0" + name, b"\x1d\0\x01\0" + handle + length)
        self.job(b"\x1e\0\0\0" + handle, b"\x1e\0", b"", pack(">HH", len(code), 0x00FB) + code)
        self.job(b"\x1f\0\0\0" + handle, b"\x1f")

    def stop(self) -> None:
        """Stop the controller."""
        self.job(b"\x29\0\0\0\0\0\x09P_PROGRAM", b"\x29")
