"""What is wrong with a device as it shows itself: exposures that follow from its profile.

Those of credentials are in `uses.py`. Severity: high where the process can be changed without proving
who one is, medium where that is likely or secrets cross readable, low where a protocol merely allows it.
"""

import re
from dataclasses import dataclass
from functools import cache
from typing import Any

from sentinel.inventory import tables, uses
from sentinel.inventory.profile import Exposure, Meaning, Profile, Service
from sentinel.inventory.protocols import industrial, protocol, shown
from sentinel.inventory.roles import changes

_KEPT_EVIDENCE = 8
_RANKED = ("informational", "low", "medium", "high", "critical")
_SMALL_RSA = re.compile(r"^RSA[ -]?(\d+)", re.IGNORECASE)
_SMALLEST_RSA = 2048
_TLS_VERSION = re.compile(r"^(TLS|SSL|TLCP)?[ v]*(\d+)(?:\.(\d+))?$", re.IGNORECASE)
_FIELD = re.compile(r"^\D{0,3}(\d+(?:\.\d+)*)")
# Reads and negotiations say nothing on whether a change would be let through.
_NOT_CONTROLLERS = frozenset(("arp", "goose", "sv", "egd"))


def fill(meaning: Meaning, profile: Profile, until: str | None) -> None:
    """Sets the exposures. `until`: time of the last packet (RFC 3339), to which certificates are held."""
    out: list[Exposure] = []
    _no_authentication(out, profile)
    for i, service in enumerate(profile.services):
        _offered(out, service, f"s{i}")
        _tls(out, service, f"s{i}", until)
        _anonymous(out, service, f"s{i}")
    _anonymous_facts(out, profile)
    _internet(out, profile)
    _vulnerable(out, meaning)
    out.extend(uses.exposures(meaning, profile))
    out.sort(key=lambda exposure: (-_RANKED.index(exposure.severity), exposure.kind, exposure.title))
    meaning.exposures = out


def _no_authentication(out: list[Exposure], profile: Profile) -> None:
    """Controllers that take changes over protocols that do not ask who one is."""
    bare: dict[str, list[str]] = {}
    for name in dict.fromkeys(service.protocol for service in profile.services):
        known = protocol(name)
        if not industrial(name) or known.auth == "login" or name in _NOT_CONTROLLERS:
            continue
        served = [(f"v{i}", op) for i, op in enumerate(profile.served) if op.protocol == name]
        if any(
            op.action in ("authenticate", "unlock") and op.outcome in ("accepted", "unknown")
            for _, op in served
        ):
            continue  # it asks for a password
        changing = [(ref, op) for ref, op in served if changes(op.action)]
        accepted = [(ref, op) for ref, op in changing if op.outcome == "accepted"]
        offered = [f"s{i}" for i, service in enumerate(profile.services) if service.protocol == name]
        title_name = shown(name)
        if accepted:
            what = _words(op.action for _, op in accepted)
            title = f"Accepted {what} over {title_name} without authentication"
            out.append(_exposure("no-authentication", "high", title, [ref for ref, _ in accepted]))
        elif [op for _, op in changing if op.outcome != "refused"]:
            what = _words(op.action for _, op in changing)
            title = f"Was asked to {what} over {title_name} without authentication; the answer was not seen"
            out.append(_exposure("no-authentication", "medium", title, [ref for ref, _ in changing]))
        elif known.auth == "none":
            bare[title_name] = offered
    if bare:
        has = "has" if len(bare) == 1 else "have"
        title = f"Speaks {' and '.join(sorted(bare))}, which {has} no authentication"
        out.append(
            _exposure("no-authentication", "low", title, [ref for refs in bare.values() for ref in refs])
        )


def _words(actions: Any) -> str:
    names = sorted(set(actions))
    return ", ".join(names[:4]) + (" and more" if len(names) > 4 else "")


@cache
def _offers() -> dict[str, list[tuple[str, str, str, str]]]:
    table: dict[str, list[tuple[str, str, str, str]]] = {}
    for name, when, kind, severity, title in tables.rows("exposures.tsv"):
        table.setdefault(name, []).append((when, kind, severity, title))
    return table


def _offered(out: list[Exposure], service: Service, ref: str) -> None:
    for when, kind, severity, title in _offers().get(service.protocol, ()):
        if when:
            name, _, value = when.partition("=")
            if _text(service.info.get(name)).lower() != value.lower():
                continue
        out_add(out, _exposure(kind, severity, title, [ref]))


@cache
def _weak() -> tuple[tuple[str, str, str, str], ...]:
    return tuple((row[0], row[1], row[2], row[3]) for row in tables.rows("weak_tls.tsv"))


@cache
def _defaults() -> tuple[tuple[str, str], ...]:
    return tuple((row[0].lower(), row[1]) for row in tables.rows("default_certificates.tsv"))


