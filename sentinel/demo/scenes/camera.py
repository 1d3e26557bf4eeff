"""The camera's web server (HTTP/1.1, RFC 9110; Basic, RFC 7617) and its stream (RTSP, RFC 2326)."""

from __future__ import annotations

from base64 import b64encode

from sentinel.demo.cast import CAMERA, HMI, Actor
from sentinel.demo.wire import Wire

SECOND = 1_000_000
PATH = "/ISAPI/System/deviceInfo"


def info() -> str:
    """What the camera says of itself."""
    return (
        f'<?xml version="1.0" encoding="UTF-8"?>\n<DeviceInfo version="2.0">\n'
        f"<deviceName>{CAMERA.name}</deviceName>\n<model>{CAMERA.model}</model>\n"
        f"<serialNumber>{CAMERA.serial}</serialNumber>\n<firmwareVersion>{CAMERA.firmware}</firmwareVersion>\n"
        f"<macAddress>{CAMERA.mac}</macAddress>\n<manufacturer>Hikvision</manufacturer>\n</DeviceInfo>\n"
    )


def log_in(wire: Wire, us: int, client: Actor, password: str, *, right: bool) -> None:
    """Ask for the device information with a password."""
    secret = b64encode(f"admin:{password}".encode()).decode()
    ask = (
        f"GET {PATH} HTTP/1.1\r\nHost: {CAMERA.ip}\r\nUser-Agent: curl/8.5.0\r\n"
        f"Authorization: Basic {secret}\r\n\r\n"
    )
    if right:
        body, status, extra = info(), "200 OK", "Content-Type: application/xml\r\n"
    else:
        body, status = "<html><body>Document Error: Unauthorized</body></html>", "401 Unauthorized"
        extra = f'WWW-Authenticate: Basic realm="{CAMERA.model}"\r\nContent-Type: text/html\r\n'
    answer = f"HTTP/1.1 {status}\r\nServer: App-webs/\r\n{extra}Content-Length: {len(body)}\r\n\r\n{body}"
    tcp = wire.tcp(us, client, CAMERA, 80)
    tcp.client(ask.encode()).server(answer.encode(), 4_000)
    tcp.close()


def stream(wire: Wire, us: int) -> None:
    """The HMI shows the camera's picture: only the set-up is here, the picture goes another way."""
    tcp = wire.tcp(us, HMI, CAMERA, 554)
    url = f"rtsp://{CAMERA.ip}:554/Streaming/Channels/101"
    tcp.client(f"OPTIONS {url} RTSP/1.0\r\nCSeq: 1\r\nUser-Agent: panel\r\n\r\n".encode())
    tcp.server(
        b"RTSP/1.0 200 OK\r\nCSeq: 1\r\nPublic: OPTIONS, DESCRIBE, SETUP, PLAY, TEARDOWN\r\n\r\n", 3_000
    )
    tcp.close()
