"""`sentinel scan`: captures and logs in; assets, weak secrets and operations out."""

from __future__ import annotations

import sys
from enum import StrEnum
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from sentinel.errors import UserError

if TYPE_CHECKING:
    from sentinel.cli.output import Output
    from sentinel.config.sections import EvidenceSettings
    from sentinel.pipeline import Options, Result
    from sentinel.rules.zones import Zones


class Format(StrEnum):
    """What a scan is written as."""

    TABLE = "table"
    JSON = "json"
    NDJSON = "ndjson"
    HTML = "html"
    CSV = "csv"


class Events(StrEnum):
    """Which events are made: docs/reference/data-model.md."""

    NONE = "none"
    NOTABLE = "notable"
    ALL = "all"


class Severity(StrEnum):
    """At which severity a scan ends with exit code 3."""

    LOW = "low"
    MEDIUM = "medium"
    HIGH = "high"
    CRITICAL = "critical"


def scan(
    source: Annotated[
        list[str],
        typer.Argument(
            help="Captures (pcap, pcapng), Zeek logs, Suricata's EVE, plain, .gz or .zst; folders; "
            "- for standard input."
        ),
    ],
    format: Annotated[Format, typer.Option("--format", "-f", help="What to write.")] = Format.TABLE,
    output: Annotated[
        Path | None, typer.Option("--output", "-o", help="Where to write (csv: a folder).")
    ] = None,
    store: Annotated[
        str | None, typer.Option("--store", help="Add to a store: sqlite:///folder, https://host.")
    ] = None,
    events: Annotated[
        Events | None, typer.Option(help="Events to make (default: notable with a store, else none).")
    ] = None,
    rules: Annotated[
        list[Path] | None,
        typer.Option("--rules", help="Sigma rules beside the packs: a file or a folder; may be repeated."),
    ] = None,
    no_rules: Annotated[bool, typer.Option("--no-rules", help="Leave the rule packs out.")] = False,
    zones: Annotated[
        Path | None, typer.Option("--zones", help="Networks, levels and allowed conduits (YAML).")
    ] = None,
    learning_days: Annotated[
        float | None,
        typer.Option(
            "--learning-days",
            min=0,
            help="Observed days after which what is unseen is new (default: 7).",
        ),
    ] = None,
    site: Annotated[
        str | None,
        typer.Option(help="Name of the site: private addresses of two sites never merge (default: default)."),
    ] = None,
    filter: Annotated[
        str | None,
        typer.Option(help="Packets to look at, in tcpdump's words: 'host 10.0.0.5 and tcp port 502'."),
    ] = None,
    evidence: Annotated[
        Path | None,
        typer.Option("--evidence", help="Folder for the packets around log-ins, operations and alerts."),
    ] = None,
    passwords: Annotated[
        Path | None, typer.Option(help="Passwords to hold secrets against, one a line, or user:password.")
    ] = None,
    password_seconds: Annotated[
        float | None,
        typer.Option(
            "--password-seconds",
            min=0,
            help="Seconds of a usual core for guessing passwords of hash lines offline (default: 10).",
        ),
    ] = None,
    known: Annotated[
        Path | None,
        typer.Option(
            help="Folder with knowledge of your own: the IEEE's OUI files (oui.csv …), recog's XML."
        ),
    ] = None,
    deep: Annotated[
        bool,
        typer.Option("--deep", help="Have tshark name flows that no probe knows: slower, bounded in time."),
    ] = False,
    workers: Annotated[
        int | None, typer.Option(min=1, max=64, help="Threads for the wire stage (default: 1).")
    ] = None,
    again: Annotated[bool, typer.Option("--again", help="Scan what the store holds already anew.")] = False,
    reveal: Annotated[bool, typer.Option("--reveal", help="Show secrets unmasked.")] = False,
    fail_on: Annotated[
        Severity | None,
        typer.Option("--fail-on", help="Exit with 3 if there is an exposure or an alert this severe."),
    ] = None,
) -> None:
    """Read captures and logs: what is there, which secrets are weak, who did what to which controller."""
    from sentinel.config import load

    loaded = load(
        {
            "scan.site": site,
            "scan.events": events and events.value,
            "scan.workers": workers,
            "scan.passwords": passwords,
            "scan.password_seconds": password_seconds,
            "scan.known": known,
            "scan.zones": zones,
            "scan.learning_days": learning_days,
            "evidence.folder": evidence,
        }
    ).settings
    settings = loaded.scan
    code = run_scan(
        source,
        format=format,
        output=output,
        store=store,
        events=Events(settings.events) if settings.events else None,
        site=settings.site,
        filter=filter,
        passwords=settings.passwords,
        password_seconds=settings.password_seconds,
        known=settings.known,
        workers=settings.workers,
        deep=deep,
        again=again,
        reveal=reveal,
        fail_on=fail_on,
        rules=tuple(rules or ()),
        packs=not no_rules,
        zones=settings.zones,
        learning_days=settings.learning_days,
        # a folder that is set is the daemon's: a scan writes only where it is told to
        evidence=loaded.evidence if evidence else None,
    )
    raise typer.Exit(code)


