"""The judges judge: what OpenSSL makes of SM2 is accepted by the others, and refused with a bit flipped."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from tests.ca.oracles import lint
from tests.ca.oracles.openssl import DISTID, OpenSsl
from tests.ca.oracles.programs import Oracle

NOW = datetime.now(UTC).replace(microsecond=0) + timedelta(hours=1)
AT = NOW.isoformat().replace("+00:00", "Z")
SIGN = ("-sm3", "-sigopt", f"distid:{DISTID}")


@dataclass
class Made:
    """What OpenSSL made: certificates and a request, DER."""

    root: bytes
    leaf: bytes
    request: bytes


@pytest.fixture(scope="module")
def made(openssl: OpenSsl) -> Made:
    folder = openssl.folder
    for name in ("root", "leaf"):
        openssl.run("ecparam", "-genkey", "-name", "SM2", "-noout", "-out", f"{name}.key")
    openssl.run(
        *(
            "req",
            "-x509",
            *SIGN,
            "-key",
            "root.key",
            "-subj",
            "/CN=Judged Root",
            "-days",
            "9",
            "-out",
            "root.pem",
        ),
        *("-addext", "keyUsage=critical,keyCertSign,cRLSign"),
    )
    openssl.run("req", "-new", *SIGN, "-key", "leaf.key", "-subj", "/CN=leaf", "-out", "leaf.csr")
    openssl.write(
        "leaf.ext", "basicConstraints=CA:false\nsubjectKeyIdentifier=hash\nauthorityKeyIdentifier=keyid\n"
    )
    openssl.run(
        *(
            "x509",
            "-req",
            *SIGN,
            "-in",
            "leaf.csr",
            "-vfyopt",
            f"distid:{DISTID}",
            "-CA",
            "root.pem",
            "-days",
            "9",
        ),
        *("-CAkey", "root.key", "-set_serial", "0x4001", "-extfile", "leaf.ext", "-out", "leaf.pem"),
    )
    for kind, name in (("x509", "root.pem"), ("x509", "leaf.pem"), ("req", "leaf.csr")):
        openssl.run(kind, "-in", name, "-outform", "DER", "-out", f"{name}.der")
    return Made(*(Path(folder, f"{name}.der").read_bytes() for name in ("root.pem", "leaf.pem", "leaf.csr")))


def flipped(der: bytes) -> Iterator[bytes]:
    """The octets with one bit turned, in every fifth octet."""
    for at in range(0, len(der), 5):
        yield der[:at] + bytes((der[at] ^ 1 << at % 8,)) + der[at + 1 :]


def test_links_need_the_identifier(made: Made, openssl: OpenSsl) -> None:
    openssl.link(made.root, made.leaf, NOW)
    openssl.request(made.request)
    with pytest.raises(Exception, match=r"verification failed|signature failure"):
        openssl.link(made.root, made.leaf, NOW, distid=None)


def test_chains(made: Made, bouncycastle: Oracle, gmsm: Oracle) -> None:
    for judge in (bouncycastle, gmsm):
        judge.ask("chain", AT, made.root, made.leaf)
        assert judge.refuses("chain", "2999-01-01T00:00:00Z", made.root, made.leaf)
        assert judge.refuses("chain", AT, made.leaf, made.root)
        for wrong in flipped(made.leaf):
            assert judge.refuses("chain", AT, made.root, wrong)


def test_requests(made: Made, bouncycastle: Oracle, gmsm: Oracle) -> None:
    for judge in (bouncycastle, gmsm):
        assert "leaf" in judge.ask("request", made.request)
        for wrong in flipped(made.request):
            assert judge.refuses("request", wrong)


def test_lint_finds(made: Made) -> None:
    assert not [line for line in lint.certificate_findings(made.root) if "FATAL" in line]
    short = made.leaf.replace(b"\x02\x02\x40\x01", b"\x02\x02\xc0\x01", 1)
    assert any("serial" in line for line in lint.certificate_findings(short))
