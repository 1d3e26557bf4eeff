"""Redis: a wrong password, a right one, and how a server is taken over."""

from tests.probes.scene import Scene, client, server


def command(*words: str) -> bytes:
    """An array of bulk strings."""
    return f"*{len(words)}\r\n".encode() + b"".join(f"${len(w)}\r\n{w}\r\n".encode() for w in words)


def bulk(text: str) -> bytes:
    return f"${len(text)}\r\n{text}\r\n".encode()


_INFO = "# Server\r\nredis_version:6.2.6\r\nos:Linux 5.4.0-90 x86_64\r\nrun_id:0a1b2c\r\nrole:master\r\n"

SCENES = [
    Scene(
        protocol="redis",
        transport="tcp",
        port=6379,
        talk=[
            client(command("AUTH", "guess")),
            server(b"-WRONGPASS invalid username-password pair\r\n"),
            client(command("AUTH", "app", "s3cret")),
            server(b"+OK\r\n"),
            client(command("INFO")),
            server(bulk(_INFO)),
            client(command("CONFIG", "SET", "dir", "/root/.ssh")),
            server(b"+OK\r\n"),
            client(command("SLAVEOF", "10.9.0.66", "6379") + command("EVAL", "return 1", "0")),
            server(b"+OK\r\n:1\r\n"),
            client(command("SET", "valve:1", "open") + command("LRANGE", "log", "0", "-1")),
            server(b"+OK\r\n*2\r\n" + bulk("a") + bulk("b")),
            client(command("FLUSHALL")),
            server(b"-NOPERM this user has no permissions to run the 'flushall' command\r\n"),
        ],
        facts={
            ("server", "os", "Linux 5.4.0-90 x86_64"),
            ("server", "id:redis-run", "0a1b2c"),
            ("server", "redis_role", "master"),
        },
        operations=[
            ("info", "identify", "accepted"),
            ("config_set", "configure", "accepted"),
            ("slaveof", "configure", "accepted"),
            ("eval", "start", "accepted"),
            ("set", "write", "accepted"),
            ("lrange", "read", "accepted"),
            ("flushall", "clear", "refused"),
        ],
        credentials=[("password", "", "guess", "failure"), ("password", "app", "s3cret", "success")],
        events=["log-in", "flushall", "config_set"],
    )
]
