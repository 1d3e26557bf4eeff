"""STOMP: a client logs in, subscribes, sends; another is refused."""

from tests.probes.scene import Scene, client, server


def frame(command: str, body: str = "", **headers: str) -> bytes:
    lines = [command, *(f"{name.replace('_', '-')}:{value}" for name, value in headers.items())]
    return ("\n".join(lines) + "\n\n" + body).encode() + b"\0"


SCENES = [
    Scene(
        protocol="stomp",
        transport="tcp",
        port=61613,
        talk=[
            client(frame("CONNECT", accept_version="1.2", host="/", login="plant", passcode="s3cret")),
            server(frame("CONNECTED", version="1.2", server="RabbitMQ/3.9.1")),
            client(frame("SUBSCRIBE", id="0", destination="/queue/a")),
            client(frame("SEND", "12.5", destination="/queue/b", content_length="4")),
            server(frame("MESSAGE", "7", destination="/queue/a", message_id="1", subscription="0")),
        ],
        facts={("server", "broker", "RabbitMQ/3.9.1")},
        operations=[
            ("connect", "authenticate", "accepted"),
            ("subscribe", "subscribe", "unknown"),
            ("send", "write", "unknown"),
        ],
        credentials=[("password", "plant", "s3cret", "success")],
    ),
    Scene(
        protocol="stomp",
        name="refused",
        transport="tcp",
        port=61613,
        talk=[
            client(frame("STOMP", accept_version="1.2", login="plant", passcode="guess")),
            server(frame("ERROR", "Access refused", message="Bad CONNECT")),
        ],
        operations=[("connect", "authenticate", "refused")],
        credentials=[("password", "plant", "guess", "failure")],
    ),
]
