"""Routes, lanes and bounds, as the native server takes them."""

from __future__ import annotations

from typing import Any

LANES = ("status", "enrol", "acme", "api")
"""Each has a queue and a thread of its own."""

QUEUE = {"status": 2048, "enrol": 256, "acme": 256, "api": 512}
"""Requests that may wait in each."""

PATIENCE = 30.0
"""Seconds a request waits for its answer."""

_BODY = 64 * 1024
"""Octets of a request with a certificate request: RSA 8192 with 100 names is below 16 KiB."""

# path, methods, kind, lane, octets of a body, on the plain listener too, problem documents
_ROUTES = (
    ("/ocsp", ("POST",), "status", "status", 8192, True, False),
    ("/ocsp/", ("GET",), "status", "status", 8192, True, False),
    ("/crl/", ("GET", "HEAD"), "document", "status", 0, True, False),
    ("/.well-known/est/", ("GET", "POST"), "lane", "enrol", _BODY, False, False),
    ("/acme/", ("GET", "HEAD", "POST"), "lane", "acme", _BODY, False, True),
    ("/v1/", ("GET", "POST", "DELETE"), "lane", "api", _BODY, False, True),
)


def settings(
    listen: list[str],
    plain: list[str],
    *,
    rate: float,
    burst: float,
    connections: int,
    connections_per_address: int,
) -> dict[str, Any]:
    """Settings of `_native.HttpServer`. Rates are requests a second of one address in one lane, 0 is no
    bound."""
    routes = [
        {
            "path": path,
            "methods": list(methods),
            "kind": kind,
            "lane": LANES.index(lane),
            "body": body,
            "plain": on_plain,
            "problem": problem,
        }
        for path, methods, kind, lane, body, on_plain, problem in _ROUTES
    ]
    return {
        "tls": listen,
        "plain": plain,
        "routes": routes,
        "lanes": [
            {"name": name, "queue": QUEUE[name], "rate": rate, "burst": burst, "patience": PATIENCE}
            for name in LANES
        ],
        "threads": 1,
        "connections": connections,
        "connections_per_address": connections_per_address,
        "header_bytes": 16 * 1024,
        "header_time": 15.0,
        "body_time": 15.0,
        "stall_time": 30.0,
        "cache_entries": 100_000,
        "cache_bytes": 128 << 20,
        "documents": 64,
    }
