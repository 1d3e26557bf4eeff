"""Hash lines of every scheme, made from a password by the scheme's own specification. Here: NTLM and Digest."""

from __future__ import annotations

from collections.abc import Callable

from tests.crack import kerberos, services
from tests.crack.primitives import des7, mac, md5, nt, sha256

CHALLENGE = bytes.fromhex("0123456789abcdef")
NONCE = bytes(range(0x40, 0x50))


def ntlmv1(password: str) -> tuple[int, str]:
    """MS-NLMP, 3.3.1: three DES under the NT hash."""
    key = nt(password) + bytes(5)
    response = b"".join(des7(key[i : i + 7], CHALLENGE) for i in (0, 7, 14))
    return 5500, f"Operator::PLANT::{response.hex()}:{CHALLENGE.hex()}"


def ntlmv1_ess(password: str) -> tuple[int, str]:
    """With extended session security: the client's challenge is hashed in."""
    client = bytes.fromhex("a1b2c3d4e5f60718")
    challenge = md5(CHALLENGE, client)[:8]
    key = nt(password) + bytes(5)
    response = b"".join(des7(key[i : i + 7], challenge) for i in (0, 7, 14))
    return 5500, f"Operator::PLANT:{(client + bytes(16)).hex()}:{response.hex()}:{CHALLENGE.hex()}"


def ntlmv2(password: str) -> tuple[int, str]:
    """MS-NLMP, 3.3.2."""
    key = mac("md5", nt(password), "ÖPERATORPlant".encode("utf-16-le"))
    blob = b"\x01\x01" + bytes(6) + NONCE * 7
    return 5600, f"öperator::Plant:{CHALLENGE.hex()}:{mac('md5', key, CHALLENGE, blob).hex()}:{blob.hex()}"


def _digest(password: str, algorithm: str) -> tuple[int, str]:
    def hashed(*parts: str) -> str:
        text = ":".join(parts).encode()
        return (sha256(text) if algorithm.startswith("SHA-256") else md5(text)).hex()

    first = hashed("admin", "IP Camera(C1234)", password)
    if algorithm.endswith("-sess"):
        first = hashed(first, "5f3a", "77aa")
    request = hashed("GET", "/ISAPI/System/status?x=1")
    response = hashed(first, "5f3a", "00000001", "77aa", "auth", request)
    line = f"$sip$***admin*IP Camera(C1234)*GET**/ISAPI/System/status?x=1**5f3a*77aa*00000001*auth*{algorithm}*{response}"
    return 11400, line


def digest(password: str) -> tuple[int, str]:
    """RFC 7616, 3.4."""
    return _digest(password, "MD5")


def digest_session(password: str) -> tuple[int, str]:
    return _digest(password, "MD5-sess")


def digest_sha256(password: str) -> tuple[int, str]:
    return _digest(password, "SHA-256")


def digest_sip(password: str) -> tuple[int, str]:
    """RFC 2069: no quality of protection; the target in three parts as `sip` has it."""
    first = md5(f"34020000001320000001:3402000000:{password}".encode()).hex()
    request = md5(b"REGISTER:sip:34020000002000000001@3402000000").hex()
    response = md5(f"{first}:9bd055:{request}".encode()).hex()
    ends = "10.0.0.2*10.0.0.1*34020000001320000001*3402000000"
    line = f"$sip$*{ends}*REGISTER*sip*34020000002000000001@3402000000**9bd055****MD5*{response}"
    return 11400, line


def digest_sasl(password: str) -> tuple[None, str]:
    """RFC 2831, 2.1.2.1."""
    session = md5(f"scada:plant.example:{password}".encode()) + b":n0nce:cn0nce"
    request = md5(b"AUTHENTICATE:ldap/plant.example").hex()
    response = md5(f"{md5(session).hex()}:n0nce:00000001:cn0nce:auth:{request}".encode()).hex()
    return None, f"$DIGEST-MD5$scada$plant.example$n0nce$ldap/plant.example$cn0nce$00000001$auth${response}$"


LINES: dict[str, Callable[[str], tuple[int | None, str]]] = {
    "netntlmv1": ntlmv1,
    "netntlmv1 with session security": ntlmv1_ess,
    "netntlmv2": ntlmv2,
    "digest-md5": digest,
    "digest-md5-sess": digest_session,
    "digest-sha256": digest_sha256,
    "digest-md5 of SIP": digest_sip,
    "sasl-digest-md5": digest_sasl,
    **kerberos.LINES,
    **services.LINES,
}
"""By the scheme's name, with a remark behind it."""
