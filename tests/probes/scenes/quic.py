"""QUIC version 1: an Initial packet whose keys come from the connection id (RFC 9001, 5)."""

import hashlib
import hmac
import struct

from cryptography.hazmat.primitives.ciphers import Cipher, algorithms, modes
from cryptography.hazmat.primitives.ciphers.aead import AESGCM

from tests.probes.scene import Scene, client, server

_SALT = bytes.fromhex("38762cf7f55934b34d179ae6a4c80cadccbb7f0a")
_ID = bytes.fromhex("8394c8f03e515708")


def expand(secret: bytes, label: str, size: int) -> bytes:
    """HKDF-Expand-Label for one block."""
    name = b"tls13 " + label.encode()
    info = struct.pack(">HB", size, len(name)) + name + b"\0\x01"
    return hmac.new(secret, info, hashlib.sha256).digest()[:size]


def initial(side: str, to: bytes, crypto: bytes) -> bytes:
    """A protected Initial packet with one CRYPTO frame, filled up to 1200 octets."""
    secret = expand(hmac.new(_SALT, _ID, hashlib.sha256).digest(), f"{side} in", 32)
    key, iv, hp = expand(secret, "quic key", 16), expand(secret, "quic iv", 12), expand(secret, "quic hp", 16)
    frames = (b"\x06\x00" + struct.pack(">H", 0x4000 | len(crypto)) + crypto).ljust(1150, b"\0")
    head = b"\xc3\0\0\0\x01" + bytes([len(to)]) + to + b"\0\0"
    head += struct.pack(">H", 0x4000 | (4 + len(frames) + 16)) + struct.pack(">I", 1)
    nonce = (int.from_bytes(iv, "big") ^ 1).to_bytes(12, "big")
    body = AESGCM(key).encrypt(nonce, frames, head)
    cipher = Cipher(algorithms.AES(hp), modes.ECB()).encryptor()
    mask = cipher.update(body[:16])
    first = head[0] ^ (mask[0] & 0x0F)
    number = bytes(a ^ b for a, b in zip(head[-4:], mask[1:5], strict=True))
    return bytes([first]) + head[1:-4] + number + body


def extension(code: int, body: bytes) -> bytes:
    return struct.pack(">HH", code, len(body)) + body


def hello(name: str) -> bytes:
    """A ClientHello of TLS 1.3 with a name and ALPN h3."""
    text = name.encode()
    extensions = extension(0, struct.pack(">HBH", len(text) + 3, 0, len(text)) + text)
    extensions += extension(16, b"\0\x03\x02h3") + extension(43, b"\x02\x03\x04")
    extensions += extension(13, b"\0\x02\x04\x03")
    body = b"\x03\x03" + bytes(range(32)) + b"\0\0\x02\x13\x01\x01\0"
    body += struct.pack(">H", len(extensions)) + extensions
    return b"\x01" + len(body).to_bytes(3, "big") + body


def answer() -> bytes:
    """A ServerHello: AES-128-GCM, version 1.3."""
    extensions = extension(43, b"\x03\x04")
    body = (
        b"\x03\x03" + bytes(range(1, 33)) + b"\0\x13\x01\0" + struct.pack(">H", len(extensions)) + extensions
    )
    return b"\x02" + len(body).to_bytes(3, "big") + body


def _ja4() -> str:
    """The fingerprint of `hello`, by the description of JA4."""
    suites = hashlib.sha256(b"1301").hexdigest()[:12]
    rest = hashlib.sha256(b"000d,002b_0403").hexdigest()[:12]
    return f"q13d0104h3_{suites}_{rest}"


SCENES = [
    Scene(
        protocol="quic",
        transport="udp",
        port=443,
        talk=[
            client(initial("client", _ID, hello("plc.example"))),
            server(initial("server", b"", answer())),
        ],
        facts={("client", "ja4", _ja4())},
        events=["quic_handshake"],
    )
]
