"""Which asset has which address: alerts of packets name addresses, chains are told over assets."""

from __future__ import annotations

from collections.abc import Iterable
from ipaddress import ip_address, ip_network
from typing import TYPE_CHECKING

import msgspec

if TYPE_CHECKING:
    from sentinel._native import Inventory


class _Held(msgspec.Struct, gc=False):
    id: str
    ip: list[str] = []
    mac: list[str] = []


class _Ends(msgspec.Struct, gc=False):
    source: str | None = msgspec.field(name="source.ip", default=None)
    source_mac: str | None = msgspec.field(name="source.mac", default=None)
    source_asset: str | None = msgspec.field(name="source.asset", default=None)
    destination: str | None = msgspec.field(name="destination.ip", default=None)
    destination_mac: str | None = msgspec.field(name="destination.mac", default=None)
    destination_asset: str | None = msgspec.field(name="destination.asset", default=None)


class Owners:
    """Which asset has which address, to be put into alerts that do not say it.

    Addresses of the Internet that are in no network of the organisation have none: the inventory may hold
    them as the addresses of the router they came by, and two stories would meet there.
    """

    def __init__(self, inventory: Inventory, networks: Iterable[str] = ()) -> None:
        own = [ip_network(network) for network in networks]

        held = msgspec.json.Decoder(_Held).decode
        self._ends = msgspec.json.Decoder(_Ends).decode
        self._of: dict[str, str] = {}
        for document in inventory.records("asset"):
            asset = held(document)
            for address in asset.ip:
                ip = ip_address(address)
                if not ip.is_global or any(ip in network for network in own):
                    self._of.setdefault(address, asset.id)
            for address in asset.mac:
                self._of.setdefault(address, asset.id)

    def named(self, alert: bytes) -> bytes:
        """The alert with the assets of its ends, where they are known and it does not name them."""
        ends = self._ends(alert)
        more = b""
        for side, asset, ip, mac in (
            ("source", ends.source_asset, ends.source, ends.source_mac),
            ("destination", ends.destination_asset, ends.destination, ends.destination_mac),
        ):
            owner = None if asset else self._of.get(ip or mac or "")
            if owner:
                more += f'"{side}.asset":"{owner}",'.encode()
        return b"{" + more + alert.lstrip()[1:] if more else alert
