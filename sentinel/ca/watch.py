"""What the CA must be told of: its own certificates that end soon, lists that are overdue."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, datetime
from typing import TYPE_CHECKING

import msgspec

if TYPE_CHECKING:
    from sentinel.ca.authority import Authority
    from sentinel.ca.register import Register


class Base(msgspec.Struct, frozen=True):
    """What the register keeps of the last list of a kind that was published. `position` is that of the
    audit's last entry before it."""

    number: int
    position: int
    this_update: str
    next_update: str


def state_name(role: str, *, delta: bool = False) -> str:
    """What the last list of a CA is kept under in the register."""
    return f"crl-{role}{'-delta' if delta else ''}"


def kept(register: Register, name: str) -> Base | None:
    """The last list that was published under a `state_name`."""
    found = register.state(name)
    return None if found is None else msgspec.json.decode(found, type=Base)


def soonest(authority: Authority, now: datetime) -> int:
    """Whole days until the first of the CA's certificates ends."""
    return min((one.not_after - now).days for one in authority.chain())


def ends(authority: Authority, within_days: int, now: datetime) -> Iterator[str]:
    """A warning for each certificate of the CA that ends within so many days, the issuing CA's first."""
    for one, member in zip(authority.chain(), reversed(authority.charter.members), strict=True):
        left = (one.not_after - now).days
        if left < within_days:
            when = f"ends in {left} days" if left >= 0 else "has ended"
            what = f"the {member.role} certificate {when} ({one.not_after:%Y-%m-%d})"
            yield f"{what}; make another: sentinel ca init{' --under' if member.role == 'issuing' else ''}"


def overdue(authority: Authority, now: datetime) -> Iterator[str]:
    """A warning for each list whose next one should be there. A delta counts until a complete list follows
    it; a CA that has published none owes none."""
    for member in reversed(authority.charter.members):
        complete, delta = (
            kept(authority.register, state_name(member.role, delta=which)) for which in (False, True)
        )
        if complete is None:
            continue
        also = delta if delta is not None and delta.number > complete.number else None
        for made, word, option in ((complete, "list", ""), (also, "delta list", " --delta")):
            if made is not None and datetime.fromisoformat(made.next_update).astimezone(UTC) < now:
                yield (
                    f"the {word} of revoked certificates of {member.role} is overdue since "
                    f"{made.next_update}; make one: sentinel ca crl --ca {member.role}{option} --out FILE"
                )
                break
