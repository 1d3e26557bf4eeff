"""Rules reloaded while events flow: what is right comes in, what is broken keeps the old, windows go on."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from sentinel.rules import loader
from sentinel.rules.engine import Rules
from sentinel.rules.reload import Reloaded, reload

FAILED = """title: A log-in failed
id: failed
name: failed
logsource: {category: auth}
detection: {s: {event.outcome: failure}, condition: s}
level: low
"""
MANY = """title: Many log-ins failed
id: many
correlation: {type: event_count, rules: [failed], group-by: [source.ip], timespan: 1m, condition: {gte: 3}}
level: high
"""
STOPPED = """title: Stopped
id: stopped
logsource: {category: ot}
detection: {s: {event.action: stop}, condition: s}
level: LEVEL
"""


class Site:
    """Two packs of a user, rules of them at work, and events."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        for name, text in {
            "auth/pack.yml": "name: auth\n",
            "auth/failed.yml": FAILED,
            "auth/many.yml": MANY,
            "ot/pack.yml": "name: ot\n",
            "ot/stopped.yml": STOPPED.replace("LEVEL", "high"),
        }.items():
            self.write(name, text)
        self.rules = Rules(loader.read([folder]), lateness=0.0)
        assert self.rules.refused == []
        self._second = 0

    def write(self, name: str, text: str) -> None:
        path = self.folder / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text, encoding="utf-8")

    def reload(self) -> Reloaded:
        return reload(self.rules, [self.folder], packs=False)

    def alerts(self, **event: str) -> list[tuple[str, str]]:
        """Rule and level of the alerts after one more event."""
        self._second += 1
        doc = {name.replace("_", "."): value for name, value in event.items()}
        doc["@timestamp"] = f"2026-03-01T00:00:{self._second:02}Z"
        self.rules.watch.feed_docs([doc])
        self.rules.finish()
        made = [json.loads(alert) for alert in self.rules.alerts()]
        return [(alert["rule.id"], alert["rule.level"]) for alert in made]

    def fail(self) -> list[tuple[str, str]]:
        return self.alerts(event_outcome="failure", source_ip="10.0.0.1")

    def stop(self) -> list[tuple[str, str]]:
        return self.alerts(event_action="stop")


@pytest.fixture
def site(tmp_path: Path) -> Site:
    return Site(tmp_path / "rules")


def test_nothing_changed_is_nothing_done(site: Site) -> None:
    assert site.reload() == Reloaded([], [], [])


def test_a_window_goes_on_over_changes_elsewhere(site: Site) -> None:
    assert site.fail() == site.fail() == []
    site.write("ot/stopped.yml", STOPPED.replace("LEVEL", "critical"))
    assert site.reload() == Reloaded([], [], [str(site.folder / "ot")])
    assert site.stop() == [("stopped", "critical")]
    assert site.fail() == [("many", "high")], "two before the reload, one after it"


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("title: [\n", "stopped.yml"),
        (STOPPED.replace("LEVEL", "loud"), "loud"),
        (STOPPED.replace("condition: s", "condition: t"), "stopped.yml:1"),
    ],
)
def test_a_broken_pack_keeps_the_old_one_until_it_is_mended(site: Site, text: str, said: str) -> None:
    site.fail()
    site.write("ot/stopped.yml", text)
    site.write("auth/failed.yml", FAILED.replace("level: low", "level: medium"))
    done = site.reload()
    assert done.kept == [str(site.folder / "ot")]
    assert len(done.refused) == 1
    assert said in done.refused[0]
    assert "\n" not in done.refused[0]
    assert done.changed == [str(site.folder / "auth")], "the other one is not held up"
    assert site.stop() == [("stopped", "high")]
    assert site.reload().kept == [str(site.folder / "ot")], "it is said again"
    site.write("ot/stopped.yml", STOPPED.replace("LEVEL", "low"))
    assert site.reload() == Reloaded([], [], [str(site.folder / "ot")])
    assert site.stop() == [("stopped", "low")]


def test_a_rule_of_others_is_not_pulled_away(site: Site) -> None:
    site.write("use.yml", MANY.replace("id: many", "id: also").replace("gte: 3", "gte: 2"))
    assert site.reload().changed == [str(site.folder)]
    (site.folder / "auth" / "many.yml").unlink()
    site.write("auth/failed.yml", FAILED.replace("failed", "other"))
    done = site.reload()
    assert done.kept == [str(site.folder / "auth")]
    assert "use.yml" in done.refused[0]
    assert site.fail() == []
    assert ("also", "high") in site.fail()


def test_packs_come_and_go(site: Site) -> None:
    site.write("new/pack.yml", "name: new\n")
    site.write("new/a.yml", STOPPED.replace("id: stopped", "id: again").replace("LEVEL", "low"))
    assert site.reload() == Reloaded([], [], [str(site.folder / "new")])
    assert site.stop() == [("again", "low"), ("stopped", "high")]
    for path in (site.folder / "new").iterdir():
        path.unlink()
    site.reload()
    assert site.stop() == [("stopped", "high")]
    site.write("bad/pack.yml", "name: bad\n")
    site.write("bad/a.yml", "title: [\n")
    assert site.reload().kept == [str(site.folder / "bad")]
    assert site.stop() == [("stopped", "high")]


def test_what_cannot_be_read_keeps_the_old(site: Site) -> None:
    done = reload(site.rules, [site.folder, site.folder.parent / "gone"], packs=False)
    assert done.kept == [str(site.folder.parent / "gone")]
    assert "No such file" in done.refused[0]
    whole = [*loader.grouped(), *loader.grouped([site.folder], shipped=False)]
    assert {"access", "availability", str(site.folder / "auth")} <= {group.name for group in whole}


def test_the_packs_that_come_along(site: Site) -> None:
    done = reload(site.rules, [site.folder])
    assert done.kept == []
    assert set(loader.packs()) == set(done.changed)
    assert len(site.rules) > len(loader.packs())
    assert reload(site.rules, [site.folder], packs=True) == Reloaded([], [], [])
    gone = reload(site.rules, [site.folder], packs=False)
    assert set(gone.changed) == set(loader.packs())
    assert site.stop() == [("stopped", "high")]
