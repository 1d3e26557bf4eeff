"""Operations that may need approval: the request's id goes to standard output, and the exit code is 4."""

from __future__ import annotations

import sys
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any

from sentinel.cli.ca.common import SOURCE

if TYPE_CHECKING:
    from sentinel.ca.approvals import Request
    from sentinel.ca.authority import Authority
    from sentinel.ca.charter import Operation
    from sentinel.ca.register import Change


class Approved:
    """The approvals of an operation, or that none are needed."""

    def __init__(self, request: Request | None) -> None:
        self.request = request

    def take(self, change: Change) -> tuple[str, ...]:
        """Use them up, in the transaction that does the operation: id of the request and who approved it,
        for the audit."""
        from sentinel.ca.approvals import take

        return take(change, self.request)


@contextmanager
def approved(
    authority: Authority, operation: Operation, arguments: Mapping[str, Any], who: str
) -> Iterator[Approved]:
    """The approvals of an operation, if the CA's policy asks for some; without them it is asked for."""
    from sentinel.ca.approvals import demand

    needed = authority.charter.policy.needed(operation)
    with pending():
        request = demand(authority.register, operation, arguments, needed=needed, who=who, source=SOURCE)
    yield Approved(request)


@contextmanager
def pending() -> Iterator[None]:
    """What is done within may have to wait for approval: then the request's id is printed."""
    from sentinel.ca.approvals import PendingError

    try:
        yield
    except PendingError as error:
        sys.stdout.write(f"{error.request}\n")
        raise
