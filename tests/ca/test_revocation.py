"""Revocation, lists and OCSP of a real CA, with P-256 and SM2 keys, judged by our own checks."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime, timedelta
from pathlib import Path
from random import Random

import pytest

from sentinel.ca import approvals, founding, operators, revocation
from sentinel.ca import crl as lists_of
from sentinel.ca import ocsp as responding
from sentinel.ca.authority import Authority
from sentinel.ca.charter import Policy
from sentinel.ca.keys import generate
from sentinel.ca.keys.passphrases import Passphrases
from sentinel.ca.register import Certificate
from sentinel.ca.revocation import Actor
from sentinel.ca.x509 import certificate, crl, names, ocsp
from sentinel.ca.x509.lists import Lists
from sentinel.ca.x509.order import Issued, Order
from sentinel.ca.x509.path import Rules, validate
from sentinel.errors import UserError
from tests.ca.conftest import PASSPHRASE
from tests.conftest import Ran

WHO = Actor("alice", "cli", "a test")


def opened(folder: Path) -> Authority:
    return Authority.open(folder, Passphrases(PASSPHRASE))


def issued(authority: Authority, name: str = "plc-7", profile: str = "tls-client") -> Issued:
    key = generate("sm2" if profile == "tlcp" else authority.charter.algorithm)
    order = Order(profile, key=key.spki(), subject=names.parse(name), who="alice", source="cli")
    [answer] = authority.issuer().issue([order])
    assert isinstance(answer, Issued), answer
    return answer


def status(authority: Authority, at: datetime, der: bytes, *lists: bytes) -> str:
    """Why our own path validation refuses a certificate with these lists, empty if it does not."""
    path = [*reversed(authority.chain()), certificate.read(der)]
    found = Lists([crl.read(one) for one in lists])
    try:
        validate(path, at, Rules(status=found))
    except UserError as error:
        return error.message
    return ""


def asked(authority: Authority, serial: str, nonce: bytes | None = None, digest: str = ocsp.SHA1) -> bytes:
    issuer = authority.certificate("issuing")
    one = ocsp.cert_id(digest, issuer.subject_der, issuer.key.octets, int(serial, 16))
    return ocsp.encode_request([one], nonce)


def answer(responder: responding.Responder, request: bytes) -> ocsp.Single:
    [single] = ocsp.decode_response(responder.respond(request).der).singles
    return single


@pytest.mark.parametrize("algorithm", ["p256", "sm2"])
def test_lists_and_deltas(algorithm: str, ca: Callable[[str], Path]) -> None:
    with opened(ca(algorithm)) as authority:
        one, other = issued(authority), issued(authority, "plc-8")
        root = lists_of.publish(authority, "root", WHO)
        revocation.hold(authority, one.serial, WHO)
        first = lists_of.publish(authority, "issuing", WHO)
        at = first.this_update + timedelta(seconds=600)
        revocation.resume(authority, one.serial, WHO)
        revocation.revoke(authority, other.serial, "keyCompromise", WHO)
        delta = lists_of.publish(authority, "issuing", WHO, delta=True)
        assert (delta.base, delta.number) == (first.number, first.number + 1)
        entries = crl.read(delta.der).entries
        assert {f"{serial:040x}": entry.reason for serial, entry in entries.items()} == {
            one.serial: "removeFromCRL",
            other.serial: "keyCompromise",
        }
        assert "on hold" in status(authority, at, one.der, root.der, first.der)
        assert status(authority, at, other.der, root.der, first.der) == ""
        assert status(authority, at, one.der, root.der, first.der, delta.der) == ""
        assert "revoked (keyCompromise)" in status(authority, at, other.der, root.der, first.der, delta.der)
        second = lists_of.publish(authority, "issuing", WHO)
        assert [f"{serial:040x}" for serial in crl.read(second.der).entries] == [other.serial]
        after = lists_of.publish(authority, "issuing", WHO, delta=True)
        assert (after.base, after.entries) == (second.number, 0)
        assert lists_of.place(authority.folder, "issuing").read_bytes() == second.der
        assert lists_of.place(authority.folder, "issuing", delta=True).read_bytes() == after.der


def test_delta_needs_a_complete_list(ca: Callable[[str], Path]) -> None:
    with opened(ca("p256")) as authority, pytest.raises(UserError, match="no complete list"):
        lists_of.publish(authority, "issuing", WHO, delta=True)


def test_numbers_rise_over_a_crash(ca: Callable[[str], Path], monkeypatch: pytest.MonkeyPatch) -> None:
    with opened(ca("p256")) as authority:
        first = lists_of.publish(authority, "issuing", WHO)

        def crash(*_: object, **__: object) -> None:
            raise KeyboardInterrupt

        with monkeypatch.context() as broken:
            broken.setattr("sentinel.ca.crl.files.write", crash)
            with pytest.raises(KeyboardInterrupt):
                lists_of.publish(authority, "issuing", WHO)
        assert lists_of.place(authority.folder, "issuing").read_bytes() == first.der
        delta = lists_of.publish(authority, "issuing", WHO, delta=True)
        # The list of the crash was never published: nothing builds on it, and its number stays unused.
        assert (delta.base, delta.number) == (first.number, first.number + 2)


PUBLISHES = """
import sys
from pathlib import Path
from sentinel.ca.authority import Authority
from sentinel.ca.crl import publish
from sentinel.ca.keys.passphrases import Passphrases
from sentinel.ca.revocation import Actor
with Authority.open(Path(sys.argv[1]), Passphrases(sys.argv[2])) as authority:
    turn = 0
    while True:
        made = publish(authority, "issuing", Actor("alice", "cli"), delta=turn % 2 == 1)
        print(made.number, flush=True)
        turn += 1
