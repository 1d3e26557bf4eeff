"""icsnpp-bacnet: how our events become the rows of its logs.

Not compared, as they are no part of the wire: time (masked in the baselines), connection uid, and which
end the peer takes for the originator of a UDP flow, which is who happened to send first.
"""

from __future__ import annotations

from collections.abc import Iterator

from tests.corpus.comparing import Difference, Judged, Log, Right, Row
from tests.corpus.reading import Record, Scanned

FOLDER = "icsnpp-bacnet/testing"

ENDS = ("source_h", "source_p", "destination_h", "destination_p")

DISCOVERY = {"who_is", "i_am", "who_has", "i_have"}
PROPERTY = {"read_property", "write_property", "read_property_multiple", "write_property_multiple"}
KINDS = {"confirmed_request": "request", "complex_ack": "ack"}


def _of(got: Scanned) -> Iterator[tuple[int, Record, Row]]:
    for e in got.events:
        if e["event.dataset"] == "sentinel.bacnet":
            ends = (e["source.ip"], str(e["source.port"]), e["destination.ip"], str(e["destination.port"]))
            yield e["sentinel.frame"], e, dict(zip(ENDS, ends, strict=True))


def _text(value: object) -> str | None:
    return None if value is None else str(value)


def _without_commas(vendor: str | None) -> str | None:
    """The peer leaves the commas of ASHRAE's list of vendors out: in its logs they part values."""
    return None if vendor is None else vendor.replace(",", "")


def _general(got: Scanned) -> list[tuple[int, Row]]:
    return [
        (
            number,
            row
            | {
                "bvlc_function": e["bacnet.bvlc_function"].title().replace("Npdu", "NPDU"),
                "pdu_type": e["bacnet.pdu_type"].upper(),
                "pdu_service": e.get("bacnet.service"),
                "invoke_id": _text(e.get("bacnet.invoke_id")),
                "result_code": e.get("bacnet.result_code"),
            },
        )
        for number, e, row in _of(got)
    ]


def _discovery(got: Scanned) -> list[tuple[int, Row]]:
    rows = []
    for number, e, row in _of(got):
        service = e.get("bacnet.service")
        if service not in DISCOVERY:
            continue
        by_identifier = service == "who_has" and "bacnet.instance_number" in e
        row |= {
            "pdu_service": service.replace("_", "-"),
            "device_id_type": e.get("bacnet.device_id_type"),
            "device_id_number": _text(e.get("bacnet.device_id_number")),
            "object_type": e.get("bacnet.object_type"),
            "instance_number": _text(e.get("bacnet.instance_number")),
            "vendor": _without_commas(e.get("bacnet.vendor")),
            "range": e.get("bacnet.range"),
            # the peer's word for a search by identifier, which has no name
            "object_name": "N/A" if by_identifier else e.get("bacnet.object_name"),
        }
        rows.append((number, row))
    return rows


def _property(got: Scanned) -> list[tuple[int, Row]]:
    """One row a value: a list of values is as many rows."""
    rows = []
    for number, e, row in _of(got):
        if e.get("bacnet.service") not in PROPERTY or e["bacnet.pdu_type"] not in KINDS:
            continue
        value = e.get("bacnet.value")
        base = row | {
            "invoke_id": _text(e["bacnet.invoke_id"]),
            "pdu_service": f"{e['bacnet.service'].replace('_', '-')}-{KINDS[e['bacnet.pdu_type']]}",
            "object_type": e["bacnet.object_type"],
            "instance_number": _text(e["bacnet.instance_number"]),
            "property": e["bacnet.property"],
            "array_index": _text(e.get("bacnet.array_index")),
        }
        values = value if isinstance(value, list) else [value]
        rows += [(number, base | {"value": _text(each)}) for each in values]
    return rows


DISCOVERY_COLUMNS = (
    *ENDS,
    *"pdu_service device_id_type device_id_number object_type instance_number vendor range".split(),
    "object_name",
)
PROPERTY_COLUMNS = (
    *ENDS,
    *"invoke_id pdu_service object_type instance_number property array_index value".split(),
)


def _name(frame: int, octets: str) -> Judged:
    return Judged(
        Difference(frame, "object_name", "(empty)", octets.replace(" ", "")),
        Right.OURS,
        f"75 09 01 03 a4 {octets}",
        "a character string of 9 octets in character set 1 (DBCS) with code page 932 (03 a4): the name is "
        "there, and given in hexadecimal, as a set that is not read is",
        f"bacapp.object_name && frame contains {octets.replace(' ', ':')}",
    )


LOGS = (
    Log(
        path=f"{FOLDER}/baseline/analyzer.segmented_data/bacnet.log",
        trace=f"{FOLDER}/traces/bacnet_segmented_data.pcap",
        columns=(*ENDS, *"bvlc_function pdu_type pdu_service invoke_id result_code".split()),
        key=(*ENDS, "pdu_type", "invoke_id"),
        ours=_general,
    ),
    Log(
        path=f"{FOLDER}/baseline/analyzer.segmented_data/bacnet_discovery.log",
        trace=f"{FOLDER}/traces/bacnet_segmented_data.pcap",
        columns=DISCOVERY_COLUMNS,
        key=(*ENDS, "pdu_service", "instance_number"),
        ours=_discovery,
        judged=(_name(1, "89 b7 93 78 82 51"), _name(3, "8e bc 93 78 82 51")),
    ),
    Log(
        path=f"{FOLDER}/baseline/analyzer.segmented_data/bacnet_property.log",
        trace=f"{FOLDER}/traces/bacnet_segmented_data.pcap",
        columns=PROPERTY_COLUMNS,
        key=(*ENDS, "invoke_id", "pdu_service"),
        ours=_property,
    ),
    Log(
        path=f"{FOLDER}/baseline/analyzer.basic/bacnet_discovery.log",
        trace=f"{FOLDER}/traces/bacnet_example.pcap",
        columns=DISCOVERY_COLUMNS,
        key=(*ENDS, "pdu_service", "instance_number"),
        ours=_discovery,
    ),
)
