"""icsnpp-hart-ip: how our events become the rows of its logs.

Its logs have no header: names of fields are those of `hart_ip_types.zeek`. Not compared, as they are no part of
the wire: time and uid (masked or random). Not read by us: the measured values, units and ranges of universal and
common practice commands (`VALUES`), and the records of past sessions in a device's audit log (`VALUES` too), of
which the peer's own times are none (7.27e18 seconds: two words of 32 bits read as one).
"""

from __future__ import annotations

from tests.corpus.comparing import Log, Row
from tests.corpus.reading import Record, Scanned

FOLDER = "icsnpp-hartip/testing"

VALUES = {
    f"{FOLDER}/baseline/tests.{test}/hart_ip_{log}.log"
    for test, logs in {
        "all_message_ids": ("common_commands", "session_record"),
        "all_types_and_commands_sent": ("common_commands", "universal_commands", "session_record"),
        "publish_and_keepAlive_messages": ("universal_commands", "session_record"),
    }.items()
    for log in logs
} | {f"{FOLDER}/baseline/tests.hart_ip/hart_ip_universal_commands.log"}
"""Logs of measured values and of past sessions: not taken from the wire."""

WITHOUT_TRACE = {f"{FOLDER}/baseline/tests.hart_ip"}
"""Made of a capture that the folder has not; `ndpi/pcap/hart_ip.pcap` has the same flows, without the rest."""

ENDS = ("id.orig_h", "id.orig_p", "id.resp_h", "id.resp_p", "proto")
BITS = (
    *"device_malfunction configuration_changed cold_start more_status_available loop_current_fixed".split(),
    *"loop_current_saturated non_primary_variable_out_of_limits primary_variable_out_of_limits".split(),
)
EXTENDED = (
    *"function_check out_of_specification failure critical_power_failure device_variable_alert".split(),
    "maintenance_required",
)
GENERAL = (
    *("ts", "uid", *ENDS, "link", "version", "reserved", "message_type", "message_id", "status"),
    *("sequence", "length", "master_type", "timer", "address_type", "expansion", "physical", "frame_type"),
    *("address_v4", "address_v6", "command", "byte_count", "check_byte", "data", "response_code"),
    *(f"token_{bit}" for bit in BITS),
    *(f"direct_{bit}" for bit in BITS),
    "undefined_bits",
    *EXTENDED,
    *("start_record", "records", "power_up", "last_change", "server_undefined", "insecure_syslog"),
    *("syslog_failed", "no_syslog", "record_size"),
)
DIRECT = ("ts", "uid", *ENDS, "data", "command", "byte_count", "response_code")

MESSAGES = {
    "session_initiate": "Session Initiate",
    "session_close": "Session Close",
    "keep_alive": "Keep Alive",
    "token_passing_pdu": "Token Passing PDU",
    "direct_pdu": "Direct PDU",
    "read_audit_log": "Read Audit Log",
}
FRAMES = {
    "master_to_field": "STX Master to Field",
    "field_to_master": "Acknowledgement Field to Master",
    "burst": "BACK Burst",
}
STATUS = {0: "Success", 8: "Set to Nearest Possible Value Warning"}
COMMANDS = {
    0: "Read Unique Identifier",
    1: "Read Primary Variable",
    2: "Read Loop Current",
    3: "Read Dynamic Variable",
    6: "Write Polling Address",
    7: "Read Loop Configuration",
    8: "Read Dynamic Variable Classifications",
    9: "Read Device Variable",
    11: "Read Unique Identifier Tag",
    12: "Read Message",
    13: "Read Tag",
    14: "Read Primary Variable Transducer Information",
    15: "Read Device Information",
    16: "Read Final Assembly Number",
    17: "Write Message",
    18: "Write Tag Descriptor Date",
    19: "Write Final Assembly Number",
    20: "Read Long Tag",
    21: "Read Unique Identifier Long Tag",
    22: "Write Long Tag",
    35: "Write Primary Variable Range Values",
    38: "Reset Configuration Changed Flag",
    48: "Read Additional Device Status",
    53: "Write Device Variable Units",
    54: "Read Device Variable Information",
    79: "Write Device Variable",
}
"""Names of the peer for the commands in its traces; it writes the number of any other."""


def _text(value: object) -> str | None:
    return None if value is None else str(value)


def _flow(e: Record) -> Row:
    asks = e["hart_ip.message_type"] == "request"
    ends = [(e["source.ip"], str(e["source.port"])), (e["destination.ip"], str(e["destination.port"]))]
    (oh, op), (rh, rp) = ends if asks else ends[::-1]
    return dict(zip(ENDS, (oh, op, rh, rp, e["network.transport"]), strict=True))


def _command(number: int) -> str:
    return COMMANDS.get(number, f"unknown-0x{number:x}")


def _bits(names: tuple[str, ...], value: int, first: int) -> Row:
    return {name: "T" if value >> (first - n) & 1 else "F" for n, name in enumerate(names)}


