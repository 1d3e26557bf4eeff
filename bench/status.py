"""The CA's OCSP answers and revocation lists, without HTTP: an answer with a nonce, a list of 100,000.

CPU time, the best of several; a signature beside it, which is most of an answer and says how fast the
machine was. Rows of the list are filled in without certificates.
"""

from __future__ import annotations

import hashlib
import time
from collections.abc import Callable
from pathlib import Path

from bench import _authority
from sentinel.ca import crl as lists
from sentinel.ca import founding
from sentinel.ca.authority import Authority
from sentinel.ca.keys import generate
from sentinel.ca.keys.passphrases import Passphrases
from sentinel.ca.ocsp import Responder
from sentinel.ca.register import Certificate
from sentinel.ca.revocation import Actor
from sentinel.ca.x509 import crl, names, ocsp
from sentinel.ca.x509.order import Issued, Order

ANSWERS = 100
ROUNDS = 12
ENTRIES = 100_000


def _best(rounds: int, work: Callable[[], object]) -> float:
    """Seconds of CPU of the best round."""
    times = []
    for _ in range(rounds):
        start = time.process_time()
        work()
        times.append(time.process_time() - start)
    return min(times)


def _asked(authority: Authority) -> bytes:
    order = Order("tls-client", key=generate("p256").spki(), subject=names.parse("CN=plc-7"), who="bench")
    [answer] = authority.issuer().issue([order])
    assert isinstance(answer, Issued), answer
    issuer = authority.certificate("issuing")
    about = ocsp.cert_id(ocsp.SHA256, issuer.subject_der, issuer.key.octets, int(answer.serial, 16))
    return ocsp.encode_request([about], b"n" * 32)


def _fill(authority: Authority) -> None:
    """Rows of certificates that are revoked, each in the register and its index."""
    issuer = names.text(authority.certificate("issuing").subject)
    with authority.register.transaction() as change:
        for number in range(ENTRIES):
            mark = hashlib.sha256(str(number).encode()).hexdigest()
            row = Certificate(
                serial=f"40{mark[:38]}",
                subject=f"CN=plc-{number}",
                issuer=issuer,
                algorithm="p256",
                profile="tls-client",
                not_before="2026-01-01T00:00:00Z",
                not_after="9999-12-31T23:59:59Z",
                sha256=mark,
                spki_sha256=mark,
            )
            change.add(row, b"")
        change.audit("fill", who="bench")
    with authority.register.transaction() as change:
        for number in range(ENTRIES):
            mark = hashlib.sha256(str(number).encode()).hexdigest()
            change.revoke(f"40{mark[:38]}", "superseded")
        change.audit("fill", who="bench")


def _measured(algorithm: str, folder: Path) -> dict[str, float]:
    words = Passphrases("words for a measurement")
    founding.found(folder, founding.Plan("Plant", algorithm, base_url="http://pki.plant.example"), words)
    with Authority.open(folder, words) as authority:
        responder, asked, signer = Responder(authority), _asked(authority), authority.signer("issuing")
        responder.respond(asked)
        sign = _best(ROUNDS, lambda: [signer.sign(asked) for _ in range(ANSWERS)])
        answer = _best(ROUNDS, lambda: [responder.respond(asked) for _ in range(ANSWERS)])
        version = _best(ROUNDS, lambda: [responder.version() for _ in range(ANSWERS)])
        _fill(authority)
        actor = Actor("bench", "bench")
        made = _best(3, lambda: lists.publish(authority, "issuing", actor))
        data = lists.place(folder, "issuing").read_bytes()
        return {
            "sign us": sign / ANSWERS * 1e6,
            "answer with a nonce us": answer / ANSWERS * 1e6,
            "whether states changed us": version / ANSWERS * 1e6,
            f"list of {ENTRIES:,} made and published ms": made * 1e3,
            f"list of {ENTRIES:,} read ms": _best(3, lambda: crl.read(data)) * 1e3,
        }


def main() -> None:
    _authority.each_algorithm("status", _measured)
