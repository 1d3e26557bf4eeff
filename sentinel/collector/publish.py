"""What a daemon tells of itself, as metrics and health."""

from __future__ import annotations

from typing import Any

from sentinel.collector.metrics import Metrics

TROUBLES = ("stage", "store", "interfaces", "queues", "spool")
"""Kinds of trouble this tells; each is taken back when it is over."""


def publish(told: dict[str, Any], metrics: Metrics) -> None:
    """Set every metric to what `Status.take` told."""
    ports: dict[str, Any] = told["interfaces"]
    logs: dict[str, Any] = told["logs"]
    inventory: dict[str, Any] = told["inventory"]
    detection: dict[str, int] = told["detection"]
    spool: dict[str, Any] = told["store"]["spool"] or {}
    dropped = {
        "kernel": sum(port.get("kernel_drops", 0) for port in ports.values()),
        **{f"shed-{reason}": count for reason, count in told["shed"].items()},
        "expired": told["expired"],
        "refused": told["refused"],
        "late": detection.get("late_events", 0),
        "alerts-of-a-rule": detection.get("dropped_alerts", 0),
        **{f"limit-{name}": count for name, count in inventory.get("limits", {}).items()},
    }
    metrics.update(
        packets={name: port.get("packets", 0) for name, port in ports.items()},
        bytes={name: port.get("bytes", 0) for name, port in ports.items()},
        dropped=dropped,
        log_lines={name: log.get("lines", 0) for name, log in logs.items()},
        log_bad_lines={name: log.get("bad", 0) for name, log in logs.items()},
        log_lag_bytes={name: log.get("lag", 0) for name, log in logs.items()},
        parse_errors=inventory.get("parse_errors", {}),
        events=told["events"],
        queue_events={name: line["events"] for name, line in told["queues"].items()},
        queue_limit_events={name: line["most"] for name, line in told["queues"].items()},
        lag_seconds=told["lag_seconds"] or 0.0,
        rule_hits=told["rules"],
        alerts=told["alerts"],
        assets=inventory.get("totals", {}).get("assets", 0),
        stored={"event": told["stored"]},
        spool_bytes=spool.get("bytes", 0),
        spool_records=spool.get("records", 0),
        forwarded={name: to.get("sent", 0) for name, to in told["forward"].items()},
        forward_failures={name: to.get("dropped", 0) for name, to in told["forward"].items()},
        forward_waiting={name: to.get("waiting", 0) for name, to in told["forward"].items()},
        checkpoint_bytes=told["checkpoint"]["bytes"],
        certificate_end_seconds=told["certificates"],
    )
    for seconds in told["store_seconds"]:
        metrics.took(seconds)
    for what in TROUBLES:
        reasons = [reason for kind, reason in told["troubles"] if kind == what]
        if reasons:
            metrics.trouble(what, "; ".join(reasons), failing=what in ("stage", "store"))
        else:
            metrics.well(what)
    metrics.alive()
