"""What is wrong with a request: faults that are put into good ones, and a client that sends octets as they are.

A fault takes a good request and gives the octets of a bad one. Chance may make one that is good all the
same, so what counts is how many were refused.
"""

from __future__ import annotations

import base64
import http.client
import json
import random
import re
import ssl
from collections.abc import Callable
from dataclasses import dataclass, field, replace
from typing import Any

from tests.ca.serve.made import Served, context

METHODS = ("PUT", "PATCH", "TRACE", "OPTIONS", "BREW", "get", "PROPFIND")
ODD: tuple[Any, ...] = (None, True, -1, 1e308, "", "\0", "x" * 3000, [], [[]], {}, {"a": 1}, "é", 2**70)
"""Values that members of JSON are not made for."""
_KEPT = re.compile(rb"[!$%&'()*+,./0-9:;=?@A-Z_a-z~-]")
_LENGTHS = ("99999999999", "18446744073709551616", "-1", "1e3", "0x10", "5, 6", "")
_CHUNKS = (
    b"zz\r\nab\r\n0\r\n\r\n",
    b"-1\r\na\r\n0\r\n\r\n",
    b"ffffffffffffffff1\r\n\r\n",
    b"1\r\nabc\r\n0\r\n\r\n",
)
_KINDS = ("text/plain", "multipart/form-data; boundary=x", "application/xml", "*/*", "\xff")
_HEADERS = (
    "no colon",
    "bad name: x",
    ": x",
    "x: a\rb",
    f"x: {'y' * 20_000}",
    "transfer-encoding: nonsense",
    "transfer-encoding: chunked, gzip",
    "content-length: 3\r\ncontent-length: 4",
)
_SHOWN = ("Bearer", "Bearer x", f"Bearer {'A' * 54}", "Basic !!!", "Basic gICA", "Digest x", "\xff" * 9)


@dataclass(frozen=True)
class Good:
    """A request that is in order. `form` is how its body is written: json, base64, der, or signed (then
    `body` is the payload, and `seal` makes of it what is sent)."""

    method: str
    path: str
    body: bytes = b""
    fields: dict[str, str] = field(default_factory=dict)
    form: str = ""
    seal: Callable[[bytes], bytes] | None = None
    plain: bool = False

    def sent(self) -> bytes:
        """What goes out as the body."""
        return self.seal(self.body) if self.seal is not None else self.body

    def octets(self, *, body: bytes | None = None, more: str = "", length: str | None = None) -> bytes:
        """The whole request; with another body, further header lines, or another Content-Length."""
        data = self.sent() if body is None else body
        lines = [f"{self.method} {self.path} HTTP/1.1"]
        lines += [f"{name}: {value}" for name, value in {"host": "localhost", **self.fields}.items()]
        lines += [f"content-length: {len(data) if length is None else length}"] if length != "none" else []
        lines += [more] if more else []
        return "\r\n".join([*lines, "", ""]).encode("latin-1") + data


Fault = Callable[[random.Random, Good], bytes]


def damaged(dice: random.Random, whole: bytes) -> bytes:
    """Octets changed, cut out, doubled or put in."""
    data = bytearray(whole or b"{}")
    for _ in range(dice.randrange(1, 4)):
        at = dice.randrange(len(data) + 1)
        match dice.randrange(4):
            case 0 if at < len(data):
                data[at] ^= 1 << dice.randrange(8)
            case 1:
                del data[at : at + dice.randrange(1, 40)]
            case 2:
                data[at:at] = dice.randbytes(dice.randrange(1, 20))
            case _:
                data[at:at] = data[at : at + 40]
    return bytes(data)


def method(dice: random.Random, good: Good) -> bytes:
    return replace(good, method=dice.choice(METHODS)).octets()


def path(dice: random.Random, good: Good) -> bytes:
    """Another path: damaged, with percent signs that are wrong, out of the folder, too long."""
    found = b"".join(_KEPT.findall(damaged(dice, good.path[1:].encode()))).decode()
    odd = (f"/{found}", f"{good.path}%zz", f"{good.path}/%ff", f"{good.path}/../../x", "/" + "a" * 15_000)
    return replace(good, path=dice.choice((odd[0], *odd))).octets()


def line(dice: random.Random, good: Good) -> bytes:
    """A first line that is none."""
    first, _, rest = good.octets().partition(b"\r\n")
    words = first.split(b" ")
    wrong = (b" ".join(words[:2]), first[:-1], first[:-3] + b"9.9", b"\0" + first, b" ".join((*words, b"x")))
    return dice.choice(wrong) + b"\r\n" + rest


def header(dice: random.Random, good: Good) -> bytes:
    return good.octets(more=dice.choice(_HEADERS))


def length(dice: random.Random, good: Good) -> bytes:
    """A Content-Length that is giant, or no number."""
    return good.octets(length=dice.choice(_LENGTHS))


def chunks(dice: random.Random, good: Good) -> bytes:
    return good.octets(body=dice.choice(_CHUNKS), more="transfer-encoding: chunked", length="none")


def shown(dice: random.Random, good: Good) -> bytes:
    """Who asks, told wrongly."""
    return replace(good, fields={**good.fields, "authorization": dice.choice(_SHOWN)}).octets()


