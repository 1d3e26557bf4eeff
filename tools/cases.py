"""Writes the events beside the rules of the packs: `python -m tools.cases [--corpus] [RULE...]`.

Scenes of tests/craft and the demo plant are made, read by the pipeline with events on, and met by all
rules; with `--corpus` also the evaluation captures. For each rule that fires, the events that are its
evidence become a case that matches, and events of the same kind that are not, one that does not.
What no scene shows can be added by hand as a variation (`"from": "varied: ..."`): cases made by hand
are kept.
"""

from __future__ import annotations

import argparse
import json
import sys
import tempfile
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from sentinel import pipeline
from sentinel.rules.cases import beside, fires, read
from sentinel.rules.loader import documents, packs_folder, rule_paths
from sentinel.rules.zones import load

ROOT = Path(__file__).resolve().parent.parent
MOST = 400
"""Events of a case at most: the evidence of a correlation, and no more."""

LARGEST = 60_000_000
"""Bytes of a capture at most."""

VOLATILE = ("sentinel.source",)


def sources(corpus: bool) -> Iterator[tuple[str, list[Path], Path | None]]:
    """(command, captures, zones file) of each scene and capture."""
    from sentinel.demo.plant import build

    folder = Path(tempfile.mkdtemp(prefix="sentinel-cases-"))
    plant = folder / "plant.pcap"
    build(plant)
    yield "sentinel demo", [plant], None
    from tests.craft import SCENES

    for name, scene in SCENES.items():
        made = folder / f"{name}.pcap"
        zones = scene.build(made)
        yield f"scene {name} of tests/craft", [made], zones
    if corpus:
        captures = ROOT.parent / "shared" / "captures"
        found = [p for p in captures.rglob("*.pcap*") if p.suffix in (".pcap", ".pcapng")]
        for path in sorted(found, key=lambda p: (p.stat().st_size, p)):
            if path.stat().st_size <= LARGEST:
                yield f"sentinel scan {path.relative_to(captures)}", [path], None


def scanned(files: list[Path], zones: Path | None) -> tuple[list[dict[str, Any]], list[dict[str, Any]]]:
    """Events and alerts of captures."""
    events: list[dict[str, Any]] = []
    options = pipeline.Options(events="notable", packs=True, zones=load(zones) if zones else None)
    result = pipeline.scan(
        [str(path) for path in files],
        options,
        on_events=lambda batch: events.extend(map(json.loads, batch.ndjson().splitlines())),
    )
    return events, [json.loads(alert) for alert in result.alerts]


def case(command: str, match: bool, events: list[dict[str, Any]]) -> str:
    """A line of a case file."""
    shown = [{k: v for k, v in e.items() if k not in VOLATILE} for e in events]
    return json.dumps({"match": match, "from": command, "events": shown}, ensure_ascii=False)


def main() -> None:
    """Make the cases."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--corpus", action="store_true")
    parser.add_argument("--minutes", type=float, default=1e9, help="stop looking after so long")
    parser.add_argument("rules", nargs="*")
    asked = parser.parse_args()
    wanted: dict[str, Path] = {}
    for path in rule_paths(packs_folder()):
        if asked.rules and path.stem not in asked.rules:
            continue
        for document in documents(path.read_bytes()):
            if "tags" in document:
                wanted[str(document["id"])] = path
    matching: dict[str, str] = {}
    other: dict[str, str] = {}
    begun = time.monotonic()
    for command, files, zones in sources(asked.corpus):
        complete = len(matching) == len(wanted) and len(other) == len(wanted)
        if complete or time.monotonic() - begun > asked.minutes * 60:
            break
        try:
            events, alerts = scanned(files, zones)
        except Exception as error:  # noqa: BLE001 - a capture that cannot be read gives no case
            sys.stderr.write(f"{command}: {error}\n")
            continue
        by_id = {e["event.id"]: e for e in events}
        for alert in alerts:
            rule = str(alert["rule.id"])
            if rule not in wanted or rule in matching:
                continue
            evidence = [by_id[i] for i in alert.get("sentinel.evidence", ()) if i in by_id][:MOST]
            pack = [(str(p), p.read_bytes()) for p in [wanted[rule]]]
            if not evidence or rule not in fires(pack, evidence):
                continue
            matching[rule] = case(command, True, evidence)
            kinds = {e.get("event.dataset") for e in evidence}
            used = {e["event.id"] for e in evidence}
            rest = [e for e in events if e["event.id"] not in used and e.get("event.dataset") in kinds]
            for one in rest[:40] or [e for e in events if e["event.id"] not in used][:40]:
                if rule not in fires(pack, [one]):
                    other[rule] = case(command, False, [one])
                    break
        sys.stderr.write(f"{command}: {len(events)} events, {len(alerts)} alerts; {len(matching)} rules\n")
    for rule, path in wanted.items():
        file = beside(path)
        kept = []
        if file.is_file():
            made = [c for c in read(file) if not isinstance(c, str)]
            kept = [case(c.made, c.match, c.events) for c in made if c.made.startswith("varied")]
            if rule not in matching:
                kept = [case(c.made, c.match, c.events) for c in made]
        lines = [line for line in (matching.get(rule), other.get(rule)) if line] + kept
        if lines:
            file.write_text("\n".join(lines) + "\n", encoding="utf-8")
    left = sorted(path.stem for rule, path in wanted.items() if rule not in matching)
    sys.stderr.write(f"{len(matching)} of {len(wanted)} rules fired; not: {' '.join(left)}\n")


if __name__ == "__main__":
    main()
