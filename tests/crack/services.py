"""Lines of databases, mail, remote desks, gateways, radio networks, controllers and cameras."""

from __future__ import annotations

import base64
import hashlib
import struct
from collections.abc import Callable

from tests.crack.primitives import cmac, des, mac, md5, nt, sha1, sha256

SALT = bytes.fromhex("3e7e24347574682c3e36313249575a3e66685758")
STAMP = "<1896.697170952@meter.plant.example>"
Line = tuple[int | None, str]


def coded(data: bytes) -> str:
    return base64.b64encode(data).decode()


def xor(one: bytes, two: bytes) -> bytes:
    return bytes(a ^ b for a, b in zip(one, two, strict=True))


def apop(password: str) -> Line:
    """RFC 1939, 7."""
    return 20, f"{md5(STAMP.encode(), password.encode()).hex()}:{STAMP}"


def dlms_md5(password: str) -> Line:
    """High-level security of DLMS with MD5: a challenge of any octets."""
    return 20, f"{md5(SALT, password.encode()).hex()}:$HEX[{SALT.hex()}]"


def wsse(password: str) -> Line:
    """UsernameToken of WS-Security: the salt in hex without a mark."""
    salt = SALT + b"2026-01-12T08:00:00Z"
    return 120, f"{sha1(salt, password.encode()).hex()}:{salt.hex()}"


def simple(mode: int, kind: str, first: bool) -> Callable[[str], Line]:
    def made(password: str) -> Line:
        parts = (password.encode(), b"s4lt") if first else (b"s4lt", password.encode())
        return mode, f"{hashlib.new(kind, b''.join(parts)).hexdigest()}:s4lt"

    return made


def keyed(mode: int, kind: str) -> Callable[[str], Line]:
    return lambda password: (mode, f"{mac(kind, password.encode(), b's4lt').hex()}:s4lt")


def cram_md5(password: str) -> Line:
    """RFC 2195."""
    answer = f"tim {mac('md5', password.encode(), STAMP.encode()).hex()}"
    return 10200, f"$cram_md5${coded(STAMP.encode())}${coded(answer.encode())}"


def chap(password: str) -> Line:
    """RFC 1994, 4.1."""
    return 4800, f"{md5(bytes([7]), password.encode(), SALT[:16]).hex()}:{SALT[:16].hex()}:07"


def mysql(password: str) -> Line:
    once = sha1(password.encode())
    return 11200, f"$mysqlna${SALT.hex()}*{xor(once, sha1(SALT, sha1(once))).hex()}"


def mysql_sha2(password: str) -> Line:
    once = sha256(password.encode())
    return None, f"$mysqlsha2${SALT.hex()}*{xor(once, sha256(sha256(once), SALT)).hex()}"


def mysql_old(password: str) -> Line:
    """`old_password` and `scramble_323`: arithmetic on 32 bits."""

    def sums(text: bytes) -> tuple[int, int]:
        nr, add, nr2 = 1345345333, 7, 0x12345671
        for c in text:
            if c not in b" \t":
                nr = (nr ^ ((((nr & 63) + add) * c) + (nr << 8))) & 0xFFFFFFFF
                nr2 = (nr2 + ((nr2 << 8) ^ nr)) & 0xFFFFFFFF
                add += c
        return nr & 0x7FFFFFFF, nr2 & 0x7FFFFFFF

    most = 0x3FFFFFFF
    (a, b), (c, d) = sums(password.encode()), sums(SALT[:8])
    one, two = (a ^ c) % most, (b ^ d) % most
    drawn = []
    for _ in range(9):
        one = (one * 3 + two) % most
        two = (one + two + 33) % most
        drawn.append(int(one / most * 31))
    response = bytes((64 + n) ^ drawn[8] for n in drawn[:8])
    return None, f"$mysql323${SALT[:8].hex()}*{response.hex()}"


def postgres(password: str) -> Line:
    inner = md5(password.encode(), b"or*yx").hex().encode()
    return 11100, f"$postgres$or*yx*{SALT[:4].hex()}*{md5(inner, SALT[:4]).hex()}"


def mongo(password: str) -> Line:
    inner = md5(f"scada:mongo:{password}".encode()).hex()
    return None, f"$mongodb$1$scada$2375531c32080ae8${md5(f'2375531c32080ae8scada{inner}'.encode()).hex()}"


