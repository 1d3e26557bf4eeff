"""icsnpp-s7comm: how our events and facts become the rows of its logs.

Not compared, as they are no part of the wire: time (masked in the baselines) and connection uid.
"""

from __future__ import annotations

from tests.corpus.comparing import WHOLE, Difference, Judged, Log, Right, Row
from tests.corpus.reading import Record, Scanned

FOLDER = "icsnpp-s7comm/tests"
PORT = 102

FLOW = ("id.orig_h", "id.orig_p", "id.resp_h", "id.resp_p")
ENDS = ("is_orig", "source_h", "source_p", "destination_h", "destination_p")

COTP = {
    "connection_request": "CR Connection Request",
    "connection_confirm": "CC Connection Confirm",
    "data": "DT Data",
}
ROSCTR = {"job": "Job-Request", "ack": "ACK", "ack_data": "ACK-Data", "userdata": "User-Data"}
FUNCTIONS = {
    "setup_communication": "Setup Communication",
    "read_var": "Read Variable",
    "write_var": "Write Variable",
    "start_upload": "Start Upload",
}
GROUPS = {"cpu_functions": "CPU Functions"}
SUBFUNCTIONS = {"read_szl": "Read SZL"}
ERRORS = {"no_error": "No error"}


def _ends(event: Record) -> Row:
    asks = event["destination.port"] == PORT
    source = (event["source.ip"], str(event["source.port"]))
    destination = (event["destination.ip"], str(event["destination.port"]))
    row: Row = dict(zip(FLOW, source + destination if asks else destination + source, strict=True))
    row |= dict(zip(ENDS, ("T" if asks else "F", *source, *destination), strict=True))
    return row


def _cotp(got: Scanned) -> list[tuple[int, Row]]:
    return [
        (
            e["sentinel.frame"],
            _ends(e) | {"pdu_code": f"0x{e['cotp.pdu_code']:02x}", "pdu_name": COTP[e["cotp.pdu_name"]]},
        )
        for e in got.events
        if "cotp.pdu_code" in e
    ]


def _named(event: Record) -> Row:
    """Function and sub-function. In userdata the peer's function is type and group in one octet."""
    name = event["ot.function.name"]
    if event["s7comm.rosctr"] == "userdata":
        group = GROUPS[event["s7comm.function_group"]]
        code = event["s7comm.method_code"] << 4 | event["s7comm.function_group_code"]
        return {
            "function_code": f"0x{code:02x}",
            "function_name": f"{event['s7comm.method'].title()}: {group}",
            "subfunction_code": f"0x{event['s7comm.subfunction_code']:02x}",
            "subfunction_name": SUBFUNCTIONS[name],
        }
    row: Row = dict.fromkeys(("function_code", "function_name", "subfunction_code", "subfunction_name"))
    if "ot.function.code" in event:
        row |= {"function_code": f"0x{event['ot.function.code']:02x}", "function_name": FUNCTIONS[name]}
    return row


def _s7comm(got: Scanned) -> list[tuple[int, Row]]:
    rows = []
    for e in got.events:
        if "s7comm.rosctr" not in e:
            continue
        row = _ends(e) | _named(e)
        error = e.get("s7comm.error_class")
        row |= {
            "rosctr_code": str(e["s7comm.rosctr_code"]),
            "rosctr_name": ROSCTR[e["s7comm.rosctr"]],
            "pdu_reference": str(e["s7comm.pdu_reference"]),
            "error_class": ERRORS.get(error, error) if error else None,
            "error_code": f"0x{e['s7comm.error_code'] & 0xFF:02x}" if error else None,
        }
        rows.append((e["sentinel.frame"], row))
    return rows


def _known_devices(got: Scanned) -> list[tuple[int, Row]]:
    """What the device said of itself. An empty plant name is no fact, and "(empty)" in the log."""
    rows = []
    for conversation in got.conversations:
        device = got.asset(conversation["server"]["ip"])
        facts = {fact["name"]: fact for fact in device["facts"] if fact["protocol"] == "s7comm"}
        rows.append(
            (
                facts["name"]["frame"],
                {
                    "id.orig_h": conversation["client"]["ip"],
                    "id.resp_h": conversation["server"]["ip"],
                    "id.resp_p": str(conversation["port"]),
                    "automation_system_name": facts["name"]["value"],
                    "module_name": facts["module"]["value"],
                    "plant_name": facts["plant"]["value"] if "plant" in facts else "(empty)",
                    "module_serial": facts["serial"]["value"],
                },
            )
        )
    return rows


