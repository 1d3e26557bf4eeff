"""IMAP: a log-in with a literal, a mailbox changed, a log-in by CRAM-MD5 refused."""

import hmac
from base64 import b64encode

from tests.probes.scene import Scene, client, server

CHALLENGE = b"<1896.697170952@mail.plant.example>"
ANSWER = b"tim " + hmac.new(b"tanstaaftanstaaf", CHALLENGE, "md5").hexdigest().encode()
BANNER = "[CAPABILITY IMAP4rev1 AUTH=CRAM-MD5] Dovecot 2.3.7 ready."


def _line(text: str | bytes) -> bytes:
    return (text.encode() if isinstance(text, str) else text) + b"\r\n"


SCENES = [
    Scene(
        protocol="imap",
        name="password",
        transport="tcp",
        port=143,
        talk=[
            server(_line("* OK " + BANNER)),
            client(_line('a1 ID ("name" "Mutt" "version" "2.1" "os" "Linux")')),
            server(_line('* ID ("name" "Dovecot")') + _line("a1 OK ID completed")),
            client(_line("a2 LOGIN plc7 {6}")),
            server(_line("+ OK")),
            client(_line("s3cret")),
            server(_line("a2 OK Logged in")),
            client(_line("a3 SELECT INBOX")),
            server(_line("* 1 EXISTS") + _line("a3 OK [READ-WRITE] done")),
            client(_line("a4 FETCH 1 (BODY[])")),
            server(_line("* 1 FETCH (BODY[] {12}") + b"a4 NO no\r\n\r\n" + _line(")") + _line("a4 OK done")),
            client(_line("a5 STORE 1 +FLAGS (\\Deleted)")),
            server(_line("a5 OK done")),
            client(_line("a6 EXPUNGE")),
            server(_line("* 1 EXPUNGE") + _line("a6 OK done")),
            client(_line("a7 DELETE INBOX")),
            server(_line("a7 NO INBOX cannot be deleted")),
            client(_line("a8 LOGOUT")),
            server(_line("* BYE") + _line("a8 OK done")),
        ],
        facts={
            ("server", "banner", BANNER),
            ("client", "client", "Mutt 2.1"),
            ("client", "os", "Linux"),
        },
        operations=[
            ("fetch", "read", "accepted"),
            ("store", "file-write", "accepted"),
            ("expunge", "file-delete", "accepted"),
            ("delete", "file-delete", "refused"),
        ],
        credentials=[("password", "plc7", "s3cret", "success")],
        events=["greeting", "command"],
    ),
    Scene(
        protocol="imap",
        name="cram-md5",
        transport="tcp",
        port=143,
        talk=[
            server(_line("* OK " + BANNER)),
            client(_line("1 AUTHENTICATE CRAM-MD5")),
            server(_line(b"+ " + b64encode(CHALLENGE))),
            client(_line(b64encode(ANSWER))),
            server(_line("1 NO [AUTHENTICATIONFAILED] Authentication failed.")),
        ],
        facts={("server", "banner", BANNER)},
        credentials=[
            (
                "hash",
                "tim",
                f"$cram_md5${b64encode(CHALLENGE).decode()}${b64encode(ANSWER).decode()}",
                "failure",
            )
        ],
    ),
]
