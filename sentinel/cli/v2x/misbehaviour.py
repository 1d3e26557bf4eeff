"""`sentinel v2x misbehaviour`: who says what cannot be."""

from __future__ import annotations

from enum import StrEnum
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from sentinel.cli.ca.common import ForceOption, OutOption, WhyOption, show_json, warn
from sentinel.cli.ca.listing import tell_table
from sentinel.cli.ca.options import Form, FormOption, PassphraseOption
from sentinel.cli.v2x.options import DirOption, opened
from sentinel.errors import UserError

if TYPE_CHECKING:
    from sentinel.v2x.misbehaviour.office import Office

app = typer.Typer(no_args_is_help=True, help="Messages that cannot be true, and who sent them.")


AlertStoreOption = Annotated[
    str | None,
    typer.Option("--store", help="Store that reports become events, alerts and chains of: sqlite:///folder."),
]
CaseArgument = Annotated[
    str, typer.Argument(metavar="ID", help="HashedId8 of the certificate that the case is about.")
]


class Detector(StrEnum):
    """Whose checks decide."""

    OURS = "ours"
    CATCH = "catch"


@app.command("report")
def report(
    messages: Annotated[
        list[Path], typer.Argument(metavar="MSG...", help="Signed messages (.oer), or captures with some.")
    ],
    out: OutOption,
    target: Annotated[
        str | None,
        typer.Option("--target", help="HashedId8 of who is reported. [default: the one that lies]"),
    ] = None,
    station: Annotated[
        Path | None,
        typer.Option("--station", help="Folder of who reports. [default: a roadside unit of the PKI's own]"),
    ] = None,
    certs: Annotated[
        Path | None, typer.Option("--certs", help="Certificates of signers that are named by digest.")
    ] = None,
    site: Annotated[
        Path | None, typer.Option("--site", help="What the receiver knows of its place (site.json).")
    ] = None,
    force: ForceOption = False,
    dir: DirOption = None,
    passphrase_file: PassphraseOption = None,
    format: FormOption = Form.TABLE,
) -> None:
    """Report a signer whose messages cannot be true, or for which his certificate gives no permission. The
    messages are the evidence. The report is signed, encrypted to the misbehaviour authority, and put into its
    inbox if that is in the PKI's folder."""
    from sentinel.ca import files
    from sentinel.ca.v2x.station import Station
    from sentinel.v2x.misbehaviour import evidence, filing, office
    from sentinel.v2x.site import Site

    files.free(out, force=force)
    with opened(dir, passphrase_file) as domain:
        court = evidence.Court(domain.folder / "public", domain.suite)
        heard = court.look(evidence.heard(messages, certs, domain.suite))
        where = Site.load(site) if site is not None else Site(filing.bare(heard))
        if target is None:
            found = filing.suspects(heard, where)
            if not found:
                raise UserError("nothing to report: the messages could be true, and were permitted")
            if len(found) > 1:
                raise UserError(
                    f"more than one is to be reported: name one with --target: {', '.join(found)}"
                )
            [target] = found
        who = Station.open(station) if station is not None else office.resident(domain)
        by = office.reporter(who)
        made = filing.make(heard, target.lower(), where, at=who.clock().timestamp(), reporter=by.certificate)
        octets = filing.sealed(made, by, domain.public("ma"), domain.suite, who.now() * 1_000_000)
        files.write(out, octets, force=force)
        posted = office.post(domain.folder, octets) is not None
    if format is Form.JSON:
        told = {"out": str(out), "report": made.id, "id": made.target, "reasons": made.reasons}
        show_json({**told, "classes": made.classes, "messages": len(made.pdus), "posted": posted})
        return
    typer.echo(f"{out}: {made.target} for {', '.join(made.reasons)}; {len(made.pdus)} messages")


def _taken(office: Office, store: str | None = None) -> None:
    """Take in what waits, and say what was refused. Each report is an event for the rules and the store."""
    from sentinel.cli.v2x.keeping import Keeper
    from sentinel.v2x import events

    if store is None:
        refused = office.take_in()
    else:
        with Keeper(store) as keeper:
            refused = office.take_in(lambda report, reasons: keeper.take(events.report(report, reasons)))
    for line in refused:
        warn(line)


