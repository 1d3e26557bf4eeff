"""Build the demo plant's capture."""

from __future__ import annotations

from pathlib import Path

from sentinel.errors import UserError

SECONDS = 600
"""Length of the capture: ten minutes of a Monday morning."""


def build(path: Path) -> int:
    """Write the capture, the same bytes every time. Returns the number of frames.

    Raises `UserError` without scapy, and if the file cannot be written.
    """
    try:
        import scapy.config
    except ModuleNotFoundError:
        raise UserError("the demo plant is made with scapy: pip install 'sentinel[craft]'") from None
    scapy.config.conf.verb = 0
    from sentinel.demo.scenes import attack, camera, network, polling, profinet
    from sentinel.demo.wire import Wire

    wire = Wire()
    network.resolution(wire)
    network.announcements(wire, SECONDS)
    network.clocks(wire, SECONDS)
    network.management(wire)
    profinet.discovery(wire)
    polling.modbus(wire, SECONDS)
    polling.s7(wire, SECONDS)
    polling.engineering(wire)
    polling.meter(wire, SECONDS)
    camera.stream(wire, 21 * 1_000_000)
    attack.run(wire)
    try:
        return wire.write(path)
    except OSError as error:
        raise UserError(f"{path}: cannot be written: {error.strerror}") from None
