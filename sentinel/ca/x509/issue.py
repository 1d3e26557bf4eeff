"""The issuer: orders are checked, signed, put into the register, and only then given out.

One path for one order and for many: whatever is done once (reading the clock, looking keys up, the
transaction with its sync to the disk) is done once for all orders of a call.
"""

from __future__ import annotations

import secrets
from collections.abc import Callable, Iterator, Sequence
from datetime import UTC, datetime

import msgspec
from msgspec.structs import replace

from sentinel import _native
from sentinel.ca.keys import PublicKey, Signer
from sentinel.ca.keys.algorithms import ALGORITHMS
from sentinel.ca.keys.contract import sign_all
from sentinel.ca.register import Certificate as Row
from sentinel.ca.register import Register
from sentinel.ca.x509 import altnames, certificate, checks, der, envelope, names, request
from sentinel.ca.x509.order import Issued, Order, Refused, RefusedError
from sentinel.ca.x509.profiles import Profile, Profiles
from sentinel.ca.x509.rows import Prepared, record, row_of
from sentinel.ca.x509.templates import Template
from sentinel.errors import UserError

_LOOKED_UP = 500
"""Keys that are looked up in the register together."""


class Draft(msgspec.Struct, frozen=True):
    """An order that passed its checks, with what its certificate will hold."""

    order: Order
    profile: Profile
    key: PublicKey
    subject: names.Name
    encoded: bytes
    """The subject, DER."""
    text: str
    """The subject, as the register has it."""
    alt_names: tuple[altnames.AltName, ...]
    begin: datetime
    end: datetime
    notes: tuple[str, ...]


class Half(msgspec.Struct, frozen=True):
    """One certificate before it is signed; an order for a pair has two."""

    draft: Draft
    key: PublicKey
    template: Template
    serial: bytes
    pair_id: str | None
    tbs: bytes


class Ready(msgspec.Struct, frozen=True):
    """An order whose certificates are made up, with what goes out beside them."""

    draft: Draft
    halves: tuple[Half, ...]
    sealed: bytes | None
    kept: bytes = b""


