"""Captured text made fit for a file format, and names several formats share."""

from __future__ import annotations

import re
from typing import Any

Record = dict[str, Any]

# What XML 1.0 (section 2.2) does not allow, and what breaks a line of text.
_UNFIT = re.compile("[\x00-\x1f\x7f-\x9f\u2028\u2029\ud800-\udfff\ufffe\uffff]")


def plain(value: object) -> str:
    """One line of text that UTF-8 and XML can hold; what they cannot becomes U+FFFD."""
    return _UNFIT.sub("\ufffd", str(value))


def address(asset: Record) -> str:
    """The address an asset is known by: its current IP, else MAC, else its id."""
    return str(next(iter([*(asset.get("ip") or ()), *(asset.get("mac") or ())]), asset["id"]))


def service(record: Record) -> str:
    """A service in short: `modbus tcp/502`."""
    port = (
        f"{record.get('transport')}/{record['port']}" if record.get("port") else record.get("transport") or ""
    )
    return " ".join(part for part in (record.get("protocol"), port) if part)


def counts(counters: dict[str, int]) -> str:
    """Counters in short: `read=3; write=1`."""
    return "; ".join(f"{name}={n}" for name, n in counters.items())
