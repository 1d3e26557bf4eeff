"""Runs the measurements, all or those named: `python -m bench [NAME...]`."""

from __future__ import annotations

import sys
from importlib import import_module
from pathlib import Path


def main(names: list[str]) -> int:
    found = sorted(path.stem for path in Path(__file__).parent.glob("*.py") if not path.stem.startswith("_"))
    unknown = set(names) - set(found)
    if unknown:
        sys.stderr.write(f"no measurement is called {min(unknown)}: there are {', '.join(found)}\n")
        return 2
    for name in names or found:
        module = import_module(f"bench.{name}")
        if hasattr(module, "main"):
            sys.stdout.write(f"\n== {name}: {(module.__doc__ or '').splitlines()[0]}\n")
            sys.stdout.flush()
            module.main()
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