def _scram(kind: str, user: str, password: bytes) -> Line:
    """RFC 5802, 3."""
    message = f"n={user},r=abc,r=abcdef,s={coded(SALT[:16])},i=4096,c=biws,r=abcdef".encode()
    salted = hashlib.pbkdf2_hmac(kind, password, SALT[:16], 4096)
    client = mac(kind, salted, b"Client Key")
    proof = xor(client, mac(kind, hashlib.new(kind, client).digest(), message))
    name = {"sha1": "sha-1", "sha256": "sha-256"}[kind]
    return None, f"$scram-{name}${user}*4096*{coded(SALT[:16])}*{coded(message)}*{coded(proof)}"


def scram_sha1(password: str) -> Line:
    return _scram("sha1", "scada", password.encode())


def scram_sha1_mongo(password: str) -> Line:
    return _scram("sha1", "scada", md5(f"scada:mongo:{password}".encode()).hex().encode())


def scram_sha256(password: str) -> Line:
    return _scram("sha256", "", password.encode())


def scram_stored(password: str) -> Line:
    """As PostgreSQL keeps it."""
    salted = hashlib.pbkdf2_hmac("sha256", password.encode(), SALT[:16], 4096)
    stored = sha256(mac("sha256", salted, b"Client Key"))
    server = mac("sha256", salted, b"Server Key")
    return 28600, f"SCRAM-SHA-256$4096:{coded(SALT[:16])}${coded(stored)}:{coded(server)}"


def scram_mongo_sha1(password: str) -> Line:
    inner = md5(f"scada:mongo:{password}".encode()).hex().encode()
    server = mac("sha1", hashlib.pbkdf2_hmac("sha1", inner, SALT[:16], 10000), b"Server Key")
    return 24100, f"$mongodb-scram$*0*{coded(b'scada')}*10000*{coded(SALT[:16])}*{coded(server)}"


def scram_mongo_sha256(password: str) -> Line:
    salted = hashlib.pbkdf2_hmac("sha256", password.encode(), SALT, 15000)
    server = mac("sha256", salted, b"Server Key")
    return 24200, f"$mongodb-scram$*1*{coded(b'scada')}*15000*{coded(SALT)}*{coded(server)}"


def vnc(password: str) -> Line:
    """RFC 6143, 7.2.2; eight letters count."""
    key = bytes(int(f"{octet:08b}"[::-1], 2) for octet in password.encode()[:8].ljust(8, b"\0"))
    challenge = SALT[:16]
    response = des(key, challenge[:8]) + des(key, challenge[8:])
    return None, f"$vnc$*{challenge.hex().upper()}*{response.hex().upper()}"


def radius(password: str) -> Line:
    """RFC 2865, 3: the authenticator of an Access-Accept."""
    reply = b"\x12\x0bwelcome in"
    head = struct.pack(">BBH", 2, 9, 20 + len(reply))
    return None, (
        f"$sentinel$radius${SALT[:16].hex()}"
        f"${(head + md5(head, SALT[:16], reply, password.encode()) + reply).hex()}"
    )


def radius_message(password: str) -> Line:
    """RFC 2869, 5.14."""
    head = struct.pack(">BBH", 1, 9, 45) + SALT[:16] + b"\x01\x07admin"
    code = mac("md5", password.encode(), head, b"\x50\x12", bytes(16))
    return None, f"$sentinel$radius-message${(head + bytes([80, 18]) + code).hex()}"


def radius_accounting(password: str) -> Line:
    """RFC 2866, 3."""
    head, body = struct.pack(">BBH", 4, 9, 26), b"\x28\x06\0\0\0\x01"
    return None, (
        f"$sentinel$radius-accounting${(head + md5(head, bytes(16), body, password.encode()) + body).hex()}"
    )


def radius_pap(password: str) -> Line:
    """RFC 2865, 5.2."""
    first = xor(b"a password longer than"[:16], md5(password.encode(), SALT[:16]))
    second = xor(b"r than".ljust(16, b"\0"), md5(password.encode(), first))
    return None, f"$sentinel$radius-pap${SALT[:16].hex()}${(first + second).hex()}"


def radius_john(password: str) -> Line:
    """The same in John's form."""
    hidden = xor(b"s3cret".ljust(16, b"\0"), md5(password.encode(), SALT[:16]))
    return None, f"$radius$1*{SALT[:16].hex()}*{hidden.hex()}"


def sntp(password: str) -> Line:
    """MS-SNTP, 3.2.5.1."""
    return 31300, f"$sntp-ms${md5(nt(password), SALT * 2).hex()}${(SALT * 2).hex()}"


