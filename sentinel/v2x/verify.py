"""Verification of messages and certificates in files and captures: trust is loaded, inputs become lines.

The checks are in Rust (`crates/v2x/src/verify`); what they are and why is in docs/concepts/v2x-verify.md.
"""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from sentinel import _native
from sentinel.errors import UserError
from sentinel.v2x import events
from sentinel.v2x.events import Origin
from sentinel.v2x.times import microseconds, text

LARGEST = 64 << 20
"""Octets of a message, a certificate or a list in a file."""

SUFFIX = ".oer"


@dataclass(frozen=True, slots=True)
class Policy:
    """What a receiver goes by."""

    trust: tuple[Path, ...]
    crl: tuple[Path, ...] = ()
    certs: Path | None = None
    aids: Path | None = None
    position: tuple[float, float] | None = None
    """degrees: latitude, longitude."""
    strict: bool = False
    scale: str = "tai"


def read(path: Path) -> bytes:
    """A file's octets. `UserError` if it is larger than any message or list."""
    if path.stat().st_size > LARGEST:
        raise UserError(f"{path}: has more than {LARGEST >> 20} MiB: no message and no list is so large")
    return path.read_bytes()


def verifier(policy: Policy) -> _native.V2xVerifier:
    """A verifier with everything loaded that the policy names.

    Certificates beside a trust list are taken too: they are trusted only if they chain to a root of it.
    `UserError` names the file that cannot be taken, and why.
    """
    aids = None if policy.aids is None else policy.aids.read_text("utf-8")
    try:
        made = _native.V2xVerifier(
            position=policy.position, aids=aids, strict=policy.strict, scale=policy.scale
        )
    except ValueError as error:
        raise UserError(f"{policy.aids or 'the settings of the verifier'}: {error}") from None
    for folder in dict.fromkeys(
        [*(path.parent for path in policy.trust), *([policy.certs] if policy.certs else [])]
    ):
        if folder.is_dir():
            for path in sorted(
                folder.rglob(f"*{SUFFIX}") if folder == policy.certs else folder.glob(f"*{SUFFIX}")
            ):
                if path.is_file() and path.stat().st_size <= LARGEST:
                    made.add_certificates(path.read_bytes())
    if policy.certs is not None and not policy.certs.is_dir():
        raise UserError(f"{policy.certs}: is no folder with certificates")
    for path in policy.trust:
        _load(path, made.add_anchor)
    for path in policy.trust:
        for beside in sorted(path.parent.glob(f"*{SUFFIX}")):
            octets = beside.read_bytes() if beside.stat().st_size <= LARGEST else b""
            if beside not in policy.trust and _native.v2x_sniff(octets) == "domain-list":
                _load(beside, made.add_domain_list)
    for path in policy.crl:
        _load(path, made.add_crl)
    return made


def _load(path: Path, add: Any) -> Any:
    try:
        return add(read(path))
    except ValueError as error:
        raise UserError(f"{path}: {error}") from None


