"""Cases for rules that no scene fires yet: `python -m tools.vary`.

A real event of the demo plant is taken and the fields a rule asks for are set in it; the case says so
(`"from": "varied: ..."`). Such a case shows that a rule means what it says, not that it was seen at work:
coverage does not count it, and `tools.cases` puts the real one beside it as soon as a scene gives it.
"""

from __future__ import annotations

import json
import sys
import tempfile
from pathlib import Path
from typing import Any

from sentinel.rules import loader
from sentinel.rules.cases import beside, fires, run
from sentinel.rules.loader import packs_folder, read, rule_paths
from tools.cases import scanned

Event = dict[str, Any]

OUTSIDE = "9.9.9.9"
"""An address of the Internet."""


def value(wanted: Any, modifiers: list[str]) -> Any:
    """A value that a condition accepts."""
    one = wanted[0] if isinstance(wanted, list) else wanted
    if "exists" in modifiers:
        return "1" if one else None
    if "contains" in modifiers:
        return [one] if isinstance(one, str) and one.isalpha() else f"a{one}b"
    if "endswith" in modifiers:
        return f"a{one}"
    if "startswith" in modifiers:
        return f"{one}a"
    if "re" in modifiers:
        return "/bins/mips"
    return one


def fitting(detection: dict[str, Any]) -> dict[str, Any]:
    """Fields that fulfil the selections of a detection."""
    condition = str(detection.get("condition", ""))
    selections = [
        item for name, item in detection.items() if name.startswith("selection") and isinstance(item, dict)
    ]
    if "all of" not in condition:
        selections = selections[:1]
    fields: dict[str, Any] = {}
    for selection in selections:
        for key, wanted in selection.items():
            name, *modifiers = str(key).split("|")
            fields[name] = value(wanted, modifiers)
    return {name: v for name, v in fields.items() if v is not None}


def shifted(event: Event, n: int, seconds: float) -> Event:
    """The event again, later, under another id."""
    head, tail = event["@timestamp"][:17], event["@timestamp"][26:]
    moved = f"{head}{(n * seconds) % 60:09.6f}{tail}"
    return event | {"@timestamp": moved, "event.id": f"{n + 1:032x}"}


def events(documents: list[dict[str, Any]], base: Event) -> list[Event]:
    """Events that a rule should fire on: one, or as many as its correlation counts."""
    detection = next(d["detection"] for d in documents if "detection" in d)
    source = next(d["logsource"] for d in documents if "logsource" in d)
    one = {k: v for k, v in base.items() if not k.startswith(("ot.", "http.", "url."))}
    if source.get("service"):
        one["event.dataset"] = f"sentinel.{source['service']}"
    one |= fitting(detection)
    far = {"outbound": "destination", "inbound": "source"}.get(str(one.get("network.direction")))
    if far:
        one[f"{far}.ip"] = OUTSIDE
        for name in (f"{far}.asset", f"{far}.mac"):
            one.pop(name, None)
    correlation = next((d["correlation"] for d in documents if "correlation" in d), None)
    if correlation is None:
        return [one]
    condition = correlation["condition"]
    count = int(condition.get("gte") or condition.get("gt", 0) + 1)
    out = []
    for n in range(count):
        event = shifted(one, n, min(0.4, 9.0 / count))
        counted = condition.get("field")
        if counted:
            wanted = detection.get("selection", {}).get(counted)
            event[counted] = (
                wanted[n % len(wanted)]
                if isinstance(wanted, list)
                else f"10.9.8.{n + 1}" if counted.endswith(".ip") else n + 1
                if not counted.endswith((".name", ".unit"))
                else f"v{n}"
            )  # fmt: skip
        for name in correlation.get("group-by", ()):
            event.setdefault(name, one.get(name, "02:00:5e:00:00:01" if name.endswith("mac") else "1"))
        out.append(event)
    return out


def main() -> None:
    """Make the cases."""
    from sentinel.demo.plant import build

    with tempfile.TemporaryDirectory() as folder:
        plant = Path(folder) / "plant.pcap"
        build(plant)
        made, _ = scanned([plant], None)
    base = next(e for e in made if e.get("ot.action") == "stop")
    other = next(e for e in made if e.get("event.dataset") == "sentinel.flow")
    left = []
    for path in rule_paths(packs_folder()):
        documents = list(loader.documents(path.read_bytes()))
        ids = {str(d["id"]) for d in documents}
        if beside(path).is_file() and not run(path, read([path.parent])).faults:
            continue
        some = [{k: v for k, v in e.items() if k != "sentinel.source"} for e in events(documents, base)]
        rules = [(str(path), path.read_bytes())]
        lines = []
        if ids & fires(rules, some):
            names = ", ".join(sorted(fitting(next(d["detection"] for d in documents if "detection" in d))))
            how = f"varied: {names} set in the stop of the demo plant's controller"
            lines.append({"match": True, "from": how, "events": some})
            fewer = (
                some[:1] if len(some) > 1 else [{k: v for k, v in other.items() if k != "sentinel.source"}]
            )
            if not ids & fires(rules, fewer):
                how = "varied: one event of them" if len(some) > 1 else "sentinel demo"
                lines.append({"match": False, "from": how, "events": fewer})
        if len(lines) == 2:
            old = beside(path).read_text(encoding="utf-8") if beside(path).is_file() else ""
            text = "".join(json.dumps(line, ensure_ascii=False) + "\n" for line in lines)
            beside(path).write_text(old + text, encoding="utf-8")
        else:
            left.append(path.stem)
    sys.stderr.write(f"left: {' '.join(left) or 'none'}\n")


if __name__ == "__main__":
    main()