def ldap(mode: int, scheme: str, kind: str, salt: bytes) -> Callable[[str], Line]:
    """RFC 2307, 5.3, and what servers made of it."""

    def made(password: str) -> Line:
        digest = hashlib.new(kind, password.encode() + salt).digest()
        return mode, f"{{{scheme}}}{coded(digest + salt)}"

    return made


def dhip(password: str) -> Line:
    _, line = dahua(password)
    return None, ":".join(line.split("$")[3:])


def tacacs(password: str) -> Line:
    """RFC 8907, 4.5: a reply that asks for a password."""
    plain = struct.pack(">BBHH", 5, 1, 10, 0) + b"Password: "
    pad = md5(SALT[:4], password.encode(), b"\xc0\x02")
    return 16100, f"$tacacs-plus$0${SALT[:4].hex()}${xor(plain, pad).hex()}$c002"


def snmp(mode: int, number: int, kind: str, length: int) -> Callable[[str], Line]:
    """RFC 3414, A.2, and RFC 7860."""

    def made(password: str) -> Line:
        engine = bytes.fromhex("80001f888059dc486145a26322")
        head, tail = b"\x30\x7f\x02\x01\x03 the message", b" goes on"
        repeated = (password.encode() * (2**20 // len(password.encode()) + 1))[: 2**20]
        key = hashlib.new(kind, repeated).digest()
        own = hashlib.new(kind, key + engine + key).digest()
        message = head + bytes(length) + tail
        code = mac(kind, own, message)[:length]
        return mode, f"$SNMPv3${number}$77${message.hex()}${engine.hex()}${code.hex()}"

    return made


def ike(mode: int, kind: str) -> Callable[[str], Line]:
    """RFC 2409, 5: SKEYID and HASH_R of a shared key."""

    def made(password: str) -> Line:
        texts = [f"part {n} of the exchange".encode() for n in range(8)]
        seed = mac(kind, password.encode(), texts[6], texts[7])
        return mode, ":".join(text.hex() for text in [*texts, mac(kind, seed, *texts[:6])])

    return made


POINT, STATION = bytes.fromhex("c0ffee000001"), bytes.fromhex("0a1b2c3d4e5f")


def pmkid(password: str) -> Line:
    """IEEE 802.11, 12.7.1.3."""
    key = hashlib.pbkdf2_hmac("sha1", password.encode(), b"Werk 3", 4096, 32)
    found = mac("sha1", key, b"PMK Name", POINT, STATION)[:16]
    return 22000, f"WPA*01*{found.hex()}*{POINT.hex()}*{STATION.hex()}*{b'Werk 3'.hex()}***"


def handshake(version: int) -> Callable[[str], Line]:
    """IEEE 802.11, 12.7.1.2 and 12.7.2: the second message."""

    def made(password: str) -> Line:
        key = hashlib.pbkdf2_hmac("sha1", password.encode(), b"Werk 3", 4096, 32)
        own, other = bytes(range(0xA0, 0xC0)), bytes(range(0x20, 0x40))
        ends = min(POINT, STATION) + max(POINT, STATION) + min(own, other) + max(own, other)
        if version == 3:
            made = mac("sha256", key, b"\x01\0Pairwise key expansion", ends, b"\x80\x01")[:16]
        else:
            made = mac("sha1", key, b"Pairwise key expansion\0", ends, b"\0")[:16]
        frame = struct.pack(">BBHBHHQ", 1, 3, 95, 2, 0x0108 | version, 0, 1) + own + bytes(32 + 16 + 2)
        code = cmac(made, frame) if version == 3 else mac("md5" if version == 1 else "sha1", made, frame)[:16]
        ends_text = f"{POINT.hex()}*{STATION.hex()}*{b'Werk 3'.hex()}"
        return 22000, f"WPA*02*{code.hex()}*{ends_text}*{other.hex()}*{frame.hex()}*02"

    return made


def s7(password: str) -> Line:
    return None, f"$siemens-s7$1${SALT.hex()}${mac('sha1', sha1(password.encode()), SALT).hex()}"


def rakp(password: str) -> Line:
    """IPMI 2.0, 13.31."""
    message = SALT * 3 + b"\x14\x05admin"
    return 7300, f"{message.hex()}:{mac('sha1', password.encode(), message).hex()}"


def letters(password: str) -> str:
    """The eight letters of old Dahua and XMeye."""
    known = "0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz"
    hashed = md5(password.encode())
    return "".join(known[(hashed[i] + hashed[i + 1]) % 62] for i in range(0, 16, 2))


def sofia(password: str) -> Line:
    return 24900, letters(password)


def dahua(password: str) -> Line:
    inner = md5(f"admin:Login to 4H01D66PAJ2FA64:{password}".encode()).hex().upper()
    response = md5(f"admin:1753753988:{inner}".encode()).hex().upper()
    return None, f"$sentinel$dahua$admin$Login to 4H01D66PAJ2FA64$1753753988${response}"


def dvrip(password: str) -> Line:
    response = md5(f"admin:1753753988:{letters(password)}".encode()).hex().upper()
    return None, f"$sentinel$dvrip$admin$1753753988${response}"


def isapi(salt: str) -> Callable[[str], Line]:
    def made(password: str) -> Line:
        if salt:
            text = sha256(f"admin{salt}{password}".encode()).hex()
            text, rounds = sha256(f"{text}5d1ba0".encode()).hex(), 98
        else:
            text, rounds = f"{sha256(password.encode()).hex()}5d1ba0", 100
        for _ in range(rounds):
            text = sha256(text.encode()).hex()
        return None, f"$sentinel$isapi$admin${salt}$5d1ba0$100${text}"

    return made


LINES: dict[str, Callable[[str], Line]] = {
    "md5-salt-pass of APOP": apop,
    "md5-salt-pass of DLMS": dlms_md5,
    "sha1-salt-pass of WS-Security": wsse,
    "md5-pass-salt": simple(10, "md5", True),
    "sha1-pass-salt": simple(110, "sha1", True),
    "sha1-salt-pass": simple(120, "sha1", False),
    "sha256-pass-salt": simple(1410, "sha256", True),
    "sha256-salt-pass": simple(1420, "sha256", False),
    "hmac-md5": keyed(50, "md5"),
    "hmac-sha1": keyed(150, "sha1"),
    "hmac-sha256": keyed(1450, "sha256"),
    "cram-md5": cram_md5,
    "chap": chap,
    "mysql-native": mysql,
    "mysql-sha2": mysql_sha2,
    "mysql-323": mysql_old,
    "postgresql-md5": postgres,
    "mongodb-cr": mongo,
    "scram-sha-1": scram_sha1,
    "scram-sha-1 of MongoDB": scram_sha1_mongo,
    "scram-sha-256": scram_sha256,
    "postgresql-scram-sha-256": scram_stored,
    "mongodb-scram-sha-1": scram_mongo_sha1,
    "mongodb-scram-sha-256": scram_mongo_sha256,
    "vnc": vnc,
    "radius": radius,
    "radius-message": radius_message,
    "radius-accounting": radius_accounting,
    "radius-pap": radius_pap,
    "radius-pap of John": radius_john,
    "sntp-ms": sntp,
    "ldap-sha1": ldap(101, "SHA", "sha1", b""),
    "ldap-sha1 with a salt": ldap(111, "SSHA", "sha1", b"8octets!"),
    "ldap-sha256": ldap(1411, "SSHA256", "sha256", b"8octets!"),
    "ldap-sha512": ldap(1711, "SSHA512", "sha512", b"8octets!"),
    "dahua of DHIP": dhip,
    "tacacs-plus": tacacs,
    "snmpv3 with MD5": snmp(25000, 0, "md5", 12),
    "snmpv3 with SHA-1": snmp(25000, 0, "sha1", 12),
    "snmpv3-md5": snmp(25100, 1, "md5", 12),
    "snmpv3-sha1": snmp(25200, 2, "sha1", 12),
    "snmpv3-sha224": snmp(26700, 3, "sha224", 16),
    "snmpv3-sha256": snmp(26800, 4, "sha256", 24),
    "snmpv3-sha384": snmp(26900, 5, "sha384", 32),
    "snmpv3-sha512": snmp(27300, 6, "sha512", 48),
    "ike-psk-md5": ike(5300, "md5"),
    "ike-psk-sha1": ike(5400, "sha1"),
    "wpa-pmkid": pmkid,
    "wpa-handshake with MD5": handshake(1),
    "wpa-handshake with SHA-1": handshake(2),
    "wpa-handshake with AES-CMAC": handshake(3),
    "siemens-s7": s7,
    "ipmi2-rakp": rakp,
    "dahua-letters": sofia,
    "dahua": dahua,
    "dahua-dvrip": dvrip,
    "isapi-session with a salt": isapi("9f3c"),
    "isapi-session without": isapi(""),
}
