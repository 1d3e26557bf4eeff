"""TP-Link Smart Home: a plug is asked who it is, switched, put into a Wi-Fi; over TCP and UDP."""

import struct

from tests.probes.scene import Scene, client, server


def cipher(text: str) -> bytes:
    key, out = 171, bytearray()
    for octet in text.encode():
        key ^= octet
        out.append(key)
    return bytes(out)


def framed(text: str) -> bytes:
    return struct.pack(">I", len(text)) + cipher(text)


_INFO = (
    '{"system":{"get_sysinfo":{"sw_ver":"1.2.5 Build 171213","hw_ver":"1.0","type":"IOT.SMARTPLUGSWITCH",'
    '"model":"HS110(EU)","mac":"02:00:00:00:09:02","dev_name":"Smart Wi-Fi Plug","alias":"Pump",'
    '"deviceId":"8006E9","latitude":51.5,"longitude":7.25,"err_code":0}}}'
)
_FACTS = {
    ("server", "vendor", "TP-Link"),
    ("server", "firmware", "1.2.5 Build 171213"),
    ("server", "hardware", "1.0"),
    ("server", "model", "HS110(EU)"),
    ("server", "product", "Smart Wi-Fi Plug"),
    ("server", "name", "Pump"),
    ("server", "id:tplink", "8006E9"),
    ("server", "location", "51.5, 7.25"),
    ("server", "role", "smart-plug"),
}

SCENES = [
    Scene(
        protocol="tplink-shp",
        transport="tcp",
        port=9999,
        talk=[
            client(framed('{"system":{"get_sysinfo":null}}')),
            server(framed(_INFO)),
            client(framed('{"system":{"set_relay_state":{"state":0}}}')),
            server(framed('{"system":{"set_relay_state":{"err_code":0}}}')),
            client(
                framed('{"netif":{"set_stainfo":{"ssid":"plant","password":"s3cret-wifi","key_type":3}}}')
            ),
            server(framed('{"netif":{"set_stainfo":{"mac":"","err_code":0}}}')),
            client(framed('{"cnCloud":{"bind":{"username":"a@example.org","password":"hunter22"}}}')),
            server(framed('{"cnCloud":{"bind":{"err_code":-20601,"err_msg":"password error"}}}')),
            client(framed('{"system":{"reset":{"delay":1}}}')),
        ],
        facts=_FACTS,
        operations=[
            ("get_sysinfo", "identify", "accepted"),
            ("set_relay_state", "write", "accepted"),
            ("set_stainfo", "configure", "accepted"),
            ("bind", "configure", "refused"),
            ("reset", "factory-reset", "no-answer"),
        ],
        credentials=[
            ("psk", "plant", "s3cret-wifi", "success"),
            ("password", "a@example.org", "hunter22", "failure"),
        ],
    ),
    Scene(
        protocol="tplink-shp",
        transport="udp",
        port=9999,
        talk=[client(cipher('{"system":{"get_sysinfo":{}}}')), server(cipher(_INFO))],
        facts=_FACTS,
        operations=[("get_sysinfo", "identify", "accepted")],
    ),
]
