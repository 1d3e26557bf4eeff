"""SMTP: a device logs in and sends an alarm; a guess of a password is refused; a message in chunks."""

from base64 import b64encode

from tests.probes.scene import Scene, client, server

BANNER = "mx.plant.example ESMTP Postfix 3.4.1"
GREETED = {("server", "banner", BANNER), ("server", "hostname", "mx.plant.example")}


def _line(text: str | bytes) -> bytes:
    return (text.encode() if isinstance(text, str) else text) + b"\r\n"


_HELLO = [
    server(_line("220 " + BANNER)),
    client(_line("EHLO plc-7")),
    server(_line("250-mx.plant.example") + _line("250 AUTH PLAIN LOGIN")),
]

SCENES = [
    Scene(
        protocol="smtp",
        name="message",
        transport="tcp",
        port=25,
        talk=[
            *_HELLO,
            client(_line(b"AUTH PLAIN " + b64encode(b"\0plc7\0s3cret"))),
            server(_line("235 2.7.0 Authentication successful")),
            client(_line("MAIL FROM:<plc7@plant.example>")),
            server(_line("250 2.1.0 Ok")),
            client(_line("RCPT TO:<shift@plant.example>")),
            server(_line("250 2.1.5 Ok")),
            client(_line("DATA")),
            server(_line("354 End data with <CR><LF>.<CR><LF>")),
            client(
                b"From: plc7@plant.example\r\nSubject: Alarm\r\n of pump 3\r\nX-Mailer: CP343 Mail 2.1\r\n"
                b"\r\nAUTH PLAIN none\r\n..\r\n.\r\n"
            ),
            server(_line("250 2.0.0 Ok: queued as 1")),
            client(_line("QUIT")),
            server(_line("221 2.0.0 Bye")),
        ],
        facts={*GREETED, ("client", "hostname", "plc-7"), ("client", "client", "CP343 Mail 2.1")},
        operations=[("send_message", "file-write", "accepted")],
        credentials=[("password", "plc7", "s3cret", "success")],
        events=["greeting", "command", "send_message"],
    ),
    Scene(
        protocol="smtp",
        name="guess",
        transport="tcp",
        port=587,
        talk=[
            *_HELLO,
            client(_line("AUTH LOGIN")),
            server(_line(b"334 " + b64encode(b"Username:"))),
            client(_line(b64encode(b"admin"))),
            server(_line(b"334 " + b64encode(b"Password:"))),
            client(_line(b64encode(b"12345"))),
            server(_line("535 5.7.8 Error: authentication failed")),
        ],
        facts={*GREETED, ("client", "hostname", "plc-7")},
        credentials=[("password", "admin", "12345", "failure")],
    ),
    Scene(
        protocol="smtp",
        name="chunks",
        transport="tcp",
        port=25,
        talk=[
            *_HELLO,
            client(
                _line("MAIL FROM:<a@x>")
                + _line("RCPT TO:<b@y>")
                + _line("BDAT 12")
                + _line("Subject: xy")[:12]
                + _line("BDAT 8 LAST")
                + b"\r\nRSET\r\n"
            ),
            server(_line("250 Ok") + _line("250 Ok") + _line("250 Ok") + _line("554 no")),
        ],
        facts={*GREETED, ("client", "hostname", "plc-7")},
        operations=[("send_message", "file-write", "refused")],
    ),
]
