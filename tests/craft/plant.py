"""The plant that all scenes play in: who is there, what they do all day, and how scenes are written."""

from __future__ import annotations

from base64 import b64encode
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path
from struct import pack
from typing import Any

from scapy.packet import Packet

from sentinel.demo.cast import ENGINEERING, HMI, MODICON, S7, SWITCH, Actor
from sentinel.demo.scenes.s7 import Session
from sentinel.demo.wire import BROADCAST, Tcp, Wire

SECOND = 1_000_000
MINUTE = 60 * SECOND
HOUR = 60 * MINUTE
DAY = 24 * HOUR

SCADA = Actor("scada", "10.20.2.20", "00:15:5d:02:20:20")
OPC_SERVER = Actor("opc-server", "10.20.2.60", "00:30:de:41:60:60")
HISTORIAN = Actor("historian", "10.20.5.30", "00:15:5d:05:30:30")
JUMP = Actor("jump-host", "10.20.5.10", "00:15:5d:05:10:10")
OFFICE = Actor("office", "10.30.4.21", "3c:52:82:11:04:21")
COLLEAGUE = Actor("colleague", "10.30.4.22", "3c:52:82:11:04:22")
OUTSIDE = Actor("outside", "45.83.64.11", SWITCH.mac)
CONTROL = Actor("command-and-control", "185.220.101.47", SWITCH.mac)

ZONES = """\
zones:
  cell:
    networks: [10.20.1.0/24]
    level: 1
    criticality: high
    inventory: optional
  video:
    networks: [10.20.3.0/24]
    level: 3
  control-room:
    networks: [10.20.2.0/24]
    level: 2
    inventory: optional
  dmz:
    networks: [10.20.5.0/24]
    level: 3.5
  office:
    networks: [10.30.0.0/16]
    level: 4
  management:
    networks: [10.20.0.0/24]
    level: 3
conduits:
  - {from: control-room, to: cell}
  - {from: control-room, to: video}
  - {from: any, to: management}
  - {from: management, to: any}
  - {from: dmz, to: control-room, protocols: [opcua]}
  - {from: control-room, to: dmz, ports: [8443]}
  - {from: office, to: dmz, ports: [22, 443]}
  - {from: office, to: video, ports: [80]}
  - {from: office, to: outside}
"""


class Plant(Wire):
    """The mirror port. `ttl` holds the time to live of those behind a router."""

    def __init__(self) -> None:
        super().__init__()
        self.ttl: dict[str, int] = {}

    def ip(self, a: Actor, b: Actor, **fields: Any) -> Packet:
        """As the demo's, with the sender's time to live."""
        return super().ip(a, b, **{"ttl": self.ttl.get(a.key, 64), **fields})


@dataclass(frozen=True, slots=True)
class Scene:
    """An attack, or none. `play` puts it on the wire."""

    play: Callable[[Plant], None]
    attackers: tuple[Actor, ...] = ()
    """Who acts in it, in the order of acting."""
    victims: tuple[Actor, ...] = ()
    """Who else may stand in its chain."""
    tactics: tuple[str, ...] = ()
    """Tactics that its path has to show in this order, as identifiers of ATT&CK, `|` between such that
    are as good."""
    zones: str | None = field(default=ZONES, repr=False)

    def build(self, path: Path) -> Path | None:
        """Write the capture, the same bytes every time. Returns the file of zones beside it."""
        wire = Plant()
        self.play(wire)
        wire.write(path)
        if self.zones is None:
            return None
        zones = path.with_suffix(".zones.yml")
        zones.write_text(self.zones, encoding="utf-8")
        return zones


class Modbus:
    """A connection to a Modbus server, requests numbered."""

    def __init__(self, wire: Wire, us: int, client: Actor, server: Actor = MODICON, unit: int = 1) -> None:
        self.tcp = wire.tcp(us, client, server, 502)
        self._number, self._unit = 0, unit

    def ask(self, request: bytes, answer: bytes) -> None:
        """A request and what is answered."""
        self._number += 1
        head = pack(">HHHB", self._number, 0, len(request) + 1, self._unit)
        self.tcp.client(head + request)
        self.tcp.server(pack(">HHHB", self._number, 0, len(answer) + 1, self._unit) + answer)

    def read(self) -> None:
        """Four holding registers."""
        self.ask(pack(">BHH", 3, 100, 4), pack(">BB4H", 3, 8, 417, 77, 1, 0))

    def write(self, register: int, value: int) -> None:
        """One register."""
        request = pack(">BHH", 6, register, value)
        self.ask(request, request)


def polling(wire: Wire, start: int, end: int, every: int = 30 * MINUTE) -> None:
    """The HMI reads both controllers, the SCADA server one of them: a connection each time."""
    for us in range(start, end, every):
        modbus = Modbus(wire, us + 2 * SECOND, HMI)
        modbus.read()
        modbus.tcp.close()
        session = Session(wire, us + 4 * SECOND, HMI, S7)
        session.read(10, 0, pack(">HHI", 12, 1, 52_000))
        session.tcp.close()
        modbus = Modbus(wire, us + 6 * SECOND, SCADA)
        modbus.read()
        modbus.tcp.close()


def days(wire: Wire, count: int) -> None:
    """What is usual, day by day: polling around the clock; the engineering station looks in the morning."""
    polling(wire, 0, count * DAY, 55 * MINUTE)
    for day in range(count):
        look = Session(wire, day * DAY + 2 * HOUR, ENGINEERING, S7)
        look.identify(S7)
        look.read(1, 0, bytes(16))
        look.tcp.close()


