"""What to look at first: the outcome of a scan as ranked sentences.

Order: what was done to controllers (stopped, reprogrammed, reset) before what could be done to them,
a log-in that worked before one that did not, default secrets before short ones, the many before the
one. The rank is severity first, then how many frames show it.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import PurePath

from sentinel.model import SEVERITIES
from sentinel.report.document import Document, Record

GRAVE = {
    "stop": ("critical", "stopped"),
    "factory-reset": ("critical", "reset to factory settings"),
    "firmware": ("critical", "sent firmware to"),
    "download": ("critical", "downloaded a program to"),
    "restart": ("high", "restarted"),
    "start": ("high", "started"),
    "change-mode": ("high", "changed the mode of"),
    "force": ("high", "forced values on"),
    "disconnect-load": ("critical", "disconnected the load at"),
    "set-address": ("high", "changed the address of"),
    "set-name": ("medium", "renamed"),
    "set-time": ("medium", "set the clock of"),
    "upload": ("medium", "read the program of"),
    "file-write": ("medium", "wrote a file to"),
    "file-delete": ("high", "deleted a file on"),
    "clear": ("medium", "cleared counters or memory of"),
}
"""Actions on a device that a person wants to know of, with severity and words."""

OUTCOMES = {"refused": " (refused)", "no-answer": " (no answer)", "unknown": " (outcome not seen)"}


@dataclass(frozen=True, slots=True)
class Finding:
    """One sentence, how grave it is, and where its evidence stands."""

    severity: str
    text: str
    evidence: str = ""
    assets: tuple[str, ...] = field(default=())

    @property
    def rank(self) -> int:
        return SEVERITIES.index(self.severity)


def findings(document: Document, most: int = 12) -> list[Finding]:
    """The gravest findings first, `most` at most."""
    names = Names(document.assets)
    found = [*_done(document, names), *_secrets(document, names), *_exposed(document, names)]
    # many log-ins of one name with one password say the same: the first stands for all
    unique: dict[tuple[str, str], Finding] = {}
    for finding in found:
        unique.setdefault((finding.severity, finding.text), finding)
    return sorted(unique.values(), key=lambda f: -f.rank)[:most]


class Names:
    """How assets are called: name or address, with make and model where known."""

    def __init__(self, assets: list[Record]) -> None:
        self._by_id = {name: a for a in assets for name in (a["id"], *a.get("aliases", ()))}

    def of(self, end: Record) -> str:
        """An end of an operation, conversation or credential."""
        address = str(end.get("ip") or end.get("mac") or "?")
        asset = self._by_id.get(end.get("asset") or "")
        return f"{address} ({known})" if asset and (known := what(asset)) else address

    def asset(self, asset: Record) -> str:
        known = what(asset)
        return f"{address(asset)} ({known})" if known else address(asset)


def address(asset: Record) -> str:
    """The address a person knows a device by."""
    return str(next(iter([*asset.get("ip", ()), *asset.get("mac", ())]), asset["id"]))


def worst(asset: Record) -> str | None:
    """The gravest severity of an asset's exposures."""
    found = (e["severity"] for e in asset.get("exposures", ()) if e["severity"] in SEVERITIES)
    return max(found, key=SEVERITIES.index, default=None)


def interesting(assets: list[Record]) -> list[Record]:
    """Assets in the order a person wants them: the worst exposed, then what stands at the levels of
    supervision, control and process, then what else has a type; the given order within."""

    def place(asset: Record) -> tuple[int, bool, bool]:
        severity, level = worst(asset), asset.get("level")
        rank = SEVERITIES.index(severity) if severity else -1
        return -rank, level is None or level > 2, not asset.get("type")

    return sorted(assets, key=place)


def what(asset: Record) -> str:
    """Make and model, else type, else name."""
    made = [str(asset[key]) for key in ("vendor", "model") if asset.get(key)]
    if not asset.get("model") and asset.get("product"):
        made.append(str(asset["product"]))
    kind = str(asset.get("type") or "")
    return " ".join(made) or kind or str(asset.get("name") or "")


def _done(document: Document, names: Names) -> Iterator[Finding]:
    groups: dict[tuple[str, str, str, str], list[Record]] = defaultdict(list)
    for op in document.operations:
        if op["action"] in GRAVE:
            key = (op["action"], names.of(op["client"]), names.of(op["server"]), op["outcome"])
            groups[key].append(op)
    for (action, client, server, outcome), ops in groups.items():
        severity, words = GRAVE[action]
        if outcome in ("refused", "no-answer"):
            severity = SEVERITIES[max(SEVERITIES.index(severity) - 1, 1)]
        count = _times(ops)
        times = f", {count} times" if count > 1 else ""
        first = min(ops, key=lambda op: op["first"])
        text = f"{client} {words} {server}{OUTCOMES.get(outcome, '')}{times}"
        yield Finding(severity, text, _place(first), _assets(first["client"], first["server"]))


