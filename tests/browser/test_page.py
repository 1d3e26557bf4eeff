"""The page as a browser shows it: opened from a file in headless Chromium, without a network."""

from __future__ import annotations

import base64
import hashlib
import json
import subprocess
from collections.abc import Callable
from html.parser import HTMLParser
from pathlib import Path

import pytest

from sentinel.report.document import Document
from sentinel.report.html import render
from tests.report.plants import HOSTILE, network, plant
from tests.report.stories import HOSTS, alert, chain

pytestmark = pytest.mark.browser

OPTIONS = (
    "--headless --no-sandbox --disable-gpu --disable-quic --no-first-run --disable-background-networking "
    "--disable-component-update --disable-sync --disable-extensions --hide-scrollbars "
    "--enable-logging=stderr --window-size=1400,1000 --virtual-time-budget=5000 --dump-dom"
).split()


class Page(HTMLParser):
    """The elements of a dumped page with their attributes and text, in order."""

    EMPTY = frozenset("meta input br img link hr".split())

    def __init__(self, dom: str, console: list[str], asked: list[str]) -> None:
        super().__init__()
        self.console = console
        self.asked = asked
        self.elements: list[tuple[str, dict[str, str], list[str]]] = []
        self._open: list[int] = []
        self.feed(dom)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.elements.append((tag, {name: value or "" for name, value in attrs}, []))
        if tag not in self.EMPTY:
            self._open.append(len(self.elements) - 1)

    def handle_endtag(self, tag: str) -> None:
        while self._open and self.elements[self._open.pop()][0] != tag:
            pass

    def handle_data(self, data: str) -> None:
        for index in self._open:
            self.elements[index][2].append(data)

    def of(self, tag: str, **wanted: str) -> list[str]:
        """Texts of the elements of a name with a class, an id or other attributes."""
        names = {name.removesuffix("_").replace("_", "-"): value for name, value in wanted.items()}
        return [
            "".join(text)
            for found, attributes, text in self.elements
            if found == tag
            and all(value in attributes.get(name, "").split(" ") for name, value in names.items())
        ]


def asked_by_page(log: Path) -> list[str]:
    """What a page asked of the network, by Chromium's net log: a browser's own calls have no origin."""
    events = json.loads(log.read_text(encoding="utf-8", errors="replace"))["events"]
    asked = [event.get("params") or {} for event in events]
    return [p["url"] for p in asked if "url" in p and p.get("initiator", "not an origin") != "not an origin"]


@pytest.fixture
def open_page(chromium: str, tmp_path: Path) -> Callable[..., Page]:
    def opened(document: Document | str, fragment: str = "") -> Page:
        file, log = tmp_path / "report.html", tmp_path / "net.json"
        file.write_text(document if isinstance(document, str) else render(document), encoding="utf-8")
        ran = subprocess.run(
            [chromium, *OPTIONS, "--host-resolver-rules=MAP * ~NOTFOUND",
             f"--user-data-dir={tmp_path / 'profile'}", f"--log-net-log={log}",
             f"{file.as_uri()}{fragment}"],
            capture_output=True, text=True, timeout=240, check=True,
        )  # fmt: skip
        console = [line for line in ran.stderr.splitlines() if "CONSOLE" in line]
        return Page(ran.stdout, console, asked_by_page(log))

    return opened


def test_a_page_that_asks_is_seen(open_page: Callable[..., Page]) -> None:
    page = open_page('<!doctype html><img src="http://127.0.0.1:9/pixel.png">')
    assert page.asked == ["http://127.0.0.1:9/pixel.png"]


def test_the_plant(open_page: Callable[..., Page]) -> None:
    page = open_page(plant())
    assert page.console == []
    assert page.asked == []
    assert page.of("html", data_ready="yes")
    assert page.of("title") == ["plant.pcap · sentinel"]
    assert page.of("h1") == ["plant.pcap"]
    assert page.of("h2") == [
        "Look at this first", "The map", "What is there", "Secrets on the wire", "What was done",
        "Who talks to whom", "What was read",
    ]  # fmt: skip

    rows = [a["data-key"] for tag, a, _ in page.elements if tag == "tr" and "data-key" in a]
    assert {key.split(" ")[0] for key in rows[:11]} == {one["ip"][0] for one in plant().assets}
    assert rows[0].startswith("10.1.4.8 ")
    assert len(page.of("button", class_="node")) == 11
    assert len(page.of("path", class_="wire")) == 12 + 2  # the legend shows two
    assert page.of("strong")[:4] == ["11", "14", "3", "6"]
    names = [a["aria-label"] for _, a, _ in page.elements if a.get("class", "").startswith("band ")]
    assert [name.split(",")[0] for name in names] == [
        "Outside", "Level 3", "Level 2", "Level 1", "Level 0", "No level",
    ]  # fmt: skip


def test_hostile_names_stay_names(open_page: Callable[..., Page]) -> None:
    page = open_page(plant())
    assert HOSTILE in page.of("td")
    assert page.of("title") == ["plant.pcap · sentinel"]
    assert not [tag for tag, _, _ in page.elements if tag in ("img", "b", "iframe", "object", "embed")]
    assert not [name for _, attributes, _ in page.elements for name in attributes if name.startswith("on")]


