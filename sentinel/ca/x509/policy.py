"""Certificate policies along a path (RFC 5280, 6.1, with the graph of RFC 9618 in place of the tree, so that
the work grows with the policies and not with their combinations)."""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass, field

from sentinel.ca.x509 import der, extensions
from sentinel.ca.x509.certificate import Certificate

ANY = "2.5.29.32.0"
MAPPINGS, POLICY_CONSTRAINTS, INHIBIT_ANY = "2.5.29.33", "2.5.29.36", "2.5.29.54"
MOST_POLICIES = 128
"""Policies, and mappings, of one certificate."""


class PolicyError(ValueError):
    """No policy is valid where one is asked for, or a policy extension is wrong."""


@dataclass(slots=True)
class _Node:
    """A policy that is valid at one depth."""

    policy: str
    expected: set[str]
    parents: list[_Node] = field(default_factory=list)


class Policies:
    """What is known of policies while a path is walked from the anchor to the end.

    `check` takes each certificate; for those that are not the last `prepare` follows. `end` gives the
    policies the path is good for.
    """

    def __init__(
        self, length: int, *, explicit: bool = False, inhibit_mapping: bool = False, inhibit_any: bool = False
    ) -> None:
        self._level: dict[str, _Node] = {ANY: _Node(ANY, {ANY})}
        self._explicit = 0 if explicit else length + 1
        self._mapping = 0 if inhibit_mapping else length + 1
        self._any = 0 if inhibit_any else length + 1

    def check(self, certificate: Certificate, *, self_issued: bool, last: bool) -> None:
        """6.1.3 (d) to (f)."""
        value = certificate.extensions.get(extensions.POLICIES)
        if value is None:
            self._level = {}
        elif self._level:
            told = _read_policies(value)
            usable = ANY in told and (self._any > 0 or (self_issued and not last))
            self._level = self._below(told - {ANY}, any_too=usable)
        if not self._explicit and not self._level:
            raise PolicyError("no policy is valid for the whole path, and one is asked for")

    def _below(self, told: set[str], *, any_too: bool) -> dict[str, _Node]:
        expecting: dict[str, list[_Node]] = {}
        for node in self._level.values():
            for policy in node.expected:
                expecting.setdefault(policy, []).append(node)
        level = {}
        for policy in told:
            parents = expecting.get(policy) or expecting.get(ANY)
            if parents:
                level[policy] = _Node(policy, {policy}, parents)
        if any_too:
            for policy, parents in expecting.items():
                if policy not in level:
                    level[policy] = _Node(policy, {policy}, parents)
        return level

    def prepare(self, certificate: Certificate, *, self_issued: bool) -> None:
        """6.1.4 (a), (b), (h) to (j)."""
        value = certificate.extensions.get(MAPPINGS)
        if value is not None:
            self._map(_read_mappings(value))
        if not self_issued:
            self._explicit = max(self._explicit - 1, 0)
            self._mapping = max(self._mapping - 1, 0)
            self._any = max(self._any - 1, 0)
        explicit, mapping = _read_constraints(certificate)
        if explicit is not None:
            self._explicit = min(self._explicit, explicit)
        if mapping is not None:
            self._mapping = min(self._mapping, mapping)
        skip = certificate.extensions.get(INHIBIT_ANY)
        if skip is not None:
            self._any = min(self._any, _skip(der.Reader(skip).read(der.INTEGER)))

    def _map(self, mappings: dict[str, set[str]]) -> None:
        for policy, mapped in mappings.items():
            node = self._level.get(policy)
            if not self._mapping:
                self._level.pop(policy, None)
            elif node is not None:
                node.expected = mapped
            elif ANY in self._level:
                self._level[policy] = _Node(policy, mapped, self._level[ANY].parents)

    def end(self, certificate: Certificate, wanted: Collection[str] | None) -> frozenset[str]:
        """Policies the path is good for, {ANY} for all; `wanted` are those the caller would have (None:
        any). 6.1.5 (a), (b), (g)."""
        explicit, _ = _read_constraints(certificate)
        self._explicit = 0 if explicit == 0 else max(self._explicit - 1, 0)
        found = self._constrained()
        if wanted is not None:
            found = frozenset(wanted) if ANY in found else found & frozenset(wanted)
        if not self._explicit and not found:
            raise PolicyError("no policy of those wanted is valid for the path")
        return found

    def _constrained(self) -> frozenset[str]:
        """Policies in the words of the first authority that named them (RFC 9618, 5.6)."""
        if ANY in self._level:
            return frozenset({ANY})
        found, seen, waiting = set(), set(), list(self._level.values())
        while waiting:
            node = waiting.pop()
            if id(node) in seen:
                continue
            seen.add(id(node))
            if any(parent.policy == ANY for parent in node.parents):
                found.add(node.policy)
            waiting += [parent for parent in node.parents if parent.policy != ANY]
        return frozenset(found)


def _members(value: bytes) -> list[der.Reader]:
    outer = der.Reader(value)
    each = outer.enter()
    outer.end()
    found = []
    while each.peek() is not None:
        found.append(each.enter())
        if len(found) > MOST_POLICIES:
            raise PolicyError(f"more than {MOST_POLICIES} policies")
    return found


def _read_policies(value: bytes) -> set[str]:
    """Policies of a certificatePolicies; their qualifiers are left alone."""
    told = [one.oid() for one in _members(value)]
    if len(told) != len(set(told)):
        raise PolicyError("a policy stands twice (4.2.1.4)")
    return set(told)


def _read_mappings(value: bytes) -> dict[str, set[str]]:
    found: dict[str, set[str]] = {}
    for one in _members(value):
        issuer, subject = one.oid(), one.oid()
        one.end()
        if ANY in (issuer, subject):
            raise PolicyError("anyPolicy is mapped (6.1.4 (a))")
        found.setdefault(issuer, set()).add(subject)
    return found


def _read_constraints(certificate: Certificate) -> tuple[int | None, int | None]:
    """requireExplicitPolicy and inhibitPolicyMapping of a policyConstraints."""
    value = certificate.extensions.get(POLICY_CONSTRAINTS)
    if value is None:
        return None, None
    outer = der.Reader(value)
    inner = outer.enter()
    outer.end()
    explicit = _skip(inner.read()) if inner.peek() == 0x80 else None
    mapping = _skip(inner.read()) if inner.peek() == 0x81 else None
    inner.end()
    return explicit, mapping


def _skip(contents: bytes) -> int:
    number = int.from_bytes(contents, "big", signed=True)
    if not contents or number < 0:
        raise PolicyError(f"number of certificates {number}")
    return number
