"""Verification of V2X messages: ours end to end beside a receiver of `pycrate` and `cryptography`.

The other receiver knows its signer and does the least that can be done: it decodes the message, encodes
what was signed again, hashes and verifies with P-256 (it has no SM2). It looks at no time, permission,
revocation or replay.
"""

from __future__ import annotations

import hashlib
import time

from bench import _plan
from sentinel import _native
from sentinel.v2x.bench import Plan, run

MESSAGES = 500
SECONDS = 3.0


def other() -> float:
    """Messages a CPU second of the other receiver."""
    from cryptography.hazmat.primitives import hashes
    from cryptography.hazmat.primitives.asymmetric import ec
    from cryptography.hazmat.primitives.asymmetric.utils import Prehashed, encode_dss_signature
    from pycrate_asn1dir.ITS_IEEE1609_2 import Ieee1609Dot2

    name = "1609.2"
    key = _native.V2xKey.generate(name)
    form = "compressed-y-1" if key.public()[0] == 3 else "compressed-y-0"
    own = {
        "id": ("none", None),
        "cracaId": bytes(3),
        "crlSeries": 0,
        "validityPeriod": {"start": 0, "duration": ("hours", 1)},
        "appPermissions": [{"psid": 32}],
        "verifyKeyIndicator": ("verificationKey", ("ecdsaNistP256", (form, key.public()[1:]))),
    }
    certificate = key.certificate(own)
    signer = hashlib.sha256(certificate).digest()
    inner = _native.v2x_unsecured(name, bytes(40))
    messages = [key.message(inner, {"psid": 32, "generationTime": n}, certificate) for n in range(MESSAGES)]
    public = ec.EllipticCurvePublicKey.from_encoded_point(ec.SECP256R1(), key.public())
    scheme = ec.ECDSA(Prehashed(hashes.SHA256()))
    data, tbs = Ieee1609Dot2.Ieee1609Dot2Data, Ieee1609Dot2.ToBeSignedData
    started = time.process_time()
    for message in messages:
        data.from_coer(message)
        signed = data.get_val()["content"][1]
        tbs.set_val(signed["tbsData"])
        digest = hashlib.sha256(hashlib.sha256(tbs.to_coer()).digest() + signer).digest()
        numbers = signed["signature"][1]
        r, s = (int.from_bytes(octets) for octets in (numbers["rSig"][1], numbers["sSig"]))
        public.verify(encode_dss_signature(r, s), digest, scheme)
    return MESSAGES / (time.process_time() - started)


def main() -> None:
    try:
        python = other()
    except ImportError as error:
        print(f"without the other receiver: {error}")
        python = 0.0
    print(f"{'pycrate and cryptography, P-256':32} {python:9,.0f} messages/s")
    for algorithm in ("p256", "sm2"):
        for mode in ("known", "fresh"):
            found = run(Plan(algorithm, mode, SECONDS))
            own, openssl = found["messages_per_s"], found["openssl_verify_per_s"] or 0.0
            times = f"{own / python:.1f} times it" if python else ""
            print(
                f"{f'sentinel, {algorithm}, {mode}':32} {own:9,.0f} messages/s   {times}; "
                f"{own / openssl if openssl else 0:.2f} of OpenSSL's {openssl:,.0f} bare P-256 verifications"
            )
            _plan.PLAN.record("v2x_verify", **{f"{algorithm}_{mode}": found})
    _plan.PLAN.record("v2x_verify", pycrate_per_s=round(python))