def test_a_link_opens_an_asset(open_page: Callable[..., Page]) -> None:
    page = open_page(plant(), "#asset=a-000000000001")
    (detail,) = page.of("tr", class_="detail")
    for part in ("S C-E4V12345678", "Accepted stop without", "frame 812", "frame 31", "s7comm.firmware"):
        assert part in detail
    assert page.console == []


def test_a_large_network_is_grouped(open_page: Callable[..., Page]) -> None:
    page = open_page(network(5000))
    assert page.console == []
    assert 1 < len(page.of("button", class_="node")) <= 150
    assert any("5,000 assets in" in text for text in page.of("p", class_="status"))
    assert any("100 of 5,000 assets shown" in text for text in page.of("p", class_="status"))


def test_alerts_and_chains_have_their_place(open_page: Callable[..., Page]) -> None:
    page = open_page(plant(alerts=[alert(1), alert(2)], chains=[chain(20), chain(60, id="c-2", score=3)]))
    assert page.console == []
    assert page.of("h2")[1:3] == ["How it went on", "Alerts"]
    assert page.of("h3")[:1] == [chain()["title"]]
    assert f"{HOSTS[0]} stopped {HOSTS[2]}" in page.of("td")
    # every step is drawn, those of a long chain up to the bound, its path among them
    assert len(page.of("g", class_="step-mark")) == 20 + 40
    assert len(page.of("g", class_="main")) == 2 * len(chain()["path"])
    assert len(page.of("text", class_="host-name")) == 2 * len(HOSTS)
    assert "20 more steps in --format json" in " ".join(page.of("p", class_="what"))
    assert "Look at 10.1.1.10 first." in page.of("li")


def used(document: Document, script: str) -> str:
    """The page as it is after someone used it: `script` plays the person, allowed by its hash."""
    allowed = base64.b64encode(hashlib.sha256(script.encode()).digest()).decode()
    page = render(document).replace("script-src ", f"script-src 'sha256-{allowed}' ", 1)
    return page.replace("</body>", f"<script>{script}</script></body>")


USE = """
const one = (where) => document.querySelector(where);
const type = (where, text) => { one(where).value = text; one(where).dispatchEvent(new Event("input")); };
"""


def rows(page: Page, section: str) -> list[str]:
    inside = False
    found = []
    for tag, attributes, text in page.elements:
        if tag == "section":
            inside = attributes.get("id") == section
        if inside and tag == "th" and attributes.get("scope") == "row":
            found.append("".join(text).removeprefix("▸").removeprefix("▾"))
    return found


def test_search_and_order(open_page: Callable[..., Page]) -> None:
    page = open_page(used(plant(), USE + 'type("#assets-search", "PLC siemens");'))
    assert rows(page, "assets") == ["10.1.1.10"]
    order = (
        USE
        + """
      const heads = [...document.querySelectorAll("#assets thead button")];
      const level = heads.find((head) => head.textContent === "Level");
      level.click(); level.click();
    """
    )
    page = open_page(used(plant(), order))
    assert rows(page, "assets")[:2] == ["10.1.1.31", "10.1.1.99"]
    assert page.of("th", aria_sort="ascending") == ["Level"]
    assert rows(page, "assets")[-1] in ("10.1.0.1", "10.1.2.66", "10.1.4.8", "198.41.30.7")
    assert page.console == []


def test_reading_operations_on_demand(open_page: Callable[..., Page]) -> None:
    assert len(rows(open_page(plant()), "operations")) == 4
    page = open_page(used(plant(), USE + 'one("#operations-all").click();'))
    assert len(rows(page, "operations")) == 6


def test_using_the_map(open_page: Callable[..., Page]) -> None:
    page = open_page(used(plant(), USE + 'type("#map-search", "10.1.2.66");'))
    assert len(page.of("button", class_="node")) == 4  # the intruder, and whom he talks to
    show = USE + 'one("#map-show").value = "changing"; one("#map-show").dispatchEvent(new Event("change"));'
    page = open_page(used(plant(), show))
    assert len(page.of("path", class_="wire")) == 3 + 2
    assert len(page.of("button", class_="node")) == 5
    node = (
        USE
        + """
      const node = [...document.querySelectorAll(".node")].find((n) => n.textContent.includes("10.1.2.66"));
      node.click();
    """
    )
    page = open_page(used(plant(), node))
    assert page.of("button", aria_pressed="true")
    (panel,) = page.of("div", class_="panel")
    assert HOSTILE in panel
    assert "download 3, identify 2, stop 1" in panel
    jump = node + 'one(".panel .jump").click();'
    assert len(open_page(used(plant(), jump)).of("tr", class_="detail")) == 1
    assert page.console == []


def test_arrow_keys_walk_the_map(open_page: Callable[..., Page]) -> None:
    keys = (
        USE
        + """
      const node = [...document.querySelectorAll(".node")].find((n) => n.textContent.includes("10.1.3.6"));
      node.focus();
      node.dispatchEvent(new KeyboardEvent("keydown", { key: "ArrowUp", bubbles: true }));
      document.activeElement.click();
    """
    )
    (pressed,) = open_page(used(plant(), keys)).of("button", aria_pressed="true")
    assert "198.41.30.7" in pressed


def test_an_empty_document(open_page: Callable[..., Page]) -> None:
    page = open_page(Document())
    assert page.console == []
    assert page.of("h2") == ["Look at this first", "What is there", "What was read"]
    assert json.loads(page.of("script", id="data")[0])["assets"] == []
