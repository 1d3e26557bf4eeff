"""`sentinel rules`: what is looked for, whether it is sound, what it covers."""

from __future__ import annotations

import json
import sys
from enum import StrEnum
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from sentinel.cli.records import (
    Format,
    FormatOption,
    LimitOption,
    OutputOption,
    StoreOption,
    opened,
    show,
    show_json,
    target,
    write,
)
from sentinel.errors import UserError

if TYPE_CHECKING:
    from sentinel.model.store import Store
    from sentinel.rules.engine import Rules
    from sentinel.rules.loader import RuleFile

app = typer.Typer(no_args_is_help=True, help="What is looked for in events: Sigma rules.")

baseline = typer.Typer(no_args_is_help=True, help="What the rules learned is usual, by a store.")
app.add_typer(baseline, name="baseline")

SiteOption = Annotated[str, typer.Option("--site", help="Site whose baseline is meant.")]

PathsArgument = Annotated[
    list[Path] | None, typer.Argument(help="Rule files or folders (default: the packs that come along).")
]


class Language(StrEnum):
    """Query languages of Elasticsearch."""

    LUCENE = "lucene"
    DSL = "dsl"
    ESQL = "esql"
    EQL = "eql"


class Matrix(StrEnum):
    """How coverage is written."""

    TABLE = "table"
    JSON = "json"
    NAVIGATOR = "navigator"


def chosen(paths: list[Path] | None) -> list[RuleFile]:
    """Rule files of paths, or those of the packs."""
    from sentinel.rules import loader

    return loader.read(paths) if paths else loader.pack_rules()


@app.command("list")
def list_(paths: PathsArgument = None, format: FormatOption = Format.TABLE) -> None:
    """List rules: pack, level, title, ATT&CK techniques."""
    from sentinel.rules.loader import documents

    rows: list[dict[str, Any]] = []
    for name, text in chosen(paths):
        for rule in documents(text):
            if "title" not in rule:
                continue
            tags = [str(tag) for tag in rule.get("tags") or ()]
            rows.append(
                {
                    "file": name,
                    "id": str(rule.get("id", "")),
                    "title": str(rule["title"]),
                    "level": str(rule.get("level") or ""),
                    "kind": "correlation" if "correlation" in rule else "detection",
                    "tags": tags,
                    "description": " ".join(str(rule.get("description") or "").split()),
                }
            )
    if format is not Format.TABLE:
        lines = rows if format is Format.JSON else [{"record": "rule", **row} for row in rows]
        if format is Format.JSON:
            show_json(lines, format)
        else:
            for line in lines:
                show_json(line, format)
        return
    from rich.text import Text

    from sentinel.report.listing import table
    from sentinel.report.table import STYLES, safe

    out = table("file", "level_", "title", "techniques")
    out.columns[1].header = "level"
    for row in rows:
        techniques = [t.rpartition(".")[2].upper() for t in row["tags"] if ".t" in t]
        out.add_row(
            safe(row["file"]),
            Text(row["level"], STYLES.get(row["level"], "")),
            safe(row["title"], 100),
            ", ".join(techniques),
        )
    show(out)


@app.command()
def lint(
    paths: PathsArgument = None,
    style: Annotated[bool, typer.Option("--style", help="Also what a rule of a pack must have.")] = False,
) -> None:
    """Say what is wrong with rules: one line each, exit 1 if a rule would not run."""
    from sentinel.rules.lint import lint as check

    files = chosen(paths)
    faults = check(files, style=style or not paths)
    for fault in faults:
        sys.stdout.write(f"{fault}\n")
    bad = [fault for fault in faults if fault.refused or not paths]
    sys.stdout.flush()
    sys.stderr.write(f"sentinel: {len(files):,} rule files, {len(faults):,} faults\n")
    if bad:
        raise typer.Exit(1)


@app.command("test")
def test_(
    paths: PathsArgument = None,  # noqa: PT028 - a command, not a test
    verbose: Annotated[bool, typer.Option("--verbose", "-v", help="Name every rule.")] = False,  # noqa: PT028
) -> None:
    """Try rules on the events beside them (`<rule>.events.ndjson`); exit 1 if one fails."""
    from sentinel.rules import loader
    from sentinel.rules.cases import run

    folders = paths or [loader.packs_folder()]
    rules = [rule for path in folders for rule in (loader.rule_paths(path) if path.is_dir() else [path])]
    if not rules:
        raise UserError("no rule to test")
    failed = cases = 0
    for rule in rules:
        outcome = run(rule, loader.read([rule.parent]))
        cases += outcome.matching + outcome.other
        failed += bool(outcome.faults)
        for fault in outcome.faults:
            sys.stdout.write(f"{fault}\n")
        if verbose and not outcome.faults:
            sys.stdout.write(f"{rule}: {outcome.matching} match, {outcome.other} do not, as they should\n")
    sys.stdout.write(f"{len(rules):,} rules, {cases:,} cases, {failed:,} rules failed\n")
    if failed:
        raise typer.Exit(1)


