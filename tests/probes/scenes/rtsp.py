"""RTSP: a recorder logs in to a camera by Digest, another by Basic with a wrong password."""

from tests.probes.scene import Scene, client, server

URL = "rtsp://10.9.0.2/Streaming/Channels/101"
RESPONSE = "00112233445566778899aabbccddeeff"


def _ask(method: str, number: int, *more: str) -> bytes:
    return "\r\n".join([f"{method} {URL} RTSP/1.0", f"CSeq: {number}", *more, "", ""]).encode()


def _answer(status: str, number: int, *more: str, body: str = "") -> bytes:
    lines = [f"RTSP/1.0 {status}", f"CSeq: {number}", *more]
    if body:
        lines.append(f"Content-Length: {len(body)}")
    return ("\r\n".join([*lines, "", ""]) + body).encode()


_CHALLENGED = [
    client(_ask("DESCRIBE", 1, "User-Agent: NVR 2.1")),
    server(
        _answer(
            "401 Unauthorized",
            1,
            "Server: Hikvision RTSP Server/1.2",
            'WWW-Authenticate: Digest realm="IP Camera", nonce="ab12"',
        )
    ),
]
_TOLD = {
    ("client", "user_agent", "NVR 2.1"),
    ("server", "banner", "Hikvision RTSP Server/1.2"),
    ("server", "realm", "IP Camera"),
    ("server", "vendor", "Hikvision"),
}

SCENES = [
    Scene(
        protocol="rtsp",
        name="digest",
        transport="tcp",
        port=554,
        talk=[
            *_CHALLENGED,
            client(
                _ask(
                    "DESCRIBE",
                    2,
                    f'Authorization: Digest username="admin", realm="IP Camera", nonce="ab12", uri="{URL}", '
                    f'response="{RESPONSE}"',
                )
            ),
            server(_answer("200 OK", 2, body="v=0\r\ns=x\r\nm=video 0 RTP/AVP 96\r\n")),
            client(_ask("PLAY", 3)),
            server(_answer("200 OK", 3) + b"$\x00\x00\x0cABCDEFGHIJKL"),
            client(_ask("SET_PARAMETER", 4)),
            server(_answer("451 Parameter Not Understood", 4)),
            client(_ask("TEARDOWN", 5)),
            server(_answer("200 OK", 5)),
        ],
        facts={*_TOLD, ("server", "role", "camera")},
        operations=[
            ("describe", "read", "unknown"),
            ("describe", "read", "accepted"),
            ("play", "start", "accepted"),
            ("set_parameter", "configure", "refused"),
            ("teardown", "stop", "accepted"),
        ],
        credentials=[
            (
                "hash",
                "admin",
                f"$sip$***admin*IP Camera*DESCRIBE**{URL}**ab12****MD5*{RESPONSE}",
                "success",
            )
        ],
    ),
    Scene(
        protocol="rtsp",
        name="basic",
        transport="tcp",
        port=554,
        talk=[
            *_CHALLENGED,
            client(_ask("DESCRIBE", 2, "Authorization: Basic YWRtaW46MTIzNDU=")),
            server(_answer("401 Unauthorized", 2)),
        ],
        facts=_TOLD,
        operations=[("describe", "read", "unknown"), ("describe", "read", "refused")],
        credentials=[("password", "admin", "12345", "failure")],
    ),
]
