"""The outcome of a scan as one HTML file that needs nothing else: no network, no other file.

The page is its template with the style, the script and the data put in. What was captured stands in
the data only, as JSON that cannot end its element, and the script shows it as text, never as markup.
A content security policy names the style and the script by their hashes and allows nothing else.
"""

from __future__ import annotations

import base64
import functools
import hashlib
import json
from importlib import resources
from string import Template

from sentinel.report.document import Document
from sentinel.report.html.view import view

SCRIPTS = (
    "dom.js",
    "table.js",
    "links.js",
    "layout.js",
    "map.js",
    "asset.js",
    "chains.js",
    "sections.js",
    "main.js",
)
"""Parts of the script, in the order they need one another."""


def render(document: Document) -> str:
    """The page. The same document gives the same page; it is plain ASCII but for the template."""
    style, script = _style(), _script()
    policy = "; ".join(
        (
            "default-src 'none'",
            f"style-src '{_digest(style)}'",
            f"script-src '{_digest(script)}'",
            "base-uri 'none'",
            "form-action 'none'",
        )
    )
    return Template(_part("page.html")).substitute(
        policy=policy, style=style, script=script, data=embedded(view(document))
    )


def embedded(value: object) -> str:
    """JSON that can stand inside a script element whatever text it holds."""
    text = json.dumps(value, ensure_ascii=True, allow_nan=False, separators=(",", ":"))
    return text.replace("&", "\\u0026").replace("<", "\\u003c").replace(">", "\\u003e")


@functools.cache
def _part(name: str) -> str:
    return (resources.files(__package__) / "page" / name).read_text(encoding="utf-8")


def _style() -> str:
    return _part("style.css")


@functools.cache
def _script() -> str:
    return '(() => {\n"use strict";\n' + "\n".join(map(_part, SCRIPTS)) + "})();\n"


def _digest(text: str) -> str:
    """How a content security policy names an inline element (CSP Level 3, section 2.3.1)."""
    return "sha256-" + base64.b64encode(hashlib.sha256(text.encode()).digest()).decode()
