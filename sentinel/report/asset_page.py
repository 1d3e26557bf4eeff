"""One asset as a page on a terminal: who it is, what it offers, why it is taken for what it is."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from pathlib import PurePath

from rich.console import Group, RenderableType
from rich.table import Table
from rich.text import Text

from sentinel.report.document import Record
from sentinel.report.findings import address, what
from sentinel.report.listing import NO_BOX, moment, table
from sentinel.report.table import STYLES, safe

IDENTITY = (
    "type", "level", "vendor", "product", "model", "firmware", "hardware", "serial", "os", "location", "site",
)  # fmt: skip
EVIDENCE = 4
"""Pieces of evidence shown under a role or exposure; with `evidence` all of them."""

LONGEST = 200
"""Characters of a captured value."""


CERTIFICATE_STYLES = {"revoked": "red", "held": "yellow", "expired": "red"}

PACKETS = 20
"""Places of kept packets that are shown, the newest."""


def page(
    asset: Record,
    *,
    evidence: bool = False,
    packets: Sequence[tuple[str, str]] = (),
    certificates: Sequence[Record] = (),
) -> RenderableType:
    """The page. With `evidence` every fact with the capture and frame it was read from; `packets` are
    (what they prove, where they are), `certificates` those a CA knows of it."""
    parts: list[RenderableType] = [_head(asset), _identity(asset)]
    for title, body in (
        ("Services", _services(asset)),
        ("Certificates", _certificates(certificates) if certificates else None),
        ("Taken for", _because(asset["roles"], _role, evidence=evidence)),
        ("Operating system", _because(asset.get("systems", []), _system, evidence=evidence)),
        ("Exposures", _because(asset["exposures"], _exposure, evidence=evidence)),
        ("Facts", _facts(asset) if evidence else None),
        ("Packets", _packets(packets) if packets else None),
    ):
        if body is not None:
            parts += ["", Text(title, "bold"), body]
    if not evidence and asset["facts"]:
        parts += ["", Text(f"{len(asset['facts'])} facts behind this (--evidence shows them)", "dim")]
    return Group(*parts)


def _head(asset: Record) -> Text:
    name = asset.get("name") or next(iter(asset["hostnames"]), None)
    line = Text.assemble((address(asset), "bold"), "  ", safe(what(asset), 80))
    return line.append("  ").append(safe(name, 60)) if name else line


def _identity(asset: Record) -> Table:
    out = Table(box=NO_BOX, show_header=False, pad_edge=False)
    out.add_column(style="dim")
    out.add_column(overflow="fold")

    def row(label: str, value: object) -> None:
        if value not in (None, "", []):
            out.add_row(label, safe(value, LONGEST))

    row("id", asset["id"])
    row("formerly", ", ".join(asset["aliases"]))
    row("MAC", ", ".join(asset["mac"]))
    row("IP", ", ".join(asset["ip"]))
    row("VLAN", ", ".join(map(str, asset.get("vlan", ()))))
    row("hostnames", ", ".join(asset["hostnames"]))
    for other in asset["other"]:
        row(str(other["kind"]), other["value"])
    for key in IDENTITY:
        value = asset.get(key)
        row(key, f"{value:g}" if isinstance(value, float) else value)
    row("client of", ", ".join(asset["clients"]))
    if asset.get("first") and asset.get("last"):
        row("seen", f"{moment(asset['first'])} to {moment(asset['last'])} UTC")
    row("traffic", f"{asset['packets']:,} packets, {asset['bytes']:,} bytes")
    return out


def _packets(places: Sequence[tuple[str, str]]) -> Table:
    out = Table(box=NO_BOX, show_header=False, pad_edge=False)
    out.add_column(overflow="fold")
    for comment, place in places[-PACKETS:]:
        out.add_row(safe(comment, LONGEST))
        out.add_row(Text("  evidence: ", "dim").append(safe(place, 4 * LONGEST)))
    if len(places) > PACKETS:
        out.add_row(Text(f"{len(places) - PACKETS} earlier ones (--format json has all)", "dim"))
    return out


def _services(asset: Record) -> Table | None:
    out = table("port", "protocol", "product", "version", "times", "last")
    for s in asset["services"]:
        port = f"{s['transport']}/{s['port']}" if s.get("port") is not None else s["transport"]
        out.add_row(
            port,
            safe(s["protocol"] or "not recognised"),
            safe(s.get("product") or "", LONGEST),
            safe(s.get("version") or "", LONGEST),
            f"{s['count']:,}",
            moment(s["last"]),
        )
    return out if asset["services"] else None


def _certificates(certificates: Sequence[Record]) -> Table:
    out = table("serial", "subject", "profile", "state", "until", "presented on")
    for c in certificates:
        out.add_row(
            str(c["serial"]),
            safe(c["subject"], LONGEST),
            safe(c["profile"]),
            Text(str(c["state"]), CERTIFICATE_STYLES.get(str(c["state"]), "")),
            str(c["not_after"])[:10],
            ", ".join(c["presented"]) or "not seen",
        )
    return out


def _role(role: Record) -> tuple[Text, list[Record]]:
    return Text.assemble(safe(role["role"]), (f" (score {role['score']:g})", "dim")), role.get("because", [])


def _system(system: Record) -> tuple[Text, list[Record]]:
    sure = f" ({system['confidence']:.0%} sure)"
    return Text.assemble(safe(system["os"], LONGEST), (sure, "dim")), system.get("because", [])


def _exposure(exposure: Record) -> tuple[Text, list[Record]]:
    severity = str(exposure["severity"])
    line = Text.assemble((severity, STYLES.get(severity, "")), " ", safe(exposure["title"], LONGEST))
    return line.append(f" ({exposure['kind']})", "dim"), exposure.get("evidence", [])


def _because(
    records: list[Record], said: Callable[[Record], tuple[Text, list[Record]]], *, evidence: bool
) -> RenderableType | None:
    lines: list[RenderableType] = []
    for record in records:
        text, because = said(record)
        lines.append(Text.assemble("  ", text))
        shown = because if evidence else because[:EVIDENCE]
        lines += [Text.assemble("      ", (line, "dim")) for line in map(_line, shown)]
        if len(because) > len(shown):
            lines.append(Text(f"      … and {len(because) - len(shown)} more", "dim"))
    return Group(*lines) if lines else None


def _line(evidence: Record) -> str:
    return safe("  ".join(_parts(evidence)), 300).plain


def _parts(evidence: Record) -> Iterator[str]:
    if evidence.get("text"):
        yield str(evidence["text"])
    field = " ".join(str(evidence[key]) for key in ("protocol", "field") if evidence.get(key))
    if evidence.get("value") is not None:
        yield f"{field} = {evidence['value']}" if field else str(evidence["value"])
    elif field:
        yield field
    if place := _place(evidence):
        yield f"({place})"


def _place(record: Record) -> str:
    if record.get("frame") is None:
        return ""
    source = PurePath(str(record.get("source") or "")).name
    return f"frame {record['frame']}" + (f" of {source}" if source else "")


def _facts(asset: Record) -> Table | None:
    out = table("fact", "value", "read from", "said by", "times", "where")
    for f in asset["facts"]:
        out.add_row(
            safe(f["name"]),
            safe(f["value"], LONGEST),
            safe(f"{f['protocol']} {f['field']}", LONGEST),
            "itself" if f["by"] == "self" else "another",
            f"{f['count']:,}",
            safe(_place(f), LONGEST),
        )
    return out if asset["facts"] else None
