"""HJ 212-2017: a monitor reports and is calibrated; its password is changed."""

from sentinel.probes.hj212 import crc
from tests.probes.scene import Scene, client, server

MN = "010000A8900016F000169DC0"


def frame(qn: str, cn: int, cp: str, st: str = "32", pw: str = "123456") -> bytes:
    """A message with its length and checksum."""
    data = f"QN={qn};ST={st};CN={cn};PW={pw};MN={MN};Flag=5;CP=&&{cp}&&".encode("ascii")
    return b"##%04d" % len(data) + data + b"%04X\r\n" % crc(data)


SCENES = [
    Scene(
        protocol="hj212",
        transport="tcp",
        port=9015,
        talk=[
            client(frame("20240101000000001", 2011, "DataTime=20240101000000;w01018-Rtd=12.5,w01018-Flag=N")),
            server(frame("20240101000000001", 9014, "", st="91")),
            server(frame("20240101000000002", 3011, "PolId=w01018")),
            client(frame("20240101000000002", 9011, "QnRtn=1", st="91")),
            client(frame("20240101000000002", 9012, "ExeRtn=1", st="91")),
            server(frame("20240101000000003", 1072, "NewPW=654321")),
            client(frame("20240101000000003", 9011, "QnRtn=1", st="91")),
            client(frame("20240101000000003", 9012, "ExeRtn=1", st="91")),
            server(frame("20240101000000004", 1012, "PolId=w01018,SystemTime=20240101000000", pw="000000")),
            client(frame("20240101000000004", 9011, "QnRtn=3", st="91")),
            server(frame("20240101000000005", 3012, "PolId=w01018")),
            client(frame("20240101000000005", 9011, "QnRtn=2", st="91")),
        ],
        facts={
            ("client", "role", "sensor"),
            ("client", "id:mn", MN),
            ("client", "monitored", "water pollution source"),
        },
        operations=[
            ("calibrate_zero_and_span", "write", "accepted"),
            ("set_password", "configure", "accepted"),
            ("set_time", "set-time", "refused"),
            ("sample_now", "start", "refused"),
        ],
        credentials=[
            ("password", MN, "123456", "success"),
            ("password", MN, "654321", "success"),
            ("password", MN, "000000", "failure"),
        ],
    )
]