def _tls(out: list[Exposure], service: Service, ref: str, until: str | None) -> None:
    info = service.info
    if not any(name.startswith("tls.") for name in info):
        return
    version, cipher = _tls_version(info), _text(info.get("tls.cipher"))
    for where, text, severity, why in _weak():
        if (where == "version" and version == text) or (where == "cipher" and text in f"{cipher}_"):
            out_add(out, _exposure("weak-tls", severity, f"Weak encryption: {why}", [ref]))
    key = _SMALL_RSA.match(_text(info.get("tls.key")))
    if key and int(key[1]) < _SMALLEST_RSA:
        out_add(
            out,
            _exposure(
                "weak-tls",
                "medium",
                f"Weak encryption: the certificate's RSA key has {int(key[1])} bits",
                [ref],
            ),
        )
    ends, begins = _text(info.get("tls.not_after")), _text(info.get("tls.not_before"))
    if info.get("tls.expired") is True or (until and ends and ends < until):
        out_add(
            out,
            _exposure(
                "expired-certificate",
                "low",
                f"The certificate expired on {ends[:10] or 'an earlier day'}",
                [ref],
            ),
        )
    elif until and begins and begins > until:
        out_add(
            out,
            _exposure(
                "expired-certificate", "low", f"The certificate is not valid before {begins[:10]}", [ref]
            ),
        )
    subject = _text(info.get("tls.subject"))
    own = info.get("tls.self_signed") is True or (subject != "" and subject == _text(info.get("tls.issuer")))
    if own:
        folded = subject.lower().replace("commonname=", "cn=")
        for text, whose in _defaults():
            if text in folded:
                out_add(
                    out,
                    _exposure(
                        "default-certificate", "low", f"The certificate is the one {whose} comes with", [ref]
                    ),
                )
                break


def _tls_version(info: dict[str, Any]) -> str:
    """ "tls 1.0", "ssl 3.0": from a version of its own or one with its protocol before it."""
    match = _TLS_VERSION.match(_text(info.get("tls.version")))
    if match is None:
        return ""
    name = match[1] or _text(info.get("tls.version_protocol")) or "tls"
    return f"{name.lower()} {match[2]}.{match[3] or 0}"


_OPEN = frozenset(("none", "anonymous", "false", "no", "off", "0"))


def _anonymous(out: list[Exposure], service: Service, ref: str) -> None:
    info = service.info
    if (
        info.get("anonymous") is True
        or _text(info.get("anonymous")).lower()
        in (
            "true",
            "yes",
            "accepted",
            "success",
        )
        or (
            service.protocol in ("mqtt", "opcua", "redis", "mongodb", "ldap")
            and _text(info.get("auth")).lower() in _OPEN
            and "auth" in info
        )
    ):
        title = f"{shown(service.protocol)} lets in without a name or password"
        out_add(out, _exposure("anonymous-access", "medium", title, [ref]))


def _anonymous_facts(out: list[Exposure], profile: Profile) -> None:
    for i, fact in enumerate(profile.facts):
        if fact.name in ("anonymous", "anonymous_access") and fact.value.lower() not in _OPEN:
            title = f"{shown(fact.protocol)} lets in without a name or password"
            out_add(out, _exposure("anonymous-access", "medium", title, [f"f{i}"]))


def _internet(out: list[Exposure], profile: Profile) -> None:
    public = profile.address.v4 == "public"
    if not public and not profile.address.public_peers:
        return
    offered = [
        (f"s{i}", s.protocol)
        for i, s in enumerate(profile.services)
        if industrial(s.protocol) and s.transport != "ethernet"
    ]
    if not offered:
        return
    names = ", ".join(dict.fromkeys(shown(name) for _, name in offered))
    # A plant that uses public addresses inside says nothing of the internet by who reaches whom.
    if not public:
        title = f"{names} was reached from public addresses"
        out.append(_exposure("internet-exposed", "critical", title, [ref for ref, _ in offered]))
    else:
        title = f"{names} is offered at a public address"
        out.append(_exposure("internet-exposed", "high", title, [ref for ref, _ in offered]))


@dataclass(frozen=True, slots=True)
class _Vulnerability:
    vendor: str
    match: re.Pattern[str]
    below: tuple[int, ...]
    severity: str
    title: str


@cache
def _vulnerabilities() -> tuple[_Vulnerability, ...]:
    return tuple(
        _Vulnerability(
            v["vendor"],
            re.compile(v["match"], re.IGNORECASE),
            version(v["below"]) or (),
            v["severity"],
            v["title"],
        )
        for v in tables.toml("vulnerabilities.toml")["vulnerability"]
    )


def version(text: str) -> tuple[int, ...] | None:
    """The numbers of a version ("V4.2.1" is 4, 2, 1); None where there are none."""
    match = _FIELD.match(text.strip())
    return tuple(int(part[:9]) for part in match[1].split(".")) if match else None


def _vulnerable(out: list[Exposure], meaning: Meaning) -> None:
    if not meaning.vendor or not meaning.firmware:
        return
    running = version(meaning.firmware)
    if running is None or len(running) < 2:
        return
    what = f"{meaning.model or ''} {meaning.product or ''}"
    for known in _vulnerabilities():
        if (
            known.vendor == meaning.vendor
            and running < known.below[: len(running)]
            and known.match.search(what)
        ):
            evidence = [
                *meaning.because.get("firmware", ()),
                *meaning.because.get("model", ()),
                *meaning.because.get("vendor", ()),
            ]
            out.append(
                _exposure("known-vulnerability", known.severity, known.title, list(dict.fromkeys(evidence)))
            )


def _text(value: object) -> str:
    return "" if value is None else str(value).lower() if isinstance(value, bool) else str(value)


def _exposure(kind: str, severity: str, title: str, evidence: list[str]) -> Exposure:
    return Exposure(kind, severity, title, evidence[:_KEPT_EVIDENCE])


def out_add(out: list[Exposure], exposure: Exposure) -> None:
    """Adds an exposure; one that is there already gets the evidence."""
    for known in out:
        if known.kind == exposure.kind and known.title == exposure.title:
            room = _KEPT_EVIDENCE - len(known.evidence)
            known.evidence.extend([ref for ref in exposure.evidence if ref not in known.evidence][:room])
            return
    out.append(exposure)
