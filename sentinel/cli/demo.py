"""`sentinel demo`: a small plant's traffic with an attack in it, scanned."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import Annotated

import typer


def demo(
    output: Annotated[Path, typer.Option("--output", "-o", help="Where to write the capture.")] = Path(
        "sentinel-demo.pcap"
    ),
) -> None:
    """Build a small plant's traffic with an attack in it, scan it, show everything."""
    from sentinel.cli.scan import run_scan
    from sentinel.demo.plant import build

    frames = build(output)
    sys.stderr.write(f"{output}: {frames:,} frames of a small plant (open it in Wireshark too)\n\n")
    raise typer.Exit(run_scan([str(output)]))
