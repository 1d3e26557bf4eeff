"""HSR: a node of a ring announces itself."""

from tests.probes.scene import Scene, client

_FRAME = bytes.fromhex("0001 0007 17 06 020000000901 1e 06 020000000977 0000")

SCENES = [
    Scene(
        protocol="hsr",
        transport="l2",
        ethertype=0x88FB,
        talk=[client(_FRAME)],
        facts={("client", "redundancy", "HSR"), ("client", "id:redbox", "02:00:00:00:09:77")},
        events=["supervision"],
    )
]