def _octets(address: str) -> str:
    """An address of five octets as Zeek prints a string."""
    octets = bytes.fromhex(address)
    return "".join(chr(b) if 0x20 <= b < 0x7F else f"\\x{b:02x}" for b in octets)


def _general(got: Scanned) -> list[tuple[int, Row]]:
    rows = []
    for e in got.events:
        if e["event.dataset"] != "sentinel.hart-ip" or "hart_ip.message_id" not in e:
            continue
        row: Row = dict.fromkeys(COLUMNS)
        message = e["hart_ip.message_id"]
        row |= _flow(e) | {
            "version": _text(e["hart_ip.version"]),
            "message_type": e["hart_ip.message_type"].title(),
            "message_id": MESSAGES[message],
            "status": STATUS.get(e["hart_ip.status"], _text(e["hart_ip.status"])),
            "sequence": _text(e["hart_ip.sequence"]),
            "length": _text(e["hart_ip.length"]),
            "master_type": _text(e.get("hart_ip.master_type")),
            "timer": _text(e.get("hart_ip.inactivity_timer")),
            "start_record": _text(e.get("hart_ip.audit.start")),
            "records": _text(e.get("hart_ip.audit.records")),
        }
        if message == "token_passing_pdu":
            long = e["hart_ip.delimiter"] & 0x80
            row |= {
                "address_type": "Unique Address" if long else "Polling Address",
                "expansion": str(e["hart_ip.delimiter"] >> 5 & 3),
                "physical": "Asynchronous" if not e["hart_ip.delimiter"] & 0x18 else "Synchronous",
                "frame_type": FRAMES[e["hart_ip.frame_type"]],
                "address_v6": _octets(e["hart_ip.address"]) if long else None,
                "address_v4": None if long else e["hart_ip.address"],
                "command": _command(e["hart_ip.command"]),
                "byte_count": str(e["hart_ip.byte_count"]),
                "check_byte": str(e["hart_ip.check_byte"]),
            }
            if row["message_type"] == "Response":
                row["response_code"] = str(e["hart_ip.response_code"])
                names = tuple(f"token_{bit}" for bit in BITS)
                row |= _bits(names, e["hart_ip.device_status"], 7)
        if message == "direct_pdu":
            row |= _bits(tuple(f"direct_{bit}" for bit in BITS), e["hart_ip.device_status"], 7)
            row |= _bits(EXTENDED, e["hart_ip.extended_status"], 5)
            row["undefined_bits"] = str(e["hart_ip.extended_status"] >> 6)
        rows.append((e["sentinel.frame"], row))
    return rows


def _direct(got: Scanned) -> list[tuple[int, Row]]:
    """One row a command. The peer counts the response code out of a response's octets."""
    rows = []
    for e in got.events:
        if e.get("hart_ip.message_id") != "direct_pdu":
            continue
        answers = e["hart_ip.message_type"] != "request"

        def listed(value: object) -> list[object]:
            return value if isinstance(value, list) else [value]

        numbers = listed(e["hart_ip.command"])
        counts = listed(e["hart_ip.byte_count"])
        codes = listed(e["hart_ip.response_code"]) if answers else [None] * len(numbers)
        for number, count, code in zip(numbers, counts, codes, strict=True):
            row = _flow(e) | {
                "command": _command(int(str(number))),
                "byte_count": _text(count),
                "response_code": _text(code),
            }
            rows.append((e["sentinel.frame"], row))
    return rows


SKIPPED = {"ts", "uid", "link", "reserved", "data", "power_up", "last_change", "server_undefined"} | {
    *("insecure_syslog", "syslog_failed", "no_syslog", "record_size")
}
"""Columns of what we do not take: raw octets, and the state of a device's audit log."""
COLUMNS = tuple(name for name in GENERAL if name not in SKIPPED)
KEY = (*ENDS, "message_type", "sequence")

LOGS = (
    Log(
        path=f"{FOLDER}/baseline/tests.all_message_ids/hart_ip_general.log",
        trace=f"{FOLDER}/traces/hart-ip_all_messageIDs.pcapng",
        columns=COLUMNS,
        key=KEY,
        ours=_general,
        fields=GENERAL,
    ),
    Log(
        path=f"{FOLDER}/baseline/tests.all_types_and_commands_sent/hart_ip_general.log",
        trace=f"{FOLDER}/traces/hart-ip_all_types_and_commands_sent.pcapng",
        columns=COLUMNS,
        key=KEY,
        ours=_general,
        fields=GENERAL,
    ),
    *(
        Log(
            path=f"{FOLDER}/baseline/tests.{test}/hart_ip_direct_pdu_command.log",
            trace=f"{FOLDER}/traces/{trace}.pcapng",
            columns=(*ENDS, "command", "byte_count", "response_code"),
            key=(*ENDS, "command"),
            ours=_direct,
            fields=DIRECT,
        )
        for test, trace in (
            ("all_message_ids", "hart-ip_all_messageIDs"),
            ("all_types_and_commands_sent", "hart-ip_all_types_and_commands_sent"),
        )
    ),
)
