"""The CA's issuer without HTTP: what a certificate costs from its request to the register, by part.

Requests are made beforehand; batches are of 64, as a busy server has them. CPU time, the best batch of
each: signing and verifying beside it, since they are most of it and say how fast the machine was.
"""

from __future__ import annotations

import time
from collections.abc import Callable
from pathlib import Path

from bench import _authority
from sentinel.ca import founding
from sentinel.ca.authority import Authority
from sentinel.ca.keys import generate
from sentinel.ca.keys.passphrases import Passphrases
from sentinel.ca.x509 import names, request
from sentinel.ca.x509.issue import Issuer
from sentinel.ca.x509.order import Issued, Order

BATCH = 64
BATCHES = 24


def _best(batches: list[list[Order]], work: Callable[[list[Order]], object]) -> float:
    """Microseconds of CPU for one order of the best batch."""
    times = []
    for batch in batches:
        start = time.process_time()
        work(batch)
        times.append(time.process_time() - start)
    return min(times) / BATCH * 1e6


def _measured(algorithm: str, folder: Path) -> dict[str, float]:
    words = Passphrases("words for a measurement")
    founding.found(folder, founding.Plan("Plant", algorithm, base_url="http://pki.plant.example"), words)
    orders = []
    for number in range(BATCH * BATCHES):
        name = names.parse(f"CN=plc-{number:05}.plant.example,O=Plant")
        orders.append(Order("tls-server", request=request.make(generate(algorithm), name), who="bench"))
    batches = [orders[at : at + BATCH] for at in range(0, len(orders), BATCH)]
    with Authority.open(folder, words) as authority:
        issuer, signer = authority.issuer(), authority.signer("issuing")
        read = [request.read(order.request) for order in batches[0] if order.request is not None]
        return {
            "sign": _best(batches, lambda batch: [signer.sign(b"." * 500) for _ in batch]),
            "verify": _best(batches, lambda _: [one.proven() for one in read]),
            "check and sign": _best(batches, issuer.prepare),
            "all, in the register": _best(batches, lambda batch: _issue(issuer, batch)),
        }


def _issue(issuer: Issuer, batch: list[Order]) -> None:
    answers = issuer.issue(batch)
    if not all(isinstance(answer, Issued) for answer in answers):
        raise RuntimeError(f"an order was refused: {answers[0]}")


def main() -> None:
    _authority.each_algorithm("issue", _measured, " us")
