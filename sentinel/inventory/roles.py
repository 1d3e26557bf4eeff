"""What a device is and where it stands: votes for asset types, and the Purdue level of the winner.

Every vote has a weight (`data/roles.tsv`, `data/cip_device_types.tsv`, the pattern files): below 1 a hint,
1-2 suggests, 3 speaks for, 4 and more states it. Weights of one type add up; the same kind of evidence counts
once. The type with the highest sum is taken if it reaches `_ENOUGH`; equal sums are decided by the order of
`TYPES`, and a general type gives way to a purpose (`_PURPOSES`). All votes are kept with their evidence.
"""

from functools import cache

from sentinel.inventory import tables
from sentinel.inventory.identity import Identity
from sentinel.inventory.profile import Meaning, Profile, Role
from sentinel.inventory.protocols import industrial, protocol

# Every asset type, the more specific first: this order decides between equal sums.
TYPES = tuple(
    """
    safety-controller plc rtu ied pac power-meter meter drive robot io-device building-controller charger
    medical-device vehicle-terminal obu rsu hmi scada-server engineering-workstation historian camera nvr
    printer phone ups smart-plug home-hub tv sensor serial-server gateway firewall router switch access-point
    domain-controller server workstation iot
    """.split()
)
_PURPOSES = {
    "workstation": ("engineering-workstation", "hmi", "scada-server", "historian"),
    "server": ("scada-server", "historian", "domain-controller", "engineering-workstation", "nvr"),
    "iot": ("sensor", "smart-plug", "home-hub", "camera", "gateway"),
}
_MARKS = {
    "router": "its hardware address carries packets of other networks",
    "behind": "many hosts are behind its hardware address",
    "peers": "it exchanges industrial traffic with many devices",
}
_ORDER = {role: i for i, role in enumerate(TYPES)}
_ENOUGH = 1.5
_STATED = 8.0  # weight of a role fact: the protocol itself says what the device is
_DECLARED = 3.0  # the same from a protocol any computer speaks (a Windows host announces what it could be)
_SPECIFIC = 70  # rank from which a protocol knows the device
_STRONG = 4.0  # what speaks for a type even at a public address
_MANY_BEHIND = 5
_MANY_PEERS = 10
_KEPT_EVIDENCE = 8
_CHANGES = frozenset(
    """
    write force start stop restart change-mode download firmware set-time set-address set-name factory-reset
    file-write file-delete clear disconnect-load reconnect-load configure inject
    """.split()
)


@cache
def _table() -> dict[tuple[str, str], tuple[tuple[str, float], ...]]:
    table: dict[tuple[str, str], list[tuple[str, float]]] = {}
    for kind, key, role, score in tables.rows("roles.tsv"):
        table.setdefault((kind, key), []).append((role, float(score)))
    return {key: tuple(votes) for key, votes in table.items()}


@cache
def _systems() -> tuple[tuple[str, tuple[tuple[str, float], ...]], ...]:
    """Votes by the beginning of an operating system's name, the longest first."""
    found = [(key, votes) for (kind, key), votes in _table().items() if kind == "os"]
    return tuple(sorted(found, key=lambda item: -len(item[0])))


@cache
def _levels() -> dict[str, tuple[int | float | None, str]]:
    return {role: (_number(level), basis) for role, level, basis in tables.rows("levels.tsv")}


def _number(level: str) -> int | float | None:
    """A level as it is written: 1 is whole, 3.5 (the DMZ) is not."""
    return None if not level else float(level) if "." in level else int(level)


class Ballot:
    """Votes as they come in. Of one kind of evidence the strongest counts, and all are kept as evidence."""

    __slots__ = ("_evidence", "_weights")

    def __init__(self) -> None:
        self._weights: dict[str, dict[str, float]] = {}
        self._evidence: dict[str, list[str]] = {}

    def vote(self, role: str, weight: float, ref: str, kind: str) -> None:
        refs = self._evidence.setdefault(role, [])
        if ref not in refs and len(refs) < _KEPT_EVIDENCE:
            refs.append(ref)
        kinds = self._weights.setdefault(role, {})
        kinds[kind] = max(weight, kinds.get(kind, 0.0))

    def roles(self) -> list[Role]:
        """All that were voted for, the highest sum first."""
        sums = [(role, round(sum(kinds.values()), 2)) for role, kinds in self._weights.items()]
        sums.sort(key=lambda item: (-item[1], _ORDER.get(item[0], len(_ORDER))))
        return [Role(role, score, self._evidence[role]) for role, score in sums]


