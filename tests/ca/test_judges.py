"""Everything the CA makes, in SM2 and in P-256, judged by those who did not write it, and with bits flipped.

Bouncy Castle and gmsm judge whole chains, lists and answers, OpenSSL link by link, pkilint the forms.
"""

from __future__ import annotations

import os
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from sentinel.ca import crl as lists_of
from sentinel.ca import revocation
from sentinel.ca.keys import Signer, generate
from sentinel.ca.ocsp import Responder
from sentinel.ca.x509 import certificate, crl, der, names, ocsp, request
from sentinel.ca.x509.order import Issued, Order
from tests.ca.oracles import lint
from tests.ca.oracles.openssl import OpenSsl
from tests.ca.oracles.programs import Oracle
from tests.ca.test_revocation import WHO, asked, issued, opened

EVERY = int(os.environ.get("SENTINEL_FLIP_EVERY", "0"))
"""Beside a bit of each field, one of every so manieth octet is flipped; 1 takes all, 0 none."""
AT = (datetime.now(UTC) + timedelta(minutes=10)).replace(microsecond=0)
WHEN = AT.isoformat().replace("+00:00", "Z")


@dataclass
class Made:
    """One CA's work."""

    chain: list[bytes]
    held: bytes
    revoked: bytes
    good: bytes
    root_crl: bytes
    full: bytes
    delta: bytes
    answers: dict[str, bytes]
    nonce: bytes
    responder: bytes
    request: bytes
    key: bytes

    def path(self, leaf: bytes) -> list[bytes]:
        return [*self.chain, leaf]


def _serial(data: bytes) -> str:
    return certificate.read(data).serial_text


@pytest.fixture(scope="module")
def works(tmp_path_factory: pytest.TempPathFactory) -> Callable[[str], Made]:
    from sentinel.ca import founding
    from sentinel.ca.keys.passphrases import Passphrases
    from tests.ca.conftest import BASE, PASSPHRASE

    done: dict[str, Made] = {}

    def made(algorithm: str) -> Made:
        if algorithm not in done:
            folder = tmp_path_factory.mktemp("judged") / "ca"
            founding.found(folder, founding.Plan("Judged", algorithm, base_url=BASE), Passphrases(PASSPHRASE))
            done[algorithm] = _work(folder)
        return done[algorithm]

    return made


def _work(folder: Path) -> Made:
    with opened(folder) as authority:
        held, revoked, good = (issued(authority, name).der for name in ("held", "revoked", "good"))
        root_crl = lists_of.publish(authority, "root", WHO).der
        revocation.hold(authority, _serial(held), WHO)
        full = lists_of.publish(authority, "issuing", WHO).der
        revocation.resume(authority, _serial(held), WHO)
        revocation.revoke(authority, _serial(revoked), "keyCompromise", WHO)
        delta = lists_of.publish(authority, "issuing", WHO, delta=True).der
        responder = Responder(authority)
        answers = {
            "good": responder.respond(asked(authority, _serial(good), b"n" * 32)).der,
            "revoked": responder.respond(asked(authority, _serial(revoked), b"n" * 32, ocsp.SHA256)).der,
            "unknown": responder.respond(asked(authority, "4" + "0" * 39, b"n" * 32, ocsp.SM3)).der,
        }
        shown = ocsp.decode_response(answers["good"]).certificates[0]
        key = generate(authority.charter.algorithm)
        return Made(
            [one.der for one in reversed(authority.chain())],
            held,
            revoked,
            good,
            root_crl,
            full,
            delta,
            answers,
            b"n" * 32,
            shown,
            request.make(key, names.parse("CN=asks,O=Plant")),
            key.spki(),
        )


