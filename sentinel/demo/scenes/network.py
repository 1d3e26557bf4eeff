"""What every network says of itself: address resolution, names, switch announcements, clocks, SNMP."""

from __future__ import annotations

from struct import pack

from sentinel.demo.cast import (
    CAMERA,
    CAMERA_UUID,
    CAST,
    ENGINEERING,
    HMI,
    INTRUDER,
    METER,
    MODICON,
    S7,
    SWITCH,
    Actor,
)
from sentinel.demo.wire import BROADCAST, Wire

SECOND = 1_000_000
LLDP = "01:80:c2:00:00:0e"
ENTITY = "1.3.6.1.2.1.47.1.1.1.1"
"""entPhysicalEntry (RFC 6933)."""


def resolution(wire: Wire) -> None:
    """Who asks for whose hardware address before it talks to it."""
    pairs = (
        (HMI, S7),
        (HMI, MODICON),
        (HMI, METER),
        (ENGINEERING, S7),
        (ENGINEERING, MODICON),
        (ENGINEERING, SWITCH),
    )
    for n, (a, b) in enumerate(pairs):
        wire.arp(SECOND + n * 21_000, a, b)
    wire.arp(20 * SECOND, HMI, CAMERA)


def announcements(wire: Wire, until: int) -> None:
    """LLDP of the switch every 30 s (IEEE 802.1AB), SSDP of the camera every 60 s."""
    system = f"Hirschmann {SWITCH.model} Release {SWITCH.firmware}".encode()
    mac = bytes.fromhex(SWITCH.mac.replace(":", ""))
    tlvs = [
        (1, b"\x04" + mac), (2, b"\x051/1"), (3, pack(">H", 120)), (4, b"port 1 to cell"),
        (5, (SWITCH.name or "").encode()), (6, system), (7, bytes.fromhex("00040004")),
        (8, b"\x05\x01" + bytes(map(int, SWITCH.ip.split("."))) + b"\x02\0\0\0\x01\0"), (0, b""),
    ]  # fmt: skip
    body = b"".join(pack(">H", kind << 9 | len(value)) + value for kind, value in tlvs)
    for second in range(1, until, 30):
        wire.ether(second * SECOND + 500_000, SWITCH.mac, LLDP, 0x88CC, body)
    notify = (
        "NOTIFY * HTTP/1.1\r\nHOST: 239.255.255.250:1900\r\nCACHE-CONTROL: max-age=1800\r\n"
        f"LOCATION: http://{CAMERA.ip}:80/upnpdevicedesc.xml\r\nNT: upnp:rootdevice\r\nNTS: ssdp:alive\r\n"
        f"SERVER: Linux/3.0 UPnP/1.0 Hikvision/{CAMERA.model}\r\n"
        f"USN: uuid:{CAMERA_UUID}::upnp:rootdevice\r\n\r\n"
    )
    for second in range(7, until, 60):
        wire.multicast(
            second * SECOND, CAMERA, "239.255.255.250", "01:00:5e:7f:ff:fa", 1900, 1900, notify.encode()
        )


def clocks(wire: Wire, until: int) -> None:
    """NTP of both workstations from the switch (RFC 5905)."""
    for n, actor in enumerate((HMI, ENGINEERING)):
        for second in range(12 + n, until, 64):
            us = second * SECOND
            wire.udp(us, actor, SWITCH, 123, 123, b"\x23" + bytes(47))
            wire.udp(us + 700, SWITCH, actor, 123, 123, b"\x24\x03\x00\xec" + bytes(44))


def management(wire: Wire) -> None:
    """The engineering station asks the switch who it is, by SNMP v2c and the usual community."""
    from scapy.asn1.asn1 import ASN1_OID, ASN1_STRING
    from scapy.layers.snmp import SNMP, SNMPget, SNMPresponse, SNMPvarbind

    values = {
        "1.3.6.1.2.1.1.1.0": f"Hirschmann Railswitch {SWITCH.model} HW:1.0 SW:{SWITCH.firmware}",
        "1.3.6.1.2.1.1.5.0": SWITCH.name or "",
        "1.3.6.1.2.1.1.6.0": "bottling hall, cabinet 3",
        f"{ENTITY}.2.1": "Hirschmann Railswitch",
        f"{ENTITY}.9.1": SWITCH.firmware or "",
        f"{ENTITY}.11.1": SWITCH.serial or "",
        f"{ENTITY}.13.1": SWITCH.model or "",
    }
    for n, (oid, value) in enumerate(values.items()):
        us = 50 * SECOND + n * 40_000
        ask = SNMPget(id=n + 1, varbindlist=[SNMPvarbind(oid=ASN1_OID(oid))])
        answer = SNMPresponse(
            id=n + 1, varbindlist=[SNMPvarbind(oid=ASN1_OID(oid), value=ASN1_STRING(value))]
        )
        wire.udp(us, ENGINEERING, SWITCH, 52011, 161, SNMP(version=1, community="public", PDU=ask))
        wire.udp(us + 2_300, SWITCH, ENGINEERING, 161, 52011, SNMP(version=1, community="public", PDU=answer))


def arrival(wire: Wire, us: int) -> None:
    """A laptop is plugged in and gets an address by DHCP (RFC 2131)."""
    from scapy.layers.dhcp import BOOTP, DHCP
    from scapy.layers.inet import IP, UDP
    from scapy.layers.l2 import Ether

    mac = bytes.fromhex(INTRUDER.mac.replace(":", ""))
    asked = [("hostname", INTRUDER.name), ("param_req_list", [1, 28, 2, 3, 15, 6, 119, 12])]
    lease = [
        ("server_id", SWITCH.ip),
        ("lease_time", 3600),
        ("subnet_mask", "255.255.0.0"),
        ("router", SWITCH.ip),
    ]
    wanted = [("requested_addr", INTRUDER.ip), ("server_id", SWITCH.ip)]
    steps = (
        (0, "discover", asked),
        (900, "offer", lease),
        (1_400, "request", [*wanted, *asked]),
        (2_100, "ack", lease),
    )  # fmt: skip
    for after, kind, options in steps:
        reply = kind in ("offer", "ack")
        dhcp = DHCP(options=[("message-type", kind), *options, "end"])
        head = BOOTP(op=2 if reply else 1, chaddr=mac, xid=0x5EA7, yiaddr=INTRUDER.ip if reply else "0.0.0.0")  # noqa: S104
        src = SWITCH.ip if reply else "0.0.0.0"  # noqa: S104
        ports = UDP(sport=67, dport=68) if reply else UDP(sport=68, dport=67)
        ether = Ether(src=SWITCH.mac if reply else INTRUDER.mac, dst=BROADCAST)
        wire.at(us + after, ether / IP(src=src, dst="255.255.255.255", id=after) / ports / head / dhcp)


def everyone() -> tuple[Actor, ...]:
    """All who are there before the intruder comes."""
    return tuple(a for a in CAST if a is not INTRUDER)