def kind(dice: random.Random, good: Good) -> bytes:
    """A wrong content type, over a body cut off; or a coding that is not taken."""
    if dice.random() < 0.3:
        return good.octets(more="content-encoding: gzip")
    other = replace(good, fields={**good.fields, "content-type": dice.choice(_KINDS)})
    return other.octets(body=other.sent()[: len(other.body) // 2])


def cut(dice: random.Random, good: Good) -> bytes:
    data = good.sent()
    return good.octets(body=data[: dice.randrange(len(data) or 1)])


def bits(dice: random.Random, good: Good) -> bytes:
    return good.octets(body=damaged(dice, good.sent()))


def members(dice: random.Random, good: Good) -> bytes:
    """JSON with other members, other kinds of value, or another shape; for a payload signed rightly."""
    try:
        known = json.loads(good.body or b"{}")
    except ValueError:
        known = {}
    name = dice.choice(list(known) or ["x"])
    match dice.randrange(5):
        case 0:
            data = json.dumps({**known, name: dice.choice(ODD)}).encode()
        case 1:
            data = json.dumps(dict.fromkeys([*known, "x"], dice.choice(ODD))).encode()
        case 2:
            data = json.dumps(dice.choice(ODD)).encode()
        case 3:
            data = dice.choice((b"[" * 5000, b'{"a":' * 3000, b"\xff\xfe", b'{"a":1,', b"NaN", b'{"a":1}x'))
        case _:
            data = damaged(dice, good.body)
    return replace(good, body=data).octets()


def letters(dice: random.Random, good: Good) -> bytes:
    """Base64 with letters that are not its own, or a part of a group missing."""
    data = bytearray(good.body)
    at = dice.randrange(len(data) - 4)
    if dice.random() < 0.5:
        data[at : at + 1] = dice.choice((b"!", b"\0", b"\xff", b"=", b"_", b"{"))
    else:
        data = data[: at // 4 * 4 + 1]
    return good.octets(body=bytes(data))


def values(dice: random.Random, good: Good) -> bytes:
    """DER whose tags and lengths are changed: too long, giant, indefinite, another type."""
    coded = good.form == "base64"
    data = bytearray(base64.b64decode(good.body) if coded else good.body)
    at = dice.randrange(min(len(data) - 1, 64))
    match dice.randrange(4):
        case 0:
            data[at] = dice.choice((0x00, 0x1F, 0x30, 0x31, 0x80, 0xA0, 0xFF))
        case 1:
            data[at + 1 : at + 2] = dice.choice((b"\x80", b"\x84\xff\xff\xff\xff", b"\x88" + b"\xff" * 8))
        case 2:
            data += dice.randbytes(3)
        case _:
            data = bytearray(b"\x30\x80" * 2000)
    return good.octets(body=base64.encodebytes(data) if coded else bytes(data))


def jose(dice: random.Random, good: Good) -> bytes:
    """A JWS whose parts are exchanged, left out, of another kind, or not base64url."""
    whole = json.loads(good.sent())
    name = dice.choice(list(whole))
    match dice.randrange(4):
        case 0:
            whole[name] = dice.choice(ODD)
        case 1:
            del whole[name]
        case 2:
            whole[name] += dice.choice(("=", "!", "A", "é"))
        case _:
            whole["header"] = {"alg": "none"}
    return good.octets(body=json.dumps(whole).encode())


ALWAYS: tuple[Fault, ...] = (method, path, line, header, length, chunks, shown)
WITH_BODY: tuple[Fault, ...] = (kind, cut, bits)
BY_FORM: dict[str, tuple[Fault, ...]] = {
    "": (),
    "json": (*WITH_BODY, members),
    "base64": (*WITH_BODY, letters, values),
    "der": (*WITH_BODY, values),
    "signed": (*WITH_BODY, members, members, jose),
}
BREAKING: tuple[Fault, ...] = (line, header, length, chunks)
"""Faults after which nothing on a connection is known to be a request: each gets one of its own."""


def faults(good: Good) -> tuple[Fault, ...]:
    """Those that fit an endpoint."""
    return (*ALWAYS, *BY_FORM[good.form])


class Wire:
    """A client on one connection as long as the server keeps it."""

    def __init__(self, served: Served) -> None:
        self._address = served.https.rpartition(":")
        self._context = context(served.trusted)
        self._socket: ssl.SSLSocket | None = None

    def ask(self, octets: bytes, *, alone: bool = False) -> tuple[int, bytes, dict[str, str]]:
        """Send octets; status, body and header fields of the answer. A connection that was in use may have
        ended meanwhile, with the refusal before: then another is taken, as clients do."""
        if alone:
            self.close()
        used = self._socket is not None
        try:
            return self._asked(octets, alone)
        except ConnectionError:
            self.close()
            if not used:
                raise
            return self._asked(octets, alone)

    def _asked(self, octets: bytes, alone: bool) -> tuple[int, bytes, dict[str, str]]:
        if self._socket is None:
            made = http.client.HTTPSConnection(
                self._address[0], int(self._address[2]), context=self._context, timeout=60
            )
            made.connect()
            assert isinstance(made.sock, ssl.SSLSocket)
            self._socket = made.sock
        self._socket.sendall(octets)
        answer = http.client.HTTPResponse(self._socket, method=octets.partition(b" ")[0].decode("latin-1"))
        answer.begin()
        body = answer.read()
        fields = {name.lower(): value for name, value in answer.getheaders()}
        if alone or answer.will_close:
            self.close()
        answer.close()
        return answer.status, body, fields

    def close(self) -> None:
        if self._socket is not None:
            self._socket.close()
            self._socket = None
