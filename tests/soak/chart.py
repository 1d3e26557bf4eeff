"""Memory over time as a picture."""

from __future__ import annotations

from collections.abc import Sequence

from tests.soak.memory import MEBI, Held

WIDTH, HEIGHT, EDGE = 800, 240, 40


def svg(name: str, rounds: Sequence[Held]) -> str:
    """Private memory and resident memory (MiB) against seconds, as SVG."""
    most = max(r.rss for r in rounds) * 1.1
    long = max(rounds[-1].seconds, 1.0)

    def line(octets: Sequence[int], colour: str) -> str:
        places = (
            f"{EDGE + r.seconds / long * (WIDTH - 2 * EDGE):.1f},"
            f"{HEIGHT - EDGE - o / most * (HEIGHT - 2 * EDGE):.1f}"
            for r, o in zip(rounds, octets, strict=True)
        )
        return f'<polyline fill="none" stroke="{colour}" points="{" ".join(places)}"/>'

    told = f"{name}: resident (grey) and private memory, up to {most / MEBI:.0f} MiB, {long:.0f} s"
    return (
        f'<svg xmlns="http://www.w3.org/2000/svg" width="{WIDTH}" height="{HEIGHT}">'
        f'<text x="{EDGE}" y="20" font-family="sans-serif" font-size="13">{told}</text>'
        f"{line([r.rss for r in rounds], '#999')}{line([r.dirty for r in rounds], '#06c')}</svg>\n"
    )
