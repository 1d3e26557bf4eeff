"""`sentinel v2x misbehaviour`: who says what cannot be."""

from __future__ import annotations

from enum import StrEnum
from pathlib import Path
from typing import Annotated

import typer

from sentinel.cli.ca.options import Form, FormOption

app = typer.Typer(no_args_is_help=True, help="Messages that cannot be true, and who sent them.")


class Detector(StrEnum):
    """Whose checks decide."""

    OURS = "ours"
    CATCH = "catch"


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
    from sentinel.cli.ca.common import show_json
    from sentinel.cli.ca.listing import tell_table
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
