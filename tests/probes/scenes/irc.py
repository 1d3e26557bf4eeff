"""IRC: a bot logs in, is no operator, offers a file."""

from tests.probes.scene import Scene, client, server

_HOST = b":irc.plant.example "

SCENES = [
    Scene(
        protocol="irc",
        transport="tcp",
        port=6667,
        talk=[
            client(b"PASS hunter2\r\nNICK bot7\r\nUSER bot 0 * :a bot\r\n"),
            server(_HOST + b"001 bot7 :Welcome\r\n" + _HOST + b"004 bot7 irc.plant.example ircd-2.11\r\n"),
            client(b"JOIN #x\r\nMODE #x +o joe\r\n"),
            server(_HOST + b"482 bot7 #x :You're not channel operator\r\n"),
            client(b"OPER root toor\r\n"),
            server(_HOST + b"491 bot7 :No O-lines for your host\r\n"),
            client(b"PRIVMSG joe :\x01DCC SEND fw.bin 167837953 4000 12\x01\r\n"),
        ],
        facts={("client", "id:irc", "bot7"), ("server", "hostname", "irc.plant.example")},
        operations=[
            ("mode", "configure", "refused"),
            ("oper", "authenticate", "refused"),
            ("dcc_send", "file-write", "unknown"),
        ],
        credentials=[("password", "bot7", "hunter2", "success"), ("password", "root", "toor", "failure")],
        events=["command"],
    )
]
