"""`sentinel ca keys`: the CA's own keys."""

from __future__ import annotations

import sys

from sentinel.cli.ca.common import opened, show_json
from sentinel.cli.ca.options import DirOption, Form, FormOption


def keys(dir: DirOption = None, format: FormOption = Form.TABLE) -> None:
    """List the CA's keys: whose they are, where, and whether they are encrypted. None is unlocked."""
    from sentinel.ca.inventory import inventory

    with opened(dir, readonly=True) as authority:
        found = inventory(authority)
    if format is Form.JSON:
        show_json(found)
        return
    for one in found:
        sys.stdout.write(f"{one['name']:<12}{one['algorithm'] or '':<10}{one['state']:<12}{one['place']}\n")
