"""Exposures that credentials show: what was used on a service of the device, and how weak it is.

A default or weak password counts in full when the log-in succeeded or its outcome was not seen; one that was
refused shows what somebody tried, not what opens the device.
"""

from sentinel.inventory.profile import Exposure, Meaning, Profile, Use
from sentinel.inventory.protocols import shown

# Beginning of a title by weakness, the worst first: an exposure for each, with all credentials it is true of.
_WEAK = {
    "common": "a common password",
    "same-as-user": "its own name as password",
    "cracked": "a listed password",
    "short": "a short password",
}
_KEPT_EVIDENCE = 8
_KEPT_NAMES = 3


def exposures(meaning: Meaning, profile: Profile) -> list[Exposure]:
    """Exposures of the credentials of a profile, one for each kind and protocol."""
    found: dict[tuple[str, str, str], tuple[str, list[str], list[str]]] = {}

    def add(kind: str, severity: str, title: str, use: Use, ref: str) -> None:
        names, refs = found.setdefault((kind, use.protocol, title), (severity, [], []))[1:]
        if use.username and use.username not in names:
            names.append(use.username)
        if len(refs) < _KEPT_EVIDENCE:
            refs.append(ref)

    for i, use in enumerate(profile.creds):
        ref = f"k{i}"
        weak = set(use.weaknesses)
        if "cleartext" in weak:
            severity = "low" if use.kind == "community" else "medium"
            what = "community" if use.kind == "community" else "secret"
            add(
                "cleartext-credentials",
                severity,
                f"A {what} crosses the network readable over {{}}",
                use,
                ref,
            )
        if use.outcome == "failure":
            continue
        if use.kind == "community":
            add("legacy-protocol", "low", "SNMP version 1 or 2c is answered, readable by all: {}", use, ref)
        sure = use.outcome == "success"
        how = ", guessed from challenge and response" if "cracked" in weak else ""
        whose = meaning.vendor if meaning.vendor in use.default_of else None
        if "default" in weak or "vendor-default" in weak:
            severity = ("critical" if sure else "high") if use.kind != "community" else "medium"
            verb = "Opens with" if sure else "Was used with"
            of = f" of {whose}" if whose else ""
            what = "community" if use.kind == "community" else "password"
            add("default-password", severity, f"{verb} a default {what}{of} over {{}}{how}", use, ref)
        else:
            for weakness, text in _WEAK.items():
                if weakness in weak:
                    severity = ("high" if sure else "medium") if weakness != "short" else "low"
                    verb = "Opens with" if sure else "Was used with"
                    add("weak-password", severity, f"{verb} {text} over {{}}{how}", use, ref)
                    break
        if _anonymous(use) and sure:
            add("anonymous-access", "medium", "Lets in without a name or password over {}", use, ref)
    return [
        Exposure(kind, severity, title.format(shown(protocol)) + _named(names), refs)
        for (kind, protocol, title), (severity, names, refs) in found.items()
    ]


def _anonymous(use: Use) -> bool:
    return use.protocol == "ftp" and (use.username or "").lower() in ("anonymous", "ftp", "anon")


def _named(names: list[str]) -> str:
    if not names:
        return ""
    shown = ", ".join(name[:40] for name in names[:_KEPT_NAMES])
    more = len(names) - _KEPT_NAMES
    return f" ({shown} and {more} more)" if more > 0 else f" ({shown})"
