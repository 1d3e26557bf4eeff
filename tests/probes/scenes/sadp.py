"""Hikvision SADP: a camera is found, its address changed with the password, a factory reset refused."""

from tests.probes.scene import Scene, client, server

_XML = '<?xml version="1.0" encoding="utf-8"?>'


def probe(uuid: str, types: str, more: str = "") -> bytes:
    """A question or an order."""
    return f"{_XML}<Probe><Uuid>{uuid}</Uuid><Types>{types}</Types>{more}</Probe>".encode()


def match(uuid: str, types: str, more: str) -> bytes:
    """Its answer."""
    return f"{_XML}\r\n<ProbeMatch><Uuid>{uuid}</Uuid><Types>{types}</Types>{more}</ProbeMatch>".encode()


_DEVICE = (
    "<DeviceType>140737</DeviceType><DeviceDescription>DS-2CD2042WD-I</DeviceDescription>"
    "<DeviceSN>DS-2CD2042WD-I20160101AAWR123456789</DeviceSN><CommandPort>8000</CommandPort><HttpPort>80</HttpPort>"
    "<MAC>c0-56-e3-00-00-22</MAC><IPv4Address>10.9.0.2</IPv4Address><SoftwareVersion>V5.4.5build 170123</SoftwareVersion>"
    "<DSPVersion>V7.3 build 170123</DSPVersion><BootTime>2024-01-01 00:00:00</BootTime><Activated>true</Activated>"
)

SCENES = [
    Scene(
        protocol="sadp",
        transport="udp",
        port=37020,
        talk=[
            client(probe("AAAA-1", "inquiry")),
            server(match("AAAA-1", "inquiry", _DEVICE)),
            client(probe("AAAA-2", "update", "<MAC>c0-56-e3-00-00-22</MAC><Password>12345abc</Password>")),
            server(match("AAAA-2", "update", "<Result>success</Result>")),
            client(probe("AAAA-3", "resetPassword", "<MAC>c0-56-e3-00-00-22</MAC><Code>xyz</Code>")),
            server(match("AAAA-3", "resetPassword", "<Result>failed</Result>")),
        ],
        facts={
            ("server", "vendor", "Hikvision"),
            ("server", "role", "camera"),
            ("server", "model", "DS-2CD2042WD-I"),
            ("server", "serial", "DS-2CD2042WD-I20160101AAWR123456789"),
            ("server", "firmware", "V5.4.5build 170123"),
            ("server", "dsp_version", "V7.3 build 170123"),
            ("server", "command_port", "8000"),
            ("server", "http_port", "80"),
            ("server", "activated", "true"),
            ("server", "device_type", "140737"),
            ("server", "boot_time", "2024-01-01 00:00:00"),
        },
        operations=[
            ("inquiry", "discover", "accepted"),
            ("update", "set-address", "accepted"),
            ("reset_password", "factory-reset", "refused"),
        ],
        credentials=[("password", "admin", "12345abc", "success")],
    )
]
