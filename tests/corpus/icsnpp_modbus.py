"""icsnpp-modbus: how our events become the rows of its logs.

Not compared, as they are no part of the wire: time (masked in the baselines), connection uid, and the
random number that links a row of `modbus_detailed` to one of the other logs.
"""

from __future__ import annotations

from collections.abc import Iterator

from tests.corpus.comparing import Log, Row
from tests.corpus.reading import Record, Scanned

TRACE = "icsnpp-modbus/testing/traces/modbus_example.pcap"
BASELINE = "icsnpp-modbus/testing/baseline/analyzer.basic"

FLOW = ("id.orig_h", "id.orig_p", "id.resp_h", "id.resp_p")
ENDS = ("is_orig", "source_h", "source_p", "destination_h", "destination_p")

ALONE = {7, 17}
"""Functions of which the peer writes request and response as rows of their own, with nothing else in them."""

NAMES = {8: "DIAGNOSTICS", 17: "REPORT_SLAVE_ID", 43: "ENCAP_INTERFACE_TRANSPORT"}
"""Function names of the peer that are not ours in capitals."""

FILES = {20, 21}


def _function(event: Record) -> str:
    code = event["ot.function.code"]
    return NAMES.get(code, str(event["ot.function.name"]).upper())


def _is_request(event: Record) -> bool:
    return bool(event["modbus.direction"] == "request")


def _flow(event: Record) -> Row:
    """The client opens the connection: it is the originator."""
    source = (event["source.ip"], str(event["source.port"]))
    destination = (event["destination.ip"], str(event["destination.port"]))
    ends = source + destination if _is_request(event) else destination + source
    return dict(zip(FLOW, ends, strict=True))


def _ends(event: Record) -> Row:
    return {
        "is_orig": "T" if _is_request(event) else "F",
        "source_h": event["source.ip"],
        "source_p": str(event["source.port"]),
        "destination_h": event["destination.ip"],
        "destination_p": str(event["destination.port"]),
    }


def _listed(values: list[int] | None) -> str | None:
    return ",".join(map(str, values)) if values else None


def _text(value: object) -> str | None:
    return None if value is None else str(value)


def _octets(data: str | None) -> str | None:
    """Bytes as Zeek writes those that are no text."""
    return None if data is None else "".join(f"\\x{byte:02x}" for byte in bytes.fromhex(data))


def _pairs(got: Scanned) -> Iterator[tuple[Record, Record | None]]:
    """(request, its response)."""
    responses = {
        (e["source.port"], e["destination.port"], e["modbus.transaction_id"], e["ot.unit"]): e
        for e in got.events
        if not _is_request(e)
    }
    for e in got.events:
        if _is_request(e):
            key = (e["destination.port"], e["source.port"], e["modbus.transaction_id"], e["ot.unit"])
            yield e, responses.get(key)


def _general(got: Scanned) -> list[tuple[int, Row]]:
    """Zeek's own modbus.log: a row for each response."""
    rows = []
    for e in got.events:
        if _is_request(e):
            continue
        failed = "ot.exception.name" in e
        function = _function(e) + ("_EXCEPTION" if failed else "")
        exception = str(e["ot.exception.name"]).upper() if failed else None
        rows.append((e["sentinel.frame"], _flow(e) | {"func": function, "exception": exception}))
    return rows


def _padding(response: Record) -> str | None:
    """Bits of the last byte of coils that were not asked for."""
    data = response.get("modbus.data")
    if response["ot.function.code"] not in {1, 2} or data is None:
        return None
    bits = [byte >> n & 1 for byte in bytes.fromhex(data) for n in range(8)]
    return _listed(bits[response["ot.address.count"] :])


def _quantity(request: Record, response: Record) -> int | None:
    """How many: what was asked for, or what came where that is not asked for."""
    code = request["ot.function.code"]
    if code in {22, 23}:  # in logs of their own
        return None
    if code in FILES:
        return len(request.get("modbus.file_records", [])) // 3
    if code == 24:
        return len(response.get("modbus.response_values", []))
    count: int | None = request.get("ot.address.count")
    return count