@app.command()
def explain(
    rule: Annotated[str, typer.Argument(help="Id or title of a rule.")],
    event: Annotated[
        Path, typer.Option("--event", help="File with one event as JSON, - for standard input.")
    ],
    paths: Annotated[
        list[Path] | None, typer.Option("--rules", help="Rule files or folders beside the packs.")
    ] = None,
    format: FormatOption = Format.TABLE,
) -> None:
    """Say for one event which conditions of a rule held and which not, with the values."""
    from sentinel.rules.engine import Rules, load

    try:
        text = sys.stdin.buffer.read() if str(event) == "-" else event.read_bytes()
    except OSError as error:
        raise UserError(f"{event}: cannot be read: {error.strerror}") from None
    try:
        said = json.loads(Rules(load(paths or ())).watch.explain(rule, text))
    except ValueError as error:
        raise UserError(str(error)) from None
    if format is Format.TABLE:
        from sentinel.report.story import explanation

        show(explanation(said))
    else:
        show_json(said, format)


@app.command()
def coverage(
    format: Annotated[Matrix, typer.Option("--format", "-f", help="How it is written.")] = Matrix.TABLE,
    output: OutputOption = None,
) -> None:
    """Print ATT&CK for ICS with what the packs see, by which rule, proven by which scene or capture."""
    from sentinel.rules import coverage as made

    techniques = made.coverage()
    if format is Matrix.TABLE and output is None:
        from sentinel.report.story import matrix

        show(matrix(techniques, made.summary(techniques), made.why_not()))
        return
    with target(output) as file:
        if format is Matrix.NAVIGATOR:
            file.write(json.dumps(made.navigator(techniques), ensure_ascii=False, indent=2) + "\n")
        else:
            file.write(made.as_json(techniques) + "\n")


@app.command()
def convert(
    paths: PathsArgument = None,
    to: Annotated[Language, typer.Option("--to", "-t", help="Query language.")] = Language.LUCENE,
    format: FormatOption = Format.TABLE,
) -> None:
    """Write rules as queries of Elasticsearch, and say which cannot be expressed there."""
    from sentinel.rules.convert import convert as made

    out = made(chosen(paths), to.value)
    if format is not Format.TABLE:
        rows = [
            {
                "file": c.file,
                "title": c.title,
                **({"queries": c.queries} if c.queries else {"why_not": c.why_not}),
            }
            for c in out
        ]
        if format is Format.JSON:
            show_json(rows, format)
        else:
            for row in rows:
                show_json({"record": "query", **row}, format)
        return
    for c in out:
        for query in c.queries:
            sys.stdout.write(f"{query}\n")
        if c.why_not:
            sys.stderr.write(f"sentinel: {c.file}: cannot be expressed: {c.why_not}\n")
    done = sum(bool(c.queries) for c in out)
    sys.stderr.write(f"sentinel: {done:,} rules written, {len(out) - done:,} cannot be expressed\n")


@app.command()
def hunt(
    paths: PathsArgument = None,
    since: Annotated[
        str | None, typer.Option("--since", help="Events from here on: 2026-01-31, 2026-01-31T08:00:00Z.")
    ] = None,
    until: Annotated[str | None, typer.Option("--until", help="Events before this time.")] = None,
    limit: LimitOption = None,
    format: FormatOption = Format.TABLE,
    store: StoreOption = None,
) -> None:
    """Find stored events that fit rules: those of today on the traffic of yesterday.

    Correlations are left out. Elasticsearch is asked with the converted rules (needs the extra `convert`;
    without it events are read and tried one by one).
    """
    from sentinel.rules import hunt as made

    found = made.hunt(
        opened(store),
        chosen(paths),
        None if since is None else made.moment(since, "--since"),
        None if until is None else made.moment(until, "--until"),
    )
    for line in found.refused:
        sys.stderr.write(f"sentinel: {line}\n")
    rows = (
        {"rule.id": h.id, "rule.name": h.title, "rule.level": h.level, "file": h.file, "event": h.event}
        for h in found.hits
    )
    from sentinel.report.listing import hits

    write("hit", rows, format, limit, hits)
    sys.stdout.flush()
    sys.stderr.write(
        f"sentinel: {found.rules:,} rules tried, {found.left_out:,} about several events left out\n"
    )


def _learned(at: Store, site: str) -> Rules:
    """An engine without rules that holds what was learned of a site."""
    from sentinel.rules import baselines, context
    from sentinel.rules.engine import Rules

    made = Rules([], context=context.settings(site=site))
    baselines.load(made.watch, at.state(f"baseline {site}"), f"baseline of {site}")
    return made


@baseline.command("show")
def baseline_show(
    site: SiteOption = "default",
    limit: LimitOption = None,
    format: FormatOption = Format.TABLE,
    store: StoreOption = None,
) -> None:
    """Show what is usual: who speaks which protocol with whom, with which functions, how often."""
    from dataclasses import asdict

    from sentinel.rules import baselines

    shown = baselines.show(_learned(opened(store), site).watch, most=limit or baselines.SHOWN)
    if format is not Format.TABLE:
        show_json(asdict(shown), format)
        return
    from sentinel.report.story import baseline as page

    show(page(shown))


@baseline.command("reset")
def baseline_reset(
    address: Annotated[
        str | None,
        typer.Argument(help="Address whose habits are taken as they are now (default: learn anew)."),
    ] = None,
    site: SiteOption = "default",
    store: StoreOption = None,
) -> None:
    """Learn anew; with an address, take all it did so far for usual."""
    from sentinel.rules import baselines

    at = opened(store)
    with at.writer() as writer:
        made = _learned(at, site)
        count = baselines.reset(made.watch, address)
        writer.put_state(f"baseline {site}", baselines.save(made.watch))
    sys.stdout.write(f"{count:,} conversations: {'all taken for usual' if address else 'learned anew'}\n")