def flipped(data: bytes) -> Iterator[bytes]:
    """The octets with one bit turned: in every field, a value or the mark of one, and in every so manieth octet."""
    places = {*range(0, len(data), EVERY)} if EVERY else set()
    for begin, start, end in _fields(data, 0, len(data)):
        places |= {begin, (start + end) // 2} if end > start else {begin}
    for at in sorted(places):
        yield data[:at] + bytes((data[at] ^ 1 << at % 8,)) + data[at + 1 :]


def _fields(data: bytes, start: int, end: int) -> Iterator[tuple[int, int, int]]:
    """Begin, start and end of the contents of every value, also of those inside octet and bit strings."""
    at = start
    while at < end:
        one = der.Reader(data, at, end)
        tag, contents = data[at], one.read()
        last = at + len(der.tlv(tag, contents))
        first = last - len(contents)
        yield at, first, last
        if tag & 0x20:
            yield from _fields(data, first, last)
        elif tag in (der.OCTET_STRING, der.BIT_STRING):
            inner = first + (tag == der.BIT_STRING)
            try:
                der.check(data[inner:last])
            except der.DerError:
                pass
            else:
                yield from _fields(data, inner, last)
        at = last


ALGORITHMS = pytest.mark.parametrize("algorithm", ["sm2", "p256"])


@ALGORITHMS
def test_chains(algorithm: str, works: Callable[[str], Made], bouncycastle: Oracle, gmsm: Oracle) -> None:
    made = works(algorithm)
    for judge in (bouncycastle, gmsm):
        for leaf in (made.good, made.responder):
            judge.ask("chain", WHEN, *made.path(leaf))
        for wrong in flipped(made.good):
            assert judge.refuses("chain", WHEN, *made.path(wrong))
        for wrong in flipped(made.chain[1]):
            assert judge.refuses("chain", WHEN, made.chain[0], wrong, made.good)
    # the root's own signature counts for nobody who trusts it as it is; it is checked by itself
    for wrong in flipped(made.chain[0]):
        assert bouncycastle.refuses("chain", WHEN, wrong)


@ALGORITHMS
def test_links(algorithm: str, works: Callable[[str], Made], openssl: OpenSsl) -> None:
    made = works(algorithm)
    distid = {} if algorithm == "sm2" else {"distid": None}
    digest = "sm3" if algorithm == "sm2" else "sha256"
    root = certificate.read(made.chain[0])
    openssl.signature(root.spki, root.tbs, root.signature, digest=digest)
    assert _refused(openssl.signature, root.spki, root.tbs[:-1] + b"\0", root.signature, digest=digest)
    for above, one in (
        (made.chain[0], made.chain[1]),
        (made.chain[1], made.good),
        (made.chain[1], made.responder),
    ):
        openssl.link(above, one, AT, **distid)
        if algorithm == "sm2":
            assert _refused(openssl.link, above, one, AT, distid=None)
    data = made.good
    for wrong in flipped(data):
        assert _refused(openssl.link, made.chain[1], wrong, AT, **distid)


def _refused(ask: Callable[..., object], *arguments: object, **named: object) -> bool:
    from tests.ca.oracles.programs import RefusedError

    try:
        ask(*arguments, **named)
    except RefusedError:
        return True
    return False


@ALGORITHMS
def test_lists(
    algorithm: str, works: Callable[[str], Made], bouncycastle: Oracle, gmsm: Oracle, openssl: OpenSsl
) -> None:
    made = works(algorithm)
    issuer = made.chain[1]
    base = crl.read(made.full).number
    for judge in (bouncycastle, gmsm):
        assert judge.ask("crl", WHEN, made.chain[0], made.root_crl).startswith("entries=0")
        said = judge.ask("crl", WHEN, issuer, made.full, _serial(made.held))
        assert f"number={base}" in said
        assert "reason=6" in said
        said = judge.ask("crl", WHEN, issuer, made.delta, _serial(made.held))
        assert f"base={base}" in said
        assert "reason=8" in said
        assert "reason=1" in judge.ask("crl", WHEN, issuer, made.delta, _serial(made.revoked))
        assert "revoked" not in judge.ask("crl", WHEN, issuer, made.delta, _serial(made.good))
        for data in (made.full, made.delta):
            for wrong in flipped(data):
                assert judge.refuses("crl", WHEN, issuer, wrong)
    digest = "sm3" if algorithm == "sm2" else "sha256"
    for data in (made.full, made.delta):
        found = crl.read(data)
        spki = certificate.read(issuer).spki
        openssl.signature(spki, found.tbs, found.signature, digest=digest)
        assert _refused(openssl.signature, spki, found.tbs + b"\0", found.signature, digest=digest)
        if algorithm != "sm2":
            openssl.crl(issuer, data)


@ALGORITHMS
def test_revocation_along_a_path(algorithm: str, works: Callable[[str], Made], bouncycastle: Oracle) -> None:
    made = works(algorithm)

    def valid(leaf: bytes, *lists: bytes) -> bool:
        path = made.path(leaf)
        # for Bouncy Castle a time to come has no lists yet
        now = datetime.now(UTC).isoformat(timespec="seconds").replace("+00:00", "Z")
        return not bouncycastle.refuses("revocation", now, str(len(path)), *path, made.root_crl, *lists)

    assert valid(made.good, made.full)
    assert not valid(made.good)
    assert not valid(made.held, made.full)
    assert valid(made.held, made.full, made.delta)
    assert valid(made.revoked, made.full)
    assert not valid(made.revoked, made.full, made.delta)


@ALGORITHMS
def test_answers(
    algorithm: str, works: Callable[[str], Made], bouncycastle: Oracle, gmsm: Oracle, openssl: OpenSsl
) -> None:
    made = works(algorithm)
    issuer = made.chain[1]
    serials = {"good": _serial(made.good), "revoked": _serial(made.revoked), "unknown": "4" + "0" * 39}
    nonce = made.nonce.hex()
    for judge in (bouncycastle, gmsm):
        for state, data in made.answers.items():
            said = judge.ask("ocsp", WHEN, issuer, data, serials[state], nonce)
            assert said.startswith(state)
            assert ("reason=1" in said) == (state == "revoked")
            assert judge.refuses("ocsp", WHEN, made.chain[0], data, serials[state], nonce)
            assert judge.refuses("ocsp", WHEN, issuer, data, serials[state], "00" * 32)
        for wrong in flipped(made.answers["revoked"]):
            assert judge.refuses("ocsp", WHEN, issuer, wrong, serials["revoked"], nonce)
    path = made.path(made.good)
    bouncycastle.ask("stapled", WHEN, str(len(path)), *path, made.answers["good"])
    path = made.path(made.revoked)
    assert bouncycastle.refuses("stapled", WHEN, str(len(path)), *path, made.answers["revoked"])
    found = ocsp.decode_response(made.answers["good"])
    openssl.signature(
        certificate.read(found.certificates[0]).spki,
        found.tbs,
        found.signature,
        digest="sm3" if algorithm == "sm2" else "sha256",
    )


def test_openssl_reads_answers(works: Callable[[str], Made], openssl: OpenSsl) -> None:
    made = works("p256")
    issuer = openssl.write("ca.pem", b"".join(_pem(one) for one in made.chain))
    only = openssl.write("issuing.pem", _pem(made.chain[1]))
    leaf = openssl.write("leaf.pem", _pem(made.revoked))
    openssl.run("ocsp", "-issuer", only, "-cert", leaf, "-reqout", "asked.der", "-no_nonce")
    data = (openssl.folder / "asked.der").read_bytes()
    assert ocsp.decode_request(data).asked[0].serial == certificate.read(made.revoked).serial
    told = openssl.write("told.der", made.answers["revoked"])
    said = openssl.run(
        *("ocsp", "-respin", told, "-issuer", only, "-CAfile", issuer, "-no_nonce", "-sha256", "-cert", leaf)
    )
    assert "Response verify OK" in said
    assert "revoked" in said
    assert "keyCompromise" in said


def _pem(data: bytes) -> bytes:
    from sentinel.ca import files

    return files.pem(certificate.LABEL, data)


@ALGORITHMS
def test_requests(
    algorithm: str, works: Callable[[str], Made], bouncycastle: Oracle, gmsm: Oracle, openssl: OpenSsl
) -> None:
    made = works(algorithm)
    for judge in (bouncycastle, gmsm):
        assert "asks" in judge.ask("request", made.request)
        for wrong in flipped(made.request):
            assert judge.refuses("request", wrong)
    openssl.request(made.request, distid=None if algorithm != "sm2" else "1234567812345678")
    if algorithm == "sm2":
        assert _refused(openssl.request, made.request, distid=None)


def test_pairs(ca: Callable[[str], Path], bouncycastle: Oracle, gmsm: Oracle, openssl: OpenSsl) -> None:
    with opened(ca("sm2")) as authority:
        key = generate("sm2")
        order = Order(
            "tlcp", key=key.spki(), subject=names.parse("CN=gateway.plant.example"), who="alice", source="cli"
        )
        [pair] = authority.issuer().issue([order])
        assert isinstance(pair, Issued)
        assert pair.pair_der is not None
        assert pair.enveloped is not None
        chain = [one.der for one in reversed(authority.chain())]
    secret = _secret(key)
    for judge in (bouncycastle, gmsm):
        for leaf in (pair.der, pair.pair_der):
            judge.ask("chain", WHEN, *chain, leaf)
            for wrong in flipped(leaf):
                assert judge.refuses("chain", WHEN, *chain, wrong)
        said = judge.ask("envelope", secret, pair.enveloped, pair.pair_der)
        assert said.startswith("secret=")
        for wrong in flipped(pair.enveloped):
            assert judge.refuses("envelope", secret, wrong, pair.pair_der)
        assert judge.refuses("envelope", secret, pair.enveloped, pair.der)
    for leaf in (pair.der, pair.pair_der):
        openssl.link(chain[1], leaf, AT)
    assert not lint.certificate_findings(pair.der)
    # RFC 5480 has no encipherment for keys of id-ecPublicKey; TLCP asks for it (GB/T 38636)
    [where, what] = lint.certificate_findings(pair.pair_der)
    assert "keyUsage" in where
    assert "pkix.key_usage_value_prohibited_for_ec" in what


def _secret(key: Signer) -> bytes:
    """The 32 octets of an SM2 key."""
    info = der.Reader(key.pkcs8()).enter()  # type: ignore[attr-defined]
    info.integer()
    info.raw()
    inner = der.Reader(info.read(der.OCTET_STRING)).enter()
    inner.integer()
    return inner.read(der.OCTET_STRING)


@ALGORITHMS
def test_forms(algorithm: str, works: Callable[[str], Made]) -> None:
    made = works(algorithm)
    for data in (*made.path(made.good), made.responder):
        assert not lint.certificate_findings(data)
    for data in (made.root_crl, made.full, made.delta):
        assert not lint.crl_findings(data)
    for data in made.answers.values():
        assert not lint.ocsp_findings(data)
