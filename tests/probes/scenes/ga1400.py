"""GA/T 1400: a view library registers with another by Digest, subscribes, and hands faces over (HTTP)."""

from tests.probes.scene import Scene, client, server

ID = "34020000005030000001"
_DIGEST = (
    'Digest username="viid", realm="viid", nonce="abcd", uri="/VIID/System/Register", qop=auth, nc=00000001, cnonce="xy", '
    'response="0123456789abcdef0123456789abcdef", algorithm=MD5'
)


def request(method: str, path: str, body: str, more: str = "") -> bytes:
    """A request with a JSON body."""
    head = f"{method} {path} HTTP/1.1\r\nHost: 10.9.0.2:8080\r\nUser-Identify: {ID}\r\n{more}"
    return f"{head}Content-Type: application/VIID+JSON\r\nContent-Length: {len(body)}\r\n\r\n{body}".encode()


def answer(status: str, body: str = "", more: str = "") -> bytes:
    """Its answer."""
    return f"HTTP/1.1 {status}\r\n{more}Content-Length: {len(body)}\r\n\r\n{body}".encode()


_REGISTER = '{"RegisterObject":{"DeviceID":"' + ID + '"}}'

SCENES = [
    Scene(
        protocol="ga1400",
        transport="tcp",
        port=8080,
        talk=[
            client(request("POST", "/VIID/System/Register", _REGISTER)),
            server(
                answer(
                    "401 Unauthorized",
                    more='WWW-Authenticate: Digest realm="viid", nonce="abcd", qop="auth"\r\n',
                )
            ),
            client(request("POST", "/VIID/System/Register", _REGISTER, f"Authorization: {_DIGEST}\r\n")),
            server(answer("200 OK", '{"ResponseStatusObject":{"StatusCode":0}}')),
            client(request("POST", "/VIID/Subscribes", "{}")),
            server(answer("200 OK", "{}")),
            client(request("POST", "/VIID/Faces", "{}")),
            server(answer("200 OK", "{}")),
            client(request("DELETE", "/VIID/Dispositions", "")),
            server(answer("403 Forbidden")),
        ],
        inner=("http",),
        facts={("client", "id:ga1400", ID), ("server", "realm", "viid")},
        operations=[
            ("register", "authenticate", "refused"),
            ("register", "authenticate", "accepted"),
            ("subscribe", "subscribe", "accepted"),
            ("disposition", "configure", "refused"),
        ],
        credentials=[
            (
                "hash",
                "viid",
                "$sip$***viid*viid*POST**/VIID/System/Register**abcd*xy*00000001*auth*MD5*0123456789abcdef0123456789abcdef",
                "success",
            )
        ],
    )
]
