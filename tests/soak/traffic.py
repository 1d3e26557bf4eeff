"""The traffic of a soak: half a minute of the demo plant's polling, its network, and the attack on it."""

from __future__ import annotations

from pathlib import Path

SECONDS = 20


def mixed(path: Path) -> int:
    """Write it. Returns the number of frames. Needs scapy."""
    import scapy.config

    scapy.config.conf.verb = 0
    from sentinel.demo.scenes import attack, network, polling, profinet
    from sentinel.demo.wire import Wire

    wire = Wire()
    network.resolution(wire)
    network.announcements(wire, SECONDS)
    network.management(wire)
    profinet.discovery(wire)
    polling.modbus(wire, SECONDS)
    polling.s7(wire, SECONDS)
    polling.meter(wire, SECONDS)
    attack.run(wire)
    return wire.write(path)
