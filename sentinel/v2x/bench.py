"""Verification measured: traffic made and verified in Rust, OpenSSL beside it in the same run."""

from __future__ import annotations

import resource
import time
from dataclasses import dataclass
from typing import Any

from sentinel import _native
from sentinel.errors import UserError
from sentinel.v2x.payloads import bsm
from sentinel.v2x.yardstick import OpenSsl

STATIONS = 200
UNKNOWN = 65_535
"""secMark that says nothing (T/CSAE 53, DE_DSecond)."""


@dataclass(frozen=True, slots=True)
class Plan:
    """What is measured: see `sentinel v2x bench --help`."""

    algorithm: str = "sm2"
    mode: str = "known"
    seconds: float = 5.0
    rate: int | None = None
    flood: tuple[int, int] | None = None
    seed: int = 1


def run(plan: Plan) -> dict[str, Any]:
    """Run a plan. `rss_bytes` is the process's largest resident memory less the traffic made beforehand;
    `ratio` is to OpenSSL's rate, None without it."""
    now = time.time()
    try:
        yardstick = OpenSsl()
    except OSError:
        yardstick = None
    timed = plan.rate is not None or plan.mode == "flood"
    spent = _cpu()
    try:
        if yardstick is not None and timed:
            yardstick.slice(16)
        found = _native.v2x_bench(
            plan.algorithm,
            plan.mode,
            plan.seconds,
            int(now * 1e6),
            plan.seed,
            _payloads(),
            yardstick.slice if yardstick is not None else lambda: None,
            rate=plan.rate,
            flood=plan.flood,
        )
    except ValueError as error:
        raise UserError(f"v2x bench: {error}") from None
    finally:
        rate = yardstick.rate if yardstick is not None else None
        if yardstick is not None:
            yardstick.close()
    largest = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * 1024
    verified = found.pop("messages_per_s")
    return {
        "messages_per_s": verified,
        "bare_verify_per_s": found.pop("bare_verify_per_s"),
        "openssl_verify_per_s": rate,
        # where the clock sets the pace there is nothing to compare
        "ratio": verified / rate if rate and not timed else None,
        "p50_ms": found.pop("p50_ms"),
        "p99_ms": found.pop("p99_ms"),
        "p999_ms": found.pop("p999_ms"),
        "rss_bytes": largest - found.pop("traffic_bytes"),
        "cpu_s": _cpu() - spent,
        **found,
    }


def _cpu() -> float:
    spent = resource.getrusage(resource.RUSAGE_SELF)
    return spent.ru_utime + spent.ru_stime


def _payloads() -> list[bytes]:
    """What cars around a crossing send; without the second in the minute, as they are sent again."""
    made = []
    for number in range(STATIONS):
        payload = bsm(
            station=f"{number:016x}",
            counter=number % 128,
            generated=0.0,
            latitude=31.23 + (number % 20) * 1e-4,
            longitude=121.47 + (number // 20) * 1e-4,
            speed=number % 20,
            heading=(number * 90) % 360,
        )
        fields = _native.v2x_message_decode(payload, "bsm")
        made.append(_native.v2x_message_encode("bsm", {**fields, "secMark": UNKNOWN}))
    return made
