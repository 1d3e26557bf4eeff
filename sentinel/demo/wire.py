"""Frames of the demo plant with their times, and TCP sessions that are right to the last number."""

from __future__ import annotations

from pathlib import Path
from random import Random
from typing import TYPE_CHECKING, Any

from sentinel.demo.cast import Actor

if TYPE_CHECKING:
    from scapy.packet import Packet

START = 1_768_204_800
"""2026-01-12 08:00:00 UTC: a Monday morning."""

BROADCAST = "ff:ff:ff:ff:ff:ff"


class Wire:
    """The mirror port: frames with times in microseconds since `START`."""

    def __init__(self) -> None:
        self.frames: list[tuple[int, bytes]] = []
        self.random = Random(20260112)  # noqa: S311 - to be the same every time
        self._ident: dict[str, int] = {}

    def at(self, us: int, frame: Packet) -> None:
        """Put a frame on the wire."""
        self.frames.append((us, bytes(frame)))

    def ip(self, a: Actor, b: Actor, **fields: Any) -> Packet:
        """Ethernet and IP headers from `a` to `b`."""
        from scapy.layers.inet import IP
        from scapy.layers.l2 import Ether

        self._ident[a.ip] = ident = (self._ident.get(a.ip, 1000) + 1) & 0xFFFF
        return Ether(src=a.mac, dst=b.mac) / IP(
            src=a.ip, dst=b.ip, id=ident, ttl=fields.pop("ttl", 64), **fields
        )

    def udp(self, us: int, a: Actor, b: Actor, sport: int, dport: int, payload: Any) -> None:
        """A datagram from `a` to `b`."""
        from scapy.layers.inet import UDP
        from scapy.packet import Raw

        data = Raw(payload) if isinstance(payload, bytes) else payload
        self.at(us, self.ip(a, b) / UDP(sport=sport, dport=dport) / data)

    def multicast(self, us: int, a: Actor, ip: str, mac: str, sport: int, dport: int, payload: bytes) -> None:
        """A datagram from `a` to a group."""
        self.udp(us, a, Actor("group", ip, mac), sport, dport, payload)

    def ether(self, us: int, src: str, dst: str, ethertype: int, payload: bytes) -> None:
        """A layer-2 frame."""
        from scapy.layers.l2 import Ether
        from scapy.packet import Raw

        self.at(us, Ether(src=src, dst=dst, type=ethertype) / Raw(payload))

    def arp(self, us: int, a: Actor, b: Actor) -> None:
        """`a` asks for the hardware address of `b`, and gets it."""
        from scapy.layers.l2 import ARP, Ether

        self.at(us, Ether(src=a.mac, dst=BROADCAST) / ARP(op=1, hwsrc=a.mac, psrc=a.ip, pdst=b.ip))
        self.at(
            us + 180, Ether(src=b.mac, dst=a.mac) / ARP(op=2, hwsrc=b.mac, psrc=b.ip, hwdst=a.mac, pdst=a.ip)
        )

    def tcp(self, us: int, client: Actor, server: Actor, port: int) -> Tcp:
        """Open a connection at `us`."""
        return Tcp(self, us, client, server, port)

    def write(self, path: Path) -> int:
        """Write a capture (pcap, microseconds, Ethernet) in order of time. Returns the number of frames."""
        from scapy.utils import RawPcapWriter

        self.frames.sort(key=lambda f: f[0])
        with RawPcapWriter(str(path), linktype=1, endianness="<", sync=False) as out:
            out.write_header(None)
            for us, frame in self.frames:
                out.write_packet(frame, sec=START + us // 1_000_000, usec=us % 1_000_000)
        return len(self.frames)


class Tcp:
    """One connection. `now` is the time of its last frame, in microseconds since `START`."""

    MSS = 1460

    def __init__(self, wire: Wire, us: int, client: Actor, server: Actor, port: int) -> None:
        self._wire = wire
        self.now = us
        self._ends = (client, server)
        self._ports = (wire.random.randrange(49152, 65535), port)
        self._seq = [wire.random.randrange(1 << 32), wire.random.randrange(1 << 32)]
        mss = [("MSS", self.MSS)]
        self._send(0, "S", options=mss)
        self._seq[0] += 1
        self.now += 400
        self._send(1, "SA", options=mss)
        self._seq[1] += 1
        self.now += 150
        self._send(0, "A")

    def client(self, payload: bytes, after: int = 300) -> Tcp:
        """The client says something `after` microseconds."""
        return self._say(0, payload, after)

    def server(self, payload: bytes, after: int = 900) -> Tcp:
        """The server says something."""
        return self._say(1, payload, after)

    def wait(self, until: int) -> Tcp:
        """Nothing happens until this time."""
        self.now = max(self.now, until)
        return self

    def close(self) -> None:
        """Both sides say good-bye, the client first."""
        for side in (0, 1):
            self.now += 200
            self._send(side, "FA")
            self._seq[side] += 1
        self.now += 100
        self._send(0, "A")

    def _say(self, side: int, payload: bytes, after: int) -> Tcp:
        self.now += after
        for start in range(0, len(payload), self.MSS):
            piece = payload[start : start + self.MSS]
            self._send(side, "PA", piece)
            self._seq[side] += len(piece)
            self.now += 12
        self.now += 90
        self._send(1 - side, "A")
        return self

    def _send(
        self, side: int, flags: str, payload: bytes = b"", options: list[tuple[str, int]] | None = None
    ) -> None:
        from scapy.layers.inet import TCP
        from scapy.packet import Raw

        segment = TCP(
            sport=self._ports[side],
            dport=self._ports[1 - side],
            seq=self._seq[side] & 0xFFFFFFFF,
            ack=self._seq[1 - side] & 0xFFFFFFFF if "A" in flags else 0,
            flags=flags,
            window=8192,
            options=options or [],
        )
        frame = self._wire.ip(self._ends[side], self._ends[1 - side], flags="DF") / segment
        self._wire.at(self.now, frame / Raw(payload) if payload else frame)