def web(
    wire: Wire, us: int, client: Actor, server: Actor, path: str, *, host: str = "", agent: str = "",
    user: str = "",    status: str = "200 OK", body: bytes = b"ok", port: int = 80, kind: str = "text/html",
    product: str = "nginx",
) -> None:  # fmt: skip
    """A page over HTTP; `user` is `name:password` for Basic authentication."""
    secret = f"Authorization: Basic {b64encode(user.encode()).decode()}\r\n" if user else ""
    tcp = wire.tcp(us, client, server, port)
    agent = agent or "Mozilla/5.0 (Windows NT 10.0; Win64; x64) AppleWebKit/537.36 Chrome/126.0"
    tcp.client(
        f"GET {path} HTTP/1.1\r\nHost: {host or server.ip}\r\nUser-Agent: {agent}\r\n{secret}\r\n".encode()
    )
    told = f"Server: {product}\r\nContent-Type: {kind}\r\nContent-Length: {len(body)}"
    head = f"HTTP/1.1 {status}\r\n{told}\r\n\r\n"
    tcp.server(head.encode() + body, 4_000)
    tcp.close()


def telnet(
    wire: Wire, us: int, client: Actor, server: Actor, user: str, password: str, *, right: bool
) -> Tcp:
    """A Telnet log-in (RFC 854), left open if it succeeds."""
    tcp = wire.tcp(us, client, server, 23)
    tcp.server(b"\xff\xfd\x18\xff\xfb\x01login: ")
    tcp.client(b"\xff\xfb\x18\xff\xfd\x01" + user.encode() + b"\r\n").server(
        user.encode() + b"\r\nPassword: "
    )
    tcp.client(password.encode() + b"\r\n", 200_000)
    if right:
        tcp.server(b"\r\n\r\nBusyBox v1.12.1 built-in shell (ash)\r\n# ")
    else:
        tcp.server(b"\r\nLogin incorrect\r\n\r\nlogin: ", 400_000)
        tcp.close()
    return tcp


def probes(
    wire: Wire, us: int, client: Actor, server: Actor, ports: tuple[int, ...], opened: tuple[int, ...]
) -> None:
    """A half-open scan of ports."""
    from scapy.layers.inet import TCP

    for n, port in enumerate(ports):
        at, sport, seq = us + n * 20_000, 41_000 + n, 9_000 + n
        wire.at(at, wire.ip(client, server) / TCP(sport=sport, dport=port, seq=seq, flags="S", window=1024))
        reply = {"sport": port, "dport": sport, "ack": seq + 1}
        if port in opened:
            wire.at(at + 300, wire.ip(server, client) / TCP(**reply, seq=77, flags="SA"))
            wire.at(at + 500, wire.ip(client, server) / TCP(sport=sport, dport=port, seq=seq + 1, flags="R"))
        else:
            wire.at(at + 300, wire.ip(server, client) / TCP(**reply, flags="RA"))


def sweep(wire: Wire, us: int, client: Actor, network: str, port: int, count: int = 40) -> None:
    """SYNs to one port of many addresses that do not answer."""
    from scapy.layers.inet import TCP

    for n in range(count):
        nobody = Actor("nobody", f"{network}.{n + 100}", SWITCH.mac)
        segment = TCP(sport=42_000 + n, dport=port, seq=5_000 + n, flags="S", window=1024)
        wire.at(us + n * 15_000, wire.ip(client, nobody) / segment)


def lease(wire: Wire, us: int, client: Actor, server: Actor, name: str = "") -> None:
    """An address by DHCP (RFC 2131)."""
    from scapy.layers.dhcp import BOOTP, DHCP
    from scapy.layers.inet import IP, UDP
    from scapy.layers.l2 import Ether

    mac = bytes.fromhex(client.mac.replace(":", ""))
    asked = [("hostname", name or client.key), ("param_req_list", [1, 3, 6, 15])]
    given = [
        ("server_id", server.ip),
        ("lease_time", 86_400),
        ("subnet_mask", "255.255.255.0"),
        ("router", server.ip),
    ]
    wanted = [("requested_addr", client.ip), ("server_id", server.ip), *asked]
    steps = ((0, "discover", asked), (900, "offer", given), (1_400, "request", wanted), (2_100, "ack", given))
    for after, kind, options in steps:
        reply = kind in ("offer", "ack")
        head = BOOTP(
            op=2 if reply else 1, chaddr=mac, xid=0x51 + after, yiaddr=client.ip if reply else "0.0.0.0"
        )
        ports = UDP(sport=67, dport=68) if reply else UDP(sport=68, dport=67)
        wire.at(
            us + after,
            Ether(src=server.mac if reply else client.mac, dst=BROADCAST)
            / IP(src=server.ip if reply else "0.0.0.0", dst="255.255.255.255", id=after)
            / ports / head / DHCP(options=[("message-type", kind), *options, "end"]),
        )  # fmt: skip


__all__ = [
    "COLLEAGUE",
    "CONTROL",
    "DAY",
    "ENGINEERING",
    "HISTORIAN",
    "HMI",
    "HOUR",
    "JUMP",
    "MINUTE",
    "MODICON",
    "OFFICE",
    "OPC_SERVER",
    "OUTSIDE",
    "S7",
    "SCADA",
    "SECOND",
    "SWITCH",
    "ZONES",
    "Actor",
    "Modbus",
    "Plant",
    "Scene",
    "Session",
    "days",
    "lease",
    "polling",
    "probes",
    "sweep",
    "telnet",
    "web",
]
