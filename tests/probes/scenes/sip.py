"""SIP and GB/T 28181: a camera registers, is described, controlled and watched; a phone fails to log in."""

from tests.probes.scene import Scene, Turn, client, server

CAMERA, CENTRE, DOMAIN = "34020000001320000001", "34020000002000000001", "3402000000"
RESPONSE = "00112233445566778899aabbccddeeff"
URI = f"sip:{CENTRE}@{DOMAIN}"


def ask(method: str, number: int, sender: str, receiver: str, *more: str, body: str = "") -> bytes:
    """A request (RFC 3261, 7.1)."""
    lines = [
        f"{method} sip:{receiver}@{DOMAIN} SIP/2.0",
        "Via: SIP/2.0/UDP 10.9.0.1:5060;rport;branch=z9hG4bK1",
        f"From: <sip:{sender}@{DOMAIN}>;tag=1",
        f"To: <sip:{receiver if method != 'REGISTER' else sender}@{DOMAIN}>",
        "Call-ID: 1@10.9.0.1",
        f"CSeq: {number} {method}",
        *more,
        f"Content-Length: {len(body)}",
    ]
    return ("\r\n".join([*lines, "", ""]) + body).encode()


def answer(status: str, method: str, number: int, *more: str) -> bytes:
    """A response (RFC 3261, 7.2)."""
    lines = [
        f"SIP/2.0 {status}",
        "Via: SIP/2.0/UDP 10.9.0.1:5060;rport;branch=z9hG4bK1",
        f"From: <sip:a@{DOMAIN}>;tag=1",
        f"To: <sip:a@{DOMAIN}>",
        "Call-ID: 1@10.9.0.1",
        f"CSeq: {number} {method}",
        *more,
        "Content-Length: 0",
    ]
    return "\r\n".join([*lines, "", ""]).encode()


def xml(root: str, command: str, number: int, inside: str = "") -> str:
    """A body of MANSCDP (GB/T 28181, annex A)."""
    return (
        f'<?xml version="1.0"?>\r\n<{root}>\r\n<CmdType>{command}</CmdType>\r\n<SN>{number}</SN>\r\n'
        f"<DeviceID>{CAMERA}</DeviceID>\r\n{inside}\r\n</{root}>\r\n"
    )


def _told(number: int, body: str, *, by_centre: bool) -> list[Turn]:
    sender, receiver = (CENTRE, CAMERA) if by_centre else (CAMERA, CENTRE)
    message = ask("MESSAGE", number, sender, receiver, "Content-Type: Application/MANSCDP+xml", body=body)
    done = answer("200 OK", "MESSAGE", number)
    return [server(message), client(done)] if by_centre else [client(message), server(done)]


def _digest(user: str) -> str:
    return (
        f'Authorization: Digest username="{user}", realm="{DOMAIN}", nonce="ab12", uri="{URI}", '
        f'response="{RESPONSE}", algorithm=MD5'
    )


def _line(user: str) -> str:
    return f"$sip$***{user}*{DOMAIN}*REGISTER**{URI}**ab12****MD5*{RESPONSE}"


_CHALLENGE = f'WWW-Authenticate: Digest realm="{DOMAIN}", nonce="ab12", algorithm=MD5'
_INFO = "<DeviceName>Gate 7</DeviceName><Manufacturer>Hikvision</Manufacturer><Model>DS-2CD</Model>"
_SDP = f"v=0\r\no={CENTRE} 0 0 IN IP4 10.9.0.2\r\ns=Play\r\nm=video 6000 RTP/AVP 96\r\ny=0100000001\r\n"

_CAMERA = [
    client(ask("REGISTER", 1, CAMERA, CENTRE, "User-Agent: IP Camera", "Expires: 3600")),
    server(answer("401 Unauthorized", "REGISTER", 1, _CHALLENGE)),
    client(ask("REGISTER", 2, CAMERA, CENTRE, "Expires: 3600", _digest(CAMERA))),
    server(answer("200 OK", "REGISTER", 2)),
    *_told(3, xml("Query", "DeviceInfo", 1), by_centre=True),
    *_told(4, xml("Response", "DeviceInfo", 1, _INFO), by_centre=False),
    *_told(5, xml("Control", "DeviceControl", 2, "<PTZCmd>A50F01021F0000D6</PTZCmd>"), by_centre=True),
    *_told(6, xml("Control", "DeviceControl", 3, "<TeleBoot>Boot</TeleBoot>"), by_centre=True),
    *_told(7, xml("Control", "DeviceControl", 4, "<GuardCmd>ResetGuard</GuardCmd>"), by_centre=True),
    *_told(8, xml("Response", "DeviceControl", 4, "<Result>ERROR</Result>"), by_centre=False),
    server(ask("INVITE", 9, CENTRE, CAMERA, "Content-Type: application/sdp", body=_SDP)),
    client(answer("200 OK", "INVITE", 9)),
]
_EXPECTED = {
    "facts": {
        ("client", "id:gb28181", CAMERA),
        ("client", "role", "camera"),
        ("client", "user_agent", "IP Camera"),
        ("client", "vendor", "Hikvision"),
        ("client", "model", "DS-2CD"),
        ("client", "name", "Gate 7"),
        ("server", "realm", DOMAIN),
    },
    "operations": [
        ("register", "authenticate", "unknown"),
        ("register", "authenticate", "accepted"),
        ("message", "other", "accepted"),
        ("device_info_query", "read", "accepted"),
        ("ptz_cmd", "write", "accepted"),
        ("tele_boot", "restart", "accepted"),
        ("guard_cmd", "configure", "refused"),
        ("invite", "start", "accepted"),
        ("play", "read", "accepted"),
    ],
    "credentials": [("hash", CAMERA, _line(CAMERA), "success")],
    "inner": ("gb28181",),
}

SCENES = [
    Scene(protocol="sip", transport="udp", port=5060, client_port=5060, talk=_CAMERA, **_EXPECTED),  # type: ignore[arg-type]
    Scene(protocol="sip", transport="tcp", port=5060, talk=_CAMERA, **_EXPECTED),  # type: ignore[arg-type]
    Scene(
        protocol="sip",
        name="phone",
        transport="udp",
        port=5060,
        talk=[
            client(
                ask("REGISTER", 1, "1000", CENTRE, "User-Agent: Yealink SIP-T42S 66.84.0.15", _digest("1000"))
            ),
            server(answer("403 Forbidden", "REGISTER", 1)),
        ],
        facts={
            ("client", "id:sip", f"1000@{DOMAIN}"),
            ("client", "user_agent", "Yealink SIP-T42S 66.84.0.15"),
            ("client", "vendor", "Yealink"),
            ("client", "model", "SIP-T42S"),
            ("client", "firmware", "66.84.0.15"),
        },
        operations=[("register", "authenticate", "refused")],
        credentials=[("hash", "1000", _line("1000"), "failure")],
    ),
]