def _detailed(got: Scanned) -> list[tuple[int, Row]]:
    """modbus_detailed.log: request and response in one row."""
    rows: list[tuple[int, Row]] = []
    empty = dict.fromkeys(DETAILED)
    for request, response in _pairs(got):
        code = request["ot.function.code"]
        base = _flow(request) | {
            "tid": str(request["modbus.transaction_id"]),
            "unit": request["ot.unit"],
            "func": _function(request),
        }
        if code in ALONE:
            rows += [(e["sentinel.frame"], empty | base) for e in (request, response) if e]
            continue
        answer = response or {}
        named = code == 8
        rows.append(
            (
                request["sentinel.frame"],
                empty
                | base
                | {
                    "address": None if code == 23 else _text(request.get("ot.address.start")),
                    "quantity": _text(_quantity(request, answer)),
                    "request_values": None if code == 23 else _listed(request.get("modbus.request_values")),
                    "response_values": None if code == 23 else _listed(answer.get("modbus.response_values")),
                    "matched": "T" if answer.get("modbus.matched") else "F",
                    "request_subfunction_code": _title(request) if named else None,
                    "response_subfunction_code": _title(answer) if named else None,
                    "request_data": _octets(request.get("modbus.data")) if named else None,
                    "response_data": _octets(answer.get("modbus.data")) if named else _padding(answer),
                    "exception_code": str(answer["ot.exception.name"]).upper()
                    if "ot.exception.name" in answer
                    else None,
                    "mei_type": _title(request) if code == 43 else None,
                },
            )
        )
    return rows


def _title(event: Record) -> str:
    return str(event["ot.function.name"]).replace("_", " ").title()


def _own_log(code: int, got: Scanned) -> Iterator[tuple[int, Record, Row]]:
    for e in got.events:
        if e["ot.function.code"] == code:
            row = _flow(e) | _ends(e)
            row |= {
                "tid": str(e["modbus.transaction_id"]),
                "unit": e["ot.unit"],
                "func": _function(e),
                "request_response": str(e["modbus.direction"]).upper(),
            }
            yield e["sentinel.frame"], e, row


def _mask_write(got: Scanned) -> list[tuple[int, Row]]:
    return [
        (
            number,
            row
            | {
                "address": _text(e.get("ot.address.start")),
                "and_mask": _text(e.get("modbus.and_mask")),
                "or_mask": _text(e.get("modbus.or_mask")),
            },
        )
        for number, e, row in _own_log(22, got)
    ]


def _read_write(got: Scanned) -> list[tuple[int, Row]]:
    return [
        (
            number,
            row
            | {
                "write_start_address": _text(e.get("ot.address.start")) if _is_request(e) else None,
                "write_registers": _listed(e.get("modbus.request_values")),
                "read_start_address": _text(e.get("modbus.read_address")),
                "read_quantity": _text(e.get("modbus.read_count")),
                "read_registers": _listed(e.get("modbus.response_values")),
            },
        )
        for number, e, row in _own_log(23, got)
    ]


DETAILED = (
    *FLOW,
    *"tid unit func address quantity request_values response_values matched".split(),
    *"request_subfunction_code response_subfunction_code request_data response_data".split(),
    *"exception_code mei_type".split(),
)
OWN = (*FLOW, *ENDS, *"tid unit func request_response".split())

LOGS = (
    Log(
        path=f"{BASELINE}/modbus.log",
        trace=TRACE,
        columns=(*FLOW, "func", "exception"),
        key=FLOW,
        ours=_general,
        fields=("ts", "uid", *FLOW, "func", "exception"),
    ),
    Log(
        path=f"{BASELINE}/modbus_detailed.log",
        trace=TRACE,
        columns=DETAILED,
        key=(*FLOW, "tid", "func"),
        ours=_detailed,
    ),
    Log(
        path=f"{BASELINE}/modbus_mask_write_register.log",
        trace=TRACE,
        columns=(*OWN, "address", "and_mask", "or_mask"),
        key=(*FLOW, "tid", "request_response"),
        ours=_mask_write,
    ),
    Log(
        path=f"{BASELINE}/modbus_read_write_multiple_registers.log",
        trace=TRACE,
        columns=(
            *OWN,
            *"write_start_address write_registers read_start_address read_quantity read_registers".split(),
        ),
        key=(*FLOW, "tid", "request_response"),
        ours=_read_write,
    ),
)
