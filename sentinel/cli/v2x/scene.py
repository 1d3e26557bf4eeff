"""`sentinel v2x scene`: traffic whose messages are partly false."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from sentinel.cli.v2x.options import Profile


def scene(
    name: Annotated[
        str,
        typer.Argument(
            metavar="NAME",
            help="crossing, motorway, platoon; forged-rsi, forged-spat, forged-emergency, forged-collision.",
        ),
    ],
    seed: Annotated[int, typer.Option("--seed", min=0, help="The same seed makes the same scene.")],
    out: Annotated[Path, typer.Option("--out", help="New folder for the scene.")],
    attack: Annotated[
        list[str] | None,
        typer.Option(
            "--attack", help="Attack, repeatable; `none` for honest traffic. [default: all, dealt in turn]"
        ),
    ] = None,
    share: Annotated[float, typer.Option("--share", help="Share of vehicles that attack.")] = 0.1,
    seconds: Annotated[float, typer.Option("--seconds", help="How long it lasts.")] = 120.0,
    profile: Annotated[
        Profile, typer.Option("--profile", help="Of the certificates of a forged scene.")
    ] = Profile.YDT3957,
) -> None:
    """Make a scene: traffic by SUMO, what its vehicles say of themselves ten times a second, and labels. A
    forged scene is made of signed messages, one for each way in which a receiver could be deceived, with
    what is needed to verify them; --attack, --share and --seconds are not for it."""
    from sentinel.errors import UserError
    from sentinel.v2x.scene.attacks import ATTACKS, NAMES
    from sentinel.v2x.scene.folder import Scene, Writer
    from sentinel.v2x.scene.forged.payloads import FORGERIES
    from sentinel.v2x.scene.make import Plan, received
    from sentinel.v2x.scene.roads import ROADS
    from sentinel.v2x.scene.sumo import Traffic

    if name in FORGERIES:
        from sentinel.v2x.scene.forged.folder import write

        forged = write(name, seed, profile.value, out)
        typer.echo(f"{forged.messages} messages, received until {forged.at}: {out}")
        return
    if name not in ROADS:
        raise UserError(f"{name}: no such scene; there are {', '.join([*ROADS, *FORGERIES])}")
    wanted = list(NAMES) if not attack else [] if attack == ["none"] else attack
    for unknown in (a for a in wanted if a not in NAMES):
        raise UserError(f"{unknown}: no such attack; there are {', '.join(NAMES)}, and none")
    if not 0.0 <= share <= 1.0:
        raise UserError(f"--share {share:g}: from 0 to 1")
    plan = Plan(seed, [a for a in ATTACKS if a.name in wanted], share)
    writer = Writer(out)
    with Traffic(ROADS[name], seed, seconds) as traffic:
        messages, stations, vehicles = writer.write(
            received(traffic.steps(), traffic.site, plan), traffic.site
        )
    noise = "VeReMi NextGen sensor error model"
    writer.finish(Scene(name, seed, seconds, share, plan.given, messages, stations, vehicles, noise))
    typer.echo(f"{messages:,} messages of {vehicles:,} vehicles, {len(plan.given)} of them attack: {out}")
