"""The reference says what the program does: every command, option, setting, probe, field and exit code."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from tests.conftest import ROOT
from tools import docs

REFERENCE = ROOT / "docs" / "reference"


@pytest.mark.parametrize("name", docs.PAGES)
def test_reference_is_what_the_program_gives(name: str) -> None:
    assert (REFERENCE / name).read_text(encoding="utf-8") == docs.page(name), "run `make docs`"


def test_every_command_and_option_stands_in_the_reference() -> None:
    text = (REFERENCE / "cli.md").read_text(encoding="utf-8")
    for path, command in docs.commands():
        section = re.search(rf"^## `{re.escape(path)}`\n(.*?)(?=^## |\Z)", text, re.DOTALL | re.MULTILINE)
        assert section is not None, path
        assert (command.help or "").strip(), f"{path} has no help"
        for parameter in command.params:
            if parameter.param_type_name == "option" and not parameter.hidden:
                assert all(f"`{name}`" in section[1] for name in parameter.opts), f"{path} {parameter.opts}"
                assert parameter.help, f"{path} {parameter.opts} has no help"


def test_every_exit_code_stands_in_the_reference() -> None:
    from sentinel.cli import EXIT_CODES

    text = (REFERENCE / "cli.md").read_text(encoding="utf-8")
    assert sorted(EXIT_CODES) == [0, 1, 2, 3, 4, 130]
    assert all(f"| `{code}` |" in text for code in EXIT_CODES)


def test_every_probe_stands_in_the_reference() -> None:
    from sentinel.probes.catalogue import all_probes

    text = (REFERENCE / "probes.md").read_text(encoding="utf-8")
    assert all(f"## `{probe.name}`" in text for probe in all_probes())


def test_every_field_stands_in_the_reference() -> None:
    from sentinel.fields import fields

    text = (REFERENCE / "fields.md").read_text(encoding="utf-8")
    assert all(f"| `{name}` |" in text for name in fields())


def test_every_setting_stands_in_the_reference() -> None:
    from sentinel.config import known_keys

    text = (REFERENCE / "settings.md").read_text(encoding="utf-8")
    for name in known_keys():
        assert f"`SENTINEL_{name.replace('.', '__').upper()}`" in text


PAGES = sorted([*ROOT.glob("*.md"), *ROOT.glob("docs/**/*.md")])


@pytest.mark.parametrize("page", PAGES, ids=lambda page: str(page.relative_to(ROOT)))
def test_links_between_pages_lead_somewhere(page: Path) -> None:
    text = re.sub(r"```.*?```", "", page.read_text(encoding="utf-8"), flags=re.DOTALL)
    for target in re.findall(r"\]\(([^)\s]+)\)", text):
        if "://" in target or target.startswith("mailto:"):
            continue
        path, _, anchor = target.partition("#")
        there = (page.parent / path).resolve() if path else page
        assert there.exists(), f"{page.name} links to {target}"
        if anchor and there.suffix == ".md":
            titles = re.findall(r"^#+ (.*)$", there.read_text(encoding="utf-8"), re.MULTILINE)
            anchors = {re.sub(r"[^\w -]", "", title.lower()).replace(" ", "-") for title in titles}
            assert anchor in anchors, f"{page.name} links to {target}"


@pytest.mark.parametrize("page", PAGES, ids=lambda page: str(page.relative_to(ROOT)))
def test_make_targets_named_in_pages_are_there(page: Path) -> None:
    targets = set(re.findall(r"^([a-z-]+):", (ROOT / "Makefile").read_text(encoding="utf-8"), re.MULTILINE))
    for target in re.findall(r"`make ([a-z-]+)", page.read_text(encoding="utf-8")):
        assert target in targets, f"{page.name} names `make {target}`"