"""


def test_numbers_rise_over_kills(ca: Callable[[str], Path]) -> None:
    folder = ca("p256")
    seen: list[int] = []
    for kill in range(int(os.environ.get("SENTINEL_KILLS", "3"))):
        command = [sys.executable, "-c", PUBLISHES, str(folder), PASSPHRASE]
        with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as running:
            assert running.stdout is not None
            for _ in range(1 + kill % 7):
                seen.append(int(running.stdout.readline()))
            running.kill()
            seen += [int(line) for line in running.stdout.read().splitlines() if line]
        for delta in (False, True):
            path = lists_of.place(folder, "issuing", delta=delta)
            if path.exists():
                crl.read(path.read_bytes())
    assert seen == sorted(set(seen))
    with opened(folder) as authority:
        made = lists_of.publish(authority, "issuing", WHO, delta=True)
        assert made.number > seen[-1]
        complete = crl.read(lists_of.place(folder, "issuing").read_bytes())
        assert made.base is not None
        assert made.base <= complete.number < made.number


def test_many_publish_at_once(ca: Callable[[str], Path]) -> None:
    folder = ca("p256")
    with opened(folder) as authority:
        lists_of.publish(authority, "issuing", WHO)

    def publish(turn: int) -> list[tuple[bool, int]]:
        with opened(folder) as authority:
            kinds = [(turn + each) % 2 == 1 for each in range(4)]
            return [(kind, lists_of.publish(authority, "issuing", WHO, delta=kind).number) for kind in kinds]

    with ThreadPoolExecutor(3) as pool:
        made = [one for turn in pool.map(publish, range(3)) for one in turn]
    assert len({number for _, number in made}) == 12
    for delta in (False, True):
        last = max(number for kind, number in made if kind == delta)
        assert crl.read(lists_of.place(folder, "issuing", delta=delta).read_bytes()).number == last


def test_when_lists_are_due(ca: Callable[[str], Path]) -> None:
    now = datetime.now(UTC)
    with opened(ca("p256")) as authority:
        one = issued(authority)
        assert lists_of.due(authority, "issuing", now) == "complete"
        lists_of.publish(authority, "issuing", WHO, now=now)
        assert lists_of.due(authority, "issuing", now) == ""
        assert lists_of.due(authority, "issuing", now + timedelta(days=4)) == "complete"
        revocation.hold(authority, one.serial, WHO)
        assert lists_of.due(authority, "issuing", now) == "delta"
        lists_of.publish(authority, "issuing", WHO, delta=True, now=now)
        assert lists_of.due(authority, "issuing", now) == ""
        revocation.resume(authority, one.serial, WHO)
        assert lists_of.due(authority, "issuing", now) == "delta"
        assert lists_of.due(authority, "issuing", now + timedelta(hours=13)) == "delta"


def test_past_certificates_leave_after_one_list(ca: Callable[[str], Path]) -> None:
    with opened(ca("p256")) as authority:
        one = issued(authority)
        revocation.revoke(authority, one.serial, "superseded", WHO)
        end = certificate.read(one.der).not_after
        counts = []
        for later in (end - timedelta(days=1), end + timedelta(days=1), end + timedelta(days=2)):
            counts.append(lists_of.publish(authority, "issuing", WHO, now=later).entries)
        assert counts == [1, 1, 0]


def test_both_of_a_pair(ca: Callable[[str], Path]) -> None:
    with opened(ca("sm2")) as authority:
        pair = issued(authority, "gateway", "tlcp")
        both = {pair.serial, pair.pair_serial}
        acts: dict[str, Callable[[], list[Certificate]]] = {
            "held": lambda: revocation.hold(authority, pair.pair_serial, WHO),
            "valid": lambda: revocation.resume(authority, pair.serial, WHO),
            "revoked": lambda: revocation.revoke(authority, pair.pair_serial, "superseded", WHO),
        }
        for state, act in acts.items():
            rows = act()
            assert {row.serial for row in rows} == both
            assert {row.state for row in rows} == {state}
            for serial in both:
                row = authority.register.certificate(serial)
                assert row is not None
                assert row.state == state
        published = lists_of.publish(authority, "issuing", WHO)
        assert {f"{serial:040x}" for serial in crl.read(published.der).entries} == both


def test_what_is_refused(ca: Callable[[str], Path]) -> None:
    with opened(ca("p256")) as authority:
        one = issued(authority)
        for reason, words in {
            "lost": "one of",
            "certificateHold": "ca hold",
            "removeFromCRL": "ca resume",
        }.items():
            with pytest.raises(UserError, match=words) as refused:
                revocation.revoke(authority, one.serial, reason, WHO)
            assert refused.value.exit_code == 2
        with pytest.raises(UserError, match="only a held"):
            revocation.resume(authority, one.serial, WHO)
        with pytest.raises(UserError, match="is the root"):
            revocation.revoke(authority, "root", "keyCompromise", WHO)
        with pytest.raises(UserError, match="CA's own"):
            revocation.hold(authority, "issuing", WHO)
        revocation.revoke(authority, one.serial, "keyCompromise", WHO)
        with pytest.raises(UserError, match="revoked already"):
            revocation.revoke(authority, one.serial, "keyCompromise", WHO)
        with pytest.raises(UserError, match="only a valid"):
            revocation.hold(authority, one.serial, WHO)
        with pytest.raises(UserError, match="no such certificate"):
            revocation.revoke(authority, "7f", "keyCompromise", WHO)


@pytest.mark.parametrize("algorithm", ["p256", "sm2"])
def test_answers(algorithm: str, ca: Callable[[str], Path]) -> None:
    with opened(ca(algorithm)) as authority:
        one = issued(authority)
        responder = responding.Responder(authority)
        before = responder.version()
        for digest in ocsp.DIGESTS:
            said = responder.respond(asked(authority, one.serial, digest=digest))
            found = ocsp.decode_response(said.der)
            assert [single.state for single in found.singles] == ["good"]
            assert said.cacheable_until is not None
            assert found.nonce is None
            shown = certificate.read(found.certificates[0])
            assert shown.signed_by(authority.certificate("issuing").key)
            assert shown.key.verify(found.algorithm, found.tbs, found.signature)
        assert answer(responder, asked(authority, "4" + "1" * 39)).state == "unknown"
        with_nonce = responder.respond(asked(authority, one.serial, b"n" * 32))
        assert ocsp.decode_response(with_nonce.der).nonce == b"n" * 32
        assert with_nonce.cacheable_until is None
        assert responder.respond(asked(authority, "41")).cacheable_until is None
        assert responder.version() == before
        revocation.hold(authority, one.serial, WHO)
        assert responder.version() != before
        told = answer(responder, asked(authority, one.serial))
        assert (told.state, told.reason) == ("revoked", "certificateHold")
        revocation.resume(authority, one.serial, WHO)
        assert answer(responder, asked(authority, one.serial)).state == "good"
        row = revocation.revoke(authority, one.serial, "cessationOfOperation", WHO)[0]
        told = answer(responder, asked(authority, one.serial))
        assert (told.state, told.reason) == ("revoked", "cessationOfOperation")
        assert told.at == datetime.fromisoformat(row.revoked_at or "")


def test_who_answers_for_whom(ca: Callable[[str], Path]) -> None:
    with opened(ca("p256")) as authority:
        responder = responding.Responder(authority)
        issuing, root = authority.certificate("issuing"), authority.certificate("root")
        about_issuing = ocsp.cert_id(ocsp.SHA256, root.subject_der, root.key.octets, issuing.serial)
        said = responder.respond(ocsp.encode_request([about_issuing]))
        found = ocsp.decode_response(said.der)
        assert [single.state for single in found.singles] == ["good"]
        assert certificate.read(found.certificates[0]).signed_by(root.key)
        # a serial of another CA than the one asked about is unknown
        wrong = ocsp.cert_id(ocsp.SHA256, issuing.subject_der, issuing.key.octets, issuing.serial)
        both = ocsp.decode_response(responder.respond(ocsp.encode_request([about_issuing, wrong])).der)
        assert [single.state for single in both.singles] == ["good", "unknown"]
        stranger = ocsp.cert_id(ocsp.SHA256, root.subject_der, issuing.key.octets, issuing.serial)
        said = responder.respond(ocsp.encode_request([stranger]))
        assert (said.der, said.cacheable_until) == (ocsp.error("unauthorized"), None)
        said = responder.respond(b"\x30\x03\x02\x01")
        assert said.der == ocsp.error("malformedRequest")
        assert "malformed" in said.fault


def test_whatever_is_sent_is_answered(ca: Callable[[str], Path]) -> None:
    with opened(ca("p256")) as authority:
        good = asked(authority, issued(authority).serial, b"nonce")
        responder = responding.Responder(authority)
        random = Random(6)
        for _ in range(int(os.environ.get("SENTINEL_CASES", "1000"))):
            wrong = bytearray(good)
            for _ in range(random.randint(1, 4)):
                at = random.randrange(len(wrong))
                wrong[at : at + random.randint(0, 2)] = random.randbytes(random.randint(0, 2))
            said = responder.respond(bytes(wrong))
            if said.fault:
                assert said.der in (ocsp.error("malformedRequest"), ocsp.error("unauthorized"))
                assert said.cacheable_until is None
            else:
                assert len(ocsp.decode_response(said.der).singles) == len(
                    ocsp.decode_request(bytes(wrong)).asked
                )


def test_delegates_last_and_are_replaced(ca: Callable[[str], Path]) -> None:
    clock = datetime.now(UTC)

    def now() -> datetime:
        return clock

    with opened(ca("p256")) as authority:
        one = issued(authority)

        def signer_of() -> bytes:
            said = responding.Responder(authority, now).respond(asked(authority, one.serial))
            return ocsp.decode_response(said.der).certificates[0]

        first = signer_of()
        assert signer_of() == first
        clock += timedelta(days=6)
        second = signer_of()
        assert second != first
        # the CA's key is away: the delegate goes on to its end, and no further
        place = authority.folder / "keys" / "issuing.pem"
        place.rename(place.with_suffix(".away"))
    with opened(authority.folder) as authority:
        assert signer_of() == second
        clock += timedelta(days=1, hours=12)
        said = responding.Responder(authority, now).respond(asked(authority, one.serial))
        if certificate.read(second).not_after <= clock:
            assert said.der == ocsp.error("unauthorized")
            assert "bring it back" in said.fault


def test_the_issuing_ca_is_revoked_by_two(
    cli: Callable[..., Ran], passphrase_file: Path, tmp_path: Path
) -> None:
    folder = tmp_path / "ca"
    founding.found(folder, founding.Plan("Two", "p256", policy=Policy(approvals=1)), Passphrases(PASSPHRASE))
    bob = generate("p256")
    with opened(folder) as authority, authority.register.transaction() as change:
        operators.add(change, "bob", bob.spki(), role="administrator", who="init")
    command = ("ca", "revoke", "issuing", "--reason", "cACompromise", "--operator", "alice", "--dir", folder)
    ran = cli(*command, "--passphrase-file", passphrase_file)
    assert ran.code == 4
    with opened(folder) as authority:
        assert lists_of.publish(authority, "root", WHO).entries == 0
        approvals.approve(authority.register, ran.out.strip(), "bob", bob)
    ran = cli(*command, "--passphrase-file", passphrase_file)
    assert ran.code == 0
    with opened(folder) as authority:
        issuing, root = authority.certificate("issuing"), authority.certificate("root")
        published = crl.read(lists_of.publish(authority, "root", WHO).der)
        assert published.entries[issuing.serial].reason == "cACompromise"
        request = ocsp.encode_request(
            [ocsp.cert_id(ocsp.SHA1, root.subject_der, root.key.octets, issuing.serial)]
        )
        assert answer(responding.Responder(authority), request).reason == "cACompromise"
    assert cli(*command, "--passphrase-file", passphrase_file).code == 1


def test_commands(
    cli: Callable[..., Ran], ca: Callable[[str], Path], passphrase_file: Path, tmp_path: Path
) -> None:
    folder = ca("p256")
    with opened(folder) as authority:
        one = issued(authority)
        request = asked(authority, one.serial)
    (tmp_path / "request.der").write_bytes(request)
    common = ("--dir", folder, "--passphrase-file", passphrase_file)

    def run(*arguments: object) -> tuple[int, str, str]:
        ran = cli("ca", *arguments, *common)
        return ran.code, ran.out, ran.err

    assert run("hold", one.serial, "--operator", "bob", "--why", "lost?")[:2] == (
        0,
        f"{one.serial}  held (certificateHold, {_at(folder, one.serial)})\n",
    )
    code, out, _ = run("crl", "--out", tmp_path / "a.pem", "--format", "json")
    assert code == 0
    told = json.loads(out)
    assert (told["ca"], told["base"], told["entries"]) == ("issuing", None, 1)
    assert b"BEGIN X509 CRL" in (tmp_path / "a.pem").read_bytes()
    assert run("resume", one.serial)[0] == 0
    assert run("crl", "--delta", "--der", "--out", tmp_path / "d.crl")[0] == 0
    assert crl.read((tmp_path / "d.crl").read_bytes()).base == told["number"]
    code, out, _ = run("ocsp", tmp_path / "request.der", "--out", tmp_path / "good.der", "--format", "json")
    assert (code, json.loads(out)[0]["status"]) == (0, "good")
    code, out, _ = run("revoke", one.serial, "--reason", "keyCompromise", "--format", "json")
    assert code == 0
    assert [(row["serial"], row["state"], row["reason"]) for row in json.loads(out)] == [
        (one.serial, "revoked", "keyCompromise")
    ]
    code, out, _ = run("ocsp", tmp_path / "request.der", "--out", tmp_path / "bad.der")
    assert code == 0
    assert "revoked (keyCompromise" in out
    code, _, err = run("crl", "--out", tmp_path / "a.pem")
    assert (code, "is there already" in err) == (1, True)
    (tmp_path / "no.der").write_bytes(b"no")
    code, _, err = run("ocsp", tmp_path / "no.der", "--out", tmp_path / "no.response")
    assert (code, "malformed" in err, err.count("\n")) == (1, True, 1)
    assert (tmp_path / "no.response").read_bytes() == ocsp.error("malformedRequest")
    assert run("revoke", one.serial, "--reason", "lost")[0] == 2


def _at(folder: Path, serial: str) -> str:
    with opened(folder) as authority:
        row = authority.register.certificate(serial)
        assert row is not None
        return row.revoked_at or ""
