"""Syslog: both formats over UDP, octet counting over TCP, a password in a message."""

from tests.probes.scene import Scene, client

_LINES = [
    b"<34>Oct 11 22:14:15 gw1 sshd[231]: Accepted password for root",
    b"<165>1 2026-01-12T08:00:00.003Z gw1 updater 77 ID47 - user=admin password=S3cret! stored",
    b"<189>Oct 11 22:14:17 gw1 44: %SYS-5-CONFIG_I: Configured from console by vty0",
]
_FACTS = {
    ("client", "hostname", "gw1"),
    ("client", "syslog_app", "sshd"),
    ("client", "syslog_app", "updater"),
    ("client", "vendor", "Cisco"),
}

SCENES = [
    Scene(
        protocol="syslog",
        transport="udp",
        port=514,
        talk=[client(line) for line in _LINES],
        facts=_FACTS,
        credentials=[("password", "admin", "S3cret!", "unknown")],
        events=["message"],
    ),
    Scene(
        protocol="syslog",
        transport="tcp",
        port=601,
        talk=[client(f"{len(line)} ".encode() + line) for line in _LINES],
        facts=_FACTS,
        credentials=[("password", "admin", "S3cret!", "unknown")],
    ),
]
