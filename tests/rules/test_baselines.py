"""What was learned, through the thin face in Python."""

from __future__ import annotations

import json

import pytest

from sentinel.errors import UserError
from sentinel.rules import baselines


class Fake:
    """Stands for the native watch."""

    def __init__(self) -> None:
        self.loaded = b""

    def save_baseline(self) -> bytes:
        return b"state"

    def load_baseline(self, saved: bytes) -> None:
        if saved == b"bad":
            raise ValueError("context: the state is damaged")
        self.loaded = saved

    def show_baseline(self, most: int) -> bytes:
        entry = {"client": "10.0.0.1", "server": "10.0.0.2", "protocol": "modbus", "state": "usual"}
        head = {"state": "ready", "learned_seconds": 9, "learning_seconds": 5, "entries": 2}
        return json.dumps(head | {"conversations": [entry, entry | {"functions": ["read"]}][:most]}).encode()

    def reset_baseline(self, address: str | None) -> int:
        if address == "x":
            raise ValueError("x: not an address")
        return 0 if address else 3


def test_is_kept_and_shown() -> None:
    fake = Fake()
    baselines.load(fake, baselines.save(fake), "store")
    assert fake.loaded == b"state"
    baselines.load(fake, None, "store")
    shown = baselines.show(fake)
    assert (shown.state, shown.total, len(shown.entries)) == ("ready", 2, 2)
    assert shown.entries[1].functions == ("read",)
    assert len(baselines.show(fake, most=1).entries) == 1
    assert baselines.reset(fake) == 3


def test_says_what_is_wrong() -> None:
    with pytest.raises(UserError, match=r"^store: context: the state is damaged \(`sentinel rules baseline"):
        baselines.load(Fake(), b"bad", "store")
    with pytest.raises(UserError, match="x: not an address"):
        baselines.reset(Fake(), "x")
