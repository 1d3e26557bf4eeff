"""Many threads, few syncs: every change stands when its call returns, and one that fails fails alone."""

from __future__ import annotations

import threading
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest

from sentinel.ca.audit.verify import verify
from sentinel.ca.register import Change, Register
from sentinel.ca.register.group import Group
from sentinel.errors import UserError
from tests.ca.register.made import certificate, encoded, entry


def add(number: int) -> Callable[[Change], int]:
    def work(change: Change) -> int:
        change.add(certificate(number), encoded(number))
        return change.audit_entry(entry(number))

    return work


def test_threads_share_transactions(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    with Register.create(tmp_path / "register.db") as register:
        group = Group(register)
        count = 0
        transaction = register.transaction

        def counted() -> object:
            nonlocal count
            count += 1
            return transaction()

        monkeypatch.setattr(register, "transaction", counted)
        together = threading.Barrier(16)

        def client(first: int) -> list[int]:
            together.wait()
            out: list[int] = []
            for number in range(first, first + 20):
                out.append(group.do(add(number)))
                assert register.certificate(certificate(number).serial) is not None
            return out

        with ThreadPoolExecutor(16) as pool:
            numbers = [n for found in pool.map(client, range(0, 320, 20)) for n in found]
        assert sorted(numbers) == list(range(320))
        assert count < 320
    assert verify(tmp_path / "register.db").ok


def test_one_that_fails_fails_alone(tmp_path: Path) -> None:
    with Register.create(tmp_path / "register.db") as register:
        group = Group(register)
        group.do(add(0))
        numbers = [*range(1, 30), 0, *range(30, 60), 5]

        def client(number: int) -> str:
            try:
                group.do(add(number))
            except UserError as error:
                return error.message
            return ""

        with ThreadPoolExecutor(8) as pool:
            told = [*pool.map(client, numbers)]
        refused = [message for message in told if message]
        assert len(refused) == 2
        assert all("is in the register already" in message for message in refused)
        assert len([*register.list()]) == 60
    assert verify(tmp_path / "register.db").ok
