"""Which operating system a host runs, from signs that agree or contradict each other.

Signs: how its TCP stack opens and accepts connections (`data/stacks.tsv`), what its DHCP client asks for
(`data/dhcp_options.tsv`), and what protocols and banners say of it (SMB, NTLM, HTTP, SSH, mDNS …, gathered by
`identity.py`). Names are grouped into families (`data/systems.tsv`): "Ubuntu" and "Linux 4.19 or later" are
one. Within a family each kind of sign counts once, by its surest: 1 - (1-a)(1-b)… . Another family lowers it
by the factor (1 - its own): behind one address two systems may be at work. A system that only its stack or
its DHCP client shows becomes the asset's `os` from `ENOUGH` on, and only where nothing names one.
"""

from functools import cache
from math import prod

from sentinel.inventory import tables
from sentinel.inventory.identity import Candidate, Identity, texts
from sentinel.inventory.profile import Meaning, Profile, System

ENOUGH = 0.5
"""Confidence from which a system that nothing names is the asset's."""
_SHOWN = 0.2  # families less likely than this are not told
_NAMED = 0.9  # a field of a protocol that names a system
_FOUND = 0.7  # what a pattern finds in a text
_SAID_BY_OTHERS = 0.4
_PASSIVE = ("stack", "order")  # signs that nobody says
_PASSIVE_RANK = 12  # above the maker of the network card, below every word of the device
_KEPT = 4


@cache
def _stacks() -> dict[str, list[tuple[str, tuple[str, ...], tuple[str, ...], tuple[str, ...], str, float]]]:
    out: dict[str, list[tuple[str, tuple[str, ...], tuple[str, ...], tuple[str, ...], str, float]]] = {}
    for kind, ttl, options, window, scale, os, sure in tables.rows("stacks.tsv"):
        row = (
            ttl,
            tuple(options.split("|")),
            tuple(window.split("|")),
            tuple(scale.split("|")),
            os,
            float(sure),
        )
        out.setdefault(kind, []).append(row)
    return out


@cache
def _orders() -> dict[str, tuple[str, float]]:
    return {options: (os, float(sure)) for options, os, sure in tables.rows("dhcp_options.tsv")}


@cache
def _families() -> tuple[tuple[str, str], ...]:
    return tuple(sorted(((b, f) for b, f in tables.rows("systems.tsv")), key=lambda row: -len(row[0])))


@cache
def _by_stack(kind: str, signature: str) -> tuple[str, float] | None:
    parts = signature.split(":")
    if len(parts) != 5:
        return None
    ttl, options, window, scale, _ = parts
    for of_ttl, layouts, windows, scales, os, sure in _stacks()[kind]:
        if of_ttl == ttl and _fits(options, layouts) and _fits(window, windows) and _fits(scale, scales):
            return os, sure
    return None


def _fits(value: str, wanted: tuple[str, ...]) -> bool:
    return any(
        w == value or (w.endswith("*") and not w.startswith("mss") and value.startswith(w[:-1]))
        for w in wanted
    )


def by_stack(name: str, signature: str) -> tuple[str, float] | None:
    """System and confidence of a fact `tcp_syn` or `tcp_syn_ack`; None if no row fits."""
    return _by_stack("syn" if name == "tcp_syn" else "ack", signature)


def by_order(options: str) -> tuple[str, float] | None:
    """System and confidence of the options a DHCP client asks for."""
    return _orders().get(options)


def family(os: str) -> str:
    """Family of a system's name; its first word where none is known."""
    for beginning, name in _families():
        if os.lower().startswith(beginning.lower()):
            return name
    return os.split(" ", 1)[0]


def fill(meaning: Meaning, profile: Profile, found: Identity) -> None:
    """Sets the systems and, where nothing names one, adds the likeliest to the candidates for `os`."""
    # family -> kind of sign -> (confidence, name, evidence)
    signs: dict[str, dict[str, tuple[float, str, str]]] = {}

    def sign(kind: str, os: str, sure: float, ref: str) -> None:
        kinds = signs.setdefault(family(os), {})
        if kind not in kinds or kinds[kind][0] < sure:
            kinds[kind] = (sure, os, ref)

    for text in texts(profile):
        if text.name in ("tcp_syn", "tcp_syn_ack"):
            hit = by_stack(text.name, text.value)
        elif text.name == "dhcp_fingerprint":
            hit = by_order(text.value)
        else:
            continue
        if hit is not None:
            # one stack opens and accepts: it is one witness
            sign("order" if text.name[0] == "d" else "stack", *hit, text.ref)
    passive = {name: dict(kinds) for name, kinds in signs.items()}
    for candidate in found.candidates.get("os", ()):
        sure = _NAMED if candidate.rank >= 60 else _FOUND
        said = _protocol(profile, candidate)
        sign(said, candidate.value, sure if candidate.own else _SAID_BY_OTHERS, candidate.ref)
    if not signs:
        return
    alone = {name: 1 - prod(1 - sure for sure, _, _ in kinds.values()) for name, kinds in signs.items()}
    systems = []
    for name, kinds in signs.items():
        confidence = alone[name] * prod(1 - other for key, other in alone.items() if key != name)
        # what the host says of itself is the better name, even where the stack is the surer sign
        best = max(kinds.items(), key=lambda s: (s[0] not in _PASSIVE, s[1][0], len(s[1][1])))[1]
        if confidence >= _SHOWN:
            systems.append(System(best[1], round(confidence, 2), [ref for _, _, ref in kinds.values()][:8]))
    systems.sort(key=lambda system: -system.confidence)
    meaning.systems = systems[:_KEPT]
    first = systems[0] if systems else None
    if first is not None and family(first.os) in passive and first.confidence >= ENOUGH:
        _, os, ref = max(passive[family(first.os)].values(), key=lambda s: (s[0], len(s[1])))
        found.add("os", os, _PASSIVE_RANK, True, ref)


def _protocol(profile: Profile, candidate: Candidate) -> str:
    """Name of the protocol a candidate was read from: one witness for each."""
    kind, number = candidate.ref[:1], candidate.ref[1:]
    if kind == "f" and number.isdecimal():
        return profile.facts[int(number)].protocol
    if kind == "s" and number.isdecimal():
        return profile.services[int(number)].protocol
    return candidate.ref
