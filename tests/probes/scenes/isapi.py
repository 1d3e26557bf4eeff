"""Over HTTP: Hikvision ISAPI, Uniview LAPI, T/CEC 102 between charging platforms."""

from tests.probes.scene import Scene, client, server

_INFO = (
    '<?xml version="1.0" encoding="UTF-8"?><DeviceInfo version="2.0" xmlns="http://www.hikvision.com/ver20/XMLSchema">'
    "<deviceName>gate</deviceName><deviceID>x</deviceID><model>DS-2CD2042WD-I</model>"
    "<serialNumber>DS-2CD2042WD-I20160101AAWR1</serialNumber><macAddress>c0:56:e3:00:00:22</macAddress>"
    "<firmwareVersion>V5.4.5</firmwareVersion><hardwareVersion>0x0</hardwareVersion><deviceType>IPCamera</deviceType></DeviceInfo>"
)
_LAPI = (
    '{"Response":{"ResponseCode":0,"Data":{"DeviceName":"yard","DeviceModel":"IPC322LR3","SerialNumber":"210235C2TN",'
    '"FirmwareVersion":"IPC_D1201-B0001","Manufacturer":"UNIVIEW"}}}'
)


def request(method: str, path: str, body: str = "") -> bytes:
    """A request; those that change something have a body."""
    return f"{method} {path} HTTP/1.1\r\nHost: 10.9.0.2\r\nContent-Length: {len(body)}\r\n\r\n{body}".encode()


def answer(status: str, body: str = "", media: str = "application/xml") -> bytes:
    """Its answer."""
    return f"HTTP/1.1 {status}\r\nContent-Type: {media}\r\nContent-Length: {len(body)}\r\n\r\n{body}".encode()


SCENES = [
    Scene(
        protocol="isapi",
        transport="tcp",
        port=80,
        talk=[
            client(request("GET", "/ISAPI/System/deviceInfo")),
            server(answer("200 OK", _INFO)),
            client(request("PUT", "/ISAPI/System/reboot")),
            server(answer("200 OK")),
            client(request("PUT", "/ISAPI/System/updateFirmware", "x" * 100)),
            server(answer("403 Forbidden")),
        ],
        inner=("http",),
        facts={
            ("server", "name", "gate"),
            ("server", "model", "DS-2CD2042WD-I"),
            ("server", "serial", "DS-2CD2042WD-I20160101AAWR1"),
            ("server", "firmware", "V5.4.5"),
            ("server", "hardware", "0x0"),
            ("server", "device_type", "IPCamera"),
        },
        operations=[
            ("device_info", "identify", "accepted"),
            ("reboot", "restart", "accepted"),
            ("update_firmware", "firmware", "refused"),
        ],
    ),
    Scene(
        protocol="http",
        name="lapi",
        transport="tcp",
        port=80,
        talk=[
            client(request("GET", "/LAPI/V1.0/System/DeviceInfo")),
            server(answer("200 OK", _LAPI, "application/json")),
            client(request("PUT", "/LAPI/V1.0/System/Reboot", "{}")),
            server(answer("200 OK", "{}", "application/json")),
        ],
        facts={
            ("server", "name", "yard"),
            ("server", "vendor", "UNIVIEW"),
            ("server", "model", "IPC322LR3"),
            ("server", "serial", "210235C2TN"),
            ("server", "firmware", "IPC_D1201-B0001"),
        },
        operations=[("device_info", "identify", "accepted"), ("reboot", "restart", "accepted")],
    ),
    Scene(
        protocol="tcec102",
        transport="tcp",
        port=8080,
        talk=[
            client(
                request("POST", "/evcs/v1/query_token", '{"OperatorID":"123456789","Data":"x","Sig":"y"}')
            ),
            server(answer("200 OK", '{"Ret":0}', "application/json")),
            client(
                request(
                    "POST", "/evcs/v1/query_start_charge", '{"OperatorID":"123456789","Data":"x","Sig":"y"}'
                )
            ),
            server(answer("200 OK", '{"Ret":0}', "application/json")),
            client(
                request(
                    "POST", "/evcs/v1/query_stop_charge", '{"OperatorID":"123456789","Data":"x","Sig":"y"}'
                )
            ),
            server(answer("403 Forbidden")),
        ],
        operations=[
            ("query_token", "authenticate", "accepted"),
            ("query_start_charge", "start", "accepted"),
            ("query_stop_charge", "stop", "refused"),
        ],
    ),
]
