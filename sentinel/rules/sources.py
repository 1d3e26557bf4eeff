"""Log sources: which events a rule is meant for (docs/concepts/rules.md)."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from sentinel._native import log_sources


def meant(source: Mapping[str, Any], dataset: str) -> bool:
    """Whether the engine tries a rule with this log source on events of a dataset."""
    asked = [str(source.get(key) or "").lower() for key in ("product", "service", "category")]
    given = log_sources(dataset)
    return not given or any(
        all(not want or want == have for want, have in zip(asked, one, strict=True)) for one in given
    )
