"""HL7 in MLLP: an admission is stored, an order refused, a query answered. The patient stays unnamed."""

from tests.probes.scene import Scene, client, server


def message(sender: str, receiver: str, kind: str, control: str, *segments: str) -> bytes:
    head = rf"MSH|^~\&|{sender}|{receiver}|20260112120000||{kind}|{control}|P|2.5"
    return b"\x0b" + "".join(f"{s}\r" for s in (head, *segments)).encode() + b"\x1c\r"


ADT, HIS = "ADT1|ADMISSION", "HIS|MAIN"
PATIENT = "PID|1||4711^^^MAIN||DOE^JOHN||19700101|M"

SCENES = [
    Scene(
        protocol="hl7",
        transport="tcp",
        port=2575,
        talk=[
            client(message(ADT, HIS, "ADT^A01^ADT_A01", "1", "EVN|A01|20260112", PATIENT)),
            server(message(HIS, ADT, "ACK^A01", "901", "MSA|AA|1")),
            client(message(ADT, HIS, "ORM^O01", "2", PATIENT, "ORC|NW|77")),
            server(message(HIS, ADT, "ACK^O01", "902", "MSA|AE|2")),
            client(message(ADT, HIS, "QBP^Q22", "3", "QPD|Q22|1|@PID.3^4711")),
            server(message(HIS, ADT, "RSP^K22", "903", "MSA|AA|3", PATIENT)),
        ],
        facts={
            ("client", "application", "ADT1"),
            ("client", "facility", "ADMISSION"),
            ("client", "hl7-version", "2.5"),
            ("server", "application", "HIS"),
            ("server", "facility", "MAIN"),
            ("server", "hl7-version", "2.5"),
        },
        operations=[
            ("adt_a01", "write", "accepted"),
            ("orm_o01", "write", "refused"),
            ("qbp_q22", "read", "accepted"),
        ],
    )
]
