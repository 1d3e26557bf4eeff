"""OpenSSL's command line as a judge: one link, request, CRL or signature at a time.

OpenSSL 3.0 gives the distinguishing identifier of SM2 to the target certificate alone, so chains are
verified link by link, and signatures over CRLs and OCSP responses of SM2 as signatures over octets.
"""

from __future__ import annotations

import base64
import calendar
import subprocess
from datetime import datetime
from pathlib import Path

from tests.ca.oracles.programs import RefusedError

DISTID = "1234567812345678"


def pem(label: str, der: bytes) -> str:
    """Octets as PEM."""
    lines = base64.encodebytes(der).decode().replace("\n", "")
    body = "\n".join(lines[at : at + 64] for at in range(0, len(lines), 64))
    return f"-----BEGIN {label}-----\n{body}\n-----END {label}-----\n"


class OpenSsl:
    """`openssl`, with a folder for what it reads. A refusal is a `RefusedError` with what it said."""

    def __init__(self, program: str, folder: Path) -> None:
        self.program = program
        self.folder = folder

    def run(self, *arguments: str | Path) -> str:
        """Run with these arguments; what it printed, `RefusedError` if its exit code was not 0."""
        done = subprocess.run(
            [self.program, *map(str, arguments)],
            capture_output=True,
            check=False,
            cwd=self.folder,
            stdin=subprocess.DEVNULL,
            timeout=60,
        )
        said = (done.stdout + done.stderr).decode(errors="replace")
        if done.returncode:
            raise RefusedError(f"openssl: {said.strip()}")
        return said

    def refuses(self, *arguments: str | Path) -> bool:
        """Whether the exit code is not 0."""
        try:
            self.run(*arguments)
        except RefusedError:
            return True
        return False

    def write(self, name: str, octets: bytes | str) -> Path:
        """A file in the folder."""
        path = self.folder / name
        path.write_bytes(octets if isinstance(octets, bytes) else octets.encode())
        return path

    def link(self, issuer: bytes, subject: bytes, at: datetime, *, distid: str | None = DISTID) -> None:
        """Verify one certificate by its issuer's, both DER. A root is not checked against itself: what is
        trusted is not verified, see `signature`."""
        self.run(
            *("verify", "-x509_strict", "-partial_chain"),
            *("-attime", str(calendar.timegm(at.utctimetuple()))),
            *(("-vfyopt", f"distid:{distid}") if distid else ()),
            *("-CAfile", self.write("issuer.pem", pem("CERTIFICATE", issuer))),
            self.write("subject.pem", pem("CERTIFICATE", subject)),
        )

    def request(self, der: bytes, *, distid: str | None = DISTID) -> None:
        """Verify the proof of possession of a PKCS #10 request."""
        said = self.run(
            *("req", "-verify", "-noout", "-inform", "DER", "-in", self.write("request.der", der)),
            *(("-vfyopt", f"distid:{distid}") if distid else ()),
        )
        if "OK" not in said:
            raise RefusedError(f"openssl: {said.strip()}")

    def signature(self, spki: bytes, message: bytes, signature: bytes, *, digest: str) -> None:
        """Verify a signature over octets: SM2 (digest sm3) under the standard identifier, or others."""
        self.run(
            *("pkeyutl", "-verify", "-pubin", "-keyform", "DER", "-inkey", self.write("key.der", spki)),
            *("-rawin", "-in", self.write("message", message)),
            *(("-digest", digest) if digest else ()),
            *(("-pkeyopt", f"distid:{DISTID}") if digest == "sm3" else ()),
            *("-sigfile", self.write("signature", signature)),
        )

    def crl(self, issuer: bytes, der: bytes) -> None:
        """Verify the signature of a CRL; not for SM2, whose identifier this command cannot be told."""
        said = self.run(
            *("crl", "-verify", "-noout", "-inform", "DER", "-in", self.write("list.crl", der)),
            *("-CAfile", self.write("issuer.pem", pem("CERTIFICATE", issuer))),
        )
        if "verify OK" not in said:
            raise RefusedError(f"openssl: {said.strip()}")