@app.command("list")
def list_(
    state: Annotated[
        str | None, typer.Option("--state", help="open, proposed or decided. [default: all]")
    ] = None,
    limit: Annotated[int, typer.Option("--limit", min=1, help="Most cases.")] = 200,
    store: AlertStoreOption = None,
    dir: DirOption = None,
    passphrase_file: PassphraseOption = None,
    format: FormOption = Form.TABLE,
) -> None:
    """Take in the reports that came, and list the authority's cases, those most believed first."""
    from sentinel.v2x.misbehaviour.office import Office, brief

    with opened(dir, passphrase_file) as domain, Office(domain) as office:
        _taken(office, store)
        cases = [brief(case) for case in office.book.cases(state, limit)]
    if format is Form.JSON:
        show_json(cases)
        return
    columns = ("id", "state", "belief", "reports", "reporters")
    tell_table(
        (*columns, "reasons"),
        [(*(str(case[name]) for name in columns), ", ".join(case["reasons"])) for case in cases],
    )


@app.command("show")
def show(
    id: CaseArgument,
    store: AlertStoreOption = None,
    dir: DirOption = None,
    passphrase_file: PassphraseOption = None,
    format: FormOption = Form.TABLE,
) -> None:
    """Show a case and its reports. Who reported is masked, and no places are shown."""
    from sentinel.v2x.misbehaviour.office import Office

    with opened(dir, passphrase_file) as domain, Office(domain) as office:
        _taken(office, store)
        told = office.document(office.book.case(id.lower()))
    if format is Form.JSON:
        show_json(told)
        return
    for name, value in told.items():
        if name != "evidence" and value not in (None, "", []):
            typer.echo(f"{name:<10} {', '.join(value) if isinstance(value, list) else value}")
    for one in told["evidence"]:
        kind = "roadside unit" if one["roadside"] else "vehicle"
        typer.echo(
            f"report     {one['id']} of {one['reporter']} ({kind}): {one['messages']} messages, "
            f"{', '.join(one['reasons'])}"
        )


@app.command("decide")
def decide(
    id: CaseArgument,
    operator: Annotated[str, typer.Option("--operator", help="Who decides.")],
    key: Annotated[Path, typer.Option("--key", help="His private key (PEM), which signs the decision.")],
    revoke: Annotated[
        bool, typer.Option("--revoke/--dismiss", help="Revoke the certificate, or dismiss the case.")
    ],
    why: WhyOption = "",
    dir: DirOption = None,
    passphrase_file: PassphraseOption = None,
    format: FormOption = Form.TABLE,
) -> None:
    """Decide a case, once. Revoked is a vehicle with all its pseudonyms from now on, and it gets no new ones;
    the next lists (`v2x crl`) say so. The key's passphrase is that of the name `key`."""
    from sentinel.ca.keys.files import read_key
    from sentinel.cli.ca.pending import pending
    from sentinel.cli.v2x.options import passphrases
    from sentinel.v2x.misbehaviour.office import Office

    signer = read_key(key, passphrases(passphrase_file).get("key"))
    with opened(dir, passphrase_file) as domain, Office(domain) as office, pending():
        _taken(office)
        decision = "revoke" if revoke else "dismiss"
        case, kind = office.decide(id.lower(), decision, operator=operator, signer=signer, why=why)
        told = office.document(case)
    if format is Form.JSON:
        show_json({**told, "kind": kind or None})
        return
    typer.echo(f"{case.target}: {f'{kind} revoked' if kind else 'dismissed'} by {operator}")


@app.command("score")
def score(
    scene: Annotated[Path, typer.Option("--scene", help="Folder of a scene with labels.")],
    detector: Annotated[
        Detector, typer.Option("--detector", help="Ours, or CaTCH's published checks to compare with.")
    ] = Detector.OURS,
    format: FormOption = Form.TABLE,
) -> None:
    """Say how well a detector finds the false messages of a scene: precision, recall and F1 of each attack,
    honest stations reported."""
    from sentinel.v2x.misbehaviour.score import Tally, judge
    from sentinel.v2x.scene import folder
    from sentinel.v2x.site import Site

    made = folder.scene(scene)
    tally = Tally()
    tally.run(judge(detector.value, Site.load(scene / folder.SITE)), folder.labelled(scene))
    document = {"scene": made.name, "seed": made.seed, "detector": detector.value, **tally.document()}
    if format is Form.JSON:
        show_json(document)
        return
    rows = [
        (
            name,
            *(f"{count[key]:.3f}" for key in ("precision", "recall", "f1")),
            f"{count['stations_reported']}/{count['stations']}",
        )
        for name, count in document["attacks"].items()
    ]
    tell_table(("attack", "precision", "recall", "F1", "stations reported"), rows)
    typer.echo(
        f"{document['honest_reported']} of {document['honest_stations']:,} honest stations reported in "
        f"{document['honest_station_hours']:.2f} station-hours"
    )
