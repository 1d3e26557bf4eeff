"""icsnpp-enip: how our events become the rows of its logs.

Not compared, as they are no part of the wire: time (masked in the baselines) and connection uid. These
baselines do not name their fields: their order is that of the plug-in's documentation.
"""

from __future__ import annotations

from tests.corpus.comparing import Difference, Judged, Log, Right, Row
from tests.corpus.reading import Record, Scanned

FOLDER = "icsnpp-enip/tests"

FLOW = ("id.orig_h", "id.orig_p", "id.resp_h", "id.resp_p")
ENDS = ("is_orig", "source_h", "source_p", "destination_h", "destination_p")
ENIP = tuple("command_code command length session_handle status sender_context options".split())
CIP = (
    *"sequence_count direction service_code service status_code status".split(),
    *"extended_status_code extended_status class_id class_name instance_id attribute_id".split(),
)

SERVICES = {"set_attribute_single": "Set Attributes Single"}
"""Service names of the peer that are not ours in capitals."""


def _ends(event: Record, direction: str) -> Row:
    asks = event[direction] == "request"
    source = (event["source.ip"], str(event["source.port"]))
    destination = (event["destination.ip"], str(event["destination.port"]))
    row: Row = dict(zip(FLOW, source + destination if asks else destination + source, strict=True))
    row |= dict(zip(ENDS, ("T" if asks else "F", *source, *destination), strict=True))
    return row


def _title(name: str) -> str:
    return name.replace("_", " ").title()


def _hex(value: int | None, digits: int = 2) -> str | None:
    return None if value is None else f"0x{value:0{digits}x}"


def _enip(got: Scanned) -> list[tuple[int, Row]]:
    return [
        (
            e["sentinel.frame"],
            _ends(e, "enip.direction")
            | {
                "command_code": _hex(e["ot.function.code"]),
                "command": _title(e["ot.function.name"]),
                "length": str(e["enip.length"]),
                "session_handle": _hex(e["enip.session_handle"], 8),
                "status": _title(e["enip.status"]),
                "sender_context": f"0x{e['enip.sender_context']}",
                "options": _hex(e["enip.options"], 8),
            },
        )
        for e in got.events
        if e["event.dataset"] == "sentinel.enip"
    ]


def _cip(got: Scanned) -> list[tuple[int, Row]]:
    rows = []
    for e in got.events:
        if e["event.dataset"] != "sentinel.cip":
            continue
        service, class_name = e["ot.function.name"], e["cip.class_name"]
        row: Row = dict.fromkeys(CIP)
        row |= _ends(e, "cip.direction")
        row |= {
            "sequence_count": str(e["cip.sequence_count"]),
            "direction": e["cip.direction"],
            "service_code": _hex(e["ot.function.code"]),
            "service": SERVICES.get(service, _title(service)),
            "class_id": _hex(e["cip.class_id"]),
            # a class we have no name for is called by its number
            "class_name": "unknown" if class_name.startswith("class_0x") else _title(class_name),
            "instance_id": _hex(e["cip.instance_id"]),
            "attribute_id": _hex(e.get("cip.attribute_id")),
        }
        rows.append((e["sentinel.frame"], row))
    return rows


def _class(name: str, octets: str) -> Judged:
    return Judged(
        Difference(1, "class_name", "unknown", name),
        Right.BOTH,
        octets,
        "the class number is the same; it is of the range for vendors, whose name for it we know and the "
        "peer does not",
    )


def _logs(test: str, trace: str, judged: tuple[Judged, ...] = ()) -> tuple[Log, ...]:
    return (
        Log(
            path=f"{FOLDER}/baseline/analyzer.{test}/enip.log",
            trace=f"{FOLDER}/traces/{trace}",
            columns=(*FLOW, *ENDS, *ENIP),
            key=FLOW,
            ours=_enip,
            fields=("ts", "uid", *FLOW, *ENDS, *ENIP),
        ),
        Log(
            path=f"{FOLDER}/baseline/analyzer.{test}/cip.log",
            trace=f"{FOLDER}/traces/{trace}",
            columns=(*FLOW, *ENDS, *CIP),
            key=(*FLOW, "sequence_count", "service_code", "class_id", "instance_id"),
            ours=_cip,
            fields=("ts", "uid", *FLOW, *ENDS, *CIP),
            judged=judged,
        ),
    )


LOGS = (
    *_logs(
        "multiple_service_request",
        "multiple_service_packet_cip.pcapng",
        (
            _class("Program", "03 03 20 68 25 00 20 24"),
            _class("Program", "03 02 20 68 24 00"),
            _class("Controller", "03 02 20 8e 24 01"),
            _class("Wall Clock Time", "03 02 20 8b 24 01"),
        ),
    ),
    *_logs("set_attr_single_service", "set_attribute_single_service_cip.pcapng"),
)