@dataclass(slots=True)
class Verification:
    """Inputs verified one after the other; what waits is told when it is decided."""

    verifier: _native.V2xVerifier
    at: int | None = None
    """Microseconds since 1970 UTC at which everything counts as received; None: now, a frame's own time."""
    on_event: Callable[[dict[str, Any]], None] | None = None
    """Given each message's verdict as an event."""
    rejected: int = 0
    warnings: list[str] = field(default_factory=list)
    _origins: dict[int, Origin] = field(default_factory=dict)
    _next: int = 0

    def lines(self, inputs: Sequence[Path]) -> Iterator[dict[str, Any]]:
        """A line for each message and certificate."""
        for path in inputs:
            for one in self._files(path):
                yield from self._file(one)
        yield from self._told(self.verifier.finish())

    def listen(self, interfaces: Sequence[str], going: Callable[[], bool]) -> Iterator[dict[str, Any]]:
        """A line for each message on network interfaces, while `going`. Nothing is sent."""
        try:
            frames = _native.V2xFrames.live(interfaces)
        except ValueError as error:
            raise UserError(str(error)) from None
        name, closed = " ".join(interfaces), False
        while (found := frames.next()) is not None:
            for frame, posix, layer, octets, (source, destination) in found:
                origin = Origin(name, frame, posix, _digest(octets), layer, (source, destination))
                for line in self._receive(origin, octets, posix):
                    yield {**line, "layer": layer} if line["frame"] == frame else line
            if not closed and not going():
                frames.close()
                closed = True
        yield from self._told(self.verifier.finish())
        self.warnings += frames.warnings()

    def _files(self, path: Path) -> Iterator[Path]:
        if not path.exists():
            raise UserError(f"{path}: is not there")
        if not path.is_dir():
            yield path
            return
        yield from sorted(one for one in path.rglob("*") if one.is_file() and not one.name.startswith("."))

    def _file(self, path: Path) -> Iterator[dict[str, Any]]:
        if path.suffix != SUFFIX:
            try:
                frames = _native.V2xFrames(path)
            except ValueError as error:
                if path.stat().st_size > LARGEST or _native.v2x_sniff(path.read_bytes()) is None:
                    raise UserError(str(error)) from None
            else:
                yield from self._capture(path, frames)
                return
        octets = read(path)
        now = microseconds(datetime.now(UTC)) if self.at is None else self.at
        match _native.v2x_sniff(octets):
            case "certificate":
                yield self._line(str(path), None, self.verifier.certificate(octets, now))
            case "root-list" | "domain-list" | "etsi-list" as kind:
                yield from self._list(path, kind, octets, now)
            case _:
                yield from self._receive(Origin(str(path), None, now, _digest(octets)), octets, now)

    def _list(self, path: Path, kind: str, octets: bytes, now: int) -> Iterator[dict[str, Any]]:
        """A list that is given as an input: whether its signature holds, and its time is not over."""
        verdict, reason, detail = "accept", "ok", ""
        try:
            add = self.verifier.add_domain_list if kind == "domain-list" else _native.V2xVerifier().add_anchor
            if kind == "root-list":
                raise ValueError("a root list is trusted as it is: give it with --trust")
            _, count, until = add(octets)
            detail = f"names {count}"
            if until is not None and now >= until:
                verdict, reason = "reject", "list-expired"
        except ValueError as error:
            verdict, reason, detail = "reject", "untrusted-chain", str(error)
        yield self._line(
            str(path),
            None,
            {
                "kind": kind,
                "verdict": verdict,
                "reason": reason,
                "detail": detail,
                "aid": None,
                "signer": None,
                "hashed_id8": None,
                "generation_time": None,
                "ask": None,
            },
        )

    def _capture(self, path: Path, frames: _native.V2xFrames) -> Iterator[dict[str, Any]]:
        while (found := frames.next()) is not None:
            for frame, posix, layer, octets, (source, destination) in found:
                at = posix if self.at is None else self.at
                origin = Origin(str(path), frame, at, _digest(octets), layer, (source, destination))
                for line in self._receive(origin, octets, at):
                    yield {**line, "layer": layer} if line["frame"] == frame else line
        self.warnings += [f"{path}: {warning}" for warning in frames.warnings()]

    def _receive(self, origin: Origin, octets: bytes, at: int) -> Iterator[dict[str, Any]]:
        token, self._next = self._next, self._next + 1
        self._origins[token] = origin
        yield from self._told(self.verifier.receive(token, octets, at))

    def _told(self, decided: list[tuple[int, dict[str, Any]]]) -> Iterator[dict[str, Any]]:
        for token, outcome in decided:
            origin = self._origins.pop(token)
            if self.on_event is not None:
                self.on_event(events.verdict(outcome, origin))
            yield self._line(origin.name, origin.frame, outcome)

    def _line(self, name: str, frame: int | None, outcome: dict[str, Any]) -> dict[str, Any]:
        self.rejected += outcome["verdict"] == "reject"
        line: dict[str, Any] = {"input": name, "frame": frame, **outcome}
        line["generation_time"] = text(outcome["generation_time"])
        line.pop("place", None)
        empty = ("detail", "ask", "station", "events")
        return {key: value for key, value in line.items() if value or key not in empty}


def _digest(octets: bytes) -> bytes:
    return hashlib.sha256(octets).digest()
