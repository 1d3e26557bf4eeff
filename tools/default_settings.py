"""Writes packaging/sentinel.toml from the settings' model: every setting with its default, as a comment.

`make docs` calls it; a test holds the file to what this makes.
"""

from __future__ import annotations

import json
import textwrap
from pathlib import Path
from typing import Any, get_args

FILE = Path(__file__).resolve().parent.parent / "packaging" / "sentinel.toml"
HEAD = """\
# Settings of sentinel: /etc/sentinel/sentinel.toml, or ~/.config/sentinel/sentinel.toml for one person.
#
# Every setting stands here with its default, as a comment: take the `#` away and change it. At least one
# of `interfaces` and `logs` of [collect] has to be set for `sentinel collect`. `sentinel config check` tells
# what is wrong; `systemctl reload sentinel` makes the daemon read it anew. Secrets are not settings: a
# setting names the file that holds one.
"""


def text() -> str:
    """The file's text."""
    from sentinel.config import sections

    parts = [HEAD]
    for name, model in sections():
        lines = [*_comment(model.__doc__ or ""), f"[{name}]"]
        for key, field in model.model_fields.items():
            lists = next((one for one in get_args(field.annotation) if hasattr(one, "model_fields")), None)
            if lists is not None:
                lines += ["", *_comment(field.description or ""), f"# [[{name}.{key}]]"]
                for inner, entry in lists.model_fields.items():
                    lines += [
                        *_comment(entry.description or "", "#   "),
                        f"#   {inner} = {_value(entry)}".rstrip(),
                    ]
                continue
            lines += ["", *_comment(field.description or ""), f"# {key} = {_value(field)}".rstrip()]
        parts.append("\n".join(lines) + "\n")
    return "\n".join(parts)


def _comment(words: str, mark: str = "# ") -> list[str]:
    return textwrap.wrap(" ".join(words.split()), 106, initial_indent=mark, subsequent_indent=mark)


def _value(field: Any) -> str:
    """A default as TOML; empty where there is none."""
    default = None if field.is_required() else field.get_default()
    if default is None:
        return ""
    if isinstance(default, bool):
        return str(default).lower()
    if isinstance(default, tuple):
        return json.dumps([str(item) for item in default])
    return json.dumps(default if isinstance(default, str | int | float) else str(default))


def main() -> None:
    FILE.parent.mkdir(exist_ok=True)
    FILE.write_text(text(), encoding="utf-8")
