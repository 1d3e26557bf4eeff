"""Alerts of red teams whose right answer is known: CPTC-2017, each team one story.

The measure: purity is the share of alerts that stand in a chain of their own team, over all chains; recall
of the best chain is the share of a team's alerts in the one chain that has most of them, averaged over teams.
"""

from __future__ import annotations

import gzip
import json
import random
import re
from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass
from functools import cache
from ipaddress import ip_address
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

from sentinel import _native

ROOT = Path(__file__).resolve().parent.parent
FOLDER = ROOT.parent / "shared" / "alerts" / "cptc-2017"
Row = dict[str, Any]
SHARED = ("10.250.0.1", "198.51.100.1")
"""Hosts of no team that all teams use in the stream with shared ones."""


@dataclass(frozen=True, slots=True)
class Stream:
    """Alert documents by time, the team of each address, and how many alerts each team has."""

    alerts: list[bytes]
    eve: list[bytes]
    team: dict[str, int]
    total: Counter[int]


@cache
def _rows(folder: Path) -> list[tuple[int, Row]]:
    rows = []
    for path in sorted(folder.glob("*.gz")):
        number = re.search(r"Team(\d+)", path.name)
        team = int(number[1]) if number else 0
        for entry in json.loads(gzip.decompress(path.read_bytes())):
            raw = entry.get("result", {}).get("_raw")
            if raw:
                rows.append((team, json.loads(raw)))
    return rows


def stream(
    folder: Path = FOLDER,
    *,
    seed: int = 0,
    benign: int = 0,
    keep: float = 1.0,
    days: float = 0.0,
    shared: int = 0,
) -> Stream:
    """All teams as one stream. Each private address of a team becomes a random one; `seed` 0 gives every
    team a network of its own. `benign` alerts are laid over the same hosts, `keep` is the share of the
    teams' alerts that is left, `days` are between the beginnings of two teams. `shared` alerts go from
    hosts of all teams to two that all use, one inside and one outside: half are medium, half low."""
    dice = random.Random(seed)
    places: dict[tuple[int, str], str] = {}
    used: set[str] = set()

    def place(team: int, address: str) -> str:
        if not ip_address(address).is_private:
            return address
        if (team, address) not in places:
            third, fourth = address.split(".")[2:]
            new = f"10.{100 + team}.{third}.{fourth}"
            while seed or new in used:
                new = f"10.{dice.randrange(256)}.{dice.randrange(256)}.{dice.randrange(1, 255)}"
                if new not in used:
                    break
            used.add(new)
            places[team, address] = new
        return places[team, address]

    rows: list[tuple[str, Row]] = []
    total: Counter[int] = Counter()
    order = sorted({team for team, _ in _rows(folder)})
    for team, row in _rows(folder):
        if keep < 1 and dice.random() >= keep:
            continue
        moved = {side: place(team, row[side]) for side in ("src_ip", "dest_ip")}
        time = row["timestamp"]
        if days:
            shift = int(order.index(team) * days)
            time = time.replace("2017-11-04", f"2017-11-{4 + shift:02}").replace(
                "2017-11-05", f"2017-11-{5 + shift:02}"
            )
        rows.append((time, row | moved | {"timestamp": time}))
        if any((team, row[side]) in places for side in moved):
            total[team] += 1
    hosts = sorted(used)
    owner = {new: team for (team, _), new in places.items()}
    for n in range(benign):
        time, _ = rows[dice.randrange(len(rows))]
        rows.append((time, {
            "timestamp": time, "event_type": "alert", "src_ip": dice.choice(hosts), "src_port": 40_000 + n,
            "dest_ip": dice.choice(hosts), "dest_port": 123, "proto": "UDP",
            "alert": {"signature_id": 9_000_000 + n % 7, "signature": f"BENIGN clock query {n % 7}",
                      "category": "Not Suspicious Traffic", "severity": 3},
        }))  # fmt: skip
    for n in range(shared):
        time, _ = rows[dice.randrange(len(rows))]
        service, level = (SHARED[n % 2], 2 + n // 2 % 2)
        host = dice.choice(hosts)
        total[owner[host]] += 1
        said = f"ET SCAN Potential VNC Scan 590{level}"
        rows.append((time, {
            "timestamp": time, "event_type": "alert", "src_ip": host, "src_port": 40_000 + n,
            "dest_ip": service, "dest_port": 443, "proto": "TCP",
            "alert": {"signature_id": 9_100_000 + level, "signature": said,
                      "category": "Attempted Information Leak", "severity": level},
        }))  # fmt: skip
    rows.sort(key=lambda entry: entry[0])
    eve = [json.dumps(row, separators=(",", ":")).encode() for _, row in rows]
    alerts = documents(eve)
    return Stream(alerts, eve, {new: team for (team, _), new in places.items()}, total)


def score(chains: Iterable[Row], stream: Stream) -> Row:
    """Purity, recall of the best chain, chains per team and what else tells whether they are good."""
    alike = everything = benign = chains_count = 0
    best: Counter[int] = Counter()
    count: Counter[int] = Counter()
    steps, told = [], []
    for chain in chains:
        teams: Counter[int] = Counter()
        for step in chain["steps"]:
            if "BENIGN" in step["rule"]:
                benign += step["count"]
                continue
            ends = (stream.team.get(step.get(side, "")) for side in ("source", "destination"))
            if (team := next((t for t in ends if t), None)) is not None:
                teams[team] += step["count"]
        chains_count += 1
        steps.append(len(chain["steps"]))
        told.append(len(chain["path"]))
        if teams:
            team, most = teams.most_common(1)[0]
            alike, everything = alike + most, everything + sum(teams.values())
            best[team] = max(best[team], most)
            count[team] += 1
    total = stream.total
    return {
        "purity": round(alike / max(1, everything), 4),
        "recall": round(sum(best[t] / total[t] for t in total) / max(1, len(total)), 4),
        "chains": chains_count,
        "per_team": dict(sorted(count.items())),
        "steps": sorted(steps)[len(steps) // 2] if steps else 0,
        "path": sorted(told)[len(told) // 2] if told else 0,
        "reduction": round(1 - chains_count / max(1, sum(total.values())), 5),
        "benign_joined": benign,
    }


def documents(eve: list[bytes]) -> list[bytes]:
    """Lines of EVE as alert documents, by the program's own reader of logs."""
    with TemporaryDirectory(prefix="sentinel-bench-") as folder:
        path = Path(folder) / "eve.json"
        path.write_bytes(b"\n".join(eve) + b"\n")
        logs = _native.Logs([path], sha256=False)
        out: list[bytes] = []
        done = False
        while not done:
            done = logs.step(1.0)
            out += logs.events().ndjson().splitlines()
    return [line for line in out if b'"event.kind":"alert"' in line]