def _times(operations: list[Record]) -> int:
    """How often it was done: one download is several operations of different names."""
    by_name: dict[str, int] = defaultdict(int)
    for op in operations:
        by_name[op["name"]] += op["count"]
    return max(by_name.values())


def _secrets(document: Document, names: Names) -> Iterator[Finding]:
    guesses: dict[tuple[str, str, str], list[Record]] = defaultdict(list)
    shared: dict[str, list[Record]] = defaultdict(list)
    for c in document.credentials:
        weak = set(c["weaknesses"])
        if "reused" in weak and c["outcome"] != "failure" and c.get("secret_id"):
            shared[c["secret_id"]].append(c)
            continue
        user = f", user {c['username']}" if c.get("username") else ""
        where = f"{names.of(c['server'])} over {c['protocol']}"
        if c["outcome"] == "failure":
            guesses[names.of(c["client"]), where, ""].append(c)
            continue
        worked = " and it worked" if c["outcome"] == "success" else ""
        ends = _assets(c["server"])
        if (judged := _weak(c)) is not None:
            severity, words = judged
            yield Finding(severity, f"{where}: {words}{user}{worked}", _place(c), ends)
    yield from _shared(shared, names)
    for (client, where, _), tries in guesses.items():
        count = sum(c["count"] for c in tries)
        severity = "high" if count >= 3 else "low"
        text = f"{client} failed to log in {count} time{'s' if count > 1 else ''} at {where}"
        yield Finding(severity, text, _place(tries[0]), _assets(tries[0]["client"], tries[0]["server"]))


def _weak(c: Record) -> tuple[str, str] | None:
    """How grave a secret is and what is weak about it; None if nothing is."""
    weak = set(c["weaknesses"])
    # a line that was guessed stands for the password it was made of
    kind = "password" if "cracked" in weak and c["kind"] == "hash" else c["kind"]
    if weak & {"vendor-default", "default"}:
        grave = c["outcome"] == "success" and c["kind"] != "community"
        return "critical" if grave else "high", f"default {kind}"
    if weak & {"common", "same-as-user", "cracked"}:
        return "high", f"easily guessed {kind}"
    if "cleartext" in weak:
        return "medium", f"{kind} readable on the wire"
    return None


def _shared(groups: dict[str, list[Record]], names: Names) -> Iterator[Finding]:
    """One finding for each secret that is used on several devices, naming them all."""
    for records in groups.values():
        first = min(records, key=lambda c: (c["time"], c["frame"]))
        judged = [weak for c in records if (weak := _weak(c))]
        severity, words = max(judged, key=lambda j: SEVERITIES.index(j[0]), default=("medium", first["kind"]))
        where: dict[str, set[str]] = defaultdict(set)
        for c in records:
            where[names.of(c["server"])].add(c["protocol"])
        devices = [f"{name} over {', '.join(sorted(where[name]))}" for name in sorted(where)]
        listed = "; ".join(devices)
        users = sorted({c["username"] for c in records if c.get("username")})
        user = f", user {', '.join(users[:3])}" if users else ""
        worked = " and it worked" if any(c["outcome"] == "success" for c in records) else ""
        text = f"the same {words} on {len(where)} devices{user}{worked}: {listed}"
        assets = tuple(dict.fromkeys(a for c in records for a in _assets(c["server"])))
        yield Finding(severity, text, _place(first), assets)


def _exposed(document: Document, names: Names) -> Iterator[Finding]:
    told = {"cleartext-credentials", "default-password", "weak-password"}  # by the secrets themselves
    groups: dict[tuple[str, str, str], list[Record]] = defaultdict(list)
    for asset in document.assets:
        for exposure in asset.get("exposures", ()):
            if exposure["kind"] not in told:
                groups[exposure["severity"], exposure["kind"], exposure["title"]].append(asset)
    for (severity, _, title), assets in groups.items():
        shown = ", ".join(names.asset(a) for a in assets[:3])
        more = f" and {len(assets) - 3} more" if len(assets) > 3 else ""
        ids = tuple(a["id"] for a in assets)
        yield Finding(severity if severity in SEVERITIES else "low", f"{title}: {shown}{more}", "", ids)


def _place(record: Record) -> str:
    return (
        f"frame {record['frame']} of {PurePath(str(record['source'])).name}" if record.get("source") else ""
    )


def _assets(*ends: Record) -> tuple[str, ...]:
    return tuple(e["asset"] for e in ends if e.get("asset"))