class Issuer:
    """A CA certificate and its key, at work.

    `role` is issuing or root. `reserved` are the SHA-256 of the keys of the CA itself, which no order may
    hold. `escrow` is the point that encryption keys of pairs are kept under. `clock` gives the time in UTC.
    """

    def __init__(
        self,
        issuer: certificate.Certificate,
        signer: Signer,
        register: Register,
        profiles: Profiles,
        *,
        role: str = "issuing",
        base_url: str | None = None,
        escrow: bytes | None = None,
        reserved: frozenset[str] = frozenset(),
        clock: Callable[[], datetime] = lambda: datetime.now(UTC),
    ) -> None:
        self.certificate = issuer
        self.role = role
        self._signer = signer
        self._register = register
        self._profiles = profiles
        self._base_url = base_url
        self._escrow = escrow
        self._reserved = reserved | {PublicKey(signer.spki()).sha256()}
        self._clock = clock
        self._name = names.text(issuer.subject)
        self._templates: dict[tuple[str, tuple[str, ...]], Template] = {}

    def issue(self, orders: Sequence[Order]) -> list[Issued | Refused]:
        """Issue what can be issued, in the order asked. When this returns, each certificate in the answer
        is in the register and its audit, on the disk."""
        prepared = self.prepare(orders)
        done = [one for one in prepared if isinstance(one, Prepared)]
        if done:
            with self._register.transaction() as change:
                for one in done:
                    record(change, one)
        return [one.issued if isinstance(one, Prepared) else one for one in prepared]

    def prepare(self, orders: Sequence[Order]) -> list[Prepared | Refused]:
        """Check and sign, and change nothing: the caller puts each into the register with `record`, and
        gives nothing out before that is on the disk."""
        now = self._clock().replace(microsecond=0)
        plain = iter(request.plain([order.request for order in orders if order.request is not None]))
        drafts: list[Draft | Refused] = []
        for order in orders:
            asked = None if order.request is None else next(plain)
            try:
                drafts.append(self._draft(order, asked, now))
            except UserError as error:
                drafts.append(Refused(error.message))
        known: set[str] = set()
        keys = [draft.key.sha256() for draft in drafts if isinstance(draft, Draft)]
        for at in range(0, len(keys), _LOOKED_UP):
            known |= self._register.known_keys(keys[at : at + _LOOKED_UP])
        serials = iter(certificate.new_serials(2 * len(keys)))
        out: list[Ready | Refused] = []
        taken: dict[str, Draft] = {}
        subjects: set[tuple[str, names.Name]] = set()
        for draft in drafts:
            if isinstance(draft, Refused):
                out.append(draft)
                continue
            try:
                self._reuse(draft, taken, known)
                self._duplicate(draft, subjects)
                out.append(self._make(draft, serials))
                taken[draft.key.sha256()] = draft
                subjects.add((draft.profile.name, draft.subject))
            except UserError as error:
                out.append(Refused(error.message))
        return self._sign(out)

    def _draft(self, order: Order, asked: request.Request | None, now: datetime) -> Draft:
        """Check an order; `asked` is its request, where that was read already."""
        profile = self._profiles.get(order.profile)
        subject, alt = order.subject, order.alt_names
        if order.request is not None:
            asked = asked or request.read(order.request)
            key = asked.key
            checks.key(profile, key)
            checks.asked(profile, order, asked)
            subject = asked.subject if subject is None else subject
            alt = asked.alt_names() if alt is None else alt
            if not asked.proven():
                raise RefusedError("request: its signature is not of its key (proof of possession failed)")
        elif order.key is not None:
            key = PublicKey(order.key)
            checks.key(profile, key)
        else:
            raise RefusedError("order: neither a request nor a key")
        subject, alt = _device(profile, order, subject or (), alt or ())
        if order.role is not None and not profile.role:
            raise RefusedError(f"role {order.role!r}: profile {profile.name} has no roles")
        if order.role is not None and not (0 < len(order.role) <= 128 and order.role.isprintable()):
            raise RefusedError("role: 1 to 128 characters that can be shown are taken")
        subject = checks.subject(profile, subject)
        alt = checks.alt_names(profile, alt, subject)
        end, note = checks.end(profile, order.days, now, self.certificate.not_after)
        if asked is not None and asked.plain is not None and subject is asked.subject:
            encoded, text = asked.plain
        else:
            encoded, text = names.encode(subject), names.text(subject)
        return Draft(order, profile, key, subject, encoded, text, alt, now, end, (note,) if note else ())

    def _reuse(self, draft: Draft, taken: dict[str, Draft], known: set[str]) -> None:
        """Whose the key is already: the CA's, another subject's, or this one's."""
        found = draft.key.sha256()
        if found in self._reserved:
            raise RefusedError("key: is the CA's own")
        before = taken.get(found)
        if before is not None:
            if before.subject != draft.subject and not draft.profile.shared_key:
                raise RefusedError(f"key: is asked for {before.text} too")
            if before.subject == draft.subject and before.profile.name == draft.profile.name:
                raise RefusedError(f"duplicate: this key for {draft.text} is asked for twice")
        if found not in known:
            return
        subject = draft.text
        for row in self._register.by_key(found):
            if row.reason == "keyCompromise":
                raise RefusedError(f"key: was compromised (certificate {row.serial}); make a new one")
            if row.subject != subject and not draft.profile.shared_key:
                raise RefusedError(f"key: is in certificate {row.serial} of {row.subject}; make a new one")
            there = row.state in ("valid", "held") and row.profile == draft.profile.name
            if there and not draft.order.renews:  # who lost the answer to a renewal may ask again
                raise RefusedError(
                    f"duplicate: certificate {row.serial} has this key and subject until {row.not_after}; "
                    f"`ca show {row.serial} --format pem` gives it, `ca renew` makes another"
                )

    def _duplicate(self, draft: Draft, subjects: set[tuple[str, names.Name]]) -> None:
        """Renewals are of the same subject and profile; some profiles keep to one certificate in force for a
        subject otherwise."""
        if draft.order.renews:
            subject = draft.text
            before = self._register.certificate(draft.order.renews[0])
            if before is None or (before.subject, before.profile) != (subject, draft.profile.name):
                raise RefusedError(
                    f"renewal: certificate {draft.order.renews[0]} is not {draft.profile.name} of {subject}"
                )
            return
        if not draft.profile.subject.unique:
            return
        subject = draft.text
        if (draft.profile.name, draft.subject) in subjects:
            raise RefusedError(f"duplicate: {subject} is asked for twice")
        for row in self._register.by_subject(subject):
            if row.state in ("valid", "held") and row.profile == draft.profile.name:
                raise RefusedError(
                    f"duplicate: certificate {row.serial} of {subject} is in force; "
                    f"`ca renew` or `ca rekey` take its place, or revoke it"
                )

    def _make(self, draft: Draft, serials: Iterator[bytes]) -> Ready:
        rsa = draft.profile.key_usage.rsa if draft.key.rsa is not None else None
        usage = rsa or draft.profile.key_usage.sign
        pair_id = secrets.token_hex(16) if draft.profile.pair else None
        first = self._half(draft, draft.key, usage, pair_id, next(serials))
        if draft.profile.pair_usage is None:
            return Ready(draft, (first,), None)
        sealed, kept = None, b""
        if draft.order.pair_key is not None:
            other = PublicKey(draft.order.pair_key)
            checks.key(draft.profile, other)
        else:
            made = _native.Sm2Key.generate()
            spki = der.sequence(ALGORITHMS["sm2"].key, der.bits(made.public()))
            other = PublicKey(spki)
            point = _native.sm2_decompress(draft.key.octets)
            sealed = envelope.seal(point, made.public(), made.secret())
            if self._escrow is not None:
                kept = envelope.seal(self._escrow, made.public(), made.secret())
        second = self._half(draft, other, draft.profile.pair_usage, pair_id, next(serials))
        return Ready(draft, (first, second), sealed, kept)

    def _half(
        self, draft: Draft, key: PublicKey, usage: tuple[str, ...], pair_id: str | None, serial: bytes
    ) -> Half:
        profile = draft.profile
        template = self._templates.get((profile.name, usage))
        if template is None:
            template = Template(profile, usage, self.certificate, self._signer, self._base_url, self.role)
            self._templates[profile.name, usage] = template
        tbs = template.to_be_signed(
            serial, draft.begin, draft.end, draft.encoded, key, draft.alt_names, draft.order.role
        )
        return Half(draft, key, template, serial, pair_id, tbs)

    def _sign(self, made: Sequence[Ready | Refused]) -> list[Prepared | Refused]:
        """Sign all together; if that fails, one by one, so that each order has its own reason."""
        ready = [one for one in made if isinstance(one, Ready)]
        try:
            signatures = iter(sign_all(self._signer, [half.tbs for one in ready for half in one.halves]))
        except UserError as error:
            if len(ready) == 1:
                return [Refused(error.message) if isinstance(one, Ready) else one for one in made]
            return [self._sign([one])[0] for one in made]
        return [
            one
            if isinstance(one, Refused)
            else self._prepared(one, [(half, next(signatures)) for half in one.halves])
            for one in made
        ]

    def _prepared(self, ready: Ready, signed: Sequence[tuple[Half, bytes]]) -> Prepared:
        rows = tuple(self._row(half, signature) for half, signature in signed)
        (row, data), *pair = rows
        issued = Issued(row.serial, data, notes=ready.draft.notes)
        for other, other_data in pair:
            issued = replace(issued, pair_serial=other.serial, pair_der=other_data, enveloped=ready.sealed)
        return Prepared(ready.draft.order, issued, rows, ready.kept)

    def _row(self, half: Half, signature: bytes) -> tuple[Row, bytes]:
        draft, data = half.draft, half.template.signed(half.tbs, signature)
        row = row_of(
            data,
            serial=half.serial.hex(),
            subject=draft.text,
            issuer=self._name,
            key=half.key,
            begin=draft.begin,
            end=draft.end,
            profile=draft.profile.name,
            alt=draft.alt_names,
            pair_id=half.pair_id,
            asset=draft.order.asset or dict(draft.subject).get("serialNumber"),
            requester=draft.order.who or None,
        )
        return row, data


def _device(
    profile: Profile, order: Order, subject: names.Name, alt: tuple[altnames.AltName, ...]
) -> tuple[names.Name, tuple[altnames.AltName, ...]]:
    """Subject and names with the device's serial number and kind, where the profile wants them."""
    if not profile.serial_number:
        if order.serial_number is not None:
            subject = _with_serial(subject, order.serial_number)
        return subject, alt
    serial = order.serial_number or dict(subject).get("serialNumber") or names.common_name(subject)
    if not serial:
        return subject, alt
    subject = _with_serial(subject, serial)
    kind = order.hardware_type or profile.hardware_type
    if kind is not None and not any(known == "hw" for known, _ in alt):
        alt = (*alt, altnames.checked(("hw", f"{kind}:{serial}")))
    return subject, alt


def _with_serial(subject: names.Name, serial: str) -> names.Name:
    return (*(part for part in subject if part[0] != "serialNumber"), ("serialNumber", serial))
