"""Kerberos messages as a client and a KDC make them (RFC 3961, 3962, 4757), for lines of hashcat's form."""

from __future__ import annotations

import hashlib
from math import lcm

from tests.crack.primitives import aes_cts, aes_ecb, mac, nt, rc4

TICKET = bytes.fromhex("63820123") + b"a ticket's encrypted part, not read any further" * 3
REPLY = bytes.fromhex("7981b030") + b"the client's part of an AS-REP" * 4
STAMP = bytes.fromhex("301aa011180f") + b"20260112080000Z" + bytes.fromhex("a10502030c28a2")
CHANCE = bytes(range(0x10, 0x20))


def fold(name: bytes, size: int) -> bytes:
    """RFC 3961, 5.1, by whole numbers."""
    bits = len(name) * 8
    number = int.from_bytes(name)
    copies = b""
    for n in range(lcm(len(name), size) // len(name)):
        turn = 13 * n % bits
        copies += ((number >> turn | number << (bits - turn)) & (1 << bits) - 1).to_bytes(len(name))
    total = sum(int.from_bytes(copies[at : at + size]) for at in range(0, len(copies), size))
    most = (1 << size * 8) - 1
    while total > most:
        total = (total & most) + (total >> size * 8)
    return total.to_bytes(size)


def derive(key: bytes, name: bytes) -> bytes:
    """DK of RFC 3961, 5.1."""
    block, out = fold(name, 16), b""
    while len(out) < len(key):
        block = aes_ecb(key, block)
        out += block
    return out[: len(key)]


def aes(password: str, salt: str, size: int, number: int, plain: bytes) -> tuple[str, str]:
    """(cipher, checksum) of a message, hex."""
    seed = hashlib.pbkdf2_hmac("sha1", password.encode(), salt.encode(), 4096, size)
    key = derive(seed, b"kerberos")
    usage = number.to_bytes(4)
    text = CHANCE + plain
    cipher = aes_cts(derive(key, usage + b"\xaa"), text)
    return cipher.hex(), mac("sha1", derive(key, usage + b"\x55"), text)[:12].hex()


def arcfour(password: str, number: int, plain: bytes) -> tuple[str, str]:
    key = mac("md5", nt(password), number.to_bytes(4, "little"))
    text = CHANCE[:8] + plain
    checksum = mac("md5", key, text)
    return rc4(mac("md5", key, checksum), text).hex(), checksum.hex()


def timestamp_rc4(password: str) -> tuple[int, str]:
    cipher, checksum = arcfour(password, 1, STAMP)
    return 7500, f"$krb5pa$23$operator$PLANT.EXAMPLE$salt${cipher}{checksum}"


def timestamp_aes128(password: str) -> tuple[int, str]:
    cipher, checksum = aes(password, "PLANT.EXAMPLEoperator", 16, 1, STAMP)
    return 19800, f"$krb5pa$17$operator$plant.example${cipher}{checksum}"


def timestamp_aes256(password: str) -> tuple[int, str]:
    cipher, checksum = aes(password, "PLANT.EXAMPLEoperator", 32, 1, STAMP)
    return 19900, f"$krb5pa$18$operator$plant.example${cipher}{checksum}"


def timestamp_salted(password: str) -> tuple[int, str]:
    cipher, checksum = aes(password, "PLANT.EXAMPLEOperator", 32, 1, STAMP)
    return 19900, f"$krb5pa$18$operator$plant.example$PLANT.EXAMPLEOperator${cipher}{checksum}"


def reply_rc4(password: str) -> tuple[int, str]:
    cipher, checksum = arcfour(password, 8, REPLY)
    return 18200, f"$krb5asrep$23$operator@PLANT.EXAMPLE:{checksum}${cipher}"


def reply_aes128(password: str) -> tuple[int, str]:
    cipher, checksum = aes(password, "PLANT.EXAMPLEoperator", 16, 3, REPLY)
    return 32100, f"$krb5asrep$17$operator$PLANT.EXAMPLE${checksum}${cipher}"


def reply_aes256(password: str) -> tuple[int, str]:
    cipher, checksum = aes(password, "PLANT.EXAMPLEoperator", 32, 3, REPLY + b"to a whole block"[:12])
    return 32200, f"$krb5asrep$18$operator$PLANT.EXAMPLE${checksum}${cipher}"


def ticket_rc4(password: str) -> tuple[int, str]:
    cipher, checksum = arcfour(password, 2, TICKET)
    return 13100, f"$krb5tgs$23$*historian$PLANT.EXAMPLE$MSSQLSvc/db.plant.example:1433*${checksum}${cipher}"


def ticket_aes128(password: str) -> tuple[int, str]:
    cipher, checksum = aes(password, "PLANT.EXAMPLEhistorian", 16, 2, TICKET)
    return 19600, f"$krb5tgs$17$historian$PLANT.EXAMPLE${checksum}${cipher}"


def ticket_aes256(password: str) -> tuple[int, str]:
    cipher, checksum = aes(password, "PLANT.EXAMPLEhistorian$", 32, 2, TICKET)
    return 19700, f"$krb5tgs$18$historian$$PLANT.EXAMPLE$*MSSQLSvc/db*${checksum}${cipher}"


LINES = {
    "krb5pa-rc4": timestamp_rc4,
    "krb5pa-aes of 128": timestamp_aes128,
    "krb5pa-aes of 256": timestamp_aes256,
    "krb5pa-aes with a salt": timestamp_salted,
    "krb5asrep-rc4": reply_rc4,
    "krb5asrep-aes of 128": reply_aes128,
    "krb5asrep-aes of 256": reply_aes256,
    "krb5tgs-rc4": ticket_rc4,
    "krb5tgs-aes of 128": ticket_aes128,
    "krb5tgs-aes of 256": ticket_aes256,
}
