"""Draws the pictures of the README from the demo plant: `python -m tools.pictures`.

`docs/img/scan.svg` is the beginning of what `sentinel demo` prints, `docs/img/report.png` the HTML report as
a headless Chromium shows it (left as it is where there is none).
"""

from __future__ import annotations

import io
import os
import re
import shutil
import subprocess
import sys
from pathlib import Path
from tempfile import TemporaryDirectory

from rich.console import Console
from rich.text import Text

IMAGES = Path(__file__).resolve().parent.parent / "docs" / "img"
WIDTH = 120
LINES = 44
WINDOW = "1200,1700"
BROWSERS = ("chromium", "chromium-browser", "google-chrome")


def table(folder: Path) -> str:
    """What the demo prints, with colours."""
    command = [sys.executable, "-m", "sentinel", "demo", "--output", str(folder / "sentinel-demo.pcap")]
    colours = {"COLUMNS": str(WIDTH), "FORCE_COLOR": "1", "TERM": "xterm-256color"}
    done = subprocess.run(command, env=os.environ | colours, capture_output=True, text=True, check=True)
    return done.stdout


def svg(text: str) -> str:
    """The first lines as a terminal window. Without the fonts that would be fetched from elsewhere."""
    console = Console(width=WIDTH, record=True, file=io.StringIO(), force_terminal=True)
    lines = Text.from_ansi(text).split("\n", allow_blank=True)
    for line in list(lines)[:LINES]:
        line.rstrip()
        console.print(line, no_wrap=True, overflow="crop")
    drawn = console.export_svg(title="make demo", unique_id="scan")
    return re.sub(r"\s*@font-face \{.*?\}", "", drawn, flags=re.DOTALL).replace(
        "Fira Code, monospace", "monospace"
    )


def main() -> None:
    """Draw both."""
    with TemporaryDirectory() as name:
        folder = Path(name)
        (IMAGES / "scan.svg").write_text(svg(table(folder)), encoding="utf-8")
        browser = next(filter(None, map(shutil.which, BROWSERS)), None)
        if browser is None:
            sys.stderr.write("no Chromium was found: report.png is left as it is\n")
            return
        page = folder / "plant.html"
        capture = str(folder / "sentinel-demo.pcap")
        scan = [sys.executable, "-m", "sentinel", "scan", capture, "--format", "html", "--output", str(page)]
        subprocess.run(scan, check=True)
        shot = [
            f"--screenshot={IMAGES / 'report.png'}",
            f"--window-size={WINDOW}",
            f"--user-data-dir={folder / 'b'}",
        ]
        options = ["--headless", "--no-sandbox", "--hide-scrollbars", "--virtual-time-budget=4000"]
        subprocess.run([browser, *options, *shot, page.as_uri()], check=True, capture_output=True)


if __name__ == "__main__":
    main()