def run_scan(
    source: list[str],
    *,
    format: Format = Format.TABLE,
    output: Path | None = None,
    store: str | None = None,
    events: Events | None = None,
    site: str = "default",
    filter: str | None = None,
    passwords: Path | None = None,
    password_seconds: float = 10.0,
    known: Path | None = None,
    workers: int = 1,
    deep: bool = False,
    again: bool = False,
    reveal: bool = False,
    fail_on: Severity | None = None,
    rules: tuple[Path, ...] = (),
    packs: bool = True,
    zones: Path | None = None,
    learning_days: float = 7.0,
    evidence: EvidenceSettings | None = None,
) -> int:
    """Scan and write the outcome. Returns the exit code; raises `UserError` when nothing could be read."""
    from sentinel import pipeline
    from sentinel.cli.output import Output
    from sentinel.sources.files import expand

    mode = events or (Events.NOTABLE if store else Events.NONE)
    options = pipeline.Options(
        site=site,
        events=mode.value,
        workers=workers,
        filter=filter,
        again=again,
        deep=deep,
        reveal=reveal,
        passwords=passwords,
        password_seconds=password_seconds,
        known=known,
        packs=packs,
        rules=rules,
        zones=_read_zones(zones) if zones else None,
        learning_days=learning_days,
        evidence=evidence,
    )
    files = expand(source)
    if reveal:
        if store:
            raise UserError(
                "--reveal with --store: a store keeps no secrets; scan without a store to see them", 2
            )
        from sentinel.store import state_folder
        from sentinel.store.audit import record

        record(state_folder(), "reveal", sources=files)
    with Output(format.value, output, reveal=reveal) as out:
        if store:
            result = _into_store(
                files, options, store, out, ndjson=format is Format.NDJSON and events is not None
            )
        else:
            result = _alone(files, options, out, ndjson=format is Format.NDJSON)
        out.finish(result)
    for line in (*result.warnings, *result.errors):
        sys.stderr.write(f"sentinel: {line}\n")
    if result.interrupted:
        return 130
    if result.errors:
        return 1
    if fail_on and out.worst(result) >= list(Severity).index(fail_on):
        return 3
    return 0


def _read_zones(path: Path) -> Zones:
    from sentinel.rules.zones import load

    return load(path)


def _alone(files: list[str], options: Options, out: Output, *, ndjson: bool) -> Result:
    from sentinel import pipeline
    from sentinel.cli.progress import progress

    on_events = out.events if ndjson and options.events != "none" else None
    with progress() as show:
        result = pipeline.scan(files, options, on_progress=show, on_events=on_events)
    pipeline.derive(result.inventory, None, options.known, result.until)
    if result.alerts:
        result.chains = pipeline.story([result.alerts], result.inventory, options)
    return result


def _into_store(files: list[str], options: Options, url: str, out: Output, *, ndjson: bool) -> Result:
    from sentinel import pipeline
    from sentinel.cli.progress import progress
    from sentinel.store import open_store

    with progress() as show:
        result = pipeline.scan_into(
            open_store(url, create=True),
            files,
            options,
            on_progress=show,
            on_events=out.events if ndjson else None,
        )
    for name in result.skipped:
        sys.stderr.write(f"sentinel: {name}: is in the store already, left out (--again scans it anew)\n")
    return result