def fill(meaning: Meaning, profile: Profile, found: Identity) -> None:
    """Counts the votes and sets roles, type and level."""
    public = profile.address.v4 == "public"
    ballot = Ballot()
    for role, weight, ref, kind in found.votes:
        if not public or weight >= _STRONG:
            ballot.vote(role, weight, ref, kind)
    for i, fact in enumerate(profile.facts):
        if fact.name == "role" and fact.value in _ORDER:
            weight = _STATED if protocol(fact.protocol).rank >= _SPECIFIC else _DECLARED
            ballot.vote(fact.value, weight if fact.by != "other" else weight / 2, f"f{i}", "stated")
    _by_protocols(ballot, profile, public)
    if not public:
        _by_surroundings(ballot, meaning, profile)
    meaning.roles = ballot.roles()
    meaning.type = _winner(meaning.roles)
    if meaning.type:
        meaning.level = _level(meaning.type, profile, public)


def _winner(roles: list[Role]) -> str | None:
    """The type with the highest sum, if it is enough. A general type gives way to what the machine is for:
    an engineering workstation is a workstation, too, and votes for both do not compete."""
    enough = [role.role for role in roles if role.score >= _ENOUGH]
    if not enough:
        return None
    return next((role for role in enough if role in _PURPOSES.get(enough[0], ())), enough[0])


def _by_protocols(ballot: Ballot, profile: Profile, public: bool) -> None:
    table = _table()
    for i, service in enumerate(profile.services):
        if public and not industrial(service.protocol):
            continue
        for role, weight in table.get(("serves", service.protocol), ()):
            ballot.vote(role, weight, f"s{i}", f"serves:{service.protocol}")
    for i, client in enumerate(profile.clients):
        if public and not industrial(client.protocol):
            continue
        for role, weight in table.get(("uses", client.protocol), ()):
            ballot.vote(role, weight, f"c{i}", f"uses:{client.protocol}")
    for i, done in enumerate(profile.did):
        if industrial(done.protocol) and done.outcome != "refused":
            for role, weight in table.get(("did", done.action), ()):
                ballot.vote(role, weight, f"d{i}", f"did:{done.action}")


def _by_surroundings(ballot: Ballot, meaning: Meaning, profile: Profile) -> None:
    table = _table()
    if meaning.vendor:
        for role, weight in table.get(("vendor", meaning.vendor), ()):
            for ref in meaning.because.get("vendor", ())[:1]:
                ballot.vote(role, weight, ref, "vendor")
    if meaning.os:
        for system, votes in _systems():
            if meaning.os.startswith(system):
                for role, weight in votes:
                    for ref in meaning.because.get("os", ())[:1]:
                        ballot.vote(role, weight, ref, "os")
                break
    for flag in profile.mac_flags:
        for role, weight in table.get(("mac", flag), ()):
            ballot.vote(role, weight, "a0", f"mac:{flag}")
    address = profile.address
    marks = (("router", address.router), ("behind", address.router and address.behind >= _MANY_BEHIND))
    for mark, true in (*marks, ("peers", address.peers_l2 >= _MANY_PEERS and _only_client(profile))):
        if true:
            for role, weight in table.get(("address", mark), ()):
                ballot.vote(role, weight, _MARKS[mark], f"address:{mark}")


def _only_client(profile: Profile) -> bool:
    """It is a client of industrial protocols and offers none."""
    return any(industrial(c.protocol) for c in profile.clients) and not any(
        industrial(s.protocol) for s in profile.services
    )


def _level(role: str, profile: Profile, public: bool) -> int | float | None:
    level, basis = _levels().get(role, (None, "never"))
    speaks = any(industrial(s.protocol) for s in profile.services) or any(
        industrial(c.protocol) for c in profile.clients
    )
    if basis == "never" or (basis == "industrial" and not speaks) or (public and not speaks):
        return None
    return level


def changes(action: str) -> bool:
    """True if the action changes the device or the process."""
    return action in _CHANGES
