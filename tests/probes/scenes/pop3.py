"""POP3: a mailbox is read and emptied by password, another refused by APOP, a third opened by AUTH."""

from base64 import b64encode
from hashlib import md5

from tests.probes.scene import Scene, client, server

STAMP = b"<1896.697170952@mail.plant.example>"
BANNER = "POP3 server ready " + STAMP.decode()
DIGEST = md5(STAMP + b"tanstaaf", usedforsecurity=False).hexdigest()
GREETED = {("server", "banner", BANNER), ("server", "hostname", "mail.plant.example")}


def _line(text: str | bytes) -> bytes:
    return (text.encode() if isinstance(text, str) else text) + b"\r\n"


SCENES = [
    Scene(
        protocol="pop3",
        name="password",
        transport="tcp",
        port=110,
        talk=[
            server(_line("+OK " + BANNER)),
            client(_line("CAPA")),
            server(b"+OK list follows\r\nUSER\r\nIMPLEMENTATION Dovecot 2.3.7\r\n.\r\n"),
            client(_line("USER plc7")),
            server(_line("+OK")),
            client(_line("PASS s3cret word")),
            server(_line("+OK Logged in.")),
            client(_line("RETR 1")),
            server(b"+OK 40 octets\r\nSubject: alarm\r\n\r\n+OK -ERR\r\n..\r\n.\r\n"),
            client(_line("DELE 1")),
            server(_line("+OK Marked to be deleted.")),
            client(_line("DELE 9")),
            server(_line("-ERR There's no message 9.")),
            client(_line("QUIT")),
            server(_line("+OK Bye")),
        ],
        facts=GREETED,
        operations=[
            ("retrieve", "read", "accepted"),
            ("delete", "file-delete", "accepted"),
            ("delete", "file-delete", "refused"),
        ],
        credentials=[("password", "plc7", "s3cret word", "success")],
        events=["greeting", "command"],
    ),
    Scene(
        protocol="pop3",
        name="apop",
        transport="tcp",
        port=110,
        talk=[
            server(_line("+OK " + BANNER)),
            client(_line(f"APOP mrose {DIGEST}")),
            server(_line("-ERR [AUTH] permission denied")),
            client(_line("QUIT")),
            server(_line("+OK Bye")),
        ],
        facts=GREETED,
        credentials=[("hash", "mrose", f"{DIGEST}:{STAMP.decode()}", "failure")],
    ),
    Scene(
        protocol="pop3",
        name="sasl",
        transport="tcp",
        port=110,
        talk=[
            server(_line("+OK " + BANNER)),
            client(_line("AUTH LOGIN")),
            server(_line(b"+ " + b64encode(b"Username:"))),
            client(_line(b64encode(b"eng"))),
            server(_line(b"+ " + b64encode(b"Password:"))),
            client(_line(b64encode(b"pump"))),
            server(_line("+OK Logged in.")),
            client(_line("STAT")),
            server(_line("+OK 0 0")),
        ],
        facts=GREETED,
        credentials=[("password", "eng", "pump", "success")],
    ),
]
