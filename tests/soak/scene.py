"""A daemon at work: packets on a cable, logs that are written, and the books of what was sent and seen."""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Mapping
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from sentinel._native import Logs
from sentinel.config.sections import ElasticSettings, Settings
from sentinel.store import open_store
from tests.soak.cable import Cable
from tests.soak.daemon import Daemon
from tests.soak.writers import Writers

SETTLED = 240.0
"""Seconds until all that was sent is stored, at most."""


class Scene:
    """One daemon with a cable and logs. `settings` are sections beside those that are set here."""

    def __init__(
        self,
        folder: Path,
        cable: Cable,
        capture: Path,
        url: str,
        settings: Mapping[str, Mapping[str, Any]] | None = None,
        environment: Mapping[str, str] | None = None,
    ) -> None:
        self.folder, self.cable, self.capture, self.url = folder, cable, capture, url
        self.writers = Writers(folder / "logs")
        more = settings or {}
        collect = {
            "sensor": "soak", "interfaces": [cable.port], "logs": self.writers.paths, "lateness": 1,
            "checkpoint": 1, "ring": 16, **more.get("collect", {}),
        }  # fmt: skip
        self.daemon = Daemon(
            folder / "daemon", {**more, "collect": collect, "store": {"url": url, "part": "day"}}
        )
        self.elastic = ElasticSettings.model_validate(dict(more.get("elastic", {})))
        self.sent = self.counted = self.missed = self.dropped = 0
        """Packets that came out of the cable; that daemons counted in all; while none listened; that the
        kernel had no room for."""
        self.faults: Counter[str] = Counter()
        self.times: dict[str, str] = {}
        self.when: list[str] = []
        self.seen: set[str] = set()
        """Ids of events that readers saw in the store before some fault: they are acknowledged."""

    # --- work -----------------------------------------------------------------------------------------

    def start(self) -> None:
        """Have the daemon listen."""
        self.daemon.start()

    def replay(self, *options: str) -> int:
        """Send the capture once. While no daemon runs, its packets are missed, which is known."""
        passed = self.cable.replay(self.capture, *(options or ("--pps=4000",)))
        self.sent += passed
        if self.daemon.process is None:
            self.missed += passed
        return passed

    def round(self, lines: int = 20) -> None:
        """Packets and lines, the same every time, until all are through."""
        self.writers.write(lines)
        self.replay()
        self.settle()

    def interface(self) -> dict[str, Any]:
        """What this run counted of the cable."""
        found: dict[str, Any] = self.daemon.status().get("interfaces", {}).get(self.cable.port, {})
        return found

    def settle(self) -> None:
        """Until every packet sent since the start was counted and all queues are empty."""
        due = self.sent - self.counted - self.missed - self.dropped

        def through() -> bool:
            told, port = self.daemon.status(), self.interface()
            here = port.get("packets", 0) + port.get("kernel_drops", 0)
            if not told or here < due or told["log_lag_bytes"]:
                return False
            return not any(line["events"] for line in told["queues"].values())

        self.daemon.until(through, SETTLED)
        port = self.interface()
        assert port["packets"] + port["kernel_drops"] == due

    def checked(self) -> None:
        """Until a checkpoint that began after now was taken: two have been."""
        number = self.daemon.status().get("checkpoint", {}).get("number", 0)
        self.daemon.until(lambda: self.daemon.status().get("checkpoint", {}).get("number", 0) >= number + 2)

    def over(self) -> None:
        """Take a run of the daemon into the books; it must have settled."""
        port = self.interface()
        self.counted += port["packets"]
        self.dropped += port["kernel_drops"]

    # --- what is kept ---------------------------------------------------------------------------------

    def stored(self) -> list[str]:
        """Ids of all events in the store, seen by a reader of its own."""
        store = open_store(self.url, settings=Settings(elastic=self.elastic))
        try:
            return [str(event["event.id"]) for event in store.search()]
        finally:
            store.close()

    def look(self, fault: str) -> None:
        """Note what is acknowledged just before a fault."""
        self.faults[fault] += 1
        self.when.append(f"{fault} {datetime.now(UTC):%H:%M:%S}")
        self.seen.update(self.stored())

    def kept(self) -> None:
        """Until every line is in the store: the rules hold events back for as long as earlier ones may come."""
        wanted = self.scanned().keys()
        self.daemon.until(lambda: wanted <= set(self.stored()))

    def scanned(self) -> Counter[str]:
        """Ids of events that a scan of all logs gives, the rotated ones too; `times` has when each was."""
        logs = Logs([path for path in self.writers.files() if path.stat().st_size], sha256=False)
        found: Counter[str] = Counter()
        over = False
        while not over:
            over = logs.step(1.0)
            for line in logs.events().ndjson().splitlines():
                event = json.loads(line)
                found[event["event.id"]] += 1
                self.times[event["event.id"]] = f"{event['@timestamp']} {event['sentinel.source']}"
        return found

    def audit(self) -> dict[str, int]:
        """Every acknowledged event is there exactly once, every line of a log has its event, every packet is
        accounted for. Returns the figures."""
        stored = Counter(self.stored())
        twice = [id for id, times in stored.items() if times > 1]
        assert not twice, f"{len(twice)} events are stored more than once"
        wanted = self.scanned()
        assert wanted.total() == self.writers.lines == len(wanted)
        missing = [id for id in wanted if id not in stored]
        told = sorted(self.times[id] for id in missing)
        assert not missing, (
            f"{len(told)} of {len(wanted)} lines have no event: {told[:3]} to {told[-3:]}; faults: {self.when}"
        )
        lost = self.seen - stored.keys()
        assert not lost, f"{len(lost)} events that were acknowledged are gone"
        assert self.sent == self.counted + self.missed + self.dropped
        return {
            "events": len(stored),
            "lines": len(wanted),
            "seen before faults": len(self.seen),
            "packets sent": self.sent,
            "packets counted": self.counted,
            "packets while none listened": self.missed,
            "packets dropped by the kernel": self.dropped,
        }

    def close(self) -> None:
        """End everything."""
        self.writers.close()
        self.daemon.close()
