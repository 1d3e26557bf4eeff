"""Runs the measurements, all or those named: `python -m bench [NAME...] [--quick] [--packets N]`.

Every module of this folder with a `main` is a measurement; it prints what it finds and asserts nothing.
What they `record` is written as JSON at the end.
"""

from __future__ import annotations

import argparse
import sys
from importlib import import_module
from pathlib import Path

from bench import _plan


def main(arguments: list[str]) -> int:
    found = sorted(path.stem for path in Path(__file__).parent.glob("*.py") if not path.stem.startswith("_"))
    parser = argparse.ArgumentParser(prog="python -m bench", description="Speed, memory and start-up.")
    parser.add_argument("names", nargs="*", metavar="NAME", help=f"measurements to run: {', '.join(found)}")
    parser.add_argument("--quick", action="store_true", help="run everything once, not three times")
    parser.add_argument("--packets", type=int, default=_plan.PACKETS, help="packets of the workload")
    parser.add_argument("--capture", type=Path, help="measure on this capture instead of the workload")
    parser.add_argument("--no-build", action="store_true", help="use what cargo built before")
    parser.add_argument(
        "--ablation", action="store_true", help="chains: switch off and move each element too"
    )
    parser.add_argument("--events", type=int, help="append, store: how many events")
    parser.add_argument("--json", type=Path, help="where to write the numbers (default: in the cache folder)")
    given = parser.parse_args(arguments)
    unknown = sorted(set(given.names) - set(found))
    if unknown:
        parser.error(f"no measurement is called {unknown[0]}: there are {', '.join(found)}")
    _plan.PLAN = plan = _plan.Plan(
        packets=given.packets,
        runs=1 if given.quick else _plan.RUNS,
        capture=given.capture,
        build=not given.no_build,
        ablation=given.ablation,
        events=given.events,
    )
    for name in given.names or found:
        module = import_module(f"bench.{name}")
        if hasattr(module, "main"):
            sys.stdout.write(f"\n== {name}: {(module.__doc__ or '').splitlines()[0]}\n")
            sys.stdout.flush()
            module.main()
    target = given.json or _plan.cache() / "last.json"
    plan.write(target)
    sys.stdout.write(f"\nnumbers: {target}\n")
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
