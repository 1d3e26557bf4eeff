"""The certificates that the CA knows of an asset of the monitor, and whether the asset shows them."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from sentinel.ca.register import Certificate
    from sentinel.report.document import Record

MOST = 50
"""Certificates of an asset that are looked up."""


def of_asset(asset: Record) -> list[dict[str, Any]] | None:
    """The certificates of an asset, the newest first: those that name its id, serial number, a MAC address
    or a host name, and those that it shows. None where no CA is set (`ca.dir`).

    Each is what `ca list` gives, and `presented`: the services (`tcp/443`) that show it on the wire.
    """
    from sentinel.config import load

    folder = load().settings.ca.dir
    if folder is None:
        return None
    from sentinel.ca.authority import REGISTER
    from sentinel.ca.register import Register

    shown = presented(asset)
    with Register.open(folder / REGISTER, readonly=True) as register:
        found = {one.serial: one for one in register.by_asset(*words(asset), limit=MOST)}
        for digest in list(shown)[:MOST]:
            one = register.by_fingerprint(digest)
            if one is not None:
                found.setdefault(one.serial, one)
    newest = sorted(found.values(), key=lambda one: (one.not_before, one.serial), reverse=True)
    return [document(one, shown) for one in newest]


def document(one: Certificate, shown: dict[str, list[str]]) -> dict[str, Any]:
    return {**one.document(), "presented": shown.get(one.sha256, [])}


def words(asset: Record) -> list[str]:
    """What a certificate may know an asset by. Not its IP addresses, which pass to others."""
    given = (asset["id"], *asset["aliases"], asset.get("serial"), *asset["mac"], *asset["hostnames"])
    return [str(word) for word in (*given, asset.get("name")) if word]


def presented(asset: Record) -> dict[str, list[str]]:
    """SHA-256 of each certificate that a service of an asset showed, and the services."""
    out: dict[str, list[str]] = {}
    for service in asset["services"]:
        port = service.get("port")
        place = service["transport"] if port is None else f"{service['transport']}/{port}"
        value = (service.get("tls") or {}).get("sha256")
        for digest in value if isinstance(value, list) else [value]:
            if isinstance(digest, str):
                out.setdefault(digest.lower(), []).append(place)
    return out
