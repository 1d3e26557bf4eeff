"""After eight learned days a laptop comes: it reads in bulk, changes alarm limits and loads firmware."""

from __future__ import annotations

from struct import pack

from sentinel.demo.scenes.s7 import Session
from tests.craft.plant import (
    DAY,
    HMI,
    HOUR,
    MINUTE,
    MODICON,
    OUTSIDE,
    S7,
    SECOND,
    Actor,
    Modbus,
    Plant,
    Scene,
    days,
)

DAYS = 8
LAPTOP = Actor("laptop", "10.20.2.98", "b8:27:eb:11:22:98")
RTU = Actor("rtu", "10.20.1.40", "00:02:a3:44:00:40")


class Iec104:
    """A connection of IEC 60870-5-104, with its data transfer started."""

    def __init__(self, wire: Plant, us: int, client: Actor) -> None:
        self.tcp = wire.tcp(us, client, RTU, 2404)
        self._sent = [0, 0]
        self.tcp.client(b"\x68\x04\x07\0\0\0").server(b"\x68\x04\x0b\0\0\0")

    def command(self, kind: int, address: int, value: bytes) -> None:
        """An activation and its confirmation."""
        for side, cause in ((0, 6), (1, 7)):
            asdu = bytes((kind, 1, cause, 0, 1, 0)) + address.to_bytes(3, "little") + value
            head = pack("<HH", self._sent[side] << 1, self._sent[1 - side] << 1)
            self._sent[side] += 1
            frame = bytes((0x68, len(asdu) + 4)) + head + asdu
            if side:
                self.tcp.server(frame)
            else:
                self.tcp.client(frame)

    def stop(self) -> None:
        """Data transfer is stopped: what the station reports comes no more."""
        self.tcp.client(b"\x68\x04\x13\0\0\0").server(b"\x68\x04\x23\0\0\0")


def play(wire: Plant) -> None:
    """Eight days and one."""
    days(wire, DAYS + 1)
    for day in range(DAYS):
        usual = Iec104(wire, day * DAY + HOUR, HMI)
        usual.command(100, 0, b"\x14")
        usual.tcp.close()
    at = DAYS * DAY + 6 * HOUR
    for n in range(12):
        reading = Modbus(wire, at + n * 20 * SECOND, LAPTOP)
        reading.read()
        reading.ask(b"\x18" + pack(">H", 1000 + n), b"\x18" + pack(">HHH", 4, 1, n))
        reading.ask(b"\x07", b"\x07\0")
        reading.tcp.close()
    look = Session(wire, at + 8 * MINUTE, LAPTOP, S7)
    look.identify(S7)
    look.system_list(0x0424, 0, 20, [pack(">HBBBBBB", 0x5108, 0, 0, 8, 0, 0, 0) + bytes(12)])
    look.tcp.close()
    station = Iec104(wire, at + 12 * MINUTE, LAPTOP)
    station.command(112, 4001, pack("<f", 99.5) + b"\x01")
    station.command(45, 6001, b"\x01")
    station.stop()
    station.tcp.close()
    ftp = wire.tcp(at + 20 * MINUTE, LAPTOP, MODICON, 21)
    ftp.server(b"220 FTP server ready.\r\n").client(b"USER sysdiag\r\n").server(b"331 Password required.\r\n")
    ftp.client(b"PASS factorycast@schneider\r\n").server(b"230 User logged in.\r\n")
    ftp.client(b"TYPE I\r\n").server(b"200 Type set to I.\r\n")
    ftp.client(b"PASV\r\n").server(b"227 Entering Passive Mode (10,20,1,20,78,32)\r\n")
    data = wire.tcp(ftp.now + 1_000, LAPTOP, MODICON, 78 * 256 + 32)
    ftp.client(b"STOR /fw/firmware.bin\r\n").server(b"150 Opening data connection.\r\n")
    data.wait(ftp.now + 1_000).client(bytes(2_000))
    data.close()
    ftp.wait(data.now + 1_000).server(b"226 Transfer complete.\r\n")
    ftp.client(b"DELE /fw/old.bin\r\n").server(b"250 File deleted.\r\n").client(b"QUIT\r\n").server(
        b"221 Bye.\r\n"
    )
    ftp.close()
    mail = wire.tcp(at + 30 * MINUTE, HMI, OUTSIDE, 110)
    mail.server(b"+OK POP3 server ready\r\n").client(b"USER shift\r\n").server(b"+OK\r\n")
    mail.client(b"PASS Hall-7\r\n").server(b"+OK logged in\r\n").client(b"RETR 1\r\n")
    mail.server(b"+OK 120 octets\r\nSubject: invoice\r\n\r\nsee attachment\r\n.\r\n").client(b"QUIT\r\n")
    mail.server(b"+OK bye\r\n").close()


SCENE = Scene(play)
