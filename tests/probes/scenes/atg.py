"""ATG: an inventory without log-in, a label set with a security code, a function that is not there."""

from tests.probes.scene import Scene, client, server

HEADER = "JAN 12, 2026 12:00 PM\r\n\r\nFUEL STOP 7\r\n12 MAIN ST\r\nSPRINGFIELD\r\n\r\n"
TANKS = "TANK PRODUCT     VOLUME  TC VOLUME  ULLAGE  HEIGHT  WATER  TEMP\r\n"
TANKS += "  1  REGULAR        8112       8109    1888   60.00   0.00  58.50\r\n"
TANKS += "  2  DIESEL         4110       4101    5890   33.10   0.00  57.00\r\n"


def report(function: str, body: str) -> bytes:
    return f"\x01\r\n{function}\r\n{body}\x03".encode()


SCENES = [
    Scene(
        protocol="atg",
        transport="tcp",
        port=10001,
        talk=[
            client(b"\x01I20100\n"),
            server(report("I20100", f"{HEADER}IN-TANK INVENTORY\r\n\r\n{TANKS}")),
            client(b"\x01I90200\n"),
            server(report("I90200", f"{HEADER}SOFTWARE REVISION LEVEL\r\nVERSION 131.02\r\n")),
            client(b"\x01123456S60201PREMIUM\n"),
            server(report("S60201", f"{HEADER}TANK PRODUCT LABEL SETUP\r\n  1  PREMIUM\r\n")),
            client(b"\x01S00100149\n"),
            server(b"\x019999FF1B\x03"),
        ],
        facts={
            ("server", "vendor", "Veeder-Root"),
            ("server", "firmware", "131.02"),
            ("server", "name", "FUEL STOP 7"),
            ("server", "location", "12 MAIN ST, SPRINGFIELD"),
            ("server", "tank", "1 REGULAR"),
            ("server", "tank", "2 DIESEL"),
        },
        operations=[
            ("in_tank_inventory", "read", "accepted"),
            ("revision_level", "identify", "accepted"),
            ("set_tank_label", "set-name", "accepted"),
            ("system_reset", "restart", "refused"),
        ],
        credentials=[("password", "", "123456", "success")],
    )
]
