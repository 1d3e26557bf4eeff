"""step-ca, which the CA's server is measured beside: built from the Go proxy, and set up as `step ca init`
does, with its default database, a JWK provisioner and keys on P-256. What it prints goes nowhere, and it keeps no
log of requests."""

from __future__ import annotations

import base64
import json
import os
import secrets
import shutil
import socket
import subprocess
import time
from datetime import UTC, datetime, timedelta
from pathlib import Path

from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.asymmetric.utils import decode_dss_signature

from bench import _plan

VERSION = "v0.30.2"
MODULE = "github.com/smallstep/certificates/cmd/step-ca"
START = 30.0
"""Seconds it may take to listen."""


def program() -> tuple[Path | None, str]:
    """The program, built once without C and kept in the cache; or None, and why it cannot be had."""
    folder = _plan.cache() / f"step-ca-{VERSION}"
    found = folder / "step-ca"
    if found.exists():
        return found, ""
    if shutil.which("go") is None:
        return None, "go is not installed"
    built = subprocess.run(
        ["go", "install", "-trimpath", f"{MODULE}@{VERSION}"],
        env=os.environ | {"CGO_ENABLED": "0", "GOBIN": str(folder)},
        capture_output=True,
        text=True,
        check=False,
    )
    if built.returncode:
        return None, f"step-ca {VERSION} was not built: {built.stderr.strip().splitlines()[-1]}"
    return found, ""


class StepCa:
    """A CA in a folder and its server. `requests` makes what is sent to it; `root` is what its TLS is
    trusted by."""

    def __init__(self, program: Path, folder: Path) -> None:
        folder.mkdir()
        self.root = folder / "root.pem"
        self._key, self._folder = ec.generate_private_key(ec.SECP256R1()), folder
        with socket.socket() as free:
            free.bind(("127.0.0.1", 0))
            self.address = f"127.0.0.1:{free.getsockname()[1]}"
        _chain(folder)
        self._jwk = _jwk(self._key.public_key())
        settings = {
            "root": str(self.root),
            "crt": str(folder / "issuing.pem"),
            "key": str(folder / "issuing.key"),
            "address": self.address,
            "dnsNames": ["localhost"],
            "db": {"type": "badgerv2", "dataSource": str(folder / "db"), "badgerFileLoadingMode": ""},
            "authority": {"provisioners": [{"type": "JWK", "name": "bench", "key": self._jwk}]},
        }
        (folder / "ca.json").write_text(json.dumps(settings))
        self.process = subprocess.Popen(
            [program, folder / "ca.json"], stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL
        )

    def wait(self) -> None:
        """Until it listens."""
        host, _, port = self.address.rpartition(":")
        end = time.monotonic() + START
        while time.monotonic() < end and self.process.poll() is None:
            try:
                socket.create_connection((host, int(port)), 1).close()
            except OSError:
                time.sleep(0.05)
            else:
                return
        raise SystemExit("step-ca did not start")

    def stop(self) -> None:
        self.process.terminate()
        self.process.wait()

    def request(self, number: int) -> dict[str, str]:
        """The body of a request for a certificate, with a token of its own."""
        name = f"device-{number}"
        csr = (
            x509.CertificateSigningRequestBuilder()
            .subject_name(x509.Name([x509.NameAttribute(x509.NameOID.COMMON_NAME, name)]))
            .add_extension(x509.SubjectAlternativeName([x509.DNSName(name)]), critical=False)
            .sign(ec.generate_private_key(ec.SECP256R1()), hashes.SHA256())
        )
        return {"csr": csr.public_bytes(serialization.Encoding.PEM).decode(), "ott": self._token(name)}

    def _token(self, name: str) -> str:
        at = int(time.time()) + 1  # whole seconds; in the one it started, it takes none of before
        head = {"alg": "ES256", "typ": "JWT", "kid": self._jwk["kid"]}
        said = {
            "iss": "bench", "sub": name, "sans": [name], "aud": "https://localhost/1.0/sign",
            "iat": at, "nbf": at - 60, "exp": at + 3600, "jti": secrets.token_hex(32),
        }  # fmt: skip
        text = ".".join(_base64(json.dumps(part).encode()) for part in (head, said))
        r, s = decode_dss_signature(self._key.sign(text.encode(), ec.ECDSA(hashes.SHA256())))
        return f"{text}.{_base64(r.to_bytes(32, 'big') + s.to_bytes(32, 'big'))}"


def _base64(octets: bytes) -> str:
    return base64.urlsafe_b64encode(octets).rstrip(b"=").decode()


def _jwk(key: ec.EllipticCurvePublicKey) -> dict[str, str]:
    numbers = key.public_numbers()
    x, y = (_base64(each.to_bytes(32, "big")) for each in (numbers.x, numbers.y))
    return {"use": "sig", "kty": "EC", "kid": "bench", "crv": "P-256", "alg": "ES256", "x": x, "y": y}


def _chain(folder: Path) -> None:
    """A root and an issuing CA, and the key of the latter."""
    now = datetime.now(UTC)
    above: tuple[x509.Name, ec.EllipticCurvePrivateKey] | None = None
    for role, path in (("root", 1), ("issuing", 0)):
        key = ec.generate_private_key(ec.SECP256R1())
        name = x509.Name([x509.NameAttribute(x509.NameOID.COMMON_NAME, f"Bench {role}")])
        issuer, signer = above or (name, key)
        usage = x509.KeyUsage(*(position in (5, 6) for position in range(9)))
        certificate = (
            x509.CertificateBuilder(issuer, name, key.public_key(), x509.random_serial_number())
            .not_valid_before(now - timedelta(days=1))
            .not_valid_after(now + timedelta(days=3650))
            .add_extension(x509.BasicConstraints(True, path), critical=True)
            .add_extension(usage, critical=True)
            .add_extension(x509.SubjectKeyIdentifier.from_public_key(key.public_key()), critical=False)
            .add_extension(
                x509.AuthorityKeyIdentifier.from_issuer_public_key(signer.public_key()), critical=False
            )
            .sign(signer, hashes.SHA256())
        )
        (folder / f"{role}.pem").write_bytes(certificate.public_bytes(serialization.Encoding.PEM))
        above = (name, key)
    private = key.private_bytes(
        serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
    )
    (folder / "issuing.key").write_bytes(private)