PLUS_FUNCTIONS = {
    "set_variable": "Set Variable",
    "set_multi_variables": "Set Multi Variables",
    "get_multi_variables": "Get Multi Variables",
}
PLUS_OPCODES = {"request": "0x31", "response": "0x32", "notification": "0x33"}


def _plus(got: Scanned) -> list[tuple[int, Row]]:
    rows = []
    for e in got.events:
        if "s7comm_plus.opcode" not in e:
            continue
        opcode, code = e["s7comm_plus.opcode"], e.get("ot.function.code")
        row = _ends(e) | {
            "version": str(e["s7comm_plus.version"]),
            "opcode": PLUS_OPCODES[opcode],
            "opcode_name": opcode.title(),
            "function_code": None if code is None else f"0x{code:04x}",
            "function_name": None if code is None else PLUS_FUNCTIONS[e["ot.function.name"]],
        }
        rows.append((e["sentinel.frame"], row))
    return rows


S7COMM = (
    *FLOW,
    *ENDS,
    *"rosctr_code rosctr_name pdu_reference function_code function_name".split(),
    *"subfunction_code subfunction_name error_class error_code".split(),
)
KNOWN = (
    "id.orig_h",
    "id.resp_h",
    "id.resp_p",
    *"automation_system_name module_name plant_name module_serial".split(),
)


def _refusal(frame: int, reference: int) -> Judged:
    return Judged(
        Difference(
            frame,
            WHOLE,
            None,
            "172.17.0.2 33028 172.17.0.2 102 F 172.17.0.2 102 172.17.0.2 33028 "
            f"2 ACK {reference} - - - - parameter_error 0x41",
        ),
        Right.OURS,
        f"32 02 00 00 {reference:02x} 00 00 00 00 00 d2 41",
        "ROSCTR 2, acknowledgement without data, that refuses the upload: the peer writes no row for it, "
        "though its cotp.log has the TPDU",
        f"s7comm.header.rosctr == 2 && s7comm.header.pduref == {reference << 8}",
    )


LOGS = (
    Log(
        path=f"{FOLDER}/baseline/analyzer.s7ident/cotp.log",
        trace=f"{FOLDER}/traces/s7ident.pcap",
        columns=(*FLOW, *ENDS, "pdu_code", "pdu_name"),
        key=(*FLOW, "is_orig"),
        ours=_cotp,
    ),
    Log(
        path=f"{FOLDER}/baseline/analyzer.s7ident/s7comm.log",
        trace=f"{FOLDER}/traces/s7ident.pcap",
        columns=S7COMM,
        key=(*FLOW, "is_orig", "pdu_reference"),
        ours=_s7comm,
        judged=(_refusal(21, 6), _refusal(23, 7), _refusal(26, 8), _refusal(29, 9)),
    ),
    Log(
        path=f"{FOLDER}/baseline/analyzer.s7ident/s7comm_known_devices.log",
        trace=f"{FOLDER}/traces/s7ident.pcap",
        columns=KNOWN,
        key=("id.resp_h",),
        ours=_known_devices,
    ),
    Log(
        path=f"{FOLDER}/baseline/analyzer.s7comm_plus/cotp.log",
        trace=f"{FOLDER}/traces/s7comm_plus.pcap",
        columns=(*FLOW, *ENDS, "pdu_code", "pdu_name"),
        key=(*FLOW, "is_orig"),
        ours=_cotp,
    ),
    Log(
        path=f"{FOLDER}/baseline/analyzer.s7comm_plus/s7comm.log",
        trace=f"{FOLDER}/traces/s7comm_plus.pcap",
        columns=S7COMM,
        key=(*FLOW, "is_orig", "pdu_reference"),
        ours=_s7comm,
    ),
    Log(
        path=f"{FOLDER}/baseline/analyzer.s7comm_plus/s7comm_plus.log",
        trace=f"{FOLDER}/traces/s7comm_plus.pcap",
        columns=(*FLOW, *ENDS, "version", "opcode", "opcode_name", "function_code", "function_name"),
        key=(*FLOW, "is_orig"),
        ours=_plus,
    ),
)
